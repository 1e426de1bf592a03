"""What decides whether a result is done already."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from deoldify_lite.run.hint_file import read_hints
from deoldify_lite.run.manifest import Manifest
from deoldify_lite.run.task import Task, find_done, fingerprint
from helpers.film_runs import SETTINGS as FILM
from helpers.photo_runs import SETTINGS as PHOTO


@pytest.fixture
def task(tmp_path: Path) -> Task:
    source = tmp_path / "film.mp4"
    source.write_bytes(b"film")
    os.utime(source, ns=(10**18, 10**18))
    out = tmp_path / "out"
    out.mkdir()
    return Task(source, out / "film.mp4", Manifest(out), aliases=(out / "film.mkv", out / "film.mp4.mkv"))


def test_fingerprints_stay_what_they_were(task: Task, tmp_path: Path) -> None:
    """Or all results of earlier versions would be made again."""
    hints = tmp_path / "a.hints.csv"
    assert fingerprint(task, FILM) == "a7a7a75aa2cb17ce5c11e65ef8fce8f9"
    hints.write_text("f1,50%,50%,#a06e6e\n")
    hinted = replace(task, hints=read_hints(hints, film=True))
    assert fingerprint(hinted, FILM) == "d2496a7fa33c6a934efbce2806035d0e"
    assert fingerprint(task, PHOTO) == "3b0877b796f1985bc4e4613915821d04"
    hints.write_text("50%,50%,#a06e6e\n")
    hinted = replace(task, hints=read_hints(hints))
    assert fingerprint(hinted, PHOTO) == "58fc097ed3736baa55147d21435c8364"


def test_a_result_is_found_under_each_of_its_names(task: Task) -> None:
    assert find_done(task, FILM) is None
    for output in (*reversed(task.aliases), task.output):
        output.write_bytes(b"result")
        task.manifest.add(output, fingerprint(task, FILM), source=task.source)
        assert find_done(task, FILM) == output
        assert find_done(task, replace(FILM, steadiness=0.5)) is None
    task.output.write_bytes(b"changed")
    assert find_done(task, FILM) == task.aliases[0]


def test_under_another_name_it_may_be_the_result_of_another_film(task: Task) -> None:
    (alias, _) = task.aliases
    alias.write_bytes(b"result")
    task.manifest.add(alias, fingerprint(task, FILM), source=task.source.with_name("film.mov"))
    assert find_done(task, FILM) is None
    assert find_done(replace(task, output=alias, aliases=()), FILM) == alias
