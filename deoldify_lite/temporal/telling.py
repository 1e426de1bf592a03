"""The frame of a shot that tells the most: sharp, lit, and not at the edge of a dissolve."""

import cv2
import numpy as np

from deoldify_lite.color.arrays import Luma, shrink

# Candidates of a shot that are held. Where more come, every other one is dropped: they stay spread evenly.
MOST_CANDIDATES = 16
# A dissolve shows two pictures at once: a share at each end counts only if nothing else is there.
_EDGE = 0.1
_SIDE = 96  # px: grain is gone, and what a viewer sees as sharp is not
_BRIGHTEST, _DARKEST = 250, 6  # beyond these nothing is to be seen


class TellingFrame:
    """Finds the most telling frame of one shot, frame by frame, with few of them in memory."""

    def __init__(self) -> None:
        self._candidates: list[tuple[int, Luma]] = []
        self._stride = 1
        self._seen = 0

    def add(self, luma: Luma) -> None:
        """Look at the next frame: (S, S)."""
        if self._seen % self._stride == 0:
            self._candidates.append((self._seen, luma))
        self._seen += 1
        if len(self._candidates) > MOST_CANDIDATES:
            self._candidates, self._stride = self._candidates[::2], 2 * self._stride

    def find(self) -> tuple[int, Luma]:
        """The frame, counted from the shot's first, and its luma; of equals the one nearest to the middle."""
        assert self._candidates, "a shot has a frame"
        edge, middle = _EDGE * self._seen, (self._seen - 1) / 2
        inner = [one for one in self._candidates if edge <= one[0] <= self._seen - 1 - edge]
        return max(inner or self._candidates, key=lambda one: (_detail(one[1]), -abs(one[0] - middle)))


def _detail(luma: Luma) -> float:
    """How much is to be seen: mean step of luma, in levels, where it is neither black nor burnt out."""
    small = shrink(luma, (_SIDE, _SIDE)).astype(np.float32)
    steps = np.abs(cv2.Sobel(small, cv2.CV_32F, 1, 0)) + np.abs(cv2.Sobel(small, cv2.CV_32F, 0, 1))
    lit = (small > _DARKEST) & (small < _BRIGHTEST)
    return float((steps * lit).mean())
