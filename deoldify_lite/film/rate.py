"""The rate that the times of a film's frames show. Pure."""

from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

# Rates that films are shot and shown at; a measured rate is snapped to one of them.
COMMON_RATES = (
    *(Fraction(rate) for rate in (12, 15, 16, 18, 20, 24, 25, 30, 48, 50, 60, 100, 120)),
    *(Fraction(rate * 1000, 1001) for rate in (24, 30, 48, 60, 120)),
)
# The finest grid for a film of variable rate. Jitter can ask for any rate, up to 90000; few screens show
# more than 120 frames a second, and every repeated frame costs decoding and encoding time.
MAX_VARIABLE_RATE = Fraction(120)
# Two times that are rounded to milliseconds, as in Matroska, lie so far from where they would be.
_EXACT_S = 0.00105


def choose_rate(
    ticks: NDArray[np.int64], time_base: Fraction, hints: Sequence[Fraction]
) -> tuple[Fraction, bool]:
    """The constant rate whose grid shows every frame of a film in its time.

    Args:
        ticks: (N,) times at which the frames are shown, sorted, N >= 2, in units of `time_base`.
        time_base: seconds.
        hints: rates that the file's header names, best first.

    Returns:
        The rate, and whether the film's own rate varies. If it does not, frame i is nearest to i / rate.
    """
    times = (ticks - ticks[0]) * float(time_base)
    measured = (len(ticks) - 1) / max(float(times[-1]), float(time_base))
    # Both ends of an interval are rounded to the time base, by half of it or cut off.
    slack = max(1.05 * float(time_base), 2e-4)
    near = [rate for rate in COMMON_RATES if abs(rate - measured) < 0.01 * measured]
    likely = [rate for rate in hints if rate in COMMON_RATES] + near
    for candidates in (likely, hints, [Fraction(measured).limit_denominator(1001)]):
        constant: dict[Fraction, float] = {}
        for rate in candidates:
            if abs(rate - measured) < 0.01 * measured:
                slots, deviation = _place(times, rate)
                if deviation < 0.4 / rate and np.array_equal(slots, np.arange(len(slots))):
                    constant.setdefault(rate, max(deviation - slack, 0.0))
        if constant:
            # The closest fit; of equal ones the likeliest, which comes first.
            return min(constant, key=constant.__getitem__), False
    grids = sorted(
        {r for r in (*hints, *COMMON_RATES, *near) if 0.99 * measured <= r <= MAX_VARIABLE_RATE}
        | {MAX_VARIABLE_RATE}
    )
    placed = {rate: _place(times, rate) for rate in grids}
    exact = [
        r for r, (slots, deviation) in placed.items() if deviation <= slack and np.all(np.diff(slots) > 0)
    ]
    if exact:
        # Of a short film, times in a coarse time base fit several rates that are nearly the same.
        return next((r for r in hints if r in exact and abs(r - exact[0]) < 0.01 * exact[0]), exact[0]), True
    for rate, (slots, _) in placed.items():
        if len(slots) - len(np.unique(slots)) <= len(slots) // 1000:
            return rate, True
    return MAX_VARIABLE_RATE, True


def is_exact(ticks: NDArray[np.int64], time_base: Fraction, rate: Fraction) -> bool:
    """Whether the grid of a rate shows each frame in its time, to a millisecond or a tick."""
    slots, deviation = _place((ticks - ticks[0]) * float(time_base), rate)
    return deviation <= max(1.05 * float(time_base), _EXACT_S) and bool(np.all(np.diff(slots) > 0))


def _place(times: NDArray[np.float64], rate: Fraction) -> tuple[NDArray[np.int64], float]:
    """Slots of a grid that times in seconds fall into, and the greatest distance from a slot, in seconds."""
    positions = times * float(rate)
    slots = np.floor(positions + 0.5)  # as ffmpeg's fps filter rounds
    return slots.astype(np.int64), float(np.abs(positions - slots).max()) / float(rate)
