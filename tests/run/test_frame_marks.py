"""What is remembered of the frames of sequences."""

from pathlib import Path

import pytest

from deoldify_lite.run.frame_marks import (
    FrameMark,
    mark_of,
    numbers_in,
    pack_marks,
    ranges_of,
    unpack_marks,
)


@pytest.mark.parametrize(
    ("numbers", "text"),
    [([7], "7"), ([0, 1, 2], "0-2"), ([86400, 86401, 90005], "86400-86401, 90005"), ([1, 3, 5], "1, 3, 5")],
)
def test_numbers_are_told_by_range(numbers: list[int], text: str) -> None:
    assert ranges_of(numbers) == text
    assert numbers_in(text) == numbers


@pytest.mark.parametrize("text", ["", "a", "1-", "1,2", "1-99999999999", "-3"])
def test_other_texts_are_no_ranges(text: str) -> None:
    with pytest.raises(ValueError):
        numbers_in(text)


def test_marks_come_back_as_they_were(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"frame")
    a = mark_of(tmp_path / "a")
    marks = {9: a, 10: FrameMark(5, "0" * 16), 12: FrameMark(7, "f" * 16)}
    packed = pack_marks(marks)
    assert (packed.frames, packed.sizes) == ("9-10, 12", "5*2 7")
    assert unpack_marks(*packed) == marks


@pytest.mark.parametrize("changes", [{"sizes": "5"}, {"sizes": "5*999999999999"}, {"digests": "00"}])
def test_marks_that_do_not_fit_together_are_refused(changes: dict[str, str]) -> None:
    packed = pack_marks({1: FrameMark(5, "0" * 16), 2: FrameMark(5, "1" * 16)})
    with pytest.raises(ValueError):
        unpack_marks(*packed._replace(**changes))
