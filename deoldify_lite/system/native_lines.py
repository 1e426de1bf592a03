"""Lines that libraries in C print to standard error, such as those of libtiff and OpenCV.

They name no file, and often nothing else tells that a picture is damaged. Here they are caught while a file
is read. That needs a process whose own messages go another way, so only a program asks for it.
"""

import os
import re
import sys
import tempfile
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_STDERR = 2
# What OpenCV puts before its words: level, thread, time, file, line and function.
_OPENCV_PREFIX = re.compile(r"^\[ *[A-Z]+:\d+@[\d.]+\] (global )?(\S+:\d+ \S+ )?")

_turn = threading.Condition()
_caught = -1  # descriptor of the file that takes the lines; -1 while none are caught
_real = -1  # of standard error as it was
_working: list["_Work"] = []
_someone_alone = False


class _Work:
    """One piece of work at a time in a thread, and whether another one overlapped it."""

    def __init__(self, *, alone: bool) -> None:
        self.alone = alone
        self.began = 0
        self.overlapped = False


def catch_lines() -> None:
    """Have `with_lines` catch lines from now on. What Python itself writes must not go to descriptor 2."""
    global _caught, _real
    if _caught < 0:
        _real = os.dup(_STDERR)
        _caught = _new_file()


def with_lines(work: Callable[[], T]) -> tuple[T, list[str]]:
    """Do work that may be done twice, and return its result and the lines that it printed.

    The lines of all threads come on one stream. If there are some and other work overlapped, the work is done
    once more, alone: files at which a library complains are rare. If `work` raises, its lines are dropped.

    Returns:
        The result, and at most one text; none if lines are not caught.
    """
    if _caught < 0:
        return work(), []
    result, lines, is_certain = _caught_work(work, alone=False)
    if not is_certain:
        del result
        result, lines, _ = _caught_work(work, alone=True)
    return result, lines


def _new_file() -> int:
    if sys.platform == "linux":
        return os.memfd_create("lines")  # needs no folder that may be written to
    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _caught_work(work: Callable[[], T], *, alone: bool) -> tuple[T, list[str], bool]:
    """Return the result, its lines, and whether they are of no other work."""
    mine = _begin(alone=alone)
    try:
        result = work()
        printed = os.pread(_caught, 1 << 20, mine.began)
        return result, _in_short(printed), not (printed and mine.overlapped)
    finally:
        _end(mine)


def _begin(*, alone: bool) -> _Work:
    global _someone_alone
    mine = _Work(alone=alone)
    with _turn:
        _turn.wait_for(lambda: not _someone_alone)
        _someone_alone = alone  # before the others have ended, or new ones would keep this one waiting
        try:
            _turn.wait_for(lambda: not (alone and _working))
        except BaseException:  # an interrupt
            _someone_alone = False
            raise
        if not _working:
            os.dup2(_caught, _STDERR)
        for other in _working:
            other.overlapped = mine.overlapped = True
        mine.began = os.lseek(_caught, 0, os.SEEK_END)
        _working.append(mine)
    return mine


def _end(mine: _Work) -> None:
    global _someone_alone
    with _turn:
        _working.remove(mine)
        if mine.alone:
            _someone_alone = False
        if not _working:
            os.dup2(_real, _STDERR)
            os.ftruncate(_caught, 0)
            os.lseek(_caught, 0, os.SEEK_SET)
        _turn.notify_all()


def _in_short(printed: bytes) -> list[str]:
    """Return the first line, and how many there are: libtiff has one for each row of a damaged fax."""
    text = printed.decode(errors="replace")
    lines = list(dict.fromkeys(_OPENCV_PREFIX.sub("", line).strip() for line in text.splitlines()))
    lines = [line for line in lines if line]
    if len(lines) > 1:
        return [f"{lines[0]} (the first of {len(lines)} lines)"]
    return lines
