"""Kinds of photos by content, and those that need a package of their own: HEIC, JPEG XL, camera RAW.

The packages are loaded only where such a photo is met. They are handed open files, never names, so that they
can open no other; and how large a picture claims to be is looked at before it is decoded.
"""

import importlib
import io
import logging
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from deoldify_lite.photo.exif import ORIENTATION, exif_of_tiff, upright_exif
from deoldify_lite.photo.kinds import HEIF, JXL, RAW, TIFF, Kind, load_package
from deoldify_lite.photo.limits import check_size, open_image
from deoldify_lite.photo.samples import Samples

log = logging.getLogger(__name__)

_MOST_BOXES = 10_000
_CODESTREAM = JXL.magic[0]


@dataclass(frozen=True, eq=False)
class Decoded:
    """An upright picture and what was found with it."""

    samples: Samples  # (H, W, C) uint8 or uint16
    icc: bytes | None = None
    exif: bytes | None = None
    xmp: bytes | None = None


def pixels_of_optional(kind: Kind, path: Path, file: BinaryIO) -> int:
    """Pixels of an open HEIC, JPEG XL or RAW by its header.

    Raises:
        Exception: of any kind, where it is damaged or its package is not there.
    """
    if kind is JXL:
        width, height, _ = jxl_header(file)
    elif kind is HEIF:
        width, height = load_package(kind, path).open_heif(file, convert_hdr_to_8bit=False).size
    else:
        with load_package(kind, path).imread(file) as raw:
            width, height = raw.sizes.width, raw.sizes.height
    return int(width) * int(height)


def decode_heif(path: Path, file: BinaryIO) -> Decoded:
    """The main picture of a HEIC; 10 and 12 bits come as 16, and it is upright already."""
    pillow_heif = load_package(HEIF, path)
    heif = pillow_heif.open_heif(file, convert_hdr_to_8bit=False)
    check_size(path, *heif.size)
    info = heif.info
    if len(heif) > 1:
        log.warning("%s: holds several pictures; only the main one is used", path)
    primaries = (info.get("nclx_profile") or {}).get("color_primaries", 1)
    if not info.get("icc_profile") and primaries not in (1, 2):
        log.warning("%s: its colour primaries (%s) are taken for sRGB's", path, primaries)
    samples = np.array(heif)
    samples = samples.reshape(*samples.shape[:2], -1)
    if samples.dtype == np.uint16:
        # The samples fill the upper bits; repeated in the lower ones, full is full.
        samples |= samples >> np.uint16(info.get("bit_depth") or 10)
    exif, xmp = info.get("exif"), info.get("xmp")
    return Decoded(samples, info.get("icc_profile"), upright_exif(path, exif) if exif else None, xmp)


def decode_raw(path: Path, file: BinaryIO) -> Decoded:
    """A camera RAW developed: 16 bits of sRGB, the camera's white balance, as bright as highlights allow."""
    rawpy = load_package(RAW, path)
    with rawpy.imread(file) as raw:
        check_size(path, raw.sizes.width, raw.sizes.height)
        samples = raw.postprocess(
            output_bps=16,
            output_color=rawpy.ColorSpace.sRGB,
            gamma=(2.4, 12.92),  # sRGB's curve
            use_camera_wb=True,
            auto_bright_thr=1e-4,  # share of pixels that may become white
        )
    file.seek(0)
    head = file.read(4)
    if head not in TIFF.magic[:2]:
        log.warning("%s: of this kind of camera RAW no EXIF is read", path)
        return Decoded(samples)
    try:
        file.seek(0)
        tags = Image.Exif()
        tags.load_from_fp(file)
        tags.pop(ORIENTATION, None)  # the developer has turned it
        return Decoded(samples, exif=exif_of_tiff(path, tags))
    except Exception as error:  # a RAW file's directories may be of any form
        log.warning("%s: its EXIF cannot be read and is left out (%s)", path, error)
        return Decoded(samples)


