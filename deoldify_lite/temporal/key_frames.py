"""Which frames of a film the network predicts; the others take their colour from these, along the motion."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

from deoldify_lite.color.arrays import Plane, Size
from deoldify_lite.temporal.motion import Motion, motion_between
from deoldify_lite.temporal.shots import Frame

# At least one frame in so many is predicted: with fewer, small fast things lose their colour
# (docs/calibration.md).
MOST_STEPS = 4
# A pixel is lost if the trusts on the way to it from the last predicted frame multiply to less than
# LEAST_REACH. A frame with a larger share of lost pixels than MOST_LOST is predicted, and finds them again
# (docs/calibration.md).
LEAST_REACH = 0.1
MOST_LOST = 0.12


@dataclass(frozen=True, eq=False)
class Step:
    """A frame, and how the picture came there."""

    frame: Frame
    stands_for: int = 0  # itself and the frames since the last prediction; 0: it is not to be predicted
    repeats: bool = False  # the frame before, exactly
    forth: Motion | None = None  # brings values of the frame before here
    back: Motion | None = None  # brings values from here to the frame before


def find_key_frames(
    frames: Iterable[Frame], size: Size, *, moves: bool = True, most_steps: int = MOST_STEPS
) -> Iterator[Step]:
    """Follow a film's motion, and choose the frames to be predicted.

    These are: the first and the last of each shot, each that lost too much of the one predicted before, and
    one in `most_steps`. Frames that only repeat the one before, as in a film of variable rate, and those in
    colour do not count. The choice depends on nothing outside a shot.

    Args:
        frames: in order, as marked by `shots.mark_shots`. One of them is held.
        size: (h, w) of the motion.
        moves: False: find no motion; each frame but those repeated or in colour is to be predicted.
        most_steps: from one predicted frame to the next.

    Yields:
        A step for each frame. It has no motion if it begins a shot, repeats the frame before or is in colour,
        nor without `moves`.
    """
    last: Frame | None = None
    reach = np.ones(size, np.float32)  # of each pixel, trust in the way to it from the last predicted frame
    steps = 0  # from there
    for frame, ends_shot in _with_ends(frames):
        before, last = last, frame
        if frame.in_color:
            yield Step(frame)
        elif before is None or frame.begins_shot:
            reach, steps = np.ones(size, np.float32), 0
            yield Step(frame, stands_for=1)
        elif np.array_equal(before.luma, frame.luma):
            yield Step(frame, repeats=True)
        elif not moves:
            yield Step(frame, stands_for=1)
        else:
            forth, back = motion_between(before.luma, frame.luma, size)
            reach = forth.carry(reach) * forth.trust
            steps += 1
            if ends_shot or steps == most_steps or _lost(reach) > MOST_LOST:
                yield Step(frame, stands_for=steps, forth=forth, back=back)
                reach, steps = np.ones(size, np.float32), 0
            else:
                yield Step(frame, forth=forth, back=back)


def _lost(reach: Plane) -> float:
    return float(np.count_nonzero(reach < LEAST_REACH)) / reach.size


def _with_ends(frames: Iterable[Frame]) -> Iterator[tuple[Frame, bool]]:
    """Each frame, and whether its shot ends with it."""
    last: Frame | None = None
    for frame in frames:
        if last is not None:
            yield last, frame.begins_shot
        last = frame
    if last is not None:
        yield last, True
