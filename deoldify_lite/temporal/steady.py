"""Steady chroma over the frames of a film: what moves takes its colour along.

Works on the small squares that the network sees, and looks ahead by a bounded number of frames.
"""

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import Chroma, Features, Luma, Plane
from deoldify_lite.temporal.key_frames import Step
from deoldify_lite.temporal.motion import Motion
from deoldify_lite.temporal.scene_memory import KeyScenes, SceneMemory

# Cb and Cr times their weight, and the weight: (h, w, 3). Sums of such are weighted means in the making.
Evidence = NDArray[np.float32]
Keyed = NDArray[np.float32]  # (S, S, 3): Cb, Cr, and how much they decide, in [0, 1]

# Frames are finished in blocks of so many: each has evidence from this many to twice as many frames after it.
LOOK_AHEAD = 16
# Colours remembered of a scene weigh as much as so many frames, once in a block.
MEMORY_WEIGHT = 16.0
# Those of a key frame's scene weigh more: they are chosen, not guessed.
KEY_WEIGHT = 64.0
# A colour's weight falls with this power of the trust in the motion: with a higher one moving pixels flicker
# more, with a lower one colour is carried over the edges of what moves (docs/calibration.md).
TRUST_POWER = 0.7
# The least share of its weight that evidence keeps from a frame to the next, so that a frame without a
# prediction has a colour also where no trusted motion leads. Too small to matter beside a prediction, and
# still not 0 after all frames between two predictions.
LEAST_KEPT = 1e-4


@dataclass(frozen=True, eq=False)
class Predicted:
    """A frame on its way."""

    step: Step
    chroma: Chroma | None = None  # as predicted for it; None where `step.stands_for` is 0
    features: Features | None = None  # likewise, of films with keys, if the network gives them
    hinted: bool = False  # hints or keys reach its shot: the memory of scenes is not used
    hint_say: Plane | None = None  # (h, w) in [0, 1]: how much hints decide
    keyed: Keyed | None = None  # the colours of key frames, brought to it


@dataclass(eq=False)
class _Moment:
    """A frame that waits for those after it."""

    luma: Luma
    own: Evidence | None  # None: neither predicted nor remembered
    so_far: Evidence  # of this frame and all before it
    back: Motion | None  # brings values of this frame to the one before; None for the first of a shot
    is_new: bool  # the memory was asked, does not know its scene, and shall remember it
    shown: int = 1  # times in a row


def steady(
    frames: Iterable[Predicted],
    *,
    steadiness: float,
    memory: SceneMemory | None = None,
    keys: KeyScenes | None = None,
) -> Iterator[Chroma | None]:
    """Blend the chroma of each frame with that of the frames around it, along the motion.

    Two recursive filters, one from the past and one from the future, meet in every frame: each carries a
    weighted mean along the motion, and forgets it at a rate, and where motion is not to be trusted. A
    prediction weighs as much as the frames it stands for. A pixel that nothing trustworthy leads to keeps its
    own prediction or, in a frame without one, takes what the motion brings from both sides. Once in a block
    of frames the memory is asked for the colours that the scene was shown in before, which hold a long shot
    together, and shots of one scene.

    Memory use is bounded by the frames of two blocks. The result is the same if a film is cut into pieces
    where shots begin, and the memory handed on.

    Args:
        frames: in order. The first one begins a shot, and each that does is predicted.
        steadiness: in [0, 1], the weight that a colour keeps from one frame to the next; 0 leaves each frame
            as it was predicted, so that each must be.
        memory: of the film so far; a new one by default.
        keys: scenes of key frames, whose colours go to other shots of these scenes.

    Yields:
        (2, h, w) for each frame; None for those to be left as they are.
    """
    memory, keys = memory or SceneMemory(), keys or KeyScenes(())
    waiting: deque[_Moment] = deque()  # of the present shot
    count = 0  # frames of the present shot, without repeats
    for frame in frames:
        step = frame.step
        if step.frame.begins_shot:
            yield from _finish(waiting, len(waiting), steadiness, memory)
            count = 0
        if step.frame.in_color:
            yield None
            continue
        if step.repeats:
            waiting[-1].shown += 1
            continue
        asks = count % LOOK_AHEAD == 0 and steadiness > 0 and not frame.hinted
        waiting.append(_moment(frame, asks, waiting, steadiness, memory, keys))
        count += 1
        if len(waiting) > 2 * LOOK_AHEAD:
            yield from _finish(waiting, LOOK_AHEAD, steadiness, memory)
    yield from _finish(waiting, len(waiting), steadiness, memory)


def _moment(
    frame: Predicted,
    asks: bool,
    waiting: deque[_Moment],
    steadiness: float,
    memory: SceneMemory,
    keys: KeyScenes,
) -> _Moment:
    step, luma = frame.step, frame.step.frame.luma
    own = None if frame.chroma is None else _weighted(frame.chroma, step.stands_for)
    so_far = own
    if step.forth is not None and steadiness:
        so_far = _sum(own, _passed_on(step.forth, waiting[-1].so_far, steadiness))
    assert so_far is not None, "a frame to which nothing leads has no prediction"
    known, weight = keys.recall(luma, so_far.shape[:2]) if asks else None, KEY_WEIGHT
    if asks and known is None:
        known, weight = memory.recall(luma, so_far.shape[:2]), MEMORY_WEIGHT
    if known is not None:
        known *= np.float32(steadiness * weight)
        own, so_far = _sum(own, known), so_far + known
    return _Moment(luma, own, so_far, step.back if steadiness else None, asks and known is None)


def _finish(waiting: deque[_Moment], count: int, steadiness: float, memory: SceneMemory) -> Iterator[Chroma]:
    """Take the first of the waiting frames, and yield their chroma."""
    moments = list(waiting)
    later: list[Evidence | None] = [None] * len(moments)  # evidence from the frames after each
    for i in range(len(moments) - 1, 0, -1):
        back, evidence = moments[i].back, _sum(moments[i].own, later[i])
        if back is not None and evidence is not None:
            later[i - 1] = _passed_on(back, evidence, steadiness)
    for moment, after in zip(moments[:count], later, strict=False):
        waiting.popleft()
        evidence = moment.so_far if after is None else moment.so_far + after
        chroma = evidence[..., :2] / evidence[..., 2:]
        if moment.is_new:
            memory.remember(moment.luma, chroma)
        planes = np.ascontiguousarray(np.moveaxis(chroma, -1, 0))
        for _ in range(moment.shown):
            yield planes


def _weighted(chroma: Chroma, weight: float) -> Evidence:
    blue, red = chroma * np.float32(weight)
    return np.asarray(cv2.merge([blue, red, np.full_like(blue, weight)]))


def _sum(one: Evidence | None, other: Evidence | None) -> Evidence | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other


def _passed_on(motion: Motion, evidence: Evidence, steadiness: float) -> Evidence:
    """A frame's evidence, brought to its neighbour and weighed by the trust in the motion."""
    kept = np.maximum(
        np.float32(steadiness) * motion.trust ** np.float32(TRUST_POWER), np.float32(LEAST_KEPT)
    )
    return motion.carry(evidence) * kept[..., None]
