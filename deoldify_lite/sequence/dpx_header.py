"""The header of a DPX, SMPTE ST 268-1: what it says, and the few fields that change when grey becomes RGB.

All other bytes of a file stay as they are, known to us or not. No library does that: OpenImageIO 3.2 opens
none that lack the headers for film and television, always writes little-endian words, and writes what it
knows of the header anew.
"""

import math
import re
import struct
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

from deoldify_lite.errors import InputError
from deoldify_lite.photo.samples import QUARTER_TURNS
from deoldify_lite.sequence.frame import DISPLAY, LINEAR, LOG, Facts
from deoldify_lite.sequence.packing import FILLED_B, PACKED, Packing, size_of

HEADER_BYTES = 2048  # of a usual file; those for film and television are optional
_LEAST_BYTES = 816  # up to the place of the first element
_MAGIC = {b"SDPX": ">", b"XPDS": "<"}
_UNDEFINED = 0xFFFFFFFF
# Places of fields.
_OFFSET, _FILE_SIZE, _ORIENTATION, _ELEMENT = 4, 16, 768, 780
_DESCRIPTOR = 800
_FILM_RATE, _TV_RATE, _TIMECODE, _ASPECT = 1724, 1940, 1920, 1628
_POSITION = 1712  # of the frame in its sequence
# Where there are numbers that a new header does not tell.
_NUMBERS = ((660, 664), (1408, 1432), (1628, 1636), (1712, 1728), (1920, 1928), (1932, 1972))
_TEXTS = {
    "file name": (36, 100),
    "creator": (160, 100),
    "project": (260, 200),
    "copyright": (460, 200),
    "input device": (1556, 32),
    "keycode": (1664, 16),
    "film format": (1680, 32),
    "frame id": (1728, 32),
    "slate": (1760, 100),
}
_KEYCODE = (2, 2, 2, 6, 4)  # letters of its parts: manufacturer, film, offset in perforations, prefix, count
# Channels by descriptor. Scanners of one colour call it luma, or one of red, green and blue.
_RED, _GREEN, _BLUE, _LUMA, _RGB, _RGBA, _ABGR = 1, 2, 3, 6, 50, 51, 52
_CHANNELS = {_RED: 1, _GREEN: 1, _BLUE: 1, _LUMA: 1, _RGB: 3, _RGBA: 4, _ABGR: 4}
_WORDS = {
    4: "alpha alone", 7: "colour differences alone", 8: "depth", 9: "composite video",
    100: "YCbCr 4:2:2", 101: "YCbCrA 4:2:2", 102: "YCbCr 4:4:4", 103: "YCbCrA 4:4:4",
}  # fmt: skip
# Transfer characteristics, and colorimetrics of the same numbers: density of a print, light, logarithm.
_PRINTING_DENSITY, _LINEAR, _LOGARITHMIC = 1, 2, 3
# With fewer bits, light itself would show steps in the shadows; what says it is linear there is not.
_LEAST_LINEAR_BITS = 12
# EXIF's numbers for the eight orientations.
_TURNS = (1, 2, 4, 3, 5, 6, 8, 7)
_LEAST_RATE = 8  # frames a second; some programs write 1 where they know of none
# Who packs 10 bits without beginning a word for each row, though the header cannot say so.
_UNPADDED = {"input device": "Scanity", "creator": "Lasergraphics Inc."}


@dataclass(frozen=True)
class DpxHeader:
    """A header, and where the picture is."""

    head: bytes  # all bytes before the picture
    order: str  # of bytes: "<" or ">"
    columns: int  # as stored
    rows: int
    descriptor: int
    packing: Packing
    turn: int  # EXIF's number for how the samples are to be turned
    facts: Facts

    @property
    def channels(self) -> int:
        """Samples of a pixel."""
        return _CHANNELS[self.descriptor]

    @property
    def reverses(self) -> bool:
        """Whether alpha comes first and red last."""
        return self.descriptor == _ABGR

    @property
    def size(self) -> int:
        """Bytes of the picture."""
        return size_of(self.packing, self.rows, self.columns * self.channels)


