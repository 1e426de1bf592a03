"""JPEG: encoded, and its metadata segments read and written.

OpenCV encodes a quarter faster than Pillow, to the same bits and in less memory, but writes no metadata: its
segments are put in front here.
"""

import math
import re
import struct
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import cv2
import numpy as np

from deoldify_lite.errors import InputError
from deoldify_lite.photo.exif import swells
from deoldify_lite.photo.iptc import resources_of_iptc
from deoldify_lite.photo.photo import Photo
from deoldify_lite.photo.samples import strips_of
from deoldify_lite.system.library_warnings import Warn

LONGEST = 65_533  # bytes in a segment
EXIF, XMP = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
MORE_XMP = b"http://ns.adobe.com/xmp/extension/\0"
PHOTOSHOP, ICC = b"Photoshop 3.0\0", b"ICC_PROFILE\0"
_SCAN = 0xDA
_COM, _APP0, _APP1, _APP2, _APP13 = 0xFE, 0xE0, 0xE1, 0xE2, 0xED


def more_xmp(segments: list[tuple[str, bytes]]) -> tuple[bytes, ...]:
    """Return the XMP that follows the first 64 KB, as it stands in the segments that Pillow found."""
    return tuple(body for name, body in segments if name == "APP1" and body.startswith(MORE_XMP))


def comments_of(segments: list[tuple[str, bytes]]) -> tuple[bytes, ...]:
    """Return the comments, in their order, among the segments that Pillow found."""
    return tuple(body for name, body in segments if name == "COM" and body)


def exif_of(segments: list[tuple[str, bytes]]) -> list[bytes]:
    """Return the blocks of EXIF; a segment without a header of its own goes on with the block before."""
    blocks: list[bytes] = []
    for name, body in segments:
        if name == "APP1" and body.startswith(EXIF):
            if blocks and not body[len(EXIF) :].startswith((b"II*\0", b"MM\0*")):
                blocks[-1] += body[len(EXIF) :]
            else:
                blocks.append(body)
    return blocks


def check_exif(path: Path, file: BinaryIO) -> None:
    """Refuse an open JPEG with EXIF over several segments that takes many times its bytes, once it is read.

    Pillow reads it while it opens a file. One segment alone is too short to do harm.

    Raises:
        InputError: it has such EXIF.
    """
    file.seek(0)
    if file.read(2) != b"\xff\xd8":
        return
    at, blocks = 2, []
    while True:
        file.seek(at)
        head = file.read(4 + len(EXIF))
        if len(head) < 4 or head[0] != 0xFF or head[1] == _SCAN:
            break
        length = int.from_bytes(head[2:4], "big")
        if head[1] == _APP1 and head[4:] == EXIF:
            blocks.append(file.read(max(0, length - 2 - len(EXIF))))
        at += 1 if head[1] == 0xFF else 2 + length
    with suppress(KeyError, struct.error):
        if len(blocks) > 1 and swells(b"".join(blocks)):
            raise InputError(
                f"{path}: its EXIF would take many times the bytes of the file, as if made to do harm: "
                "take it out, or save the photo again in an image editor"
            )


def photoshop_of(segments: list[tuple[str, bytes]]) -> bytes:
    """Return Photoshop's image resources, which may go over several segments."""
    bodies = (body for name, body in segments if name == "APP13" and body.startswith(PHOTOSHOP))
    return b"".join(body[len(PHOTOSHOP) :] for body in bodies)


# Segments by the beginnings of their bodies: of the picture, of parts that `photo.attached` names, of
# thumbnails, or kept. All others are named as they are left out.
_KNOWN = {
    "APP0": (b"JFIF", b"JFXX"),
    "APP1": (EXIF, XMP, MORE_XMP),
    "APP2": (ICC, b"MPF\0", b"urn:iso:std:iso:ts:21496"),
    "APP12": (b"Ducky",),  # the quality at which Photoshop saved it
    "APP13": (PHOTOSHOP, b"Adobe_CM"),
    "APP14": (b"Adobe",),
    "COM": (b"",),
}
_WORDS = {
    b"FPXR": "Flashpix, sometimes with sound",
    b"FLIR": "thermal picture",
    b"JP": "signed history (Content Credentials) or another JUMBF",
}
_MOST_NAMES = 10


