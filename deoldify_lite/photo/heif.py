"""HEIC: read and written by pillow-heif, which is loaded only where such a photo is met.

It is handed an open file, never a name, so that it can open no other.
"""

import importlib
import io
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from deoldify_lite.photo.attached import warn_of_parts
from deoldify_lite.photo.boxes import parts_of_heif
from deoldify_lite.photo.exif import upright_exif
from deoldify_lite.photo.kinds import HEIF, load_package
from deoldify_lite.photo.limits import check_size
from deoldify_lite.photo.photo import Decoded, Photo
from deoldify_lite.photo.samples import with_alpha
from deoldify_lite.system.library_warnings import Warn

# Of x265. At the same quality the error in luma is about the same; the fast one takes a fraction of the time,
# and its files are larger: scripts/measure/efforts.py has both.
_PRESETS = {"fast": "ultrafast", "small": "slow"}


def heif_size(path: Path, file: BinaryIO) -> tuple[int, int]:
    """Return width and height of an open HEIC by its header.

    Raises:
        Exception: of any kind, if it is damaged or its package is missing.
    """
    width, height = load_package(HEIF, path).open_heif(file, convert_hdr_to_8bit=False).size
    return int(width), int(height)


def decode_heif(path: Path, file: BinaryIO, warn: Warn) -> Decoded:
    """Decode the main picture of an open HEIC, which pillow-heif turns upright; 10 and 12 bits become 16."""
    pillow_heif = load_package(HEIF, path)
    heif = pillow_heif.open_heif(file, convert_hdr_to_8bit=False)
    check_size(path, *heif.size)
    info = heif.info
    warn_of_parts(parts_of_heif(file), warn)
    if len(heif) > 1:
        warn("holds several pictures; only the main one is used")
    primaries = (info.get("nclx_profile") or {}).get("color_primaries", 1)
    if not info.get("icc_profile") and primaries not in (1, 2):
        warn(f"its colour primaries ({primaries}) are taken for sRGB's")
    samples = np.array(heif)
    samples = samples.reshape(*samples.shape[:2], -1)
    if samples.dtype == np.uint16:
        # The samples fill the upper bits; repeated in the lower ones, full is full.
        samples |= samples >> np.uint16(info.get("bit_depth") or 10)
    exif, xmp = info.get("exif"), info.get("xmp")
    exif = upright_exif(exif, warn) if exif else None
    return Decoded("HEIF", samples, info.get("icc_profile"), exif=exif, xmp=xmp)


def encode_heif(photo: Photo, quality: int, effort: str) -> bytes:
    """Encode a photo: at 8 bits, or 10 if it has 16; 4:2:0, which every phone reads."""
    pillow_heif = importlib.import_module("pillow_heif")
    pixels = with_alpha(photo.rgb, photo.alpha)
    mode = ("RGB" if pixels.shape[2] == 3 else "RGBA") + (";16" if pixels.dtype == np.uint16 else "")
    buffer = io.BytesIO()
    options: dict[str, Any] = {"quality": quality, "chroma": 420, "enc_params": {"preset": _PRESETS[effort]}}
    exif = photo.exif and b"Exif\0\0" + photo.exif
    named = {"icc_profile": photo.icc, "exif": exif, "xmp": photo.xmp}
    options |= {name: value for name, value in named.items() if value}
    size = (pixels.shape[1], pixels.shape[0])
    pillow_heif.encode(mode, size, np.ascontiguousarray(pixels).tobytes(), buffer, **options)
    return buffer.getvalue()