def parse_header(path: Path, head: bytes, file_bytes: int) -> DpxHeader:
    """Parse the header of a file.

    Args:
        path: names it in errors.
        head: the first `HEADER_BYTES` of the file, or all that there are; more do no harm.
        file_bytes: its size.

    Raises:
        InputError: it is cut short, damaged, or of a flavour that is not read.
    """
    order = _MAGIC.get(head[:4], "")
    if not order:
        raise InputError(f"{path}: no DPX, though its name says so; rename or remove it")
    if len(head) < _LEAST_BYTES:
        raise _cut_short(path, file_bytes, _LEAST_BYTES)

    def number(at: int, letter: str = "I") -> int:
        return int(struct.unpack_from(order + letter, head, at)[0])

    elements, columns, rows = number(_ORIENTATION + 2, "H"), number(772), number(776)
    descriptor, transfer, colorimetric, bits = head[_DESCRIPTOR : _DESCRIPTOR + 4]
    method, encoding, offset, row_padding = struct.unpack_from(f"{order}HHII", head, _DESCRIPTOR + 4)
    if elements not in (0, 1):
        raise _refused(path, f"{elements} picture elements, channels each for itself")
    if descriptor not in _CHANNELS:
        raise _refused(path, _WORDS.get(descriptor, f"picture elements of kind {descriptor}"))
    if bits not in (8, 10, 12, 16) or method > FILLED_B or number(_ELEMENT):
        sort = "signed " if number(_ELEMENT) == 1 else ""
        raise _refused(path, f"{sort}samples of {bits} bits in packing {method}")
    if encoding:
        raise _refused(path, "run-length encoding")
    if offset in (0, _UNDEFINED):
        offset = number(_OFFSET)
    if not 0 < columns < 1 << 20 or not 0 < rows < 1 << 20 or not _LEAST_BYTES <= offset < _UNDEFINED:
        raise InputError(f"{path}: its header is damaged; copy the file anew")
    turn = _TURNS[min(number(_ORIENTATION, "H"), 8) % 8]
    texts = _texts_of(head[:offset])
    channels = _CHANNELS[descriptor]
    padding = row_padding if 0 < row_padding < 1 << 16 else 0
    usual = Packing(bits, method, order, row_padding=padding)
    is_whole = number(_FILE_SIZE) in (file_bytes, 0, _UNDEFINED)
    samples = columns * channels
    packing = _packing_of(usual, rows, samples, file_bytes - offset, texts, is_whole=is_whole)
    need = size_of(packing, rows, samples)
    if offset + need > file_bytes:
        raise _cut_short(path, file_bytes, offset + need)
    swaps = turn in QUARTER_TURNS
    facts = Facts(
        kind="DPX",
        width=rows if swaps else columns,
        height=columns if swaps else rows,
        channels=min(channels, 3),
        has_alpha=channels == 4,
        bits=bits,
        transfer=_transfer_of(transfer, colorimetric, bits, texts),
        packing=str(packing),
        rate=_rate_of(head[:offset], order),
        timecode=_timecode_of(head[:offset], order),
        aspect=_aspect_of(head[:offset], order),
        texts=texts,
    )
    return DpxHeader(head[:offset], order, columns, rows, descriptor, packing, turn, facts)


def for_color(header: DpxHeader) -> DpxHeader:
    """Return the header of the same file in RGB."""
    if header.channels > 1:
        return header
    head = bytearray(header.head)
    head[_DESCRIPTOR] = _RGB
    return replace(header, head=bytes(head), descriptor=_RGB)


