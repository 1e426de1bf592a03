"""A dry run writes nothing, and says of each photo and film what a run then does."""

import json
import shutil
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from deoldify_lite import api
from deoldify_lite.cli import main as cli
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.run import stream as film_stream
from deoldify_lite.run.dry.films import plan_films
from deoldify_lite.run.dry.network import Gauge
from deoldify_lite.run.engine import THIS_PROCESS
from deoldify_lite.run.manifest import Manifest
from deoldify_lite.run.outlook import Outlook, in_bytes, in_time, outlook_lines, total_of
from deoldify_lite.run.task import Task
from helpers.film_runs import SETTINGS, run_film
from helpers.films import LOSSLESS, make, pattern
from helpers.networks import Fixed, Stopping
from helpers.pictures import grey_picture
from helpers.shots import film_of


@pytest.fixture
def rendering(tiny_weights: Path) -> api.Rendering:
    return api.settle(weights=tiny_weights, render_factor=4, device="cpu")


@pytest.fixture
def film(tmp_path: Path) -> Path:
    folder = tmp_path / "films"
    folder.mkdir()
    return make(folder / "film.mp4", *pattern(1.2), "-vf", "hue=s=0")


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    """All that is in a folder, with size and time of change."""
    found = {}
    for path in sorted(folder.rglob("*")):
        stat = path.lstat()
        found[str(path.relative_to(folder))] = (stat.st_size, stat.st_mtime_ns)
    return found


def outcomes(items: list[api.Item]) -> list[tuple[str, str, str]]:
    return sorted((str(item.source), str(item.output), item.status) for item in items)


@pytest.mark.logs_errors
def test_photos_are_planned_as_they_are_then_done(
    photos: Path, tmp_path: Path, rendering: api.Rendering
) -> None:
    out = tmp_path / "out"
    api.colorize_folder(photos / "a.jpg", out, rendering=rendering)
    (photos / "damaged.jpg").write_bytes(b"no picture")
    Image.fromarray(grey_picture(40, 50)).save(out / "b.png")  # of the user's
    before = tree(tmp_path)

    def run(dry_run: bool) -> list[api.Item]:
        return api.colorize_folder(
            photos, out, rendering=rendering, compare=True, layer="beside", dry_run=dry_run
        )

    planned = run(dry_run=True)
    assert tree(tmp_path) == before
    done = run(dry_run=False)
    assert outcomes(done) == [
        (source, output, status.replace("planned", "done")) for source, output, status in outcomes(planned)
    ]
    reasons = [{str(one.source): one.reason for one in items if one.reason} for items in (planned, done)]
    assert reasons[0] == reasons[1] and len(reasons[0]) == 2
    outlooks = {Path(str(one.source)).name: one.outlook for one in planned if one.outlook}
    assert {name: one.pixels for name, one in outlooks.items()} == {"a.jpg": 90 * 120, "c 1.tif": 70 * 50}
    assert all(one.seconds and one.bytes for one in outlooks.values())
    assert {item.status for item in run(dry_run=True)} == {"skipped", "failed"}


def test_the_estimate_of_room_is_near(tmp_path: Path, rendering: api.Rendering) -> None:
    (tmp_path / "photos").mkdir()
    for number in range(6):
        Image.fromarray(grey_picture(200, 300 + number)).save(tmp_path / "photos" / f"{number}.png")
    (outlook,) = {
        total_of([one.outlook for one in items if one.outlook])
        for items in [
            api.colorize_folder(tmp_path / "photos", tmp_path / "out", rendering=rendering, dry_run=True)
        ]
    }
    api.colorize_folder(tmp_path / "photos", tmp_path / "out", rendering=rendering)
    written = sum(path.stat().st_size for path in (tmp_path / "out").glob("*.png"))
    assert outlook.bytes == pytest.approx(written, rel=0.2)


def test_where_nothing_is_left_no_network_is_loaded(
    photos: Path, tmp_path: Path, rendering: api.Rendering, monkeypatch: pytest.MonkeyPatch
) -> None:
    api.colorize_folder(photos, tmp_path / "out", rendering=rendering)
    monkeypatch.setattr(api.Rendering, "load", lambda self: pytest.fail("it is loaded"))
    items = api.colorize_folder(photos, tmp_path / "out", rendering=rendering, dry_run=True)
    assert {item.status for item in items} == {"skipped"}


@pytest.mark.logs_errors
def test_films_are_planned_as_they_are_then_done(
    film: Path, tmp_path: Path, rendering: api.Rendering
) -> None:
    (film.parent / "damaged.mp4").write_bytes(b"no film")
    shutil.copy(film, film.parent / "second.mkv")
    out = tmp_path / "out"
    api.colorize_video(film, out, rendering=rendering, steadiness=0.5)
    before = tree(tmp_path)

    def run(dry_run: bool) -> list[api.Item]:
        return api.colorize_video(film.parent, out, rendering=rendering, steadiness=0.5, dry_run=dry_run)

    planned = run(dry_run=True)
    assert tree(tmp_path) == before
    assert [item.status for item in planned].count("planned") == 1
    done = run(dry_run=False)
    assert outcomes(done) == [
        (source, output, status.replace("planned", "done")) for source, output, status in outcomes(planned)
    ]
    (outlook,) = [one.outlook for one in planned if one.outlook]
    frames = sum(item.frames or 0 for item in done)
    assert (outlook.frames, outlook.pixels) == (frames, frames * 96 * 64) == (30, 30 * 96 * 64)
    assert outlook.seconds and outlook.bytes


