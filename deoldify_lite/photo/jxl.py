"""JPEG XL: read by pillow-jxl-plugin, which is loaded only where such a photo is met.

Its size is read here, by the header, since the plugin decodes the whole picture when it opens a file.
"""

import logging
import struct
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from deoldify_lite.photo.exif import ORIENTATION
from deoldify_lite.photo.kinds import JXL, load_package
from deoldify_lite.photo.limits import check_size, open_image

log = logging.getLogger(__name__)

_MOST_BOXES = 10_000
_CODESTREAM = JXL.magic[0]


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
