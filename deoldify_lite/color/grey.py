"""Whether a picture shows any colour, and if not, whether its own luma left room for none."""

from collections.abc import Iterator

import cv2
import numpy as np

from deoldify_lite.color.arrays import Picture, Plane

# A picture is grey to its viewer if fewer of its pixels show colour, which takes more than so many levels of
# 255 between the channels of a pixel.
_LEAST_SHARE, _MOST_LEVELS = 1 / 1000, 2
# Pixels looked at together: in most pictures the first ones show colour, and the rest is not read.
_PIXELS = 250_000


def is_grey(picture: Picture) -> bool:
    """Return whether a picture, (H, W, 3) uint8 or uint16, shows no colour."""
    left = _LEAST_SHARE * picture.shape[0] * picture.shape[1]
    for lowest, highest in _extremes(picture):
        left -= np.count_nonzero(highest - lowest > _steps(picture, _MOST_LEVELS))
        if left < 0:
            return False
    return True


def is_black_and_white(picture: Picture) -> bool:
    """Return whether a picture, (H, W, 3) uint8 or uint16, is pure black and pure white, as 1-bit scans are.

    Where luma is 0 or full, colour fits only if luma changes.
    """
    left = _LEAST_SHARE * picture.shape[0] * picture.shape[1]
    black, white = (_steps(picture, level) for level in (_MOST_LEVELS, 255 - _MOST_LEVELS))
    for lowest, highest in _extremes(picture):
        left -= np.count_nonzero((highest > black) & (lowest < white))
        if left < 0:
            return False
    return True


def _steps(picture: Picture, levels: int) -> int:
    """Levels of 255 in the steps of a picture's depth."""
    return levels * int(np.iinfo(picture.dtype).max) // 255


def _extremes(picture: Picture) -> Iterator[tuple[Plane, Plane]]:
    """Yield the lowest and the highest channel of some rows after the other."""
    rows = max(1, _PIXELS // picture.shape[1])
    for top in range(0, picture.shape[0], rows):
        red, green, blue = cv2.split(picture[top : top + rows])
        lowest, highest = cv2.min(cv2.min(red, green), blue), cv2.max(cv2.max(red, green), blue)
        yield np.asarray(lowest), np.asarray(highest)
