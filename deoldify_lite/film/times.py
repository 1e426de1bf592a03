"""When the frames of a film are shown, where no constant rate says it. Pure.

Such a film is counted on its way through ffmpeg: frame n is the nth that is decoded, and goes at a nominal,
constant rate. Its result gets the film's own times when it is joined with the rest.
"""

from array import array
from bisect import bisect_left
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Times:
    """When each frame is shown."""

    ticks: "array[int]"  # after the first frame, in units of `time_base`; they increase; at least two
    time_base: Fraction  # seconds

    @classmethod
    def of(cls, ticks: NDArray[np.int64], time_base: Fraction) -> "Times":
        """Times of frames in the order in which they are decoded; what goes back is put right after the last.

        Raises:
            ValueError: there are fewer than two.
        """
        if len(ticks) < 2:
            raise ValueError("one frame has no rate")
        # As increasing as count + n is: of equal times each comes a tick after the one before.
        order = np.arange(len(ticks))
        rising = np.maximum.accumulate(ticks - order) + order
        return cls(array("q", (rising - rising[0]).tolist()), time_base)

    def __len__(self) -> int:
        return len(self.ticks)

    def tick(self, frame: int) -> int:
        """When a frame is shown, in ticks; before the first and after the last the nearest gap goes on."""
        ticks, last = self.ticks, len(self.ticks) - 1
        if frame < 0:
            return frame * (ticks[1] - ticks[0])
        return ticks[min(frame, last)] + max(frame - last, 0) * (ticks[last] - ticks[last - 1])

    def seconds(self, frame: int) -> Fraction:
        """When a frame is shown, in seconds after the first."""
        return self.tick(frame) * self.time_base

    def nearest(self, time_s: Fraction) -> int:
        """The number of the frame nearest to a time, in seconds after the first."""
        tick = time_s / self.time_base
        if tick < 0:
            return round(tick / self.ticks[1])
        place = bisect_left(self.ticks, tick)
        if place == len(self.ticks):
            return place - 1 + round((tick - self.ticks[-1]) / (self.ticks[-1] - self.ticks[-2]))
        return place - (place > 0 and tick - self.ticks[place - 1] < self.ticks[place] - tick)

    def doubled(self) -> "Times":
        """The times where each frame has become two."""
        halves = [self.tick(n) + self.tick(n + k) for n in range(len(self)) for k in (0, 1)]
        return Times(array("q", halves), self.time_base / 2)
