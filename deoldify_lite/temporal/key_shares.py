"""How much the key frames before and after a frame count there.

A key counts in full, and trust decides place by place, unless the one on the other side is trusted nearly
everywhere: then it counts less and less on the way there.
"""

from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from deoldify_lite.color.key import FilmKey

# A key that is trusted to so large a share leaves other keys less and less to say, up to nothing where so
# much of the way from them to it is done; and for likeness they are not asked below so large a share.
_WHOLE, _REACH, _LEAST_ALIKE = 0.9, 7 / 8, 1 / 3

T = TypeVar("T")


class Shares(NamedTuple):
    """Of the nearest keys of a frame, each in [0, 1]; a key in the frame itself is neither."""

    before: float
    after: float


def find_shares(numbers: Sequence[int], keys: Sequence[FilmKey | None], last: FilmKey | None) -> list[Shares]:
    """The shares of keys in consecutive frames of a shot.

    Args:
        numbers: of the frames.
        keys: of each frame its own, if it has one.
        last: the last key of the shot before these frames.
    """
    before = _nearest_before(keys, last)
    after = _nearest_before(keys[::-1], None)[::-1]
    return [
        Shares(_share(left, own or right, number), _share(right, own or left, number))
        for number, own, left, right in zip(numbers, keys, before, after, strict=True)
    ]


def _nearest_before(keys: Sequence[FilmKey | None], last: FilmKey | None) -> list[FilmKey | None]:
    """The last key before each frame, without the frame's own."""
    nearest = []
    for own in keys:
        nearest.append(last)
        last = own or last
    return nearest


def _share(key: FilmKey | None, other: FilmKey | None, number: int) -> float:
    """How much a key counts in a frame between it and another one."""
    if key is None:
        return 0.0
    if other is None or other.trust.mean(dtype=np.float32) < _WHOLE:
        return 1.0
    done = (number - key.frame) / (other.frame - key.frame)
    return min(max((_REACH - done) / (2 * _REACH - 1), 0.0), 1.0)


def near_enough(items: Sequence[tuple[int, T]], number: int, shares: Shares) -> list[T]:
    """What belongs to a frame's own key, and to the nearest before and after it that count enough there.

    Args:
        items: with the frames of their keys, in order.
        number: of the frame.
        shares: of keys there.
    """
    before = [one for frame, one in items if frame < number] if shares.before >= _LEAST_ALIKE else []
    after = [one for frame, one in items if frame > number] if shares.after >= _LEAST_ALIKE else []
    return [*before[-1:], *(one for frame, one in items if frame == number), *after[:1]]
