"""Whether a picture is already in colour: more than a tint, a tone or a cast.

In a tinted or toned film chroma follows from luma, and at most drifts slowly over the picture. So chroma is
fitted as a function of luma and of the place, and what remains is colour.
"""

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import Luma, Plane, shrink

# Luma and chroma are shrunk to squares of this side, in cells: noise averages out, and a small flag still
# has some cells.
_SIDE = 32
_LUMA_KNOTS = np.linspace(0, 255, 9)
# Colour must exceed _LEAST_COLOR, in levels of 8 bits, and beyond it _LEAST_SHARE of the tone, since what
# coding and the means over cells do to a tone grows with it. Chosen on toned and coloured photos and films:
# docs/calibration.md.
_LEAST_COLOR = 0.9
_LEAST_SHARE = 0.08

_down, _right = np.mgrid[-1 : 1 : _SIDE * 1j, -1 : 1 : _SIDE * 1j].reshape(2, -1)
_PLACE = np.stack([_right, _down, _right * _down, _right**2, _down**2])


def is_in_color(frames: Iterable[tuple[Luma, NDArray[np.uint8]]]) -> bool:
    """Whether a shot, as a whole, is in colour.

    Args:
        frames: luma (H, W) uint8 and chroma (2, h, w) uint8, 128 = neutral, of some of the shot's frames.
            Dark ones among them do no harm, as in a fade: the most colourful quarter decides.

    Returns:
        False for greys, for toned and tinted film, for chroma that is noise, and where there are no frames.
    """
    beyond = [color - _LEAST_SHARE * tone for color, tone in (color_and_tone(*frame) for frame in frames)]
    return bool(beyond) and float(np.quantile(beyond, 0.75)) > _LEAST_COLOR


def color_and_tone(luma: Luma, chroma: NDArray[np.uint8]) -> tuple[float, float]:
    """Split the chroma of a picture into colour and what luma and place explain.

    Args:
        luma: (H, W) uint8.
        chroma: (2, h, w) uint8, 128 = neutral.

    Returns:
        Root mean square of the colour, and of the tone around its mean, in levels of 8 bits. Noise that
        differs from cell to cell does not count as colour.
    """
    terms = _terms(luma)
    shrunk = [_cells(plane.astype(np.float32)) - 128 for plane in chroma]
    cells = np.stack(shrunk).astype(np.float64)  # (2, _SIDE * _SIDE)
    # Lumas that do not occur would leave the equations without a solution: the ridge is of one cell's weight.
    squares = terms @ terms.T + np.eye(len(terms))
    tone = np.linalg.solve(squares, terms @ cells.T).T @ terms
    rest = (cells - tone).reshape(2, _SIDE, _SIDE)
    # Noise is not alike in cells side by side, or, if it runs along the lines, not in cells below each other.
    # Colour is in both, so the lesser of these products counts instead of the square.
    alike = 2 * min((rest[:, 1:] * rest[:, :-1]).mean(), (rest[:, :, 1:] * rest[:, :, :-1]).mean())
    spread = tone - tone.mean(axis=1, keepdims=True)
    return float(np.sqrt(max(alike, 0))), float(np.sqrt(2 * np.square(spread).mean()))


def _terms(luma: Luma) -> NDArray[np.float64]:
    """What a tone may depend on: (terms, _SIDE * _SIDE)."""
    full = luma.astype(np.float32)
    mean = _cells(full).astype(np.float64)
    step = _LUMA_KNOTS[1]
    steps = np.clip(1 - np.abs(mean - _LUMA_KNOTS[:, None]) / step, 0, None)  # piecewise linear in luma
    # The mean of a bent curve over a cell is not the curve at the mean: by its bend times the variance.
    variance = np.maximum(_cells(full * full) - mean * mean, 0) / 64**2
    shade = mean / 255 - 0.5
    return np.concatenate([steps, _PLACE, _PLACE[:2] * shade, [variance, variance * shade]])


def _cells(plane: Plane) -> NDArray[np.float32]:
    """Means over cells: (H, W) -> (_SIDE * _SIDE,)."""
    return shrink(plane, (_SIDE, _SIDE)).ravel()
