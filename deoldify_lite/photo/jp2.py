"""JPEG 2000: what Pillow does not tell of it, which is depth, colour profile and XMP."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

_CODESTREAM = b"\xff\x4f\xff\x51"  # its first two markers
_XMP = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")  # the UUID of a box that holds it
# What a file that was made to harm may cost.
_MOST_BOXES, _MOST_BYTES = 1_000, 1 << 26
# Methods of a colour box: a number for the colour space, or a profile.
_BY_NUMBER, _BY_PROFILE = 1, 2
_SRGB, _GREY = 16, 17


@dataclass(frozen=True)
class Jp2Header:
    """What stands in front of the picture."""

    bits: int = 8  # of a sample, at most
    is_plain: bool = True  # grey or RGB, as far as it says
    icc: bytes | None = None
    xmp: bytes | None = None


def read_jp2(file: BinaryIO) -> Jp2Header:
    """Read the header of an open JPEG 2000; of a damaged one as much as there is."""
    file.seek(0)
    if file.read(4) == _CODESTREAM:
        return Jp2Header(_bits_at(file, 0))
    bits, is_plain, icc, xmp = 8, True, None, None
    for kind, start, size in _boxes(file):
        if kind == b"jp2c":
            bits = _bits_at(file, start)
        elif kind == b"colr" and icc is None:
            file.seek(start)
            body = file.read(min(size, _MOST_BYTES))
            if body[:1] == bytes([_BY_PROFILE]):
                icc = body[3:]
            elif body[:1] == bytes([_BY_NUMBER]) and len(body) >= 7:
                is_plain = struct.unpack_from(">I", body, 3)[0] in (_SRGB, _GREY)
        elif kind == b"uuid":
            file.seek(start)
            if file.read(16) == _XMP:
                xmp = file.read(min(size - 16, _MOST_BYTES))
    return Jp2Header(bits, is_plain, icc, xmp)


def _bits_at(file: BinaryIO, start: int) -> int:
    """Read the bits of a sample from the codestream that begins at a place."""
    file.seek(start)
    head = file.read(1024)
    if not head.startswith(_CODESTREAM) or len(head) < 43:
        return 8
    (channels,) = struct.unpack_from(">H", head, 40)
    return max(((depth & 0x7F) + 1 for depth in head[42 : 42 + 3 * channels : 3]), default=8)


def _boxes(file: BinaryIO) -> Iterator[tuple[bytes, int, int]]:
    """Kinds, places and lengths of the bodies of boxes, and of those in the header box.

    A box is a length, a kind and a body. Length 1 says that 64 bits of length follow, length 0 that the box
    is the last and ends with the file.
    """
    at, end = 0, file.seek(0, 2)
    for _ in range(_MOST_BOXES):
        file.seek(at)
        head = file.read(8)
        if len(head) < 8:
            return
        size, kind = struct.unpack(">I4s", head)
        start = at + 8
        if size == 1:
            size = int.from_bytes(file.read(8), "big")
            start += 8
        elif size == 0:
            size = end - at
        if size < start - at:
            return
        yield kind, start, size - (start - at)
        at = start if kind == b"jp2h" else at + size
