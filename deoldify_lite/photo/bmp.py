"""BMP with bit fields, which Pillow reads only in part: masks say which bits of a pixel are which colour."""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.photo.limits import check_size
from deoldify_lite.photo.photo import Decoded
from deoldify_lite.photo.samples import strips_of
from deoldify_lite.system.library_warnings import Warn

_DEEPEST = 16  # bits of a sample that are read
_BIT_FIELDS, _BIT_FIELDS_WITH_ALPHA = 3, 6  # kinds of compression
_MASKS_AT = 54  # in the file, whichever header it has
_LONG_HEADER = 56  # bytes; shorter ones have no mask of alpha
_V4_HEADER, _V5_HEADER = 108, 124  # bytes of those that describe colours
_CALIBRATED, _LINKED, _EMBEDDED = bytes(4), b"KNIL", b"DEBM"  # by numbers, a file's name or a profile
_INCH_PER_METRE = 0.0254


@dataclass(frozen=True)
class BitFields:
    """A picture with bit fields, as its header has it."""

    width: int
    height: int
    is_top_down: bool
    bits: int  # of a pixel: 16 or 32
    start: int  # of the pixels in the file
    masks: tuple[int, ...]  # of red, green and blue, and of alpha, if there is any
    dpi: tuple[float, float]

    @property
    def row_bytes(self) -> int:
        """Rows are filled up to four bytes."""
        return (self.width * self.bits + 31) // 32 * 4


def read_bit_fields(file: BinaryIO) -> BitFields | None:
    """Read the header of an open BMP; None if it has no bit fields.

    Raises:
        ValueError: the masks make no sense.
    """
    file.seek(0)
    head = file.read(_MASKS_AT + 16)
    if len(head) < _MASKS_AT + 16:
        return None
    start, header = struct.unpack_from("<II", head, 10)
    width, height, _, bits, compression = struct.unpack_from("<iiHHI", head, 18)
    if compression not in (_BIT_FIELDS, _BIT_FIELDS_WITH_ALPHA) or bits not in (16, 32) or header < 40:
        return None
    red, green, blue, alpha = struct.unpack_from("<4I", head, _MASKS_AT)
    has_alpha = alpha and (header >= _LONG_HEADER or compression == _BIT_FIELDS_WITH_ALPHA)
    masks = (red, green, blue, alpha) if has_alpha else (red, green, blue)
    if not all(mask and _is_run(mask) and mask >> bits == 0 for mask in masks):
        raise ValueError("its bit fields make no sense")
    across, down = struct.unpack_from("<ii", head, 38)
    dpi = (across * _INCH_PER_METRE, down * _INCH_PER_METRE)
    return BitFields(width, abs(height), height < 0, bits, start, masks, dpi)


def decode_bit_fields(path: Path, file: BinaryIO, fields: BitFields, warn: Warn) -> Decoded:
    """Decode an open BMP with bit fields: to 8 bits, or to 16 if one of its masks has more than 8.

    Raises:
        InputError: it is too large.
        ValueError: it is truncated.
    """
    check_size(path, fields.width, fields.height)
    deepest = max(mask.bit_count() for mask in fields.masks)
    dtype = np.uint8 if deepest <= 8 else np.uint16
    tables = [_table(min(mask.bit_count(), _DEEPEST), dtype) for mask in fields.masks]
    samples = np.empty((fields.height, fields.width, len(tables)), dtype)
    file.seek(fields.start)
    for rows in strips_of(fields.height, fields.width):
        count = rows.stop - rows.start
        data = file.read(count * fields.row_bytes)
        if len(data) < count * fields.row_bytes:
            raise ValueError("it is truncated")
        words = np.frombuffer(data, f"<u{fields.bits // 8}").reshape(count, -1)[:, : fields.width]
        for channel, (mask, table) in enumerate(zip(fields.masks, tables, strict=True)):
            spare = max(0, mask.bit_count() - _DEEPEST)
            values = (words & words.dtype.type(mask)) >> words.dtype.type(_lowest(mask) + spare)
            samples[rows, :, channel] = table[values]
    if len(tables) == 4 and not samples[..., 3].any():  # a mask, but nobody filled it in
        samples = samples[..., :3]
    if not fields.is_top_down:
        samples = samples[::-1]
    return Decoded("BMP", samples, bmp_profile(file, warn), dpi=fields.dpi)


def bmp_profile(file: BinaryIO, warn: Warn) -> bytes | None:
    """Read the colour profile from an open BMP, and warn of colours that it describes otherwise."""
    file.seek(14)
    header = file.read(_V5_HEADER)
    if len(header) < _V4_HEADER or int.from_bytes(header[:4], "little") < _V4_HEADER:
        return None
    space = header[56:60]
    if (space == _CALIBRATED and any(header[60:108])) or space == _LINKED:
        warn("its colours are described by numbers or by a file elsewhere, and are taken for sRGB's")
    if len(header) < _V5_HEADER or space != _EMBEDDED:
        return None
    at, size = struct.unpack_from("<II", header, 112)
    file.seek(14 + at)
    return file.read(size) or None


def _lowest(mask: int) -> int:
    return (mask & -mask).bit_length() - 1


def _is_run(mask: int) -> bool:
    run = mask >> _lowest(mask)
    return run & (run + 1) == 0


def _table(bits: int, dtype: Any) -> NDArray[Any]:
    """The full range of a sample for each value of so many bits."""
    return np.round(np.linspace(0, np.iinfo(dtype).max, 1 << bits)).astype(dtype)
