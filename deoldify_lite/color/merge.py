"""A picture's own luma joined with predicted chroma, at full size.

`color.tensors.merge_luma_chroma` does the same with tensors. This module works on large arrays, a few rows at
a time, so that all intermediate values stay in the processor's cache; and it does not load torch.
"""

from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import Chroma, Picture, Plane, Size, grow, shrink
from deoldify_lite.color.bt601 import CB_SCALE, CR_SCALE, LUMA_BLUE, LUMA_GREEN, LUMA_RED

# Rows merged at once: few enough for the cache, enough to pay for the calls. Of narrow pictures more, with so
# many pixels.
STRIP_ROWS = 16
_STRIP_PIXELS = 32_768
# Pixels whose chroma is brought to the picture's width at once: what lies beside a huge picture stays small.
_STRETCHED_PIXELS = 2_000_000
_MIXED_ROWS = 4  # of chroma, from which rows of the picture are interpolated at once

_TINY = np.float32(1e-30)  # keeps nothing from being divided by nothing

_LUMA = np.array([[LUMA_RED, LUMA_GREEN, LUMA_BLUE]], np.float32)
_SCALES = np.array([[CB_SCALE], [CR_SCALE]], np.float32)
_CHROMA = (np.array([[0, 0, 1], [1, 0, 0]], np.float32) - _LUMA) / _SCALES
# What Cb and Cr add to luma in red, green and blue.
_DIFFERENCE = np.array(
    [
        [0, CR_SCALE],
        [-LUMA_BLUE * CB_SCALE / LUMA_GREEN, -LUMA_RED * CR_SCALE / LUMA_GREEN],
        [CB_SCALE, 0],
    ],
    np.float32,
)


def chroma_of_rgb(rgb: NDArray[np.floating[Any]]) -> Chroma:
    """Chroma of a picture: (H, W, 3) RGB in [0, 1] -> (2, H, W) Cb, Cr in [-0.5, 0.5]."""
    chroma = cv2.transform(rgb.astype(np.float32, copy=False), _CHROMA)
    return np.asarray(np.moveaxis(chroma, -1, 0), np.float32)


def difference_of(chroma: Chroma) -> NDArray[np.float32]:
    """Return what chroma adds to luma in red, green and blue: (2, h, w) -> (h, w, 3); its own luma is 0."""
    return np.asarray(cv2.transform(np.dstack([chroma[0], chroma[1]]), _DIFFERENCE), np.float32)


