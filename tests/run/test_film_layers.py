"""A film's colour as a layer, beside the result or in its place."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deoldify_lite import api
from deoldify_lite.film.encoding import Encoding
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.run import stream as film_stream
from deoldify_lite.run.films import colorize_films
from deoldify_lite.run.items import Item
from deoldify_lite.run.manifest import Manifest
from deoldify_lite.run.task import Task
from deoldify_lite.run.verify import verify
from helpers.film_runs import SETTINGS
from helpers.films import (
    fields,
    frames_of,
    info,
    make,
    make_steps,
    noise,
    pattern,
    picture_times,
    plane_hashes,
    rgb_frames,
    run,
    tone,
)
from helpers.networks import Fixed, Stopping


def make_both(
    source: Path, output: Path, encoding: Encoding, network: Fixed | None = None, *, recolor_all: bool = True
) -> Item:
    """Colorize a film with a layer beside the result."""
    encoding = replace(encoding, layer="beside")
    layer = output.with_name(f"{output.stem}-layer{encoding.layer_suffix}")
    task = Task(source, output, Manifest(output.parent), layer=layer)
    colorizer = Colorizer(network or Fixed((0.1, -0.15)), render_factor=4)
    settings = replace(SETTINGS, encoding=encoding, recolor_all=recolor_all)
    (item,) = colorize_films([task], lambda: colorizer, settings, batch_size=4)
    return item


def make_alone(source: Path, output: Path) -> Item:
    settings = replace(SETTINGS, encoding=Encoding(codec="ffv1", layer="only"), recolor_all=True)
    task = Task(source, output, Manifest(output.parent), is_layer=True)
    colorizer = Colorizer(Fixed((0.1, -0.15)), render_factor=4)
    (item,) = colorize_films([task], lambda: colorizer, settings, batch_size=4)
    return item


def lumas_of(path: Path) -> np.ndarray:
    """All luma of a film of 8 bits."""
    return np.frombuffer(
        run("ffmpeg", "-v", "error", "-i", path, "-vf", "extractplanes=y", "-f", "rawvideo", "-"), np.uint8
    )


@pytest.mark.parametrize(
    "pix_fmt", ["yuv420p", "yuvj420p", "yuv422p", "yuv444p", "gray", "yuv420p10le", "yuv444p12le", "rgb24"]
)
def test_a_layer_has_the_chroma_of_its_result(tmp_path: Path, pix_fmt: str) -> None:
    depth = {"yuv420p10le": 10, "yuv444p12le": 12}.get(pix_fmt, 8)
    source = noise(tmp_path / "noise.nut", pix_fmt, depth)
    item = make_both(source, tmp_path / "x.mkv", Encoding(codec="ffv1"))
    assert item.status == "done", item.reason
    result, layer = plane_hashes(item.output), plane_hashes(item.layer)
    assert [planes[1:] for planes in layer] == [planes[1:] for planes in result]
    shown, own = (info(path)["streams"][0] for path in (item.layer, item.output))
    for name in ("pix_fmt", "width", "height", "color_space", "color_range", "r_frame_rate"):
        assert shown.get(name) == own.get(name), name
    middle = 128 if own["color_range"] == "pc" else 126
    if depth == 8:
        assert np.abs(lumas_of(item.layer).astype(int) - middle).max() <= 1


def test_the_result_is_the_same_with_a_layer_beside_it(tmp_path: Path) -> None:
    source = make(tmp_path / "a.mp4", *pattern(0.4), *tone(0.4), "-c:a", "aac")
    with_layer = make_both(source, tmp_path / "out" / "x.mp4", Encoding())
    task = Task(source, tmp_path / "plain" / "x.mp4", Manifest(tmp_path / "plain"))
    colorizer = Colorizer(Fixed((0.1, -0.15)), render_factor=4)
    settings = replace(SETTINGS, recolor_all=True)
    (plain,) = colorize_films([task], lambda: colorizer, settings, batch_size=4)
    assert plane_hashes(with_layer.output) == plane_hashes(plain.output)
    assert [stream["codec_type"] for stream in info(with_layer.layer)["streams"]] == ["video"]
    # Recorded the same, too: the next run needs no layer to find it done.
    fingerprints = {record.output: record.fingerprint for record in Manifest(tmp_path / "out").records()}
    (record,) = Manifest(tmp_path / "plain").records()
    assert fingerprints["x.mp4"] == record.fingerprint != fingerprints["x-layer.mkv"]


def test_a_layer_is_recorded_skipped_and_verified(tmp_path: Path) -> None:
    source = make(tmp_path / "a.mp4", *pattern(0.4))
    assert make_both(source, tmp_path / "out" / "x.mp4", Encoding()).status == "done"
    again = make_both(source, tmp_path / "out" / "x.mp4", Encoding())
    assert again.status == "skipped" and again.layer is not None
    assert [verdict.sound for verdict in verify(tmp_path / "out")] == [True, True]
    again.layer.unlink()
    assert make_both(source, tmp_path / "out" / "x.mp4", Encoding()).status == "done"
    again.layer.write_bytes(b"my own")
    foreign = make_both(source, tmp_path / "out" / "x.mp4", Encoding())
    assert foreign.status == "failed" and "x-layer.mkv" in foreign.reason
    assert again.layer.read_bytes() == b"my own"


def test_a_layer_has_the_frames_and_times_of_its_film(tmp_path: Path) -> None:
    source = make_steps(tmp_path / "steps.mkv", [0.0, 0.123, 0.31, 0.9, 1.0])
    item = make_both(source, tmp_path / "x.mkv", Encoding())
    assert picture_times(item.layer) == pytest.approx(picture_times(item.output), abs=0.002)
    late = make(tmp_path / "late.mkv", "-itsoffset", 0.5, *pattern(0.4), *tone(1.0), "-c:a", "flac")
    item = make_both(late, tmp_path / "late-x.mkv", Encoding())
    assert len(frames_of(item.layer)) == len(frames_of(item.output)) == 10


def test_a_layer_of_an_interlaced_film_says_so(tmp_path: Path) -> None:
    source = fields(tmp_path / "f.mkv", "tff", "-c:v", "ffv1", "-pix_fmt", "yuv420p")
    item = make_both(source, tmp_path / "x.mkv", Encoding(codec="ffv1"))
    assert all(frame["interlaced_frame"] and frame["top_field_first"] for frame in frames_of(item.layer))
    assert [planes[1:] for planes in plane_hashes(item.layer)] == [
        planes[1:] for planes in plane_hashes(item.output)
    ]


@pytest.mark.parametrize("size", ["35x19", "34x18"])
def test_sizes_and_pixels_that_are_not_square(tmp_path: Path, size: str) -> None:
    source = make(tmp_path / "a.mkv", *pattern(0.2, size=size), "-vf", "setsar=4/3", "-c:v", "ffv1")
    item = make_both(source, tmp_path / "x.mp4", Encoding())
    stream = info(item.layer)["streams"][0]
    assert f"{stream['width']}x{stream['height']}" == size and stream["sample_aspect_ratio"] == "4:3"


def test_colors_that_do_not_fit_on_middle_grey_are_not_cut_off(tmp_path: Path) -> None:
    """An editor makes RGB of the layer: red less luma must be what the chroma says."""
    source = make(tmp_path / "a.mkv", *pattern(0.2), "-pix_fmt", "yuv444p", "-c:v", "ffv1")
    item = make_both(source, tmp_path / "x.mkv", Encoding(codec="ffv1"), Fixed((0.45, -0.05)))
    layer = rgb_frames(item.layer).astype(float)
    luma = layer @ [0.2126, 0.7152, 0.0722]
    blue = (layer[..., 2] - luma) / 255 / (2 * (1 - 0.0722))
    assert luma.mean() < 100  # darker than middle grey
    # The film is BT.709; its Cb of this colour is near that of BT.601.
    assert blue.mean() == pytest.approx(0.45, abs=0.03)
    assert layer.max() <= 255 and layer[..., 2].mean() > 250


def test_shots_in_color_have_their_own_chroma_in_the_layer(tmp_path: Path) -> None:
    source = make(tmp_path / "a.mkv", *pattern(1.0), "-pix_fmt", "yuv420p", "-c:v", "ffv1")
    item = make_both(source, tmp_path / "x.mkv", Encoding(codec="ffv1"), recolor_all=False)
    assert "in colour already" in " ".join(item.warnings)
    assert [planes[1:] for planes in plane_hashes(item.layer)] == [
        planes[1:] for planes in plane_hashes(source)
    ]


def test_a_layer_alone_is_that_beside_a_result(tmp_path: Path) -> None:
    source = make(tmp_path / "a.mp4", *pattern(0.4), *tone(0.4), "-c:a", "aac")
    both = make_both(source, tmp_path / "x.mkv", Encoding(codec="ffv1"))
    alone = make_alone(source, tmp_path / "alone.mkv")
    assert alone.status == "done" and alone.warnings == ()
    assert plane_hashes(alone.output) == plane_hashes(both.layer)


def test_a_layer_in_prores_is_a_mov(tmp_path: Path) -> None:
    source = make(tmp_path / "a.mp4", *pattern(0.2, size="96x64"))
    item = make_both(source, tmp_path / "x.mov", Encoding(codec="prores_ks"))
    assert item.status == "done", item.reason
    stream = info(item.layer)["streams"][0]
    assert item.layer.name == "x-layer.mov" and stream["codec_name"] == "prores"


def test_a_film_that_was_stopped_goes_on_with_its_layer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film_stream, "SEGMENT_FRAMES", 20)
    shots = make(
        tmp_path / "shots.mp4",
        *("-f", "lavfi", "-i", "testsrc=s=96x64:r=25:d=1.2", "-f", "lavfi", "-i", "mandelbrot=s=96x64:r=25"),
        *("-filter_complex", "[1]trim=duration=1.2[m];[0][m]concat=n=2,hue=s=0"),
        *("-c:v", "libx264", "-qp", 0, "-pix_fmt", "yuv420p"),
    )
    whole = make_both(shots, tmp_path / "whole" / "x.mkv", Encoding(), Stopping(10_000))
    assert make_both(shots, tmp_path / "x.mkv", Encoding(), Stopping(40)).status == "failed"
    left = sorted(path.name for path in (tmp_path / ".x.mkv.unfinished").glob("segment-*.mkv"))
    assert left == ["segment-00000-layer.mkv", "segment-00000.mkv"]
    second = Stopping(10_000)
    done = make_both(shots, tmp_path / "x.mkv", Encoding(), second)
    assert done.status == "done" and sum(second.batches) < 60
    assert plane_hashes(done.layer) == plane_hashes(whole.layer)
    assert plane_hashes(done.output) == plane_hashes(whole.output)


def test_the_command_names_layers(tmp_path: Path, tiny_weights: Path) -> None:
    rendering = api.settle("video", weights=tiny_weights, render_factor=4, device="cpu")
    source = make(tmp_path / "a.mp4", *pattern(0.2), "-vf", "hue=s=0")
    (both,) = api.colorize_video(source, rendering=rendering, layer="beside")
    (alone,) = api.colorize_video(source, tmp_path / "out", rendering=rendering, layer="only")
    (mov,) = api.colorize_video(
        source, tmp_path / "out", rendering=rendering, layer="only", encoding=Encoding(codec="prores_ks")
    )
    assert [item.status for item in (both, alone, mov)] == ["done"] * 3
    assert both.layer.name == "a-colorized-layer.mkv"
    assert (alone.output.name, mov.output.name) == ("a-layer.mkv", "a-layer.mov")
