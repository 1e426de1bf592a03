"""Colours of key frames found by likeness: each place of a frame takes those of the places that look like it.

Where the motion leads nowhere, in what was hidden or has come into the picture, the features by which the
network itself tells things apart still find the same thing in a key frame, or another of its kind. All
places are compared with all: colours are means, weighted by likeness, so that frames which differ little
come out alike (E. A. Nadaraya 1964, "On estimating regression", https://doi.org/10.1137/1109020). What is
like a place gives it a line of chroma over luma, not one colour, which keeps the edges of luma.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import Chroma, Features, Luma, Plane, Size, grow, resize, shrink, shrink_luma

# Side in cells of the grid on which places are compared.
GRID = 32
# How much features count, from fine to coarse; the difference of their weighted cosines, and that of luma, at
# which likeness falls to 1/e and exp(-1/2). Half of the network's own colour stays where the cosines are no
# more than by chance, and where the chroma of what is like a place deviates by so much: a guess between red
# and green would be brown. And the variance of luma that is grain. Chosen on films.
_WEIGHTS, _SPREAD, _SPREAD_OF_LUMA = (1.0, 1.0, 0.5), 0.1, 0.1
_CHANCE, _SPREAD_OF_COLOR = 0.75, 0.12
_GRAIN = 1e-3
# Trust in a key's chroma up to which it counts for nothing, and from which on for all.
_LEAST_TRUST, _ENOUGH_TRUST = 0.3, 0.7
_MOST_CHANNELS = 128  # that every OpenCV resizes at once


@dataclass(frozen=True, eq=False)
class Likeness:
    """The places of key frames, by what they look like."""

    features: tuple[NDArray[np.float32], ...]  # (N, C) each; in the first one luma, too
    # (N, 8): trust, and times it luma, its square, that of chroma, Cb and Cr, and luma times these.
    sums: NDArray[np.float32]
    least: NDArray[np.float32]  # (2,) of chroma
    most: NDArray[np.float32]

    @classmethod
    def of_key(cls, features: Features, luma: Luma, chroma: Chroma, trust: Plane) -> "Likeness":
        """Learn from a key frame.

        Args:
            features: of its luma.
            luma: (S, S) uint8.
            chroma: (2, S, S) that is known.
            trust: (S, S) in [0, 1], where it is.
        """
        y = luma.astype(np.float32) / np.float32(255)
        blue, red = chroma
        strength = blue * blue + red * red
        # A place is most like itself: what is hardly trusted there would win over all that is.
        trust = np.clip((trust - np.float32(_LEAST_TRUST)) / np.float32(_ENOUGH_TRUST - _LEAST_TRUST), 0, 1)
        planes = [
            trust * plane for plane in (np.ones_like(y), y, y * y, strength, blue, red, y * blue, y * red)
        ]
        sums = np.stack([shrink(plane, (GRID, GRID)).ravel() for plane in planes], 1)
        grids = [np.stack([resize(p, (GRID, GRID)) for p in one.astype(np.float32)]) for one in features]
        known = trust > 0.5
        seen = chroma[:, known] if known.any() else np.zeros((2, 1), np.float32)
        places = [_flat(grid) for grid in grids]
        # The Gaussian of luma's difference in the exponent: three more numbers of each place.
        there = shrink(y, (GRID, GRID)).ravel() / np.float32(_SPREAD_OF_LUMA)
        places[0] = np.hstack([places[0], np.stack([there, np.ones_like(there), there * there / -2], 1)])
        return cls(
            tuple(places),
            sums,
            seen.min(1),
            seen.max(1),
        )

    @classmethod
    def of_all(cls, parts: Sequence["Likeness"]) -> "Likeness":
        """The places of several key frames."""
        if len(parts) == 1:
            return parts[0]
        return cls(
            tuple(np.concatenate(level) for level in zip(*(part.features for part in parts), strict=True)),
            np.concatenate([part.sums for part in parts]),
            np.min([part.least for part in parts], 0),
            np.max([part.most for part in parts], 0),
        )

    def color(self, chroma: Chroma, luma: Luma, features: Features) -> Chroma:
        """Give a frame the colours of what it is like.

        Args:
            chroma: (2, h, w) of the network, which stays where nothing is like it.
            luma: (S, S) uint8.
            features: of it.

        Returns:
            (2, h, w).
        """
        size = chroma.shape[1:]
        sums = _product(self._likeness(luma, features), np.ascontiguousarray(self.sums.T))
        there = sums[:, 0]
        mean, square, strength, *products = (sums[:, 1:] / np.maximum(there, np.float32(1e-6))[:, None]).T
        variance = np.maximum(square - mean * mean, 0) + np.float32(_GRAIN)
        apart = np.maximum(strength - np.square(products[:2]).sum(0), 0) / np.float32(_SPREAD_OF_COLOR**2)
        certain = there / (there + np.float32(np.exp(_CHANCE / _SPREAD))) / (1 + apart)
        sure = grow(certain.reshape(GRID, GRID), size)
        guide = shrink_luma(luma, size)
        result = np.empty_like(chroma)
        for i in range(2):
            slope = (products[2 + i] - mean * products[i]) / variance
            offset = products[i] - slope * mean
            line = grow(slope.reshape(GRID, GRID), size) * guide + grow(offset.reshape(GRID, GRID), size)
            result[i] = chroma[i] + sure * (np.clip(line, self.least[i], self.most[i]) - chroma[i])
        return result

    def _likeness(self, luma: Luma, features: Features) -> NDArray[np.float32]:
        """How much each place is like each of the key frames': (GRID * GRID, N)."""
        here = [
            _flat(own.astype(np.float32) * np.float32(weight / _SPREAD))
            for own, weight in zip(features, _WEIGHTS, strict=True)
        ]
        sizes = [(own.shape[1], own.shape[2]) for own in features]
        y = shrink_luma(luma, sizes[0]).ravel() / np.float32(_SPREAD_OF_LUMA)
        here[0] = np.hstack([here[0], np.stack([y, y * y / -2, np.ones_like(y)], 1)])
        # From coarse to fine, so that each is stretched once.
        exponents = _product(here[-1], self.features[-1])
        for i in range(len(here) - 2, -1, -1):
            exponents = _finer(exponents, sizes[i + 1], sizes[i])
            exponents += _product(here[i], self.features[i])
        exponents = _finer(exponents, sizes[0], (GRID, GRID))
        return np.exp(exponents, out=exponents)


def _product(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """The inner product of each row with each of the other's: (n, C), (N, C) -> (n, N).

    OpenCV's, since NumPy's threads wait busily for the next one, beside a network that needs the cores.
    """
    return np.asarray(cv2.gemm(one, other, 1, None, 0, flags=cv2.GEMM_2_T), np.float32)  # type: ignore[call-overload]


def _flat(planes: NDArray[np.float32]) -> NDArray[np.float32]:
    """(C, h, w) -> (h * w, C)."""
    return np.ascontiguousarray(planes.reshape(len(planes), -1).T)


def _finer(rows: NDArray[np.float32], size: Size, wanted: Size) -> NDArray[np.float32]:
    """What is known of each place of a grid, (h * w, N), on a finer one."""
    if size == wanted:
        return rows
    planes = rows.reshape(*size, -1)
    result = np.empty((*wanted, planes.shape[2]), np.float32)
    for i in range(0, planes.shape[2], _MOST_CHANNELS):
        part = np.ascontiguousarray(planes[..., i : i + _MOST_CHANNELS])
        result[..., i : i + _MOST_CHANNELS] = cv2.resize(part, wanted[::-1]).reshape(*wanted, -1)
    return result.reshape(wanted[0] * wanted[1], -1)
