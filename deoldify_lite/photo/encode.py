"""Photos encoded, with their profile and metadata; what a format cannot hold is told.

PNG, JPEG and TIFF are laid out in modules of their own, the others by their libraries.
"""

import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from deoldify_lite.photo.heif import encode_heif
from deoldify_lite.photo.jpeg import encode_jpeg
from deoldify_lite.photo.kinds import AVIF, BMP, HEIF, JPEG, METADATA, PNG, Kind
from deoldify_lite.photo.photo import Photo
from deoldify_lite.photo.png import encode_png
from deoldify_lite.photo.samples import Samples, on_white, to_depth

log = logging.getLogger(__name__)


def encode_photo(photo: Photo, kind: Kind, quality: int, path: Path) -> Iterator[bytes]:
    """Encode a photo piece by piece: PNG at its depth, HEIF at 8 or 10 bits, JPEG, WEBP, AVIF or BMP at 8.

    Args:
        quality: 1 to 100, of all but PNG and BMP.
        path: where the result goes, for warnings about what the format cannot hold.
    """
    tell_what_is_left_out(photo, kind, path)
    if kind is PNG:
        return encode_png(
            photo.rgb,
            photo.alpha,
            icc=photo.icc,
            exif=photo.exif,
            xmp=photo.xmp,
            iptc=photo.iptc,
            dpi=photo.dpi,
            comment=photo.comment,
            chunks=photo.chunks,
        )
    if kind is JPEG:
        return encode_jpeg(
            to_depth(_opaque(photo, kind, path), np.uint8),
            path,
            quality=quality,
            progressive=photo.progressive,
            icc=photo.icc,
            exif=photo.exif,
            xmp=photo.xmp,
            iptc=photo.iptc,
            dpi=photo.dpi,
            comment=photo.comment,
            segments=photo.segments,
        )
    if kind is HEIF:
        return iter(
            [encode_heif(_rgba(photo), quality=quality, icc=photo.icc, exif=photo.exif, xmp=photo.xmp)]
        )
    return iter([_encode_with_pillow(photo, kind, quality, path)])


def tell_what_is_left_out(photo: Photo, kind: Kind, path: Path) -> None:
    """Warn of all that a photo has and a format cannot hold."""
    for name, called in METADATA.items():
        if name not in kind.holds and getattr(photo, name):
            log.warning("%s: %s holds no %s", path, kind.name, called)


def _rgba(photo: Photo) -> Samples:
    """(H, W, 3 or 4) samples of the depth of the photo's RGB."""
    if photo.alpha is None:
        return photo.rgb
    return np.dstack([photo.rgb, to_depth(photo.alpha, photo.rgb.dtype)])


def _opaque(photo: Photo, kind: Kind, path: Path) -> Samples:
    """(H, W, 3) samples, laid on white if any are transparent."""
    if photo.alpha is None or photo.alpha.min() == np.iinfo(photo.alpha.dtype).max:
        return photo.rgb
    log.warning("%s: %s holds no transparency, which is now white; choose png to keep it", path, kind.name)
    return on_white(photo.rgb, to_depth(photo.alpha, photo.rgb.dtype))


def _encode_with_pillow(photo: Photo, kind: Kind, quality: int, path: Path) -> bytes:
    """WEBP, AVIF or BMP."""
    pixels = _opaque(photo, kind, path) if not kind.holds_alpha else _rgba(photo)
    options: dict[str, Any] = {"format": kind.name, "quality": quality}
    if kind is AVIF:
        options |= {"subsampling": "4:4:4", "speed": 8}
    if kind is BMP:
        if photo.dpi:
            options["dpi"] = photo.dpi
    else:
        exif = photo.exif and b"Exif\0\0" + photo.exif
        named = {"icc_profile": photo.icc, "exif": exif, "xmp": photo.xmp}
        options |= {name: value for name, value in named.items() if value}
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(to_depth(pixels, np.uint8))).save(buffer, **options)
    return buffer.getvalue()
