"""Picture sequences in the steps of workers, which are in this process here."""

import pickle
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from PIL import Image

from deoldify_lite.cluster.crew import Crew
from deoldify_lite.cluster.films import colorize_films
from deoldify_lite.cluster.worker.station import Station
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.run.films import colorize_films as colorize_films_here
from deoldify_lite.run.guides import with_hints, with_keys
from deoldify_lite.run.items import Item
from deoldify_lite.run.manifest import Manifest
from deoldify_lite.run.plan import tasks_of
from deoldify_lite.run.sequences import result
from deoldify_lite.run.sequences.plan import Choices, plan_apart, plan_sequences, take_sequences
from deoldify_lite.run.settings import FilmSettings
from deoldify_lite.run.task import Task
from deoldify_lite.run.unfinished import folder_of
from deoldify_lite.run.verify import verify
from deoldify_lite.run.versions import with_versions
from deoldify_lite.system.selection import EVERYTHING
from helpers.film_runs import SETTINGS
from helpers.films import make, plane_hashes, tone
from helpers.networks import Fixed, Stopping
from helpers.sequence_runs import bytes_of, make_frames


def sent(value: Any) -> Any:
    """What arrives at the other end."""
    return pickle.loads(pickle.dumps(value))


class Here:
    """A crew with one member, which is itself; all that goes between travels as to another machine."""

    host, size, batch_size = "here", 1, 4

    def __init__(self, network: Fixed) -> None:
        self.station = Station("here", Colorizer(network, render_factor=4))

    def start(self) -> None: ...

    def stop(self) -> None: ...

    @contextmanager
    def hold(self, *, load: int = 1) -> Iterator["Here"]:
        yield self

    def attempt(self, work: Callable[["Here"], Any], what: object, *, load: int = 1) -> Any:
        return work(self)

    def call(self, work: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        return sent(work(self.station, *sent(arguments), **sent(options)))

    def stream(self, work: Callable[..., Any], *arguments: Any) -> Iterator[Any]:
        return map(sent, work(self.station, *sent(arguments)))

    def send(self, name: str, *arguments: object) -> None: ...


SEQUENCE, MASTER, APART = "a sequence", "a film of a sequence", "the frames of a film"
STEADY = replace(SETTINGS.with_render_factor(4), steadiness=0.9)


def tasks(tmp_path: Path, kind: str, folder: Path) -> list[Task]:
    if kind == APART:
        return tasks_of(plan_apart([tmp_path / "film.mkv"], folder / "reel_%05d.dpx"))
    choices = Choices(told=True)
    found, _ = take_sequences([tmp_path / "reel"], choices, (), EVERYTHING)
    out = folder if kind == SEQUENCE else folder / "x.mkv"
    return tasks_of(plan_sequences(found, out, choices, several=False))


def run_here(tasks: list[Task], network: Fixed, settings: FilmSettings = STEADY) -> Item:
    (item,) = colorize_films_here(tasks, lambda: Colorizer(network, render_factor=4), settings, batch_size=4)
    return item


def run_there(tasks: list[Task], network: Fixed, settings: FilmSettings = STEADY) -> Item:
    (item,) = colorize_films(tasks, settings, cast(Crew, Here(network)))
    return item


def marks(folder: Path) -> list[tuple[str, ...]]:
    return [(one.frames, one.sizes, one.digests, *one.extras) for one in Manifest(folder).records()]


@pytest.fixture(autouse=True)
def sources(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(result, "SEGMENT_FRAMES", 8)
    monkeypatch.setattr("deoldify_lite.run.stream.SEGMENT_FRAMES", 8)
    reel = make_frames(tmp_path / "reel", range(7, 37), shots=3)
    make(
        *(tmp_path / "film.mkv", "-framerate", 24, "-start_number", 7, "-i", reel / "f%05d.png"),
        *(*tone(1.25), "-c:v", "ffv1", "-c:a", "pcm_s16le"),
    )


@pytest.mark.parametrize("kind", [SEQUENCE, MASTER, APART])
def test_they_come_out_the_same(tmp_path: Path, kind: str) -> None:
    here, there = tmp_path / "here", tmp_path / "there"
    one = run_here(tasks(tmp_path, kind, here), Stopping(99))
    item = run_there(tasks(tmp_path, kind, there), Stopping(99))
    assert (item.status, item.reason, item.warnings) == ("done", "", one.warnings)
    assert (item.numbers, item.frames) == (one.numbers, 30)
    if kind == MASTER:
        assert plane_hashes(item.output) == plane_hashes(one.output)
    else:
        assert bytes_of(there) == bytes_of(here)
        assert marks(there) == marks(here)
    assert [verdict.sound for verdict in verify(there)] == [True]
    assert not folder_of(item.output).exists()
    assert run_there(tasks(tmp_path, kind, there), Stopping(0)).status == "skipped"


@pytest.mark.parametrize("kind", [SEQUENCE, APART])
def test_what_one_process_began_workers_finish(tmp_path: Path, kind: str) -> None:
    alone = replace(STEADY, steadiness=0.0)  # so that the network sees each frame
    run_here(tasks(tmp_path, kind, tmp_path / "here"), Stopping(99), alone)
    folder = tmp_path / "there"
    stopped = run_here(tasks(tmp_path, kind, folder), Stopping(21), alone)
    assert stopped.status == "failed" and bytes_of(folder)
    assert run_there(tasks(tmp_path, kind, folder), Stopping(3), alone).status == "failed"
    assert run_there(tasks(tmp_path, kind, folder), Stopping(99), alone).status == "done"
    assert bytes_of(folder) == bytes_of(tmp_path / "here")


def test_hints_key_frames_and_versions_count_there_too(tmp_path: Path) -> None:
    plain = run_here(tasks(tmp_path, SEQUENCE, tmp_path / "plain"), Stopping(99))
    grey = np.asarray(Image.open(tmp_path / "reel" / "f00020.png"), int)[..., None]
    (tmp_path / "keys").mkdir()
    colored = np.clip(grey + np.array([40, -20, 0]), 0, 255).astype(np.uint8)
    Image.fromarray(colored).save(tmp_path / "keys" / "frame-000013.png")
    hints = tmp_path / "reel.hints.csv"
    hints.write_text("f25,50%,50%,#2040e0\n")
    runs = {
        "keys": lambda given: with_keys(given, tmp_path / "keys"),
        "hints": lambda given: with_hints(given, hints, film=True),
        "version": lambda given: with_versions(given, tmp_path / "keys" / "here", films=True),
    }
    for name, with_guides in runs.items():
        here, there = tmp_path / name / "here", tmp_path / name / "there"
        one = run_here(with_guides(tasks(tmp_path, SEQUENCE, here)), Stopping(99))
        item = run_there(with_guides(tasks(tmp_path, SEQUENCE, there)), Stopping(99))
        assert (one.status, one.reason, one.warnings) == ("done", "", ()), name
        assert (item.status, item.reason, item.warnings) == ("done", "", ()), name
        assert bytes_of(here) == bytes_of(there), name
        before, after = bytes_of(plain.output.parent), bytes_of(here)
        numbers = {"keys": range(17, 27), "hints": range(27, 37)}.get(name, ())
        assert all(before[frame] != after[frame] for frame in (f"f{number:05}.png" for number in numbers)), (
            name
        )
        if name == "keys":
            rgb = np.asarray(Image.open(here / "f00020.png"), int)
            assert np.abs((rgb[..., 0] - rgb[..., 1]).mean() - 60) < 15, "as in the key frame"
