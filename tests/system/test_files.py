"""files: found in a sensible order, hashed, and never left half written."""

import hashlib
import os
import stat
import sys
from pathlib import Path

import pytest

from deoldify_lite.photo.kinds import PHOTO_SUFFIXES
from deoldify_lite.system.files import atomic_path, clear_parts, find_media, natural_key, sha256_of

linux = pytest.mark.skipif(sys.platform != "linux", reason="about names, pipes or permissions on Linux")


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


def found(folder: Path, **options: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in find_media(folder, PHOTO_SUFFIXES, **options)]


def test_media_is_found_below_in_natural_order(tmp_path: Path) -> None:
    touch(tmp_path, "photo10.jpg", "photo2.JPG", "Photo1.png", "10/a.tif", "2/b/c.webp", "notes.txt", "noext")
    assert found(tmp_path) == ["2/b/c.webp", "10/a.tif", "Photo1.png", "photo2.JPG", "photo10.jpg"]


def test_order_of_names_that_differ_in_case_is_fixed(tmp_path: Path) -> None:
    touch(tmp_path, "b.jpg", "B.jpg", "a.jpg", "A.jpg", "01.jpg", "1.jpg")
    assert found(tmp_path)[:2] == ["01.jpg", "1.jpg"]
    if (tmp_path / "b.jpg").samefile(tmp_path / "B.jpg"):
        pytest.skip("the file system knows no case")
    assert found(tmp_path)[2:] == ["A.jpg", "a.jpg", "B.jpg", "b.jpg"]


def test_natural_key_of_digits_of_all_kinds() -> None:
    names = ["a²", "a٣", "a12", "a", "12", "é9", "é10", ""]
    assert sorted(names, key=natural_key)[0] == ""
    assert sorted(["x10y2", "x10y10", "x9"], key=natural_key) == ["x9", "x10y2", "x10y10"]


def test_hidden_and_skipped_folders_are_left_out(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", ".b.jpg", ".hidden/c.jpg", "._a.jpg", "results/a.jpg", "more/results/d.jpg")
    assert found(tmp_path, skip=tmp_path / "more" / ".." / "results") == ["a.jpg", "more/results/d.jpg"]
    assert "results/a.jpg" in found(tmp_path)


def test_unfinished_results_are_not_found(tmp_path: Path) -> None:
    with atomic_path(tmp_path / "a.jpg") as part:
        assert part.exists() and found(tmp_path) == []
    assert found(tmp_path) == ["a.jpg"]


@linux
def test_links_loops_and_pipes(tmp_path: Path) -> None:
    touch(tmp_path, "real/a.jpg")
    (tmp_path / "real" / "loop").symlink_to(tmp_path)
    (tmp_path / "link.jpg").symlink_to(tmp_path / "real" / "a.jpg")
    (tmp_path / "broken.jpg").symlink_to(tmp_path / "nothing")
    os.mkfifo(tmp_path / "pipe.jpg")
    assert found(tmp_path) == ["link.jpg", "real/a.jpg"]


@linux
def test_names_that_are_not_utf8(tmp_path: Path) -> None:
    name = os.fsdecode(b"Gro\xdfmutter 2.jpg")
    touch(tmp_path, name, "A 1.jpg")
    assert found(tmp_path) == ["A 1.jpg", name]
    with atomic_path(tmp_path / "out" / name) as part:
        part.write_bytes(b"x")
    assert (tmp_path / "out" / name).read_bytes() == b"x"


def test_a_missing_folder_is_an_error_not_an_empty_list(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        find_media(tmp_path / "none", PHOTO_SUFFIXES)


def test_a_closed_folder_inside_is_left_out_aloud(tmp_path: Path, monkeypatch, caplog) -> None:
    touch(tmp_path, "a.jpg", "closed/b.jpg")
    scandir = os.scandir

    def refuse(path: str) -> object:
        if os.path.basename(path) == "closed":
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)  # root may open any folder
    assert found(tmp_path) == ["a.jpg"]
    assert "closed" in caplog.text and "left out" in caplog.text


@pytest.mark.parametrize("size", [0, 1, (1 << 20) + 1])
def test_sha256(tmp_path: Path, size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    (tmp_path / "a").write_bytes(data[:size])
    assert sha256_of(tmp_path / "a") == hashlib.sha256(data[:size]).hexdigest()


def test_result_replaces_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "new" / "folder" / "a.tif"
    for content in (b"first", b"second"):
        with atomic_path(target) as part:
            assert part.parent == target.parent and part.suffix == ".tif" and part.name.startswith(".")
            part.write_bytes(content)
        assert target.read_bytes() == content
    assert [p.name for p in target.parent.iterdir()] == ["a.tif"]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_crash_leaves_the_old_file_and_nothing_else(tmp_path: Path, error: type[BaseException]) -> None:
    (tmp_path / "a.png").write_bytes(b"old")
    with pytest.raises(error), atomic_path(tmp_path / "a.png") as part:
        part.write_bytes(b"half")
        raise error
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]
    assert (tmp_path / "a.png").read_bytes() == b"old"


def test_a_part_that_vanished_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), atomic_path(tmp_path / "a.png") as part:
        part.unlink()
    assert not list(tmp_path.iterdir())


@linux
@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o027, 0o640), (0o002, 0o664)])
def test_results_have_the_permissions_of_new_files(tmp_path: Path, umask: int, mode: int) -> None:
    before = os.umask(umask)
    try:
        with atomic_path(tmp_path / "a.png"):
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a.png").stat().st_mode) == mode


@linux
@pytest.mark.parametrize("letter", ["n", "ß", "写", "🎞"])
def test_names_may_be_as_long_as_the_system_allows(tmp_path: Path, letter: str) -> None:
    name = letter * (251 // len(letter.encode())) + ".png"
    with atomic_path(tmp_path / name) as part:
        part.write_bytes(b"x")
    assert [p.name for p in tmp_path.iterdir()] == [name]


def test_name_too_long_fails_without_a_trace(tmp_path: Path) -> None:
    with pytest.raises(OSError), atomic_path(tmp_path / ("n" * 300 + ".png")):
        pass
    assert not list(tmp_path.iterdir())


def test_a_folder_in_the_way_is_told_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "a.png").mkdir()
    with pytest.raises(IsADirectoryError), atomic_path(tmp_path / "a.png"):
        pytest.fail("the work began")
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


@linux
def test_a_link_is_replaced_not_followed(tmp_path: Path) -> None:
    (tmp_path / "source.png").write_bytes(b"source")
    (tmp_path / "a.png").symlink_to(tmp_path / "source.png")
    with atomic_path(tmp_path / "a.png") as part:
        part.write_bytes(b"result")
    assert (tmp_path / "source.png").read_bytes() == b"source"
    assert not (tmp_path / "a.png").is_symlink()


def test_what_killed_runs_left_is_cleared_and_nothing_else(tmp_path: Path) -> None:
    names = [
        ".a.0123abcd.part.jpg",
        ".a.0123abcd.part.png",
        ".b.0123abcd.part.jpg",
        ".a.0123abcd.jpg",
        "a.jpg",
    ]
    for name in names:
        (tmp_path / name).write_text("")
    clear_parts([tmp_path / "a.jpg", tmp_path / "none" / "x.jpg"])
    assert {path.name for path in tmp_path.iterdir()} == set(names[1:])
