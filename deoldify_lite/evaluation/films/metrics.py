"""How steady the colour of a film is: pure functions on its frames, and on a few numbers of each frame."""

from collections.abc import Collection

import cv2
import numpy as np
from numpy.typing import NDArray

from deoldify_lite.evaluation.films.flow import Matches, warp

Series = NDArray[np.float64]  # (N,): a value for each frame, NaN where there can be none

CDC_DISTANCES = (1, 2, 4)  # frames
LEAST_TRUSTED = 0.05  # share of a frame whose motion must be known, or its error means nothing


def histograms(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Share of pixels at each level of red, green and blue: (H, W, 3) -> (3, 256), each row's sum 1."""
    counts = [cv2.calcHist([rgb], [channel], None, [256], [0, 256]).ravel() for channel in range(3)]
    return np.array(counts, np.float64) / (rgb.shape[0] * rgb.shape[1])


def js_divergence(p: NDArray[np.float64], q: NDArray[np.float64]) -> float:
    """Jensen-Shannon divergence in nats, mean over rows: (C, B) twice, rows of sum 1 -> 0 to log 2.

    (KL(p | m) + KL(q | m)) / 2 with m = (p + q) / 2.
    """
    middle = (p + q) / 2
    sums = [
        (x * np.log(np.divide(x, middle, out=np.ones_like(x), where=x > 0))).sum(-1).mean() for x in (p, q)
    ]
    return float(sum(sums)) / 2


def in_one_shot(count: int, starts: Collection[int], distance: int) -> NDArray[np.bool_]:
    """Whether each frame and that `distance` frames before it belong to one shot.

    Args:
        count: N, number of frames.
        starts: numbers of the frames with which shots begin; the first need not be named.
        distance: in frames, at least 1.
    """
    first = np.zeros(count, np.int64)  # the first frame of each one's shot
    for start in sorted(starts):
        first[start:] = start
    return np.arange(count) - distance >= first


def cdc(divergences: NDArray[np.float64], starts: Collection[int]) -> float:
    """Color Distribution Consistency (CDC): 0 for a film that stands still; lower is steadier.

    Mean divergence of the histograms of frames t - i and t over all t, then over i = 1, 2, 4, as Liu et al.
    2021 define it, https://arxiv.org/abs/2110.04562, with histograms of 256 levels, the natural logarithm and
    the mean over red, green and blue of their program (codes/eval_results.py of
    https://github.com/lyh-18/TCVC-Temporally-Consistent-Video-Colorization). Their films have one shot; here
    frames of two shots are not compared. It sees all of RGB, so that moving light and dark counts too.

    Args:
        divergences: (N, 3), of each frame and those 1, 2 and 4 before it, by `js_divergence` of
            `histograms`.
        starts: as for `in_one_shot`.

    Returns:
        The mean; NaN if no shot has two frames.
    """
    means = []
    for column, distance in enumerate(CDC_DISTANCES):
        chosen = divergences[in_one_shot(len(divergences), starts, distance), column]
        if len(chosen):
            means.append(chosen.mean())
    return float(np.mean(means)) if means else float("nan")


def warp_error(ab_before: NDArray[np.float32], ab: NDArray[np.float32], matches: Matches) -> float:
    """How far colour changes along the motion: mean distance in the a,b plane of CIE Lab.

    After Lai et al. 2018, https://arxiv.org/abs/1808.00449, section 4.2, where trusted pixels alone count;
    but the distance in a, b in place of the squared distance in RGB, since luma is given.

    Args:
        ab_before, ab: (H, W, 2) a and b of two frames.
        matches: between them, of the source's luma.

    Returns:
        The mean over trusted pixels; NaN if they are less than `LEAST_TRUSTED` of all.
    """
    if matches.trusted.mean() < LEAST_TRUSTED:
        return float("nan")
    change = np.linalg.norm(ab - warp(ab_before, matches.positions), axis=-1)
    return float(change[matches.trusted].mean(dtype=np.float64))


def flicker(means: NDArray[np.float64], starts: Collection[int]) -> Series:
    """How far each frame's mean colour stands off from that of its two neighbours.

        |m(t) - (m(t - 1) + m(t + 1)) / 2|, half of the second difference, in the a,b plane of CIE Lab

    A slow drift counts nothing; a cast that jumps by d to and fro with each frame counts d in every frame;
    a jump by d that stays counts d / 2 in two frames.

    Args:
        means: (N, 2) mean a and b of each frame.
        starts: as for `in_one_shot`.

    Returns:
        (N,): NaN at the first and last frame of a shot.
    """
    found = np.full(len(means), np.nan)
    if len(means) > 2:
        off = means[1:-1] - (means[:-2] + means[2:]) / 2
        inner = in_one_shot(len(means), starts, 2)[2:]
        found[1:-1] = np.where(inner, np.linalg.norm(off, axis=1), np.nan)
    return found
