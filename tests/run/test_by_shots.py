"""Films rendered by a list of their shots: only what has changed, and all else byte by byte as before."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from deoldify_lite import api
from deoldify_lite.cli import main as cli
from deoldify_lite.cluster.engine import RayEngine
from deoldify_lite.errors import OptionError
from deoldify_lite.film.probe import probe_film
from deoldify_lite.render.colorizer import Colorizer, OutOfMemoryError
from deoldify_lite.render.rendering import Rendering
from deoldify_lite.run.items import Item
from deoldify_lite.run.shots import pieces as shot_pieces
from deoldify_lite.run.shots import render as by_shots
from deoldify_lite.run.shots.list import read_shot_list
from deoldify_lite.run.shots.settings import settle_shots
from helpers.films import (
    LOSSLESS,
    fields,
    info,
    luma_hashes,
    make,
    make_steps,
    picture_times,
    plane_hashes,
    rgb_frames,
    tone,
)
from helpers.shots import change_list, film_of, picture_of, write_list

pytestmark = pytest.mark.slow

# Three pictures; the first one comes back.
SHOTS = ((1, 20), (2, 14), (1, 16), (3, 10))
LIST = ((0, 20, 1), (20, 14, 2), (34, 16, 1), (50, 10, 3))
Run = Callable[..., Item]


@pytest.fixture
def rendering(tiny_weights: Path) -> Rendering:
    return api.settle("video", weights=tiny_weights, render_factor=4, device="cpu")


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return film_of(tmp_path / "film.mp4", *SHOTS)


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    return write_list(tmp_path / "shots" / "shots.csv", *LIST)


@pytest.fixture
def run(tmp_path: Path, film: Path, listed: Path, rendering: Rendering) -> Run:
    """Render the film by its list; each run must succeed."""

    def run(source: Path = film, out: str = "out.mkv", **options: Any) -> Item:
        given = {"rendering": rendering, "shots": listed, "encoding": LOSSLESS} | options
        (item,) = api.colorize_video(source, tmp_path / out, **given)
        assert item.status != "failed", item.reason
        return item

    return run


def segments(listed: Path, name: str = "out.mkv") -> dict[str, str]:
    """The hash of each kept segment, by the frames in its name."""
    folder = listed.parent / ".segments" / name
    return {
        path.name.split("_")[1]: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.glob("*.mkv")
    }


def rendered(item: Item) -> list[int]:
    """The lines of the list that were rendered, or would be."""
    return [work.line for work in item.shots or () if work.why]


def test_an_unchanged_list_gives_the_film_as_without_one(run: Run, tmp_path: Path, film: Path) -> None:
    item = run()
    run(out="plain.mkv", shots=None)
    assert rendered(item) == [2, 3, 4, 5] and item.frames == 60
    assert luma_hashes(tmp_path / "out.mkv") == luma_hashes(film)
    assert picture_times(tmp_path / "out.mkv") == picture_times(tmp_path / "plain.mkv")
    by_list, plain = plane_hashes(tmp_path / "out.mkv"), plane_hashes(tmp_path / "plain.mkv")
    alone = [*range(34), *range(50, 60)]  # all but the scene that comes back
    assert [by_list[i] for i in alone] == [plain[i] for i in alone]
    difference = rgb_frames(tmp_path / "out.mkv").astype(int) - rgb_frames(tmp_path / "plain.mkv")
    assert np.abs(difference[34:50]).mean() < 1


@pytest.mark.parametrize(
    ("column", "value", "why"),
    [
        ("mode", "artistic", "saturation"),
        ("render_factor", "5", "render_factor"),
        ("saturation", "0,4", "saturation"),
        ("temperature", "40", "temperature or tint"),
        ("leave", "yes", "leave"),
        ("scene", "7", "scene"),
    ],
)
def test_a_changed_shot_alone_is_rendered(
    run: Run, tmp_path: Path, listed: Path, column: str, value: str, why: str
) -> None:
    run()
    before, frames = segments(listed), plane_hashes(tmp_path / "out.mkv")
    change_list(listed, lambda rows: rows[2].update({column: value}))
    planned = run(dry_run=True)
    assert planned.status == "planned" and rendered(planned) == [4]
    assert why in planned.shots[2].why  # type: ignore[index]
    assert segments(listed) == before, "a dry run writes nothing"
    item = run()
    after = segments(listed)
    assert item.status == "done" and rendered(item) == [4]
    del before["frames-000034-000049"], after["frames-000034-000049"]
    assert after == before
    now = plane_hashes(tmp_path / "out.mkv")
    assert now[:34] == frames[:34] and now[50:] == frames[50:]
    assert now[34:50] != frames[34:50]


def test_a_change_of_the_first_of_a_scene_leaves_the_others(run: Run, listed: Path) -> None:
    """They take the scene's colours as their own settings show them."""
    run()
    before = segments(listed)
    change_list(listed, lambda rows: rows[0].update({"temperature": "-80", "mode": "artistic"}))
    assert rendered(run()) == [2]
    after = segments(listed)
    assert {name for name in before if before[name] != after[name]} == {"frames-000000-000019"}


