"""Steady chroma over the frames of a film: what moves takes its colour along.

Works on the small squares that the network sees, and looks ahead by a bounded number of frames.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.motion import Luma, Motion, motion_between
from deoldify_lite.scene_memory import SceneMemory

Chroma = NDArray[np.float32]  # (2, h, w)
# Cb and Cr times their weight, and the weight: (h, w, 3). Sums of such are weighted means in the making.
Evidence = NDArray[np.float32]

# A frame hears of this many to twice as many frames after it: frames are finished in blocks of so many.
LOOK_AHEAD = 16
# Colours remembered of a scene weigh as much as so many frames, once in a block.
MEMORY_WEIGHT = 16.0


@dataclass(frozen=True)
class Predicted:
    """A frame on its way."""

    luma: Luma  # as the network saw it
    chroma: Chroma | None  # as predicted for it; None: it repeats the frame before, or is left as it is
    begins_shot: bool
    in_colour: bool = False  # as all of its shot, and to be left as it is


@dataclass
class _Moment:
    """A frame that waits for those after it."""

    luma: Luma
    own: Evidence
    so_far: Evidence  # of this frame and all before it
    back: Motion | None  # brings values of this frame to the one before; None for the first of a shot
    to_be_told: bool  # to the memory, which does not know its scene
    shown: int = 1  # times in a row


def steady(
    frames: Iterable[Predicted], *, steadiness: float, memory: SceneMemory | None = None
) -> Iterator[Chroma | None]:
    """Blend the chroma of each frame with that of the frames around it, along the motion.

    Two recursive filters, one from the past and one from the future, meet in every frame: each carries a
    weighted mean along the motion, and forgets it at a rate, and where motion is not to be trusted. A pixel
    that nothing trustworthy leads to keeps its own prediction. Once in a block of frames the memory is asked
    for the colours that the scene was shown in before, which hold a long shot together, and shots of one
    scene.

    Memory use is bounded by the frames of two blocks. The result is the same if a film is cut into pieces
    where shots begin, and the memory handed on.

    Args:
        frames: in order; the first one begins a shot.
        steadiness: in [0, 1], the weight that a colour keeps from one frame to the next; 0 leaves each frame
            as it was predicted.
        memory: of the film so far; a new one by default.

    Yields:
        (2, h, w) for each frame; None for those to be left as they are.
    """
    memory = memory or SceneMemory()
    waiting: deque[_Moment] = deque()  # of the present shot
    count = 0  # frames of the present shot, without repeats
    for frame in frames:
        if frame.begins_shot:
            yield from _finish(waiting, len(waiting), steadiness, memory)
            count = 0
        if frame.in_colour:
            yield None
            continue
        if frame.chroma is None:
            waiting[-1].shown += 1
            continue
        waiting.append(_moment(frame, count, waiting, steadiness, memory))
        count += 1
        if len(waiting) > 2 * LOOK_AHEAD:
            yield from _finish(waiting, LOOK_AHEAD, steadiness, memory)
    yield from _finish(waiting, len(waiting), steadiness, memory)


def _moment(
    frame: Predicted, number: int, waiting: deque[_Moment], steadiness: float, memory: SceneMemory
) -> _Moment:
    assert frame.chroma is not None
    size = (frame.chroma.shape[1], frame.chroma.shape[2])
    own = np.dstack([*frame.chroma, np.ones(size, np.float32)])
    asks = number % LOOK_AHEAD == 0 and steadiness > 0
    known = memory.recall(frame.luma, size) if asks else None
    if known is not None:
        own = own + steadiness * MEMORY_WEIGHT * known
    is_news = asks and known is None
    if not number or not steadiness:
        return _Moment(frame.luma, own, own, None, is_news)
    before = waiting[-1]
    motion, back = motion_between(before.luma, frame.luma, size)
    so_far = own + _passed_on(motion, before.so_far, steadiness)
    return _Moment(frame.luma, own, so_far, back, is_news)


def _finish(waiting: deque[_Moment], count: int, steadiness: float, memory: SceneMemory) -> Iterator[Chroma]:
    """Take the first frames from those that wait, and show them."""
    moments = list(waiting)
    later = [np.zeros_like(moment.own) for moment in moments]  # evidence from the frames after each
    for i in range(len(moments) - 1, 0, -1):
        back = moments[i].back
        if back is not None:
            later[i - 1] = _passed_on(back, moments[i].own + later[i], steadiness)
    for moment, after in zip(moments[:count], later, strict=False):
        waiting.popleft()
        evidence = moment.so_far + after
        chroma = evidence[..., :2] / evidence[..., 2:]
        if moment.to_be_told:
            memory.tell(moment.luma, chroma)
        planes = np.ascontiguousarray(np.moveaxis(chroma, -1, 0))
        for _ in range(moment.shown):
            yield planes


def _passed_on(motion: Motion, evidence: Evidence, steadiness: float) -> Evidence:
    """What a frame's neighbour makes of its evidence."""
    return np.asarray(motion.carry(evidence) * (steadiness * motion.trust)[..., None], np.float32)
