"""film: what is told about a film, and the choice of its rate."""

import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from deoldify_lite.errors import InputError, VideoError
from deoldify_lite.film import ffmpeg as ffmpeg_commands
from deoldify_lite.film import process
from deoldify_lite.film.encoders import encoder_pix_fmts
from deoldify_lite.film.kinds import FILM_SUFFIXES, container_for
from deoldify_lite.film.probe import probe_film
from deoldify_lite.film.rate import choose_rate
from deoldify_lite.film.timing import measure_rate
from deoldify_lite.system.files import find_media
from helpers.films import make, pattern, read_all, tone

MS = Fraction(1, 1000)
NTSC_FILM = Fraction(24000, 1001)


def rounded(times: np.ndarray, time_base: Fraction = MS) -> np.ndarray:
    return np.rint(times / float(time_base)).astype(np.int64)


@pytest.mark.parametrize(
    ("name", "options"),
    [("a.mod", ["-c:v", "mpeg2video", "-f", "vob"]), ("a.asf", ["-c:v", "wmv2"]), ("a.wtv", []),
     ("a.3g2", ["-c:v", "mpeg4"]), ("a.DIVX", ["-c:v", "mpeg4", "-f", "avi"]), ("a.m2v", []),
     ("a.rm", ["-c:v", "rv20", "-s", "176x144"])],
)  # fmt: skip
def test_films_of_kinds_that_folders_are_searched_for(tmp_path: Path, name: str, options: list[str]) -> None:
    film = make(tmp_path / name, *pattern(), *options)
    assert find_media(tmp_path, FILM_SUFFIXES) == [film]
    assert probe_film(film).width >= 96 and container_for(film) == ".mkv"


@pytest.mark.parametrize("rate", [NTSC_FILM, Fraction(24), Fraction(25), Fraction(60000, 1001), Fraction(18)])
@pytest.mark.parametrize("offset", [0.0, 0.0213])
def test_even_timestamps_in_milliseconds_are_constant(rate: Fraction, offset: float) -> None:
    ticks = rounded(np.arange(2000) / float(rate) + offset)
    assert choose_rate(ticks, MS, [rate, Fraction(19001, 792)]) == (rate, False)


def test_a_common_rate_is_found_without_a_hint() -> None:
    ticks = rounded(np.arange(3000) / float(NTSC_FILM))
    assert choose_rate(ticks, MS, [Fraction(1000)]) == (NTSC_FILM, False)


def test_an_odd_but_constant_rate_is_kept() -> None:
    ticks = rounded(np.arange(500) / 1000, Fraction(1, 90000))
    assert choose_rate(ticks, Fraction(1, 90000), [Fraction(1000)]) == (Fraction(1000), False)


def test_a_little_jitter_is_still_constant() -> None:
    jitter = np.random.default_rng(0).uniform(-0.004, 0.004, 300)
    ticks = np.sort(rounded(np.arange(300) / 30 + jitter, Fraction(1, 90000)))
    assert choose_rate(ticks, Fraction(1, 90000), [Fraction(90000), Fraction(2999, 100)]) == (30, False)


def test_a_pause_in_an_even_film_is_filled_at_its_own_rate() -> None:
    slots = np.array([i for i in range(300) if not 100 <= i < 140])
    assert choose_rate(rounded(slots / 25), MS, [Fraction(25), Fraction(86600, 4000)]) == (25, True)


def test_telecine_gets_the_rate_of_its_film() -> None:
    fields = np.cumsum([2, 3] * 1000) / (60000 / 1001)
    assert choose_rate(rounded(fields), MS, [Fraction(1000), Fraction(24)]) == (NTSC_FILM, False)


def test_free_times_get_a_grid_without_collisions_or_the_finest() -> None:
    gaps = np.random.default_rng(1).uniform(0.010, 0.050, 500)
    rate, variable = choose_rate(rounded(np.cumsum(gaps)), MS, [Fraction(1000)])
    assert variable and 60 <= rate <= 120
    gaps = np.random.default_rng(1).uniform(0.001, 0.050, 500)
    assert choose_rate(rounded(np.cumsum(gaps)), MS, [Fraction(1000)]) == (120, True)


