"""PNG: encoded strip by strip, and chunks beside the pixels read as they are.

Encoded with a fixed filter and run-length matching alone, as OpenCV does: several times as fast as Pillow,
and photos become no larger by it.
"""

import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

import numpy as np

from deoldify_lite.photo.attached import parts_after, warn_of_parts
from deoldify_lite.photo.iptc import PNG_KEYWORD, iptc_of_png_text, png_text_of_iptc
from deoldify_lite.photo.photo import Photo
from deoldify_lite.photo.samples import Samples, strips_of, with_alpha
from deoldify_lite.system.library_warnings import Warn

SIGNATURE = b"\x89PNG\r\n\x1a\n"
XMP_KEYWORD = b"XML:com.adobe.xmp"
TEXTS = (b"tEXt", b"zTXt", b"iTXt")
# What colours the numbers stand for, if there is no profile.
COLOR_CHUNKS = (b"gAMA", b"cHRM", b"sRGB", b"cICP")
# EXIF and XMP as ImageMagick writes them; Pillow reads them, and they are written in today's form.
_OTHER_FORMS = tuple(b"Raw profile type " + kind for kind in (b"exif", b"APP1", b"xmp"))
# How pixels are stored and shown, animated or changed last: written anew, told of elsewhere, or of no use.
_STORAGE = (
    *(b"IHDR", b"PLTE", b"IDAT", b"tRNS", b"pHYs", b"iCCP", b"eXIf", b"acTL", b"fcTL", b"fdAT"),
    *(b"bKGD", b"hIST", b"sBIT", b"iDOT", b"tIME"),
)
_MOST_BYTES = 1 << 26  # of all chunks together
_MOST_NAMES = 20  # in a warning

Chunk = tuple[bytes, bytes]  # kind, body


def read_chunks(file: BinaryIO, warn: Warn) -> tuple[Chunk, ...]:
    """Read the chunks of an open PNG that stay true, in their order, without XMP, profile and EXIF.

    These are texts, colours, and all that say of themselves that they may be copied whatever happens to the
    pixels. That includes chunks after the pixels. Of a damaged file, chunks before the damage are returned.

    Args:
        file: the photo.
        warn: takes a warning that names the others, and what follows the end of the PNG.
    """
    file.seek(len(SIGNATURE))
    chunks: list[Chunk] = []
    lost: list[str] = []
    total = 0
    while len(head := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", head)
        if kind == b"IEND":
            warn_of_parts(parts_after(file, file.tell() + length + 4), warn)
            break
        if kind in _STORAGE or not _may_be_copied(kind) or total + length > _MOST_BYTES:
            if kind not in _STORAGE:
                lost.append(kind.decode("latin-1"))
            file.seek(length + 4, 1)
            continue
        body = file.read(length)
        if file.read(4) != struct.pack(">I", zlib.crc32(kind + body)):
            warn(f"PNG chunks with a wrong checksum are left out: {kind.decode()}")
            continue
        keyword = body.partition(b"\0")[0]
        if keyword != XMP_KEYWORD and keyword not in _OTHER_FORMS:
            chunks.append((kind, body))
            total += length
    if lost:
        names = ", ".join(dict.fromkeys(lost[:_MOST_NAMES]))
        warn(f"these chunks of the PNG are left out, as they may no longer be true: {names}")
    return tuple(chunks)


def _may_be_copied(kind: bytes) -> bool:
    """Whether a chunk is kept: the last letter of an optional one is small if it does not hang on pixels."""
    return kind in COLOR_CHUNKS or bool(kind[0] & kind[3] & 32)


def without_animation(data: bytes) -> bytes:
    """Return a PNG without further frames: its first picture need not be one of them, and decoders differ."""
    if b"acTL" not in data[: data.find(b"IDAT")]:
        return data
    kept, at = [SIGNATURE], len(SIGNATURE)
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind not in (b"acTL", b"fcTL", b"fdAT"):
            kept.append(data[at : at + length + 12])
        at += length + 12
    return b"".join(kept)


def take_iptc(chunks: tuple[Chunk, ...]) -> tuple[tuple[Chunk, ...], bytes | None]:
    """Return the chunks without the one that holds an IPTC record, and the record."""
    for chunk in chunks:
        if chunk[1].startswith(PNG_KEYWORD + b"\0") and (record := iptc_of_png_text(chunk[1])):
            return tuple(other for other in chunks if other is not chunk), record
    return chunks, None


def encode_png(photo: Photo) -> Iterator[bytes]:
    """Encode a photo at its depth, piece by piece; memory beside its pixels does not grow with them."""
    rgb, alpha = photo.rgb, photo.alpha
    height, width = rgb.shape[:2]
    yield SIGNATURE
    yield as_chunk(
        b"IHDR", struct.pack(">IIBBBBB", width, height, 8 * rgb.itemsize, 2 if alpha is None else 6, 0, 0, 0)
    )
    if photo.icc:
        yield as_chunk(b"iCCP", b"ICC profile\0\0" + zlib.compress(photo.icc))
    if photo.dpi:
        yield as_chunk(b"pHYs", struct.pack(">IIB", *(round(one / 0.0254) for one in photo.dpi), 1))
    if photo.exif:
        yield as_chunk(b"eXIf", photo.exif)
    if photo.xmp:
        yield as_chunk(b"iTXt", XMP_KEYWORD + b"\0\0\0\0\0" + photo.xmp)
    if photo.iptc:
        yield as_chunk(b"zTXt", png_text_of_iptc(photo.iptc))
    for comment in photo.comments:
        yield as_chunk(*_text_of(comment))
    for kind, body in photo.chunks:
        if not (photo.icc and kind in COLOR_CHUNKS):
            yield as_chunk(kind, body)
    packer = zlib.compressobj(1, zlib.DEFLATED, 15, 8, zlib.Z_RLE)
    for strip in strips_of(height, width):
        packed = packer.compress(_filtered(rgb[strip], None if alpha is None else alpha[strip]))
        if packed:
            yield as_chunk(b"IDAT", packed)
    yield as_chunk(b"IDAT", packer.flush())
    yield as_chunk(b"IEND", b"")


def _filtered(rgb: Samples, alpha: Samples | None) -> bytes:
    """Rows of a PNG by filter 1: each byte less the one of the pixel to the left."""
    height = rgb.shape[0]
    pixels = with_alpha(rgb, alpha)
    step = pixels.shape[2] * pixels.itemsize
    rows = np.ascontiguousarray(pixels, pixels.dtype.newbyteorder(">")).view(np.uint8).reshape(height, -1)
    result = np.empty((height, 1 + rows.shape[1]), np.uint8)
    result[:, 0] = 1
    result[:, 1 : 1 + step] = rows[:, :step]
    np.subtract(rows[:, step:], rows[:, :-step], out=result[:, 1 + step :])
    return result.tobytes()


def _text_of(comment: bytes) -> Chunk:
    try:
        text = comment.decode("utf-8")
        text.encode("latin-1")
    except UnicodeDecodeError:
        return b"tEXt", b"Comment\0" + comment.replace(b"\0", b"")
    except UnicodeEncodeError:
        return b"iTXt", b"Comment\0\0\0\0\0" + comment
    return b"tEXt", b"Comment\0" + text.encode("latin-1").replace(b"\0", b"")


def as_chunk(kind: bytes, body: bytes) -> bytes:
    """Return a chunk as it stands in a file."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
