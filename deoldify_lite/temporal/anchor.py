"""A key frame seen from another frame: the way to it, and the colours that come along it.

A way is found step by step, along the film's motion, and at each step corrected by a comparison with the key.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import Luma, Plane, Size, grow, pixel_grid, resize
from deoldify_lite.color.key import FilmKey
from deoldify_lite.temporal.motion import Motion, expose_like, refined_flow

# Of the trust in the way back to a key so much is left after each frame on it.
KEPT = 0.998
# Change of luma from key to frame, as a share of its range, at which trust falls to 1/e; the window over
# which it counts, as a share of the side; and the power of the trust in the way: chosen on films.
_TRUST_LUMA, _WINDOW, _WAY_POWER = 0.092, 5 / 192, 1 / 8
# The greatest weight of a key among others is 1 / _SURE.
_SURE, _UNSURE = 0.02, 1e-3
# The way to a key is found at so many times less than the size of the chroma.
_COARSER = 2

_pixel_grid = lru_cache(maxsize=4)(pixel_grid)  # all frames of a film have one size

Sum = NDArray[np.float32]  # (S, S, 4): Cb, Cr and say times their weight, and the weight


@dataclass(frozen=True, eq=False)
class Anchor:
    """A key, and the way to it from the frame that is looked at."""

    luma: Luma  # (s, s)
    colors: NDArray[np.float32]  # (S, S, 3): Cb, Cr and their trust
    way: Motion  # (s, s): brings what the key has to the present frame

    @classmethod
    def of_key(cls, key: FilmKey, size: Size) -> "Anchor":
        """A key seen from its own frame; `size` is that of its colours."""
        planes = [*key.chroma.astype(np.float32), key.trust.astype(np.float32)]
        colors = np.asarray(cv2.merge([resize(plane, size) for plane in planes]), np.float32)
        small = (max(size[0] // _COARSER, 1), max(size[1] // _COARSER, 1))
        return cls(resize(key.luma, small), colors, Motion(pixel_grid(small), np.ones(small, np.float32)))

    def moved(self, motion: Motion) -> "Anchor":
        """The same, seen from the next frame; `motion` brings values of the present one there."""
        motion = _resized(motion, _size(self.luma))
        trust = np.minimum(motion.carry(self.way.trust) * np.float32(KEPT), motion.trust)
        return replace(self, way=Motion(motion.carry(self.way.source), trust))

    def brought(self, luma: Luma) -> tuple["Anchor", Sum]:
        """The same with a better way, and its colours in the present frame, whose luma is (S', S') uint8."""
        luma = resize(luma, _size(self.luma))
        now = luma.astype(np.float32) / np.float32(255)
        there = self.luma.astype(np.float32) / np.float32(255)
        source = refined_flow(luma, self.luma, self.way.source)
        old, new = (_agreement(there, now, one) for one in (self.way.source, source))
        better = new >= old
        way = Motion(np.where(better[..., None], source, self.way.source), self.way.trust)
        say = np.where(better, new, old) * np.minimum(way.trust, 1) ** np.float32(_WAY_POWER)
        return replace(self, way=way), self._sum(way, say)

    def own(self) -> Sum:
        """Its colours in its own frame."""
        return self._sum(self.way, self.way.trust)

    def _sum(self, way: Motion, say: Plane) -> Sum:
        far = np.minimum(way.trust, 1)
        weight = say * far / (1 + np.float32(_SURE) - far)
        size = _size(self.colors)
        blue, red, known = cv2.split(_resized(way, size).carry(self.colors))
        known = np.clip(known, 0, 1)
        say, weight = grow(say, size) * known, grow(weight, size) * known + np.float32(_UNSURE)
        return np.asarray(cv2.merge([blue * weight, red * weight, say * weight, weight]), np.float32)


def _size(array: NDArray[Any]) -> Size:
    return array.shape[0], array.shape[1]


def _resized(motion: Motion, size: Size) -> Motion:
    """The same motion at another size."""
    height, width = motion.trust.shape
    if (height, width) == size:
        return motion
    ratio = np.array([size[1] / width, size[0] / height], np.float32)
    flow = cv2.resize(
        motion.source - _pixel_grid((height, width)), size[::-1], interpolation=cv2.INTER_LINEAR
    )
    return Motion(np.asarray(_pixel_grid(size) + flow * ratio, np.float32), grow(motion.trust, size))


def _agreement(there: Plane, here: Plane, source: NDArray[np.float32]) -> Plane:
    """How well luma agrees with that of its source, in [0, 1]; 0 where the source lies outside."""
    height, width = here.shape
    side = max(3, round(_WINDOW * max(here.shape)) | 1)
    came = Motion(source, here).carry(there)
    change = cv2.blur(cv2.absdiff(expose_like(came, here), here), (side, side))
    columns, rows = cv2.split(source)
    inside = (columns > -0.5) & (columns < width - 0.5) & (rows > -0.5) & (rows < height - 0.5)
    return np.asarray(np.exp(-np.square(change / np.float32(_TRUST_LUMA))) * inside, np.float32)