@pytest.mark.parametrize(
    ("make_bad", "words"),
    [
        (lambda p: None, "no such file"),
        (lambda p: p.mkdir(), "no such file"),
        (lambda p: p.write_bytes(b""), "empty"),
        (lambda p: p.write_bytes(os.urandom(4000)), "not a film"),
        (lambda p: p.write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n"), "not a film"),
        (lambda p: make(p, *tone(), "-f", "mp4"), "no picture"),
        (lambda p: make(p, *pattern(), "-frames:v", 1, "-c:v", "png", "-f", "image2"), "a photo"),
    ],
    ids=["missing", "folder", "empty", "noise", "playlist", "sound only", "photo"],
)
def test_what_is_no_film_is_refused_with_its_name(tmp_path: Path, make_bad, words: str) -> None:
    path = tmp_path / "bad film.mp4"
    make_bad(path)
    with pytest.raises(InputError, match=words) as caught:
        probe_film(path)
    assert str(path) in str(caught.value)


def test_cover_art_is_no_film(tmp_path: Path) -> None:
    cover = make(tmp_path / "c.png", *pattern(), "-frames:v", 1)
    path = make(
        tmp_path / "song.m4a",
        *(*tone(), "-i", cover, "-map", 0, "-map", 1, "-c:v", "copy", "-disposition:v", "attached_pic"),
    )
    with pytest.raises(InputError, match="no picture"):
        probe_film(path)


def test_unreadable_file(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    path.write_bytes(b"x")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("the tests run as a user who may read everything")
    with pytest.raises(InputError, match="permissions"):
        probe_film(path)


def test_missing_ffmpeg_is_told_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make(tmp_path / "film.mp4", *pattern(0.2))
    monkeypatch.setenv("PATH", "")
    with pytest.raises(VideoError, match="apt install ffmpeg"):
        probe_film(path)


@pytest.mark.skipif(os.name == "nt", reason="there is no such shell")
@pytest.mark.parametrize(
    ("does", "words"), [("exec sleep 60", "read and wrote nothing for 0.4 s"), ("kill -9 $$", "SIGKILL")]
)
def test_a_hung_or_crashed_ffprobe_gives_no_rate(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str, words: str
) -> None:
    """Where the timestamps of the whole film are read."""
    fake = tmp_path / "ffprobe"
    fake.write_text(f"#!/bin/sh\n{does}\n")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(process, "SILENCE_S", 0.4)
    picture, container = {"index": 0, "time_base": "1/1000"}, {"format_name": "matroska,webm"}
    with pytest.raises(VideoError, match=f"film.mkv: its timestamps cannot be read.*{words}"):
        measure_rate(tmp_path / "film.mkv", picture, container, Fraction(0))


def test_a_stream_of_jpegs_is_a_film(tmp_path: Path) -> None:
    """Which ffmpeg takes for one photo if each is large."""
    source = make(
        tmp_path / "film.mjpeg", *pattern(1), "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-f", "mjpeg"
    )
    film = probe_film(source)
    assert (film.frame_count, film.rate, film.codec) == (25, 25, "mjpeg")
    assert len(read_all(film)) == 25


def test_the_wrong_python_package_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ffmpeg_commands, "ffmpeg", object())
    with pytest.raises(VideoError, match="pip install --force-reinstall ffmpeg-python"):
        ffmpeg_commands.find_program()


def test_missing_encoder_is_told() -> None:
    with pytest.raises(VideoError, match="no encoder libnope"):
        encoder_pix_fmts("libnope")


def test_a_turned_film_has_its_size_and_pixels_turned(tmp_path: Path) -> None:
    flat = make(
        tmp_path / "flat.mp4", *pattern(0.2, size="96x64"), "-vf", "setsar=4/3", "-pix_fmt", "yuv420p"
    )
    turned = make(tmp_path / "turned.mp4", "-i", flat, "-c", "copy", "-metadata:s:v", "rotate=90")
    film = probe_film(turned)
    assert (film.width, film.height, film.pixel_aspect) == (64, 96, Fraction(3, 4))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("pix_fmt", "depth", "sampling", "color_range"),
    [
        ("yuv420p", 8, "420", "tv"),
        ("yuv422p10le", 10, "422", "tv"),
        ("gray", 8, "420", "pc"),
        ("gray10le", 10, "420", "pc"),
        ("gbrp12le", 12, "420", "tv"),
        ("bgr0", 8, "420", "tv"),
        ("yuv410p", 8, "420", "tv"),
    ],
)
def test_pixel_formats(tmp_path: Path, pix_fmt: str, depth: int, sampling: str, color_range: str) -> None:
    film = probe_film(make(tmp_path / "f.mkv", *pattern(0.1), "-c:v", "ffv1", "-pix_fmt", pix_fmt))
    assert (film.pix_fmt, film.depth, film.sampling, film.colors.range) == (
        *(pix_fmt, depth, sampling, color_range),
    )
    assert film.colors.matrix == "bt709"
