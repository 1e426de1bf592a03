"""Films through the whole program, with real ffmpeg, on a tiny network."""

import json
import os
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deoldify_lite import api
from deoldify_lite.errors import OptionError
from deoldify_lite.film import probe, process
from deoldify_lite.film.encoders import encoder_pix_fmts
from deoldify_lite.film.encoding import Encoding
from deoldify_lite.film.ffmpeg import ffmpeg_version
from deoldify_lite.run import stream as film_stream
from deoldify_lite.run.items import Item
from helpers.commands import Command
from helpers.film_runs import run_film
from helpers.films import (
    fields,
    info,
    luma_hashes,
    make,
    make_steps,
    pattern,
    picture_times,
    plane_hashes,
    rgb_frames,
    tone,
)
from helpers.networks import Fixed, Stopping
from helpers.places import ROOT


@pytest.fixture
def rendering(tiny_weights: Path) -> api.Rendering:
    return api.settle("video", weights=tiny_weights, render_factor=4, device="cpu")


@pytest.fixture
def film(tmp_path: Path) -> Path:
    """One second in grey with sound, 640 x 360 or less."""
    return make(tmp_path / "old film.mp4", *pattern(1.0), *tone(1.0), "-vf", "hue=s=0", "-c:a", "aac")


def colorfulness_of(path: Path) -> float:
    frames = rgb_frames(path).astype(int)
    return float(np.ptp(frames, axis=3).mean())


