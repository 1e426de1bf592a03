"""How a picture moves from one frame to the next, and how far that is to be trusted."""

import math
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import Luma, Plane, Size, pixel_grid, shrink

# Pixels by which going there and back may miss the start, and change of luma, as a share of its range, at
# which trust falls to 1/e. Grain stays well below it, a wrong match well above.
TRUST_MISS_PX = 0.7
TRUST_LUMA = 0.065
# A fast move is found less exactly: its length counts as so much of a miss, squared.
_MISS_OF_LENGTH = 0.05
_WINDOW_PX = 5  # over which a change of luma counts, so that single grains do not
# The flow is found at so many times less than the size that the network saw, and stretched.
_COARSER = 4

_pixel_grid = lru_cache(maxsize=4)(pixel_grid)  # all frames of a film have one size


@dataclass(frozen=True)
class Motion:
    """Where each pixel of a frame was in another one."""

    source: NDArray[np.float32]  # (h, w, 2): column and row in the other frame, px
    trust: Plane  # (h, w) in [0, 1]

    def carry(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Bring what the other frame has, (h, w) or (h, w, C), to where it is in this one."""
        carried = _fetch(values, self.source)
        return carried.reshape(values.shape)  # OpenCV drops a single channel


class _Searches(threading.local):
    """A search for each thread: it keeps its buffers, which take as long to make as a flow to find."""

    def __init__(self) -> None:
        self.flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)


_searches = _Searches()


def motion_between(before: Luma, now: Luma, size: Size) -> tuple[Motion, Motion]:
    """Motion of two frames at a smaller size.

    Dense inverse search (Kroeger et al. 2016, https://arxiv.org/abs/1603.03590) both ways. A match is
    trusted if the way back ends where the way there began (Sundaram et al. 2010,
    https://doi.org/10.1007/978-3-642-15549-9_32), and if luma is the same at both ends, but for a change of
    exposure over the whole frame.

    Args:
        before, now: (S, S) uint8.
        size: (h, w) of the result, at most S.

    Returns:
        What brings values of `before` to `now`, and what brings values of `now` to `before`.
    """
    small = [shrink(luma, size) for luma in (before, now)]
    scale = max(round(math.log2(_COARSER * max(size) / max(now.shape))), 0)
    forth, back = _search(small[1], small[0], scale), _search(small[0], small[1], scale)
    lumas = [luma.astype(np.float32) / np.float32(255) for luma in small]
    return (
        _weigh(forth, back, there=lumas[0], here=lumas[1]),
        _weigh(back, forth, there=lumas[1], here=lumas[0]),
    )


def _search(here: Luma, there: Luma, scale: int) -> NDArray[np.float32]:
    """From each pixel to the same point elsewhere, px: (h, w, 2). The flow is found `scale` halvings down."""
    _searches.flow.setFinestScale(scale)  # each time: small pictures make it change this by itself
    return np.asarray(_searches.flow.calc(here, there, None), np.float32)  # type: ignore[call-overload]


def refined_flow(here: Luma, there: Luma, source: NDArray[np.float32]) -> NDArray[np.float32]:
    """Correct a motion that is nearly right: sources (h, w, 2) of each pixel of `here`, both (h, w) uint8."""
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    search.setFinestScale(0)
    # It takes half of the time, and gains nothing that shows in the colours.
    search.setVariationalRefinementIterations(0)
    grid = _pixel_grid(here.shape)
    return np.asarray(search.calc(here, there, source - grid) + grid, np.float32)


def _weigh(flow: NDArray[np.float32], back: NDArray[np.float32], *, there: Plane, here: Plane) -> Motion:
    height, width = here.shape
    source = flow + _pixel_grid(here.shape)
    # One picture fetched is cheaper than two.
    back_x, back_y, luma = _fetch_planes([*cv2.split(back), there], source)
    x, y = cv2.split(flow)
    miss = np.square(x + back_x) + np.square(y + back_y)
    miss /= TRUST_MISS_PX**2 * (1 + _MISS_OF_LENGTH * (x * x + y * y))
    change = cv2.blur(cv2.absdiff(expose_like(luma, here), here), (_WINDOW_PX, _WINDOW_PX))
    trust = np.exp(-miss - np.square(change / TRUST_LUMA))
    # What comes from outside the other frame was not there.
    columns, rows = cv2.split(source)
    trust *= (columns > -0.5) & (columns < width - 0.5) & (rows > -0.5) & (rows < height - 0.5)
    return Motion(source, trust)


def _fetch(values: NDArray[np.float32], source: NDArray[np.float32]) -> NDArray[np.float32]:
    """Values at their sources, between four others; the border is repeated."""
    fetched = cv2.remap(values, source, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    return np.asarray(fetched, np.float32)


def _fetch_planes(planes: Sequence[NDArray[Any]], source: NDArray[np.float32]) -> list[Plane]:
    fetched = cv2.split(_fetch(np.asarray(cv2.merge(planes), np.float32), source))
    return [np.asarray(plane, np.float32) for plane in fetched]


def expose_like(luma: Plane, other: Plane) -> Plane:
    """Brightness and contrast of one frame as those of another: projectors and old cameras flicker."""
    (mean, spread), (wanted_mean, wanted_spread) = (cv2.meanStdDev(plane) for plane in (luma, other))
    gain = np.float32(wanted_spread.item() / max(spread.item(), 1e-3))
    return luma * gain + (np.float32(wanted_mean.item()) - gain * np.float32(mean.item()))
