"""What a run says at its end."""

import os
from pathlib import Path

import pytest

from deoldify_lite.run.items import Item, closing_lines
from deoldify_lite.storage.url import path_or_url
from deoldify_lite.system.destination import STDOUT_NAME


def test_the_end_of_a_run() -> None:
    def item(name: str, *warnings: str, frames: int | None = None, status: str = "done") -> Item:
        return Item(Path("in", name), Path("out", name), status, warnings=warnings, frames=frames)

    items = [
        item("a.jpg", "rendered at render factor 8 instead", "the comment 'one' is lost"),
        item("b.jpg", "rendered at render factor 12 instead", "the comment 'two' is lost"),
        item("c/c.jpg", "rendered at render factor 8 instead"),
        item("d.jpg", status="skipped"),
    ]
    assert closing_lines(items, None, 2.0) == [
        "3 done, 1 skipped, 3 with warnings",
        "warning of 3: rendered at render factor … instead",
        "warning of 2: the comment … is lost",
        "2 s, 1.5 photos a second",
        "results in out",
    ]
    films = [item("a.mp4", "one", frames=90), item("b.mp4", *map(str, "abcdefg"), frames=10)]
    lines = closing_lines(films, None, 10.0)
    assert lines[-2:] == ["10 s, 10.0 frames a second", "results in out"]
    assert lines[-3] == "and 3 more kinds of warnings" and len(lines) == 9
    assert closing_lines(items[3:], None, 1.0) == ["1 skipped"]
    assert closing_lines([], None, 1.0) == []


@pytest.mark.parametrize(
    ("outputs", "said"),
    [
        (["a-colorized.jpg"], "result: a-colorized.jpg"),
        (["s3://bucket/out/a.jpg"], "result: s3://bucket/out/a.jpg"),
        (["a-colorized.jpg", "b-colorized.jpg"], "results in the current folder"),
        (["a-colorized.jpg", "films/b-colorized.mp4"], "results in the current folder"),
        (["out/a.jpg", "out/1920/b.jpg", "out/1920/may/c.jpg"], "results in out"),
        (["x/1920/a.jpg", "x/1930/b.jpg"], "results in x/1920 and x/1930"),
        (["x/1/a.jpg", "x/2/a.jpg", "x/2/b.jpg", "y/a.jpg"], "results in x/1, x/2 and y"),
        (["out/1/a.jpg", "out/2/a.jpg", "out/3/a.jpg", "out/4/5/a.jpg"], "results in out"),
        (["s3://b/o/1/a", "s3://b/o/2/a", "s3://b/o/3/a", "s3://b/o/4/a"], "results in s3://b/o"),
        (["1/a", "2/a", "3/a", "4/a"], "results in the current folder"),
        (["1/a", "s3://b/2/a", "/3/a", "/4/a"], "results in 4 folders, such as 1"),
    ],
)
def test_the_end_says_where_the_results_are(outputs: list[str], said: str) -> None:
    places = [path_or_url(name) for name in outputs]
    said = said if "://" in said else said.replace("/", os.sep)
    assert closing_lines([Item(Path("in"), place, "done") for place in places], None, 1.0)[-1] == said


def test_standard_output_is_no_folder() -> None:
    assert closing_lines([Item(Path("in"), Path(STDOUT_NAME), "done")], None, 1.0)[-1] == "1 s"


@pytest.mark.parametrize(
    ("number", "seconds", "said"),
    [
        (1, 29.4, "29 s"),
        (2, 60.0, "60 s, 30 s a photo"),
        (2, 20.0, "20 s, 0.1 photos a second"),
        (30, 2.0, "2 s, 15.0 photos a second"),
    ],
)
def test_the_end_says_how_fast_it_went(number: int, seconds: float, said: str) -> None:
    items = [Item(Path("in"), Path("out", str(at)), "done") for at in range(number)]
    assert closing_lines(items, None, seconds)[-2] == said
