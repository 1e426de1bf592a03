"""Photos decoded: upright RGB of 8 or 16 bits, with the profile and metadata that go with it.

Pillow reads all but pictures of 16 bits, which it cuts down to 8: those come from OpenCV (PNG) and tifffile
(TIFF). HEIC, JPEG XL and camera RAW come from packages of their own.
"""

import logging
import re
from pathlib import Path
from typing import BinaryIO

import numpy as np
from PIL import Image, features

from deoldify_lite.photo.exif import ORIENTATION, upright_exif
from deoldify_lite.photo.heif import decode_heif, heif_size
from deoldify_lite.photo.iptc import iptc_of_resources
from deoldify_lite.photo.jpeg import more_xmp
from deoldify_lite.photo.jxl import decode_jxl, jxl_header
from deoldify_lite.photo.kinds import AVIF, HEIF, JXL, PILLOW_KINDS, RAW, TIFF, Kind, kind_of
from deoldify_lite.photo.limits import check_size, open_image
from deoldify_lite.photo.photo import Photo
from deoldify_lite.photo.png import read_chunks, take_iptc
from deoldify_lite.photo.profiles import grey_to_srgb, image_to_srgb
from deoldify_lite.photo.raw import decode_raw, raw_size
from deoldify_lite.photo.samples import (
    QUARTER_TURNS,
    Samples,
    rgb_of_grey,
    samples_of_image,
    turn_upright,
    with_alpha_of_key,
)
from deoldify_lite.photo.tiff_read import decode_with_opencv, page_sizes, read_page

log = logging.getLogger(__name__)


def decode_photo(path: Path, file: BinaryIO, page: int = 0) -> Photo:
    """Decode an open file, recognised by content; `path` names it in messages and in the result.

    Args:
        page: index among all pages of a TIFF.

    Raises:
        InputError: it is empty or too large, or a package is needed that is not there.
        Exception: of any kind, from decoders, where it is damaged or no picture.
    """
    kind = kind_of(path, file)
    if kind is TIFF:
        return _decode_tiff(path, file, page)
    if kind in (HEIF, RAW):
        found = (decode_heif if kind is HEIF else decode_raw)(path, file)
        return _photo(path, kind.name, found.samples, found.icc, exif=found.exif, xmp=found.xmp)
    if kind is JXL:
        return _decode_jxl(path, file)
    return _decode_plain(path, file, kind)


def count_pages(path: Path, file: BinaryIO) -> tuple[list[tuple[int, int]], list[str]]:
    """Index and pixels of each page by the headers of an open file, and what is to be said of other pages.

    Raises:
        Exception: of any kind, where there is no picture.
    """
    kind = kind_of(path, file)
    if kind is TIFF:
        return page_sizes(file)
    if kind in (HEIF, JXL, RAW):
        width, height = _size_of(kind, path, file)
        return [(0, width * height)], []
    with _open_plain(file, kind) as image:
        return [(0, image.width * image.height)], []


def _size_of(kind: Kind, path: Path, file: BinaryIO) -> tuple[int, int]:
    """Width and height of a HEIC, JPEG XL or RAW."""
    if kind is JXL:
        return jxl_header(file)[:2]
    return (heif_size if kind is HEIF else raw_size)(path, file)


def _open_plain(file: BinaryIO, kind: Kind | None) -> Image.Image:
    if kind is AVIF and not features.check("avif"):
        raise ValueError("this Pillow was built without AVIF; run: pip install --upgrade pillow")
    return open_image(file, tuple(one.name for one in ([kind] if kind else PILLOW_KINDS)))


def _decode_plain(path: Path, file: BinaryIO, kind: Kind | None) -> Photo:
    image = _open_plain(file, kind)
    check_size(path, *image.size)
    image.load()
    info, format = image.info, "JPEG" if image.format == "MPO" else str(image.format)
    if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
        log.warning("%s: holds several frames; only the first is used", path)
    exif = image.getexif()
    block = info.get("exif") or (exif.tobytes() if len(exif) else None)
    orientation = exif.get(ORIENTATION, 1)
    segments = more_xmp(getattr(image, "applist", []))
    chunks, iptc = take_iptc(read_chunks(file)) if format == "PNG" else ((), None)
    if format == "PNG" and info.get("icc_profile"):
        chunks = tuple(chunk for chunk in chunks if chunk[0] in (b"tEXt", b"zTXt", b"iTXt"))
    if format == "JPEG":
        iptc = iptc_of_resources(info.get("photoshop", {}))
    if format == "PNG" and (channels := _deep_png_channels(file)):
        del image
        samples = _deep_png_samples(file, channels, info.get("transparency"))
        icc = info.get("icc_profile")
    else:
        samples, icc = _samples_of(path, image, info.get("icc_profile"))
        del image
    return _photo(
        path,
        format,
        samples,
        icc,
        orientation=orientation,
        exif=upright_exif(path, block) if block else None,
        xmp=info.get("xmp"),
        iptc=iptc,
        dpi=info.get("dpi"),
        comment=_bytes_of(info.get("comment")) if format == "JPEG" else None,
        segments=segments,
        chunks=chunks,
        progressive=format == "JPEG" and bool(info.get("progressive")),
    )


