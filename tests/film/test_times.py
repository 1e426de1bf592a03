"""film: frames keep their own times where no rate shows them, and clocks may begin below zero or jump."""

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from deoldify_lite.film.clock import without_jumps
from deoldify_lite.film.encoding import Encoding
from deoldify_lite.film.fields import deinterlaced
from deoldify_lite.film.probe import probe_film
from deoldify_lite.film.times import Times
from deoldify_lite.run import stream
from helpers.film_runs import run_film
from helpers.films import (
    colorize,
    first_sound,
    info,
    luma_hashes,
    make,
    pattern,
    picture_times,
    tone,
)
from helpers.networks import Fixed, Stopping

H264 = ("-c:v", "libx264", "-preset", "veryfast", "-g", 30, "-pix_fmt", "yuv420p")
MS = Fraction(1, 1000)


def free(path: Path, *arguments: object, seconds: float = 2.0) -> Path:
    """A film of a shot a second, whose frames come up to 15 ms late, each by another time."""
    shots = "hue=s=0,negate=enable='mod(floor(t),2)'"
    late = ("-vf", f"{shots},settb=1/90000,setpts='(N/25+0.015*random(1))/TB'", "-enc_time_base", "1/90000")
    arguments = arguments or (*H264, "-bf", 3 if path.suffix != ".flv" else 0)
    return make(path, *pattern(seconds), *tone(seconds), *late, "-fps_mode", "passthrough", *arguments)


def recording(path: Path, *starts_s: float, seconds: float = 2.0, **changes: object) -> Path:
    """A broadcast stream of several recordings, each with a clock that starts anew."""
    parts = [
        make(
            path.with_name(f"part{n}{path.suffix}"),
            *pattern(seconds),
            *tone(seconds),
            *((*H264, "-bf", 3) if path.suffix == ".ts" else ("-c:v", "mpeg2video", "-b:v", "2M", "-g", 12)),
            *("-output_ts_offset", start_s),
        )
        for n, start_s in enumerate(starts_s)
    ]
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def since_first(path: Path) -> np.ndarray:
    """When each frame is shown, in seconds after the first."""
    times = np.array(picture_times(path))
    return times - times[0]


# --- pure ---


def test_times_go_on_before_the_first_frame_and_after_the_last() -> None:
    times = Times.of(np.array([100, 140, 200]), MS)
    assert [times.tick(n) for n in range(-2, 6)] == [-80, -40, 0, 40, 100, 160, 220, 280]
    assert times.seconds(2) == Fraction(1, 10)


def test_times_never_stand_still_or_go_back() -> None:
    times = Times.of(np.array([0, 40, 40, 30, 90]), MS)
    assert list(times.ticks) == [0, 40, 41, 42, 90]


def test_the_nearest_frame() -> None:
    times = Times.of(np.array([0, 40, 100]), MS)
    wanted = {-100: -2, -10: 0, 10: 0, 30: 1, 69: 1, 71: 2, 100: 2, 125: 2, 135: 3, 160: 3}
    assert {ms: times.nearest(ms * MS) for ms in wanted} == wanted


def test_doubled_times_are_those_of_fields() -> None:
    doubled = Times.of(np.array([0, 40, 100]), MS).doubled()
    assert [doubled.seconds(n) * 1000 for n in range(6)] == [0, 20, 40, 70, 100, 130]


@pytest.mark.parametrize("start", [5000, -5000, 4])
def test_jumps_are_taken_out(start: int) -> None:
    """But not a gap of some seconds: there packets are lost."""
    first = np.arange(0, 2000, 40)
    ticks, jumps = without_jumps(
        np.concatenate([first, first + 1000 * start]), MS, may_jump=True, reordered=False
    )
    if start == 4:
        assert not jumps and ticks[50] == 4000
    else:
        assert (np.diff(ticks) == 40).all()
        assert [(jump.time_s, jump.ahead_s) for jump in jumps] == [(2, start - 2)]


def test_frames_that_are_decoded_early_are_no_jump() -> None:
    ticks = np.array([0, 160, 80, 40, 120, 320, 240])
    assert without_jumps(ticks, MS, may_jump=True, reordered=True) == (pytest.approx(ticks), ())


# --- free rates ---


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".flv"])
def test_free_times_are_kept(tmp_path: Path, suffix: str) -> None:
    source = free(tmp_path / f"free{suffix}")
    out = tmp_path / "out.mkv"
    colorize(source, out)
    assert luma_hashes(out) == luma_hashes(source)
    np.testing.assert_allclose(since_first(out), since_first(source), atol=0.00101)


