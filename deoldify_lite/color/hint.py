"""A hint: what a point of a picture should look like."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Hint:
    """What a point of a picture should look like."""

    x: float  # in [0, 1], of the width
    y: float  # in [0, 1], of the height
    chroma: tuple[float, float] | None  # Cb, Cr in [-0.5, 0.5]; None: as it is
    # How far it goes at most, of the longer side; None: as far as things look alike.
    radius: float | None = None


@dataclass(frozen=True)
class FilmHint:
    """A hint in a frame of a film."""

    frame: int  # of the film's grid of constant rate, from 0
    hint: Hint
