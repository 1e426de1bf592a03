"""Photos decoded: upright RGB of 8 or 16 bits, with the profile and metadata that go with it."""

import re
from pathlib import Path
from typing import BinaryIO

import numpy as np

from deoldify_lite.photo.bmp import decode_bit_fields, read_bit_fields
from deoldify_lite.photo.claims import true_xmp
from deoldify_lite.photo.heif import decode_heif, heif_size
from deoldify_lite.photo.jxl import decode_jxl, jxl_size
from deoldify_lite.photo.kinds import BMP, HEIF, JXL, RAW, TIFF, kind_of
from deoldify_lite.photo.photo import Decoded, Photo
from deoldify_lite.photo.pillow import decode_with_pillow, open_with_pillow
from deoldify_lite.photo.profiles import grey_to_srgb
from deoldify_lite.photo.raw import decode_raw, raw_size
from deoldify_lite.photo.samples import QUARTER_TURNS, rgb_of_grey, turn_upright
from deoldify_lite.photo.tiff_pages import page_sizes
from deoldify_lite.photo.tiff_read import decode_page
from deoldify_lite.system.library_warnings import Warn

# Of the kinds that need a package of their own: how a file is decoded, and how its size is read.
_WITH_PACKAGES = {HEIF: (decode_heif, heif_size), JXL: (decode_jxl, jxl_size), RAW: (decode_raw, raw_size)}


def decode_photo(
    path: Path, file: BinaryIO, warn: Warn, page: int | None = None, *, damaged: bool = False
) -> Photo:
    """Decode an open file, recognised by content; `path` names it in errors and in the result.

    Args:
        path: of the file.
        file: the photo.
        warn: takes each warning about it.
        page: index among all pages of a TIFF; None for the first that is a picture.
        damaged: decode what is left of a damaged file.

    Raises:
        InputError: it is empty or too large, or needs a package that is not installed.
        Exception: of any kind, from decoders, if it is damaged or no picture.
    """
    kind = kind_of(path, file)
    if kind is TIFF:
        decoded = decode_page(path, file, page, warn, damaged=damaged)
    elif kind in _WITH_PACKAGES:
        decoded = _WITH_PACKAGES[kind][0](path, file, warn)
    elif kind is BMP and (fields := read_bit_fields(file)):
        decoded = decode_bit_fields(path, file, fields, warn)
    else:
        decoded = decode_with_pillow(path, file, kind, warn, damaged=damaged)
    return photo_of(path, decoded, warn)


def count_pages(path: Path, file: BinaryIO) -> tuple[list[tuple[int, int]], list[str]]:
    """Return index and pixels of each page by the headers of an open file, and notes on pages left out.

    Raises:
        Exception: of any kind, if there is no picture.
    """
    kind = kind_of(path, file)
    if kind is TIFF:
        return page_sizes(file)
    if kind in _WITH_PACKAGES:
        width, height = _WITH_PACKAGES[kind][1](path, file)
    elif kind is BMP and (fields := read_bit_fields(file)):
        width, height = fields.width, fields.height
    else:
        with open_with_pillow(path, file, kind) as image:
            width, height = image.size
    return [(0, width * height)], []


def photo_of(path: Path, decoded: Decoded, warn: Warn) -> Photo:
    """Make a Photo of what was decoded: upright, in RGB, with metadata that fit the pixels.

    A grey profile is applied to grey samples.
    """
    samples, icc, xmp, dpi = decoded.samples, decoded.icc, decoded.xmp, decoded.dpi
    channels = samples.shape[2]
    space = icc[16:20] if icc else None
    if icc and space == b"GRAY" and channels < 3:
        samples, icc = grey_to_srgb(samples, icc, warn), None
    elif icc and space != b"RGB ":
        warn("its colour profile does not fit its pixels and is left out")
        icc = None
    samples = turn_upright(samples, decoded.orientation)
    extra = decoded.extra
    if extra is not None:
        extra = np.ascontiguousarray(turn_upright(extra, decoded.orientation))
    if dpi is not None:
        across, down = (float(d) for d in dpi[:2])
        if decoded.orientation in QUARTER_TURNS:
            across, down = down, across
        # What JFIF can hold; damaged tags give zero, infinity or NaN.
        dpi = (across, down) if all(0 < one < 65_536 for one in (across, down)) else None
    if xmp:
        xmp = true_xmp(xmp, has_profile=icc is not None, warn=warn)
        xmp = re.sub(rb'(tiff:Orientation(?:>|\s*=\s*["\']))\s*[2-8]', rb"\g<1>1", xmp)
    return Photo(
        path=path,
        rgb=rgb_of_grey(samples) if channels < 3 else np.ascontiguousarray(samples[..., :3]),
        alpha=np.ascontiguousarray(samples[..., -1]) if channels in (2, 4) else None,
        icc=icc,
        exif=decoded.exif,
        xmp=xmp or None,
        dpi=dpi,
        iptc=decoded.iptc,
        comments=decoded.comments,
        segments=decoded.segments,
        more_exif=decoded.more_exif,
        resources=decoded.resources,
        chunks=decoded.chunks,
        tags=decoded.tags,
        extra=extra,
        progressive=decoded.progressive,
        format=decoded.format,
    )