def test_a_moved_cut_renders_the_two_shots_that_it_touches(run: Run, listed: Path, tmp_path: Path) -> None:
    run()
    before = segments(listed)
    change_list(
        listed,
        lambda rows: [rows[0].update(frames="18"), rows[1].update({"first frame": "18", "frames": "16"})],
    )
    planned = run(dry_run=True)
    assert rendered(planned) == [2, 3] and planned.shots[0].why == "other frames"  # type: ignore[index]
    assert rendered(run()) == [2, 3]
    after = segments(listed)
    assert {name: after[name] for name in before.keys() & after.keys()} == {
        name: before[name] for name in ("frames-000034-000049", "frames-000050-000059")
    }
    assert len(after) == 4 and len(picture_times(tmp_path / "out.mkv")) == 60


def test_shots_may_be_merged_and_split(run: Run, listed: Path, tmp_path: Path, film: Path) -> None:
    run()

    def change(rows: list[dict[str, str]]) -> None:
        rows[0]["frames"] = "34"  # takes in the second
        rows[3]["frames"] = "4"
        del rows[1]
        rows.append({**rows[2], "first frame": "54", "frames": "6", "saturation": "0.2"})

    change_list(listed, change)
    item = run()
    assert rendered(item) == [2, 4, 5] and [work.frames for work in item.shots or ()] == [34, 16, 4, 6]
    assert luma_hashes(tmp_path / "out.mkv") == luma_hashes(film)
    colors = np.ptp(rgb_frames(tmp_path / "out.mkv").astype(int), axis=3).mean(axis=(1, 2))
    assert colors[54:].max() < 0.5 * colors[50:54].min()


def test_a_list_without_a_change_is_not_even_joined_again(run: Run, listed: Path) -> None:
    run()
    assert run().status == "skipped" and run(dry_run=True).status == "skipped"
    change_list(listed, lambda rows: rows[1].update(note="ask Ada"))
    assert run().status == "skipped"
    assert rendered(run(overwrite=True)) == [2, 3, 4, 5]


