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
# Luma below which a half has too few bits for it, and for colours that could be seen.
_LEAST = 3e-5
# Steps of two channels that are tried, for the third to make up for them.
_STEPS = sorted(product((0, -1, 1, -2, 2), repeat=2), key=lambda steps: sum(map(abs, steps)))
_WEIGHTS = np.array([LUMA_RED, LUMA_GREEN, LUMA_BLUE])


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
    apart = np.abs(rest - np.float32(LUMA_BLUE) * result[..., 2])
    missed = apart > np.float32(_TOLERATED) * np.abs(luma)
    if missed.any():
        result[missed] = _searched(result[missed], luma[missed].astype(np.float64), otherwise[missed])
    return result


def _searched(
    near: NDArray[np.float16], luma: NDArray[np.float64], otherwise: NDArray[np.float16]
) -> NDArray[np.float16]:
    """Find neighbours of (N, 3) halves with luma (N,): two channels move, one makes up for the rest."""
    result = otherwise.copy()
    left = np.flatnonzero(np.abs(luma) >= _LEAST)
    for (one, other), channel in product(_STEPS, (2, 1, 0)):
        if not left.size:
            break
        values, wanted = near[left], luma[left]
        tried = values.astype(np.float64)
        for at, steps in zip([at for at in range(3) if at != channel], (one, other), strict=True):
            tried[:, at] += steps * np.spacing(np.abs(values[:, at])).astype(np.float64)
        tried[:, channel] += (wanted - tried @ _WEIGHTS) / _WEIGHTS[channel]
        halves = tried.clip(-TOP, TOP).astype(np.float16)
        is_near = np.abs(halves.astype(np.float64) @ _WEIGHTS - wanted) <= _TOLERATED * np.abs(wanted)
        for at in range(3):
            is_near &= (halves[:, at] >= 0) == (values[:, at] >= 0)
        result[left[is_near]] = halves[is_near]
        left = left[~is_near]
    return result