@pytest.mark.logs_errors
def test_frames_of_an_earlier_run_are_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film_stream, "SEGMENT_FRAMES", 10)
    film, output = film_of(tmp_path / "film.mp4", (1, 20), (2, 20), (3, 20)), tmp_path / "out" / "film.mkv"
    assert run_film(film, output, Stopping(50)).status == "failed"
    (folder,) = output.parent.iterdir()
    segments = [json.loads(line) for line in (folder / "segments.jsonl").read_text().splitlines()[1:]]
    finished = sum(segment["frames"] for segment in segments)
    assert finished
    before = tree(tmp_path)
    settings = replace(SETTINGS, encoding=LOSSLESS)
    gauge = Gauge(Colorizer(Fixed(), render_factor=4), 4, True)
    (item,) = plan_films([Task(film, output, Manifest(output.parent))], settings, lambda: gauge)
    assert item.outlook and item.outlook.frames == 60 - finished
    assert item.reason == f"{finished} of 60 frames were finished by an earlier run"
    assert tree(tmp_path) == before


def test_the_command_prints_and_writes_nothing_else(
    photos: Path, tmp_path: Path, tiny_weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["folder", str(photos), "--weights", str(tiny_weights), "--render-factor", "4"]
    command += ["--device", "cpu", "--dry-run", "--quiet"]
    report = tmp_path / "plan.json"
    before = tree(tmp_path)
    assert cli.main(command) == 0
    assert tree(tmp_path) == before
    out = f"{photos}-colorized"
    assert capsys.readouterr().out.splitlines() == [
        f"{photos}/1920/summer/c 1.tif -> {out}/1920/summer/c 1.tif: 0.0 megapixels",
        f"{photos}/a.jpg -> {out}/a.jpg: 0.0 megapixels",
        f"{photos}/b.png -> {out}/b.png: 0.0 megapixels",
    ]
    assert cli.main([*command, "--json", str(report)]) == 0
    told = json.loads(report.read_text())
    assert told["counts"] == {"planned": 3}
    assert told["outlook"]["pixels"] == sum(item["outlook"]["pixels"] for item in told["items"]) == 17372


@pytest.mark.logs_errors
def test_a_dry_run_has_no_report(photos: Path, tiny_weights: Path) -> None:
    command = ["folder", str(photos), "--weights", str(tiny_weights), "--dry-run", "--report"]
    assert cli.main(command) == 2


def test_what_is_not_known_is_said(tmp_path: Path) -> None:
    known = (tmp_path / "a.jpg", Outlook(pixels=2_000_000, seconds=90.0, bytes=3_000_000))
    fetched = (tmp_path / "b.jpg", Outlook(fetched_bytes=5_000_000))
    lines = outlook_lines([known, fetched])
    assert lines[:4] == [
        "2.0 megapixels",
        "5.0 MB to fetch, in a time that is not estimated",
        "about 90 s here, by an estimate from a short sample, without 1 of 2",
        "results of about 3.0 MB, by the same estimate, without 1 of 2",
    ]
    assert lines[4].endswith(f"are free in {tmp_path}")
    assert outlook_lines([fetched])[1:] == ["the time is not estimated"]
    assert outlook_lines([]) == []
    huge = (tmp_path / "a.jpg", Outlook(1, None, 1.0, 10**18))
    assert outlook_lines([huge])[-1].startswith("too little, ")


@pytest.mark.parametrize(
    ("seconds", "text"), [(4.44, "4.4 s"), (99, "99 s"), (300, "5.0 minutes"), (9000, "2.5 hours")]
)
def test_times_for_people(seconds: float, text: str) -> None:
    assert in_time(seconds) == text
    assert in_time(10 * 86400) == "10.0 days" and in_bytes(1_500) == "2 kB"


def test_ray_workers_of_a_cluster_are_not_measured_here(
    photos: Path, tmp_path: Path, rendering: api.Rendering
) -> None:
    class Elsewhere:
        @contextmanager
        def open(self, rendering, *, batch_size=None):  # type: ignore[no-untyped-def]
            with THIS_PROCESS.open(rendering, batch_size=batch_size) as runner:
                runner.is_here = False  # type: ignore[misc]
                yield runner

    items = api.colorize_folder(
        photos, tmp_path / "out", rendering=rendering, dry_run=True, engine=Elsewhere()
    )
    assert [item.status for item in items] == ["planned"] * 3
    assert all(item.outlook and item.outlook.pixels and item.outlook.seconds is None for item in items)