def test_a_stopped_run_goes_on(
    run: Run, listed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin, begun = by_shots._Encoder.begin, list[int]()

    def stop_at_third(encoder: Any, piece: Any) -> None:
        begun.append(piece.first)
        begin(encoder, piece)
        if len(begun) == 3:
            raise KeyboardInterrupt

    monkeypatch.setattr(by_shots._Encoder, "begin", stop_at_third)
    with pytest.raises(KeyboardInterrupt):
        run()
    before = segments(listed)
    assert begun == [0, 20, 34] and sorted(before) == ["frames-000000-000019", "frames-000020-000033"]
    assert not (tmp_path / "out.mkv").exists()
    monkeypatch.undo()
    (listed.parent / ".segments/out.mkv/part-killed.mkv").write_bytes(b"half")
    assert rendered(run()) == [4, 5]
    assert segments(listed).items() >= before.items()
    assert not [*(listed.parent / ".segments/out.mkv").glob("part-*")]
    run(out="whole.mkv")
    assert plane_hashes(tmp_path / "out.mkv") == plane_hashes(tmp_path / "whole.mkv")


def test_a_damaged_segment_is_made_anew(run: Run, listed: Path, tmp_path: Path) -> None:
    run()
    before = plane_hashes(tmp_path / "out.mkv")
    (torn,) = (listed.parent / ".segments/out.mkv").glob("shot-0002*")
    torn.write_bytes(torn.read_bytes()[:-100])
    change_list(listed, lambda rows: rows[3].update(tint="50"))
    assert rendered(run()) == [3, 5]
    assert plane_hashes(tmp_path / "out.mkv")[:50] == before[:50]


def test_what_the_list_uses_no_more_is_removed(run: Run, listed: Path) -> None:
    run()
    change_list(listed, lambda rows: rows[1].update(saturation="0.5"))
    run(start_s=0.9, end_s=1.3, out="part/out.mkv")
    assert len(segments(listed)) == 4 + 1, "a part of the film removes nothing"
    run()
    assert len(segments(listed)) == 4


def test_a_part_takes_up_whole_shots(run: Run, listed: Path, tmp_path: Path) -> None:
    run()
    item = run(start_s=0.4, end_s=1.36, out="part/out.mkv")
    assert [(work.first_frame, work.frames) for work in item.shots or ()] == [(10, 10), (20, 14)]
    assert rendered(item) == [2] and item.frames == 24


def test_a_shot_that_is_left_is_as_it_was(run: Run, listed: Path, tmp_path: Path, film: Path) -> None:
    change_list(listed, lambda rows: rows[1].update(leave="x"))
    item = run()
    assert plane_hashes(tmp_path / "out.mkv")[20:34] == plane_hashes(film)[20:34]
    assert any("14 of 60 frames are in colour already" in warning for warning in item.warnings)
    change_list(listed, lambda rows: rows[1].update(saturation="2"))
    assert rendered(run()) == [], "its settings mean nothing while it is left"


def test_a_film_without_chroma_is_left_grey(run: Run, listed: Path, tmp_path: Path, film: Path) -> None:
    grey = make(tmp_path / "grey.mkv", "-i", film, "-c:v", "ffv1", "-pix_fmt", "gray")
    change_list(listed, lambda rows: [rows[0].update(leave="yes"), rows[3].update(leave="yes")])
    run(source=grey)
    shown = rgb_frames(tmp_path / "out.mkv").astype(int)
    assert np.ptp(shown[:20], axis=3).max() <= 1 and np.ptp(shown[50:], axis=3).max() <= 1
    assert np.ptp(shown[20:50], axis=3).mean() > 1


def test_shots_in_colour_stay_unless_the_list_says_no(run: Run, listed: Path, tmp_path: Path) -> None:
    film = film_of(tmp_path / "colour.mp4", *SHOTS, grey=False)
    change_list(listed, lambda rows: rows[3].update(leave="no"))
    item = run(source=film)
    ours, its = plane_hashes(tmp_path / "out.mkv"), plane_hashes(film)
    assert ours[:50] == its[:50] and ours[50:] != its[50:]
    assert any("50 of 60 frames" in warning for warning in item.warnings)


def test_settings_of_a_mode_are_its_own(run: Run, listed: Path, rendering: Rendering) -> None:
    """What nobody asked for is that of the shot's mode; what the command asks for stays."""
    change_list(listed, lambda rows: rows[1].update(mode="Stable"))
    plain = settle_shots(read_shot_list(listed), rendering, None).shots
    assert [one.rendering.saturation for one in plain[:2]] == [1.15, 0.9]
    assert [one.steadiness for one in plain[:2]] == [0.95, 0.9]
    asked = settle_shots(read_shot_list(listed), rendering.settled_with(saturation=2.0), 0.5).shots
    assert [(one.rendering.saturation, one.steadiness) for one in asked[:2]] == [(2.0, 0.5)] * 2
    assert {one.rendering.render_factor for one in asked} == {4}


def test_each_network_is_loaded_once(
    run: Run, listed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = []
    load = Rendering.load_backend
    monkeypatch.setattr(Rendering, "load_backend", lambda self: loaded.append(self.spec.name) or load(self))
    change_list(
        listed,
        lambda rows: [row.update(mode=mode) for row, mode in zip(rows, ("stable", "video") * 2, strict=True)],
    )
    run(rendering=api.settle("video", render_factor=4, device="cpu"))
    assert sorted(loaded) == ["lite", "lite-video"]


def test_hints_of_a_shot_are_its_own(run: Run, listed: Path, tmp_path: Path) -> None:
    run()
    before = plane_hashes(tmp_path / "out.mkv")
    hints = listed.parent / "dress.csv"
    hints.write_text("f25,50%,50%,#ff0000\nf3,50%,50%,#00ff00\n")
    change_list(listed, lambda rows: rows[1].update(hints="dress.csv"))
    assert rendered(run()) == [3]
    after = plane_hashes(tmp_path / "out.mkv")
    assert after[:20] == before[:20] and after[34:] == before[34:] and after[25] != before[25]
    hints.write_text("f25,50%,50%,#ff0000\nf3,50%,50%,#0000ff\n")  # the other one is of another shot
    assert rendered(run()) == []
    hints.write_text("f25,50%,50%,#0000ff\n")
    planned = run(dry_run=True)
    assert rendered(planned) == [3] and planned.shots[1].why == "changed: hints"  # type: ignore[index]


def test_a_reference_counts_by_what_is_in_it(run: Run, listed: Path, film: Path) -> None:
    still = listed.parent / "still.png"
    for color in ("red", "blue"):
        make(still, "-f", "lavfi", "-i", f"gradients=s=64x64:c0={color}:c1=white", "-frames:v", 1)
        change_list(listed, lambda rows: rows[0].update(reference="still.png"))
        assert 2 in rendered(run())


def key_of(folder: Path, frame: int, shot: int, number: int) -> Path:
    """A frame of the film in its true colours, named so that it finds its way."""
    path = folder / f"frame-{frame:06}.png"
    Image.fromarray(picture_of(shot, number)).save(path)
    return path


def test_key_frames_of_a_shot_are_its_own(run: Run, listed: Path, tmp_path: Path) -> None:
    run()
    before, kept = plane_hashes(tmp_path / "out.mkv"), segments(listed)
    key = key_of(listed.parent, 27, 2, 7)
    true = np.asarray(Image.open(key)).astype(int)

    def error() -> float:
        return float(np.abs(rgb_frames(tmp_path / "out.mkv")[27].astype(int) - true).mean())

    without = error()
    change_list(listed, lambda rows: rows[1].update({"key frames": key.name}))
    planned = run(dry_run=True)
    assert rendered(planned) == [3] and planned.shots[1].why == "changed: key frames"  # type: ignore[index]
    item = run()
    assert rendered(item) == [3] and segments(listed).items() >= kept.items() - {
        ("frames-000020-000033", kept["frames-000020-000033"])
    }
    after = plane_hashes(tmp_path / "out.mkv")
    assert after[:20] == before[:20] and after[34:] == before[34:]
    assert error() < 0.6 * without
    Image.fromarray(np.asarray(Image.open(key))[..., ::-1].copy()).save(key)
    assert rendered(run()) == [3], "another picture of the same name"


def test_key_frames_of_the_film_change_only_their_scenes(run: Run, tmp_path: Path) -> None:
    run()
    folder = tmp_path / "keys"
    folder.mkdir()
    key_of(folder, 55, 3, 5)
    assert rendered(run(keys=folder)) == [5]
    key_of(folder, 3, 1, 3)
    planned = run(keys=folder, dry_run=True)
    assert [work.why for work in planned.shots or ()] == [
        *("changed: key frames", "", "changed: key frames of its scene", "")
    ]
    assert rendered(run(keys=folder)) == [2, 4]


def test_a_shot_takes_colors_from_key_frames_of_its_scene(run: Run, listed: Path, tmp_path: Path) -> None:
    key = key_of(listed.parent, 3, 1, 3)

    def errors(**change: str) -> list[float]:
        """Of the first shot and of the one in which its scene comes back."""
        change_list(listed, lambda rows: rows[0].update({"key frames": key.name, **change}))
        run()
        frames = rgb_frames(tmp_path / "out.mkv").astype(int)
        truth = [picture_of(1, number) for number in (10, 8)]
        return [float(np.abs(frames[at] - true).mean()) for at, true in zip((10, 42), truth, strict=True)]

    shared = errors()
    apart = errors(scene="9")
    assert shared[0] == pytest.approx(apart[0], rel=0.05)
    assert shared[1] < 0.7 * apart[1]


def test_wrong_key_frames_name_the_line(run: Run, listed: Path, tmp_path: Path) -> None:
    key = key_of(listed.parent, 27, 2, 7)
    (listed.parent / "twice").mkdir()
    twice = listed.parent / "twice" / "shot-0002_frame-000027.png"
    twice.write_bytes(key.read_bytes())
    (listed.parent / "dress.png").write_bytes(key.read_bytes())
    Image.new("L", (40, 30), 90).save(listed.parent / "frame-000028.png")
    for row, cell, words in (
        (0, key.name, f"{listed}:2: key frames: {key} is for frame 27, and this shot has 0 to 19"),
        (1, f"{key.name}; twice/{twice.name}", f"{listed}:3: {twice}: is for frame 27, and so is {key.name}"),
        (1, "dress.png", f"{listed}:3: {listed.parent / 'dress.png'}: which frame is it for?"),
        (
            1,
            "frame-000028.png",
            f"{listed}:3: {listed.parent / 'frame-000028.png'}: this key frame has no colour",
        ),
    ):
        change_list(listed, lambda rows: [one.update({"key frames": ""}) for one in rows])
        change_list(listed, lambda rows: rows[row].update({"key frames": cell}))  # noqa: B023
        fails(run, words)
        fails(run, words, dry_run=True)
        assert not [*listed.parent.glob(".segments/*/*.mkv")], "before any shot is rendered"
    change_list(listed, lambda rows: rows[1].update({"key frames": key.name, "leave": "yes"}))
    fails(run, f"{listed}:3: leave is yes, so key frames mean nothing")
    change_list(listed, lambda rows: rows[1].update({"key frames": ""}))
    own = tmp_path / "keys" / "frame-27.png"
    own.parent.mkdir()
    own.write_bytes(key.read_bytes())
    fails(run, f"{listed}:3: leave is yes, so {own}, for frame 27, means nothing", keys=own.parent)


def fails(run: Run, words: str, **options: Any) -> None:
    with pytest.raises((AssertionError, OptionError)) as error:
        run(**options)
    assert words in str(error.value), error.value


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("mode", "sepia", "3: unknown mode 'sepia': choose one of artistic, stable, video"),
        ("saturation", "9", "3: saturation 9.0: choose a factor above 0 and up to 4"),
        ("render_factor", "99", "3: render factor 99: choose 2 to 64"),
        ("temperature", "-101", "3: temperature -101: choose a value from -100 to 100"),
        ("key frames", "a.png", "3: key frames is `a.png`, and there is no such file"),
        ("frames", "15", "4: this shot begins at frame 34, and that of line 3 goes up to 34: they overlap"),
        ("frames", "13", "4: frames 33 to 33, before this shot, are in none"),
    ],
)
def test_a_wrong_cell_stops_all_before_any_work(
    run: Run, listed: Path, column: str, value: str, words: str
) -> None:
    change_list(listed, lambda rows: rows[1].update({column: value}))
    fails(run, f"{listed}:{words}")
    assert not (listed.parent / ".segments").exists()


