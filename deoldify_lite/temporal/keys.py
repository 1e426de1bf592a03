"""Key frames: frames of a film given in colour, whose colours go through their shots along the motion.

    follow_keys    before the steadying: the network's colours are pulled towards those of the keys, region by
                   region, and the keys' own are brought to every frame of their shot, with trust
    lay_keys       after it: they are laid over what is steadied, at twice its size or more, and what is not
                   trusted is filled from around

So a key's colours are fetched once, from the key itself, and never blurred from frame to frame. A way to the
key is found step by step, along the film's motion, and at each step corrected by a comparison with the key.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import (
    Chroma,
    Features,
    Luma,
    Plane,
    Size,
    grow,
    pixel_grid,
    resize,
    shrink,
    shrink_luma,
)
from deoldify_lite.color.guided import upsample_chroma
from deoldify_lite.color.key import MOST_KEY_PX, FilmKey
from deoldify_lite.color.reference import Reference
from deoldify_lite.errors import InputError
from deoldify_lite.temporal.hinting import filled
from deoldify_lite.temporal.holding import Follower, hold_back
from deoldify_lite.temporal.likeness import Likeness
from deoldify_lite.temporal.motion import Motion, expose_like, refined_flow
from deoldify_lite.temporal.steady import Predicted

# Of the trust in the way back to a key so much is left after each frame on it.
KEPT = 0.998
# Change of luma from key to frame, as a share of its range, at which trust falls to 1/e; the window over
# which it counts, as a share of the side; and the power of the trust in the way: chosen on films.
_TRUST_LUMA, _WINDOW, _WAY_POWER = 0.092, 5 / 192, 1 / 8
# The greatest weight of a key among others is 1 / _SURE.
_SURE, _UNSURE = 0.02, 1e-3
# A key that is trusted to so large a share leaves other keys less and less to say, up to nothing where so
# much of the way from them to it is done; and for likeness they are not asked below so large a share.
_WHOLE, _REACH, _LEAST_ALIKE = 0.9, 7 / 8, 1 / 3
# The way to a key is found at so many times less than the size of the chroma.
_COARSER = 2

_pixel_grid = lru_cache(maxsize=4)(pixel_grid)  # all frames of a film have one size

T = TypeVar("T")

Sum = NDArray[np.float32]  # (S, S, 4): Cb, Cr and say times their weight, and the weight


def keyed_size(render_size: int, chroma_size: Size) -> Size:
    """The size of the chroma of a film with keys, where the network sees `render_size` px a side."""
    side = min(render_size, MOST_KEY_PX)
    return max(side, chroma_size[0]), max(side, chroma_size[1])


@dataclass(frozen=True, eq=False)
class _Anchor:
    """A key, and the way to it from the frame that is looked at."""

    luma: Luma  # (s, s)
    colors: NDArray[np.float32]  # (S, S, 3): Cb, Cr and their trust
    way: Motion  # (s, s): brings what the key has to the present frame

    def moved(self, motion: Motion) -> "_Anchor":
        """The same, seen from the next frame; `motion` brings values of the present one there."""
        motion = _resized(motion, _size(self.luma))
        trust = np.minimum(motion.carry(self.way.trust) * np.float32(KEPT), motion.trust)
        return replace(self, way=Motion(motion.carry(self.way.source), trust))

    def brought(self, luma: Luma) -> tuple["_Anchor", Sum]:
        """The same with a better way, and its colours in the present frame, (s, s) uint8."""
        now = luma.astype(np.float32) / np.float32(255)
        there = self.luma.astype(np.float32) / np.float32(255)
        source = refined_flow(luma, self.luma, self.way.source)
        old, new = (_agreement(there, now, one) for one in (self.way.source, source))
        better = new >= old
        way = Motion(np.where(better[..., None], source, self.way.source), self.way.trust)
        say = np.where(better, new, old) * np.minimum(way.trust, 1) ** np.float32(_WAY_POWER)
        return replace(self, way=way), self._sum(way, say)

    def own(self) -> Sum:
        """Its colours in its own frame."""
        return self._sum(self.way, self.way.trust)

    def _sum(self, way: Motion, say: Plane) -> Sum:
        far = np.minimum(way.trust, 1)
        weight = say * far / (1 + np.float32(_SURE) - far)
        size = _size(self.colors)
        blue, red, known = cv2.split(_resized(way, size).carry(self.colors))
        known = np.clip(known, 0, 1)
        say, weight = grow(say, size) * known, grow(weight, size) * known + np.float32(_UNSURE)
        return np.asarray(cv2.merge([blue * weight, red * weight, say * weight, weight]), np.float32)


def follow_keys(
    frames: Iterable[Predicted],
    keys: Sequence[FilmKey],
    *,
    size: Size,
    first: int = 0,
    describe: Callable[[Luma], Features | None] | None = None,
) -> Iterator[Predicted]:
    """Bring the colours of key frames to the frames of their shots.

    A shot's frames are held back until the last key that may be in it has come. Shots without keys stay as
    they are.

    Args:
        frames: in order, the first of which begins a shot.
        keys: at most one a frame; those in frames that do not come are ignored.
        size: of `Predicted.keyed`, as of `keyed_size`.
        first: number of the first frame, as in `FilmKey.frame`.
        describe: gives the features of a key's luma, like those of the frames; None if these have none.

    Yields:
        The same frames; in shots with keys with `keyed`, and with pulled chroma where they have one.

    Raises:
        InputError: a key lies in a shot that keeps its own colours.
    """
    wanted = {key.frame: key for key in keys}
    shot = _Shot(size, describe)
    for begins, held in hold_back(frames, wanted, first=first):
        shot = _Shot(size, describe) if begins else shot
        yield from shot.follow(held, wanted)


def lay_keys(chroma: Chroma, frame: Predicted, size: Size) -> Chroma:
    """Lay the colours of keys over steadied ones.

    Args:
        chroma: (2, h, w) of the frame.
        frame: as of `follow_keys`. Without `keyed` the chroma is only stretched; where hints decide, it
            stays as it is.
        size: of the result, that of `keyed`.

    Returns:
        (2, *size).
    """
    if frame.keyed is None:
        return np.stack([grow(plane, size) for plane in chroma])
    small = (chroma.shape[1], chroma.shape[2])
    blue, red, say = cv2.split(shrink(frame.keyed, small))
    change = np.asarray(cv2.merge([blue - chroma[0], red - chroma[1]]), np.float32)
    luma = frame.step.frame.luma
    field, strength = filled(change, np.asarray(say, np.float32), shrink_luma(luma, small))
    # Beside what the keys themselves say there, which follows at full size.
    around = np.moveaxis(field * strength[..., None] - change * say[..., None], -1, 0)
    base = upsample_chroma(chroma, shrink_luma(luma, size))
    blue, red, say = cv2.split(frame.keyed)
    # Hints with much say are to win wholly.
    left = 1.0 if frame.hint_say is None else np.square(1 - grow(frame.hint_say, size))
    result = [
        plane + (grow(filling, size) + say * (key - plane)) * left
        for plane, filling, key in zip(base, around, (blue, red), strict=True)
    ]
    return np.clip(np.stack(result), -0.5, 0.5)


class _Shot:
    """A shot, and its keys among the frames that have come."""

    def __init__(self, size: Size, describe: Callable[[Luma], Features | None] | None) -> None:
        self._size = size
        self._describe = describe
        self._likenesses: list[tuple[int, Likeness]] = []  # of keys, with their frames
        self._anchor: _Anchor | None = None  # the last key, seen from the frame given last
        self._last: FilmKey | None = None  # that key
        self._references: list[tuple[int, Reference]] = []  # of keys, with their frames
        self._follower = Follower()
        self._chroma: NDArray[np.float32] | None = None  # (h, w, 2) of the network, brought to that frame

    def follow(
        self, held: Sequence[tuple[int, Predicted]], wanted: dict[int, FilmKey]
    ) -> Iterator[Predicted]:
        """Yield frames with the colours of the keys in them, before them and after them."""
        keys = [wanted.get(number) for number, _ in held]
        if self._anchor is None and not any(keys):
            yield from (frame for _, frame in held)
            return
        for key, (_, frame) in zip(keys, held, strict=True):
            if key is not None and frame.step.frame.in_color:
                raise InputError(
                    f"{key.name}: is for frame {key.frame}, whose shot is in colour already: remove it, or "
                    "colour all shots anew with --recolor-all"
                )
        frames = [self._follower.follow(frame) for _, frame in held]
        self._learn(frames, keys)
        shares = self._shares([number for number, _ in held], keys)
        later = self._from_later(frames, keys, shares)
        for (number, _), frame, key, share, total in zip(held, frames, keys, shares, later, strict=True):
            yield self._step(number, frame, key, share, total)

    def _shares(self, numbers: Sequence[int], keys: Sequence[FilmKey | None]) -> list[tuple[float, float]]:
        """How much the key before each frame counts, and the one after it, in [0, 1]."""
        before: list[FilmKey | None] = []
        for key in keys:
            before.append(self._last)
            self._last = key or self._last
        shares: list[tuple[float, float]] = []
        after: FilmKey | None = None
        for number, key, last in reversed(list(zip(numbers, keys, before, strict=True))):
            # A key is its own frame's on both sides.
            shares.append((_share(last, key or after, number), _share(after, key or last, number)))
            after = key or after
        return shares[::-1]

    def _learn(self, frames: Sequence[Predicted], keys: Sequence[FilmKey | None]) -> None:
        """Look at the network's colours of key frames, and at those that they shall have."""
        for frame, key in zip(frames, keys, strict=True):
            if key is not None and self._describe and (features := self._describe(key.luma)) is not None:
                colors, trust = key.chroma.astype(np.float32), key.trust.astype(np.float32)
                likeness = Likeness.of_key(features, key.luma, colors, trust)
                self._likenesses.append((key.frame, likeness))
            if frame.chroma is not None:
                self._chroma = np.ascontiguousarray(np.moveaxis(frame.chroma, 0, -1))
            elif frame.step.forth is not None and self._chroma is not None:
                self._chroma = frame.step.forth.carry(self._chroma)
            if key is not None and self._chroma is not None:
                planes = np.ascontiguousarray(np.moveaxis(self._chroma, -1, 0))
                colors, trust = key.chroma.astype(np.float32), key.trust.astype(np.float32)
                reference = Reference.from_chroma(planes, frame.step.frame.luma, colors, trust)
                if reference is not None:
                    self._references.append((key.frame, reference))

    def _from_later(
        self,
        frames: Sequence[Predicted],
        keys: Sequence[FilmKey | None],
        shares: Sequence[tuple[float, float]],
    ) -> list[NDArray[np.float16] | None]:
        """What the keys after each frame bring to it."""
        totals: list[NDArray[np.float16] | None] = [None] * len(frames)
        anchor: _Anchor | None = None
        for i in range(len(frames) - 1, -1, -1):
            back = frames[i + 1].step.back if i + 1 < len(frames) else None
            share = shares[i][1]
            if anchor is not None and share > 0:
                anchor, total = self._brought(anchor, back, frames[i])
                totals[i] = (total * np.float32(share)).astype(np.float16)
            if (key := keys[i]) is not None:
                anchor = _anchor(key, self._size)
        return totals

    def _brought(self, anchor: _Anchor, motion: Motion | None, frame: Predicted) -> tuple[_Anchor, Sum]:
        """Go on to a frame: a key seen from it, and what it brings."""
        # A repeated frame has no motion.
        seen = anchor if motion is None else anchor.moved(motion)
        return seen.brought(resize(frame.step.frame.luma, _size(anchor.luma)))

    def _step(
        self,
        number: int,
        frame: Predicted,
        key: FilmKey | None,
        share: tuple[float, float],
        later: NDArray[np.float16] | None,
    ) -> Predicted:
        total: Sum | None = None
        if self._anchor is not None and share[0] > 0:
            self._anchor, total = self._brought(self._anchor, frame.step.forth, frame)
            total = total * np.float32(share[0])
        if key is not None:
            self._anchor = _anchor(key, self._size)
            own = self._anchor.own()
            total = own if total is None else total + own
        if later is not None:
            total = later.astype(np.float32) if total is None else total + later
        assert total is not None, "a shot with keys"
        keyed = np.ascontiguousarray(total[..., :3] / total[..., 3:], np.float32)
        chroma = frame.chroma
        if chroma is not None and frame.features is not None and self._likenesses:
            likeness = Likeness.of_all(_near(self._likenesses, number, share))
            chroma = likeness.color(chroma, frame.step.frame.luma, frame.features)
        elif chroma is not None and (reference := self._reference(number, share)) is not None:
            chroma = reference.pull(chroma, frame.step.frame.luma)
        return replace(frame, chroma=chroma, hinted=True, keyed=keyed)

    def _reference(self, number: int, share: tuple[float, float]) -> Reference | None:
        """What is known from the nearest keys before and after a frame."""
        near = _near(self._references, number, share)
        if len(near) < 2:
            return near[0] if near else None
        places = np.concatenate([one.places for one in near])
        return Reference(places, np.concatenate([one.colors for one in near]))


