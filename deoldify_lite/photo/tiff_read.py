"""TIFF read, page by page: by Pillow, or else by tifffile and OpenCV.

Pillow cuts 16 bits down to 8, and passes over channels beyond alpha, such as infrared.
"""

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
    without_orientation,
)
from deoldify_lite.photo.iptc import iptc_of_bytes, other_resources
from deoldify_lite.photo.limits import check_size, open_image, without_pillows_limit
from deoldify_lite.photo.photo import Decoded
from deoldify_lite.photo.profiles import samples_and_profile
from deoldify_lite.photo.salvage import load_as_far_as_it_goes, segments_as_far_as_they_go
from deoldify_lite.photo.samples import QUARTER_TURNS, Samples, decode_with_opencv, without_premultiplying
from deoldify_lite.photo.tiff_depth import at_known_depth, check_depth, refusal_of
from deoldify_lite.photo.tiff_pages import MASK, FromPage, check_tags, page_at, page_sizes
from deoldify_lite.photo.tiff_tags import RESOURCES_TAG, drop_false_description, tags_of_page
from deoldify_lite.system.library_warnings import Warn

# Pillow knows WebP in a TIFF, but its wheels are built without.
_OF_PILLOW = COMPRESSION_INFO.keys() - {50001}
_PLAIN = (0, 1, 2)  # photometric interpretations: grey and RGB
# Tags of raw photos: further pictures, of which the first page is a preview, and DNG's version.
_OF_RAW = (330, 50706)


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
        page: Any = page_at(tiff, file, index or 0)
        if index is None and (page.is_reduced or page.subfiletype & MASK):
            file.seek(0)
            index = page_sizes(file)[0][0][0]
            page = page_at(tiff, file, index)
        check_size(path, page.imagewidth, page.imagelength)
        check_tags(file, page)
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
            image = _with_pillow(path, FromPage(file, page), warn, damaged=damaged)
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
