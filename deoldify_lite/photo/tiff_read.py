"""TIFF read, page by page: by Pillow, or else by tifffile and OpenCV.

Pillow cuts 16 bits down to 8, and passes over channels beyond alpha, such as infrared.
"""

import io
import os
import struct
from itertools import islice
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import tifffile
from PIL import Image
from PIL.TiffImagePlugin import COMPRESSION_INFO

from deoldify_lite.errors import InputError
from deoldify_lite.photo.exif import (
    DESCRIPTIVE_TAGS,
    EXIF_IFD,
    GPS_IFD,
    ICC_TAG,
    IPTC_TAG,
    ORIENTATION,
    RESOLUTION_UNIT,
    X_RESOLUTION,
    XMP_TAG,
    Y_RESOLUTION,
    exif_of_tiff,
    first_directory_at,
    swells,
    without_orientation,
)
from deoldify_lite.photo.iptc import iptc_of_bytes, other_resources
from deoldify_lite.photo.limits import check_size, open_image, without_pillows_limit
from deoldify_lite.photo.photo import Decoded
from deoldify_lite.photo.profiles import samples_and_profile
from deoldify_lite.photo.salvage import load_as_far_as_it_goes, segments_as_far_as_they_go
from deoldify_lite.photo.samples import QUARTER_TURNS, Samples, decode_with_opencv, without_premultiplying
from deoldify_lite.photo.tiff_depth import at_known_depth, check_depth, refusal_of
from deoldify_lite.photo.tiff_tags import RESOURCES_TAG, drop_false_description, tags_of_page
from deoldify_lite.system.library_warnings import Warn

MOST_PAGES = 10_000
# Of all pages together: a floor, and what scans have for each byte. Pages that share their bytes have more.
MOST_PIXELS, MOST_PIXELS_A_BYTE = 4_000_000_000, 1_000
# Pillow knows WebP in a TIFF, but its wheels are built without.
_OF_PILLOW = COMPRESSION_INFO.keys() - {50001}
_PLAIN = (0, 1, 2)  # photometric interpretations: grey and RGB
# Tags of raw photos: further pictures, of which the first page is a preview, and DNG's version.
_OF_RAW = (330, 50706)
_MASK = 4  # bit of NewSubfileType: the page says which pixels of another page are opaque


def page_sizes(file: BinaryIO) -> tuple[list[tuple[int, int]], list[str]]:
    """Find the pages of an open TIFF by its directories alone.

    Returns:
        Index and pixels of each page that is a picture, and notes on pages that are left out. If all are
        previews or masks, the first counts as the picture.

    Raises:
        Exception: of any kind, if it is damaged.
    """
    sizes: list[tuple[int, int]] = []
    notes: list[str] = []
    places: list[int] = []
    with tifffile.TiffFile(file) as tiff:
        room = MOST_PIXELS + MOST_PIXELS_A_BYTE * tiff.filehandle.size
        known = set()
        for index, page in enumerate(islice(tiff.pages, MOST_PAGES + 1)):
            pixels = int(page.imagewidth) * int(page.imagelength)  # a tag may hold several
            if page.offset in known:
                notes.append(f"after page {index} its pages begin again, as it is damaged")
                break
            known.add(page.offset)
            places.append(page.offset)
            room -= pixels
            if index == MOST_PAGES:
                notes.append(f"it has more than {MOST_PAGES} pages; those beyond are left out")
            elif room < 0 and sizes:
                notes.append(
                    f"its pages up to {index} have {sum(one for _, one in sizes) // 1_000_000} megapixels, "
                    "though the file is small; those beyond are left out: save them in files of their own"
                )
                break
            elif page.is_reduced:
                notes.append(f"page {index + 1} is a mere preview and is left out")
            elif page.subfiletype & _MASK:
                notes.append(f"page {index + 1} is a mask of another page and is left out")
            else:
                sizes.append((index, pixels))
        _remember(file, places)
        if not sizes and (first := tiff.pages.first):
            return [(0, int(first.imagewidth) * int(first.imagelength))], notes[1:]
    return sizes, notes


# Where the pages of the last few files are: without it each page would be searched for from the first on.
_places: dict[tuple[int, ...], list[int]] = {}
_MOST_FILES = 16


def _remember(file: BinaryIO, places: list[int]) -> None:
    if (identity := _identity_of(file)) is not None and len(places) > 1:
        for old in list(_places)[: 1 - _MOST_FILES]:
            _places.pop(old, None)
        _places[identity] = places


def _identity_of(file: BinaryIO) -> tuple[int, ...] | None:
    try:
        stat = os.fstat(file.fileno())
    except OSError:  # a file in memory
        return None
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns


def _page_at(tiff: tifffile.TiffFile, file: BinaryIO, index: int) -> Any:
    identity = _identity_of(file)
    places = _places.get(identity, []) if identity else []
    if not 0 < index < len(places):
        return tiff.pages[index]
    tiff.filehandle.seek(places[index])
    return tifffile.TiffPage(tiff, index)