def at_place(header: DpxHeader, timecode: str | None, frames: int) -> DpxHeader:
    """Return the header of a frame so many frames later.

    Args:
        header: of a frame that is shown there, too.
        timecode: of the later frame; None leaves what is there.
        frames: how many later.
    """
    head = bytearray(header.head)
    position = _field(header.head, _POSITION, f"{header.order}I")
    if position and position[0] != _UNDEFINED and 0 <= position[0] + frames < _UNDEFINED:
        struct.pack_into(f"{header.order}I", head, _POSITION, int(position[0]) + frames)
    if timecode:
        struct.pack_into(f"{header.order}I", head, _TIMECODE, _timecode_word(timecode))
    facts = replace(header.facts, timecode=timecode or header.facts.timecode)
    return replace(header, head=bytes(head), facts=facts)


def with_size(header: DpxHeader, file_bytes: int) -> bytes:
    """Return the bytes before the picture, with the size of the whole file."""
    head = bytearray(header.head)
    struct.pack_into(f"{header.order}I", head, _FILE_SIZE, min(file_bytes, _UNDEFINED))
    return bytes(head)


def make_header(
    name: str,
    columns: int,
    rows: int,
    bits: int,
    *,
    rate: Fraction | None,
    timecode: str | None,
    aspect: Fraction | None = None,
) -> DpxHeader:
    """Make the header of a new picture in RGB: big-endian, 10 and 12 bits filled A, as most programs take it.

    Args:
        name: of the file.
        columns: width in pixels.
        rows: height in pixels.
        bits: 8, 10, 12 or 16.
        rate: frames a second.
        timecode: of the frame.
        aspect: of a pixel, width / height; None: square.
    """
    # Undefined are all ones, in numbers; texts are empty.
    head = bytearray(HEADER_BYTES)
    for start, end in _NUMBERS:
        head[start:end] = b"\xff" * (end - start)
    method = PACKED if bits in (8, 16) else 1
    struct.pack_into(">4sI8s", head, 0, b"SDPX", HEADER_BYTES, b"V2.0")
    struct.pack_into(">5I", head, 20, 1, 1664, 384, 0, 0)
    _put_text(head, "file name", name)
    _put_text(head, "creator", "deoldify_lite")
    struct.pack_into(">HHII", head, _ORIENTATION, 0, 1, columns, rows)
    top = (1 << bits) - 1
    struct.pack_into(">IIfIf", head, _ELEMENT, 0, 0, math.nan, top, math.nan)
    # Transfer and primaries: BT.709, as screens take it.
    struct.pack_into(">4BHHIII", head, _DESCRIPTOR, _RGB, 6, 6, bits, method, 0, HEADER_BYTES, 0, 0)
    struct.pack_into(">II", head, _ASPECT, *(aspect or Fraction(1)).as_integer_ratio())
    if rate:
        struct.pack_into(">f", head, _FILM_RATE, float(rate))
        struct.pack_into(">f", head, _TV_RATE, float(rate))
    if timecode and len(re.sub(r"\D", "", timecode)) == 8:
        struct.pack_into(">I", head, _TIMECODE, _timecode_word(timecode))
    packing = Packing(bits, method, ">")
    facts = Facts(
        *("DPX", columns, rows, 3, False, bits),
        packing=str(packing),
        rate=rate,
        timecode=timecode,
        aspect=aspect,
    )
    return DpxHeader(bytes(head), ">", columns, rows, _RGB, packing, 1, facts)


def _timecode_word(timecode: str) -> int:
    """Return a timecode as DPX has it: four bits a digit, and drop-frame in a bit that frames do not need."""
    return int(re.sub(r"\D", "", timecode), 16) | (0x40 if timecode[-3] in ";." else 0)


def _put_text(head: bytearray, name: str, text: str) -> None:
    at, length = _TEXTS[name]
    data = text.encode("ascii", "replace")[: length - 1]
    head[at : at + len(data)] = data


