"""Warnings of libraries, collected for the file at hand."""

import logging
import sys
import threading
import warnings
from types import SimpleNamespace

import pytest

from deoldify_lite.system.library_warnings import collected_warnings


def complain() -> None:
    """Warn and log in the ways of libraries, always from the same lines."""
    warnings.warn("Truncated\n  File Read", UserWarning, stacklevel=1)
    warnings.warn("old name", DeprecationWarning, stacklevel=1)
    logging.getLogger("PIL.TiffImagePlugin").warning("%d samples too many", 2)
    logging.getLogger("tifffile").warning("corrupted tag list")


def test_each_file_gets_its_warnings_and_nobody_else(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):  # Python itself would show the second one nothing
        with collected_warnings("its decoder warns") as found:
            found.append("ours")
            complain()
        assert found == [
            "ours",
            "its decoder warns: Truncated File Read",
            "its decoder warns: 2 samples too many",
            "its decoder warns: corrupted tag list",
        ]
    assert capfd.readouterr() == ("", "") and not caplog.records


def test_threads_do_not_mix() -> None:
    inside, found = threading.Barrier(2, timeout=10), {}

    def work(name: str) -> None:
        with collected_warnings(name) as collected:
            inside.wait()
            complain()
            inside.wait()
        found[name] = collected

    threads = [threading.Thread(target=work, args=(name,)) for name in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(len(found[name]) == 3 and all(text.startswith(name) for text in found[name]) for name in "ab")


def test_others_see_what_they_would_have_seen(caplog: pytest.LogCaptureFixture) -> None:
    filters, show = warnings.filters[:], warnings.showwarning
    seen: list[str] = []

    def work() -> None:
        with collected_warnings("a"), collected_warnings("b"):
            other = threading.Thread(target=complain)
            other.start()
            other.join()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(warnings, "showwarning", lambda message, *_: seen.append(str(message)))
        work()
    assert seen == ["Truncated\n  File Read"]
    assert [record.getMessage() for record in caplog.records] == ["2 samples too many", "corrupted tag list"]
    assert warnings.filters[:] == filters and warnings.showwarning is show
    assert logging.getLogger("PIL").propagate and not logging.getLogger("PIL").handlers


@pytest.mark.parametrize("version", [4, 5])
def test_opencv_is_silent_meanwhile(version: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Version 4 has its log among its own functions, version 5 in a module."""
    levels = [3]
    log = {"getLogLevel": lambda: levels[-1], "setLogLevel": levels.append}
    utils = SimpleNamespace(logging=SimpleNamespace(**log)) if version == 5 else SimpleNamespace()
    opencv = SimpleNamespace(utils=utils, **({} if version == 5 else log))
    monkeypatch.setitem(sys.modules, "cv2", opencv)
    with collected_warnings("a"):
        assert levels == [3, 0]
    assert levels == [3, 0, 3]
