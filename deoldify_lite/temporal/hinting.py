"""Hints in frames of a film, carried through their shots along the motion, before the film is steadied.

In a frame with hints the network's chroma is corrected as in a photo. From there the correction spreads to
the frames before and after it, as far as the shot reaches: along the motion by which the film is steadied,
and by a direct comparison with the hinted frame, which finds again what was hidden for a while. Where neither
can be trusted, the correction comes from what looks alike near by, and fades where there is nothing of that.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import Chroma, Luma, Plane, box_mean, pixel_grid, shrink_luma
from deoldify_lite.color.hint import FilmHint, Hint
from deoldify_lite.color.hinting import correct
from deoldify_lite.temporal.holding import Follower, hold_back
from deoldify_lite.temporal.motion import Motion, motion_between
from deoldify_lite.temporal.steady import Predicted

# Of the trust in the way back to a hinted frame so much is left after each frame on it.
KEPT = 0.998
# Where the way is not trusted, the correction is a line over luma, fitted to what is trusted around: within
# _AROUND of the chroma's side, with _GRAIN as the variance of luma that is grain. Its strength is the mean
# trust there to the power of _FADE_POWER: new things fade slowly, since most belong to what was there.
_AROUND, _GRAIN, _FADE_POWER = 12 / 96, 4e-3, 0.25
# Weight of a place that no hint reaches, where corrections from several frames meet. The greatest weight of a
# place that one reaches is 1 / _SURE.
_UNSURE, _SURE = 1e-3, 0.02

Sum = NDArray[np.float32]  # (h, w, 3): corrections of Cb and Cr times their weight, and the weight


@dataclass(frozen=True, eq=False)
class _Anchor:
    """A frame with hints, and the way to it from the frame that is looked at."""

    luma: Luma
    field: NDArray[np.float32]  # (h, w, 3): what hints add to Cb and Cr there, and their say in [0, 1]
    way: Motion  # brings what the anchor has to the present frame

    def moved(self, motion: Motion) -> "_Anchor":
        """The same, seen from the next frame; `motion` brings values of the present one there."""
        # The weakest link decides: a product would be lost within a second of the best motion.
        trust = np.minimum(motion.carry(self.way.trust) * np.float32(KEPT), motion.trust)
        return replace(self, way=Motion(motion.carry(self.way.source), trust))

    def looked_at(self, luma: Luma) -> "_Anchor":
        """The same, with the way from a direct comparison wherever that is trusted more."""
        direct, _ = motion_between(self.luma, luma, self.way.trust.shape)
        better = direct.trust > self.way.trust
        source = np.where(better[..., None], direct.source, self.way.source)
        return replace(self, way=Motion(source, np.maximum(direct.trust, self.way.trust)))

    def correction(self, luma: Luma) -> Sum:
        """The correction that it asks for in the present frame."""
        plane = shrink_luma(luma, self.field.shape[:2])
        field, strength = filled(self.way.carry(self.field), self.way.trust, plane)
        blue, red, say = (np.asarray(plane, np.float32) for plane in cv2.split(field))
        certain = np.clip(say, 0, 1) * strength
        weight = certain / (1 + np.float32(_SURE) - certain) + np.float32(_UNSURE)
        return np.asarray(cv2.merge([blue * strength * weight, red * strength * weight, weight]), np.float32)


def spread_through_shots(
    frames: Iterable[Predicted], hints: Sequence[FilmHint], *, aspect: float, first: int = 0
) -> Iterator[Predicted]:
    """Correct the chroma of predicted frames by hints.

    A hint acts in its own shot, between two cuts, and shots without hints stay unchanged. A shot's frames are
    held back until the last frame with hints that may be in it has come. Hints in shots that keep their own
    colour do nothing.

    Args:
        frames: in order, the first of which begins a shot.
        hints: in any order; those in frames that do not come are ignored.
        aspect: width by height of the film's upright picture, which is squeezed to squares here.
        first: number of the first frame, as in `FilmHint.frame`.

    Yields:
        The same frames, with corrected chroma where a hint reaches.
    """
    asked: defaultdict[int, list[Hint]] = defaultdict(list)
    for hint in hints:
        asked[hint.frame].append(hint.hint)
    shot = _Shot(aspect)
    for begins, held in hold_back(frames, asked, first=first):
        shot = _Shot(aspect) if begins else shot
        yield from shot.finish([(frame, asked.get(number, ())) for number, frame in held])


class _Shot:
    """A shot, and its frames with hints among those that have come."""

    def __init__(self, aspect: float) -> None:
        self._aspect = aspect
        self._anchors: list[_Anchor] = []  # seen from the frame given last
        self._follower = Follower()

    def finish(self, held: Sequence[tuple[Predicted, Sequence[Hint]]]) -> Iterator[Predicted]:
        """Yield frames, corrected by the hints in them and before them."""
        held = [(frame, () if frame.step.frame.in_color else hints) for frame, hints in held]
        if not self._anchors and not any(hints for _, hints in held):
            yield from (frame for frame, _ in held)
            return
        frames = [self._follower.follow(frame) for frame, _ in held]
        fields = list(self._fields(frames, [hints for _, hints in held]))
        for (frame, _), total in zip(held, self._sums(frames, fields), strict=True):
            yield _corrected(frame, total)

    def _sums(
        self, frames: Sequence[Predicted], fields: Sequence[NDArray[np.float32] | None]
    ) -> list[Sum | None]:
        """The corrections of all anchors for each frame: those before it, those after it, and its own."""
        sums: list[Sum | None] = []
        for frame, field in zip(frames, fields, strict=True):
            total, self._anchors = _step(self._anchors, frame.step.forth, frame)
            sums.append(total)
            if field is not None:
                self._anchors.append(_anchor(frame, field))
        later: list[_Anchor] = []
        for i in range(len(frames) - 1, -1, -1):
            motion = frames[i + 1].step.back if i + 1 < len(frames) else None
            total, later = _step(later, motion, frames[i])
            if (field := fields[i]) is not None:
                later.append(_anchor(frames[i], field))
                total = _added(total, later[-1].correction(frames[i].step.frame.luma))
            sums[i] = _added(sums[i], total)
        return sums

    def _fields(
        self, frames: Sequence[Predicted], hints_of: Sequence[Sequence[Hint]]
    ) -> Iterator[NDArray[np.float32] | None]:
        """What each frame's own hints add to it: (h, w, 3) as in `_Anchor`; None without hints."""
        chroma: NDArray[np.float32] | None = None  # (h, w, 2) of the network, brought to the present frame
        for frame, hints in zip(frames, hints_of, strict=True):
            if frame.chroma is not None:
                chroma = np.ascontiguousarray(np.moveaxis(frame.chroma, 0, -1))
            elif frame.step.forth is not None and chroma is not None:
                chroma = frame.step.forth.carry(chroma)
            if not hints or chroma is None:
                yield None
                continue
            planes = np.ascontiguousarray(np.moveaxis(chroma, -1, 0))
            luma = shrink_luma(frame.step.frame.luma, chroma.shape[:2])
            change, say = correct(planes, luma, hints, aspect=self._aspect)
            yield np.asarray(cv2.merge([*change, say]), np.float32)