def _packing_of(
    packing: Packing, rows: int, samples: int, room: int, texts: dict[str, str], *, is_whole: bool
) -> Packing:
    """Choose between ways to lay out rows that the header does not tell apart, by what fits into the file."""
    bare = replace(packing, row_padding=0)
    loose = replace(bare, is_padded=False)
    is_known = packing.bits == 10 and any(
        texts.get(name, "").startswith(who) for name, who in _UNPADDED.items()
    )
    if is_known and size_of(loose, rows, samples) <= room:
        return loose
    # In a file that is cut short, rows without padding might seem to fit.
    ways = (packing, bare, loose) if is_whole else (packing, bare)
    for way in ways:
        if size_of(way, rows, samples) == room:
            return way
    return next((way for way in ways if size_of(way, rows, samples) <= room), bare)


def _transfer_of(transfer: int, colorimetric: int, bits: int, texts: dict[str, str]) -> str:
    if transfer in (_PRINTING_DENSITY, _LOGARITHMIC) or (transfer == 0 and colorimetric == _PRINTING_DENSITY):
        return LOG
    # ffmpeg says of all that it writes that it is linear.
    if transfer == _LINEAR and bits >= _LEAST_LINEAR_BITS and not texts.get("creator", "").startswith("Lav"):
        return LINEAR
    return DISPLAY


def _texts_of(head: bytes) -> dict[str, str]:
    texts = {}
    for name, (at, length) in _TEXTS.items():
        data = head[at : at + length]
        if name == "keycode":
            parts, start = [], 0
            for size in _KEYCODE:
                parts.append(data[start : start + size].split(b"\0")[0])
                start += size
            data = b" ".join(part for part in parts if part)
        text = data.split(b"\0")[0].decode("ascii", "replace").strip()
        if text and "\ufffd" not in text and text.isprintable():
            texts[name] = text
    return texts


def _field(head: bytes, at: int, letters: str) -> tuple[float, ...] | None:
    """Return fields of the headers for film and television; None if the file has none."""
    if at + struct.calcsize(letters) > len(head):
        return None
    return struct.unpack_from(letters, head, at)


def _rate_of(head: bytes, order: str) -> Fraction | None:
    for at in (_FILM_RATE, _TV_RATE):
        found = _field(head, at, f"{order}f")
        if found and _LEAST_RATE <= found[0] <= 1000:  # all ones are not a number
            return exact_rate(found[0])
    return None


def exact_rate(rate: float) -> Fraction:
    """Return the rate that a rounded number stands for, such as 24000/1001 for 23.976."""
    for factor in (Fraction(1), Fraction(1000, 1001)):
        whole = round(rate / float(factor))
        if abs(whole * float(factor) - rate) < 1e-3:
            return whole * factor
    return Fraction(rate).limit_denominator(1001)


def _timecode_of(head: bytes, order: str) -> str | None:
    found = _field(head, _TIMECODE, f"{order}I")
    if not found or found[0] == _UNDEFINED:
        return None
    digits = f"{int(found[0]):08x}"
    drop = digits[6] in "456"  # bit 6 of the frames; at 60 frames a second it may be part of their number
    if drop:
        digits = f"{digits[:6]}{int(digits[6]) - 4}{digits[7]}"
    if not digits.isdecimal() or int(digits[:2]) > 23 or int(digits[2:4]) > 59 or int(digits[4:6]) > 59:
        return None
    return f"{digits[:2]}:{digits[2:4]}:{digits[4:6]}{';' if drop else ':'}{digits[6:]}"


def _aspect_of(head: bytes, order: str) -> Fraction | None:
    found = _field(head, _ASPECT, f"{order}II")
    if not found or 0 in found or _UNDEFINED in found:
        return None
    return Fraction(int(found[0]), int(found[1]))


def _refused(path: Path, what: str) -> InputError:
    return InputError(
        f"{path}: a DPX with {what}, which is not read. Convert the sequence to DPX in RGB of 10 or 16 bits, "
        "such as with ffmpeg"
    )


def _cut_short(path: Path, have: int, need: int) -> InputError:
    return InputError(f"{path}: cut short: has {have:,} of {need:,} bytes; copy the file anew")
