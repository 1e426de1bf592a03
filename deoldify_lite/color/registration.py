"""Where a picture lies on another one of the same thing: first as a whole, then place by place.

The two may be of any size, cropped, shifted, scaled or turned a little, of another exposure and contrast, and
differ in places. So what is compared is never luma itself, but its structure: edges and patches at equal
strength all over.

    features that both have (Lowe 2004, https://doi.org/10.1023/B:VISI.0000029664.99615.94)
        and the guess that one is the other, stretched
    ->  an affine map, refined (Evangelidis and Psarakis 2008, https://doi.org/10.1109/TPAMI.2008.113)
    ->  dense flow (Kroeger et al. 2016, https://arxiv.org/abs/1603.03590), both ways

Nothing is drawn by lot but in OpenCV's RANSAC, whose seed is fixed: the same pictures give the same result.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import Plane, fit_size, pixel_grid, resize

Shape = tuple[int, ...]
Affine = NDArray[np.float32]  # (2, 3): a point of the picture -> the same of the other, px

# The longer side, in px, at which affine maps are sought; all lengths below are of that size.
_GLOBAL_PX = 512
_FINE_PX, _COARSE_PX = 1.5, 12.0  # deviations of the Gaussians between which structure lies
_GRAIN = 0.012  # deviation of luma that is not a structure
_FEATURES, _RATIO, _MISS_PX, _LEAST_MATCHES = 2000, 0.8, 4.0, 10
_LEAST_SCALE, _MOST_SCALE = 0.2, 5.0  # of the other in the picture, by the guess that both are whole
_ECC_STEPS = (4, 2)  # times smaller
_LEAST_OVERLAP = 0.1  # share of the picture that the other covers
# Correlation of structures from which on two pictures show the same. Of different photos it was 0.1 at most;
# of the same one, wavy, grainy or seen in another perspective, it was 0.6 and more.
LEAST_ALIKE = 0.25
# Correlation from which on no other guess is made: features take half of the time.
_ENOUGH_ALIKE = 0.8
TRUST_MISS_PX = 1.5  # by which the flow there and back may miss, at the size of the result


@dataclass(frozen=True, eq=False)
class Registration:
    """Where each pixel of a picture is in another one."""

    source: NDArray[np.float32]  # (h, w, 2): column and row in the other, px
    trust: Plane  # (h, w) in [0, 1]: whether the way back agrees; 0 beyond the other


def register(luma: Plane, other: Plane, mask: Plane | None = None) -> Registration | None:
    """Find a picture in another one.

    Args:
        luma: (h, w) in [0, 1].
        other: (h', w') in [0, 1], the other's.
        mask: (h', w') in [0, 1], how much each of its pixels counts; None: all alike.

    Returns:
        How the other lies on the picture; None if it does not show the same.
    """
    mask = np.ones_like(other) if mask is None else mask
    affine, alike = _find_affine(luma, other, mask)
    if alike < LEAST_ALIKE:
        return None
    size = luma.shape
    coarse = _apply(affine, pixel_grid((size[0], size[1])))
    here, there = structure(luma), structure(_fetch(other, coarse))
    flow, back = _flow(here, there), _flow(there, here)
    at = pixel_grid((size[0], size[1])) + flow
    miss = np.square(flow + _fetch(back, at)).sum(-1)
    trust = np.exp(-miss / np.float32(TRUST_MISS_PX**2))
    source = _apply(affine, at)
    trust *= _inside(source, other.shape)
    return Registration(source, trust)


def structure(luma: Plane) -> Plane:
    """Edges and patches at equal strength all over, of deviation about 1: (h, w) -> (h, w)."""
    scale = max(luma.shape) / _GLOBAL_PX
    fine, coarse = max(_FINE_PX * scale, 0.5), _COARSE_PX * scale
    detail = cv2.GaussianBlur(luma, (0, 0), fine) - cv2.GaussianBlur(luma, (0, 0), coarse)
    deviation = np.sqrt(cv2.GaussianBlur(detail * detail, (0, 0), coarse))
    return np.asarray(detail / (deviation + np.float32(_GRAIN)), np.float32)


def _find_affine(luma: Plane, other: Plane, mask: Plane) -> tuple[Affine, float]:
    """The best of all guesses, refined, for the sizes given, and the correlation of structures under it."""
    small = [resize(plane, fit_size(plane.shape, _GLOBAL_PX)) for plane in (luma, other)]
    planes = [structure(plane) for plane in small]
    counts = resize(mask, (small[1].shape[0], small[1].shape[1]))
    best, found = 0.0, _stretched(planes[0].shape, planes[1].shape)
    for guess in _guesses(planes[0], planes[1], counts):
        refined = _refined(guess, planes[0], planes[1], counts)
        for affine in (guess, refined):
            if affine is not None and (likeness := _likeness(affine, planes[0], planes[1], counts)) > best:
                best, found = likeness, affine
        if best > _ENOUGH_ALIKE:
            break
    return _rescaled(found, small[0].shape, luma.shape, small[1].shape, other.shape), best


def _guesses(here: Plane, there: Plane, mask: Plane) -> Iterator[Affine]:
    yield _stretched(here.shape, there.shape)
    search = cv2.SIFT.create(_FEATURES)
    points, words = [], []
    for plane, counts in ((here, None), (there, (255 * (mask > 0.5)).astype(np.uint8))):
        picture = np.clip(128 + 48 * plane, 0, 255).astype(np.uint8)
        found, described = search.detectAndCompute(picture, counts)
        if described is None or len(found) < _LEAST_MATCHES:
            return
        points.append(np.array([point.pt for point in found], np.float32))
        words.append(described)
    pairs = cv2.BFMatcher(cv2.NORM_L2).knnMatch(words[0], words[1], 2)
    good = [pair[0] for pair in pairs if len(pair) == 2 and pair[0].distance < _RATIO * pair[1].distance]
    if len(good) < _LEAST_MATCHES:
        return
    ours = points[0][[match.queryIdx for match in good]]
    theirs = points[1][[match.trainIdx for match in good]]
    cv2.setRNGSeed(0)
    for estimate in (cv2.estimateAffinePartial2D, cv2.estimateAffine2D):
        affine, inliers = estimate(ours, theirs, ransacReprojThreshold=_MISS_PX, maxIters=5000)
        if affine is not None and inliers.sum() >= _LEAST_MATCHES:
            yield np.asarray(affine, np.float32)


def _refined(affine: Affine, here: Plane, there: Plane, mask: Plane) -> Affine | None:
    """The affine map by which structures agree best, near another one; None where none is found."""
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 60, 1e-4)
    for step in _ECC_STEPS:
        planes, sizes = [], []
        for plane in (here, there):
            size = (max(plane.shape[0] // step, 16), max(plane.shape[1] // step, 16))
            planes.append(resize(plane, size))
            sizes.append(size)
        counts = (255 * (resize(mask, sizes[1]) > 0.5)).astype(np.uint8)
        start = _rescaled(affine, here.shape, sizes[0], there.shape, sizes[1])
        try:
            _, moved = cv2.findTransformECC(planes[0], planes[1], start, cv2.MOTION_AFFINE, stop, counts, 5)
        except cv2.error:  # it does not converge
            return None
        affine = _rescaled(np.asarray(moved, np.float32), sizes[0], here.shape, sizes[1], there.shape)
    return affine


def _likeness(affine: Affine, here: Plane, there: Plane, mask: Plane) -> float:
    """Correlation of structures under an affine map; 0 for one that no two pictures could have."""
    scale = math.sqrt(abs(float(np.linalg.det(affine[:, :2]))) * here.size / there.size)
    if not _LEAST_SCALE < scale < _MOST_SCALE:
        return 0.0
    source = _apply(affine, pixel_grid((here.shape[0], here.shape[1])))
    inside = _inside(source, there.shape) * _fetch(mask, source)
    if inside.mean() < _LEAST_OVERLAP * min(mask.mean() * 2, 1):
        return 0.0
    return _correlation(here, _fetch(there, source), inside)


def _stretched(shape: Shape, other: Shape) -> Affine:
    """The map that makes one picture's whole the other's."""
    x, y = other[1] / shape[1], other[0] / shape[0]
    return np.array([[x, 0, (x - 1) / 2], [0, y, (y - 1) / 2]], np.float32)


def _rescaled(affine: Affine, old: Shape, new: Shape, other: Shape, wanted: Shape) -> Affine:
    """The same map between pictures of other sizes: `old` becomes `new`, and what it leads to, `wanted`."""
    there, here = (np.vstack([part, [0, 0, 1]]) for part in (affine, _stretched(new, old)))
    return np.asarray(_stretched(other, wanted) @ there @ here, np.float32)


def _apply(affine: Affine, points: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.transform(points, affine), np.float32)


def _fetch(values: NDArray[np.float32], source: NDArray[np.float32]) -> NDArray[np.float32]:
    fetched = cv2.remap(values, source, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    return np.asarray(fetched, np.float32)


def _inside(source: NDArray[np.float32], shape: Shape) -> Plane:
    columns, rows = cv2.split(source)
    height, width = shape[:2]
    within = (columns > -0.5) & (columns < width - 0.5) & (rows > -0.5) & (rows < height - 0.5)
    return within.astype(np.float32)


def _flow(here: Plane, there: Plane) -> NDArray[np.float32]:
    pictures = [np.clip(128 + 40 * plane, 0, 255).astype(np.uint8) for plane in (here, there)]
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return np.asarray(search.calc(pictures[0], pictures[1], None), np.float32)  # type: ignore[call-overload]


def _correlation(one: Plane, other: Plane, weight: Plane) -> float:
    total = max(float(weight.sum()), 1e-6)
    one = one - float((weight * one).sum()) / total
    other = other - float((weight * other).sum()) / total
    product = float((weight * one * other).sum())
    return product / max(
        np.sqrt(float((weight * one * one).sum()) * float((weight * other * other).sum())), 1e-6
    )
