"""Which file of a sequence shows which frame."""

from pathlib import Path

import pytest

from deoldify_lite.run.sequences.footage import Footage
from deoldify_lite.sequence.frame import Facts
from deoldify_lite.sequence.names import Sequence
from deoldify_lite.sequence.ranges import Ranges


def footage(shown: Ranges, usable: Ranges) -> Footage:
    sequence = Sequence(Path("reel"), "f", 3, ".dpx", usable)
    return Footage(sequence, Facts("DPX", 48, 32, 1, False, 10), shown, usable)


def numbers(one: Footage) -> list[int]:
    return [one.number(frame) for frame in range(len(one))]


def files(one: Footage) -> list[int]:
    return [int(one.path(frame).stem[1:]) for frame in range(len(one))]


def test_frames_follow_the_numbers() -> None:
    whole = footage(((7, 10),), ((7, 10),))
    assert numbers(whole) == files(whole) == [7, 8, 9, 10]
    skipped = footage(((7, 8), (11, 12)), ((7, 8), (11, 12)))
    assert numbers(skipped) == files(skipped) == [7, 8, 11, 12]
    names = ("f007.dpx", "f008.dpx", "f009.dpx", "f012.dpx", "g012.dpx", "f013.dpx")
    assert [*map(skipped.frame_of, names)] == [0, 1, None, 3, None, None]


def test_a_frame_without_a_picture_holds_the_one_before() -> None:
    held = footage(((5, 13),), ((7, 8), (11, 12)))
    assert numbers(held) == [*range(5, 14)]
    assert files(held) == [7, 7, 7, 8, 8, 8, 11, 12, 12]


@pytest.mark.parametrize(
    ("first", "end", "expected"),
    [(0, 4, ((7, 8), (11, 12))), (1, 3, ((8, 8), (11, 11))), (2, 4, ((11, 12),)), (2, 2, ())],
)
def test_a_part_has_its_own_numbers(first: int, end: int, expected: Ranges) -> None:
    skipped = footage(((7, 8), (11, 12)), ((7, 8), (11, 12)))
    assert skipped.numbers(first, end) == expected
