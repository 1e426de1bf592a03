"""IPTC: captions and keywords of the press, and the wrappings they come in.

The record itself (IIM) is kept as bytes. JPEG and TIFF wrap it in Photoshop's image resources, PNG in a text
as ImageMagick does.
"""

import re
import struct
import zlib
from collections.abc import Mapping

RECORD = 0x0404  # number of the image resource that holds it
PNG_KEYWORD = b"Raw profile type iptc"
_LONGEST_PNG_TEXT = 1 << 24


def iptc_of_resources(resources: Mapping[int, object]) -> bytes | None:
    """Return the record in the image resources that Pillow found in a JPEG."""
    record = resources.get(RECORD)
    return record if isinstance(record, bytes) and record else None


def iptc_of_bytes(data: bytes) -> bytes | None:
    """Return the record in image resources: JPEG's APP13 after its name, or TIFF tag 34377."""
    at = 0
    while data[at : at + 4] == b"8BIM" and at + 12 <= len(data):
        (number,) = struct.unpack_from(">H", data, at + 4)
        name = data[at + 6] + 1
        at += 6 + name + name % 2
        if at + 4 > len(data):
            break
        (size,) = struct.unpack_from(">I", data, at)
        if number == RECORD:
            return data[at + 4 : at + 4 + size] or None
        at += 4 + size + size % 2
    return None


def resources_of_iptc(record: bytes) -> bytes:
    """Wrap a record in a block of one image resource."""
    return b"8BIM" + struct.pack(">HHI", RECORD, 0, len(record)) + record + bytes(len(record) % 2)


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
