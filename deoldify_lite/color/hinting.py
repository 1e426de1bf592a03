"""Colours named at points, spread over what looks like them.

The correction is spread: what the hints ask for less what the network gave. It is taken as a random field,
whose values at two points are the more alike the nearer the points are, and the more alike in luma and in the
network's chroma. Its most likely values follow from those at the hints: kriging, or Gaussian process
regression (Rasmussen and Williams 2006, http://gaussianprocess.org/gpml/, section 2.2). Far from all hints it
is zero.

    correction  =  a share of it, small at most, spread wide     (the network errs alike all over a picture)
                +  the rest, spread over the thing itself        (a dress is to be red: the wall is not)

The optimisation of Levin et al. 2004 (https://doi.org/10.1145/1015706.1015780) was tried, too: where a user
wants another colour than the true one, it runs over half of the picture (docs/calibration.md).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import (
    Chroma,
    Luma,
    Picture,
    Plane,
    fit_size,
    grow,
    shrink,
    shrink_luma,
    shrink_planes,
)
from deoldify_lite.color.bt601 import LUMA_BLUE, LUMA_GREEN, LUMA_RED
from deoldify_lite.color.guided import upsample_chroma
from deoldify_lite.color.hint import Hint
from deoldify_lite.color.merge import chroma_of_rgb

# The longer side at which hints are spread; from there the picture's luma leads the chroma on.
WORKING_PX = 256


@dataclass(frozen=True)
class Kernel:
    """How alike the correction is at two points: 1 at the same one.

    By the distance d between them, as a share of the picture's longer side, and the differences of luma (of
    1) and chroma, it is exp(-(d / distance)^2 / 2), or with `pointed` exp(-d / distance), times
    exp(-(luma / self.luma)^2 / 2 - (chroma / self.chroma)^2 / 2).
    """

    distance: float
    luma: float
    chroma: float
    pointed: bool = False
    everywhere: float = 0.0  # added to the part that the distance decides
    noise: float = 0.05  # variance of the hints themselves, so that near ones that disagree are averaged


# Fitted on photos with hints of their true colours (docs/calibration.md).
WIDE = Kernel(distance=1.2, luma=0.3, chroma=0.1, pointed=True, everywhere=0.2, noise=0.1)
NEAR = Kernel(distance=0.25, luma=0.12, chroma=0.035, pointed=True)
# Of a correction so much, as a length in Cb and Cr, is spread wide: with more, a recoloured dress would tint
# the whole picture (docs/calibration.md).
MOST_WIDE = 0.03

# Luma by which things are told apart is smoothed, edges kept: weave and grain are not edges.
_SMOOTH_PX, _SMOOTH_LUMA = 4 / 128, 0.1  # of the longer side; of 1
_SPOT = 1 / 128  # what lies so near to a hint, of the longer side, is what it means


def hint_photo(prediction: NDArray[Any], picture: Picture, hints: Sequence[Hint]) -> NDArray[Any]:
    """Correct the prediction for a photo by hints.

    Args:
        prediction: as `Colorizer.predict` gives it: (2, h, w) float32 chroma, or an (S, S, 3) uint8 square.
        picture: the upright photo, (H, W, 3) uint8 or uint16.
        hints: on it.

    Returns:
        Chroma for `Colorizer.finish`, as in `spread_hints`; the prediction itself without hints.
    """
    if not hints:
        return prediction
    if prediction.dtype == np.uint8:
        prediction = chroma_of_rgb(prediction * np.float32(1 / 255))
    small = shrink(picture, fit_size(picture.shape, WORKING_PX))
    small = small.astype(np.float32) * np.float32(255 / np.iinfo(picture.dtype).max)
    luma = small @ np.array([LUMA_RED, LUMA_GREEN, LUMA_BLUE], np.float32)
    return spread_hints(prediction.astype(np.float32), np.rint(luma).astype(np.uint8), hints)


def spread_hints(
    chroma: Chroma,
    luma: Luma,
    hints: Sequence[Hint],
    *,
    near: Kernel = NEAR,
    most_wide: float = MOST_WIDE,
) -> Chroma:
    """Correct a photo's predicted chroma by hints.

    Args:
        chroma: (2, h, w) as predicted; it is stretched over the photo.
        luma: (H, W) uint8 of the upright photo, in its own shape; shrunk to WORKING_PX where it is larger.
        hints: on it.
        near: how the greater part of it spreads.
        most_wide: see MOST_WIDE.

    Returns:
        (2, h', w') for `Colorizer.finish`: of the photo's shape, WORKING_PX long or as long as `luma`, or of
        the size of `chroma` where that is larger. The chroma itself without hints.
    """
    if not hints:
        return chroma
    size = fit_size(luma.shape, WORKING_PX)
    guide = shrink_luma(luma, size)
    start = (min(chroma.shape[1], size[0]), min(chroma.shape[2], size[1]))
    grown = upsample_chroma(shrink_planes(chroma, start), guide)
    change, _ = correct(grown, guide, hints, aspect=size[1] / size[0], near=near, most_wide=most_wide)
    if chroma.shape[1] <= size[0] and chroma.shape[2] <= size[1]:
        return np.clip(grown + change, -0.5, 0.5)
    fine = (max(chroma.shape[1], size[0]), max(chroma.shape[2], size[1]))
    added = [grow(plane, fine) + grow(more, fine) for plane, more in zip(chroma, change, strict=True)]
    return np.clip(np.stack(added), -0.5, 0.5)


def correct(
    chroma: Chroma,
    luma: Plane,
    hints: Sequence[Hint],
    *,
    aspect: float,
    near: Kernel = NEAR,
    most_wide: float = MOST_WIDE,
) -> tuple[Chroma, Plane]:
    """The correction that hints make to chroma, and how much say they have.

    Args:
        chroma: (2, h, w) as predicted.
        luma: (h, w) in [0, 1].
        hints: on this picture, at least one.
        aspect: width by height of the picture, which may have been squeezed.
        near: how the greater part of it spreads.
        most_wide: see MOST_WIDE.

    Returns:
        (2, h, w) to be added, and (h, w) in [0, 1]: 1 where a hint decides alone, 0 where none reaches.
    """
    features = _features(chroma, luma, aspect)
    places = [_spot(luma.shape, hint) for hint in hints]
    points = np.array([[plane[place].mean() for plane in features] for place in places], np.float32)
    there = points[:, 3:]
    wanted = [now if hint.chroma is None else hint.chroma for hint, now in zip(hints, there, strict=True)]
    rest = np.array(wanted, np.float32) - there
    radius = np.array([np.inf if hint.radius is None else hint.radius for hint in hints], np.float32)
    # A hint with a radius is about a small thing, and says nothing about the whole picture.
    free = np.isinf(radius)
    length = np.linalg.norm(rest[free], axis=1, keepdims=True)
    share = rest[free] * np.minimum(1, most_wide / np.maximum(length, 1e-6))
    change = _krige(WIDE, features, points[free], share, np.full(len(share), WIDE.distance))
    rest -= np.array([[plane[place].mean() for plane in change] for place in places], np.float32)
    # The say of a hint, 1 at its point, is spread like its correction.
    values = np.concatenate([rest, np.ones((len(hints), 1), np.float32)], 1)
    # At twice the distance an eighth is left of a value.
    blue, red, say = _krige(near, features, points, values, np.where(free, near.distance, radius / 2))
    return change + np.stack([blue, red]), np.clip(say, 0, 1)


def _features(chroma: Chroma, luma: Plane, aspect: float) -> NDArray[np.float32]:
    """(5, h, w): place, as a share of the longer side, luma and chroma of each pixel."""
    height, width = luma.shape
    across, down = min(1.0, aspect), min(1.0, 1 / aspect)
    columns = (np.arange(width, dtype=np.float32) + 0.5) / width * across
    rows = (np.arange(height, dtype=np.float32) + 0.5) / height * down
    smooth = cv2.bilateralFilter(luma, 0, _SMOOTH_LUMA, _SMOOTH_PX * max(height, width))
    x, y = np.meshgrid(columns, rows)
    return np.stack([x, y, np.asarray(smooth, np.float32), *chroma]).astype(np.float32, copy=False)


def _spot(shape: tuple[int, ...], hint: Hint) -> tuple[slice, slice]:
    """The pixels that a hint means: those around it, or within its radius where that is less."""
    height, width = shape
    reach = min(_SPOT, hint.radius or _SPOT) * max(height, width)
    row, column = min(int(hint.y * height), height - 1), min(int(hint.x * width), width - 1)
    by = round(reach)
    return slice(max(row - by, 0), row + by + 1), slice(max(column - by, 0), column + by + 1)


def _krige(
    kernel: Kernel,
    features: NDArray[np.float32],
    points: NDArray[np.float32],
    values: NDArray[np.float32],
    distance: NDArray[np.floating[Any]],
) -> NDArray[np.float32]:
    """Carry values at points to all pixels.

    Args:
        kernel: how alike.
        features: (5, h, w) of the pixels.
        points: (N, 5) of the points.
        values: (N, C) there.
        distance: (N,) of the kernel, for each point.

    Returns:
        (C, h, w).
    """
    distance = distance.astype(np.float32)
    # Points that go differently far: a covariance still (Rasmussen and Williams 2006, equation 4.32, for two
    # dimensions), so that the matrix can be inverted whatever the hints.
    squares = (distance[:, None] ** 2 + distance[None] ** 2) / 2
    apart = points.T[:, :, None] - points.T[:, None]
    among = _likeness(kernel, apart, np.sqrt(squares)) * (np.outer(distance, distance) / squares)
    weights = np.linalg.solve(among + np.float32(kernel.noise) * np.eye(len(points)), values)
    result = np.zeros((values.shape[1], *features.shape[1:]), np.float32)
    for point, far, weight in zip(points, distance, weights.astype(np.float32), strict=True):
        alike = _likeness(kernel, features - point[:, None, None], far)
        for plane, factor in zip(result, weight, strict=True):
            plane += factor * alike
    return result


def _likeness(
    kernel: Kernel, apart: NDArray[np.float32], distance: NDArray[np.float32] | np.float32
) -> NDArray[np.float32]:
    """The kernel at differences of features, (5, ...), for a distance."""
    x, y, luma, blue, red = apart
    away = (x * x + y * y) / (distance * distance)
    unlike = luma * luma * np.float32(kernel.luma**-2) + (blue * blue + red * red) * np.float32(
        kernel.chroma**-2
    )
    near = np.exp(-np.sqrt(away)) if kernel.pointed else np.exp(away * np.float32(-0.5))
    return np.asarray((near + np.float32(kernel.everywhere)) * np.exp(unlike * np.float32(-0.5)), np.float32)
