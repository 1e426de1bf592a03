"""Colour as a layer: what a picture's colours add to its luma, on middle grey, for the blend mode "Color".

That mode takes luma from the picture below and everything else from the layer. So a layer's own luma says
nothing, and a colour that does not fit on middle grey, such as a strong blue, stands on as much lighter or
darker a grey as it needs: nothing is cut off.

Pure, a few rows at a time, as `color.merge`.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import Picture
from deoldify_lite.color.bt601 import LUMA_BLUE, LUMA_GREEN, LUMA_RED
from deoldify_lite.color.merge import STRIP_ROWS, add_within

_LUMA = np.array([[LUMA_RED, LUMA_GREEN, LUMA_BLUE]], np.float32)
_MIDDLE = np.float32(0.5)
# A picture is a layer if in so many of its pixels luma is as far from a layer's as this, at most. Editors
# that save at 8 bits or as a JPEG, and a few places that were painted over, leave it one.
_LEAST_ALIKE, _MOST_OFF = 0.9, 6 / 255
_LOOKED_AT_PX = 256  # rows and columns, evenly spread


def color_layer(picture: Picture) -> NDArray[np.uint16]:
    """Return the colour of a picture as a layer: (H, W, 3) RGB, uint8 or uint16 -> (H, W, 3) uint16."""
    result = np.empty(picture.shape, np.uint16)
    for start in range(0, len(picture), STRIP_ROWS):
        strip = slice(start, start + STRIP_ROWS)
        difference = _difference(picture[strip])
        difference += _grey_below(difference)[..., None]
        result[strip] = np.rint(np.clip(difference, 0, 1) * np.float32(65_535))
    return result


def lay_over(picture: Picture, layer: Picture, *, into: Picture | None = None) -> Picture:
    """Give a picture the colours of a layer.

    Args:
        picture: (H, W, 3) RGB, uint8 or uint16; its luma stays.
        layer: (H, W, 3), uint8 or uint16; from `color_layer`, or any picture whose colours are meant.
        into: array like `picture` for the result, such as the picture itself; None for a new one.

    Returns:
        The result. With the layer of a result it is that result, but for rounding.
    """
    top = np.float32(np.iinfo(picture.dtype).max)
    result = np.empty_like(picture) if into is None else into
    for start in range(0, len(picture), STRIP_ROWS):
        strip = slice(start, start + STRIP_ROWS)
        below = picture[strip]
        luma = np.asarray(cv2.transform(below.astype(np.float32), _LUMA), np.float32)
        luma = luma.reshape(below.shape[:2])
        result[strip] = add_within(luma, _difference(layer[strip]) * top, float(top))
    return result


def is_layer(picture: Picture) -> bool:
    """Return whether a picture, (H, W, 3) uint8 or uint16, looks like a layer: in colour, without luma."""
    rows, columns = (max(1, side // _LOOKED_AT_PX) for side in picture.shape[:2])
    seen = np.ascontiguousarray(picture[::rows, ::columns])
    difference = _difference(seen)
    luma = cv2.transform(_in_unit(seen), _LUMA).reshape(seen.shape[:2])
    in_place = np.abs(luma - _grey_below(difference)) <= _MOST_OFF
    return bool(in_place.mean() >= _LEAST_ALIKE and np.abs(difference).max() > 2 / 255)


def _in_unit(picture: Picture) -> NDArray[np.float32]:
    return picture.astype(np.float32) / np.float32(np.iinfo(picture.dtype).max)


def _difference(picture: Picture) -> NDArray[np.float32]:
    """Red, green and blue less luma: (h, w, 3) of [-1, 1]."""
    unit = _in_unit(picture)
    return unit - cv2.transform(unit, _LUMA).reshape(*unit.shape[:2], 1)


def _grey_below(difference: NDArray[np.float32]) -> NDArray[np.float32]:
    """The luma that a colour of a layer has: (h, w, 3) -> (h, w)."""
    red, green, blue = cv2.split(difference)
    lowest = np.minimum(np.minimum(red, green), blue)
    highest = np.maximum(np.maximum(red, green), blue)
    return np.asarray(np.minimum(np.maximum(_MIDDLE, -lowest), 1 - highest), np.float32)