def _near(items: Sequence[tuple[int, T]], number: int, share: tuple[float, float]) -> list[T]:
    """Those of the nearest keys before and after a frame that count enough there."""
    before = [one for frame, one in items if frame < number] if share[0] >= _LEAST_ALIKE else []
    after = [one for frame, one in items if frame > number] if share[1] >= _LEAST_ALIKE else []
    return [*before[-1:], *(one for frame, one in items if frame == number), *after[:1]]


def _share(key: FilmKey | None, other: FilmKey | None, number: int) -> float:
    """How much a key counts in a frame between it and another one, in [0, 1]."""
    if key is None:
        return 0.0
    if other is None or other.trust.mean(dtype=np.float32) < _WHOLE:
        return 1.0
    done = (number - key.frame) / (other.frame - key.frame)
    return min(max((_REACH - done) / (2 * _REACH - 1), 0.0), 1.0)


def heed_hints(frames: Iterable[Predicted]) -> Iterator[Predicted]:
    """Bring what hints decide in predicted frames to all frames of a film, for `lay_keys`."""
    say: Plane | None = None
    for frame in frames:
        if frame.step.frame.begins_shot:
            say = None
        if frame.hint_say is not None:
            say = frame.hint_say
        elif say is not None and frame.step.forth is not None:
            say = frame.step.forth.carry(say)
        yield frame if say is None else replace(frame, hint_say=say)


