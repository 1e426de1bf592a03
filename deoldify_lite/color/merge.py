"""A picture's own luma joined with predicted chroma, at full size.

`color.tensors.merge_luma_chroma` does the same with tensors. This module works on large arrays, a few rows at
a time, so that all intermediate values stay in the processor's cache; and it does not load torch.
"""

from collections.abc import Sequence
from typing import Any

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
    above = position.astype(np.intp)
    below = np.minimum(above + 1, rows - 1)
    share = (position - above).astype(np.float32)[:, None]

    result = np.empty_like(picture) if into is None else into
    strip_rows = max(STRIP_ROWS, _STRIP_PIXELS // width)
    block = max(1, _STRETCHED_PIXELS // (width * strip_rows)) * strip_rows
    for start in range(0, height, strip_rows):
        strip = slice(start, start + strip_rows)
        if start % block == 0:
            first, last = above[start], below[min(start + block, height) - 1]
            planes = [_stretch(plane[first : last + 1], (last + 1 - first, width)) for plane in chroma]
            wide = cv2.split(cv2.transform(np.dstack(planes), _DIFFERENCE * (1 if is_ratio else full)))
        up, down = above[strip] - first, below[strip] - first
        luma = np.asarray(cv2.transform(picture[strip].astype(np.float32), _LUMA), np.float32)
        luma = luma.reshape(len(up), width)
        difference = []
        for plane in wide:
            upper, mixed = plane[up], plane[down]
            mixed -= upper
            mixed *= share[strip]
            mixed += upper
            if is_ratio:
                mixed *= luma
            difference.append(mixed)
        added = _add_within(luma, difference, full)
        result[strip] = cv2.merge([channel.astype(picture.dtype) for channel in added])
    return result


def _stretch(plane: Plane, size: Size) -> Plane:
    narrower = size[1] < plane.shape[1] and size[0] <= plane.shape[0]
    return shrink(plane, size) if narrower else grow(plane, size)


def add_within(luma: Plane, difference: NDArray[np.float32], top: float) -> NDArray[np.float32]:
    """Add as much of the difference, (h, w, 3), to luma, (h, w), as stays in [0, top].

    Half a level is added, too, so that cutting off rounds. The least and greatest channel alone decide how
    much.
    """
    planes = [np.asarray(plane, np.float32) for plane in cv2.split(difference)]
    return np.asarray(cv2.merge(_add_within(luma, planes, top)), np.float32)


def _add_within(luma: Plane, difference: Sequence[Plane], top: float) -> Sequence[Plane]:
    """`add_within` of three planes, in place."""
    red, green, blue = difference
    highest = np.maximum(np.maximum(red, green), blue)
    lowest = np.minimum(np.minimum(red, green), blue)
    tiny = np.float32(1e-6 * top)
    room_above = (np.float32(top) - luma) / np.maximum(highest, tiny)
    room_below = luma / np.maximum(np.negative(lowest, out=lowest), tiny)
    share = np.minimum(np.minimum(room_above, room_below, out=room_above), 1)
    for channel in difference:
        channel *= share
        channel += luma
        channel += np.float32(0.5)
        np.clip(channel, 0, np.float32(top) + np.float32(0.4), out=channel)
    return difference
