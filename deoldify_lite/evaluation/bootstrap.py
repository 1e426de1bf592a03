"""How sure a figure is: intervals by the bootstrap over pictures."""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

Key = TypeVar("Key", bound=Hashable)
# The figure itself, then the same of every resample: (1 + RESAMPLES,). Figures are computed from these as if
# they were plain numbers.
Draws = NDArray[np.float64]

RESAMPLES = 1000
SEED = 0
CHUNK = 50  # resamples at a time, for the memory


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval; without one where there is none to be had."""

    value: float
    low: float | None = None
    high: float | None = None

    @property
    def margin(self) -> float | None:
        """Half of the interval's width."""
        return None if self.low is None or self.high is None else (self.high - self.low) / 2


class Bootstrap(Generic[Key]):
    """Means of many series over the same pictures, each with its resampled means.

    Pictures are drawn with replacement, as many as there are, RESAMPLES times (Efron 1979,
    https://doi.org/10.1214/aos/1176344552). All series are resampled alike, so that what is computed from
    several of them, a difference or a quotient, is paired.

    Args:
        series: a value for each picture, under a key; NaN where a picture has none.
    """

    def __init__(self, series: Mapping[Key, NDArray[np.float64]]) -> None:
        self._column = {key: i for i, key in enumerate(series)}
        values = np.stack(list(series.values()), 1)
        known = np.isfinite(values)
        sums, counts = np.where(known, values, 0), known.astype(np.float64)
        count = len(values)
        rng = np.random.default_rng(SEED)
        with np.errstate(invalid="ignore"):
            means = [(sums.sum(0) / counts.sum(0))[None]]
            for start in range(0, RESAMPLES, CHUNK):
                drawn = rng.integers(0, count, (min(CHUNK, RESAMPLES - start), count))
                weights = np.stack([np.bincount(row, minlength=count) for row in drawn]).astype(np.float64)
                means.append((weights @ sums) / (weights @ counts))
        self._draws = np.concatenate(means)
        if count < 2:
            self._draws[1:] = np.nan  # a single picture says nothing about the spread

    def __contains__(self, key: object) -> bool:
        """Whether there is such a series."""
        return key in self._column

    def mean(self, key: Key) -> Draws:
        """The mean of a series and its resampled means; NaN where no picture had a value."""
        return self._draws[:, self._column[key]]


def estimate(draws: Draws) -> Estimate | None:
    """A figure from its draws, with the interval between the 2.5th and 97.5th percentile; None if it is NaN.

    There is no interval where some resample gave no number: a quotient with a divisor near zero.
    """
    if not np.isfinite(draws[0]):
        return None
    if not np.isfinite(draws).all():
        return Estimate(float(draws[0]))
    low, high = np.percentile(draws[1:], [2.5, 97.5])
    return Estimate(float(draws[0]), float(low), float(high))


def quotient(above: Draws, below: Draws) -> Draws:
    """One figure divided by another, paired; NaN where the divisor is 0."""
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(below != 0, above / below, np.nan)
