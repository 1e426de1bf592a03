"""Chroma that ends where the object ends: small chroma brought to a photo's size, led by its luma.

Pure, on numpy arrays: luma (H, W) float32 in [0, 1], chroma (2, h, w) float32 Cb and Cr in [-0.5, 0.5].

Both steps rest on the guided filter: in every small window chroma is taken as a line over luma, so an edge of
luma becomes an edge of chroma, and where luma is flat, chroma is smooth.
K. He, J. Sun, "Fast guided filter", 2015, https://arxiv.org/abs/1505.00996.

    network's chroma  ->  align_to_square, at its own size  ->  guide_chroma, size by size  ->  merge

Photos take both steps. The frames of a film take the first alone, since their full size never comes here.
"""

import math

import cv2
import numpy as np

from deoldify_lite.color.arrays import Chroma, Picture, Plane, Square, box_mean, grow, shrink, shrink_planes
from deoldify_lite.color.bt601 import LUMA_BLUE, LUMA_GREEN, LUMA_RED

# Radii are in pixels of the smaller of the two sizes; epsilons are the variance of luma at which half of a
# slope is left: below it lies grain, not an edge (docs/calibration.md).
ALIGN_RADIUS, ALIGN_EPSILON = 2, 4e-3
UPSAMPLE_RADIUS, UPSAMPLE_EPSILON = 1, 1e-3
# Pixels of the largest guide. Beyond it the eye cannot tell: one pixel of it covers 2.4 px of a 12 MP photo.
GUIDE_PIXELS = 2_000_000


def guide_chroma(chroma: Chroma, picture: Picture) -> Chroma:
    """Bring aligned chroma to a photo's size, or as near to it as pays.

    Args:
        chroma: (2, h, w); its aspect need not be the photo's.
        picture: (H, W, 3) RGB whose luma is the guide; a larger one is shrunk to GUIDE_PIXELS first, which
            bounds time and memory.

    Returns:
        (2, H', W'): H, W themselves up to GUIDE_PIXELS and in proportion beyond; bilinear does for the rest.
    """
    height, width = picture.shape[:2]
    scale = min(1.0, math.sqrt(GUIDE_PIXELS / (height * width)))
    luma = _luma_of(shrink(picture, (max(1, round(scale * height)), max(1, round(scale * width)))))
    start = (min(chroma.shape[1], luma.shape[0]), min(chroma.shape[2], luma.shape[1]))
    small = shrink_planes(chroma, start)
    return upsample_chroma(small, luma)


def align_to_square(chroma: Chroma, square: Square) -> Chroma:
    """`align_chroma` to what the network saw: (2, h, w) chroma and an (S, S) grey square -> (2, h, w)."""
    luma = shrink(square.astype(np.float32), chroma.shape[1:]) / np.float32(255)
    return align_chroma(chroma, luma)


def align_chroma(chroma: Chroma, luma: Plane) -> Chroma:
    """Make a network's chroma follow the edges of luma, at one size: a guided filter.

    A network is unsure of its finest chroma: around hair and over stripes it gives fringes of green and
    purple, and its colours end a few pixels off the edge. Chroma from a camera has no need of this step.

    Args:
        chroma: (2, h, w).
        luma: (h, w).

    Returns:
        (2, h, w).
    """
    slopes, offsets = _fit_lines(chroma, luma, radius=ALIGN_RADIUS, epsilon=ALIGN_EPSILON)
    return slopes * luma + offsets


def upsample_chroma(chroma: Chroma, luma: Plane) -> Chroma:
    """Upsample chroma with luma as its guide, doubling the size again and again.

    At each size lines are fitted, brought to the next size and read off at its luma. What averages to other
    than the chroma given is corrected (Irani and Peleg 1991, "Improving resolution by image registration",
    section 3): without that, each doubling would blur. No value leaves the range of its 3 x 3 neighbours in
    `chroma`: no halos.

    Args:
        chroma: (2, h, w).
        luma: (H, W) with H >= h and W >= w.

    Returns:
        (2, H, W); the chroma itself where sizes are equal.
    """
    start, size = chroma.shape[1:], luma.shape
    if start == size:
        return chroma
    result, guide = chroma, shrink(luma, start)
    for step in _sizes_between(start, size):
        slopes, offsets = _fit_lines(result, guide, radius=UPSAMPLE_RADIUS, epsilon=UPSAMPLE_EPSILON)
        guide = shrink(luma, step)
        result = np.empty((2, *step), np.float32)
        for plane, slope, offset, wanted in zip(result, slopes, offsets, chroma, strict=True):
            np.multiply(grow(slope, step), guide, out=plane)
            plane += grow(offset, step)
            plane += grow(wanted - shrink(plane, start), step)
    around = np.ones((3, 3), np.uint8)
    for plane, wanted in zip(result, chroma, strict=True):
        np.minimum(plane, grow(cv2.dilate(wanted, around), size), out=plane)
        np.maximum(plane, grow(cv2.erode(wanted, around), size), out=plane)
    return result


def _fit_lines(chroma: Chroma, luma: Plane, *, radius: int, epsilon: float) -> tuple[Chroma, Chroma]:
    """Slopes and offsets of chroma over luma, averaged over all windows that hold a pixel."""
    mean = box_mean(luma, radius)
    variance = np.maximum(box_mean(luma * luma, radius) - mean * mean, 0)
    slopes, offsets = np.empty_like(chroma), np.empty_like(chroma)
    for i, plane in enumerate(chroma):
        plane_mean = box_mean(plane, radius)
        slope = (box_mean(luma * plane, radius) - mean * plane_mean) / (variance + epsilon)
        slopes[i] = box_mean(slope, radius)
        offsets[i] = box_mean(plane_mean - slope * mean, radius)
    return slopes, offsets


def _sizes_between(start: tuple[int, int], end: tuple[int, int]) -> list[tuple[int, int]]:
    """Sizes from one to the other in even steps of at most a doubling, without the first."""
    ratios = [last / first for first, last in zip(start, end, strict=True)]
    count = max(1, math.ceil(math.log2(max(ratios)) - 1e-6))
    return [
        (round(start[0] * ratios[0] ** (k / count)), round(start[1] * ratios[1] ** (k / count)))
        for k in range(1, count + 1)
    ]


def _luma_of(picture: Picture) -> Plane:
    weights = np.array([[LUMA_RED, LUMA_GREEN, LUMA_BLUE]], np.float32) / np.iinfo(picture.dtype).max
    return np.asarray(cv2.transform(picture.astype(np.float32), weights), np.float32)
