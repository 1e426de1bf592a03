"""WebP: what its container holds beside what Pillow reads."""

import struct
from typing import BinaryIO

from deoldify_lite.photo.attached import parts_after

# Of the picture, of animations, and of metadata that are read.
_KNOWN = (b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP", b"EXIF", b"XMP ")
_MOST_CHUNKS = 1000


def parts_of_webp(file: BinaryIO) -> list[str]:
    """Name unknown chunks of an open WebP, and what follows its end."""
    file.seek(4)
    head = file.read(4)
    end = 8 + int.from_bytes(head, "little")
    at, parts = 12, []
    for _ in range(_MOST_CHUNKS):
        file.seek(at)
        chunk = file.read(8)
        if at + 8 > end or len(chunk) < 8:
            break
        kind, size = struct.unpack("<4sI", chunk)
        if kind not in _KNOWN:
            parts.append(f"a chunk {kind.decode('latin-1')!r}")
        at += 8 + size + size % 2
    return [*dict.fromkeys(parts), *parts_after(file, end + end % 2)]