def test_hints_that_are_wrong_name_the_line_of_the_list(run: Run, listed: Path) -> None:
    hints = listed.parent / "dress.csv"
    change_list(listed, lambda rows: rows[1].update(hints="dress.csv"))
    for text, words in (
        ("f25,50%,50%,red\n", f"{listed}:3: {hints}:1: `red` is not a colour"),
        ("f2,50%,50%,#ff0000\n", f"{listed}:3: hints: {hints} has none between frames 20 and 33"),
        ("f25,900,50%,#ff0000\n", f"{listed}:3: {hints}:1: this point lies outside"),
    ):
        hints.write_text(text)
        fails(run, words)


@pytest.mark.parametrize(
    ("shots", "words"),
    [
        (LIST[:3], "4: the last shot ends with frame 49, and {film} has 60, counted from 0"),
        ((*LIST, (60, 1, 4)), "6: this shot goes up to frame 60, and {film} has 60, counted from 0"),
        ((*LIST, (60, 500, 4)), "is it the list of another film?"),
        (((5, 55, 1),), "2: frames 0 to 4, before this shot, are in none"),
    ],
)
def test_the_list_of_another_film_is_refused(
    run: Run, listed: Path, film: Path, shots: tuple[tuple[int, int, int], ...], words: str
) -> None:
    write_list(listed, *shots)
    fails(run, words.format(film=film))
    assert not (listed.parent / ".segments").exists()


