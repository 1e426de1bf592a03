"""Where each pixel of a frame was in the frame before, and where that can be trusted."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import Luma, pixel_grid

Flow = NDArray[np.float32]  # (H, W, 2): x and y in px from a pixel to the same point in the other frame

# Two flows agree where they lead back to within about 0.7 px, and a tenth of the way where it is long.
AGREED_SHARE, AGREED_PX2 = 0.01, 0.5
RESIDUAL = 25.5  # 8-bit levels, a tenth of the range: grain stays below it, the edge of something else above


def dis(start: Luma, end: Luma) -> Flow:
    """Dense inverse search with the preset MEDIUM: Kroeger et al. 2016, https://arxiv.org/abs/1603.03590.

    On cut-outs of film frames that were moved, turned and scaled by known amounts, with an object passing
    before them (432 x 243 px), it was wrong by 0.31 px on average, the presets FAST and ULTRAFAST by 0.57
    and 0.80, `farneback` by 3.4, half of it below 0.6.
    """
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    return np.asarray(search.calc(start, end, None), np.float32)  # type: ignore[call-overload]


def farneback(start: Luma, end: Luma) -> Flow:
    """Polynomial expansion: Farneback 2003, https://doi.org/10.1007/3-540-45103-X_50.

    Coarser, and it stands still where there is nothing to see; but made in another way than any DIS, so that
    it shows whether a ranking hangs on the flow.
    """
    found: Flow = cv2.calcOpticalFlowFarneback(start, end, None, 0.5, 5, 31, 5, 7, 1.5, 0)  # type: ignore[call-overload]
    return found


FLOWS: dict[str, Callable[[Luma, Luma], Flow]] = {"dis": dis, "farneback": farneback}


@dataclass(frozen=True)
class Matches:
    """Where each pixel of a frame was in the frame before."""

    positions: NDArray[np.float32]  # (H, W, 2): x and y, px, of each pixel in the frame before
    trusted: NDArray[np.bool_]  # (H, W): the pixel was to be seen there


def find_matches(before: Luma, now: Luma, *, flow: str = "dis") -> Matches:
    """Follow every pixel back to the frame before.

    A pixel is trusted if its place lies inside the frame before, if the flow from there leads back to it
    (Sundaram et al. 2010, https://doi.org/10.1007/978-3-642-15549-9_32, and Lai et al. 2018,
    https://arxiv.org/abs/1808.00449: |w + v|^2 <= 0.01 (|w|^2 + |v|^2) + 0.5 for the flow w and the flow back
    v), and if luma is the same there but for `RESIDUAL`.

    Args:
        before, now: (H, W) uint8.
        flow: key of `FLOWS`.
    """
    height, width = now.shape
    back, forth = FLOWS[flow](now, before), FLOWS[flow](before, now)
    positions = pixel_grid(now.shape) + back
    inside = ((positions >= 0) & (positions <= (width - 1, height - 1))).all(-1)
    returning = warp(forth, positions)
    gap = np.square(back + returning).sum(-1)
    length = np.square(back).sum(-1) + np.square(returning).sum(-1)
    agreed = gap <= AGREED_SHARE * length + AGREED_PX2
    same = np.abs(warp(before.astype(np.float32), positions) - now) <= RESIDUAL
    return Matches(positions, inside & agreed & same)


def warp(picture: NDArray[np.float32], positions: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fetch each pixel from its position, between four others: (H, W) or (H, W, C), (H, W, 2) -> as given."""
    fetched: NDArray[Any] = cv2.remap(
        picture, positions, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )  # type: ignore[call-overload]
    return fetched