def decode_page(
    path: Path, file: BinaryIO, index: int | None, warn: Warn, *, damaged: bool = False
) -> Decoded:
    """Decode one page of an open TIFF; `path` names it in errors.

    Args:
        path: of the file.
        file: the photo.
        index: of the page among all; None for the first that is a picture.
        warn: takes each warning about it.
        damaged: decode what is left of a damaged page.

    Raises:
        InputError: it is too large, or a preview of a raw photo.
        Exception: of any kind, from decoders, if it is damaged.
    """
    with tifffile.TiffFile(file) as tiff:
        page: Any = _page_at(tiff, file, index or 0)
        if index is None and (page.is_reduced or page.subfiletype & _MASK):
            file.seek(0)
            index = page_sizes(file)[0][0][0]
            page = _page_at(tiff, file, index)
        check_size(path, page.imagewidth, page.imagelength)
        _check_tags(file, page)
        if page.is_reduced:
            if any(tag in page.tags for tag in _OF_RAW):
                raise InputError(
                    f"{path}: begins with a mere preview, as raw photos do; develop it to TIFF first"
                )
            warn("says that it is a mere preview, but holds no other picture")
        try:
            check_depth(path, page, is_plain=page.photometric in _PLAIN)
            samples, extra = _samples_of(page, file, warn)
        except (InputError, MemoryError):
            raise
        except Exception as error:
            if damaged:
                pixels = segments_as_far_as_they_go(page, file, warn)
                samples, extra = _split(pixels, page, _channels_of(page), warn)
            else:
                raise refusal_of(path, page, error) from error
        tags = _tags_of(tiff, page, file, warn)
        drop_false_description(tags, warn)
        exif = exif_of_tiff(tags, warn)
        orientation = tags.get(ORIENTATION, 1)
        block = _bytes_of(page, file, RESOURCES_TAG) or b""
        iptc = _bytes_of(page, file, IPTC_TAG) or iptc_of_bytes(block)
        resources = other_resources(block, is_turned=orientation != 1, warn=warn)
        others = tags_of_page(page, file, is_turned=orientation != 1, warn=warn)
    icc, xmp = tags.get(ICC_TAG), tags.get(XMP_TAG)
    across, down = tags.get(X_RESOLUTION, 0), tags.get(Y_RESOLUTION, 0)
    units_per_inch = {2: 1, 3: 2.54}.get(tags.get(RESOLUTION_UNIT, 2))  # inches, centimetres; or none is said
    dpi = (across * units_per_inch, down * units_per_inch) if units_per_inch else None
    if samples is None:
        try:
            image = _with_pillow(path, _FromPage(file, page), warn, damaged=damaged)
        except (InputError, MemoryError):
            raise
        except Exception as error:
            raise refusal_of(path, page, error) from error
        # Pillow turns TIFFs while it loads them, and then takes the tag away.
        left = image.getexif().get(ORIENTATION, 1)
        if dpi and (orientation in QUARTER_TURNS) != (left in QUARTER_TURNS):
            dpi = dpi[::-1]
        orientation = left
        samples, icc = samples_and_profile(image, icc, warn)
    return Decoded(
        "TIFF",
        samples,
        icc,
        orientation,
        exif,
        xmp,
        dpi,
        iptc,
        resources=resources,
        tags=others,
        extra=extra,
    )


def _check_tags(file: BinaryIO, page: Any) -> None:
    """Refuse a page whose tags share their bytes, of which each reader makes a copy for each tag.

    Raises:
        ValueError: it has such tags.
    """
    try:
        with mmap(file.fileno(), 0, access=ACCESS_READ) as data:
            is_swollen = swells(data, page.offset)
    except OSError:  # a file in memory
        file.seek(0)
        is_swollen = swells(file.read(), page.offset)
    if is_swollen:
        raise ValueError("its tags take many times the bytes of the file")


