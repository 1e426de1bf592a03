"""A key frame: a frame of a film whose colours are known, wholly or in part."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import Luma

# The longest side of key frames, and of the chroma of films with them.
MOST_KEY_PX = 384


@dataclass(frozen=True, eq=False)
class FilmKey:
    """Colours for a frame of a film."""

    frame: int  # of the film's grid of constant rate, from 0
    luma: Luma  # (S, S) of that frame
    chroma: NDArray[np.float16]  # (2, S, S) Cb and Cr in [-0.5, 0.5]
    trust: NDArray[np.float16]  # (S, S) in [0, 1]
    name: str  # of its file, for messages
