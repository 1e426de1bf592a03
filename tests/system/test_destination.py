"""destination: files that the user names are written whole, or through what is there."""

import errno
import os
import socket
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from deoldify_lite.system.destination import (
    check_destination,
    descriptor_of,
    is_stdout,
    writing_to,
)
from deoldify_lite.system.files import atomic_path

posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such files")
linux = pytest.mark.skipif(sys.platform != "linux", reason="about /proc")


def write(path: Path, text: str = "all of it") -> None:
    check_destination(path)
    with writing_to(path) as part:
        part.write_text(text)


def test_a_regular_file_is_replaced_whole_or_not_at_all(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for text in ("first", "second"):
        write(path, text)
        assert path.read_text() == text
    with pytest.raises(KeyError), writing_to(path) as part:
        part.write_text("half")
        raise KeyError
    assert path.read_text() == "second" and list(tmp_path.iterdir()) == [path]


def test_a_file_that_stays_in_its_place_is_written_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that is mounted into a container, or in a folder that may not be written to."""

    def busy(*_: object) -> None:
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))

    path = tmp_path / "a.json"
    path.write_text("old and longer than the new one")
    monkeypatch.setattr(os, "replace", busy)
    write(path)
    assert path.read_text() == "all of it" and list(tmp_path.iterdir()) == [path]
    access = os.access
    monkeypatch.setattr(os, "access", lambda name, mode: Path(name) != tmp_path and access(name, mode))
    path.write_text("old")
    write(path)
    assert path.read_text() == "all of it" and list(tmp_path.iterdir()) == [path]
    with pytest.raises(PermissionError):
        check_destination(tmp_path / "new.json")


@posix
def test_links_are_written_through(tmp_path: Path) -> None:
    (tmp_path / "far").mkdir()
    (tmp_path / "far" / "file").write_text("old")
    (tmp_path / "a.json").symlink_to("b.json")
    (tmp_path / "b.json").symlink_to(tmp_path / "far" / "file")
    (tmp_path / "new.json").symlink_to("far/new")
    for name, target in (("a.json", "file"), ("new.json", "new")):
        write(tmp_path / name)
        assert (tmp_path / name).is_symlink() and (tmp_path / "b.json").is_symlink()
        assert (tmp_path / "far" / target).read_text() == "all of it"
    assert len(list((tmp_path / "far").iterdir())) == 2


@posix
def test_pipes_are_written_through(tmp_path: Path) -> None:
    pipe, got = tmp_path / "pipe.json", []
    os.mkfifo(pipe)
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    write(pipe)
    reader.join(20)
    assert got == ["all of it"] and stat.S_ISFIFO(pipe.lstat().st_mode)


@posix
def test_devices_are_written_through(tmp_path: Path) -> None:
    (tmp_path / "null.json").symlink_to(os.devnull)
    for path in (Path(os.devnull), tmp_path / "null.json"):
        write(path)
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode) and (tmp_path / "null.json").is_symlink()


@linux
def test_a_full_device_is_named() -> None:
    with pytest.raises(OSError, match="/dev/full"):
        write(Path("/dev/full"))


@linux
@pytest.mark.parametrize("name", ["-", "/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "link"])
def test_all_names_of_standard_output(tmp_path: Path, name: str) -> None:
    """Also where it is a file, which others write to meanwhile."""
    (tmp_path / "link").symlink_to("/dev/stdout")
    code = (
        "import sys; from pathlib import Path; from deoldify_lite.system.destination import writing_to\n"
        "print('before')\n"
        "with writing_to(Path(sys.argv[1])) as part: part.write_text('report\\n')\n"
        "print('after')"
    )
    with open(tmp_path / "out", "wb") as out:
        subprocess.run(
            [sys.executable, "-c", code, name],
            stdout=out,
            check=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
    assert (tmp_path / "out").read_text() == "before\nreport\nafter\n"


@linux
def test_descriptors_are_known_by_their_names(tmp_path: Path) -> None:
    assert is_stdout(Path("-")) and is_stdout(Path("/dev/stdout")) and not is_stdout(None)
    assert descriptor_of(Path("/dev/fd/63")) == 63
    for other in (tmp_path / "1", Path("/proc/1/fd/1"), Path("1"), Path("/dev/null")):
        assert descriptor_of(other) is None
    reading, writing = os.pipe()
    write(Path(f"/dev/fd/{writing}"))  # as for >(...) in bash
    os.close(writing)
    assert os.read(reading, 100) == b"all of it"
    os.close(reading)


@posix
def test_what_cannot_be_written_is_told_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "nowhere.json").symlink_to("none/a.json")
    (tmp_path / "loop.json").symlink_to("loop.json")
    (tmp_path / "folder.json").symlink_to("folder")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "socket"))
    names = ("folder", "folder.json", "nowhere.json", "none/a.json", "loop.json", "socket", "/dev/fd/250")
    for name in names:
        with pytest.raises(OSError):
            check_destination(tmp_path / name)


@posix
def test_no_result_replaces_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.png")
    with pytest.raises(FileExistsError), atomic_path(tmp_path / "x.png"):
        pytest.fail("the work began")
    assert stat.S_ISFIFO((tmp_path / "x.png").stat().st_mode)
