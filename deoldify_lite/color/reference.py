"""Colours pulled towards a reference photo's, region by region: sky to its sky, skin to its skin.

Pure but for the network that looks at the reference once. Both pictures are described place by place by what
can be known of a grey picture: luma, luma around, texture fine and broad, height in the picture, and the
chroma that the network itself predicts, which tells sky, skin and leaves apart. A place takes the mean colour
of the reference's places that are like it, weighted by a Gaussian of the distance between descriptions:
E. A. Nadaraya 1964, "On estimating regression", https://doi.org/10.1137/1109020.

It takes the less of it, and keeps the more of the network's colour,

- the less there is in the reference that is like it,
- the more the colours differ of what is like it: a guess between red and green would be brown,
- the less of the whole picture finds its like: such a reference shows something else.

Nothing here is found by lot or by search, and each of these is smooth, so that a film's frames, which differ
little, are pulled alike.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import Chroma, Picture, Plane, Square, shrink, shrink_luma, shrink_planes
from deoldify_lite.color.guided import upsample_chroma
from deoldify_lite.color.merge import chroma_of_rgb
from deoldify_lite.errors import InputError

# Sides in cells of the grids on which places are compared.
GRID, REFERENCE_GRID = 48, 24
# What follows is chosen on photos: docs/calibration.md.
# Distances at which likeness falls to exp(-1/2): of luma in [0, 1], of luma around, of texture fine and broad
# in powers of e, of the height of the picture, of Cb and Cr.
_SPREADS = np.array([0.1, 0.1, 0.31, 0.57, 0.29, 0.033, 0.033], np.float32)
_TEXTURE_PX, _AROUND_PX = 5, 13  # windows, where the picture's side is
_SIDE = 96  # px: finer, grain would count as texture
_GRAIN = 0.01  # deviation of luma below which all is flat
_ENOUGH = 1e-3  # share of the reference that must be like a place for half of the confidence
_SPREAD_OF_COLOR = 0.1  # deviation of the chroma of what is like a place at which half of it is left
# Of a picture that is a reference for itself: mean trust of a place that counts, and the fewest of these.
_TRUSTED, _LEAST_PLACES = 0.5, 6
_LEAST_COLOR = 1 / 255  # a reference whose chroma is below it everywhere is grey


class Predictor(Protocol):
    """What looks at the reference: a Colorizer, which itself pulls to no reference."""

    def prepare(self, picture: Picture) -> Square:
        """(H, W, 3) -> (S, S) uint8."""

    def predict_chroma(self, squares: Sequence[Square]) -> NDArray[np.float32]:
        """N of (S, S) uint8 -> (N, 2, h, w) float32 in [-0.5, 0.5]."""


@dataclass(frozen=True, eq=False)
class Reference:
    """A photo whose colours are taken: its places, described, and the colour of each."""

    places: NDArray[np.float32]  # (N, 7)
    colors: NDArray[np.float32]  # (N, 2) Cb and Cr in [-0.5, 0.5]

    @classmethod
    def from_picture(cls, picture: Picture, colorizer: Predictor) -> "Reference":
        """Look at a photo once, for any number of pictures.

        Args:
            picture: (H, W, 3) RGB, uint8 or uint16, in colour.
            colorizer: as for the pictures, since its chroma of both is compared.

        Raises:
            InputError: the photo has no colour.
            RenderError: the network failed.
        """
        square = colorizer.prepare(picture)
        top = np.float32(np.iinfo(picture.dtype).max)
        size = (REFERENCE_GRID, REFERENCE_GRID)
        cells = shrink(picture, size).astype(np.float32) / top
        colors = chroma_of_rgb(cells).reshape(2, -1).T
        if np.abs(colors).max() < _LEAST_COLOR:
            raise InputError("the reference has no colour: choose a photo in colour")
        return cls(_describe(colorizer.predict_chroma([square])[0], square, size), colors)

    @classmethod
    def from_chroma(
        cls, predicted: Chroma, square: Square, chroma: Chroma, trust: Plane
    ) -> "Reference | None":
        """Make a picture a reference for itself: what is known of it in places is for all that is like these.

        Args:
            predicted: (2, h, w), as a colorizer predicts it.
            square: (S, S) uint8 luma as the network sees it.
            chroma: (2, h', w') that is known.
            trust: (h', w') in [0, 1], where it is.

        Returns:
            None if too little is known.
        """
        size = (REFERENCE_GRID, REFERENCE_GRID)
        weight = shrink(trust, size)
        known = weight.ravel() > _TRUSTED
        if np.count_nonzero(known) < _LEAST_PLACES:
            return None
        colors = shrink_planes(chroma * trust, size) / np.maximum(weight, np.float32(1e-6))
        places = _describe(predicted, square, size)
        return cls(places[known], colors.reshape(2, -1).T[known])

    def pull(self, chroma: Chroma, square: Square) -> Chroma:
        """Pull a picture's colours towards the reference's.

        Args:
            chroma: (2, h, w), as the colorizer that has seen the reference predicts it.
            square: (S, S) uint8 luma as the network sees it; S is at least h and w.

        Returns:
            (2, h, w) float32.
        """
        height, width = chroma.shape[1:]
        size = (min(GRID, height), min(GRID, width))
        own = shrink_planes(chroma, size)
        likeness = _likeness(_describe(chroma, square, size), self.places)  # (P, N)
        c = self.colors
        sums = likeness @ np.column_stack([np.ones(len(c), np.float32), c, np.square(c).sum(1)]) / len(c)
        there = sums[:, 0]
        mean, mean_square = np.split(sums[:, 1:] / np.maximum(there, 1e-12)[:, None], [2], axis=1)
        variance = np.maximum(mean_square[:, 0] - np.square(mean).sum(1), 0)
        confidence = there / (there + _ENOUGH) / (1 + variance / np.float32(_SPREAD_OF_COLOR**2))
        confidence *= confidence.mean()
        change = confidence * (mean.T - own.reshape(2, -1))
        luma = shrink_luma(square, (height, width))
        return chroma + upsample_chroma(change.reshape(2, *size).astype(np.float32), luma)


def _describe(chroma: Chroma, square: Square, size: tuple[int, int]) -> NDArray[np.float32]:
    """The places of a picture, in units of _SPREADS: (2, h, w), (S, S) -> (P, 7), row by row.

    Median and erosion keep to edges: with means instead, what lies beside an edge would be like nothing but
    edges, and keep a rim of the network's colour.
    """
    small = shrink(square, (_SIDE, _SIDE))
    luma = small.astype(np.float32) / np.float32(255)
    around = cv2.medianBlur(small, _AROUND_PX).astype(np.float32) / np.float32(255)
    planes = np.stack([luma, around, _texture(luma, _TEXTURE_PX), _texture(luma, _AROUND_PX)])
    rows = np.linspace(0, 1, size[0], dtype=np.float32)[:, None].repeat(size[1], axis=1)
    places = np.concatenate([shrink_planes(planes, size), rows[None], shrink_planes(chroma, size)])
    return places.reshape(len(_SPREADS), -1).T / _SPREADS


def _texture(luma: Plane, side: int) -> Plane:
    """Logarithm of luma's deviation in the calmest window that holds a pixel, so that exposure counts little:
    (h, w) -> (h, w)."""
    mean = cv2.blur(luma, (side, side))
    variance = np.maximum(cv2.blur(luma * luma, (side, side)) - mean * mean, 0)
    calmest = cv2.erode(variance, np.ones((side, side), np.uint8))
    return np.log(np.sqrt(calmest) + np.float32(_GRAIN))


def _likeness(places: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    """exp(-d^2 / 2) of all pairs: (P, 7), (N, 7) -> (P, N)."""
    # |a - b|^2 = |a|^2 + |b|^2 - 2 a b: one product of matrices.
    exponents = places @ others.T
    exponents -= np.square(places).sum(1)[:, None] / 2
    exponents -= np.square(others).sum(1) / 2
    return np.exp(np.minimum(exponents, 0, out=exponents), out=exponents)
