"""Whether a picture shows any colour, and if not, whether its own luma left room for none."""

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np

from deoldify_lite.color.arrays import Picture

# A picture is grey to its viewer if fewer of its pixels show colour, which takes more than so many levels of
# 255 between the channels of a pixel. In a colorized photo more than half do; in a 1-bit scan that was saved
# as a JPEG, one in a hundred.
_LEAST_COLOR, _MOST_LEVELS = 0.02, 8
# It is black and white if fewer of its pixels are further than so many levels from both.
_LEAST_GREYS, _MOST_OFF = 0.1, 24
# Pixels looked at together: in most pictures the first ones show colour, and the rest is not read.
_PIXELS = 250_000


def is_grey(picture: Picture) -> bool:
    """Return whether a picture, (H, W, 3) uint8 or uint16, shows no colour, or hardly any."""
    most = _steps(picture, _MOST_LEVELS)
    return _are_fewer(_LEAST_COLOR, picture, lambda lowest, highest: highest - lowest > most)


def is_black_and_white(picture: Picture) -> bool:
    """Return whether a picture, (H, W, 3) uint8 or uint16, is black and white, as 1-bit scans are.

    Where luma is 0 or full, colour fits only if luma changes.
    """
    black, white = _steps(picture, _MOST_OFF), _steps(picture, 255 - _MOST_OFF)
    return _are_fewer(_LEAST_GREYS, picture, lambda lowest, highest: (highest > black) & (lowest < white))


def _steps(picture: Picture, levels: int) -> int:
    """Levels of 255 in the steps of a picture's depth."""
    return levels * int(np.iinfo(picture.dtype).max) // 255


def _are_fewer(share: float, picture: Picture, found: Callable[[Any, Any], Any]) -> bool:
    """Return whether at most this share of pixels is found, by the lowest and the highest channel of each."""
    height, width = picture.shape[:2]
    left = share * height * width
    rows = max(1, _PIXELS // width)
    for top in range(0, height, rows):
        red, green, blue = cv2.split(picture[top : top + rows])
        lowest, highest = cv2.min(cv2.min(red, green), blue), cv2.max(cv2.max(red, green), blue)
        left -= np.count_nonzero(found(lowest, highest))
        if left < 0:
            return False
    return True
