"""film: of several pictures in a file, the one that is the film."""

from pathlib import Path

import pytest

from deoldify_lite.film.encoding import Encoding
from deoldify_lite.film.pictures import choose_picture
from deoldify_lite.film.probe import probe_film
from helpers.film_runs import run_film
from helpers.films import luma_hashes, make, pattern, run
from helpers.networks import Fixed

STILL = ("-c:v:0", "mjpeg", "-pix_fmt:v:0", "yuvj420p")
FILM = ("-c:v:1", "libx264", "-pix_fmt:v:1", "yuv420p")


def pictures(path: Path, *arguments: object, first_s: float = 1.0, seconds: float = 1.0) -> Path:
    """A small picture, and then a larger one that moves."""
    small = ("-f", "lavfi", "-i", f"color=gray:s=32x24:r=25:d={first_s}")
    return make(path, *small, *pattern(seconds), "-map", 0, "-map", 1, *arguments)


@pytest.mark.parametrize("suffix", [".mp4", ".mov", ".mkv", ".avi"])
def test_a_still_in_front_is_not_the_film(tmp_path: Path, suffix: str) -> None:
    source = pictures(tmp_path / f"a{suffix}", *STILL, *FILM, "-disposition:v:0", "default", first_s=0.04)
    film = probe_film(source)
    assert (film.index, film.width, film.frame_count) == (1, 96, 25)
    (note,) = film.notes
    assert "stream 0 (mjpeg, 32 x 24 px) is a" in note


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_thumbnails_in_front_are_not_the_film(tmp_path: Path, suffix: str) -> None:
    """One every second, along the whole film."""
    source = pictures(
        tmp_path / f"a{suffix}", *("-c:v:0", "mjpeg", "-pix_fmt:v:0", "yuvj420p", "-r:v:0", 2), *FILM
    )
    assert probe_film(source).index == 1


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_the_longer_of_two_films_is_taken(tmp_path: Path, suffix: str) -> None:
    source = pictures(tmp_path / f"a{suffix}", *FILM, "-c:v:0", "libx264", seconds=4)
    film = probe_film(source)
    assert film.index == 1 and "another picture" in film.notes[0]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_of_two_films_of_one_length_the_default_or_first_is_taken(tmp_path: Path, suffix: str) -> None:
    source = pictures(tmp_path / f"a{suffix}", *FILM, "-c:v:0", "libx264", "-disposition:v:0", "default")
    film = probe_film(source)
    assert film.index == 0 and "stream 1 (h264, 96 x 64 px) is another picture" in film.notes[0]


def test_where_nothing_is_known_a_photo_codec_is_art() -> None:
    art, film = {"index": 0, "codec_name": "png"}, {"index": 1, "codec_name": "h264"}
    assert choose_picture([art, film]) is film
    assert choose_picture([art]) is art


@pytest.mark.parametrize("suffix", [".mp4", ".mkv"])
def test_a_second_picture_is_told_of_and_its_remedy_works(tmp_path: Path, suffix: str) -> None:
    source = pictures(tmp_path / f"a{suffix}", *STILL, *FILM, first_s=0.04)
    item = run_film(source, tmp_path / f"out{suffix}", Fixed(), encoding=Encoding())
    assert (item.status, item.frames) == ("done", 25)
    (warning,) = (w for w in item.warnings if "stream 0" in w)
    remedy = warning.partition("own: ")[2].replace("FILM", "{film}").replace("OTHER.mkv", "{other}")
    other = tmp_path / "other.mkv"
    arguments = [part.format(film=source, other=other) for part in remedy.split(" ")]
    run(*arguments)
    assert len(luma_hashes(other)) == 1
