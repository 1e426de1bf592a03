"""Progress of all films together."""

from pathlib import Path

from deoldify_lite.cli.overall import Overall
from deoldify_lite.run.items import Item

A, B, C = (Path(name) for name in ("a.mp4", "b.mp4", "c.mp4"))


def test_films_to_come_count_by_their_bytes() -> None:
    overall = Overall({A: 1000, B: 2000, C: 500})
    assert (overall.films, overall.done, overall.expected) == (3, 0, 0)
    overall.frames(A, 1, 100)
    assert (overall.done, overall.expected) == (1, 350)
    overall.frames(A, 100, 100)
    overall.end(Item(A, A, "done", frames=98))
    assert (overall.done, overall.expected) == (100, 350)
    overall.frames(B, 1, 300)
    assert (overall.done, overall.expected) == (101, 400 + round(500 * 400 / 3000))
    overall.end(Item(B, B, "failed"))
    overall.end(Item(C, C, "skipped"))
    assert overall.done == overall.expected == 101


def test_frames_of_an_earlier_run_are_not_counted() -> None:
    overall = Overall({A: 1000, B: 1000})
    overall.frames(A, 61, 100)
    assert (overall.done, overall.expected) == (1, 40 + 100)
    overall.frames(A, 100, 100)
    overall.end(Item(A, A, "done", frames=100))
    assert (overall.done, overall.expected) == (40, 140)


def test_a_film_that_begins_again_takes_nothing_away() -> None:
    overall = Overall({A: 1000, B: 1000})
    overall.frames(A, 1, 100)
    overall.frames(A, 50, 100)
    overall.frames(A, 1, 100)
    assert (overall.done, overall.expected) == (1, 200)
