"""The boxes of ISO files (ISO/IEC 14496-12), of which HEIC, AVIF and JPEG XL are made, and what they hold."""

import os
import struct
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from deoldify_lite.photo.attached import DEPTH_MAP, GAIN_MAP, MOST_BYTES, PICTURE, VIDEO, kind_of_part


class Box(NamedTuple):
    """A box of an ISO file: its kind, and where its body is."""

    kind: bytes
    start: int
    end: int


def boxes_of(data: bytes | BinaryIO, start: int = 0, end: int | None = None) -> Iterator[Box]:
    """Yield the boxes of an open file, or of one box's body. Errors end the list.

    A box is a length, a kind and a body. Length 1 says that 64 bits of length follow, length 0 that the box
    is the last.
    """
    if end is None:
        end = len(data) if isinstance(data, bytes) else data.seek(0, os.SEEK_END)
    while start + 8 <= end:
        head = _bytes_at(data, start, 16)
        size, kind = struct.unpack_from(">I4s", head)
        body = start + 8
        if size == 1 and len(head) == 16:
            size, body = int.from_bytes(head[8:], "big"), start + 16
        stop = end if size == 0 else start + size
        if stop < body:
            return
        yield Box(kind, body, min(stop, end))
        start = stop


def _bytes_at(data: bytes | BinaryIO, start: int, length: int) -> bytes:
    if isinstance(data, bytes):
        return data[start : start + length]
    data.seek(start)
    return data.read(length)


# Boxes of a HEIC or AVIF that store its pictures and metadata.
_LAYOUT = (b"ftyp", b"meta", b"mdat", b"free", b"skip", b"wide", b"idat", b"pdin", b"styp", b"\0\0\0\0")
_MOST_BOXES = 1000


def parts_of_heif(file: BinaryIO) -> list[str]:
    """Name what an open HEIC or AVIF holds beside pictures: auxiliary pictures, videos, unknown boxes."""
    parts: list[str] = []
    for number, box in zip(range(_MOST_BOXES), boxes_of(file), strict=False):
        if box.kind in (b"mpvd", b"moov") or (box.kind == b"ftyp" and number):
            parts.append(VIDEO)
        elif box.kind == b"meta" and box.end - box.start < MOST_BYTES:
            parts += _auxiliary(_bytes_at(file, box.start, box.end - box.start))
        elif box.kind not in _LAYOUT:
            parts.append(f"a box {box.kind.decode('latin-1')!r}")
    return list(dict.fromkeys(parts))


def _auxiliary(meta: bytes) -> list[str]:
    """Name the auxiliary pictures of a `meta` box's body, but for transparency, which is read."""
    parts = []
    for box in boxes_of(meta, 4):  # after version and flags
        if box.kind == b"iinf" and b"tmap" in meta[box.start : box.end]:
            parts.append(GAIN_MAP)
        if box.kind == b"iprp":
            for inner in boxes_of(meta, box.start, box.end):
                properties = boxes_of(meta, inner.start, inner.end) if inner.kind == b"ipco" else ()
                for one in properties:
                    name = meta[one.start + 4 : one.end].partition(b"\0")[0]
                    if one.kind == b"auxC" and not name.endswith((b":alpha", b"auxid:1")):
                        parts.append(_auxiliary_name(name))
    return parts


def _auxiliary_name(name: bytes) -> str:
    if name.endswith(b"auxid:2"):  # in HEVC's numbering
        return DEPTH_MAP
    kind = kind_of_part(name)
    return kind if kind != PICTURE else f"an auxiliary picture ({name.decode('latin-1')})"
