"""What Pillow does not tell of lesser kinds: texts, profiles, resolution and EXIF, and what is left out.

One table, `READERS`, has a function for each kind that holds more than its pixels.
"""

import re
import struct
from collections.abc import Callable
from typing import Any, BinaryIO

import numpy as np
from PIL import Image

from deoldify_lite.photo.attached import parts_after, warn_of_parts
from deoldify_lite.photo.bmp import bmp_profile
from deoldify_lite.photo.jp2 import read_jp2
from deoldify_lite.system.library_warnings import Warn

# Texts that programs fill in where nobody has written anything.
_NO_TEXTS = (b"", b"no name")
_TGA_FOOTER, _TGA_SIGNATURE = 26, b"TRUEVISION-XFILE"
_MOST_BLOCKS = 1_000_000  # of a GIF, each of up to 255 bytes
_GIF_LOOPS = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_GIF_XMP = b"XMP DataXMP"
_GIF_XMP_END = b"\x01\xff\xfe\xfd"  # of bytes that lead readers of blocks to the end


def _texts(*texts: bytes) -> tuple[bytes, ...]:
    stripped = (text.partition(b"\0")[0].strip() for text in texts)
    return tuple(dict.fromkeys(text for text in stripped if text not in _NO_TEXTS))


def _read_bmp(file: BinaryIO, image: Image.Image, warn: Warn) -> dict[str, Any]:
    return {"icc_profile": bmp_profile(file, warn)}


def _read_gif(file: BinaryIO, image: Image.Image, warn: Warn) -> dict[str, Any]:
    """Read XMP, and name other extensions and what follows the end. Pillow reads comments."""
    file.seek(10)
    found: dict[str, Any] = {"comments": (image.info["comment"],)} if "comment" in image.info else {}
    _skip_palette(file, file.read(3)[0])
    parts = []
    for _ in range(_MOST_BLOCKS):
        kind = file.read(1)
        if kind == b",":
            _skip_palette(file, file.read(9)[8])
            file.seek(1, 1)
            _skip_blocks(file)
        elif kind == b"!":
            label = file.read(1)
            start = file.tell()
            name = file.read(12)[1:]
            file.seek(start)
            _skip_blocks(file)
            if label == b"\xff" and name == _GIF_XMP:
                end = file.tell()
                file.seek(start + 12)
                found["xmp"] = file.read(end - start - 12).partition(_GIF_XMP_END)[0]
                file.seek(end)
            elif label == b"\xff" and name not in _GIF_LOOPS:
                parts.append(f"an extension {name.decode('latin-1')!r}")
            elif label == b"\x01":
                parts.append("a text that is to be shown")
        else:
            if kind == b";":
                parts += parts_after(file, file.tell())
            break
    warn_of_parts(parts, warn)
    return found


def _skip_palette(file: BinaryIO, flags: int) -> None:
    if flags & 128:
        file.seek(3 << (flags & 7) + 1, 1)


def _skip_blocks(file: BinaryIO) -> None:
    for _ in range(_MOST_BLOCKS):
        size = file.read(1)
        if size in (b"", b"\0"):
            return
        file.seek(size[0], 1)


def _read_jp2(file: BinaryIO, image: Image.Image, warn: Warn) -> dict[str, Any]:
    comment = image.info.get("comment")
    return {"comments": _texts(comment) if comment else (), **read_jp2(file, warn)}


def _read_netpbm(file: BinaryIO, image: Image.Image, warn: Warn) -> dict[str, Any]:
    """Read the comments of a header, and the largest value of a sample.

    Samples of one byte of which that is not 255 are read as well: Pillow takes a minute for a large photo.
    """
    file.seek(0)
    head = file.read(1 << 16)
    count = 3 if head[:2] in (b"P1", b"P4") else 4
    words: list[bytes] = []
    comments: list[bytes] = []
    for match in re.finditer(rb"#([^\r\n]*)|[^\s#]+", head):
        if match[1] is not None:
            comments.append(match[1])
        elif len(words) < count:
            words.append(match[0])
        if len(words) == count:
            break
    most = 1 if count == 3 else int(words[3])
    found = {"comments": _texts(*comments), "most": most}
    if words[0] in (b"P5", b"P6") and most < 255:
        width, height, channels = *image.size, len(image.getbands())
        file.seek(match.end() + 1)
        data = file.read(width * height * channels)
        if len(data) == width * height * channels:
            table = np.round(np.minimum(np.arange(256), most) * (255 / most)).astype(np.uint8)
            found["samples"] = table[np.frombuffer(data, np.uint8)].reshape(height, width, channels)
    return found


def _read_sgi(file: BinaryIO, image: Image.Image, warn: Warn) -> dict[str, Any]:
    file.seek(0)
    head = file.read(104)
    if head[3] == 2:
        warn("has 16 bits, of which 8 are read")
    return {"comments": _texts(head[24:])}


def _read_tga(file: BinaryIO, image: Image.Image, warn: Warn) -> dict[str, Any]:
    """Read the texts in front of the picture and behind it, and name what else is there."""
    texts = [image.info.get("id_section", b"")]
    end = file.seek(0, 2)
    file.seek(max(0, end - _TGA_FOOTER))
    footer = file.read(_TGA_FOOTER)
    if footer[8:].startswith(_TGA_SIGNATURE):
        extension, developer = struct.unpack_from("<II", footer)
        if developer:
            warn_of_parts(["data of the program that made it"], warn)
        if extension:
            file.seek(extension)
            area = file.read(495)
            lines = (area[at : at + 81].partition(b"\0")[0] for at in range(43, 367, 81))
            # author, comment, job and software
            texts += [area[2:43], b"\n".join(lines), area[379:420], area[426:467]]
            gamma, under = struct.unpack_from("<HH", area.ljust(495, b"\0"), 478)
            if under and gamma not in (0, under):
                warn(f"its gamma of {gamma / under:.2f} is left out, so its tones may look different")
    return {"comments": _texts(*texts)}


# By Pillow's name of a kind. What is read is named as in `info`; `comments` are several texts, `most` is the
# largest value of a sample, `samples` are the picture. PCX has no more than Pillow reads, and Sun raster has
# nothing but pixels.
READERS: dict[str, Callable[[BinaryIO, Image.Image, Warn], dict[str, Any]]] = {
    "BMP": _read_bmp,
    "GIF": _read_gif,
    "JPEG2000": _read_jp2,
    "PPM": _read_netpbm,
    "SGI": _read_sgi,
    "TGA": _read_tga,
}
