"""What happens in a run, as a line of JSON for each event, for programs: `--progress json`.

docs/progress.schema.json describes the lines. What takes something away, or gives it another meaning, gets
another VERSION.
"""

import argparse
import json
import logging
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from deoldify_lite.cli.pipes.ends import READER_LEFT
from deoldify_lite.errors import OptionError
from deoldify_lite.run.items import Item, item_as_json
from deoldify_lite.storage.url import Place
from deoldify_lite.system.selection import LeftOut
from deoldify_lite.version import __version__

VERSION = 1
# Frames of a film are told of at most so often, but for the last.
LEAST_S = 0.2
_STDERR = 2


def progress_form(text: str) -> str:
    """Parse the form in which progress is told.

    Raises:
        argparse.ArgumentTypeError: there is no such form, or nothing open under its number.
    """
    form, colon, number = text.partition(":")
    if text in ("bar", "json"):
        return text
    if form != "json" or not colon or not number.isdecimal():
        raise argparse.ArgumentTypeError(f"{text}: choose bar, json, or json:N for the file descriptor N")
    try:
        os.fstat(int(number))
    except OSError as error:
        raise argparse.ArgumentTypeError(
            f"{text}: no file is open as {number}: open one, as the shell does with {number}> FILE"
        ) from error
    return text


class Events:
    """Writes events; a reader that leaves stops no run."""

    def __init__(self, form: str) -> None:
        """Prepare.

        Args:
            form: as of `progress_form`; with `bar`, nothing is written.
        """
        self.are_wanted = form != "bar"
        self.take_log = form == "json"
        """Whether log lines are events, too, as they go the same way."""
        self._number = int(form.partition(":")[2] or _STDERR)
        self._began = time.monotonic()
        self._told: dict[Place, float] = {}  # when each film was last told of
        self._items = 0

    def started(self, inputs: list[Any], out: object) -> None:
        """Tell that a run begins."""
        self._write(
            "started",
            version=VERSION,
            program=__version__,
            inputs=list(map(str, inputs)),
            out=None if out is None else str(out),
        )

    def frames(self, film: Place, done: int, expected: int | None) -> None:
        """Tell of frames of a film; not of each."""
        now = time.monotonic()
        if now - self._told.get(film, 0.0) >= LEAST_S or done == expected:
            self._told[film] = now
            self._write("frames", source=str(film), done=done, expected=expected)

    def item(self, item: Item, total: int) -> None:
        """Tell of the outcome of a photo or film, each of its warnings first."""
        for warning in item.warnings:
            self._write("warning", source=str(item.source), text=warning)
        self._items += 1
        self._write("item", number=self._items, total=total, **item_as_json(item))

    def done(self, items: list[Item], left_out: LeftOut, exit_code: int, error: str) -> None:
        """Tell that a run has ended.

        Args:
            items: of the run.
            left_out: what it found beside them.
            exit_code: of the program.
            error: that ended it before its time; '' for none.
        """
        self._write(
            "done",
            exit_code=exit_code,
            error=error,
            counts=dict(Counter(item.status for item in items)),
            warned=sum(bool(item.warnings) for item in items),
            left_out=left_out.as_json(),
        )

    def take_over_log(self) -> None:
        """Make events of log lines from now on, if they go the same way. `log_form_kept` ends it."""
        if self.take_log:
            for handler in logging.getLogger().handlers:
                handler.setFormatter(_LogEvents(self))

    def line(self, event: str, **fields: Any) -> str:
        """Return an event as a line."""
        after_s = round(time.monotonic() - self._began, 3)
        return json.dumps({"event": event, "seconds_since_start": after_s, **fields})

    def _write(self, event: str, **fields: Any) -> None:
        if not self.are_wanted:
            return
        text = self.line(event, **fields) + "\n"
        try:
            if self._number == _STDERR:
                sys.stderr.write(text)
                sys.stderr.flush()
            else:
                data = memoryview(text.encode())
                while data:
                    data = data[os.write(self._number, data) :]
        except OSError:
            self.are_wanted = False


class _LogEvents(logging.Formatter):
    def __init__(self, events: Events) -> None:
        super().__init__()
        self._events = events

    def format(self, record: logging.LogRecord) -> str:
        return self._events.line("log", level=record.levelname.lower(), text=super().format(record))


@contextmanager
def log_form_kept() -> Iterator[None]:
    """Give log lines the form again that they had, at the end of a command."""
    before = [(handler, handler.formatter) for handler in logging.getLogger().handlers]
    try:
        yield
    finally:
        for handler, formatter in before:
            handler.setFormatter(formatter)


def exit_code_of(error: BaseException) -> int:
    """Return the exit code of a program that an error ends."""
    if isinstance(error, KeyboardInterrupt):
        return 130
    if isinstance(error, BrokenPipeError):
        return READER_LEFT
    return 2 if isinstance(error, OptionError) else 1
