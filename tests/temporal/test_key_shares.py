"""Shares of key frames: the nearer counts more, a key that knows a part leaves the rest to the other."""

import numpy as np
import pytest

from deoldify_lite.color.key import FilmKey
from deoldify_lite.temporal.key_shares import Shares, find_shares, near_enough


def key(frame: int, trust: float = 1.0) -> FilmKey:
    return FilmKey(
        frame,
        np.zeros((2, 2), np.uint8),
        np.zeros((2, 2, 2), np.float16),
        np.full((2, 2), trust, np.float16),
        f"frame-{frame}.png",
    )


def shares(keys: dict[int, FilmKey], count: int, last: FilmKey | None = None, first: int = 0) -> list[Shares]:
    numbers = range(first, first + count)
    return find_shares(numbers, [keys.get(number) for number in numbers], last)


def test_a_key_alone_counts_in_full_on_either_side() -> None:
    found = shares({2: key(2)}, 5)
    assert found == [(0, 1), (0, 1), (0, 0), (1, 0), (1, 0)], "it is neither before nor after its own frame"


def test_between_two_whole_keys_shares_go_from_one_to_the_other() -> None:
    found = shares({0: key(0), 16: key(16)}, 17)
    assert found[1] == (1, 0)
    assert found[15] == (0, 1)
    assert found[8] == (0.5, 0.5)
    assert all(one.before + one.after == pytest.approx(1) for one in found[1:16])
    assert found[16] == (0, 0), "a whole key needs no other in its own frame"


def test_a_key_that_knows_a_part_takes_nothing_from_the_other() -> None:
    found = shares({0: key(0), 16: key(16, trust=0.5)}, 17)
    assert all(one.before == 1 for one in found[1:])
    assert found[1].after == 0


def test_a_key_counts_across_blocks_of_frames() -> None:
    keys = {0: key(0), 16: key(16)}
    assert shares(keys, 17)[8:] == shares(keys, 9, last=keys[0], first=8)


def test_only_near_keys_are_asked() -> None:
    items = [(0, "a"), (4, "b"), (8, "own"), (12, "c"), (20, "d")]
    assert near_enough(items, 8, Shares(1.0, 1.0)) == ["b", "own", "c"]
    assert near_enough(items, 9, Shares(1.0, 0.2)) == ["own"]
    assert near_enough(items, 9, Shares(0.2, 1.0)) == ["c"]
