"""A segment whose frames are made here at full size: some at once, by workers, and taken in order."""

import threading
from abc import ABC, abstractmethod
from collections import deque
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.film.cut import Cut
from deoldify_lite.run.sequences.pictures import Picture, Pictures
from deoldify_lite.system.threads import Pending, Workers

T = TypeVar("T")

# Frames that are made at once. Each takes the memory of one at full size, some times over.
MADE_AT_ONCE = 3
# Different warnings about frames that are kept; more say no more.
_MOST_WARNINGS = 20


class FrameSegment(ABC, Generic[T]):
    """A `run.making.Segment` of frames at full size.

    T is what a worker makes of a frame. It starts at once.

    Args:
        cut: of the source, from the segment's first frame on.
        pictures: of that; are closed with the segment.
        path: the segment's file.

    Raises (later):
        InputError, OSError, VideoError: a frame cannot be read or written.
    """

    def __init__(self, cut: Cut, pictures: Pictures, path: Path) -> None:
        self.path = path
        self.told: dict[str, list[int]] = {}
        self._next = self._first = cut.first
        self._pictures = pictures
        self._pending: deque[Pending[T]] = deque()
        self._lock = threading.Lock()
        self._is_open = True
        self._workers = Workers(MADE_AT_ONCE, name="making frames")

    def write(self, chroma: NDArray[np.floating[Any]], luma: NDArray[np.uint8] | None = None) -> None:
        """See `run.making.Segment`."""
        self._start(np.array(chroma, np.float32))

    def keep(self) -> None:
        """See `run.making.Segment`."""
        self._start(None)

    def end(self) -> int:
        """See `run.making.Segment`."""
        while self._pending:
            self._take(self._pending.popleft().result())
        self._close()
        self._finish()
        return self._next - self._first

    def stop(self) -> None:
        """See `run.making.Segment`."""
        self._close()
        self.path.unlink(missing_ok=True)

    def _start(self, chroma: NDArray[np.float32] | None) -> None:
        while len(self._pending) >= 2 * MADE_AT_ONCE:
            self._take(self._pending.popleft().result())
        picture, number = self._pictures.take(self._next), self._pictures.number(self._next)
        self._next += 1
        if self._wants(number):
            self._pending.append(self._workers.submit(partial(self._make, picture, number, chroma)))

    def _close(self) -> None:
        if self._is_open:
            self._is_open = False
            self._workers.__exit__()
            self._pictures.close()

    def _tell(self, number: int, warnings: tuple[str, ...]) -> None:
        with self._lock:
            for text in warnings:
                if text in self.told or len(self.told) < _MOST_WARNINGS:
                    self.told.setdefault(text, []).append(number)

    def _wants(self, number: int) -> bool:
        """Whether a frame is still to be made."""
        return True

    @abstractmethod
    def _make(self, picture: Picture, number: int, chroma: NDArray[np.float32] | None) -> T:
        """Make a frame, in a worker; without chroma it keeps the colours that it has."""

    @abstractmethod
    def _take(self, made: T) -> None:
        """Take a frame that is made; called in order."""

    @abstractmethod
    def _finish(self) -> None:
        """Make the file whole."""