def test_a_film_is_probed_and_rehearsed_once(
    tmp_path: Path, rendering: api.Rendering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And not even that if it is done."""
    started: list[str] = []
    start = process._start

    def seen(arguments: list[str], **options: Any) -> object:
        started.append(f"{Path(arguments[0]).stem} {' '.join(arguments[1:])}")
        return start(arguments, **options)

    source = make(tmp_path / "film.mp4", *pattern(0.4), "-metadata", "title=x")
    encoder_pix_fmts.cache_clear()
    ffmpeg_version.cache_clear()
    monkeypatch.setattr(process, "_start", seen)
    (item,) = api.colorize_video(source, tmp_path / "out", rendering=rendering)
    assert item.status == "done", item.reason
    expected = [
        ("ffprobe", "-show_streams"),  # which of the streams is the picture
        ("ffprobe", "-read_intervals"),  # first frames of the picture
        ("ffmpeg", "-h encoder=libx264"),  # pixel formats; once a process
        ("ffmpeg", "rehearsal.mp4"),  # whether all streams fit
        ("ffprobe", "rehearsal.mp4"),  # whether all metadata fits; of films that have any
        ("ffmpeg", "-version"),  # for unfinished films; once a process
        ("ffmpeg", "-pix_fmt yuv420p pipe:1"),  # reader
        ("ffmpeg", "pipe:0"),  # encoder
        ("ffmpeg", "-c copy"),  # the encoded picture and all else
    ]
    assert len(started) == len(expected)
    for line, (program, words) in zip(started, expected, strict=True):
        assert line.startswith(f"{program} ") and words in line
    started.clear()
    (item,) = api.colorize_video(source, tmp_path / "out", rendering=rendering)
    assert (item.status, started) == ("skipped", [])


def test_a_film_is_deinterlaced_on_demand(tmp_path: Path) -> None:
    source = fields(tmp_path / "a.mkv", "bff", "-c:v", "ffv1", "-pix_fmt", "gray", seconds=0.4)
    item = run_film(source, tmp_path / "out.mkv", Fixed(), deinterlace=True)
    assert (item.status, item.frames) == ("done", 20)
    assert luma_hashes(item.output) == luma_hashes(source, "bwdif=parity=bff")


def test_a_film_comes_out_whole_and_in_color(film: Path, rendering: api.Rendering) -> None:
    before = film.read_bytes()
    seen: list[tuple[int, int]] = []
    (item,) = api.colorize_video(
        film, rendering=rendering, on_frames=lambda path, done, expected: seen.append((done, expected))
    )
    assert (item.status, item.frames) == ("done", 25) and seen[-1] == (25, 25)
    assert item.output == film.with_name("old film-colorized.mp4")
    kinds = [stream["codec_type"] for stream in info(item.output)["streams"]]
    assert kinds == ["video", "audio"]
    assert len(picture_times(item.output)) == 25
    assert colorfulness_of(item.output) > 5
    assert film.read_bytes() == before
    again = api.colorize_video(film, rendering=rendering)
    assert [item.status for item in again] == ["skipped"]


@pytest.fixture
def odd(tmp_path: Path) -> Path:
    """A folder with films of raw sound, which fits into .mov and not into .mp4."""
    folder = tmp_path / "odd"
    folder.mkdir()
    for name in ("film.mp4", "film.mov", "one.mp4", "two.avi"):
        sound = ("-c:a", "pcm_s16le", "-f", "avi" if name.endswith("avi") else "mov")
        make(folder / name, *pattern(0.2), *tone(0.2), "-vf", "hue=s=0", *sound)
    return folder


@pytest.mark.slow
def test_a_finished_film_is_skipped_without_a_look_into_it(
    odd: Path, film: Path, rendering: api.Rendering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither ffmpeg nor ffprobe is started, whatever the container, with hints or without."""
    film.rename(odd / "plain.mp4")
    hints = film.with_name("hints")
    hints.mkdir()
    (hints / "plain.hints.csv").write_text("f3,50%,50%,#a06e6e\n")
    out, hinted = film.with_name("out"), film.with_name("hinted")
    first = api.colorize_video(odd, out, rendering=rendering)
    first += api.colorize_video(odd / "plain.mp4", hinted, rendering=rendering, hints=hints)
    assert {item.status for item in first} == {"done"}
    started: list[object] = []

    class Counted(subprocess.Popen):  # type: ignore[type-arg]
        def __init__(self, arguments: object, *others: object, **options: object) -> None:
            started.append(arguments)
            super().__init__(arguments, *others, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(subprocess, "Popen", Counted)
    again = api.colorize_video(odd, out, rendering=rendering)
    again += api.colorize_video(odd / "plain.mp4", hinted, rendering=rendering, hints=hints)
    assert not started
    assert {item.status for item in again} == {"skipped"}
    assert [item.output for item in again] == [item.output for item in first]
    (hints / "plain.hints.csv").write_text("f4,50%,50%,#a06e6e\n")
    (third,) = api.colorize_video(odd / "plain.mp4", hinted, rendering=rendering, hints=hints)
    assert third.status == "done" and started  # and the count is one


@pytest.mark.slow
def test_a_container_is_chosen_when_the_film_is_opened(odd: Path, rendering: api.Rendering) -> None:
    names = {"one.mp4": "one.mkv", "film.mp4": "film.mp4.mkv", "film.mov": "film.mov", "two.avi": "two.mkv"}
    items = api.colorize_video(odd, rendering=rendering)
    assert {item.source.name: item.output.name for item in items} == names
    # The manifest names other sources now, so that the container is chosen once more.
    moved = odd.rename(odd.with_name("moved"))
    again = api.colorize_video(moved, odd.with_name("odd-colorized"), rendering=rendering)
    assert {item.source.name: item.output.name for item in again} == names
    assert {item.status for item in again} == {"skipped"}
    named = odd.with_name("named.mp4")
    (item,) = api.colorize_video(moved / "one.mp4", named, rendering=rendering)
    assert item.status == "done" and item.output == named
    (warning,) = (warning for warning in item.warnings if "pcm_s16le" in warning)
    assert ".mp4" in warning


def test_luma_is_untouched_before_encoding(film: Path, tiny_weights: Path) -> None:
    rendering = api.settle("video", weights=tiny_weights, render_factor=4, device="cpu")
    (item,) = api.colorize_video(
        film, film.with_name("exact.mkv"), rendering=rendering, encoding=Encoding(codec="ffv1")
    )
    assert luma_hashes(item.output) == luma_hashes(film)


def test_a_folder_of_films_with_a_bad_one(film: Path, rendering: api.Rendering) -> None:
    folder = film.parent / "reels"
    folder.mkdir()
    film.rename(folder / "good.mp4")
    (folder / "bad.mkv").write_text("not a film")
    items = {item.source.name: item for item in api.colorize_video(folder, rendering=rendering)}
    assert items["good.mp4"].status == "done"
    assert items["bad.mkv"].status == "failed" and "bad.mkv" in items["bad.mkv"].reason
    assert [p.name for p in (film.parent / "reels-colorized").glob("[!.]*")] == ["good.mp4"]


def test_repeated_frames_are_predicted_once(tmp_path: Path) -> None:
    """Three pictures at times that no constant rate but a fine one has: repeats fill the grid."""
    source = make_steps(tmp_path / "steps.mp4", [0.0, 0.12, 0.5], "-fps_mode", "vfr", "-pix_fmt", "yuv420p")
    network = Fixed()
    item = run_film(source, tmp_path / "out.mkv", network)
    assert item.status == "done" and item.frames > 3
    assert sum(network.batches) <= 4  # the last picture may stand twice, for its length


def test_a_still_film_is_exactly_still(tmp_path: Path) -> None:
    still = make(
        tmp_path / "still.mkv",
        "-f",
        "lavfi",
        "-i",
        "color=gray:s=64x48:d=1",
        "-c:v",
        "ffv1",
        "-pix_fmt",
        "yuv420p",
    )

    class Flickering(Fixed):
        def predict(self, lumas: np.ndarray) -> np.ndarray:
            self.chroma = (0.1 + 0.05 * len(self.batches), 0.1)
            return super().predict(lumas)

    item = run_film(still, tmp_path / "out.mkv", Flickering())
    frames = rgb_frames(item.output)
    assert (frames == frames[0]).all()


def test_out_of_memory_starts_again_smaller_and_says_so(film: Path, tmp_path: Path) -> None:
    class Small(Fixed):
        def predict(self, lumas: np.ndarray) -> np.ndarray:
            if lumas.shape[-1] > 16 * 5:
                raise MemoryError
            return super().predict(lumas)

    item = run_film(film, tmp_path / "out.mkv", Small(), render_factor=9)
    assert (item.status, item.render_factor, item.frames) == ("done", 4, 25)
    assert "render factor 4" in item.warnings[0]


@pytest.mark.logs_errors
def test_a_failure_midway_leaves_nothing(film: Path, tmp_path: Path) -> None:
    class Dying(Fixed):
        def predict(self, lumas: np.ndarray) -> np.ndarray:
            if len(self.batches) == 2:
                raise RuntimeError("the card fell off the bus")
            return super().predict(lumas)

    out = tmp_path / "out" / "x.mkv"
    item = run_film(film, out, Dying())
    assert item.status == "failed" and "fell off the bus" in item.reason
    assert not list(out.parent.iterdir())


def test_a_film_that_came_out_grey_is_told_of(film: Path, tmp_path: Path) -> None:
    item = run_film(film, tmp_path / "out.mkv", Fixed((0.0, 0.0)))
    assert any("grey" in warning for warning in item.warnings)


def test_part_of_a_film(film: Path, rendering: api.Rendering) -> None:
    (item,) = api.colorize_video(film, rendering=rendering, start_s=0.2, end_s=0.6)
    assert item.frames == 10 and len(picture_times(item.output)) == 10
    with pytest.raises(OptionError, match="after the start"):
        api.colorize_video(film, rendering=rendering, start_s=2, end_s=1)


@pytest.mark.slow
def test_colorize_video_as_a_user_runs_it(command: Command, film: Path, tmp_path: Path) -> None:
    strange = film.rename(film.with_name("Grandpa's $HOME 100% «Zürich».mp4"))
    result = command("video", strange, "--render-factor", 4, "--json", tmp_path / "r.json")
    assert result.returncode == 0, result.stderr
    output = Path(result.stdout.strip())
    assert output.name == "Grandpa's $HOME 100% «Zürich»-colorized.mp4" and output.exists()
    assert "25/25" in result.stderr
    quiet = command("video", strange, "--render-factor", 4, "--overwrite", "--quiet")
    assert (quiet.returncode, quiet.stderr) == (0, "")
    assert json.loads((tmp_path / "r.json").read_text())["items"][0]["frames"] == 25


@pytest.mark.slow
def test_a_killed_run_leaves_no_ffmpeg_and_no_scratch(samples: Path, tmp_path: Path) -> None:
    source, out = samples / "films" / "bw1_chaplin_audio.mp4", tmp_path / "out" / "x.mkv"
    run = [sys.executable, "-m", "deoldify_lite", "video", str(source), "-o", str(out)]
    run += ["--render-factor", "4", "--codec", "libx265", "--batch-size", "1"]
    process = subprocess.Popen(run, env={**os.environ, "PYTHONPATH": str(ROOT)}, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 120
    while not list(out.parent.glob(".x.mkv.unfinished/part-*.mkv")) and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(60) == 130
    assert not list(out.parent.iterdir())
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    assert str(out.parent) not in running


def test_without_ffmpeg_the_remedy_is_named(command: Command, film: Path, tmp_path: Path) -> None:
    result = command("video", film, env={"PATH": str(tmp_path)})
    assert result.returncode == 1
    assert "ffmpeg" in result.stderr and "install" in result.stderr and "Traceback" not in result.stderr


@pytest.mark.slow
def test_a_real_clip(samples: Path, rendering: api.Rendering, tmp_path: Path) -> None:
    source = samples / "films" / "bw1_chaplin_audio.mp4"
    (item,) = api.colorize_video(source, tmp_path / "out", rendering=rendering, end_s=1.0)
    assert item.status == "done" and colorfulness_of(item.output) > 5
    assert [s["codec_type"] for s in info(item.output)["streams"]] == ["video", "audio"]


@pytest.fixture
def mixed(tmp_path: Path) -> Path:
    """A shot in colour, then a grey one of something else; 20 frames each."""
    grey = make(
        tmp_path / "grey.mkv",
        *("-f", "lavfi", "-i", "mandelbrot=s=96x64:r=25", "-frames:v", 20, "-vf", "hue=s=0"),
        *("-c:v", "ffv1", "-pix_fmt", "yuv420p"),
    )
    color = make(tmp_path / "color.mkv", *pattern(0.8), "-c:v", "ffv1", "-pix_fmt", "yuv420p")
    (tmp_path / "both.txt").write_text(f"file '{color.name}'\nfile '{grey.name}'\n")
    return make(tmp_path / "mixed.mkv", "-f", "concat", "-i", tmp_path / "both.txt", "-c", "copy")


def test_shots_in_color_are_left_as_they_are(mixed: Path, tmp_path: Path) -> None:
    network = Fixed()
    item = run_film(mixed, tmp_path / "out.mkv", network, render_factor=8)
    assert (item.status, item.frames) == ("done", 40)
    assert any("20 of 40 frames are in colour already" in warning for warning in item.warnings)
    assert sum(network.batches) <= 20
    source, result = plane_hashes(mixed), plane_hashes(item.output)
    assert result[:20] == source[:20]
    assert [planes[0] for planes in result] == [planes[0] for planes in source]
    assert all(a[1] != b[1] and a[2] != b[2] for a, b in zip(result[20:], source[20:], strict=True))


def test_all_shots_are_colored_on_demand(mixed: Path, tmp_path: Path) -> None:
    item = run_film(mixed, tmp_path / "out.mkv", Fixed(), render_factor=8, recolor_all=True)
    assert item.status == "done" and not item.warnings
    source, result = plane_hashes(mixed), plane_hashes(item.output)
    assert all(a[0] == b[0] and a[1:] != b[1:] for a, b in zip(result, source, strict=True))


def test_a_film_wholly_in_color_is_told_of_and_not_called_grey(tmp_path: Path) -> None:
    source = make(tmp_path / "color.mkv", *pattern(0.8), "-c:v", "ffv1", "-pix_fmt", "yuv420p")
    item = run_film(source, tmp_path / "out.mkv", Fixed((0.0, 0.0)), render_factor=8)
    (warning,) = item.warnings
    assert warning.startswith("all frames are in colour already") and "--recolor-all" in warning
    assert plane_hashes(item.output) == plane_hashes(source)


@pytest.mark.slow
def test_few_frames_of_a_calm_film_are_predicted(
    film: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    counts, pictures = {}, {}
    with caplog.at_level("INFO", logger="deoldify_lite.run.films"):
        for steadiness in (0.0, 0.95):
            network = Fixed()
            item = run_film(
                film, tmp_path / f"{steadiness}.mkv", network, render_factor=8, steadiness=steadiness
            )
            counts[steadiness] = sum(network.batches)
            pictures[steadiness] = rgb_frames(item.output)
            assert max(network.batches) <= 4
            assert f"{counts[steadiness]} of 25 frames predicted" in caplog.text
    assert counts == {0.0: 25, 0.95: 7}  # every frame, and 0, 4, 8, ... 24
    # The network gave one colour, and so it is in all frames.
    np.testing.assert_allclose(pictures[0.95], pictures[0.0], atol=1)


class Jittery(Fixed):
    """Another colour for every frame."""

    def __init__(self) -> None:
        super().__init__()
        self.rng = np.random.default_rng(0)

    def predict(self, lumas: np.ndarray) -> np.ndarray:
        drawn = self.rng.uniform(0.1, 0.2, (len(lumas), 1, 1, 1))
        return super().predict(lumas) * 0 + np.float32(drawn)


@pytest.mark.slow
def test_steadiness_calms_a_film(film: Path, tmp_path: Path) -> None:
    spread = {}
    for steadiness in (0.0, 0.95):
        item = run_film(
            film, tmp_path / f"{steadiness}.mkv", Jittery(), render_factor=8, steadiness=steadiness
        )
        means = rgb_frames(item.output).astype(float).mean((1, 2))
        spread[steadiness] = np.abs(np.diff(means[:, 2] - means[:, 1])).mean()
    assert spread[0.95] < 0.3 * spread[0.0]


@pytest.mark.parametrize("steadiness", [-0.1, 1.5])
def test_senseless_steadiness(film: Path, rendering: api.Rendering, steadiness: float) -> None:
    with pytest.raises(OptionError, match="steadiness"):
        api.colorize_video(film, rendering=rendering, steadiness=steadiness)


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    """Three shots of two seconds in grey, with sound."""
    parts = []
    for number, source in enumerate(("testsrc2", "mandelbrot", "rgbtestsrc")):
        picture = f"{source}=s=96x64:r=25"
        parts.append(
            make(
                tmp_path / f"shot{number}.mkv",
                *("-f", "lavfi", "-i", picture, "-t", 2, "-vf", f"hue=s=0,rotate={number}+n/50"),
                *("-c:v", "ffv1", "-pix_fmt", "yuv420p"),
            )
        )
    (tmp_path / "shots.txt").write_text("".join(f"file '{part.name}'\n" for part in parts))
    listed = ("-f", "concat", "-i", tmp_path / "shots.txt", *tone(6.0))
    encoding = ("-c:v", "libx264", "-g", 20, "-bf", 3, "-pix_fmt", "yuv420p")
    return make(tmp_path / "shots.mp4", *listed, *encoding, "-c:a", "aac")


@pytest.mark.slow
@pytest.mark.logs_errors
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
def test_a_film_that_was_stopped_goes_on(
    shots: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    """The result is that of one go, frame by frame, and what was done is not done again."""
    monkeypatch.setattr(film_stream, "SEGMENT_FRAMES", 25)
    encoding, source = Encoding(codec="libx264"), shots
    if suffix == ".webm":
        source = make(tmp_path / "shots.mkv", "-i", shots, "-c:v", "copy", "-c:a", "libopus")
        encoding = Encoding()
    make_one = partial(run_film, source, render_factor=8, steadiness=0.9, encoding=encoding)
    whole = make_one(tmp_path / "whole" / f"x{suffix}", Stopping(10_000))
    out = tmp_path / "stopped" / f"x{suffix}"
    first, second = Stopping(35), Stopping(10_000)
    assert make_one(out, first).status == "failed"
    (folder,) = out.parent.iterdir()
    assert folder.name.endswith(".unfinished") and list(folder.glob("segment-*"))
    item = make_one(out, second)
    assert (item.status, item.frames) == ("done", 150) and item.warnings == whole.warnings
    assert plane_hashes(out) == plane_hashes(whole.output)
    assert picture_times(out) == picture_times(whole.output)
    assert sorted(path.name for path in out.parent.iterdir()) == [".deoldify_lite.jsonl", out.name]
    assert sum(first.batches) + sum(second.batches) < 2 * 150
    kinds = [stream["codec_type"] for stream in info(out)["streams"]]
    assert kinds == ["video", "audio"]


@pytest.mark.slow
@pytest.mark.logs_errors
def test_segments_of_other_settings_are_not_taken_up(
    shots: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film_stream, "SEGMENT_FRAMES", 25)
    out = tmp_path / "out" / "x.mkv"
    assert run_film(shots, out, Stopping(60), render_factor=8).status == "failed"
    backend = Stopping(10_000)
    assert run_film(shots, out, backend, render_factor=8, saturation=1.5).status == "done"
    assert sum(backend.batches) == 150  # with steadiness 0 each frame


@pytest.mark.logs_errors
def test_segments_of_another_picture_are_not_taken_up(
    shots: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when another version begins a film that holds two pictures."""
    monkeypatch.setattr(film_stream, "SEGMENT_FRAMES", 25)
    two = ("-map", "0:v", "-map", "1:v", "-c", "copy")
    source = make(tmp_path / "two.mkv", "-i", shots, "-i", shots, *two)
    out = tmp_path / "out" / "x.mkv"
    with monkeypatch.context() as patch:
        patch.setattr(probe, "choose_picture", lambda pictures: pictures[1])
        assert run_film(source, out, Stopping(60), render_factor=8).status == "failed"
    backend = Stopping(10_000)
    assert run_film(source, out, backend, render_factor=8).status == "done"
    assert sum(backend.batches) == 150  # with steadiness 0 each frame


@pytest.mark.logs_errors
def test_segments_without_the_transparency_of_their_film_are_not_taken_up(
    shots: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when another version, which kept none, begins a film."""
    monkeypatch.setattr(film_stream, "SEGMENT_FRAMES", 25)
    source = make(tmp_path / "a.mkv", "-i", shots, "-an", "-c:v", "ffv1", "-pix_fmt", "yuva420p")
    out = tmp_path / "out" / "x.mkv"
    with monkeypatch.context() as patch:
        patch.setattr(probe.Film, "has_alpha", False)
        assert run_film(source, out, Stopping(60), render_factor=8).status == "failed"
    backend = Stopping(10_000)
    assert run_film(source, out, backend, render_factor=8).status == "done"
    assert sum(backend.batches) == 150  # with steadiness 0 each frame
    assert probe.probe_film(out).has_alpha


def test_a_second_run_on_the_same_result_stops(film: Path, tmp_path: Path) -> None:
    out = tmp_path / "out" / "x.mkv"
    second: list[Item] = []

    class Calling(Fixed):
        def predict(self, lumas: np.ndarray) -> np.ndarray:
            if not second:
                second.append(run_film(film, out, Fixed()))
            return super().predict(lumas)

    assert run_film(film, out, Calling()).status == "done"
    assert second[0].status == "failed" and "another run is at work" in second[0].reason


def test_a_film_whose_frames_cannot_be_found_again_is_made_in_one_piece(
    shots: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(film_stream, "SEGMENT_FRAMES", 25)
    monkeypatch.setattr(film_stream, "begins_there", lambda *_: False)
    item = run_film(shots, tmp_path / "out" / "x.mkv", Stopping(10_000), render_factor=8)
    assert (item.status, item.frames) == ("done", 150)


# So many in the suite; more by hand.
KILLS = int(os.environ.get("DEOLDIFY_LITE_KILLS", "4"))


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="there is no such signal")
def test_killed_at_any_time_it_goes_on(shots: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from deoldify_lite.cli import main as cli; from deoldify_lite.run import stream;"
        "stream.SEGMENT_FRAMES = 25;"
        "sys.exit(cli.main_video(sys.argv[1:]))"
    )

    def command(out: Path) -> list[str]:
        run = [sys.executable, "-c", code, str(shots), "-o", str(out)]
        return [*run, "--render-factor", "8", "--codec", "libx264", "--batch-size", "1", "--quiet"]

    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    whole, out = tmp_path / "whole" / "x.mkv", tmp_path / "killed" / "x.mkv"
    api.load_colorizer("video")  # prepares the network for this machine, once: no part of the time to kill at
    began = time.monotonic()
    subprocess.run(command(whole), env=environment, check=True)
    took = time.monotonic() - began
    rng = np.random.default_rng(0)
    for _ in range(KILLS):
        process = subprocess.Popen(command(out), env=environment, start_new_session=True)
        time.sleep(rng.uniform(0.2, 1.1) * took)
        process.kill()
        process.wait()
        # Under its name there is nothing, or all of it.
        assert not out.exists() or plane_hashes(out) == plane_hashes(whole)
    subprocess.run(command(out), env=environment, check=True)
    assert plane_hashes(out) == plane_hashes(whole) and picture_times(out) == picture_times(whole)
    assert sorted(path.name for path in out.parent.iterdir()) == [".deoldify_lite.jsonl", "x.mkv"]
