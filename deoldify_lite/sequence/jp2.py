"""JPEG 2000 as frames: read and written without loss by imagecodecs; boxes and comments stay.

A file is a codestream alone, or one among boxes (ISO/IEC 15444-1, annex I).
"""

import importlib
import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.errors import InputError
from deoldify_lite.photo.boxes import Box, boxes_of
from deoldify_lite.sequence.frame import Facts, Frame
from deoldify_lite.system.files import atomic_path

_SIGNATURE = b"\0\0\0\x0cjP  \r\n\x87\n"
# Markers of a codestream.
_START, _SIZE, _COMMENT, _TILE, _END = (bytes((0xFF, code)) for code in (0x4F, 0x51, 0x64, 0x90, 0xD9))
_CINEMA = (3, 4, 5, 6, 7)  # profiles
_BY_NUMBER, _SRGB, _GREY = 1, 16, 17  # of a box that tells the colour space
_BITS = (8, 10, 12, 16)  # of a sample, as scanners give them and films can have them
_MOST_HEADER = 1 << 20  # bytes of a codestream in front of its tiles
_REMEDY = "Convert the sequence to TIFF: ffmpeg -i reel/%07d.jp2 tiff/%07d.tif"


@dataclass(frozen=True)
class Jp2Rest:
    """What a file holds beside its picture."""

    boxes: bytes = b""  # the file up to the body of the box with the codestream; empty of a codestream alone
    tail: bytes = b""  # all boxes behind it
    comments: bytes = b""  # segments of the codestream, with their markers


@dataclass(frozen=True)
class _Layout:
    """Where in a file the codestream is, and what stands in front of the picture."""

    facts: Facts
    start: int
    end: int
    comments: bytes


def look_jp2(path: Path) -> Facts:
    """See `frames.look`."""
    _library(path)
    with open(path, "rb") as file:
        return _layout_of(path, file, path.stat().st_size).facts


def read_jp2(path: Path) -> Frame:
    """See `frames.read`."""
    codecs = _library(path)
    data = path.read_bytes()
    layout = _layout_of(path, io.BytesIO(data), len(data))
    facts = layout.facts
    try:
        samples = codecs.jpeg2k_decode(data[layout.start : layout.end], numthreads=1)
    except (RuntimeError, ValueError) as error:
        raise InputError(f"{path}: damaged ({error}); copy the file anew") from error
    channels = facts.channels + facts.has_alpha
    samples = samples.reshape(*samples.shape[:2], -1)
    if samples.shape != (facts.height, facts.width, channels):
        raise InputError(f"{path}: damaged: its header tells of another picture; copy the file anew")
    alpha = np.ascontiguousarray(samples[..., 3]) if facts.has_alpha else None
    pixels = np.ascontiguousarray(samples[..., : facts.channels])
    rest = Jp2Rest(data[: layout.start], data[layout.end :], layout.comments)
    return Frame(path, facts, pixels, alpha, rest)


def write_jp2(path: Path, frame: Frame) -> tuple[str, ...]:
    """See `frames.write`."""
    codecs = _library(path)
    rest: Jp2Rest = frame.source
    samples = frame.pixels if frame.alpha is None else np.dstack([frame.pixels, frame.alpha])
    codestream = codecs.jpeg2k_encode(
        samples.squeeze(2) if samples.shape[2] == 1 else samples,
        level=0,  # without loss
        reversible=True,
        codecformat="j2k",
        bitspersample=frame.facts.bits,
        numthreads=1,
    )
    own, at = _segments_of(codestream)  # the encoder's comment gives way to the file's
    kept = [segment for segment in own if segment[:2] != _COMMENT]
    codestream = b"".join((_START, *kept, rest.comments, codestream[at:]))
    pieces: tuple[bytes, ...] = (codestream,)
    warnings: tuple[str, ...] = ()
    if rest.boxes:
        boxes, left_out = _boxes_for(rest.boxes, frame.pixels.shape[2])
        pieces = (boxes, struct.pack(">I4s", 8 + len(codestream), b"jp2c"), codestream, rest.tail)
        if left_out:
            warnings = ("its colour profile, of grey, is left out; the result is in sRGB",)
    with atomic_path(path) as part, open(part, "wb") as file:
        file.writelines(pieces)
    return warnings