def test_the_layer_is_made_of_the_same_shots(run: Run, listed: Path, tmp_path: Path) -> None:
    layer, given = tmp_path / "out-layer.mkv", tmp_path / "given.mkv"

    def gives_back() -> bool:
        run(out=given.name, shots=None, colors_from=layer, overwrite=True)
        return plane_hashes(given) == plane_hashes(tmp_path / "out.mkv")

    item = run(layer="beside")
    assert item.layer == layer and rendered(item) == [2, 3, 4, 5] and gives_back()
    before = layer.read_bytes()
    assert run(layer="beside").status == "skipped"
    change_list(listed, lambda rows: rows[1].update(saturation="0.3"))
    assert rendered(run(layer="beside")) == [3]
    assert layer.read_bytes() != before and gives_back()

    # A piece whose layer is gone is made again.
    gone, *_ = (listed.parent / ".segments" / "out.mkv").glob("shot-0003*-layer.mkv")
    gone.unlink()
    layer.unlink()
    assert rendered(run(layer="beside")) == [4] and gives_back()


def test_what_cannot_be_done_by_shots_is_refused(run: Run, listed: Path, film: Path, tmp_path: Path) -> None:
    fails(run, "leave out --engine ray", engine=RayEngine())
    fails(run, "needs files on this machine", source="memory://films/film.mp4")
    other = film_of(tmp_path / "other.mp4", (4, 5))
    fails(run, "is the list of one film, and there are 2", source=[film, other], out="both")