def _bytes_of(text: object) -> bytes | None:
    return text if isinstance(text, bytes) and text else None


def _decode_tiff(path: Path, file: BinaryIO, index: int) -> Photo:
    page = read_page(path, file, index)
    icc = page.icc
    if page.samples is not None:
        samples = page.samples
    else:
        assert page.image is not None
        samples, icc = _samples_of(path, page.image, icc)
    return _photo(
        path,
        "TIFF",
        samples,
        icc,
        orientation=page.orientation,
        exif=page.exif,
        xmp=page.xmp,
        iptc=page.iptc,
        dpi=page.dpi,
    )


def _decode_jxl(path: Path, file: BinaryIO) -> Photo:
    image, orientation, xmp = decode_jxl(path, file)
    exif = image.info.get("exif")
    samples, icc = _samples_of(path, image, image.info.get("icc_profile"))
    block = upright_exif(path, exif) if exif else None
    return _photo(path, "JXL", samples, icc, orientation=orientation, exif=block, xmp=xmp)


def _samples_of(path: Path, image: Image.Image, icc: bytes | None) -> tuple[Samples, bytes | None]:
    """Pixels of a loaded Pillow image of any mode, and the profile they follow."""
    if image.mode in ("CMYK", "LAB"):
        return samples_of_image(image_to_srgb(path, image, icc), "RGB"), None
    if image.mode == "I;16":  # grey PNG
        samples = samples_of_image(image, "I;16")
        key = image.info.get("transparency")
        return (samples if key is None else with_alpha_of_key(samples, key)), icc
    if image.mode in ("I", "F"):
        raise ValueError("32-bit samples; 8 or 16 bits are read")
    grey = image.mode in ("1", "L", "LA", "La")
    mode = ("L" if grey else "RGB") + ("A" if image.has_transparency_data else "")
    # What stands for transparent must be known before strips are cut out, which do not know it.
    whole = image.convert(mode) if image.mode != mode and image.has_transparency_data else image
    return samples_of_image(whole, mode), icc


def _deep_png_channels(file: BinaryIO) -> int | None:
    """Channels of an open 16-bit PNG with colour or alpha, which Pillow cuts down to 8; None of others."""
    file.seek(0)
    header = file.read(26)
    return {2: 3, 4: 2, 6: 4}.get(header[25]) if header[24] == 16 else None


def _deep_png_samples(file: BinaryIO, channels: int, key: object) -> Samples:
    """Pixels of a 16-bit PNG; `key` is one colour that stands for fully transparent.

    OpenCV reads it: whether the file is whole, it does not tell, but Pillow has.
    """
    file.seek(0)
    pixels = decode_with_opencv(file.read())
    if pixels is None or pixels.ndim != 3:
        raise ValueError("OpenCV cannot read this 16-bit PNG")
    if channels == 2:
        return pixels[..., 2:]
    return pixels if key is None else with_alpha_of_key(pixels[..., :3], key)


def _photo(
    path: Path,
    format: str,
    samples: Samples,
    icc: bytes | None,
    *,
    orientation: int = 1,
    exif: bytes | None = None,
    xmp: bytes | None = None,
    iptc: bytes | None = None,
    dpi: tuple[float, float] | None = None,
    comment: bytes | None = None,
    segments: tuple[bytes, ...] = (),
    chunks: tuple[tuple[bytes, bytes], ...] = (),
    progressive: bool = False,
) -> Photo:
    """Put together what was read: profile applied or kept, pixels turned upright, metadata to match."""
    channels = samples.shape[2]
    space = icc[16:20] if icc else None
    if icc and space == b"GRAY" and channels < 3:
        samples, icc = grey_to_srgb(path, samples, icc), None
    elif icc and space != b"RGB ":
        log.warning("%s: its colour profile does not fit its pixels and is left out", path)
        icc = None
    samples = turn_upright(samples, orientation)
    if dpi is not None:
        across, down = (float(d) for d in dpi[:2])
        if orientation in QUARTER_TURNS:
            across, down = down, across
        dpi = (across, down) if all(0 < one < 65_536 for one in (across, down)) else None
    if xmp:
        xmp = re.sub(rb'(tiff:Orientation(?:>|\s*=\s*["\']))\s*[2-8]', rb"\g<1>1", xmp)
    return Photo(
        path=path,
        format=format,
        rgb=rgb_of_grey(samples) if channels < 3 else np.ascontiguousarray(samples[..., :3]),
        alpha=np.ascontiguousarray(samples[..., -1]) if channels in (2, 4) else None,
        icc=icc,
        exif=exif,
        xmp=xmp or None,
        iptc=iptc,
        dpi=dpi,
        comment=comment,
        segments=segments,
        chunks=chunks,
        progressive=progressive,
    )
