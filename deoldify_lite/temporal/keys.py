"""Key frames: frames of a film given in colour, whose colours go through their shots along the motion.

    follow_keys    before the steadying: the network's colours are pulled towards those of the keys, region by
                   region, and the keys' own are brought to every frame of their shot, with trust
    lay_keys       after it: they are laid over what is steadied, at twice its size or more, and what is not
                   trusted is filled from around

So a key's colours are fetched once, from the key itself (`temporal.anchor`), and never blurred from frame to
frame.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import Chroma, Features, Luma, Plane, Size, grow, shrink, shrink_luma
from deoldify_lite.color.guided import upsample_chroma
from deoldify_lite.color.key import MOST_KEY_PX, FilmKey
from deoldify_lite.color.reference import Reference
from deoldify_lite.errors import InputError
from deoldify_lite.temporal.anchor import Anchor, Sum
from deoldify_lite.temporal.hinting import filled
from deoldify_lite.temporal.holding import Follower, hold_back
from deoldify_lite.temporal.key_shares import Shares, find_shares, near_enough
from deoldify_lite.temporal.likeness import Likeness
from deoldify_lite.temporal.motion import Motion
from deoldify_lite.temporal.steady import Predicted


def keyed_size(render_size: int, chroma_size: Size) -> Size:
    """The size of the chroma of a film with keys, where the network sees `render_size` px a side."""
    side = min(render_size, MOST_KEY_PX)
    return max(side, chroma_size[0]), max(side, chroma_size[1])


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
        self._anchor: Anchor | None = None  # the last key, seen from the frame given last
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
        shares = find_shares([number for number, _ in held], keys, self._last)
        self._last = next((key for key in reversed(keys) if key is not None), self._last)
        later = self._from_later(frames, keys, shares)
        for (number, _), frame, key, share, total in zip(held, frames, keys, shares, later, strict=True):
            yield self._step(number, frame, key, share, total)

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
        shares: Sequence[Shares],
    ) -> list[NDArray[np.float16] | None]:
        """What the keys after each frame bring to it."""
        totals: list[NDArray[np.float16] | None] = [None] * len(frames)
        anchor: Anchor | None = None
        for i in range(len(frames) - 1, -1, -1):
            back = frames[i + 1].step.back if i + 1 < len(frames) else None
            share = shares[i].after
            if anchor is not None and share > 0:
                anchor, total = self._brought(anchor, back, frames[i])
                totals[i] = (total * np.float32(share)).astype(np.float16)
            if (key := keys[i]) is not None:
                anchor = Anchor.of_key(key, self._size)
        return totals

    def _brought(self, anchor: Anchor, motion: Motion | None, frame: Predicted) -> tuple[Anchor, Sum]:
        """Go on to a frame: a key seen from it, and what it brings."""
        # A repeated frame has no motion.
        seen = anchor if motion is None else anchor.moved(motion)
        return seen.brought(frame.step.frame.luma)

    def _step(
        self,
        number: int,
        frame: Predicted,
        key: FilmKey | None,
        shares: Shares,
        later: NDArray[np.float16] | None,
    ) -> Predicted:
        total: Sum | None = None
        if self._anchor is not None and shares.before > 0:
            self._anchor, total = self._brought(self._anchor, frame.step.forth, frame)
            total = total * np.float32(shares.before)
        if key is not None:
            self._anchor = Anchor.of_key(key, self._size)
            own = self._anchor.own()
            total = own if total is None else total + own
        if later is not None:
            total = later.astype(np.float32) if total is None else total + later
        assert total is not None, "a shot with keys"
        keyed = np.ascontiguousarray(total[..., :3] / total[..., 3:], np.float32)
        chroma = frame.chroma
        if chroma is not None and frame.features is not None and self._likenesses:
            likeness = Likeness.of_all(near_enough(self._likenesses, number, shares))
            chroma = likeness.color(chroma, frame.step.frame.luma, frame.features)
        elif chroma is not None and (reference := self._reference(number, shares)) is not None:
            chroma = reference.pull(chroma, frame.step.frame.luma)
        return replace(frame, chroma=chroma, hinted=True, keyed=keyed)

    def _reference(self, number: int, shares: Shares) -> Reference | None:
        """What is known from the nearest keys before and after a frame."""
        near = near_enough(self._references, number, shares)
        if len(near) < 2:
            return near[0] if near else None
        places = np.concatenate([one.places for one in near])
        return Reference(places, np.concatenate([one.colors for one in near]))


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
