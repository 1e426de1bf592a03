"""Warnings about a file that is being read or written: ours, and those of the libraries that do it.

Libraries warn through Python's `warnings` and through `logging`. Both are global, know no file, and say the
same thing only once a process unless told otherwise. Here they are collected, for each thread by itself.
OpenCV prints to stderr, where nobody can collect it: it is silent meanwhile.
"""

import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TextIO

# Takes a warning about the file that is being read or written, without its name.
Warn = Callable[[str], None]

# Who warns, where words of a library follow.
DECODER, ENCODER = "its decoder warns", "its encoder warns"
# Packages that log what they find wrong with a file.
_LOGGERS = ("PIL", "tifffile")
# For programmers, not for people with photos; Python does not show them by default, either.
_FOR_PROGRAMMERS = (DeprecationWarning, PendingDeprecationWarning, ImportWarning, ResourceWarning)
# OpenCV's lowest level.
_SILENT = 0

_here = threading.local()
_lock = threading.Lock()
_inside = 0
_before: dict[str, Any] = {}


@contextmanager
def collected_warnings(prefix: str) -> Iterator[list[str]]:
    """Yield a list for warnings about a file, to which those of libraries in this thread are added.

    Libraries print and log nothing meanwhile. While no thread is inside, filters, hooks and loggers are as
    the user set them.

    Args:
        prefix: who warns, before the words of a library.
    """
    collected: list[str] = []
    outer: Warn | None = getattr(_here, "warn", None)
    _here.warn = lambda text: collected.append(f"{prefix}: {' '.join(text.split())}")
    _enter()
    try:
        yield collected
    finally:
        _leave()
        _here.warn = outer


def _enter() -> None:
    global _inside
    with _lock:
        _inside += 1
        if _inside > 1:
            return
        _before["filters"], _before["show"] = warnings.filters[:], warnings.showwarning
        _before["loggers"] = {name: logging.getLogger(name).propagate for name in _LOGGERS}
        warnings.simplefilter("always")  # or the second photo with the same fault would pass for a good one
        warnings.showwarning = _show
        if "cv2" in sys.modules:
            _before["opencv"] = _opencv_log().getLogLevel()
            _opencv_log().setLogLevel(_SILENT)
        for name in _LOGGERS:
            logging.getLogger(name).addHandler(_handler)
            logging.getLogger(name).propagate = False


def _leave() -> None:
    global _inside
    with _lock:
        _inside -= 1
        if _inside:
            return
        warnings.filters[:] = _before["filters"]  # type: ignore[index]
        warnings.showwarning = _before["show"]
        if "opencv" in _before:
            _opencv_log().setLogLevel(_before["opencv"])
        for name, propagate in _before["loggers"].items():
            logging.getLogger(name).removeHandler(_handler)
            logging.getLogger(name).propagate = propagate
        _before.clear()


def _opencv_log() -> Any:
    """What sets how much OpenCV prints: a module of OpenCV 5, functions of `cv2` itself before."""
    opencv = sys.modules["cv2"]
    return getattr(opencv.utils, "logging", opencv)


def _show(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """See `warnings.showwarning`."""
    if issubclass(category, _FOR_PROGRAMMERS):
        return
    warn: Warn | None = getattr(_here, "warn", None)
    if warn is not None:
        warn(str(message))
    elif show := _before.get("show"):
        show(message, category, filename, lineno, file, line)


class _Handler(logging.Handler):
    """Hands warnings and errors of this thread on; all else goes where it would have gone."""

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler`."""
        warn: Warn | None = getattr(_here, "warn", None)
        if warn is not None and record.levelno >= logging.WARNING:
            warn(record.getMessage())
        else:
            logging.getLogger().handle(record)


_handler = _Handler()
