"""Files that Pillow refuses though their pixels are all there: mended in memory, for a second try."""

import io
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from typing import BinaryIO

from PIL import ImageChops

from deoldify_lite.photo.attached import end_of_jpeg
from deoldify_lite.photo.limits import MAX_SIDE_PX, open_image
from deoldify_lite.photo.png import COLOR_CHUNKS, SIGNATURE, as_chunk

_END = b"\xff\xd9"  # of a JPEG
# Where a JPEG lacks pixels, these are taken for some.
_NO_PIXELS = bytes(range(1, 201)) + _END
# A whole JPEG has less: each block of 64 samples takes at least two bits, and colours are half as wide.
_MOST_PIXELS_A_BYTE = 512
# Chunks that change what pixels look like; all others beside pixels only describe them.
_OF_PIXELS = (b"tRNS", b"pHYs", b"sBIT", *COLOR_CHUNKS)


def ended(file: BinaryIO) -> tuple[io.BytesIO, int]:
    """Put an end to an open JPEG or PNG that was cut off.

    Returns:
        A copy that can be decoded, and how many upper rows are as they were; 0 if that is not known.

    Raises:
        ValueError: it is of another kind, or nothing of its picture is there.
    """
    file.seek(0)
    data = file.read()
    if data.startswith(b"\xff\xd8"):
        copy, rows = _jpeg_with_end(data)
    elif data.startswith(SIGNATURE):
        copy, rows = _png_with_end(data)
    else:
        raise ValueError("of this kind no end is known")
    with open_image(copy, ("JPEG", "PNG")) as image:
        darkest, brightest = image.convert("L").getextrema()
        if darkest == brightest:
            raise ValueError("nothing of its picture can be read")
    return io.BytesIO(copy.getvalue()), rows


def _jpeg_with_end(data: bytes) -> tuple[io.BytesIO, int]:
    data = data.rstrip(b"\0") if data.endswith(bytes(16)) else data
    copies = [io.BytesIO(data + end) for end in (_END, _NO_PIXELS)]
    with open_image(copies[0], ("JPEG",)) as image, open_image(copies[1], ("JPEG",)) as other:
        box = ImageChops.difference(image, other).getbbox(alpha_only=False)
        rows = box[1] if box else image.height
        return io.BytesIO(copies[0].getvalue()), 0 if image.info.get("progressive") else rows


def _png_with_end(data: bytes) -> tuple[io.BytesIO, int]:
    """Fill the pixels that a PNG lacks with black."""
    chunks = list(_chunks(data))
    _, header, is_good = chunks[0]
    width, height, bits, color, _, _, interlaced = struct.unpack(">IIBBBBB", header[8:21])
    if not is_good or width * height > MAX_SIDE_PX**2:
        raise ValueError("its header is damaged")
    row = 1 + (width * bits * {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[color] + 7) // 8
    parts = [chunk for kind, chunk, _ in chunks if kind == b"IDAT"]
    packed = b"".join(part[8 : 8 + int.from_bytes(part[:4], "big")] for part in parts)
    unpacker, rows = zlib.decompressobj(), bytearray()
    with suppress(zlib.error):
        for at in range(0, len(packed), 1024):  # block by block, up to the damage
            rows += unpacker.decompress(packed[at : at + 1024], max(1, height * row - len(rows)))
    if len(rows) < row:
        raise ValueError("nothing of its picture can be read")
    others = [chunk for kind, chunk, is_good in chunks if is_good and kind not in (b"IDAT", b"IEND")]
    pixels = as_chunk(b"IDAT", zlib.compress(rows[: height * row].ljust(height * row, b"\0"), 1))
    copy = io.BytesIO(SIGNATURE + b"".join([*others, pixels, as_chunk(b"IEND", b"")]))
    return copy, 0 if interlaced else len(rows) // row


def mended(file: BinaryIO) -> Iterator[tuple[io.BytesIO, str]]:
    """Yield copies of an open file in which all pixels are kept, and what was wrong; at first the fullest."""
    file.seek(0)
    data = file.read()
    if data.startswith(b"\xff\xd8"):
        yield from _ended_jpeg(data)
    elif data.startswith(SIGNATURE):
        yield from _png_of_good_chunks(data)


def is_cut(file: BinaryIO) -> bool:
    """Whether an open JPEG ends with nothing but zeros, as disks and cards leave it, and without its mark.

    Decoders take zeros for pixels, and say nothing. What is appended, such as a video, may end so, too.
    """
    stopped = file.tell()  # where its decoder stopped is asked for later
    file.seek(max(0, file.seek(0, 2) - 16))
    is_empty = not any(file.read())
    if is_empty:
        file.seek(0)
        is_empty = end_of_jpeg(file.read(), 0) is None
    file.seek(stopped)
    return is_empty


def _ended_jpeg(data: bytes) -> Iterator[tuple[io.BytesIO, str]]:
    """A JPEG that lacks only its end: whatever comes instead makes no difference to its pixels."""
    start = data.rstrip(b"\0") if data.endswith(bytes(16)) else data  # what cards and disks fill up with
    # Its last bytes may be zeros themselves, or half of the mark.
    for all_pixels in (start, start + b"\0", start + b"\0\0", start.removesuffix(b"\xff")):
        ended, other = (io.BytesIO(all_pixels + end) for end in (_END, _NO_PIXELS))
        with suppress(Exception), open_image(ended, ("JPEG",)) as image, open_image(other, ("JPEG",)) as same:
            if image.width * image.height > _MOST_PIXELS_A_BYTE * len(data):
                return
            if ImageChops.difference(image, same).getbbox(alpha_only=False) is None:
                yield io.BytesIO(all_pixels + _END), "it lacks the mark of its end; its pixels are all there"
                return


def _png_of_good_chunks(data: bytes) -> Iterator[tuple[io.BytesIO, str]]:
    chunks = list(_chunks(data))
    bad = [kind for kind, _, is_good in chunks if not is_good and _is_optional(kind)]
    if bad:
        good = (chunk for kind, chunk, is_good in chunks if is_good or not _is_optional(kind))
        yield _png(good), f"PNG chunks with a wrong checksum are left out: {_named(bad)}"
    others = [kind for kind, _, _ in chunks if _is_optional(kind) and kind not in _OF_PIXELS]
    if others:
        needed = (chunk for kind, chunk, _ in chunks if not _is_optional(kind) or kind in _OF_PIXELS)
        yield _png(needed), f"PNG chunks that are damaged or too large are left out: {_named(others)}"


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes, bool]]:
    """The kind of each whole chunk of a PNG, its bytes, and whether they agree with its checksum."""
    at = len(SIGNATURE)
    while at + 12 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        chunk = data[at : at + 12 + length]
        yield kind, chunk, chunk[8 + length :] == struct.pack(">I", zlib.crc32(chunk[4 : 8 + length]))
        at += 12 + length


def _png(chunks: Iterator[bytes]) -> io.BytesIO:
    return io.BytesIO(SIGNATURE + b"".join(chunks))


def _is_optional(kind: bytes) -> bool:
    return bool(kind[0] & 32)  # a small letter


def _named(kinds: list[bytes]) -> str:
    return ", ".join(sorted({kind.decode("latin-1") for kind in kinds}))
