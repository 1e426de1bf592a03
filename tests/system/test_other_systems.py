"""What differs between systems, with each of them simulated."""

import errno
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from deoldify_lite.cli import streams
from deoldify_lite.cli.notice import words_of
from deoldify_lite.errors import OptionError
from deoldify_lite.storage.names import why_unsafe
from deoldify_lite.system import cache, console, files, programs, signals

System = Callable[[str], None]


@pytest.fixture
def system(monkeypatch: pytest.MonkeyPatch) -> System:
    def pretend(name: str) -> None:
        monkeypatch.setattr(sys, "platform", name)
        if name == "win32":
            monkeypatch.setattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0x200, raising=False)
            monkeypatch.delattr(os, "getuid", raising=False)

    return pretend


@pytest.fixture
def same_handlers() -> Iterator[None]:
    kept = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for name, handler in kept.items():
        signal.signal(name, handler)


def test_ffmpeg_is_kept_from_the_terminals_interrupt(system: System) -> None:
    assert programs.own_group() == {"start_new_session": True}
    system("win32")
    assert programs.own_group() == {"creationflags": 0x200}


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [
        ("linux", 0, ""),
        ("linux", 1, ""),
        ("linux", -9, "SIGKILL"),
        ("darwin", -11, "SIGSEGV"),
        ("linux", -200, "200"),
        ("win32", 1, ""),
        ("win32", 0xC0000005, "0XC0000005"),
        ("win32", -1073741819, "0XC0000005"),
    ],
)
def test_what_ended_a_program(system: System, name: str, code: int, said: str) -> None:
    system(name)
    assert programs.how_it_broke(code) == said


def test_command_lines_with_paths_of_each_system(system: System) -> None:
    assert programs.split_command(r"say 'it is' done\!") == ["say", "it is", "done!"]
    system("win32")
    assert programs.split_command(r'"C:\Program Files\tell.exe" -t done C:\new') == [
        r"C:\Program Files\tell.exe",
        *("-t", "done", r"C:\new"),
    ]
    with pytest.raises(OptionError, match="close the quotes"):
        words_of('"open')


def test_workers_fork_on_linux_alone(system: System) -> None:
    assert [system(name) or programs.start_method() for name in ("linux", "darwin", "win32")] == [
        *("fork", None, None),
    ]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a.jpg", ""),
        ("what?.jpg", "letters"),
        ("12:30.jpg", "letters"),
        ("dot.", "letters"),
        ("space ", "letters"),
        ("CON", "device"),
        ("nul.jpg", "device"),
        ("com1.tar.gz", "device"),
        ("console.jpg", ""),
        ("album/aux.png", "device"),
    ],
)
def test_names_that_windows_takes(system: System, name: str, why: str) -> None:
    assert why_unsafe(name) == ""
    system("win32")
    assert (why in why_unsafe(name)) and bool(why_unsafe(name)) == bool(why)


def test_folders_of_killed_servers_are_this_users(
    system: System, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert files.is_mine(tmp_path)
    monkeypatch.setattr(os, "getuid", lambda: tmp_path.stat().st_uid + 1)
    assert not files.is_mine(tmp_path)
    system("win32")
    assert files.is_mine(tmp_path)


def test_names_of_files_on_a_console_of_each_system(system: System) -> None:
    error = UnicodeEncodeError("cp1252", "a\udcff\u0431", 1, 2, "none")
    assert streams._encode_name(error) == (b"\xff", 2)
    system("win32")
    assert streams._encode_name(error) == ("\\udcff", 2)
    assert not console.takes_bytes()


def test_a_reader_that_has_left(system: System) -> None:
    assert console.has_no_reader(BrokenPipeError(errno.EPIPE, ""))
    assert not console.has_no_reader(OSError(errno.EINVAL, ""))
    system("win32")
    assert console.has_no_reader(OSError(errno.EINVAL, ""))
    assert not console.has_no_reader(OSError(errno.ENOSPC, ""))


@pytest.mark.parametrize(
    ("name", "variable", "below"),
    [
        ("linux", "XDG_CACHE_HOME", ".cache"),
        ("darwin", "XDG_CACHE_HOME", "Library/Caches"),
        ("win32", "LOCALAPPDATA", "AppData/Local"),
    ],
)
def test_the_cache_lies_where_each_system_wants_it(
    system: System, monkeypatch: pytest.MonkeyPatch, name: str, variable: str, below: str
) -> None:
    system(name)
    monkeypatch.setenv(variable, "/elsewhere")
    assert cache.user_cache() == Path("/elsewhere/deoldify_lite")
    monkeypatch.delenv(variable)
    assert cache.user_cache() == Path.home() / below / "deoldify_lite"


def test_signals_that_end_a_run_are_those_that_a_system_has(
    monkeypatch: pytest.MonkeyPatch, same_handlers: None
) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as nohup does
    signals.end_as_on_interrupt()
    assert signal.getsignal(signal.SIGTERM) is signal.default_int_handler
    assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    monkeypatch.delattr(signal, "SIGHUP")  # as on Windows
    monkeypatch.setattr(signal, "SIGBREAK", signal.SIGUSR1, raising=False)
    kept = signal.getsignal(signal.SIGUSR1)
    try:
        signals.end_as_on_interrupt()
        assert signal.getsignal(signal.SIGUSR1) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGUSR1, kept)


def test_handlers_stay_those_of_this_process(same_handlers: None) -> None:
    before = signal.getsignal(signal.SIGTERM)
    with signals.own_handlers():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    assert signal.getsignal(signal.SIGTERM) is before
    signals.ignore_interrupts()
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    failures: list[BaseException] = []

    def elsewhere() -> None:
        try:
            with signals.own_handlers():
                signals.end_as_on_interrupt()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert not failures  # only the main thread may set handlers
