"""The chroma of another coloured version of a picture, laid on the picture.

The other may be shifted, scaled, cropped, relit or partly redrawn. Only what agrees in luma is trusted, once
both lie on each other (`color.registration`) and the other has been given the light of the picture: by a tone
curve first, then region by region. Both work on red, green and blue, as whatever has changed the light did,
and chroma is taken after them: so it grows and falls with luma.
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import Chroma, Picture, Plane, box_mean, fit_size, resize, shrink
from deoldify_lite.color.borders import find_borders, repeat_edges
from deoldify_lite.color.bt601 import LUMA_BLUE, LUMA_GREEN, LUMA_RED
from deoldify_lite.color.merge import chroma_of_rgb
from deoldify_lite.color.registration import register, structure

# The longer side of what comes out.
WORKING_PX = 640
_LEVELS = 32  # of luma, at which the tone curve is known
# Window, as a share of the longer side, in which the other is made lighter or darker; by how much at most.
_BROAD, _MOST_GAIN = 1 / 16, 1.5
# Differences of luma, and of structure, at which trust falls to 1/e; and the windows, as shares of the longer
# side, over which they count. Chosen on photos, with grain and without.
_TRUST_LUMA, _TRUST_STRUCTURE = 0.1, 1.1
_WINDOWS = (1 / 100, 1 / 40)

_WEIGHTS = np.array([LUMA_RED, LUMA_GREEN, LUMA_BLUE], np.float32)


@dataclass(frozen=True, eq=False)
class Laid:
    """Chroma laid on a picture."""

    chroma: Chroma  # (2, h, w) Cb and Cr in [-0.5, 0.5]
    trust: Plane  # (h, w) in [0, 1]; 0 where the other version does not reach, or shows something else


def lay_chroma(
    luma: Plane, other: Picture, alpha: NDArray[Any] | None = None, *, most_px: int = WORKING_PX
) -> Laid | None:
    """Lay the chroma of another coloured version on a picture.

    Args:
        luma: (H, W) in [0, 1], of the picture.
        other: (H', W', 3) RGB, uint8 or uint16, of any size.
        alpha: (H', W') of its depth: the other counts only where it covers; None: everywhere.
        most_px: the longer side of the result, if that of the picture is longer.

    Returns:
        Chroma and trust, both in the shape of the picture; None if the other does not show the same.
    """
    size = fit_size(luma.shape, most_px)
    luma = resize(luma, size)
    # A finer one than the result would alias when it is fetched.
    small = resize(other, fit_size(other.shape, round(1.25 * max(size))))
    top = np.float32(np.iinfo(other.dtype).max)
    rgb = small.astype(np.float32) / top
    mask = None
    if alpha is not None:
        mask = shrink(alpha, (small.shape[0], small.shape[1])).astype(np.float32) / top
    borders = find_borders(rgb, luma)
    if borders.any() and not borders.all():
        rgb = repeat_edges(rgb, borders)
        mask = np.where(borders, np.float32(0), np.float32(1) if mask is None else mask)
    there = rgb @ _WEIGHTS
    found = register(luma, there, mask)
    if found is None:
        return None
    planes = np.dstack([rgb, np.ones_like(there) if mask is None else mask])
    fetched = cv2.remap(planes, found.source, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    rgb, cover = np.asarray(fetched[..., :3], np.float32), np.asarray(fetched[..., 3], np.float32)
    trust = found.trust * cover
    rgb = _gained(_toned(rgb, luma, trust), luma, trust)
    trust = trust * _agreement(luma, rgb @ _WEIGHTS)
    return Laid(np.clip(chroma_of_rgb(rgb), -0.5, 0.5), np.asarray(trust, np.float32))


def _toned(rgb: NDArray[np.float32], luma: Plane, trust: Plane) -> NDArray[np.float32]:
    """A picture in the light of `luma`, by one monotone tone curve for its red, green and blue."""
    own = rgb @ _WEIGHTS
    chosen = trust > 0.3
    if chosen.mean() < 1e-3:
        return rgb
    given, wanted = own[chosen], luma[chosen]
    # Where equal shares of the pixels lie; medians are not led astray by what differs.
    order = np.argsort(given, kind="stable")
    groups = np.array_split(order, _LEVELS)
    x = np.array([np.median(given[group]) for group in groups if len(group)])
    y = np.array([np.median(wanted[group]) for group in groups if len(group)])
    x, first = np.unique(x, return_index=True)
    y = np.maximum.accumulate(y[first])
    # Beyond what occurs, black stays black and white stays white.
    x, y = np.concatenate([[min(0, x[0] - 1e-3)], x, [max(1, x[-1] + 1e-3)]]), np.concatenate([[0], y, [1]])
    return np.asarray(np.interp(rgb, x, y), np.float32)


def _gained(rgb: NDArray[np.float32], luma: Plane, trust: Plane) -> NDArray[np.float32]:
    """A picture made as light as `luma` region by region: what a vignette or a lamp has changed."""
    radius = max(1, round(_BROAD * max(luma.shape)))
    weight = trust + np.float32(1e-3)
    wanted, given = (box_mean(weight * plane, radius) for plane in (luma, rgb @ _WEIGHTS))
    dark = np.float32(0.02) * box_mean(weight, radius)  # of which no ratio is known
    ratio = np.clip((wanted + dark) / (given + dark), 1 / _MOST_GAIN, _MOST_GAIN)
    return np.asarray(rgb * ratio[..., None], np.float32)


def _agreement(luma: Plane, other: Plane) -> Plane:
    """How well two lumas agree, in [0, 1], by what differs of their light and of their structure."""
    edges = np.abs(structure(luma) - structure(other))
    apart = np.abs(luma - other)
    trust = np.ones_like(luma)
    for share in _WINDOWS:
        radius = max(1, round(share * max(luma.shape)))
        trust = np.minimum(trust, np.exp(-np.square(box_mean(apart, radius) / np.float32(_TRUST_LUMA))))
        trust = np.minimum(trust, np.exp(-np.square(box_mean(edges, radius) / np.float32(_TRUST_STRUCTURE))))
    return np.asarray(trust, np.float32)