@pytest.mark.parametrize(
    ("suffix", "codec"), [(".mp4", "libx264"), (".mov", "libx265"), (".mkv", "ffv1"), (".webm", "libvpx-vp9")]
)
def test_free_times_are_written(tmp_path: Path, suffix: str, codec: str) -> None:
    source = free(tmp_path / "free.mkv", *H264, "-bf", 3, "-c:a", "libopus")
    out = tmp_path / f"out{suffix}"
    colorize(source, out, encoding=Encoding(codec=codec))
    np.testing.assert_allclose(since_first(out), since_first(source), atol=0.00101)


@pytest.mark.parametrize(
    ("suffix", "codec", "tag"),
    [
        (".mp4", "libx265", "hvc1"),
        (".mkv", "ffv1", ""),
        (".mov", "prores_ks", ""),
        (".mp4", "libsvtav1", "av01"),
        (".mkv", "libx264", ""),
    ],
)
def test_a_film_of_free_times_keeps_aspect_and_colors(
    tmp_path: Path, suffix: str, codec: str, tag: str
) -> None:
    tags = ("-color_primaries", "bt709", "-color_trc", "bt709", "-colorspace", "bt709", "-aspect", "16:10")
    source = free(tmp_path / "free.mkv", *H264, *tags)
    after = colorize(source, tmp_path / f"out{suffix}", encoding=Encoding(codec=codec))
    assert after.pixel_aspect == probe_film(source).pixel_aspect == Fraction(16, 15)
    assert (after.colors.matrix, after.colors.primaries) == ("bt709", "bt709")
    stream = info(after.path)["streams"][0]
    assert tag in stream["codec_tag_string"] and codec in stream["tags"].get("ENCODER", codec)


def test_a_cut_of_a_film_of_free_times(tmp_path: Path) -> None:
    source = free(tmp_path / "free.mp4", seconds=13)
    hashes, times = luma_hashes(source), np.array(picture_times(source))
    for start_s, end_s in ((0.5, 1.5), (11.2, 12.4)):
        out = tmp_path / "out.mkv"
        colorize(source, out, start_s=start_s, end_s=end_s)
        first, end = (int(np.abs(times - time_s).argmin()) for time_s in (start_s, end_s))
        assert luma_hashes(out) == hashes[first:end]
        np.testing.assert_allclose(picture_times(out), times[first:end] - times[first], atol=0.00101)


def test_a_picture_that_stands_long_is_no_jump(tmp_path: Path) -> None:
    source = make(
        tmp_path / "stands.mkv",
        *(*pattern(2), "-vf", "settb=1/1000,setpts='40*N+if(gte(N,20),12017,0)'"),
        *("-enc_time_base", "1/1000", "-fps_mode", "passthrough", *H264),
    )
    out = tmp_path / "out.mkv"
    colorize(source, out)
    np.testing.assert_allclose(picture_times(out), picture_times(source), atol=0.00101)


def test_one_short_gap_is_kept(tmp_path: Path) -> None:
    """Two films that were joined: 17 ms in the middle of 25 frames a second."""
    source = make(
        tmp_path / "joined.mkv",
        *(*pattern(4), "-vf", "settb=1/1000,setpts='if(lt(N,50),40*N,40*N-23)'"),
        *("-enc_time_base", "1/1000", "-fps_mode", "passthrough", *H264),
    )
    out = tmp_path / "out.mp4"
    colorize(source, out, encoding=Encoding())
    assert probe_film(source).rate == 25
    np.testing.assert_allclose(picture_times(out), picture_times(source), atol=0.00101)


@pytest.mark.logs_errors
@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_film_of_free_times_goes_on_in_segments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    monkeypatch.setattr(stream, "SEGMENT_FRAMES", 25)
    source = free(tmp_path / "free.ts", seconds=4)
    out = tmp_path / "out" / f"x{suffix}"
    settings = {"render_factor": 8, "encoding": Encoding(codec="libx264", crf=0)}
    assert run_film(source, out, Stopping(60), **settings).status == "failed"
    network = Stopping(1000)
    assert run_film(source, out, network, **settings).status == "done"
    assert sum(network.batches) < 100 and luma_hashes(out) == luma_hashes(source)
    np.testing.assert_allclose(picture_times(out), picture_times(source), atol=0.00101)


def test_fields_of_a_film_of_free_times(tmp_path: Path) -> None:
    source = free(tmp_path / "free.mkv", *H264, "-flags", "+ildct+ilme", "-x264opts", "tff=1")
    film = deinterlaced(probe_film(source))
    assert film.times and len(film.times) == film.frame_count == 100


# --- rates of headers ---


@pytest.mark.parametrize("rate", [24, 30])
@pytest.mark.parametrize("suffix", [".avi", ".mkv", ".mp4"])
def test_a_lost_frame_leaves_the_rate_of_the_header(tmp_path: Path, suffix: str, rate: int) -> None:
    source = make(
        tmp_path / f"lost{suffix}",
        *(*pattern(1.2, rate=str(rate)), "-vf", "select='not(eq(n,11))'", "-fps_mode", "passthrough"),
        *("-c:v", "mpeg4", "-bf", 0),
    )
    assert probe_film(source).rate == rate


