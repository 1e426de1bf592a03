"""Photos in and out: depth, orientation, alpha, colour profile, pages and metadata survive the trip."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from PIL import UnidentifiedImageError

from deoldify_lite.errors import DeoldifyError, InputError, OptionError
from deoldify_lite.photo.decode import count_pages, decode_photo, photo_of
from deoldify_lite.photo.encode import encode_photo, fit_into
from deoldify_lite.photo.kinds import EFFORTS, KINDS, TIFF, kind_named
from deoldify_lite.photo.photo import Photo
from deoldify_lite.photo.salvage import pixels_alone
from deoldify_lite.photo.tiff_write import TiffWriter
from deoldify_lite.system.files import Deliver, atomic_path
from deoldify_lite.system.library_warnings import DECODER, ENCODER, Warn, collected_warnings
from deoldify_lite.system.native_lines import with_lines


def read_photo(path: Path, *, page: int | None = None, damaged: bool = False) -> Photo:
    """Read a photo, recognised by content.

    All of `KINDS`; HEIC, JPEG XL and camera RAW with the extra `formats`.

    RGB with a profile keeps numbers and profile; grey and CMYK with a profile, and Lab, become sRGB. Depth
    stays, but for CMYK, Lab, AVIF and JPEG XL in colour, which are read at 8 bits. RAW is developed to 16.

    docs/formats.md states how much memory it takes to read, colorize and write a photo, and
    tests/photo/test_memory.py holds to that. Alpha, and turning a photo upright, take as much again as their
    samples.

    Args:
        page: index of a page of a TIFF, as `pages_of` gives it; None for the first.
        damaged: read what is left of a damaged photo; a warning tells what is missing.

    Returns:
        The photo, with warnings of all that was wrong with the file or could not be read of it.

    Raises:
        InputError: it is missing, empty, truncated, damaged, too large, or no such picture, or it needs a
            package that is not installed.
    """

    def read() -> tuple[Photo, list[str]]:
        with open(path, "rb") as file, collected_warnings(DECODER) as warnings:
            return _decode(path, file, warnings.append, page, damaged), warnings

    try:
        (photo, warnings), lines = with_lines(read)
        warnings += [f"{DECODER}: {line}" for line in lines]
        return replace(photo, warnings=tuple(dict.fromkeys(warnings)))
    except (DeoldifyError, MemoryError):
        raise
    except UnidentifiedImageError as error:
        known = ", ".join(kind.label for kind in KINDS)
        raise InputError(f"{path}: not a picture of a known kind ({known})") from error
    except Exception as error:  # on damaged files, decoders raise nearly anything
        if isinstance(error, OSError) and error.strerror:
            raise InputError(f"{path}: cannot be opened: {error.strerror}") from error
        # Of OpenCV's errors the words alone, without places in its source.
        words = getattr(error, "err", "") or str(error) or type(error).__name__
        reason = " ".join(word for word in words.split() if word != ">")
        remedy = "Open it in an image editor and save it again"
        if not damaged:
            remedy += ", or colour what is left of it with colorize-folder --damaged"
        raise InputError(f"{path}: truncated, damaged or unsupported ({reason}). {remedy}") from error


def _decode(path: Path, file: BinaryIO, warn: Warn, page: int | None, damaged: bool) -> Photo:
    try:
        return decode_photo(path, file, warn, page, damaged=damaged)
    except (DeoldifyError, MemoryError):
        raise
    except Exception:
        if not damaged:
            raise
        kind = kind_named(path)
        with suppress(ValueError):
            return photo_of(path, pixels_alone(path, file, kind.name if kind else "", warn), warn)
        raise


def pages_of(path: Path) -> tuple[list[tuple[int, int]], list[str]]:
    """Find the pages of a photo by its headers alone.

    Returns:
        Index and pixels of each page to read, at least one, and warnings about the whole, such as pages that
        are left out. Pixels are 0 if the photo cannot be read: `read_photo` then says why.
    """
    try:
        with open(path, "rb") as file, collected_warnings(DECODER) as warnings:
            pages, notes = count_pages(path, file)
        return pages or [(0, 0)], [*warnings, *notes]
    except Exception:  # on damaged files, decoders raise nearly anything
        return [(0, 0)], []


def pixels_of(path: Path) -> int:
    """Return the pixels of a photo's first page by its header; 0 if it cannot be read."""
    return pages_of(path)[0][0][1]


def write_photo(
    photo: Photo,
    path: Path,
    *,
    quality: int | None = None,
    effort: str = "fast",
    deliver: Deliver = os.replace,
) -> tuple[str, ...]:
    """Write a photo in the format of the suffix of `path`, whole or not at all.

    PNG and TIFF are lossless and keep 16 bits, HEIC keeps 10, the others round to 8. JPEG and BMP hold no
    transparency: the photo is laid on white, as print and browsers show it.

    Args:
        quality: 1 to 100, of JPEG and AVIF (always 4:4:4, since colour is what we made), WebP and HEIC; None
            for the kind's own, at which the loss does not show.
        effort: of the encoder: `fast`, or `small` for smaller files of HEIC, AVIF and WebP.
        deliver: gives the finished file its name.

    Returns:
        Warnings, which name everything that the format cannot hold.

    Raises:
        OptionError: the suffix, the quality or the effort makes no sense, or `path` is the photo's own file.
        InputError: the photo does not fit the format, or the file cannot be written.
    """
    kind = kind_named(path)
    if kind is None or not kind.can_write():
        known = ", ".join(suffix for one in KINDS if one.can_write() for suffix in one.suffixes)
        raise OptionError(f"{path}: no photo is written as {path.suffix!r}; choose from {known}")
    if quality is None:
        quality = kind.quality
    if not 1 <= quality <= 100:
        raise OptionError(f"photo quality {quality} is not within 1 to 100")
    if effort not in EFFORTS:
        raise OptionError(f"effort {effort!r}: choose one of {', '.join(EFFORTS)}")
    height, width = photo.rgb.shape[:2]
    if max(height, width) > kind.max_side_px or height * width > kind.max_pixels:
        raise InputError(f"{path}: {kind.name} cannot hold {width} x {height} pixels; choose png or tif")
    with collected_warnings(ENCODER) as warnings:
        if kind is TIFF:
            with tiff_writer(photo.path, path, deliver=deliver) as writer:
                writer.add(fit_into(TIFF, photo, warnings.append))
            warnings += writer.warnings[0]
        else:
            with _written(photo.path, path, deliver) as part, open(part, "wb") as file:
                file.writelines(encode_photo(photo, kind, quality, effort, warnings.append))
    return tuple(dict.fromkeys(warnings))


@contextmanager
def tiff_writer(
    source: Path, path: Path, *, deflate: bool = True, deliver: Deliver = os.replace
) -> Iterator[TiffWriter]:
    """Yield a writer that takes pages; the file appears at `path` only if the block ends without error.

    Args:
        source: which must not be written to.
        path: of the file.
        deflate: whether pixels are packed.
        deliver: gives the finished file its name.

    Raises:
        OptionError: `path` is the source itself.
        InputError: the file cannot be written.
    """
    with _written(source, path, deliver) as part, open(part, "wb") as file:
        writer = TiffWriter(file, deflate=deflate)
        yield writer
        writer.close()


@contextmanager
def _written(source: Path, path: Path, deliver: Deliver) -> Iterator[Path]:
    try:
        if path.exists() and source.exists() and os.path.samefile(path, source):
            raise OptionError(f"{path}: is the source photo itself; choose another folder or name")
        with atomic_path(path, deliver=deliver) as part:
            yield part
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from error
