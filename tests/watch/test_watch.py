"""A watched folder: what is dropped there is done once, and nothing is lost."""

import json
import os
from collections import Counter
from collections.abc import Collection
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deoldify_lite import api
from deoldify_lite.cli import main as cli
from deoldify_lite.errors import InputError
from deoldify_lite.run.engine import KeptProcess
from deoldify_lite.run.items import Item
from deoldify_lite.run.manifest import NAME, Manifest
from deoldify_lite.run.verify import verify
from deoldify_lite.show.report import items_of
from deoldify_lite.system.selection import Selection
from deoldify_lite.watch.bell import Bell, bell
from deoldify_lite.watch.drop import RETRY_S, Drop
from deoldify_lite.watch.failures import Failures
from deoldify_lite.watch.loop import Watch
from helpers.pictures import grey_picture
from helpers.watching import drop_and_kill, drop_photo, results_in


@pytest.fixture
def drop(tmp_path: Path) -> Drop:
    (tmp_path / "in").mkdir()
    return Drop(tmp_path / "in", {".jpg", ".png", ".mp4"}, skip=tmp_path / "in" / "out", settle_s=3.0)


def test_only_files_that_have_stopped_growing_are_ready(drop: Drop) -> None:
    path = drop.folder / "a.jpg"
    path.write_bytes(b"1")
    assert drop.look(0) == [] and drop.are_growing
    path.write_bytes(b"12")
    assert drop.look(3) == [] and drop.look(5.9) == []
    assert drop.look(6) == [path]
    drop.end(path, 7, failed=False)
    assert drop.look(100) == [] and not drop.are_growing


def test_a_file_that_changes_is_done_again(drop: Drop) -> None:
    path = drop.folder / "a.jpg"
    path.write_bytes(b"1")
    drop.look(0)
    drop.end(path, 4, failed=False)
    path.write_bytes(b"123")
    assert drop.look(5) == [] and drop.look(8) == [path]


def test_a_file_that_failed_is_tried_again_later_and_later(drop: Drop) -> None:
    path = drop.folder / "a.jpg"
    path.write_bytes(b"1")
    drop.look(0)
    drop.end(path, 10, failed=True)
    assert drop.look(RETRY_S) == [] and drop.look(RETRY_S + 10) == [path]
    drop.end(path, 1000, failed=True)
    assert drop.look(1000 + RETRY_S) == [] and drop.look(1000 + 6 * RETRY_S) == [path]


def test_what_is_gone_is_forgotten(drop: Drop) -> None:
    for number in range(50):
        path = drop.folder / f"{number}.jpg"
        path.write_bytes(b"1")
        drop.look(number)
        path.unlink()
    assert drop.look(100) == [] and not drop._entries


def test_results_hidden_files_and_other_kinds_are_left_alone(drop: Drop) -> None:
    for name in ("out/a.jpg", ".part.jpg", "notes.txt", "b.jpg", "no/c.jpg"):
        (drop.folder / name).parent.mkdir(exist_ok=True)
        (drop.folder / name).write_bytes(b"1")
    drop.selection = Selection(exclude=("no",))
    drop.look(0)
    assert [path.name for path in drop.look(5)] == ["b.jpg"]


def test_failures_have_a_text_until_they_are_done(tmp_path: Path) -> None:
    failures = Failures(tmp_path / "in", tmp_path / "out")
    source = tmp_path / "in" / "1920" / "a.jpg"
    failures.tell(source, "it is torn")
    (text,) = (tmp_path / "out" / "failed").rglob("*.txt")
    assert text == tmp_path / "out" / "failed" / "1920" / "a.jpg.txt"
    assert text.read_text().startswith(f"it is torn\n\n{source} failed on ")
    failures.clear(source)
    failures.clear(source)
    assert [*(tmp_path / "out").iterdir()] == []


def watch_of(drop: Drop, told: list[str]) -> Watch:
    """A watch that only tells what it would do; `bad` files fail."""

    def colorize(paths: Collection[Path]) -> list[Item]:
        told.append(" ".join(path.name for path in paths))
        return [Item(path, path, "failed" if "bad" in path.name else "done", "torn") for path in paths]

    failures = Failures(drop.folder, drop.folder.parent / "results")
    return Watch(drop, failures, colorize, colorize, lambda item: told.append(f"{item.status}"))


def test_photos_go_before_films_and_films_one_by_one(drop: Drop) -> None:
    drop.settle_s = 0
    for name in ("a.mp4", "b.mp4", "c.jpg", "d.jpg"):
        (drop.folder / name).write_bytes(b"1")
    told: list[str] = []
    watch = watch_of(drop, told)
    while watch.work():
        pass
    assert told == ["c.jpg d.jpg", "done", "done", "a.mp4", "done", "b.mp4", "done"]