# --- below zero, and jumps ---


@pytest.mark.parametrize("start_s", [-0.5, -2])
@pytest.mark.parametrize("sound", [True, False])
def test_frames_below_zero_are_kept(tmp_path: Path, start_s: float, sound: bool) -> None:
    plain = make(tmp_path / "plain.ts", *pattern(2), *tone(2), *H264, "-bf", 3)
    source = make(
        tmp_path / "below.mkv",
        *("-i", plain, "-c", "copy", *([] if sound else ["-an"])),
        *("-output_ts_offset", start_s, "-avoid_negative_ts", "disabled"),
    )
    out = tmp_path / "out.mkv"
    item = run_film(source, out, Fixed())
    assert item.status == "done" and item.frames == 50
    assert luma_hashes(out) == luma_hashes(plain)
    np.testing.assert_allclose(np.diff(picture_times(out)), 0.04, atol=0.00101)
    if sound and start_s > -1:  # or else there is no time in the whole file
        late = picture_times(plain)[0] - first_sound(plain)
        assert picture_times(out)[0] - first_sound(out) == pytest.approx(late, abs=0.002)


@pytest.mark.parametrize("suffix", [".ts", ".mpg"])
@pytest.mark.parametrize("starts_s", [(0, 5000), (5000, 0), (0, 300, 20)])
def test_a_clock_that_jumps_is_no_damage(tmp_path: Path, suffix: str, starts_s: tuple[float, ...]) -> None:
    source = recording(tmp_path / f"rec{suffix}", *starts_s)
    out = tmp_path / "out.mkv"
    item = run_film(source, out, Fixed())
    assert item.status == "done" and item.frames == 50 * len(starts_s)
    assert not any("expected" in warning for warning in item.warnings)
    assert luma_hashes(out) == luma_hashes(source)
    np.testing.assert_allclose(np.diff(picture_times(out)), 0.04, atol=0.00101)


def test_a_cut_behind_a_jump(tmp_path: Path) -> None:
    source = recording(tmp_path / "rec.ts", 0, 5000, seconds=13)
    out = tmp_path / "out.mkv"
    colorize(source, out, start_s=24.5, end_s=25.5)
    first = round((24.5 - probe_film(source).offset_s) * 25)
    assert luma_hashes(out) == luma_hashes(source)[first : first + 25]


@pytest.mark.parametrize(("suffix", "late"), [(".ts", "picture"), (".ts", "sound"), (".mpg", "sound")])
def test_what_begins_late_in_a_broadcast_stays_in_step(tmp_path: Path, suffix: str, late: str) -> None:
    """ffmpeg moves such a file's clock to the first of the streams that it reads, which may be the later."""
    codecs = (*H264, "-bf", 2) if suffix == ".ts" else ("-c:v", "mpeg2video", "-c:a", "mp2")
    inputs = {"picture": pattern(2), "sound": tone(2)}
    inputs[late] = ("-itsoffset", 0.5, *inputs[late])
    source = make(tmp_path / f"late{suffix}", *inputs["picture"], *inputs["sound"], *codecs)
    out = tmp_path / "out.mkv"
    colorize(source, out)
    assert luma_hashes(out) == luma_hashes(source)
    picture_s, sound_s = (float(stream["start_time"]) for stream in sorted_streams(source))
    assert abs(picture_s - sound_s) > 0.4
    assert picture_times(out)[0] - first_sound(out) == pytest.approx(picture_s - sound_s, abs=0.002)


@pytest.mark.parametrize(
    ("suffix", "codec"), [(".wmv", "mpeg2video"), (".wmv", "mpeg1video"), (".avi", "mpeg4")]
)
def test_frames_that_the_decoder_holds_back_are_no_more_and_no_fewer(
    tmp_path: Path, suffix: str, codec: str
) -> None:
    """Packets of such files say when to decode them, and only some when they are shown."""
    inside = make(tmp_path / "source.nut", *pattern(0.4, size="352x288"), "-c:v", codec, "-bf", 0)
    source = make(tmp_path / f"source{suffix}", "-i", inside, "-c", "copy", "-r", 25)
    out = tmp_path / "out.mkv"
    colorize(source, out)
    assert len(luma_hashes(source)) == 10 and luma_hashes(out) == luma_hashes(source)


def sorted_streams(path: Path) -> list[dict[str, Any]]:
    """Picture and sound of a film, as ffprobe describes them."""
    return sorted(info(path)["streams"], key=lambda stream: stream["codec_type"], reverse=True)