def _anchor(key: FilmKey, size: Size) -> _Anchor:
    planes = [*key.chroma.astype(np.float32), key.trust.astype(np.float32)]
    colors = np.asarray(cv2.merge([resize(plane, size) for plane in planes]), np.float32)
    small = (max(size[0] // _COARSER, 1), max(size[1] // _COARSER, 1))
    return _Anchor(resize(key.luma, small), colors, Motion(pixel_grid(small), np.ones(small, np.float32)))


def _size(array: NDArray[Any]) -> Size:
    return array.shape[0], array.shape[1]


def _resized(motion: Motion, size: Size) -> Motion:
    """The same motion at another size."""
    height, width = motion.trust.shape
    if (height, width) == size:
        return motion
    ratio = np.array([size[1] / width, size[0] / height], np.float32)
    flow = cv2.resize(
        motion.source - _pixel_grid((height, width)), size[::-1], interpolation=cv2.INTER_LINEAR
    )
    return Motion(np.asarray(_pixel_grid(size) + flow * ratio, np.float32), grow(motion.trust, size))


def _agreement(there: Plane, here: Plane, source: NDArray[np.float32]) -> Plane:
    """How well luma agrees with that of its source, in [0, 1]; 0 where the source lies outside."""
    height, width = here.shape
    side = max(3, round(_WINDOW * max(here.shape)) | 1)
    came = Motion(source, here).carry(there)
    change = cv2.blur(cv2.absdiff(expose_like(came, here), here), (side, side))
    columns, rows = cv2.split(source)
    inside = (columns > -0.5) & (columns < width - 0.5) & (rows > -0.5) & (rows < height - 0.5)
    return np.asarray(np.exp(-np.square(change / np.float32(_TRUST_LUMA))) * inside, np.float32)
