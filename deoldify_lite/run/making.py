"""A result in the making: its segments, each made here or in a worker, and the whole that they become.

The picture of a film that ffmpeg reads is made by `film.writer` and `film.segment`. This is the seam for all
other results.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.film.cut import Cut
from deoldify_lite.run.frame_marks import ranges_of


class Segment(Protocol):
    """Frames of a result that follow each other, in the making. It must be ended by `end` or `stop`."""

    @property
    def path(self) -> Path:
        """Its file; whole after `end`."""

    @property
    def told(self) -> Mapping[str, Sequence[int]]:
        """Warnings, each with the numbers of its frames; complete after `end`."""

    def write(self, chroma: NDArray[np.floating[Any]], luma: NDArray[np.uint8] | None = None) -> None:
        """Give the next frame its colour; arguments as of `film.writer.ChromaWriter.write`."""

    def keep(self) -> None:
        """Let the next frame keep the colours that it has."""

    def end(self) -> int:
        """Finish the file; return how many frames there are in it."""

    def stop(self) -> None:
        """Stop, and remove the file unless somebody has taken it."""


class Making(Protocol):
    """How segments are made. It travels to workers."""

    def open(self, cut: Cut, folder: Path) -> Segment:
        """Start a segment.

        Args:
            cut: of the source, from the segment's first frame on.
            folder: where its file grows.
        """


class Maker(Protocol):
    """What makes a result, where the run is."""

    @property
    def making(self) -> Making:
        """How a worker makes its segments."""

    def open(self, cut: Cut) -> Segment:
        """Start a segment here; arguments as of `Making.open`."""

    def place(self, part: Path, number: int) -> Path:
        """Give a finished segment its name.

        Args:
            part: its file.
            number: of the segment, from 0 on.

        Returns:
            Its file in the folder of segments, safe on the disk.
        """

    def finish(self, cut: Cut, segments: Sequence[tuple[Path, int]]) -> None:
        """Make the result of its segments, and give it its name.

        Args:
            cut: the part of the source that was colorized.
            segments: all of them, each with its frames.
        """


class PieceMaker(Protocol):
    """What makes a result by a list of shots, whose pieces are kept from run to run."""

    @property
    def making(self) -> Making:
        """How pieces are made; each as a segment."""

    def is_whole(self, path: Path) -> bool:
        """Whether all is there that the file of a kept piece stands for."""

    def name(self, path: Path) -> None:
        """Give what a piece stands for its name; called once the piece is recorded."""

    def finish(self, cut: Cut, pieces: Sequence[tuple[Path, int]]) -> None:
        """Make the result, as `Maker.finish`."""


class SegmentWriter(AbstractContextManager["SegmentWriter"]):
    """What writes a result here, segment after segment, as a `film.writer.ColorSink`.

    Args:
        maker: of the result.
        cut: the part of the source that is colorized.
        segments: those that are finished, and the frames in each.
    """

    warnings: tuple[str, ...]

    def __init__(self, maker: Maker, cut: Cut, segments: Sequence[tuple[Path, int]]) -> None:
        self._maker = maker
        self._cut = cut
        self._segments = list(segments)
        self._told: dict[str, list[int]] = {}
        self._stack = ExitStack()
        self._present: Segment | None = None
        self._made = 0  # frames of this run
        self.warnings = ()

    def __enter__(self) -> "SegmentWriter":
        with ExitStack() as stack:
            stack.callback(self._stop)
            self._begin()
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._stack:
            if kind is None:
                self._finish()
                self.warnings = warnings_of(self._told, self._made)
                self._maker.finish(self._cut, self._segments)

    def write(self, chroma: NDArray[np.floating[Any]], luma: NDArray[np.uint8] | None = None) -> None:
        """See `Segment`."""
        self._now().write(chroma, luma)
        self._made += 1

    def keep(self) -> None:
        """See `Segment`."""
        self._now().keep()
        self._made += 1

    def end_segment(self) -> Path:
        """See `film.writer.ColorSink`."""
        self._finish()
        self._begin()
        return self._segments[-1][0]

    def _now(self) -> Segment:
        assert self._present is not None, "use the writer in a with block"
        return self._present

    def _begin(self) -> None:
        done = sum(frames for _, frames in self._segments)
        self._present = self._maker.open(replace(self._cut, first=self._cut.first + done))

    def _finish(self) -> None:
        segment = self._now()
        frames = segment.end()
        self._segments.append((self._maker.place(segment.path, len(self._segments)), frames))
        add_told(self._told, segment.told)

    def _stop(self) -> None:
        if self._present is not None:
            self._present.stop()


def add_told(told: dict[str, list[int]], more: Mapping[str, Sequence[int]]) -> None:
    """Add the warnings of a segment to those before."""
    for text, numbers in more.items():
        told.setdefault(text, []).extend(numbers)


def warnings_of(told: Mapping[str, Sequence[int]], frames: int) -> tuple[str, ...]:
    """Return warnings about frames, each with their numbers by range unless it is about all of them.

    Args:
        told: the warnings, and the numbers of the frames.
        frames: how many there are.
    """
    return tuple(
        text if len(numbers) == frames else f"frames {ranges_of(sorted(numbers))}: {text}"
        for text, numbers in told.items()
    )
