"""Clocks of broadcast streams, which jump where two recordings meet. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

# ffmpeg's names of containers whose clock may begin anywhere, and jump.
JUMPING_FORMATS = {"mpegts", "mpeg", "ogg"}
# As ffmpeg has it: shorter gaps are lost packets, and in other containers a picture that stands.
_AHEAD_S, _AHEAD_IN_OTHERS_S = 10.0, 30 * 3600.0
# A frame that was decoded early is shown at most so much later than the next.
_BACK_S = 1.0


@dataclass(frozen=True)
class Jump:
    """A place where a film's clock jumps."""

    time_s: Fraction  # after the first frame, on a clock without jumps
    ahead_s: Fraction  # the film's clock is so far ahead of that from here on


def note_on_jumps(jumps: Sequence[Jump], container: str) -> tuple[str, ...]:
    """Return a warning for each jump in a container whose clock should not jump.

    Args:
        jumps: of the film.
        container: ffmpeg's name of it.
    """
    if container in JUMPING_FORMATS:
        return ()
    return tuple(
        f"its clock jumps by {float(jump.ahead_s) / 3600:.0f} hours, {float(jump.time_s):.2f} s after the "
        "first frame; the result goes on without a gap"
        for jump in jumps
    )


def without_jumps(
    ticks: NDArray[np.int64], time_base: Fraction, *, may_jump: bool, reordered: bool
) -> tuple[NDArray[np.int64], tuple[Jump, ...]]:
    """Times on a clock that does not jump.

    Args:
        ticks: (N,) when frames are shown.
        time_base: seconds.
        may_jump: the container is one of `JUMPING_FORMATS`.
        reordered: they come in the order in which they are decoded, not in that in which they are shown.

    Returns:
        The times, in the same order, and the jumps that are taken out.
    """
    steps = np.diff(ticks) * float(time_base)
    ahead_s = _AHEAD_S if may_jump else _AHEAD_IN_OTHERS_S
    found = (np.flatnonzero((steps > ahead_s) | (steps < (-_BACK_S if reordered else 0))) + 1).tolist()
    if not found:
        return ticks, ()
    runs = np.split(ticks, found)
    gaps = np.diff(np.sort(runs[int(np.argmax([len(run) for run in runs]))]))
    gap = int(np.median(gaps)) if len(gaps) else 0
    even, jumps = [runs[0]], []
    first = int(runs[0].min())
    for run in runs[1:]:
        begin = int(even[-1].max()) + gap
        ahead = int(run.min()) - begin
        even.append(run - ahead)
        jumps.append(Jump((begin - first) * time_base, ahead * time_base))
    return np.concatenate(even), tuple(jumps)