def decode_jxl(path: Path, file: BinaryIO) -> tuple[Image.Image, int, bytes | None]:
    """A JPEG XL as a loaded image, the orientation it still has, and its XMP."""
    load_package(JXL, path)
    width, height, bits = jxl_header(file)
    check_size(path, width, height)
    xmp = dict(islice(_boxes(file), _MOST_BOXES)).get(b"xml ")
    file.seek(0)
    image = open_image(file, ("JXL",))
    check_size(path, *image.size)
    image.load()
    if bits > 8 and image.mode != "I;16":
        log.warning("%s: has %d bits, of which 8 are read", path, bits)
    # What was a JPEG once is turned by its EXIF; all else the decoder has turned.
    was_jpeg = bool(getattr(image, "jpeg", False))
    return image, image.getexif().get(ORIENTATION, 1) if was_jpeg else 1, xmp


def jxl_header(file: BinaryIO) -> tuple[int, int, int]:
    """Width, height and bits of an open JPEG XL (ISO/IEC 18181-1, annex D); 8 bits where that is not said.

    Raises:
        ValueError: there is no such header.
    """
    file.seek(0)
    start = file.read(2)
    if start == _CODESTREAM:
        start += file.read(64)
    else:  # in one box, or in parts, each of which begins with its number
        boxes = islice(_boxes(file), _MOST_BOXES)
        start = b"".join(
            body[4 if kind == b"jxlp" else 0 :] for kind, body in boxes if kind in (b"jxlc", b"jxlp")
        )
    if start[:2] != _CODESTREAM or len(start) < 4:
        raise ValueError("no header of a JPEG XL")
    bits = int.from_bytes(start[2:66], "little")

    def take(count: int) -> int:
        nonlocal bits
        value = bits & ((1 << count) - 1)
        bits >>= count
        return value

    small = take(1)
    height = 8 * (take(5) + 1) if small else take((9, 13, 18, 30)[take(2)]) + 1
    ratio = take(3)
    if ratio:
        over, under = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))[ratio - 1]
        width = height * over // under
    else:
        width = 8 * (take(5) + 1) if small else take((9, 13, 18, 30)[take(2)]) + 1
    if take(1) or (take(1) and take(3) + take(3)):  # all as usual, or turned, previewed or animated
        return width, height, 8
    if take(1):
        return width, height, 32  # floating point
    kind = take(2)
    return width, height, (8, 10, 12)[kind] if kind < 3 else take(6) + 1


def _boxes(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Kinds and beginnings of the boxes of an open container; whole bodies of XMP."""
    file.seek(0)
    while len(head := file.read(8)) == 8:
        size, kind = struct.unpack(">I4s", head)
        start = file.tell()
        if size == 1:
            size = int.from_bytes(file.read(8), "big")
            start += 8
            length = size - 16
        else:
            length = size - 8
        whole = min(length, 1 << 26) if kind == b"xml " else min(length, 80)
        yield kind, file.read(whole if size else 80)
        if size == 0 or length < 0:
            return
        file.seek(start + length)


def encode_heif(
    pixels: Samples, *, quality: int, icc: bytes | None, exif: bytes | None, xmp: bytes | None
) -> bytes:
    """HEIC of (H, W, 3 or 4) samples: 8 bits, or 10 where they have 16; 4:2:0, which every phone reads."""
    pillow_heif = importlib.import_module("pillow_heif")
    mode = ("RGB" if pixels.shape[2] == 3 else "RGBA") + (";16" if pixels.dtype == np.uint16 else "")
    buffer = io.BytesIO()
    options: dict[str, Any] = {"quality": quality, "chroma": 420}
    for name, value in {"icc_profile": icc, "exif": exif and b"Exif\0\0" + exif, "xmp": xmp}.items():
        if value:
            options[name] = value
    size = (pixels.shape[1], pixels.shape[0])
    pillow_heif.encode(mode, size, np.ascontiguousarray(pixels).tobytes(), buffer, **options)
    return buffer.getvalue()
