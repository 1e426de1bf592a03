"""Spoilt photos and films: each is done, or failed with a reason; none harms another, and nothing hangs.

`scripts/fuzz` does the same with thousands.
"""

import os
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from deoldify_lite import api
from deoldify_lite.errors import InputError
from deoldify_lite.film.probe import probe_film
from deoldify_lite.photo.io import pages_of, read_photo
from deoldify_lite.photo.photo import Photo
from helpers.commands import Command
from helpers.film_runs import run_film
from helpers.films import make
from helpers.mutations import MUTATIONS, bombs, spoil
from helpers.networks import Fixed
from helpers.originals import good_films, good_photos
from helpers.outcomes import complaints
from helpers.photos import good_files

# tifffile's errors in the log, and Pillow's warnings
pytestmark = [pytest.mark.logs_errors, pytest.mark.filterwarnings("ignore::UserWarning:PIL")]
PHOTOS, FILMS = 150, 12
ORIGINALS = good_photos()


def run(command: Command, kind: str, folder: Path, good: list[str]) -> list[str]:
    """Colorize a folder; returns what is wrong with the outcome."""
    out, report = folder.with_name("out"), folder.with_name("report.json")
    arguments = ("-o", out, "--render-factor", 4, "--device", "cpu", "--json", report)
    done = command(kind, folder, *arguments, "--quiet")
    assert done.returncode == 1 and "Traceback" not in done.stderr, done.stderr
    return list(complaints(report, folder, out, good))


@pytest.mark.slow
def test_a_folder_of_spoilt_photos(command: Command, tmp_path: Path) -> None:
    good = spoil(tmp_path / "photos", ORIGINALS, PHOTOS, np.random.default_rng(3))
    for name, data in bombs().items():
        (tmp_path / "photos" / f"bomb-{name}").write_bytes(data)
    assert run(command, "folder", tmp_path / "photos", good) == []


@pytest.mark.slow
def test_a_folder_of_spoilt_films(command: Command, tmp_path: Path) -> None:
    good = spoil(tmp_path / "films", good_films(tmp_path), FILMS, np.random.default_rng(3))
    assert run(command, "video", tmp_path / "films", good) == []


def test_a_film_that_claims_to_last_for_years(tmp_path: Path) -> None:
    """Twelve pictures, the last of which come ten million seconds later."""
    late = "setpts='if(lt(N,6),N,N+1e8)/10/TB'"
    picture = ("-f", "lavfi", "-i", "testsrc=s=64x48:r=10:d=1.2", "-vf", late, "-fps_mode", "passthrough")
    source = make(tmp_path / "years.mkv", *picture, "-c:v", "ffv1")
    item = run_film(source, tmp_path / "out" / "x.mkv", Fixed())
    assert item.status == "done" and item.frames == 12
    assert any("jumps by 2778 hours, 0.60 s after the first frame" in warning for warning in item.warnings)
    assert probe_film(tmp_path / "out" / "x.mkv").duration_s < 2


@pytest.mark.skipif(os.name == "nt", reason="there are no such pipes")
def test_films_that_have_no_end(tmp_path: Path) -> None:
    """Pipes and devices are none."""
    pipe = tmp_path / "pipe.mp4"
    os.mkfifo(pipe)
    for source in (pipe, Path("/dev/zero")):
        for task in (api.colorize_video, api.colorize_folder):
            with pytest.raises(InputError, match="no such file"):
                task(source, tmp_path / "out")
    with pytest.raises(InputError, match="holds no file"):
        api.colorize_video(tmp_path)


def read(folder: Path, name: str, data: bytes) -> Photo | None:
    """A photo, or None where the reader tells what is wrong with it; it may do nothing else."""
    path = folder / name
    path.write_bytes(data)
    pages, _ = pages_of(path)
    assert pages and all(type(number) is int for page in pages for number in page)
    try:
        photo = read_photo(path)
    except InputError as error:
        assert str(path) in str(error)
        return None
    height, width, channels = photo.rgb.shape
    assert height > 0 and width > 0 and channels == 3
    assert photo.rgb.dtype in (np.uint8, np.uint16)
    assert photo.alpha is None or photo.alpha.shape == (height, width)
    return photo


@pytest.mark.parametrize("name", bombs())
def test_bombs_are_refused_or_small(tmp_path: Path, name: str) -> None:
    photo = read(tmp_path, name, bombs()[name])
    assert photo is None or photo.rgb.size < 1000


reading = settings(
    max_examples=200,
    deadline=None,
    derandomize=True,  # the same in every run; the long one, scripts/fuzz, goes further
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@reading
@given(
    name=st.sampled_from(sorted(ORIGINALS)),
    ways=st.lists(st.sampled_from(MUTATIONS), min_size=1, max_size=3),
    seed=st.integers(0, 2**32),
)
def test_spoilt_photos_are_read_or_refused(tmp_path: Path, name: str, ways: list, seed: int) -> None:
    data, rng = bytearray(ORIGINALS[name]), np.random.default_rng(seed)
    for way in ways:
        data = way(data, rng)
    read(tmp_path, name, bytes(data))


@reading
@given(
    name=st.sampled_from(sorted(ORIGINALS)),
    place=st.integers(0, 700),
    number=st.integers(0, 2**32 - 1),
    order=st.sampled_from("<>"),
)
def test_headers_that_lie_are_read_or_refused(
    tmp_path: Path, name: str, place: int, number: int, order: str
) -> None:
    data = bytearray(ORIGINALS[name])
    place %= len(data) - 3
    data[place : place + 4] = struct.pack(f"{order}I", number)
    read(tmp_path, name, bytes(data))


@reading
@given(
    start=st.sampled_from([data[:length] for data in ORIGINALS.values() for length in (4, 16, 64)]),
    rest=st.binary(max_size=2000),
)
def test_what_only_begins_like_a_photo_is_refused_or_read(tmp_path: Path, start: bytes, rest: bytes) -> None:
    read(tmp_path, "x", start + rest)


@pytest.mark.parametrize("tag", [256, 257])
def test_a_tiff_with_two_widths_or_heights(tmp_path: Path, tag: int) -> None:
    """tifffile gives both, as a tuple."""
    data = bytearray(ORIGINALS["plain.tif"])
    place = data.index(struct.pack("<H", tag), 8) + 4
    data[place : place + 4] = struct.pack("<I", 2)
    read(tmp_path, "x.tif", bytes(data))


def test_every_length_of_a_photo(tmp_path: Path) -> None:
    """As downloads break off: in each place of a header, and in many of what follows."""
    for name, data in ORIGINALS.items():
        for length in {*range(0, min(150, len(data)), 3), *range(150, len(data), len(data) // 15)}:
            read(tmp_path, name, data[:length])
        assert read(tmp_path, name, data) is not None
    assert all(read_photo(path) for path in good_files(tmp_path))
