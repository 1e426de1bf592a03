"""What lies in a file beside its main picture, and is left out: videos, gain maps, depth maps, pictures.

A JPEG or PNG ends where its format says, and cameras append more.
"""

import os
import re
import struct
from collections import Counter
from collections.abc import Iterable, Set
from typing import BinaryIO

from deoldify_lite.system.library_warnings import Warn

VIDEO, GAIN_MAP, DEPTH_MAP = "a video, as of a Motion Photo", "a gain map for HDR", "a depth map"
PICTURE, _PREVIEW = "a further picture", ""
# By words in a picture's metadata, or in the name of an auxiliary one.
_SIGNS = (
    (b"hdrgm", GAIN_MAP),
    (b"gainmap", GAIN_MAP),
    (b"21496", GAIN_MAP),  # ISO's standard of gain maps
    (b"depth", DEPTH_MAP),
    (b"disparity", DEPTH_MAP),
    (b"matte", "a matte"),
)
_MOST_NAMES, _MOST_PARTS = 20, 1000  # in a warning, and in a file
_HEAD_BYTES = 1 << 16  # in which metadata are
MOST_BYTES = 1 << 27  # of parts that are looked at
_PADDING = b"\0\xff \r\n\t"
_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_BLOCK = 1 << 16  # bytes that Pillow's decoder reads at a time


def warn_of_parts(parts: Iterable[str], warn: Warn) -> None:
    """Warn of parts by their names, several of one name by their number."""
    names = Counter(part for part in parts if part)
    listing = [f"{name} ({count} times)" if count > 1 else name for name, count in names.items()]
    if listing:
        more = f" and {len(listing) - _MOST_NAMES} more" if len(listing) > _MOST_NAMES else ""
        named = ", ".join(listing[:_MOST_NAMES])
        warn(f"also holds {named}{more}; only the main picture is in the result")


def parts_after_jpeg(file: BinaryIO, previews: Set[int] = frozenset()) -> list[str]:
    """Name what follows the end of a JPEG whose decoder has just read all of it and little more.

    Args:
        file: the photo; where it stands tells where the decoder stopped.
        previews: numbers of further pictures, from 0, that are mere previews and need no name.
    """
    stopped = file.tell()
    start = _first_scan(file)
    if start is None:
        return []
    start = max(start, stopped - 2 * _BLOCK)
    file.seek(start)
    end = _end_of_scans(file.read(stopped + _BLOCK - start), 0)
    return [] if end is None else parts_after(file, start + end, previews)


def parts_after(file: BinaryIO, end: int, previews: Set[int] = frozenset()) -> list[str]:
    """Name what follows the main picture, which ends at a place."""
    size = file.seek(0, os.SEEK_END)
    file.seek(end)
    data = file.read(min(size - end, MOST_BYTES))  # asked for more, Python would first take room for it
    if not data.strip(_PADDING):
        return []
    parts: list[str] = []
    video = data.find(b"ftyp") - 4  # a box begins with its length
    at = 0
    while (
        len(parts) < _MOST_PARTS
        and (at := data.find(b"\xff\xd8\xff", at, video if video >= 0 else len(data))) >= 0
    ):
        parts.append(_PREVIEW if len(parts) in previews else kind_of_part(data[at : at + _HEAD_BYTES]))
        at = end_of_jpeg(data, at) or len(data)
    if video >= 0:
        parts.append(VIDEO)
    if not parts:
        depth = kind_of_part(data[-_HEAD_BYTES:])
        parts.append(depth if depth == DEPTH_MAP else f"{size - end} bytes of other data after its end")
    return parts


def kind_of_part(words: bytes) -> str:
    """Name a part by its metadata, or by the name of its kind."""
    words = words.lower()
    return next((name for sign, name in _SIGNS if sign in words), PICTURE)


def _first_scan(file: BinaryIO) -> int | None:
    """Return where the first scan of an open JPEG begins."""
    file.seek(2)
    while len(head := file.read(4)) == 4 and head[0] == 0xFF:
        if head[1] == 0xFF:  # padding
            file.seek(-3, os.SEEK_CUR)
            continue
        if head[1] == 0xDA:
            return file.tell()
        file.seek(struct.unpack(">H", head[2:])[0] - 2, os.SEEK_CUR)
    return None


def end_of_jpeg(data: bytes, at: int) -> int | None:
    """Return where a JPEG that begins at a place ends; None if it lacks its mark."""
    at += 2
    while data[at : at + 1] == b"\xff" and at + 4 <= len(data):
        if data[at + 1] == 0xDA:
            return _end_of_scans(data, at)
        at += 1 if data[at + 1] == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def _end_of_scans(data: bytes, at: int) -> int | None:
    """Return where a JPEG ends, from within its scans; between them are segments with a length."""
    while match := _MARKER.search(data, at):
        at = match.end()
        if data[at - 1] == 0xD9:
            return at
        at += int.from_bytes(data[at : at + 2], "big")
    return None
