"""Steady chroma over the frames of a film. Works on the small squares that the network sees."""

import cv2
import numpy as np
from numpy.typing import NDArray

Luma = NDArray[np.uint8]  # (S, S)
Chroma = NDArray[np.float32]  # (2, h, w)

# Change of luma, as a share of its range, at which trust in the colour of the frame before falls to 1/e.
# Grain stays well below it, a moved edge well above.
TRUST_RANGE = 0.06


def is_cut(before: Luma, now: Luma) -> bool:
    """Whether a new shot begins: most of the picture differs, and so does its distribution of luma.

    Args:
        before, now: (S, S) uint8, one after the other.
    """
    size = (32, 32)  # at this size grain and small motion are gone
    small = [cv2.resize(x, size, interpolation=cv2.INTER_AREA).astype(np.float32) for x in (before, now)]
    difference = float(np.abs(small[0] - small[1]).mean()) / 255
    counts = [np.histogram(x, bins=32, range=(0, 256))[0] / x.size for x in (before, now)]
    moved = float(np.abs(counts[0] - counts[1]).sum()) / 2  # share of pixels that changed their bin
    return difference > 0.13 or (difference > 0.07 and moved > 0.25)


class ChromaSmoother:
    """Blends each frame's chroma with the result before it, where luma did not change.

    Args:
        smoothing: share kept from the frame before where nothing moves; 0 leaves every frame as it is.
    """

    def __init__(self, smoothing: float) -> None:
        self.smoothing = smoothing
        self._luma: Luma | None = None
        self._chroma: Chroma | None = None

    def step(self, luma: Luma, chroma: Chroma) -> Chroma:
        """Smooth the next frame.

        Args:
            luma: (S, S) uint8, the frame as the network saw it.
            chroma: (2, h, w) float32, as predicted for it.

        Returns:
            (2, h, w) float32. The first frame of a shot comes back as it is.
        """
        before, kept = self._luma, self._chroma
        if self.smoothing and before is not None and kept is not None and not is_cut(before, luma):
            change = cv2.absdiff(before, luma).astype(np.float32) / (255 * TRUST_RANGE)
            trust = np.exp(-np.square(cv2.blur(change, (5, 5))))
            trust = cv2.resize(trust, chroma.shape[:0:-1], interpolation=cv2.INTER_AREA)
            chroma = chroma + (self.smoothing * trust) * (kept - chroma)
        self._luma, self._chroma = luma, chroma
        return chroma
