"""The watched folder: which of its files have stopped growing and are to be colorized."""

import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path

from deoldify_lite.system.files import find_media
from deoldify_lite.system.selection import EVERYTHING, LeftOut, Selection

log = logging.getLogger(__name__)

# Bytes, and time of the last change in nanoseconds.
State = tuple[int, int]

# A file that failed is tried again after so long, and after six times as long each further time.
RETRY_S, RETRY_FACTOR, RETRY_MOST_S = 600.0, 6.0, 86400.0


@dataclass
class _Entry:
    """What is known of a file; it is forgotten with the file, so that memory does not grow with time."""

    state: State
    since: float  # when it was first seen like this
    is_done: bool = False
    failures: int = 0
    again_at: float = 0.0


@dataclass
class Drop:
    """A folder and all folders in it."""

    folder: Path
    suffixes: Collection[str]
    skip: Path  # a folder inside that is left out
    settle_s: float  # a file that has not changed for so long has stopped growing
    selection: Selection = EVERYTHING
    _entries: dict[Path, _Entry] = field(default_factory=dict)
    _others: set[Path] = field(default_factory=set)  # that were told of

    def look(self, now: float) -> list[Path]:
        """Return the files to colorize, in natural order.

        Args:
            now: the present, by a clock that runs evenly.

        Raises:
            OSError: the folder cannot be listed.
        """
        entries: dict[Path, _Entry] = {}
        others = LeftOut()
        found = find_media(
            self.folder, self.suffixes, skip=self.skip, selection=self.selection, left_out=others
        )
        for path in others.files:
            if path not in self._others:
                log.info("%s: is not a photo or film of a known kind, and is left alone", path)
        self._others = set(others.files)
        for path in found:
            try:
                stat = path.stat()
            except OSError:  # gone meanwhile
                continue
            state = (stat.st_size, stat.st_mtime_ns)
            known = self._entries.get(path)
            entries[path] = known if known and known.state == state else _Entry(state, now)
        self._entries = entries
        return [
            path
            for path, entry in entries.items()
            if not entry.is_done and now - entry.since >= self.settle_s and now >= entry.again_at
        ]

    @property
    def are_growing(self) -> bool:
        """Whether there are files that may soon be ready."""
        return any(not entry.is_done and not entry.failures for entry in self._entries.values())

    def end(self, path: Path, now: float, *, failed: bool) -> None:
        """Take the outcome of a file: it is not done again in this state, or later if it failed."""
        entry = self._entries.get(path)
        if entry is None:
            return
        if not failed:
            entry.is_done = True
            return
        entry.again_at = now + min(RETRY_S * RETRY_FACTOR**entry.failures, RETRY_MOST_S)
        entry.failures += 1