def test_a_drive_that_is_gone_is_waited_for(
    drop: Drop, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    waits: list[float | None] = []
    rings = Bell(300)

    def wait(seconds: float | None = None) -> None:
        waits.append(seconds)
        if len(waits) == 3:
            drop.folder.mkdir()
        if len(waits) == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(rings, "wait", wait)
    drop.folder.rmdir()
    with pytest.raises(KeyboardInterrupt):
        watch_of(drop, []).run(rings)
    assert waits == [30.0, 30.0, 30.0, None]
    assert len([record for record in caplog.records if "trying again" in record.getMessage()]) == 1


@pytest.mark.slow
def test_the_system_tells_of_changes(tmp_path: Path) -> None:
    pytest.importorskip("watchdog", reason="watching needs the extra `watch`")
    import time

    with bell(tmp_path, None) as rings:
        (tmp_path / "deep").mkdir()
        rings.wait(5)
        began = time.monotonic()
        (tmp_path / "deep" / "a.jpg").write_bytes(b"1")
        rings.wait(20)
        assert time.monotonic() - began < 10


def test_only_accepted_files_are_done_under_the_names_of_all(tmp_path: Path, tiny_weights: Path) -> None:
    source, out = tmp_path / "in", tmp_path / "out"
    source.mkdir()
    for name in ("a.png", "a.tif", "b.png"):
        Image.fromarray(grey_picture(20, 30)).save(source / name)
    rendering = api.settle(weights=tiny_weights, render_factor=2, device="cpu")
    engine = KeptProcess()
    for wanted, result in (("a.png", "a.png.jpg"), ("b.png", "b.jpg")):
        (item,) = api.colorize_folder(
            source,
            out,
            rendering=rendering,
            format="jpg",
            engine=engine,
            accept=lambda place, wanted=wanted: place.name == wanted,  # type: ignore[misc]
        )
        assert (item.status, item.output) == ("done", out / result)
    assert [item.source.name for item in items_of(Manifest(out))] == ["a.png", "b.png"]


@pytest.mark.logs_errors
def test_folders_that_make_no_sense(tmp_path: Path, tiny_weights: Path) -> None:
    assert cli.main(["watch", str(tmp_path / "none"), "-o", str(tmp_path / "out")]) == 1
    assert cli.main(["watch", str(tmp_path), "-o", str(tmp_path)]) == 2
    for wrong in (["s3://bucket/in", "-o", "out"], [str(tmp_path), "-o", "out", "--poll", "0"]):
        with pytest.raises(SystemExit):
            cli.main(["watch", *wrong])
    assert not (tmp_path / "out").exists()


def assert_each_is_right(folder: Path, out: Path, files: int) -> None:
    """Each result is there, was recorded once, is whole and has its own photo's luma."""
    assert results_in(out) == {path.relative_to(folder).as_posix() for path in folder.rglob("*.png")}
    assert len(results_in(out)) == files
    lines = [json.loads(line)["output"] for line in (out / NAME).read_text().splitlines()]
    # A kill between the record and the name is the one case of a second record.
    assert set(lines) == results_in(out) and sum(Counter(lines).values()) <= files + 10
    assert all(found.sound for found in verify(out))
    for path in folder.rglob("*.png"):
        with Image.open(path) as photo, Image.open(out / path.relative_to(folder)) as result:
            luma = np.asarray(result.convert("RGB")) @ [0.299, 0.587, 0.114]
            assert np.abs(luma - np.asarray(photo)).max() <= 1
    left = {path.name for path in out.rglob(".*")} - {NAME}
    assert not left


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="kills as Unix does")
def test_ten_kills_lose_nothing_and_do_nothing_twice(tmp_path: Path, tiny_weights: Path) -> None:
    folder, out = tmp_path / "in", tmp_path / "out"
    folder.mkdir()
    lines, code = drop_and_kill(folder, out, tiny_weights, files=200, kills=10, limit_s=600)
    assert code == 0 and not [line for line in lines if "Traceback" in line]
    assert_each_is_right(folder, out, 200)


def test_a_second_watch_on_the_same_results_is_refused(tmp_path: Path, tiny_weights: Path) -> None:
    from deoldify_lite.cli.watch import LOCK
    from deoldify_lite.system.lock import sole_run

    (tmp_path / "out").mkdir()
    drop_photo(tmp_path / "in" / "a.png", 1)
    command = ["watch", str(tmp_path / "in"), "-o", str(tmp_path / "out"), "--weights", str(tiny_weights)]
    with sole_run(tmp_path / "out" / LOCK, tmp_path / "out"), pytest.raises(InputError, match="another run"):
        cli.build_parser().parse_args(command).run(cli.build_parser().parse_args(command))
