"""Names of frames: what users write, and what folders hold."""

from pathlib import Path

import pytest

from deoldify_lite.errors import InputError
from deoldify_lite.sequence.names import find_sequence, is_pattern, list_sequences


def touch(folder: Path, *names: str) -> None:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).touch()


@pytest.mark.parametrize(
    "written",
    ["", "%07d.dpx", "%d.dpx", "#######.dpx", "*.dpx", "[0086400-0086402].dpx", "0086401.dpx"],
)
def test_a_folder_a_pattern_and_a_frame_name_one_sequence(tmp_path: Path, written: str) -> None:
    touch(tmp_path, "0086400.dpx", "0086401.dpx", "0086402.dpx", "notes.txt", ".0086403.dpx")
    if written == "%d.dpx":  # says that numbers are not padded
        with pytest.raises(InputError, match="no numbered"):
            find_sequence(tmp_path / written)
        return
    found = find_sequence(tmp_path / written)
    assert [found.path(number).name for number in found.numbers()] == [
        "0086400.dpx",
        "0086401.dpx",
        "0086402.dpx",
    ]
    assert (found.digits, found.ranges, found.missing, len(found)) == (7, ((86400, 86402),), (), 3)
    assert found.pattern == tmp_path / "%07d.dpx"


def test_a_range_shows_gaps_at_its_ends(tmp_path: Path) -> None:
    touch(tmp_path, *(f"reel_{number:05}.tif" for number in (3, 4, 6)))
    found = find_sequence(tmp_path / "reel_[00001-00008].tif")
    assert found.missing == ((1, 2), (5, 5), (7, 8))
    assert find_sequence(tmp_path / "reel_[00003-00004].tif").missing == ()
    assert find_sequence(tmp_path).missing == ((5, 5),)
    with pytest.raises(InputError, match="ends before it begins"):
        find_sequence(tmp_path / "reel_[00009-00001].tif")


def test_numbers_without_padding(tmp_path: Path) -> None:
    touch(tmp_path, *(f"a{number}.exr" for number in range(8, 12)))
    for written in ("", "a%d.exr", "a*.exr", "a[8-11].exr"):
        found = find_sequence(tmp_path / written)
        assert (found.ranges, found.name(8), found.name(11)) == (((8, 11),), "a8.exr", "a11.exr")


def test_the_number_that_differs_counts_the_frames(tmp_path: Path) -> None:
    touch(tmp_path, *(f"reel2_{number:04}_4k.dpx" for number in range(3)))
    assert find_sequence(tmp_path).pattern.name == "reel2_%04d_4k.dpx"
    touch(tmp_path, *(f"reel3_{number:04}_4k.dpx" for number in range(3)))
    found = list_sequences(tmp_path)
    assert [one.pattern.name for one in found] == ["reel2_%04d_4k.dpx", "reel3_%04d_4k.dpx"]
    with pytest.raises(InputError, match=r"holds 2 sequences; name one of them: .*reel2_%04d"):
        find_sequence(tmp_path)


def test_numbers_outgrow_their_padding(tmp_path: Path) -> None:
    touch(tmp_path, "a_0998.png", "a_0999.png", "a_9999.png", "a_10000.png")
    assert find_sequence(tmp_path).ranges == ((998, 999), (9999, 10000))


def test_a_file_that_is_there_is_no_pattern(tmp_path: Path) -> None:
    touch(tmp_path, "scan[1-2].tif")
    assert not is_pattern(tmp_path / "scan[1-2].tif")
    assert is_pattern(tmp_path / "scan[1-3].tif")
    assert is_pattern(tmp_path / "reel_%07d.dpx") and not is_pattern(tmp_path / "100%.dpx")


def test_what_is_not_there(tmp_path: Path) -> None:
    touch(tmp_path, "photo.tif", "0001.jpg")
    for written in ("", "%04d.dpx", "photo.tif", "nowhere/%04d.dpx"):
        with pytest.raises(InputError, match=r"no numbered|cannot be listed"):
            find_sequence(tmp_path / written)


@pytest.mark.parametrize("suffix", [".jp2", ".J2K", ".j2c"])
def test_a_digit_of_a_suffix_is_no_number(tmp_path: Path, suffix: str) -> None:
    touch(tmp_path, f"reel_0001{suffix}", f"reel_0002{suffix}", f"reel{suffix}")
    found = find_sequence(tmp_path / f"reel_%04d{suffix}")
    assert (found.kind, found.ranges) == ("JPEG 2000", ((1, 2),))
    assert find_sequence(tmp_path) == found
