"""IPTC: captions and keywords of the press, and the wrappings they come in.

The record itself (IIM) is kept as bytes. JPEG and TIFF wrap it in Photoshop's image resources, PNG in a text
as ImageMagick does.
"""

import re
import struct
import zlib
from collections.abc import Iterator, Mapping

from deoldify_lite.system.library_warnings import Warn

RECORD = 0x0404  # number of the image resource that holds it
# Numbers of resources: layers, thumbnails, profile, EXIF and XMP.
_LEFT_OUT = (RECORD, 1024, 1026, 1033, 1036, 1039, 1058, 1059, 1060, 1069, 1072)
PNG_KEYWORD = b"Raw profile type iptc"
_LONGEST_PNG_TEXT = 1 << 24


def iptc_of_resources(resources: Mapping[int, object]) -> bytes | None:
    """Return the record in the image resources that Pillow found in a JPEG."""
    record = resources.get(RECORD)
    return record if isinstance(record, bytes) and record else None


def iptc_of_bytes(data: bytes) -> bytes | None:
    """Return the record in image resources: JPEG's APP13 after its name, or TIFF tag 34377."""
    return next((body or None for number, _, _, body in _resources(data) if number == RECORD), None)


def other_resources(data: bytes, *, is_turned: bool, warn: Warn) -> bytes | None:
    """Return image resources that stay true, without those that are kept elsewhere or show the old picture.

    Args:
        data: as `iptc_of_bytes` takes it.
        is_turned: whether the pixels are not stored upright: paths would lie elsewhere.
        warn: takes a warning in that case.
    """
    kept = b"".join(data[start:end] for number, start, end, _ in _resources(data) if number not in _LEFT_OUT)
    if kept and is_turned:
        warn("its paths and settings of Photoshop are left out, since its pixels are turned upright")
        return None
    return kept or None


def resources_of_iptc(record: bytes) -> bytes:
    """Wrap a record in a block of one image resource."""
    return b"8BIM" + struct.pack(">HHI", RECORD, 0, len(record)) + record + bytes(len(record) % 2)


def _resources(data: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    """Yield number, start, end and body of each image resource."""
    at = 0
    while data[at : at + 4] == b"8BIM" and at + 12 <= len(data):
        start = at
        (number,) = struct.unpack_from(">H", data, at + 4)
        name = data[at + 6] + 1
        at += 6 + name + name % 2
        if at + 4 > len(data):
            return
        (size,) = struct.unpack_from(">I", data, at)
        body = data[at + 4 : at + 4 + size]
        at += 4 + size + size % 2
        yield number, start, at, body


def iptc_of_png_text(body: bytes) -> bytes | None:
    """Return the record in the body of a zTXt or tEXt chunk of PNG_KEYWORD, or None if there is none."""
    return raw_profile(body, b"iptc", compressed=True) or raw_profile(body, b"iptc", compressed=False)


def raw_profile(body: bytes, kind: bytes, *, compressed: bool) -> bytes | None:
    """Decode ImageMagick's "Raw profile type", which holds hexadecimal digits; None if it is damaged."""
    keyword, _, text = body.partition(b"\0")
    if not keyword.startswith(b"Raw profile type"):
        return None
    try:
        if compressed:
            text = zlib.decompressobj().decompress(text[1:], _LONGEST_PNG_TEXT)
        match = re.match(rb"\s*(\w+)\s+(\d+)\s+([0-9a-fA-F\s]*)$", text)
        if match is None:
            return None
        data = bytes.fromhex(match[3].decode())
    except (zlib.error, ValueError):
        return None
    if len(data) != int(match[2]):
        return None
    inner = iptc_of_bytes(data) if kind == b"iptc" else None  # ImageMagick keeps the resources around it
    return inner or data or None


def png_text_of_iptc(record: bytes) -> bytes:
    """Return the body of a zTXt chunk that holds a record."""
    data = resources_of_iptc(record)
    digits = data.hex()
    lines = "\n".join(digits[at : at + 72] for at in range(0, len(digits), 72))
    return PNG_KEYWORD + b"\0\0" + zlib.compress(f"\niptc\n{len(data):8}\n{lines}\n".encode())
