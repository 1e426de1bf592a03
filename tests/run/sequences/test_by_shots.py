"""Picture sequences by a list of their shots: only what has changed is made again."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deoldify_lite import api
from deoldify_lite.render.rendering import Rendering
from deoldify_lite.run.items import Item
from deoldify_lite.run.verify import verify
from helpers.films import make, plane_hashes, tone
from helpers.sequence_runs import bytes_of, make_frames
from helpers.shots import change_list, write_list

Run = Callable[..., Item]


@pytest.fixture
def rendering(tiny_weights: Path) -> Rendering:
    return api.settle("video", weights=tiny_weights, render_factor=4, device="cpu")


@pytest.fixture
def reel(tmp_path: Path) -> Path:
    return make_frames(tmp_path / "reel", range(7, 37), shots=3)


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    return write_list(tmp_path / "shots" / "shots.csv", (0, 10, 1), (10, 10, 2), (20, 10, 3))


@pytest.fixture
def run(reel: Path, listed: Path, rendering: Rendering) -> Run:
    def run(out: Path, source: Path = reel, **options: Any) -> Item:
        given = {"rendering": rendering, "shots": listed} | options
        (item,) = api.colorize_video(source, out, **given)
        return item

    return run


def rendered(item: Item) -> list[int]:
    """The lines of the list that were rendered, or would be."""
    return [work.line for work in item.shots or () if work.why]


def test_a_changed_shot_alone_is_made_again(run: Run, tmp_path: Path, listed: Path) -> None:
    out = tmp_path / "out"
    item = run(out)
    assert (item.status, item.reason, item.numbers) == ("done", "", "7-36")
    assert rendered(item) == [2, 3, 4]
    run(tmp_path / "plain", shots=None)
    assert bytes_of(out) == bytes_of(tmp_path / "plain")
    assert run(out).status == "skipped"
    before, times = bytes_of(out), {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    change_list(listed, lambda rows: rows[1].update({"saturation": "0.3"}))
    planned = run(out, dry_run=True)
    assert planned.status == "planned" and rendered(planned) == [3]
    assert bytes_of(out) == before
    assert rendered(run(out)) == [3]
    after = bytes_of(out)
    changed = {name for name in before if before[name] != after[name]}
    assert changed == {f"f{number:05}.png" for number in range(17, 27)}
    same = {name: path.stat().st_mtime_ns for path in out.iterdir() if (name := path.name) not in changed}
    assert {name: times[name] for name in same if name in before} == {
        name: time for name, time in same.items() if name in before
    }
    assert [verdict.sound for verdict in verify(out)] == [True]


def test_frames_that_are_gone_or_not_ours_are_seen(run: Run, tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(out)
    whole = bytes_of(out)
    (out / "f00018.png").unlink()
    assert rendered(run(out)) == [3]
    assert bytes_of(out) == whole
    other = tmp_path / "other"
    other.mkdir()
    (other / "f00018.png").write_bytes(b"mine")
    item = run(other)
    assert item.status == "failed" and "f00018.png: exists and is not" in item.reason
    assert bytes_of(other) == {"f00018.png": b"mine"}


def test_a_film_of_a_sequence_and_frames_of_a_film(
    run: Run, tmp_path: Path, reel: Path, listed: Path, rendering: Rendering
) -> None:
    ffv1 = api.Encoding(codec="ffv1")
    make(tmp_path / "reel.wav", *tone(1.25))
    master = run(tmp_path / "x.mkv", encoding=ffv1)
    assert (master.status, master.reason, rendered(master)) == ("done", "", [2, 3, 4])
    plain = run(tmp_path / "plain.mkv", shots=None, encoding=ffv1)
    assert plane_hashes(master.output) == plane_hashes(plain.output)
    film = make(
        *(tmp_path / "film.mkv", "-framerate", 24, "-start_number", 7, "-i", reel / "f%05d.png"),
        *("-i", tmp_path / "reel.wav", "-c:v", "ffv1"),
    )
    item = run(tmp_path / "apart" / "%04d.dpx", film)
    assert (item.status, item.reason, item.numbers) == ("done", "", "0-29")
    assert sorted(bytes_of(tmp_path / "apart")) == [*(f"{n:04}.dpx" for n in range(30)), "apart.wav"]
    change_list(listed, lambda rows: rows[0].update({"leave": "yes"}))
    assert rendered(run(tmp_path / "apart" / "%04d.dpx", film)) == [2]
