"""Frames held back until those that decide about them have come: frames with hints, or key frames."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from deoldify_lite.color.arrays import Luma
from deoldify_lite.temporal.motion import motion_between
from deoldify_lite.temporal.shots import MOST_SHOT_FRAMES
from deoldify_lite.temporal.steady import Predicted


def hold_back(
    frames: Iterable[Predicted], numbers: Iterable[int], *, first: int
) -> Iterator[tuple[bool, list[tuple[int, Predicted]]]]:
    """Hold back each shot's frames until the last frame that may be in it, of those waited for, has come.

    Args:
        frames: in order, the first of which begins a shot.
        numbers: of the frames to wait for, in any order.
        first: number of the first frame.

    Yields:
        Whether a shot begins, and frames of it with their numbers, at least one.
    """
    waited, coming = sorted(numbers), 0  # the first that is still to come
    held: list[tuple[int, Predicted]] = []
    begins, end = True, first + MOST_SHOT_FRAMES  # of the longest shot that may have begun
    for number, frame in enumerate(frames, first):
        if frame.step.frame.begins_shot:
            if held:
                yield begins, held
            held, begins, end = [], True, number + MOST_SHOT_FRAMES
        held.append((number, frame))
        while coming < len(waited) and waited[coming] <= number:
            coming += 1
        if coming == len(waited) or waited[coming] >= end:
            yield begins, held
            held, begins = [], False
    if held:
        yield begins, held


class Follower:
    """Finds the motion in a shot of a film that is not steadied, where nobody has found it."""

    def __init__(self) -> None:
        self._last: Luma | None = None
        self._size: tuple[int, ...] | None = None  # of chroma

    def follow(self, frame: Predicted) -> Predicted:
        """The same frame, with its motion; frames are to be given in order."""
        step = frame.step
        self._size = self._size if frame.chroma is None else frame.chroma.shape[1:]
        if step.forth is None and not step.repeats and self._last is not None and self._size is not None:
            forth, back = motion_between(self._last, step.frame.luma, (self._size[0], self._size[1]))
            frame = replace(frame, step=replace(step, forth=forth, back=back))
        self._last = step.frame.luma
        return frame