def merge_picture(
    picture: Picture,
    chroma: Chroma,
    *,
    into: Picture | None = None,
    top: int | None = None,
    is_ratio: bool = False,
) -> Picture:
    """Join a picture's luma with chroma of any size.

    Where the colour would leave the RGB cube, chroma is scaled towards grey and luma stays.

    Args:
        picture: (H, W, 3) RGB, uint8 or uint16.
        chroma: (2, h, w) Cb and Cr in [-0.5, 0.5], stretched bilinearly over the picture.
        into: array like `picture` for the result, such as the picture itself; None for a new one.
        top: the greatest value of a sample, such as 1023 of 10 bits; None for that of the type.
        is_ratio: whether chroma grows with luma, and stands for that of white.

    Returns:
        The result; its luma differs by rounding alone.
    """
    height, width = picture.shape[:2]
    full = float(np.iinfo(picture.dtype).max if top is None else top)
    # Bilinear is separable: columns once, on few rows; rows strip by strip, so that the memory needed
    # beside the picture does not grow with it. And it is linear: what chroma adds is stretched, not chroma.
    rows = min(chroma.shape[1], height)
    if rows < chroma.shape[1]:
        chroma = np.stack([_stretch(plane, (rows, min(chroma.shape[2], width))) for plane in chroma])
    position = np.clip((np.arange(height) + 0.5) * rows / height - 0.5, 0, rows - 1)

    result = np.empty(picture.shape, picture.dtype) if into is None else into
    strip_rows = max(STRIP_ROWS, _STRIP_PIXELS // width)
    block = max(1, _STRETCHED_PIXELS // (width * strip_rows)) * strip_rows
    room = _room_for((min(strip_rows, height), width), picture.dtype)
    for start in range(0, height, strip_rows):
        at = position[start : start + strip_rows]
        if start % block == 0:
            first, last = int(at[0]), min(int(position[min(start + block, height) - 1]) + 1, rows - 1)
            planes = [_stretch(plane[first : last + 1], (last + 1 - first, width)) for plane in chroma]
            added = cv2.transform(np.dstack(planes), _DIFFERENCE * (1 if is_ratio else full))
            wide = np.stack([np.asarray(plane, np.float32) for plane in cv2.split(added)])
        if len(at) != len(room.luma):
            room = _room_for((len(at), width), picture.dtype)
        np.copyto(room.rgb, picture[start : start + strip_rows])
        cv2.transform(room.rgb, _LUMA, room.luma)
        _mix_rows(wide, at - first, room.difference)
        if is_ratio:
            np.multiply(room.difference, room.luma, out=room.difference)
        _add_within(room.luma, room.difference, full, room.spare)
        np.copyto(room.rounded, room.difference, casting="unsafe")
        merged = result[start : start + strip_rows]
        if merged.flags.c_contiguous:
            cv2.merge([*room.rounded], merged)
        else:
            merged[...] = cv2.merge([*room.rounded])
    return result


class _Room(NamedTuple):
    """Arrays for a strip, used for one after the other: to get new memory takes longer than to fill it."""

    rgb: NDArray[np.float32]  # (h, w, 3)
    luma: Plane
    difference: NDArray[np.float32]  # (3, h, w)
    spare: NDArray[np.float32]  # (2, h, w)
    rounded: NDArray[Any]  # (3, h, w)


def _room_for(size: Size, dtype: Any) -> _Room:
    planes = np.empty((3, *size), np.float32)
    return _Room(
        np.empty((*size, 3), np.float32),
        np.empty(size, np.float32),
        planes,
        np.empty_like(planes[:2]),
        np.empty_like(planes, dtype),
    )


def _mix_rows(wide: NDArray[np.float32], position: NDArray[np.float64], out: NDArray[np.float32]) -> None:
    """Interpolate (3, k, w) rows at n positions, which rise evenly, into (3, n, w)."""
    count = len(position)
    # As products of matrices: of few rows at once, or most of their shares are 0.
    step = max(1, int(_MIXED_ROWS * count / (1 + position[-1] - position[0])))
    for start in range(0, count, step):
        at = position[start : start + step]
        up, end = int(at[0]), min(int(at[-1]) + 2, wide.shape[1])
        shares = np.maximum(1 - np.abs(at[:, None] - np.arange(up, end)), 0).astype(np.float32)
        np.matmul(shares, wide[:, up:end], out=out[:, start : start + step])


def _stretch(plane: Plane, size: Size) -> Plane:
    narrower = size[1] < plane.shape[1] and size[0] <= plane.shape[0]
    return shrink(plane, size) if narrower else grow(plane, size)


def add_within(luma: Plane, difference: NDArray[np.float32], top: float) -> NDArray[np.float32]:
    """Add as much of the difference, (h, w, 3), to luma, (h, w), as stays in [0, top].

    Half a level is added, too, so that cutting off rounds. The least and greatest channel alone decide how
    much.
    """
    planes = np.stack([np.asarray(plane, np.float32) for plane in cv2.split(difference)])
    _add_within(np.array(luma, np.float32), planes, top, np.empty_like(planes[:2]))
    return np.asarray(cv2.merge([*planes]), np.float32)


def _add_within(luma: Plane, difference: NDArray[np.float32], top: float, spare: NDArray[np.float32]) -> None:
    """`add_within` of (3, h, w) planes, in place; luma changes, too, and what (2, h, w) `spare` holds.

    The share that fits is the least of 1, `room above / highest` and `luma / -lowest`. It is found as
    `room / max(room, ...)`, since numpy is some times slower with the maximum of an array and a number.
    """
    red, green, blue = difference
    share, other = spare
    np.maximum(np.maximum(red, green, out=share), blue, out=share)
    np.subtract(np.float32(top), luma, out=other)
    np.maximum(share, other, out=share)
    share += _TINY
    np.divide(other, share, out=share)
    np.minimum(np.minimum(red, green, out=other), blue, out=other)
    np.negative(other, out=other)
    np.maximum(other, luma, out=other)
    other += _TINY
    np.divide(luma, other, out=other)
    np.minimum(share, other, out=share)
    difference *= share
    luma += np.float32(0.5)
    difference += luma
