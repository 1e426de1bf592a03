"""Frames that photos can be, too: TIFF and PNG, read and written with all that a photo keeps."""

import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

import tifffile
from numpy.typing import NDArray

from deoldify_lite.errors import DeoldifyError, InputError
from deoldify_lite.photo.encode import fit_into
from deoldify_lite.photo.io import read_photo, tiff_writer, write_photo
from deoldify_lite.photo.kinds import TIFF
from deoldify_lite.photo.photo import Photo
from deoldify_lite.photo.png import SIGNATURE
from deoldify_lite.photo.samples import QUARTER_TURNS, rgb_of_grey
from deoldify_lite.sequence.frame import Facts, Frame
from deoldify_lite.system.library_warnings import DECODER, ENCODER, collected_warnings

_TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_NOT_PACKED = 1  # compression of a TIFF
_ORIENTATION = 274
# Channels of a PNG, and whether it has alpha, by its colour type.
_OF_PNG = {0: (1, False), 2: (3, False), 3: (3, False), 4: (1, True), 6: (3, True)}


@dataclass(frozen=True, eq=False)
class StillRest:
    """What a file holds beside its picture."""

    photo: Photo  # with one pixel
    is_packed: bool = True


def look_still(path: Path, kind: str) -> Facts:
    """See `frames.look`."""
    return _look(path, kind)[0]


def read_still(path: Path, kind: str) -> Frame:
    """See `frames.read`. Grey comes as RGB, as of all photos."""
    facts, is_packed, pages = _look(path, kind)
    photo = read_photo(path)
    warnings = list(photo.warnings)
    bits = 8 * photo.rgb.itemsize
    if bits != facts.bits:
        sort = "floating-point samples of " if facts.is_float else ""
        warnings.append(f"has {sort}{facts.bits} bits a sample, and its result has {bits}")
    if pages > 1:
        warnings.append(f"has {pages} pages, of which the first alone is taken as the frame")
    height, width = photo.rgb.shape[:2]
    has_alpha = photo.alpha is not None
    facts = replace(facts, width=width, height=height, has_alpha=has_alpha, bits=bits, is_float=False)
    bare = replace(photo, rgb=photo.rgb[:1, :1].copy(), alpha=None)
    return Frame(
        path, facts, photo.rgb, photo.alpha, StillRest(bare, is_packed), tuple(dict.fromkeys(warnings))
    )


def write_still(path: Path, frame: Frame) -> tuple[str, ...]:
    """See `frames.write`."""
    rest: StillRest = frame.source
    pixels = frame.pixels if frame.pixels.shape[2] == 3 else rgb_of_grey(frame.pixels)
    photo = replace(rest.photo, rgb=pixels, alpha=frame.alpha)
    if frame.facts.kind != "TIFF":
        return write_photo(photo, path)
    with collected_warnings(ENCODER) as warnings:
        with tiff_writer(photo.path, path, deflate=rest.is_packed) as writer:
            writer.add(fit_into(TIFF, photo, warnings.append))
        warnings += writer.warnings[0]
    return tuple(dict.fromkeys(warnings))


def new_still(path: Path, kind: str, pixels: NDArray[Any], bits: int) -> Frame:
    """See `frames.new_frame`."""
    if bits not in (8, 16):
        raise InputError(f"{path}: {kind} holds 8 or 16 bits, not {bits}")
    height, width = pixels.shape[:2]
    facts = Facts(kind, width, height, 3, False, bits)
    return Frame(path, facts, pixels, source=StillRest(Photo(path, pixels[:1, :1])))


def _look(path: Path, kind: str) -> tuple[Facts, bool, int]:
    """Return what a header says, whether pixels are packed, and how many pages there are."""
    size = path.stat().st_size
    with open(path, "rb") as file, collected_warnings(DECODER):  # an error says enough of a damaged file
        try:
            if kind == "PNG":
                return _look_png(path, file, size), True, 1
            return _look_tiff(path, file, size)
        except (DeoldifyError, MemoryError):
            raise
        except Exception as error:  # of any kind, on damaged files
            raise InputError(f"{path}: cut short or damaged in its header; copy the file anew") from error


def _look_png(path: Path, file: BinaryIO, size: int) -> Facts:
    if file.read(8) != SIGNATURE:
        raise InputError(f"{path}: no PNG, though its name says so; rename or remove it")
    _, width, height, bits, color = struct.unpack(">8sIIBB", file.read(18))
    channels, has_alpha = _OF_PNG[color]
    at, length, kind = 8, 13, b"IHDR"
    while kind != b"IEND":
        at += length + 12
        file.seek(at)
        length, kind = struct.unpack(">I4s", file.read(8))
        if at + length + 12 > size:
            raise InputError(f"{path}: cut short: not all of its picture is there; copy the file anew")
    return Facts("PNG", width, height, channels, has_alpha, 8 if color == 3 else bits)


def _look_tiff(path: Path, file: BinaryIO, size: int) -> tuple[Facts, bool, int]:
    if file.read(4) not in _TIFF_MAGIC:
        raise InputError(f"{path}: no TIFF, though its name says so; rename or remove it")
    file.seek(0)
    with tifffile.TiffFile(file) as tiff:
        page: Any = tiff.pages[0]
        ends = [at + count for at, count in zip(page.dataoffsets, page.databytecounts, strict=True)]
        if not ends or max(ends) > size:
            raise InputError(f"{path}: cut short: not all of its picture is there; copy the file anew")
        width, height = int(page.imagewidth), int(page.imagelength)
        orientation = page.tags.get(_ORIENTATION)
        if orientation is not None and orientation.value in QUARTER_TURNS:
            width, height = height, width
        is_grey = page.photometric in (0, 1)
        facts = Facts(
            kind="TIFF",
            width=width,
            height=height,
            channels=1 if is_grey else 3,
            has_alpha=int(page.samplesperpixel) > (1 if is_grey else 3) and page.photometric != 5,
            bits=int(page.bitspersample),
            is_float=int(page.sampleformat) == 3,
        )
        return facts, int(page.compression) != _NOT_PACKED, len(tiff.pages)
