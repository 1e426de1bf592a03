"""Names of key frames, and what may be wrong with them."""

from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from deoldify_lite.errors import OptionError
from deoldify_lite.film.probe import Film, probe_film
from deoldify_lite.run.key_files import find_keys, read_keys
from helpers.films import make, pattern


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Film:
    return probe_film(make(tmp_path_factory.mktemp("film") / "clip.mkv", *pattern(6), "-c:v", "ffv1"))


def keys(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for i, name in enumerate(names):
        Image.new("RGB", (8, 8), (200, i, 0)).save(folder / name)
    return folder


@pytest.mark.parametrize(
    ("name", "frame"),
    [
        ("frame-000123.png", 123),
        ("frame-0.jpg", 0),
        ("shot-0007_frame-000034.png", 34),
        ("clip frame_12.webp", 12),
        ("00-00-02-03.png", 53),
        ("00_00_02.500.png", 63),  # 62.5, the nearest
        ("00-00-04.png", 100),
    ],
)
def test_names_stand_for_frames(film: Film, tmp_path: Path, name: str, frame: int) -> None:
    assert read_keys(keys(tmp_path, name)).frames(film) == {frame: tmp_path / name}


@pytest.mark.parametrize(
    ("start", "rate", "name", "frame"),
    [
        ("01:00:00:00", 25, "01-00-02-03.png", 53),
        ("01:00:00:20", 25, "01-00-01-05.png", 10),
        ("00:00:59;00", 30, "00-01-00-02.png", 30),  # drop-frame: 00 and 01 of this minute are skipped
    ],
)
def test_timecode_counts_from_that_of_the_film(
    film: Film, tmp_path: Path, start: str, rate: int, name: str, frame: int
) -> None:
    timed = replace(film, timecode=start, rate=film.rate * rate / 25)
    assert list(read_keys(keys(tmp_path, name)).frames(timed)) == [frame]


def test_frames_come_in_order_and_other_files_do_not_count(film: Film, tmp_path: Path) -> None:
    keys(tmp_path, "frame-10.png", "frame-9.png", ".frame-3.png")
    (tmp_path / "shots.csv").write_text("shot\n")
    assert list(read_keys(tmp_path).frames(film)) == [9, 10]


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["frame-5.png", "frame-005.jpg"], "frame-5.png: is for frame 5, and so is frame-005.jpg"),
        (["frame-5.png", "00-00-00-05.png"], "is for frame 5, and so is 00-00-00-05.png"),
        (["frame-150.png"], "frame-150.png: is for frame 150, and .*clip.mkv has frames 0 to 149"),
        (["portrait.png"], "portrait.png: which frame is it for"),
        ([], "holds no key frame"),
    ],
)
def test_what_is_wrong_is_named(film: Film, tmp_path: Path, names: list[str], says: str) -> None:
    with pytest.raises(OptionError, match=says):
        read_keys(keys(tmp_path, *names)).frames(film)


def test_the_digest_is_of_names_and_content(tmp_path: Path) -> None:
    one = read_keys(keys(tmp_path / "one", "frame-1.png")).digest
    assert read_keys(keys(tmp_path / "same", "frame-1.png")).digest == one
    assert read_keys(keys(tmp_path / "named", "frame-2.png")).digest != one
    assert read_keys(keys(tmp_path / "more", "frame-0.png", "frame-1.png")).digest != one


def test_each_film_has_a_folder_of_its_own(tmp_path: Path) -> None:
    whole = keys(tmp_path / "keys", "frame-1.png")
    a, b, c = Path("a.mp4"), Path("b.mkv"), Path("c.mov")
    assert find_keys(whole, [a]) == [whole]
    keys(whole / "a", "frame-1.png")
    keys(whole / "b.mkv", "frame-1.png")
    assert find_keys(whole, [a, b, c]) == [whole / "a", whole / "b.mkv", None]
    assert find_keys(whole, [a]) == [whole / "a"]
    with pytest.raises(OptionError, match="no folder of key frames for any"):
        find_keys(whole, [c, Path("d.mp4")])
    with pytest.raises(OptionError, match="no such folder"):
        find_keys(tmp_path / "nowhere", [a])