def warn_of_unknown(segments: list[tuple[str, bytes]], warn: Warn) -> None:
    """Name the segments, as Pillow found them, that are left out."""
    names: list[str] = []
    for marker, body in segments:
        if body and not body.startswith(_KNOWN.get(marker, ())):
            label = re.match(rb"[ -~]{0,40}", body[:40])
            word = label[0] if label else b""
            text = word.decode("ascii")
            names.append(f"{marker} ({_WORDS.get(word, text)})" if text else marker)
    names = list(dict.fromkeys(names))
    if names:
        more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
        warn(f"these segments of the JPEG are left out: {', '.join(names[:_MOST_NAMES])}{more}")


def encode_jpeg(photo: Photo, quality: int, warn: Warn) -> Iterator[bytes]:
    """Encode a photo of 8 bits with full chroma (4:4:4), piece by piece.

    Args:
        photo: its alpha is left out.
        quality: 1 to 100.
        warn: takes warnings about metadata that are too long for a segment.
    """
    rgb = photo.rgb
    bgr = np.empty_like(rgb)
    for strip in strips_of(*rgb.shape[:2]):
        bgr[strip] = cv2.cvtColor(rgb[strip], cv2.COLOR_RGB2BGR)
    full = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, full]
    data = cv2.imencode(".jpg", bgr, [*options, cv2.IMWRITE_JPEG_PROGRESSIVE, int(photo.progressive)])[1]
    del bgr
    yield b"\xff\xd8" + _jfif(photo.dpi)
    iptc = resources_of_iptc(photo.iptc) if photo.iptc else b""
    resources = iptc + (photo.resources or b"")
    if len(resources) > len(iptc) and len(PHOTOSHOP + resources) > LONGEST:
        warn("its paths and settings of Photoshop are too long for JPEG and are left out")
        resources = iptc
    for name, marker, body in (
        ("EXIF", _APP1, photo.exif and EXIF + photo.exif),
        *(("EXIF", _APP1, EXIF + block) for block in photo.more_exif),
        ("XMP", _APP1, photo.xmp and XMP + photo.xmp),
        ("IPTC", _APP13, resources and PHOTOSHOP + resources),
        *(("comment", _COM, comment) for comment in photo.comments),
    ):
        if body and len(body) > LONGEST:
            warn(f"its {name} is too long for JPEG and is left out")
        elif body:
            yield _segment(marker, body)
    if photo.xmp:
        yield from (_segment(_APP1, body) for body in photo.segments)
    yield from _profile(photo.icc, warn)
    # OpenCV's data begin with a JFIF segment of its own; ours above replaces it.
    (length,) = struct.unpack(">H", data[4:6].tobytes())
    yield data[4 + length if data[3] == _APP0 else 2 :].tobytes()


def _jfif(dpi: tuple[float, float] | None) -> bytes:
    across, down = (round(one) for one in dpi) if dpi else (1, 1)
    across, down = (min(65_535, max(1, one)) for one in (across, down))
    return _segment(_APP0, b"JFIF\0" + struct.pack(">HBHHBB", 0x0101, 1 if dpi else 0, across, down, 0, 0))


def _profile(icc: bytes | None, warn: Warn) -> Iterator[bytes]:
    """A profile in as many segments as it takes; each holds its number and their count."""
    room = LONGEST - len(ICC) - 2
    count = math.ceil(len(icc or b"") / room)
    if count > 255:
        warn("its colour profile is too long for JPEG and is left out")
        return
    for number in range(count):
        part = (icc or b"")[number * room : (number + 1) * room]
        yield _segment(_APP2, ICC + bytes([number + 1, count]) + part)


def _segment(marker: int, body: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body
