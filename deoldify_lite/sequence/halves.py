"""Colours rounded to half floats so that their luma stays. Pure, on numpy arrays.

A half has 11 bits: rounded each for itself, red, green and blue would change luma by up to 2.4e-4 of it.
"""

from itertools import product

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import Plane
from deoldify_lite.color.bt601 import LUMA_BLUE, LUMA_GREEN, LUMA_RED

TOP = 65_504.0  # the greatest half
_TOLERATED = 0.9e-4  # of luma
_STEPS = (0, -1, 1, -2, 2)  # of a channel, tried where blue alone does not make up for the rounding
_WEIGHTS = np.array([LUMA_RED, LUMA_GREEN, LUMA_BLUE], np.float64)


def round_to_halves(
    rgb: NDArray[np.float32], luma: Plane, otherwise: NDArray[np.float16]
) -> NDArray[np.float16]:
    """Round colours to halves whose luma differs by less than 1e-4 of it.

    Args:
        rgb: (H, W, 3), within what a half holds.
        luma: (H, W), that of `rgb`.
        otherwise: (H, W, 3), taken where no halves nearby have such luma: in the deepest black, where a half
            has few bits.

    Returns:
        (H, W, 3).
    """
    result = rgb.astype(np.float16)
    # Blue makes up for the rounding of red and green: it weighs least, so its steps in luma are the finest.
    rest = luma - np.float32(LUMA_RED) * result[..., 0] - np.float32(LUMA_GREEN) * result[..., 1]
    blue = rest / np.float32(LUMA_BLUE)
    same_sign = (blue >= 0) == (rgb[..., 2] >= 0)
    result[..., 2] = np.where(same_sign & (np.abs(blue) <= TOP), blue, rgb[..., 2])
    apart = np.abs(rest - np.float32(LUMA_BLUE) * result[..., 2]) > np.float32(_TOLERATED) * np.abs(luma)
    if apart.any():
        result[apart] = _searched(result[apart], luma[apart], otherwise[apart])
    return result


def _searched(
    near: NDArray[np.float16], luma: NDArray[np.float32], otherwise: NDArray[np.float16]
) -> NDArray[np.float16]:
    """Try all neighbours of (N, 3) halves, and take the one whose luma is nearest to (N,)."""
    step = np.spacing(np.abs(near)).astype(np.float32)
    best, least = otherwise.copy(), np.float64(_TOLERATED) * np.abs(luma.astype(np.float64))
    for steps in product(_STEPS, repeat=3):
        tried = (near.astype(np.float32) + step * np.array(steps, np.float32)).astype(np.float16)
        error = np.abs(tried.astype(np.float64) @ _WEIGHTS - luma)
        nearer = (error < least) & ((tried >= 0) == (near >= 0)).all(-1) & np.isfinite(tried).all(-1)
        best[nearer], least[nearer] = tried[nearer], error[nearer]
    return best
