"""Write the frames of a sequence in colour, each a file of its own that has its name only when complete."""

import os
import shutil
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.film.cut import Cut
from deoldify_lite.run.frame_marks import FrameMark, mark_of, ranges_of
from deoldify_lite.run.manifest import sizes_in
from deoldify_lite.run.sequences.footage import SequenceFilm
from deoldify_lite.run.sequences.journal import FrameJournal
from deoldify_lite.sequence.frames import read, write
from deoldify_lite.sequence.light import join
from deoldify_lite.sequence.names import Sequence
from deoldify_lite.sequence.ranges import numbers_of
from deoldify_lite.system.files import atomic_path
from deoldify_lite.system.threads import Pending, Workers

# Frames that are made at once. Each takes the memory of one at full size, some times over.
MADE_AT_ONCE = 3
# Different warnings about frames that are kept; more say no more.
_MOST_WARNINGS = 20


class SequenceWriter:
    """A sequence in colour, as a `film.writer.ColorSink`.

    Frames that an earlier run has finished are left as they are.

    Raises (later):
        InputError, OSError: a frame cannot be read or written.
    """

    warnings: tuple[str, ...]

    def __init__(
        self,
        cut: Cut,
        result: Sequence,
        journal: FrameJournal,
        folder: Path,
        *,
        done: int,
        segments: int,
        deliver: Callable[[dict[int, FrameMark]], None],
    ) -> None:
        """Prepare; nothing is written.

        Args:
            cut: the part of a `SequenceFilm` that is colorized.
            result: names the files.
            journal: of the frames that are done.
            folder: where a frame grows, on the disk of the result.
            done: frames of the cut that are in finished segments.
            segments: finished ones.
            deliver: takes the marks of all frames once they have their names.
        """
        film = cut.film
        assert isinstance(film, SequenceFilm), "frames of others are written by ffmpeg"
        self._footage = film.footage
        self._cut = cut
        self._result = result
        self._journal = journal
        self._folder = folder
        self._next = cut.first + done
        self._segments = segments
        self._deliver = deliver
        self._sizes: dict[str, int] = {}
        self._lock = threading.Lock()
        self._workers: Workers | None = None
        self._pending: deque[Pending[None]] = deque()
        self._told: dict[str, list[int]] = {}
        self.warnings = ()

    def __enter__(self) -> "SequenceWriter":
        self._result.folder.mkdir(parents=True, exist_ok=True)
        self._sizes = sizes_in(self._result.folder)
        self._workers = Workers(MADE_AT_ONCE, name="making frames")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._workers is not None, "it was entered"
        try:
            if kind is None:
                self._finish()
        finally:
            self._workers.__exit__(kind, error, trace)
        if kind is None:
            numbers = numbers_of(self._footage.numbers(self._cut.first, self._next))
            self._deliver(self._journal.marks(numbers))

    def write(self, chroma: NDArray[np.floating[Any]], luma: NDArray[np.uint8] | None = None) -> None:
        """Give the next frame its colour; arguments as of `film.writer.ChromaWriter.write`."""
        self._start(np.array(chroma, np.float32))

    def keep(self) -> None:
        """Let the next frame be as it is: its file is copied."""
        self._start(None)

    def end_segment(self) -> Path:
        """Wait until all frames up to now have their names; see `film.writer.ColorSink`."""
        self._finish()
        # The files of a segment are the frames; this stands for them.
        path = self._folder / f"segment-{self._segments:05}.txt"
        with atomic_path(path) as part:
            part.write_text(f"up to frame {self._footage.number(self._next - 1)}\n")
        self._segments += 1
        return path

    def _start(self, chroma: NDArray[np.float32] | None) -> None:
        assert self._workers is not None, "use the writer in a with block"
        frame = self._next
        self._next += 1
        number = self._footage.number(frame)
        if self._journal.is_whole(number, self._sizes.get(self._result.name(number))):
            return
        while len(self._pending) >= 2 * MADE_AT_ONCE:
            self._pending.popleft().result()
        source = self._footage.path(frame)
        self._pending.append(self._workers.submit(partial(self._make, source, number, chroma)))

    def _finish(self) -> None:
        while self._pending:
            self._pending.popleft().result()
        every = self._next - self._cut.first
        self.warnings = tuple(
            text if len(numbers) == every else f"frames {ranges_of(numbers)}: {text}"
            for text, numbers in self._told.items()
        )

    def _make(self, source: Path, number: int, chroma: NDArray[np.float32] | None) -> None:
        """Make a frame and give it its name; in a worker."""
        target = self._result.path(number)
        part = self._folder / f"frame-{target.name}"
        warnings: tuple[str, ...] = ()
        if chroma is None:
            with atomic_path(part) as copy:
                shutil.copyfile(source, copy)
        else:
            frame = join(read(source), chroma)
            warnings = (*frame.warnings, *write(part, replace(frame, warnings=())))
        mark = mark_of(part)
        with self._lock:
            self._journal.add(number, mark)
            for text in warnings:
                if text in self._told or len(self._told) < _MOST_WARNINGS:
                    self._told.setdefault(text, []).append(number)
        os.replace(part, target)
