"""Lines of hints in a film: found by frame, removed and added, while all other bytes stay."""

from pathlib import Path

import pytest

from deoldify_lite.color.hint import Hint
from deoldify_lite.errors import OptionError
from deoldify_lite.film.probe import probe_film
from deoldify_lite.run.hint_lines import change_lines, has_hints, hint_lines
from helpers.films import make, pattern

PATH = Path("a.hints.csv")


def test_each_line_has_its_hint(tmp_path: Path) -> None:
    film = probe_film(make(tmp_path / "film.mp4", *pattern(1, rate="10")))  # 96 x 64
    data = "\ufeff# the door\nf3, 48,50%,#102030\r\n\n 0:00.5,25%,16,keep,2%".encode()
    first, second = hint_lines(data, PATH, film)
    assert (first.text, first.color, first.hint.frame) == ("f3, 48,50%,#102030", "#102030", 3)
    assert (first.hint.hint.x, first.hint.hint.y) == (0.5, 0.5)
    assert (second.text, second.color, second.hint.frame) == ("0:00.5,25%,16,keep,2%", "keep", 5)
    assert second.hint.hint == Hint(0.25, 0.25, None, 0.02)
    assert hint_lines(b"# none", PATH, film) == []
    with pytest.raises(OptionError, match=r"^a\.hints\.csv:2: this point lies outside"):
        hint_lines(b"\nf1,97,1,#000000", PATH, film)
    with pytest.raises(OptionError, match="more than 500 hints in one frame"):
        hint_lines(b"f1,1,1,#000000\n" * 501, PATH, film)


def test_only_the_lines_that_are_meant_change() -> None:
    data = "\ufefff1,1,1,#102030\r\n# mine \u2028 x\r\nf2,1,1,keep\r\n f1,1,1,#102030 \r\nend".encode()
    assert change_lines(data, [], []) == data
    assert change_lines(data, ["f1,1,1,#102030"], []) == data.replace(b"f1,1,1,#102030\r\n", b"", 1)
    twice = change_lines(data, ["f1,1,1,#102030"] * 2 + ["f9,1,1,keep"], ["f3,1,1,keep"])
    assert twice == "\ufeff# mine \u2028 x\r\nf2,1,1,keep\r\nend\r\nf3,1,1,keep\r\n".encode()
    assert change_lines(b"", [], ["f3,1,1,keep"]) == b"f3,1,1,keep\n"
    assert not has_hints(change_lines(b"f3,1,1,keep\n", ["f3,1,1,keep"], []))
    assert not has_hints("\ufeff# a\n".encode()) and has_hints("\ufefff1,1,1,keep".encode())
