"""Picture sequences that take their colours from a version in colour, frame by frame."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from deoldify_lite import api
from deoldify_lite.color.layer import color_layer
from deoldify_lite.errors import OptionError
from deoldify_lite.film.probe import probe_film
from deoldify_lite.run.items import Item
from deoldify_lite.run.unfinished import folder_of
from deoldify_lite.run.verify import verify
from deoldify_lite.sequence import frames
from deoldify_lite.sequence.light import shown
from helpers.films import make
from helpers.frames import dpx_bytes, luma
from helpers.sequence_runs import bytes_of, make_frames

Run = Callable[..., Item]


@pytest.fixture
def run(tiny_weights: Path) -> Run:
    rendering = api.settle("video", weights=tiny_weights, render_factor=4, device="cpu")

    def run(source: Path, out: Path, **options: Any) -> Item:
        (item,) = api.colorize_video(source, out, rendering=rendering, **options)
        return item

    return run


@pytest.fixture
def reel(tmp_path: Path) -> Path:
    return make_frames(tmp_path / "reel", range(7, 37), shots=3)


def pixels(path: Path) -> np.ndarray:
    return np.asarray(Image.open(path), int)


def test_a_result_gives_its_colors_back(reel: Path, tmp_path: Path, run: Run, monkeypatch: Any) -> None:
    source = reel / "f%05d.png"
    run(source, tmp_path / "out")
    monkeypatch.setattr("deoldify_lite.render.rendering.Rendering.load", lambda *_: pytest.fail("no network"))
    item = run(source, tmp_path / "back", colors_from=tmp_path / "out")
    assert (item.status, item.reason, item.warnings) == ("done", "", ())
    assert (item.frames, item.numbers, item.colors_share) == (30, "7-36", 1.0)
    assert item.colors_from == tmp_path / "out" / "f%05d.png"
    for number in range(7, 37):
        first, again = (pixels(tmp_path / name / f"f{number:05}.png") for name in ("out", "back"))
        assert np.abs(first - again).max() <= 1 and np.ptp(again, axis=2).mean() > 5
        assert np.abs(luma(again) - pixels(reel / f"f{number:05}.png")).max() <= 0.5 + 1e-9
    assert [verdict.sound for verdict in verify(tmp_path / "back")] == [True]
    assert not folder_of(item.output).exists()
    assert run(source, tmp_path / "back", colors_from=tmp_path / "out").status == "skipped"
    # A version that was changed is seen; a part takes that of its frames.
    painted = np.asarray(Image.open(tmp_path / "out" / "f00009.png"))[..., [2, 1, 0]]
    Image.fromarray(painted).save(tmp_path / "out" / "f00009.png")
    assert run(source, tmp_path / "back", colors_from=tmp_path / "out").status == "done"
    part = run(source, tmp_path / "part", colors_from=tmp_path / "out" / "f%05d.png", start_s=0.5, end_s=1.0)
    assert (part.numbers, part.status) == ("19-30", "done")
    assert (tmp_path / "part" / "f00020.png").read_bytes() == (tmp_path / "back" / "f00020.png").read_bytes()


def test_layers_give_the_colors_back(reel: Path, tmp_path: Path, run: Run) -> None:
    source = reel / "f%05d.png"
    run(source, tmp_path / "out")
    item = run(source, None, layer="only")
    layers = tmp_path / "reel-colorized-layer"
    assert (item.status, item.reason, item.output) == ("done", "", layers / "f%05d.png")
    for number in (7, 20, 36):
        layer, result = (frames.read(folder / f"f{number:05}.png") for folder in (layers, tmp_path / "out"))
        assert layer.facts.bits == 16
        assert np.array_equal(layer.pixels, color_layer(shown(result, 16).pixels))
    assert [verdict.sound for verdict in verify(layers)] == [True]
    assert run(source, None, layer="only").status == "skipped"
    back = run(source, tmp_path / "back", colors_from=layers)
    assert (back.status, back.warnings) == ("done", ())
    for number in (7, 20, 36):
        first, again = (pixels(tmp_path / name / f"f{number:05}.png") for name in ("out", "back"))
        assert np.abs(first - again).max() <= 1 and np.ptp(again, axis=2).mean() > 5


# Levels of 10 bits: what a screen shows of density is no whole number of its levels.
@pytest.mark.parametrize(("transfer", "most", "mean"), [(1, 12, 3), (6, 1, 1)])
def test_layers_of_dpx_are_tiffs(tmp_path: Path, run: Run, transfer: int, most: int, mean: float) -> None:
    reel, source = tmp_path / "reel", tmp_path / "reel" / "f%04d.dpx"
    reel.mkdir()
    for number in range(6):
        grey = np.tile(np.linspace(150, 800, 48).astype(np.uint16) + number, (32, 1))
        (reel / f"f{number:04}.dpx").write_bytes(dpx_bytes(grey[..., None], 10, transfer=transfer))
    run(source, tmp_path / "out")
    assert run(source, tmp_path / "layers", layer="only").reason == ""
    names = sorted(path.name for path in (tmp_path / "layers").glob("f*"))
    assert names == [f"f{number:04}.tif" for number in range(6)]
    assert run(source, tmp_path / "back", colors_from=tmp_path / "layers").reason == ""
    first, again = (frames.read(tmp_path / name / "f0003.dpx").pixels.astype(int) for name in ("out", "back"))
    assert np.abs(first - again).max() <= most and np.abs(first - again).mean() <= mean
    assert np.ptp(again, axis=2).mean() > 5


def test_layers_beside_frames_are_refused(reel: Path, tmp_path: Path, run: Run) -> None:
    with pytest.raises(OptionError, match="layers of a sequence are a sequence, too: write them alone"):
        run(reel / "f%05d.png", tmp_path / "out", layer="beside")
    with pytest.raises(OptionError, match="layers of a sequence are a sequence, too"):
        run(reel / "f%05d.png", tmp_path / "out.mkv", layer="only")


def test_a_film_gives_its_colors(reel: Path, tmp_path: Path, run: Run) -> None:
    source = reel / "f%05d.png"
    run(source, tmp_path / "out")
    film = make(
        tmp_path / "graded.mkv",
        *("-framerate", 24, "-start_number", 7, "-i", tmp_path / "out" / "f%05d.png", "-c:v", "ffv1"),
        *("-pix_fmt", "yuv444p", "-vf", "scale=out_color_matrix=bt709", "-colorspace", "bt709"),
    )
    item = run(source, tmp_path / "back", colors_from=film)
    assert (item.status, item.reason, item.warnings) == ("done", "", ())
    first, again = (pixels(tmp_path / name / "f00020.png") for name in ("out", "back"))
    assert np.abs(first - again).mean() < 1.5
    assert np.abs(luma(again) - pixels(reel / "f00020.png")).max() <= 0.5 + 1e-9
    master = run(
        source, tmp_path / "x.mkv", colors_from=tmp_path / "out", encoding=api.Encoding(codec="ffv1")
    )
    assert (master.status, master.reason, master.frames) == ("done", "", 30)


def test_a_film_that_is_a_frame_shorter_is_refused_before_the_work(
    reel: Path, tmp_path: Path, run: Run
) -> None:
    source, back = reel / "f%05d.png", tmp_path / "back"
    film = make(
        tmp_path / "graded.mkv",
        *("-framerate", 24, "-start_number", 7, "-i", source, "-pix_fmt", "yuv444p"),
        *("-frames:v", 29, "-c:v", "ffv1"),
    )
    item = run(source, back, colors_from=film)
    assert item.status == "failed" and f"{film}: has 29 frames" in item.reason and "has 30" in item.reason
    assert not list(back.glob("*.png"))


def test_a_film_that_ends_early_unforeseen_keeps_what_was_made(
    reel: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, back = reel / "f%05d.png", tmp_path / "back"
    run(source, tmp_path / "out")
    words = ("-framerate", 24, "-start_number", 7, "-i", tmp_path / "out" / "f%05d.png", "-c:v", "ffv1")
    whole = make(tmp_path / "whole.mkv", *words)
    film = make(tmp_path / "graded.mkv", *words, "-frames:v", 29)
    with monkeypatch.context() as patch:  # as with a damaged film, whose frames are not all read
        longer = replace(probe_film(film), frame_count=30)
        patch.setattr("deoldify_lite.run.sequences.given.probe_film", lambda path: longer)
        item = run(source, back, colors_from=film)
    assert item.status == "failed" and f"{film}: ends after 29 frames" in item.reason
    made = bytes_of(back)
    assert len([name for name in made if name.endswith(".png")]) >= 24
    assert run(source, back, colors_from=whole).status == "done"
    assert run(source, tmp_path / "again", colors_from=whole).status == "done"
    assert bytes_of(back) == bytes_of(tmp_path / "again")


@pytest.mark.parametrize("transfer", [1, 2, 6])
def test_colors_of_scans_come_back_as_they_are_stored(transfer: int, tmp_path: Path, run: Run) -> None:
    reel = tmp_path / "scan"
    reel.mkdir()
    rng = np.random.default_rng(0)
    bits = 12 if transfer == 2 else 10
    for number in range(3):
        grey = rng.integers(200, 700 << (bits - 10), (32, 48, 1)).astype(np.uint16)
        (reel / f"{number:04}.dpx").write_bytes(dpx_bytes(grey, bits, transfer=transfer))
    run(reel, tmp_path / "out")
    item = run(reel, tmp_path / "back", colors_from=tmp_path / "out")
    assert (item.status, item.reason, item.warnings) == ("done", "", ())
    for number in range(3):
        own, first, again = (
            frames.read(tmp_path / name / f"{number:04}.dpx").pixels.astype(int)
            for name in ("scan", "out", "back")
        )
        assert np.ptp(first, axis=2).mean() > 5
        assert np.abs(first - again).max() <= 2
        assert np.abs(luma(again) - own[..., 0]).max() <= 0.5 + 1e-9


def test_what_does_not_fit_is_said(reel: Path, tmp_path: Path, run: Run) -> None:
    source, out = reel / "f%05d.png", tmp_path / "out"
    grey = make_frames(tmp_path / "grey", range(7, 37))
    assert "has no colour" in run(source, out, colors_from=grey).reason
    short = make_frames(tmp_path / "short", range(7, 20))
    for path in short.iterdir():
        Image.open(path).convert("RGB").save(path)
    assert "has 13 frames" in run(source, out, colors_from=short).reason
    assert not out.exists() or not bytes_of(out)
    even = make_frames(tmp_path / "even", range(7, 37))
    for path in even.iterdir():
        Image.open(path).convert("RGB").save(path)
    item = run(source, out, colors_from=even)
    assert item.warnings == ("its version has no colour, so it is grey",)
    film = make(tmp_path / "film.mkv", "-framerate", 24, "-start_number", 7, "-i", source, "-c:v", "ffv1")
    with pytest.raises(OptionError, match="is a film: make a film of them first"):
        run(film, tmp_path / "y.mkv", colors_from=even / "f%05d.png")
    with pytest.raises(OptionError, match="makes no frames of a film"):
        run(film, tmp_path / "y" / "%04d.png", colors_from=film)
    (tmp_path / "empty").mkdir()
    with pytest.raises(OptionError, match="holds no version"):
        run(source, out, colors_from=tmp_path / "empty")


def test_a_stopped_run_goes_on_at_the_frame(reel: Path, tmp_path: Path, run: Run) -> None:
    source, back = reel / "f%05d.png", tmp_path / "back"
    run(source, tmp_path / "out")
    given = {"colors_from": tmp_path / "out"}
    run(source, tmp_path / "whole", **given)

    def stop(film: Path, done: int, of: int) -> None:
        if done == 20:
            raise RuntimeError("stopped")

    assert run(source, back, on_frames=stop, **given).status == "failed"
    done = {path.name: path.stat().st_mtime_ns for path in back.glob("*.png")}
    assert 5 < len(done) < 30
    assert run(source, back, **given).status == "done"
    assert bytes_of(back) == bytes_of(tmp_path / "whole")
    assert done == {name: (back / name).stat().st_mtime_ns for name in done}
