"""Films with key frames, by the real ffmpeg: colours come back, luma stays, and what is wrong is said."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deoldify_lite.color.merge import chroma_of_rgb
from deoldify_lite.errors import OptionError
from deoldify_lite.film.probe import probe_film
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.run.films import colorize_films
from deoldify_lite.run.guides import with_keys
from deoldify_lite.run.items import Item
from deoldify_lite.run.key_files import read_keys
from deoldify_lite.run.keying import ready_keys
from deoldify_lite.run.manifest import Manifest
from deoldify_lite.run.task import Task, fingerprint
from helpers.film_runs import SETTINGS
from helpers.films import LOSSLESS, luma_hashes, plane_hashes, run
from helpers.networks import Fixed, Stopping
from helpers.paintings import painting, pan, save_film

KEYED = replace(SETTINGS, steadiness=0.9, encoding=LOSSLESS)


@pytest.fixture(scope="module")
def truth() -> list[np.ndarray]:
    return pan(1)


@pytest.fixture
def grey(tmp_path: Path, truth: list[np.ndarray]) -> Path:
    return save_film(tmp_path / "clip.mkv", truth, "hue=s=0")


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    folder = tmp_path / "keys"
    folder.mkdir()
    return folder


def colorize(source: Path, output: Path, keys: Path | None, network: Fixed | None = None) -> Item:
    output.parent.mkdir(exist_ok=True)
    tasks = [Task(source, output, Manifest(output.parent))]
    tasks = tasks if keys is None else with_keys(tasks, keys)
    settings = replace(KEYED, look=replace(KEYED.look, render_factor=12))
    colorizer = Colorizer(network or Fixed(), render_factor=12)
    (item,) = colorize_films(tasks, lambda: colorizer, settings, batch_size=4)
    return item


def error(path: Path, truth: list[np.ndarray]) -> float:
    """Mean error of chroma, of 1."""
    height, width = truth[0].shape[:2]
    data = run("ffmpeg", "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    frames = np.frombuffer(data, np.uint8).reshape(-1, height, width, 3)
    assert len(frames) == len(truth)
    pairs = zip(frames, truth, strict=True)
    return float(np.mean([np.abs(chroma(one) - chroma(other)).mean() for one, other in pairs]))


def chroma(rgb: np.ndarray) -> np.ndarray:
    return chroma_of_rgb(rgb / np.float32(255))


def test_colors_of_a_key_go_through_the_film_and_luma_stays(
    grey: Path, keys: Path, tmp_path: Path, truth: list[np.ndarray]
) -> None:
    Image.fromarray(truth[6]).resize((480, 360)).save(keys / "frame-6.jpg", quality=95)
    item = colorize(grey, tmp_path / "out" / "keyed.mkv", keys)
    assert (item.status, item.warnings) == ("done", ())
    colorize(grey, tmp_path / "out" / "plain.mkv", None)
    assert error(item.output, truth) < 0.02 < 0.1 < error(tmp_path / "out" / "plain.mkv", truth)
    assert luma_hashes(item.output) == luma_hashes(grey)


def test_a_stopped_film_goes_on_and_is_the_same(
    keys: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("deoldify_lite.run.stream.SEGMENT_FRAMES", 10)
    shots = [*pan(1, 24), *pan(2, 24)]
    source = save_film(tmp_path / "clip.mkv", shots, "hue=s=0")
    for number in (5, 30):
        Image.fromarray(shots[number]).save(keys / f"frame-{number:06}.png")
    whole = colorize(source, tmp_path / "whole" / "x.mkv", keys, Stopping(99))
    assert whole.status == "done"
    assert error(whole.output, shots) < 0.03
    stopped = colorize(
        source, tmp_path / "parts" / "x.mkv", keys, Stopping(12)
    )  # two of them look at the key frames
    assert stopped.status == "failed"
    assert list((tmp_path / "parts").rglob("segment-*"))
    item = colorize(source, tmp_path / "parts" / "x.mkv", keys, Stopping(99))
    assert item.status == "done"
    assert plane_hashes(whole.output) == plane_hashes(item.output)


def test_keys_are_part_of_the_fingerprint_as_what_they_hold(
    grey: Path, keys: Path, tmp_path: Path, truth: list[np.ndarray]
) -> None:
    Image.fromarray(truth[0]).save(keys / "frame-0.png")
    task = Task(grey, tmp_path / "x.mkv", Manifest(tmp_path))
    (keyed,) = with_keys([task], keys)
    first = fingerprint(keyed, KEYED)
    assert first != fingerprint(task, KEYED)
    (keys / "frame-0.png").touch()
    assert fingerprint(with_keys([task], keys)[0], KEYED) == first
    Image.fromarray(truth[1]).save(keys / "frame-0.png")
    assert fingerprint(with_keys([task], keys)[0], KEYED) != first


def test_a_key_that_shows_something_else_is_left_out_with_a_warning(
    grey: Path, keys: Path, tmp_path: Path, truth: list[np.ndarray]
) -> None:
    Image.fromarray(painting(9)).save(keys / "frame-6.png")
    item = colorize(grey, tmp_path / "out" / "wrong.mkv", keys)
    assert item.status == "done"
    assert item.warnings[0].startswith("frame-6.png: shows nothing of frame 6")
    colorize(grey, tmp_path / "out" / "plain.mkv", None)
    assert error(item.output, truth) == pytest.approx(error(tmp_path / "out" / "plain.mkv", truth), abs=1e-3)


def test_a_transparent_key_colors_only_what_it_covers(
    grey: Path, keys: Path, truth: list[np.ndarray]
) -> None:
    alpha = np.zeros(truth[0].shape[:2], np.uint8)
    alpha[:, :160] = 255
    Image.fromarray(np.dstack([truth[3], alpha])).save(keys / "frame-3.png")
    settings = replace(KEYED, look=replace(KEYED.look, render_factor=12))
    (key,), warnings = ready_keys(probe_film(grey), read_keys(keys), settings)
    assert not warnings
    assert key.trust[:, :120].mean() > 0.9
    assert key.trust[:, 132:].max() == 0


@pytest.mark.parametrize(
    ("name", "save", "says"),
    [
        ("frame-6.png", lambda path: path.write_bytes(b"nothing"), "frame-6.png: not a picture"),
        ("frame-6.png", lambda path: Image.new("L", (240, 180), 90).save(path), "has no colour"),
        ("frame-12.png", lambda path: Image.new("RGB", (9, 9), "red").save(path), "has frames 0 to 11"),
    ],
)
def test_a_bad_key_fails_the_film_before_the_work(
    grey: Path, keys: Path, tmp_path: Path, name: str, save: object, says: str
) -> None:
    save(keys / name)  # type: ignore[operator]
    network = Fixed()
    item = colorize(grey, tmp_path / "out" / "x.mkv", keys, network)
    assert item.status == "failed"
    assert says in item.reason and name in item.reason
    assert not network.batches


def test_a_key_for_a_shot_in_color_is_refused(keys: Path, tmp_path: Path, truth: list[np.ndarray]) -> None:
    source = save_film(tmp_path / "color.mkv", truth)
    Image.fromarray(truth[2]).save(keys / "frame-2.png")
    item = colorize(source, tmp_path / "out" / "x.mkv", keys)
    assert item.status == "failed"
    assert "frame-2.png: is for frame 2" in item.reason and "in colour already" in item.reason


def test_a_key_that_is_not_rendered_is_refused(grey: Path, keys: Path, truth: list[np.ndarray]) -> None:
    Image.fromarray(truth[2]).save(keys / "frame-2.png")
    settings = replace(KEYED, start_s=0.2)
    with pytest.raises(OptionError, match=r"frame-2.png: is for frame 2, which is not rendered"):
        ready_keys(probe_film(grey), read_keys(keys), settings)
