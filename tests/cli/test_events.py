"""events: each line of --progress json is what its schema says, and goes where it should."""

import os
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest

from deoldify_lite.cli import main as cli
from deoldify_lite.cli.events import Events
from helpers.commands import Command
from helpers.events import SCHEMA, of_kind, read_events
from helpers.films import make, pattern
from helpers.places import ROOT


def test_the_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.slow
def test_photos_on_standard_error(photos: Path, tiny_weights: Path, tmp_path: Path) -> None:
    """Log lines are events, too, so that all of it is JSON; results are on standard output as ever."""
    (photos / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    (photos / "notes.psb").write_bytes(b"x")
    options = ("--progress", "json", "--render-factor", "4", "--weights", tiny_weights)
    done = subprocess.run(
        [sys.executable, "-m", "deoldify_lite", "folder", photos, *options],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1 and len(done.stdout.splitlines()) == 3
    events = read_events(done.stderr)
    items = of_kind(events, "item")
    assert [item["number"] for item in items] == [1, 2, 3, 4] and {item["total"] for item in items} == {4}
    assert sorted(item["status"] for item in items) == ["done", "done", "done", "failed"]
    [end] = of_kind(events, "done")
    assert end["counts"] == {"done": 3, "failed": 1} and end["exit_code"] == 1
    assert end["left_out"]["files"] == {".psb": 1}
    assert any("3 done, 1 failed" in event["text"] for event in of_kind(events, "log"))


def test_films_on_a_descriptor_of_their_own(
    tiny_weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    film = make(tmp_path / "clip.mkv", *pattern(0.48), "-pix_fmt", "gray")
    with open(tmp_path / "events", "w+b") as file:
        form = f"json:{file.fileno()}"
        options = ("--weights", str(tiny_weights), "--render-factor", "4", "--progress", form)
        assert cli.main(["video", str(film), *options]) == 0
    events = read_events((tmp_path / "events").read_text())
    last = of_kind(events, "frames")[-1]
    assert last["source"] == str(film) and last["done"] == last["expected"] == 12
    [item] = of_kind(events, "item")
    assert item["frames"] == 12 and item["output"] in capsys.readouterr().out
    assert not of_kind(events, "log")


@pytest.mark.logs_errors
def test_an_error_ends_them(photos: Path, tmp_path: Path) -> None:
    with open(tmp_path / "events", "w+b") as file:
        missing = str(tmp_path / "nowhere")
        assert cli.main(["folder", missing, "--progress", f"json:{file.fileno()}"]) == 1
    [_, end] = read_events((tmp_path / "events").read_text())
    assert end["exit_code"] == 1 and "nowhere" in end["error"] and end["counts"] == {}


@pytest.mark.slow
def test_the_log_of_an_error_is_an_event(command: Command, tmp_path: Path) -> None:
    """It comes after the end, and there is no other line on standard error."""
    done = command("folder", tmp_path / "nowhere", "--progress", "json")
    *_, end, last = read_events(done.stderr)
    assert done.returncode == end["exit_code"] == 1 and end["event"] == "done"
    assert (last["event"], last["level"], last["text"]) == ("log", "error", end["error"])


def test_a_reader_that_leaves_stops_nothing() -> None:
    ours, its = os.pipe()
    os.close(ours)
    events = Events(f"json:{its}")
    for _ in range(3):
        events.started([], None)
    assert not events.are_wanted
    os.close(its)


@pytest.mark.parametrize("form", ["xml", "json:", "json:x", "json:987"])
def test_forms_that_are_none_are_refused(photos: Path, form: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        cli.main(["folder", str(photos), "--progress", form])
    assert form in capsys.readouterr().err
