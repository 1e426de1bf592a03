"""The header of an OpenEXR file, and whether the file is whole, without decoding: openexr.com, file layout.

The library tells of a damaged file only once it has decoded it.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from deoldify_lite.errors import InputError
from deoldify_lite.sequence.dpx_header import exact_rate
from deoldify_lite.sequence.frame import LINEAR, Facts

_MAGIC = b"\x76\x2f\x31\x01"
_TILED, _DEEP, _PARTS = 0x200, 0x800, 0x1000  # flags beside the version
_MOST_BYTES = 1 << 24  # of all headers
# Rows in a chunk, by the number of a compression; newer ones are not known here.
_ROWS = (1, 1, 1, 16, 32, 16, 32, 32, 32, 256)
# Compressions that lose nothing, or, as PXR24, less than luma's tolerance; of the others the result has ZIP.
ZIP = 3
LOSSY = {6: "B44", 7: "B44A", 8: "DWAA", 9: "DWAB"}
_TYPES = ("uint32", "float16", "float32")
_RGB = ("R", "G", "B")

Attributes = dict[str, tuple[str, bytes]]  # type and value, by name


@dataclass(frozen=True)
class ExrHeader:
    """What is needed of a header beside what the library keeps."""

    part: int  # which part has the picture
    names: tuple[str, ...]  # of its channels: R, G and B, or Y
    compression: int
    facts: Facts


def parse_exr(path: Path, file: BinaryIO, file_bytes: int) -> ExrHeader:
    """Parse the headers of an open file, and check that it has all its chunks.

    Raises:
        InputError: it is cut short, damaged, or of a flavour that is not read.
    """
    if file.read(4) != _MAGIC:
        raise InputError(f"{path}: no OpenEXR file, though its name says so; rename or remove it")
    try:
        (flags,) = struct.unpack("<I", file.read(4))
        parts = list(_read_parts(file, has_parts=bool(flags & _PARTS)))
        if flags & _DEEP:
            raise _refused(path, "deep samples")
        part = next((at for at, one in enumerate(parts) if _picture_of(_channels_of(one))), None)
        if part is None:
            raise _refused(path, "no channels R, G and B, or Y, by these names")
        header = _header_of(path, parts[part], part)
        if not (flags & _PARTS):
            _check_chunks(path, file, parts[0], file_bytes, is_tiled=bool(flags & _TILED))
        return header
    except (struct.error, IndexError, ValueError, KeyError, ZeroDivisionError, OverflowError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: cut short or damaged in its header; copy the file anew") from error


def _read_parts(file: BinaryIO, *, has_parts: bool) -> Iterator[Attributes]:
    while True:
        attributes: Attributes = {}
        while name := _read_name(file):
            type = _read_name(file)
            (size,) = struct.unpack("<i", file.read(4))
            if not 0 <= size <= _MOST_BYTES or file.tell() > _MOST_BYTES:
                raise ValueError(name)
            value = file.read(size)
            if len(value) < size:
                raise ValueError(name)
            attributes[name] = (type, value)
        if not attributes:  # an empty header ends the list of parts
            return
        yield attributes
        if not has_parts:
            return


def _read_name(file: BinaryIO) -> str:
    name = b""
    while (letter := file.read(1)) != b"\0":
        if not letter or len(name) > 255:
            raise ValueError(name)
        name += letter
    return name.decode("utf-8", "replace")


def _channels_of(attributes: Attributes) -> dict[str, tuple[str, tuple[int, int]]]:
    """Return type and sampling of each channel, by name."""
    data = attributes["channels"][1]
    channels, at = {}, 0
    while data[at]:
        end = data.index(0, at)
        type, _, across, down = struct.unpack_from("<iIii", data, end + 1)
        channels[data[at:end].decode("utf-8", "replace")] = (_TYPES[type], (across, down))
        at = end + 17
    return channels


def _picture_of(channels: dict[str, tuple[str, tuple[int, int]]]) -> tuple[str, ...]:
    if all(name in channels for name in _RGB):
        return _RGB
    return ("Y",) if "Y" in channels else ()


def _header_of(path: Path, attributes: Attributes, part: int) -> ExrHeader:
    channels = _channels_of(attributes)
    names = _picture_of(channels)
    types = {channels[name][0] for name in names}
    if len(types) > 1 or types == {"uint32"} or any(channels[name][1] != (1, 1) for name in names):
        raise _refused(path, "channels that are whole numbers, subsampled or of several types")
    if "tiles" in attributes and attributes["tiles"][1][8] & 0xF:
        raise _refused(path, "several resolutions of its picture")
    left, top, right, bottom = struct.unpack("<4i", attributes["dataWindow"][1])
    width, height = right - left + 1, bottom - top + 1
    if not 0 < width < 1 << 20 or not 0 < height < 1 << 20:
        raise ValueError("dataWindow")
    texts = {
        name: value.decode("utf-8", "replace")
        for name, (type, value) in attributes.items()
        if type == "string" and name not in ("type", "name", "view") and len(value) < 200
    }
    if "keyCode" in attributes:
        texts["keycode"] = " ".join(map(str, struct.unpack("<7i", attributes["keyCode"][1])[:5]))
    # ffmpeg leaves it out where it knows none.
    _, ratio = attributes.get("pixelAspectRatio", ("float", struct.pack("<f", 1)))
    aspect = struct.unpack("<f", ratio)[0]
    facts = Facts(
        kind="EXR",
        width=width,
        height=height,
        channels=len(names),
        has_alpha="A" in channels,
        bits=16 if types == {"float16"} else 32,
        is_float=True,
        transfer=LINEAR,
        rate=_rate_of(attributes),
        timecode=_timecode_of(attributes),
        aspect=Fraction(aspect).limit_denominator(1000) if 0 < aspect < 1000 else None,
        texts=texts,
    )
    return ExrHeader(part, names, attributes["compression"][1][0], facts)


def _rate_of(attributes: Attributes) -> Fraction | None:
    if "framesPerSecond" not in attributes:
        return None
    above, below = struct.unpack("<iI", attributes["framesPerSecond"][1])
    return exact_rate(above / below) if above > 0 < below else None


def _timecode_of(attributes: Attributes) -> str | None:
    if "timeCode" not in attributes:
        return None
    (bits,) = struct.unpack_from("<I", attributes["timeCode"][1])
    # SMPTE ST 12-1, with flags in the bits that the tens do not need.
    hours, minutes, seconds, frames = (
        10 * (bits >> at + 4 & mask) + (bits >> at & 0xF) for at, mask in ((24, 3), (16, 7), (8, 7), (0, 3))
    )
    if hours > 23 or minutes > 59 or seconds > 59:
        return None
    return f"{hours:02}:{minutes:02}:{seconds:02}{';' if bits & 0x40 else ':'}{frames:02}"


def _check_chunks(
    path: Path, file: BinaryIO, attributes: Attributes, file_bytes: int, *, is_tiled: bool
) -> None:
    """Check that the chunk that lies last is whole. The table of chunks follows the header."""
    left, top, right, bottom = struct.unpack("<4i", attributes["dataWindow"][1])
    compression = attributes["compression"][1][0]
    if is_tiled:
        across, down = struct.unpack_from("<II", attributes["tiles"][1])
        count = -(-(right - left + 1) // across) * -(-(bottom - top + 1) // down)
    elif compression < len(_ROWS):
        count = -(-(bottom - top + 1) // _ROWS[compression])
    else:
        return
    table = file.read(8 * count) if 8 * count <= file_bytes else b""
    offsets = struct.unpack(f"<{count}Q", table) if len(table) == 8 * count else (0,)
    leader = 16 if is_tiled else 4  # coordinates
    last = max(offsets)
    file.seek(min(last + leader, file_bytes))
    size = file.read(4)
    if 0 in offsets or len(size) < 4 or last + leader + 4 + struct.unpack("<i", size)[0] > file_bytes:
        raise InputError(f"{path}: cut short: not all of its picture is there; copy the file anew")


def _refused(path: Path, what: str) -> InputError:
    return InputError(
        f"{path}: an OpenEXR file with {what}, which is not read. Save it as one flat picture with the "
        "channels R, G and B, or Y, as half or float"
    )