class _FromPage(io.RawIOBase):
    """An open TIFF whose header names some page as the first: Pillow would walk to it through all before."""

    def __init__(self, file: BinaryIO, page: Any) -> None:
        self._file = file
        file.seek(0)
        is_big = page.parent.is_bigtiff
        start = file.read(8 if is_big else 4)
        self._head = start + struct.pack(page.parent.byteorder + ("Q" if is_big else "I"), page.offset)
        file.seek(0)

    def read(self, size: int = -1) -> bytes:
        at = self._file.tell()
        data = self._file.read(size)
        return self._head[at : at + len(data)] + data[max(0, len(self._head) - at) :]

    def seek(self, place: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(place, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def fileno(self) -> int:
        """Return what libtiff reads, which is told separately where the page is."""
        return self._file.fileno()


def _with_pillow(path: Path, file: Any, warn: Warn, *, damaged: bool) -> Image.Image:
    image = open_image(file, ("TIFF",))
    with without_pillows_limit():  # Pillow checks it again when it loads a TIFF
        check_size(path, *image.size)
        try:
            image.load()
        except Exception:
            if not damaged:
                raise
            load_as_far_as_it_goes(image, warn)
    return image


def _tags_of(tiff: tifffile.TiffFile, page: Any, file: BinaryIO, warn: Warn) -> Image.Exif:
    tags = Image.Exif()
    if tiff.is_bigtiff and tiff.byteorder == ">":  # Pillow cannot read it
        if EXIF_IFD in page.tags or GPS_IFD in page.tags:
            warn("its EXIF is left out, which is not read of a BigTIFF with the high byte first")
        kept = (ORIENTATION, ICC_TAG, XMP_TAG, *DESCRIPTIVE_TAGS)
        tags.update({code: page.tags[code].value for code in kept if code in page.tags})
        return tags
    tags.endian, tags.bigtiff = tiff.byteorder, tiff.is_bigtiff
    tags.load_from_fp(file, page.offset)
    return tags


def _bytes_of(page: Any, file: BinaryIO, code: int) -> bytes | None:
    """Read the value of a tag as it stands in the file, whatever type of number it claims to be."""
    tag = page.tags.get(code)
    if tag is None:
        return None
    file.seek(tag.valueoffset)
    return file.read(tag.valuebytecount)


# How many channels are colours, by photometric interpretation: grey, RGB, palette, CMYK, YCbCr and Lab.
_COLORS = {0: 1, 1: 1, 2: 3, 3: 1, 5: 4, 6: 3, 8: 3, 9: 3}


class _Channels(NamedTuple):
    """What the channels of a page are, by their numbers; colours come first."""

    colors: int
    alpha: int | None
    is_premultiplied: bool
    others: tuple[int, ...]  # infrared, spot colours, saved selections


def _channels_of(page: Any) -> _Channels:
    count = int(page.samplesperpixel)
    colors = _COLORS.get(page.photometric, count)
    # 1 = premultiplied alpha; 2 = alpha, and so is a channel that no tag describes; 0 = infrared and the like
    kinds = tuple(page.extrasamples) or (2,)
    kinds = (kinds + (0,) * count)[: max(0, count - colors)]
    alpha = next((number for number, kind in enumerate(kinds, colors) if kind in (1, 2)), None)
    return _Channels(
        colors,
        alpha,
        alpha is not None and kinds[alpha - colors] == 1,
        tuple(number for number in range(colors, count) if number != alpha),
    )


def _samples_of(page: Any, file: BinaryIO, warn: Warn) -> tuple[Samples | None, Samples | None]:
    """Decode a page of tifffile that Pillow reads only in part: samples, and channels beyond alpha.

    Both are None if Pillow reads all that can be kept.
    """
    channels = _channels_of(page)
    is_plain = page.photometric in _PLAIN
    if is_plain and (page.bitspersample > 8 or page.compression not in _OF_PILLOW):
        return _split_samples(page, file, channels, warn)
    if not channels.others:
        return None, None
    if is_plain and page.bitspersample == 8:
        try:
            return _split_samples(page, file, channels, warn)
        except Exception:  # on a codec that tifffile lacks, or on damaged files
            file.seek(0)
    warn("has more channels than colours and alpha, such as infrared; they are left out")
    return None, None


def _split_samples(page: Any, file: BinaryIO, kinds: _Channels, warn: Warn) -> tuple[Samples, Samples | None]:
    """Decode a grey or RGB page of tifffile: colours with alpha, and all other channels."""
    height, width, channels = page.imagelength, page.imagewidth, page.samplesperpixel
    planar = channels > 1 and page.planarconfig == 2
    if not all(page.databytecounts):
        raise ValueError("parts of the picture were never written")
    try:
        pixels = page.asarray()
    except (ValueError, ImportError) as error:
        # tifffile needs one more large package for LZW, which OpenCV has, though not for separate planes.
        if "imagecodecs" not in str(error) or planar:
            raise
        file.seek(0)
        # OpenCV turns by the orientation tag in some of its versions: take it away.
        alone = without_orientation(first_directory_at(file.read(), page.offset))
        decoded = decode_with_opencv(alone)
        if decoded is None or decoded.size != height * width * channels:
            raise
        pixels = decoded
    return _split(pixels, page, kinds, warn)


def _split(pixels: Samples, page: Any, kinds: _Channels, warn: Warn) -> tuple[Samples, Samples | None]:
    height, width, channels = page.imagelength, page.imagewidth, page.samplesperpixel
    if channels > 1 and page.planarconfig == 2:
        pixels = np.moveaxis(pixels.reshape(channels, height, width), 0, 2)
    pixels = at_known_depth(pixels.reshape(height, width, channels), page, warn)
    color = pixels[..., : kinds.colors]
    if page.photometric == 0:  # WhiteIsZero
        color = np.invert(color)
    extra = pixels[..., kinds.others] if kinds.others else None
    if kinds.alpha is None:
        return color, extra
    alpha = pixels[..., kinds.alpha, None]
    if kinds.is_premultiplied:
        color = without_premultiplying(color, alpha)
    return np.concatenate([color, alpha], axis=2), extra
