"""Photos encoded, with their profile and metadata.

PNG is written by OpenCV, four times as fast as Pillow does; TIFF is laid out here, since no library writes
16-bit RGB together with EXIF; the other formats are written by Pillow.
"""

import io
import logging
import math
import struct
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from deoldify_lite.photo import Photo, Samples
from deoldify_lite.photo_exif import descriptive_tags

log = logging.getLogger(__name__)

# A JPEG segment holds 65,533 bytes; EXIF, with its header, and XMP, after one of 29, must fit into one.
JPEG_MAX_BYTES = {"exif": 65_533, "xmp": 65_504}


def encode_photo(photo: Photo, format: str, quality: int, path: Path) -> bytes:
    """Encode a photo as PNG or TIFF at its depth, or as JPEG, WEBP or BMP at 8 bits.

    Args:
        quality: 1 to 100, of JPEG and WEBP.
        path: where the result goes, for warnings about what the format cannot hold.
    """
    if format == "PNG":
        return _encode_png(photo)
    if format == "TIFF":
        return _encode_tiff(photo)
    return _encode_with_pillow(photo, format, quality, path)


def to_depth(samples: Samples, dtype: Any) -> Samples:
    """uint8 or uint16 samples as the other, rounded; 255 and 65535 are both full."""
    if samples.dtype == dtype:
        return samples
    if dtype == np.uint16:
        return samples.astype(np.uint16) * np.uint16(257)
    # v / 257 rounded, without the slow division: equal for all 65536 values
    wide = samples.astype(np.uint32)
    wide *= np.uint32(255)
    wide += np.uint32(32895)
    wide >>= np.uint32(16)
    return wide.astype(np.uint8)


def _rgba(photo: Photo) -> Samples:
    """(H, W, 3 or 4) samples of the depth of the photo's RGB."""
    if photo.alpha is None:
        return photo.rgb
    return np.dstack([photo.rgb, to_depth(photo.alpha, photo.rgb.dtype)])


def _on_white(pixels: Samples) -> Samples:
    """(H, W, 4) samples laid on white; returns (H, W, 3) of the same depth."""
    full = np.iinfo(pixels.dtype).max
    share = pixels[..., 3:].astype(np.float32) / np.float32(full)
    return np.round(pixels[..., :3] * share + full * (1 - share)).astype(pixels.dtype)


def _encode_with_pillow(photo: Photo, format: str, quality: int, path: Path) -> bytes:
    """JPEG, WEBP or BMP."""
    pixels = _rgba(photo)
    if pixels.shape[2] == 4 and format != "WEBP":
        if pixels[..., 3].min() < np.iinfo(pixels.dtype).max:
            log.warning(
                "%s: %s holds no transparency, which is now white; choose png to keep it", path, format
            )
            pixels = _on_white(pixels)
        pixels = pixels[..., :3]
    options: dict[str, Any] = {"format": format, "quality": quality}
    if format == "JPEG":
        options["subsampling"] = 0
    if photo.dpi and format != "WEBP":
        options["dpi"] = photo.dpi
    if format == "BMP":
        if photo.icc:
            log.warning("%s: BMP holds no colour profile, so its colours may look different", path)
    else:
        exif = photo.exif and b"Exif\0\0" + photo.exif
        for name, value in {"icc_profile": photo.icc, "exif": exif, "xmp": photo.xmp}.items():
            if not value:
                continue
            if format == "JPEG" and len(value) > JPEG_MAX_BYTES.get(name, math.inf):
                log.warning("%s: its %s is too long for JPEG and is left out", path, name.upper())
            else:
                options[name] = value
    buffer = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(to_depth(pixels, np.uint8))).save(buffer, **options)
    return buffer.getvalue()


def _encode_png(photo: Photo) -> bytes:
    pixels = _rgba(photo)
    code = cv2.COLOR_RGBA2BGRA if pixels.shape[2] == 4 else cv2.COLOR_RGB2BGR
    data = cv2.imencode(".png", cv2.cvtColor(pixels, code))[1].tobytes()
    chunks = []
    if photo.icc:
        chunks.append((b"iCCP", b"ICC profile\0\0" + zlib.compress(photo.icc)))
    if photo.dpi:
        per_meter = (round(dpi / 0.0254) for dpi in photo.dpi)
        chunks.append((b"pHYs", struct.pack(">IIB", *per_meter, 1)))
    if photo.exif:
        chunks.append((b"eXIf", photo.exif))
    if photo.xmp:
        chunks.append((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + photo.xmp))
    packed = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in chunks
    ]
    # Signature and IHDR are 33 bytes; all of these chunks may follow them.
    return b"".join([data[:33], *packed, data[33:]])


def _encode_tiff(photo: Photo) -> bytes:
    """Deflate with horizontal differencing, in strips of about 1 MiB."""
    pixels = np.ascontiguousarray(_rgba(photo))
    height, width, channels = pixels.shape
    rows = max(1, 2**20 // pixels[0].nbytes)
    strips = []
    for top in range(0, height, rows):
        strip = pixels[top : top + rows].astype(pixels.dtype.newbyteorder("<"))
        strip[:, 1:] -= pixels[top : top + rows, :-1]
        strips.append(zlib.compress(strip.tobytes(), 1))
    sizes = [len(strip) for strip in strips]
    tags: dict[int, Any] = {256: width, 257: height, 258: (pixels.itemsize * 8,) * channels, 277: channels}
    tags |= {259: 8, 262: 2, 278: rows, 279: tuple(sizes), 284: 1, 317: 2}
    # Pillow's directory counts these from its own end, where the strips are put.
    tags[273] = tuple(int(offset) for offset in np.cumsum([0, *sizes[:-1]]))
    if channels == 4:
        tags[338] = 2  # alpha, not premultiplied
    if photo.dpi:
        tags |= {282: photo.dpi[0], 283: photo.dpi[1], 296: 2}
    if photo.icc:
        tags[34675] = photo.icc
    if photo.xmp:
        tags[700] = photo.xmp
    head = _tiff_head(tags)
    if photo.exif:
        try:
            exif = Image.Exif()
            exif.load(b"Exif\0\0" + photo.exif)
            head = _tiff_head(tags | descriptive_tags(exif))
        except Exception as error:  # Pillow packs what it could read, and not all of that can be packed
            log.warning("%s: its EXIF cannot be written as TIFF and is left out (%s)", photo.path, error)
    return b"".join([head, *strips])


def _tiff_head(tags: dict[int, Any]) -> bytes:
    """Header and directory of a little-endian TIFF."""
    directory = ImageFileDirectory_v2()
    for tag, value in tags.items():
        directory[tag] = value
    buffer = io.BytesIO()
    directory.save(buffer)
    return buffer.getvalue()
