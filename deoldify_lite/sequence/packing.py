"""Samples of 8 to 16 bits as DPX lays them into words: SMPTE ST 268-1. Pure, on numpy arrays."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

PACKED, FILLED_A, FILLED_B = 0, 1, 2
_NAMES = {PACKED: "packed", FILLED_A: "filled A", FILLED_B: "filled B"}
# Of packed samples: how many fill how many bytes. The bits run from the lowest of each 32-bit word on.
_GROUPS = {10: (4, 5), 12: (2, 3)}
_MASK = 0x3FF  # of 10 bits
_STRIP_WORDS = 131_072  # packed or unpacked at once


@dataclass(frozen=True)
class Packing:
    """How the samples of a picture lie in a file."""

    bits: int  # of a sample: 8, 10, 12 or 16
    method: int  # PACKED, FILLED_A or FILLED_B
    order: str  # of bytes: "<" or ">"
    is_padded: bool = True  # whether each row starts at a word of 32 bits
    row_padding: int = 0  # further bytes behind each row

    def __str__(self) -> str:
        """The packing, for people."""
        endian = "big-endian" if self.order == ">" else "little-endian"
        method = _NAMES[PACKED if self.bits in (8, 16) else self.method]
        return f"{method}, {endian}" + ("" if self.is_padded else ", rows not padded")


def size_of(packing: Packing, height: int, samples: int) -> int:
    """Return the bytes of a picture.

    Args:
        packing: of its samples.
        height: rows.
        samples: in a row.
    """
    if packing.is_padded:
        return height * (_bytes_of(packing, samples) + packing.row_padding)
    return _bytes_of(packing, height * samples)


def unpack(data: Any, packing: Packing, height: int, samples: int, *, is_grey: bool) -> NDArray[Any]:
    """Unpack a picture.

    Args:
        data: at least `size_of` bytes.
        packing: of its samples.
        height: rows.
        samples: in a row.
        is_grey: one sample a pixel: three of 10 bits then start at the lowest bits of their word, those of
            more channels at the highest.

    Returns:
        (height, samples) uint8, or uint16 in [0, 2 ** bits).
    """
    rows, count = (height, samples) if packing.is_padded else (1, height * samples)
    raw = np.frombuffer(data, np.uint8, size_of(packing, height, samples)).reshape(rows, -1)
    raw = raw[:, : raw.shape[1] - packing.row_padding]
    return _unpacked(raw, packing, count, is_grey).reshape(height, samples)


def pack(pixels: NDArray[Any], packing: Packing, *, is_grey: bool) -> memoryview:
    """Pack (height, samples) as `unpack` takes them, into bytes."""
    rows = pixels if packing.is_padded else pixels.reshape(1, -1)
    packed = _packed(rows, packing, is_grey)
    width = _bytes_of(packing, rows.shape[1]) + packing.row_padding
    if packed.shape[1] < width:
        packed = np.pad(packed, ((0, 0), (0, width - packed.shape[1])))
    return packed.reshape(-1).data


def _bytes_of(packing: Packing, samples: int) -> int:
    bits, filled = packing.bits, packing.method != PACKED
    if bits == 10 and filled:
        return -(-samples // 3) * 4
    exact = -(-samples * (16 if bits == 12 and filled else bits) // 8)
    # Packed samples of 10 or 12 bits are always in whole words.
    return -(-exact // 4) * 4 if packing.is_padded or (bits in _GROUPS and not filled) else exact


def _unpacked(raw: NDArray[np.uint8], packing: Packing, count: int, is_grey: bool) -> NDArray[Any]:
    bits, method = packing.bits, packing.method
    if bits == 8:
        return raw[:, :count]
    if bits == 16 or (bits == 12 and method != PACKED):
        words = _words(raw[:, : 2 * count], f"{packing.order}u2")
        if bits == 16:
            return words.astype(np.uint16)
        return words >> np.uint16(4) if method == FILLED_A else words & np.uint16(0xFFF)
    if bits == 10 and method != PACKED:
        return _from_filled(raw, packing.order, _shifts(method, is_grey))[:, :count]
    words = _words(raw, f"{packing.order}u4")
    return _from_bits(words.astype("<u4").view(np.uint8), bits, count)


def _packed(rows: NDArray[Any], packing: Packing, is_grey: bool) -> NDArray[np.uint8]:
    bits, method, height = packing.bits, packing.method, len(rows)
    if bits == 8:
        return np.ascontiguousarray(rows, np.uint8)
    if bits == 16 or (bits == 12 and method != PACKED):
        words = rows << np.uint16(4) if bits == 12 and method == FILLED_A else rows
        return np.ascontiguousarray(words, f"{packing.order}u2").view(np.uint8).reshape(height, -1)
    if bits == 10 and method != PACKED:
        return _to_filled(rows, packing.order, _shifts(method, is_grey))
    result = np.ascontiguousarray(_to_bits(rows, bits).view("<u4"), f"{packing.order}u4")
    return result.view(np.uint8).reshape(height, -1)


def _words(raw: NDArray[np.uint8], dtype: str) -> NDArray[Any]:
    return np.ascontiguousarray(raw).view(dtype)


def _strips_of(words: NDArray[Any]) -> Iterator[slice]:
    """Yield rows so few that their words, and what is computed of them, stay in the processor's cache."""
    rows = max(1, _STRIP_WORDS // max(1, words.shape[1]))
    for top in range(0, len(words), rows):
        yield slice(top, top + rows)


def _shifts(method: int, is_grey: bool) -> tuple[int, int, int]:
    """Where in their word three samples of 10 bits begin."""
    low = 2 if method == FILLED_A else 0
    return (low, low + 10, low + 20) if is_grey else (low + 20, low + 10, low)


# Words of 32 bits are computed as halves of 16, of which a processor handles twice as many at once. OpenCV
# parts and joins them, faster than to take and to write every second or third sample.


def _from_filled(raw: NDArray[np.uint8], order: str, shifts: Sequence[int]) -> NDArray[np.uint16]:
    """Read three samples of 10 bits from each word: rows of bytes -> (height, samples)."""
    halves = _words(raw, f"{order}u2").reshape(len(raw), -1, 2)
    result = np.empty((*halves.shape[:2], 3), np.uint16)
    for strip in _strips_of(halves):
        high, low = cv2.split(halves[strip].astype(np.uint16))[:: 1 if order == ">" else -1]
        cv2.merge([_bits_of(high, low, shift) for shift in shifts], result[strip])
    return result.reshape(len(raw), -1)


def _bits_of(high: NDArray[Any], low: NDArray[Any], shift: int) -> NDArray[np.uint16]:
    """Read the sample of 10 bits that begins at a bit of a word, whose halves these are."""
    if shift >= 16:
        value = high >> np.uint16(shift - 16)
    else:
        value = low >> np.uint16(shift)
        if shift > 6:
            value |= high << np.uint16(16 - shift)
    value &= np.uint16(_MASK)
    return value


def _to_filled(rows: NDArray[np.uint16], order: str, shifts: Sequence[int]) -> NDArray[np.uint8]:
    """Write three samples of 10 bits into each word: (height, samples) -> rows of bytes."""
    missing = -rows.shape[1] % 3
    threes = (np.pad(rows, ((0, 0), (0, missing))) if missing else rows).reshape(len(rows), -1, 3)
    result = np.empty((*threes.shape[:2], 2), f"{order}u2")
    for strip in _strips_of(threes):
        high, low = np.zeros((2, *threes[strip].shape[:2]), np.uint16)
        for samples, shift in zip(cv2.split(threes[strip]), shifts, strict=True):
            if shift >= 16:
                high |= samples << np.uint16(shift - 16)
                continue
            low |= samples << np.uint16(shift)
            if shift > 6:
                high |= samples >> np.uint16(16 - shift)
        result[strip] = cv2.merge([high, low] if order == ">" else [low, high])
    return result.view(np.uint8).reshape(len(rows), -1)


def _from_bits(raw: NDArray[np.uint8], bits: int, count: int) -> NDArray[np.uint16]:
    """Read numbers of some bits from rows of bytes, lowest bits first."""
    group, size = _GROUPS[bits]
    missing = -raw.shape[1] % size
    raw = np.pad(raw, ((0, 0), (0, missing + size)))  # the last number may begin in the last byte
    groups = raw.shape[1] // size
    raw = raw[:, : groups * size].reshape(len(raw), groups, size)
    result = np.empty((len(raw), groups, group), np.uint16)
    for place in range(group):
        at, shift = divmod(place * bits, 8)
        value = raw[..., at].astype(np.uint16) >> np.uint16(shift)
        value |= raw[..., at + 1].astype(np.uint16) << np.uint16(8 - shift)
        result[..., place] = value & np.uint16((1 << bits) - 1)
    return result.reshape(len(raw), -1)[:, :count]


def _to_bits(rows: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    """Write numbers of some bits into rows of bytes, lowest bits first, in whole words of 32 bits."""
    group, size = _GROUPS[bits]
    missing = -rows.shape[1] % group
    numbers = (np.pad(rows, ((0, 0), (0, missing))) if missing else rows).reshape(len(rows), -1, group)
    result = np.zeros((*numbers.shape[:2], size), np.uint8)
    for place in range(group):
        at, shift = divmod(place * bits, 8)
        value = numbers[..., place].astype(np.uint32) << np.uint32(shift)
        result[..., at] |= (value & np.uint32(0xFF)).astype(np.uint8)
        result[..., at + 1] |= (value >> np.uint32(8)).astype(np.uint8)
    flat = result.reshape(len(rows), -1)
    width = -(-rows.shape[1] * bits // 32) * 4
    if flat.shape[1] < width:
        return np.pad(flat, ((0, 0), (0, width - flat.shape[1])))
    return np.ascontiguousarray(flat[:, :width])