def new_jp2(path: Path, pixels: NDArray[Any], bits: int) -> Frame:
    """See `frames.new_frame`."""
    if bits not in _BITS:
        raise InputError(f"{path}: JPEG 2000 of 8, 10, 12 or 16 bits is written, not of {bits}")
    height, width = pixels.shape[:2]
    boxes = b""
    if path.suffix.lower() == ".jp2":
        header = _box(b"ihdr", struct.pack(">IIHBBBB", height, width, 3, bits - 1, 7, 0, 0))
        header += _box(b"colr", struct.pack(">BBBI", _BY_NUMBER, 0, 0, _SRGB))
        boxes = _SIGNATURE + _box(b"ftyp", b"jp2 \0\0\0\0jp2 ") + _box(b"jp2h", header) + _box(b"jp2c", b"")
    return Frame(path, Facts("JPEG 2000", width, height, 3, False, bits), pixels, source=Jp2Rest(boxes))


def _layout_of(path: Path, file: BinaryIO, size: int) -> _Layout:
    """Find the codestream and read its header.

    Raises:
        InputError: it is cut short, damaged, or holds what is not read.
    """
    head = file.read(len(_SIGNATURE))
    start, end = 0, size
    if head == _SIGNATURE:
        start, end = _codestream_in(path, file, size)
    elif head[:2] != _START:
        raise InputError(f"{path}: no JPEG 2000, though its name says so; rename or remove it")
    file.seek(max(start, end - 64))
    # Some writers fill up with zeros.
    if not file.read(end - file.tell()).rstrip(b"\0").endswith(_END):
        raise InputError(f"{path}: cut short: not all of its picture is there; copy the file anew")
    file.seek(start)
    segments, _ = _segments_of(file.read(min(end - start, _MOST_HEADER)))
    if not segments or segments[0][:2] != _SIZE or len(segments[0]) < 43:
        raise InputError(f"{path}: damaged in its header; copy the file anew")
    facts = _facts_of(path, segments[0])
    return _Layout(facts, start, end, b"".join(one for one in segments if one[:2] == _COMMENT))


def _facts_of(path: Path, segment: bytes) -> Facts:
    """Read the segment that tells the size."""
    profile, right, bottom, left, top = struct.unpack_from(">HIIII", segment, 4)
    (count,) = struct.unpack_from(">H", segment, 38)
    samples = [segment[at : at + 3] for at in range(40, min(40 + 3 * count, len(segment)), 3)]
    depths = {one[0] for one in samples}
    bits = max(depths, default=0) + 1
    sorts = {
        "colours of digital cinema (XYZ)": profile in _CINEMA,
        f"{count} channels": count not in (1, 3, 4) or len(samples) != count,
        "channels of several depths": len(depths) > 1,
        "signed samples": bits > 128,
        f"{bits} bits": bits not in _BITS,
        "channels of several sizes": any(one[1:] != b"\1\1" for one in samples),
    }
    for sort, is_there in sorts.items():
        if is_there:
            raise InputError(f"{path}: a JPEG 2000 with {sort}, which is not read. {_REMEDY}")
    return Facts("JPEG 2000", right - left, bottom - top, min(count, 3), count == 4, bits)