def test_without_memory_the_network_sees_less(
    run: Run, listed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    predict = Colorizer.network_chroma

    def small_machine(self: Colorizer, squares: Any) -> Any:
        if self.render_factor > 4:
            raise OutOfMemoryError("no room")
        return predict(self, squares)

    monkeypatch.setattr(Colorizer, "network_chroma", small_machine)
    change_list(listed, lambda rows: rows[1].update(render_factor="6"))
    item = run()
    assert item.status == "done" and item.render_factor == 4
    monkeypatch.undo()
    assert run(dry_run=True).status == "skipped" or rendered(run(dry_run=True)) == [3]


def test_a_long_shot_is_kept_in_parts(
    run: Run, listed: Path, tmp_path: Path, film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shot_pieces, "MOST_SHOT_FRAMES", 25)
    write_list(listed, (0, 60, 1))
    item = run()
    assert [work.frames for work in item.shots or ()] == [25, 25, 10] and rendered(item) == [2, 2, 2]
    assert luma_hashes(tmp_path / "out.mkv") == luma_hashes(film)


def test_sound_timecode_and_chapters_come_along(run: Run, tmp_path: Path, film: Path) -> None:
    source = make(
        tmp_path / "whole.mov",
        *("-i", film, *tone(2.4), "-map", 0, "-map", 1, "-c:v", "copy", "-c:a", "pcm_s16le"),
        *("-timecode", "01:00:00:00"),
    )
    run(source=source, out="out.mov", encoding=api.Encoding())
    streams = info(tmp_path / "out.mov")["streams"]
    assert {stream["codec_type"] for stream in streams} >= {"video", "audio"}
    assert any(stream.get("tags", {}).get("timecode") == "01:00:00:00" for stream in streams)


def test_the_layer_alone_is_made_by_shots_too(run: Run, tmp_path: Path, listed: Path) -> None:
    change_list(listed, lambda rows: rows[2].update(scene=""))  # or the scene's colours would differ
    run(layer="only")
    run(out="plain.mkv", layer="only", shots=None)
    assert plane_hashes(tmp_path / "out.mkv")[:34] == plane_hashes(tmp_path / "plain.mkv")[:34]
    luma = luma_hashes(tmp_path / "out.mkv")
    assert len(luma) == 60 and len(set(luma)) == 1, "middle grey"


def test_a_film_of_free_rate_keeps_its_times(run: Run, listed: Path, tmp_path: Path) -> None:
    times = [0, 0.1, 0.35, 0.4, 1.0, 1.02, 1.5, 2.0]
    source = make_steps(tmp_path / "free.mp4", times)
    run(source=source, out="plain.mkv", shots=None)
    count = probe_film(source).frame_count
    write_list(listed, (0, count // 2, 1), (count // 2, count - count // 2, 2))
    run(source=source)
    assert picture_times(tmp_path / "out.mkv") == picture_times(tmp_path / "plain.mkv")


def test_fields_stay_and_become_frames(run: Run, listed: Path, tmp_path: Path) -> None:
    source = fields(tmp_path / "tape.mkv", "tff", "-c:v", "ffv1", seconds=0.8)
    write_list(listed, (0, 9, 1), (9, 11, 2))
    assert run(source=source).frames == 20
    assert luma_hashes(tmp_path / "out.mkv") == luma_hashes(source)
    item = run(source=source, out="frames.mkv", deinterlace=True)
    assert [(work.first_frame, work.frames) for work in item.shots or ()] == [(0, 18), (18, 22)]
    hints = listed.parent / "dress.csv"
    hints.write_text("f12,50%,50%,#ff0000\n0:0.5,50%,50%,#ff0000\n")  # as the film counts them
    change_list(listed, lambda rows: rows[1].update(hints="dress.csv"))
    assert rendered(run(source=source, out="frames.mkv", deinterlace=True)) == [3]


def test_kept_segments_are_not_taken_for_films(
    run: Run, listed: Path, tmp_path: Path, rendering: Rendering
) -> None:
    run()
    items = api.colorize_video(tmp_path, tmp_path / "all", rendering=rendering)
    assert [Path(str(item.source)).name for item in items] == ["film.mp4"]


def test_the_command_says_what_it_would_render(
    run: Run, listed: Path, tmp_path: Path, film: Path, tiny_weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run()
    change_list(listed, lambda rows: rows[1].update(saturation="0.7"))
    command = [
        "video",
        str(film),
        "-o",
        str(tmp_path / "out.mkv"),
        "--codec",
        "ffv1",
        "--shots",
        str(listed.parent),
    ]
    command += ["--weights", str(tiny_weights), "--render-factor", "4", "--device", "cpu", "--quiet"]
    assert cli.main([*command, "--dry-run", "--json", str(tmp_path / "plan.json")]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "shot 2 (line 3), frames 20 to 33 (14): changed: saturation",
        "1 of 4 shots would be rendered, 14 of 60 frames",
    ]
    report = json.loads((tmp_path / "plan.json").read_text())
    assert report["counts"] == {"planned": 1}
    assert [work["why"] for work in report["items"][0]["shots"]] == ["", "changed: saturation", "", ""]
    assert cli.main(command) == 0
    assert capsys.readouterr().out.splitlines() == [str(tmp_path / "out.mkv")]
