"""Films made of picture sequences."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deoldify_lite import api
from deoldify_lite.errors import OptionError
from deoldify_lite.film.encoding import Encoding
from deoldify_lite.run import stream
from deoldify_lite.run.sequences.plan import Choices
from deoldify_lite.sequence.frame import LINEAR
from deoldify_lite.sequence.view import as_seen
from helpers.films import info, make, run, tone
from helpers.networks import Fixed, Stopping
from helpers.sequence_runs import make_frames, run_sequence

FFV1 = Encoding(codec="ffv1")


@pytest.fixture
def reel(tmp_path: Path) -> Path:
    return make_frames(tmp_path / "reel", range(7, 37), shots=3)


def rgb_of(path: Path) -> np.ndarray:
    """The luma of a film as it is stored."""
    data = run("ffmpeg", "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "yuv444p", "-")
    return np.frombuffer(data, np.uint8).reshape(-1, 3, 32, 48)


def test_a_lossless_film_has_the_very_luma_of_the_frames(reel: Path, tmp_path: Path) -> None:
    make(tmp_path / "reel.wav", *tone(1.5), "-c:a", "pcm_s16le")
    item = run_sequence(
        reel, tmp_path / "out" / "master.mkv", Fixed(), Choices(told=True, rate=Fraction(20)), encoding=FFV1
    )
    assert (item.status, item.frames, item.warnings) == ("done", 30, ())
    planes = rgb_of(item.output)
    for number, (luma, *chroma) in zip(range(7, 37), planes, strict=True):
        frame = np.asarray(Image.open(reel / f"f{number:05}.png"))
        assert np.abs(luma.astype(int) - frame).max() <= 1  # 8-bit RGB holds no more
        assert np.abs(np.array(chroma, int) - 128).mean() > 5
    picture, sound = info(item.output)["streams"]
    assert (picture["codec_name"], picture["r_frame_rate"], sound["codec_name"]) == (
        "ffv1",
        "20/1",
        "pcm_s16le",
    )
    assert (
        run_sequence(
            reel,
            tmp_path / "out" / "master.mkv",
            Fixed(),
            Choices(told=True, rate=Fraction(20)),
            encoding=FFV1,
        ).status
        == "skipped"
    )


def test_a_stopped_film_goes_on_after_its_last_segment(
    reel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "SEGMENT_FRAMES", 8)
    whole = run_sequence(reel, tmp_path / "whole" / "a.mkv", Stopping(99), encoding=FFV1)
    stopped = run_sequence(reel, tmp_path / "out" / "a.mkv", Stopping(21), encoding=FFV1)
    assert stopped.status == "failed" and not (tmp_path / "out" / "a.mkv").exists()
    network = Stopping(99)
    item = run_sequence(reel, tmp_path / "out" / "a.mkv", network, encoding=FFV1)
    assert item.status == "done" and sum(network.batches) < 30
    assert np.array_equal(rgb_of(item.output), rgb_of(whole.output))


@pytest.mark.parametrize("names", ["Y", "RGB"])
def test_light_becomes_a_film_as_a_screen_shows_it(tmp_path: Path, names: str) -> None:
    library = pytest.importorskip("OpenEXR")
    reel = tmp_path / "reel"
    reel.mkdir()
    light = np.tile(np.concatenate([[-0.1, 0], np.geomspace(1e-3, 40, 46)]), (32, 1)).astype(np.float16)
    for number in range(3):
        header = {"type": library.scanlineimage, "compression": library.ZIP_COMPRESSION}
        library.File(header, dict.fromkeys(names, light)).write(str(reel / f"f{number:05}.exr"))
    item = run_sequence(reel, tmp_path / "a.mkv", Fixed(), encoding=FFV1)
    assert item.status == "done"
    assert [warning for warning in item.warnings if "brighter than white compressed" in warning]
    (picture,) = info(item.output)["streams"]
    assert picture["bits_per_raw_sample"] == "12"
    seen = 16 + as_seen(light.astype(float), LINEAR) * (219 / 255)  # of limited range
    for luma, *chroma in rgb_of(item.output):
        assert np.abs(luma - seen).max() < 2  # ffmpeg dithers to the 8 bits that are compared
        assert np.abs(np.array(chroma, int) - 128).mean() > 5


def test_depths_that_photos_are_read_at_are_those_of_the_film(tmp_path: Path) -> None:
    tifffile = pytest.importorskip("tifffile")
    reel = tmp_path / "reel"
    reel.mkdir()
    grey = np.tile(np.linspace(0, 1, 48, dtype=np.float32), (32, 1))
    for number in range(3):
        tifffile.imwrite(reel / f"f{number:05}.tif", grey)
    item = run_sequence(reel, tmp_path / "a.mkv", Fixed(), encoding=FFV1)
    assert item.status == "done" and "floating-point samples of 32 bits" in " ".join(item.warnings)
    for luma, *_ in rgb_of(item.output):
        assert np.abs(luma - (16 + 219 * grey)).max() < 2  # ffmpeg dithers to the 8 bits that are compared


def test_what_no_film_holds_is_refused(reel: Path, tmp_path: Path, tiny_weights: Path) -> None:
    rendering = api.settle("video", weights=tiny_weights, render_factor=4, device="cpu")
    with pytest.raises(OptionError, match=r"no film is written as \.avi"):
        api.colorize_video(reel, tmp_path / "a.avi", rendering=rendering)
    with pytest.raises(OptionError, match="goes into a film"):
        api.colorize_video(reel, tmp_path / "out", rendering=rendering, sound=tmp_path / "a.wav")
    (item,) = api.colorize_video(reel, tmp_path / "a.mkv", rendering=rendering, sound=tmp_path / "a.wav")
    assert item.status == "failed" and "a.wav" in item.reason
    (tmp_path / "a.wav").write_bytes(b"RIFF")
    (item,) = api.colorize_video(reel, tmp_path / "a.mkv", rendering=rendering, sound=tmp_path / "a.wav")
    assert item.status == "failed" and "a.wav: its sound cannot be read" in item.reason
    assert not (tmp_path / "a.mkv").exists()
