"""Which files of a folder are taken, and the count of the others."""

from pathlib import Path

import pytest

from deoldify_lite.system.files import find_media
from deoldify_lite.system.selection import LeftOut, Selection

BINS = ("@eaDir", "#recycle", "@Recycle", "$RECYCLE.BIN", "lost+found", "System Volume Information")


def touch(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).touch()


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("*.TIF", "1920/a.tif", True),
        ("thumbs", "1920/Thumbs/a.jpg", True),
        ("thumbs", "thumbs.jpg", False),
        ("thumbs/", "thumbs/a.jpg", True),
        ("1920/*", "1920/summer/a.jpg", True),
        ("/1920", "1920/a.jpg", True),
        ("1920/*", "scans/1920/a.jpg", False),
        ("**/1920/*", "scans/1920/a.jpg", True),
        ("**/1920/*", "1920/a.jpg", True),
        ("a[1].jpg", "a1.jpg", True),
        ("scan?", "scan7/a.jpg", True),
        ("caf\u00e9*", "Cafe\u0301 1920.jpg", True),
    ],
)
def test_patterns(pattern: str, name: str, matches: bool) -> None:
    assert Selection(include=(pattern,)).takes(name) == matches
    assert Selection(exclude=(pattern,)).takes(name) != matches


def test_what_is_excluded_is_not_included_again() -> None:
    selection = Selection(include=("*.tif", "*.png"), exclude=("bw*",))
    names = ("a.tif", "b.png", "c.jpg", "bw.tif", "BW 1920/a.png")
    assert [name for name in names if selection.takes(name)] == ["a.tif", "b.png"]


def test_folders_that_a_system_keeps_are_left_out(tmp_path: Path) -> None:
    touch(tmp_path, "a.jpg", "deep/b.jpg", "deep/@eaDir/b.jpg/SYNOFILE_THUMB_M.jpg", "recycled paper/c.jpg")
    touch(tmp_path, *(f"{name}/deeper/a.jpg" for name in BINS), ".Trashes/501/a.jpg")
    left_out = LeftOut()
    found = find_media(tmp_path, {".jpg"}, left_out=left_out)
    assert [path.relative_to(tmp_path).as_posix() for path in found] == [
        "a.jpg",
        "deep/b.jpg",
        "recycled paper/c.jpg",
    ]
    assert left_out.as_json() == {
        "files": {},
        "folders": {"@eaDir": 2} | dict.fromkeys(sorted(set(BINS) - {"@eaDir"}), 1),
    }
    assert "folders of the system left out: @eaDir 2" in str(left_out)
    # A folder that the user names is searched, whatever its name.
    assert len(find_media(tmp_path / "@Recycle", {".jpg"})) == 1


def test_files_of_other_kinds_are_counted(tmp_path: Path) -> None:
    touch(
        tmp_path, "a.jpg", "b.PSD", "deep/c.psd", "d.ai", "readme", ".hidden.ai", "Thumbs.db", "desktop.ini"
    )
    left_out = LeftOut()
    find_media(tmp_path, {".jpg"}, left_out=left_out)
    assert left_out.as_json() == {"files": {".psd": 2, "": 1, ".ai": 1}, "folders": {}}
    assert str(left_out) == "4 files of other kinds left out: .psd 2, without suffix 1, .ai 1"
    excluded = LeftOut()
    find_media(tmp_path, {".jpg"}, selection=Selection(exclude=("*.psd", "readme")), left_out=excluded)
    assert str(excluded) == "a file of another kind left out: .ai 1"
    assert str(LeftOut()) == ""


def test_many_kinds_are_told_in_one_line() -> None:
    left_out = LeftOut([Path(f"a.{number:03}") for number in range(200)])
    assert str(left_out).endswith(".007 1, others 192") and len(left_out.kinds) == 200
