"""How a picture moves from one frame to the next, and how far that is to be trusted."""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Luma = NDArray[np.uint8]  # (S, S)
Plane = NDArray[np.float32]  # (h, w)

# Pixels by which going there and back may miss the start, and change of luma, as a share of its range, at
# which trust falls to 1/e. Grain stays well below it, a wrong match well above.
TRUST_MISS_PX = 0.7
TRUST_LUMA = 0.065
# A fast move is found less exactly: its length counts as so much of a miss, squared.
_MISS_OF_LENGTH = 0.05
_WINDOW_PX = 5  # over which a change of luma counts, so that single grains do not


@dataclass(frozen=True)
class Motion:
    """Where each pixel of a frame was in another one."""

    source: NDArray[np.float32]  # (h, w, 2): column and row in the other frame, px
    trust: Plane  # (h, w) in [0, 1]

    def carry(self, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Bring what the other frame has, (h, w) or (h, w, C), to where it is in this one."""
        columns, rows = self.source[..., 0], self.source[..., 1]
        carried = cv2.remap(values, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(carried, np.float32).reshape(values.shape)  # OpenCV drops a single channel


def motion_between(before: Luma, now: Luma, size: tuple[int, int]) -> tuple[Motion, Motion]:
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
    flows = [_shrink_flow(_search(here, there), size) for here, there in ((now, before), (before, now))]
    lumas = [_shrink(luma, size).astype(np.float32) / np.float32(255) for luma in (before, now)]
    return (
        _weigh(flows[0], flows[1], there=lumas[0], here=lumas[1]),
        _weigh(flows[1], flows[0], there=lumas[1], here=lumas[0]),
    )


def _search(here: Luma, there: Luma) -> NDArray[np.float32]:
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_FAST)
    return np.asarray(search.calc(here, there, None), np.float32)  # type: ignore[call-overload]


def _weigh(flow: NDArray[np.float32], back: NDArray[np.float32], *, there: Plane, here: Plane) -> Motion:
    height, width = here.shape
    columns, rows = np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)
    source = np.empty_like(flow)
    np.add(flow[..., 0], columns, out=source[..., 0])
    np.add(flow[..., 1], rows[:, None], out=source[..., 1])
    motion = Motion(source, np.ones_like(here))

    miss = np.square(flow + motion.carry(back)).sum(-1)
    miss /= TRUST_MISS_PX**2 * (1 + _MISS_OF_LENGTH * np.square(flow).sum(-1))
    change = np.abs(_expose_like(motion.carry(there), here) - here)
    change = cv2.blur(change, (_WINDOW_PX, _WINDOW_PX)) / TRUST_LUMA
    trust = np.exp(-miss - np.square(change))
    # What comes from outside the other frame was not there.
    inside = (source > -0.5).all(-1) & (source[..., 0] < width - 0.5) & (source[..., 1] < height - 0.5)
    return Motion(source, trust * inside)


def _expose_like(luma: Plane, other: Plane) -> Plane:
    """Brightness and contrast of one frame as those of another: projectors and old cameras flicker."""
    (mean, spread), (wanted_mean, wanted_spread) = ((x.mean(), x.std()) for x in (luma, other))
    return (luma - mean) * (wanted_spread / max(spread, 1e-3)) + wanted_mean


def _shrink(picture: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    if picture.shape[:2] == size:
        return picture
    return np.asarray(cv2.resize(picture, size[::-1], interpolation=cv2.INTER_AREA))


def _shrink_flow(flow: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    scale = np.array([size[1] / flow.shape[1], size[0] / flow.shape[0]], np.float32)
    return np.asarray(_shrink(flow, size) * scale, np.float32)