def _codestream_in(path: Path, file: BinaryIO, size: int) -> tuple[int, int]:
    """Find the codestream among boxes."""
    found = [box for box in boxes_of(file) if box.kind in (b"jp2h", b"jp2c")]
    streams = [box for box in found if box.kind == b"jp2c"]
    if not streams:
        raise InputError(f"{path}: cut short; copy the file anew")
    if len(streams) > 1 or found[0].kind != b"jp2h":
        raise InputError(f"{path}: a JPEG 2000 with several pictures, which is not read. {_REMEDY}")
    file.seek(found[0].start)
    header = file.read(min(found[0].end - found[0].start, _MOST_HEADER))
    for box in boxes_of(header):
        if sort := _unread(box.kind, header[box.start : box.end]):
            raise InputError(f"{path}: a JPEG 2000 with {sort}, which is not read. {_REMEDY}")
    return streams[0].start, streams[0].end


def _unread(kind: bytes, body: bytes) -> str:
    """Return what is not read of a box that tells of the picture; empty if it is."""
    if kind == b"pclr":
        return "a palette"
    if kind == b"colr" and body[:1] == bytes([_BY_NUMBER]):
        number = int.from_bytes(body[3:7], "big")
        return "" if number in (_SRGB, _GREY) else f"colours of the space {number}"
    if kind == b"colr":
        space = body[19:23].decode("latin-1").strip()  # of the profile
        return "" if space in ("RGB", "GRAY") else f"colours of a profile for {space or 'no known space'}"
    if kind == b"cdef":  # the channel, its sort (0: colour) and the colour that it stands for
        channels = struct.iter_unpack(">HHH", body[2 : 2 + (len(body) - 2) // 6 * 6])
        if any(not sort and stands_for != number + 1 for number, sort, stands_for in channels):
            return "channels in another order"
    return ""


def _segments_of(codestream: bytes) -> tuple[list[bytes], int]:
    """Return the segments in front of the tiles, each with its marker, and where these begin."""
    segments, at = [], len(_START)
    while at + 4 <= len(codestream) and codestream[at : at + 2] != _TILE:
        end = at + 2 + int.from_bytes(codestream[at + 2 : at + 4], "big")
        segments.append(codestream[at:end])
        at = end
    return segments, at


def _boxes_for(boxes: bytes, channels: int) -> tuple[bytes, bool]:
    """Return what stands in front of the codestream's box, and whether a profile of grey was left out."""
    pieces: list[bytes] = []
    left_out = False
    for box, whole in _whole_boxes(boxes):
        if box.kind == b"jp2h" and channels == 3:
            header, left_out = _header_in_color(boxes[box.start : box.end])
            pieces.append(_box(b"jp2h", header))
        elif box.kind != b"jp2c":
            pieces.append(whole)
    return b"".join(pieces), left_out


def _header_in_color(header: bytes) -> tuple[bytes, bool]:
    """Return the boxes that tell of a picture for RGB, and whether a profile of grey was left out."""
    found = [*_whole_boxes(header)]
    size = next((header[box.start : box.end] for box, _ in found if box.kind == b"ihdr"), b"")
    if size[8:10] != b"\0\1":  # the number of channels
        return header, False
    pieces = [_box(b"ihdr", size[:8] + b"\0\3" + size[10:])]
    pieces.append(_box(b"colr", struct.pack(">BBBI", _BY_NUMBER, 0, 0, _SRGB)))
    # These tell of channels that are no longer there.
    pieces += [whole for box, whole in found if box.kind not in (b"ihdr", b"colr", b"bpcc", b"cdef")]
    left_out = any(box.kind == b"colr" and header[box.start] != _BY_NUMBER for box, _ in found)
    return b"".join(pieces), left_out


def _whole_boxes(data: bytes) -> Iterator[tuple[Box, bytes]]:
    start = 0
    for box in boxes_of(data):
        yield box, data[start : box.end]
        start = box.end


def _box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def _library(path: Path) -> Any:
    if find_spec("imagecodecs") is None:
        raise InputError(
            f"{path}: to read and write JPEG 2000 run: pip install imagecodecs   (or all formats: "
            'pip install "deoldify_lite[formats]")'
        )
    return importlib.import_module("imagecodecs")