def _anchor(frame: Predicted, field: NDArray[np.float32]) -> _Anchor:
    size = field.shape[:2]
    return _Anchor(frame.step.frame.luma, field, Motion(pixel_grid(size), np.ones(size, np.float32)))


def _step(
    anchors: list[_Anchor], motion: Motion | None, frame: Predicted
) -> tuple[Sum | None, list[_Anchor]]:
    """Go on to a frame: the sum of corrections for it, if it is predicted, and the anchors seen from it."""
    if motion is not None:  # a repeated frame has none
        anchors = [anchor.moved(motion) for anchor in anchors]
    if frame.chroma is None:
        return None, anchors
    luma = frame.step.frame.luma
    anchors = [anchor.looked_at(luma) for anchor in anchors]
    total: Sum | None = None
    for anchor in anchors:
        total = _added(total, anchor.correction(luma))
    return total, anchors


def _added(one: Sum | None, other: Sum | None) -> Sum | None:
    if one is None or other is None:
        return other if one is None else one
    return one + other


def _corrected(frame: Predicted, total: Sum | None) -> Predicted:
    if frame.chroma is None or total is None:
        return replace(frame, hinted=True)
    change: Chroma = np.moveaxis(total[..., :2] / total[..., 2:], -1, 0)
    return replace(
        frame, chroma=np.clip(frame.chroma + change, -0.5, 0.5), hinted=True, hint_say=_say(total[..., 2])
    )


def _say(weight: Plane) -> Plane:
    """How much hints decide, in [0, 1], by the weight of corrections."""
    return np.asarray(weight * np.float32(1 + _SURE) / (1 + weight), np.float32)


def filled(field: NDArray[np.float32], trust: Plane, luma: Plane) -> tuple[NDArray[np.float32], Plane]:
    """A field, (h, w, 3), whose untrusted places are filled from around them, and its strength, (h, w)."""
    radius = max(1, round(_AROUND * max(luma.shape)))
    weight = trust + np.float32(1e-3)
    mean_weight = box_mean(weight, radius)
    mean_luma = box_mean(weight * luma, radius) / mean_weight
    variance = np.maximum(box_mean(weight * luma * luma, radius) / mean_weight - mean_luma * mean_luma, 0)
    around = np.ones((2 * radius + 1, 2 * radius + 1), np.uint8)
    planes = []
    for plane in cv2.split(field):
        mean = box_mean(weight * plane, radius) / mean_weight
        slope = box_mean(weight * luma * plane, radius) / mean_weight - mean_luma * mean
        slope /= variance + np.float32(_GRAIN)
        line = box_mean(slope, radius // 2) * luma + box_mean(mean - slope * mean_luma, radius // 2)
        guess = np.clip(line, cv2.erode(plane, around), cv2.dilate(plane, around))
        planes.append(guess + trust * (plane - guess))
    strength = np.maximum(trust, np.minimum(mean_weight, 1) ** np.float32(_FADE_POWER))
    return np.asarray(cv2.merge(planes), np.float32), strength
