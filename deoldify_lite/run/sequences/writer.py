"""Write the frames of a sequence in colour, each a file of its own that has its name only when complete."""

import os
import tempfile
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.film.cut import Cut
from deoldify_lite.film.writer import segment_path
from deoldify_lite.run.frame_marks import FrameMark, mark_of, marks_in, write_marks
from deoldify_lite.run.manifest import sizes_in
from deoldify_lite.run.sequences.apart import FilmPictures
from deoldify_lite.run.sequences.footage import SequenceFilm
from deoldify_lite.run.sequences.given import GivenPictures
from deoldify_lite.run.sequences.journal import FrameJournal
from deoldify_lite.run.sequences.pictures import Picture, Pictures, files_of
from deoldify_lite.run.sequences.segment import FrameSegment
from deoldify_lite.sequence.frames import write
from deoldify_lite.sequence.layer import layer_of
from deoldify_lite.sequence.light import join
from deoldify_lite.sequence.names import Sequence as FrameFiles
from deoldify_lite.system.files import atomic_path


class FrameNames:
    """Gives frames their names, once they are complete and recorded.

    Args:
        result: names the files.
        journal: of the frames that are done.
        folder: where a frame grows, on the disk of the result.
    """

    def __init__(self, result: FrameFiles, journal: FrameJournal, folder: Path) -> None:
        self._result = result
        self._journal = journal
        self._folder = folder
        self._sizes = sizes_in(result.folder)
        self._lock = threading.Lock()

    def is_done(self, number: int) -> bool:
        """Whether a frame has its name, from an earlier run."""
        return self._journal.is_whole(number, self._sizes.get(self._result.name(number)))

    def give(self, number: int, mark: FrameMark) -> None:
        """Give a frame its name."""
        with self._lock:
            self._journal.add(number, mark)
        os.replace(part_of(self._result, self._folder, number), self._result.path(number))


def part_of(result: FrameFiles, folder: Path, number: int) -> Path:
    """The file of a frame that has not its name yet."""
    return folder / f"frame-{result.name(number)}"


class FileSegment(FrameSegment[tuple[int, FrameMark]]):
    """Frames as files. The file of the segment lists those that have not their names yet.

    Args:
        cut: of the source, from the segment's first frame on.
        pictures: of that.
        result: names the files.
        folder: where they grow.
        names: gives each its name at once; None: whoever takes the segment does.
        as_layers: each file is the colour of its frame as a layer.
    """

    def __init__(
        self,
        cut: Cut,
        pictures: Pictures,
        result: FrameFiles,
        folder: Path,
        names: FrameNames | None = None,
        *,
        as_layers: bool = False,
    ) -> None:
        handle, name = tempfile.mkstemp(suffix=".txt", prefix="part-", dir=folder)
        os.close(handle)
        super().__init__(cut, pictures, Path(name))
        self._result = result
        self._folder = folder
        self._names = names
        self._as_layers = as_layers
        self._marks: dict[int, FrameMark] = {}

    def _wants(self, number: int) -> bool:
        return self._names is None or not self._names.is_done(number)

    def _make(
        self, picture: Picture, number: int, chroma: NDArray[np.float32] | None
    ) -> tuple[int, FrameMark]:
        part = part_of(self._result, self._folder, number)
        warnings: tuple[str, ...]
        if self._as_layers:
            frame = picture.read()
            warnings = write(part, layer_of(frame if chroma is None else join(frame, chroma), part))
        elif chroma is None:
            warnings = picture.keep(part)
        else:
            warnings = write(part, join(picture.read(), chroma))
        mark = mark_of(part)
        self._tell(number, warnings)
        if self._names is not None:
            self._names.give(number, mark)
        return number, mark

    def _take(self, made: tuple[int, FrameMark]) -> None:
        number, mark = made
        if self._names is None:
            self._marks[number] = mark

    def _finish(self) -> None:
        write_marks(self.path, self._marks)


@dataclass(frozen=True)
class FileMaking:
    """How a worker makes frames as files: a `run.making.Making`."""

    result: FrameFiles
    may_keep: bool = True  # frames of a film may keep the colours that they have
    given: Cut | None = None  # of a version of a sequence, which gives all of it its colours
    as_layers: bool = False  # of the frames of a sequence: each file is its colour as a layer

    def open(self, cut: Cut, folder: Path, names: FrameNames | None = None) -> FileSegment:
        """See `run.making.Making`; here, `names` gives each frame its own at once."""
        pictures: Pictures
        if self.given is not None:
            pictures = GivenPictures(cut, self.given)
        elif isinstance(cut.film, SequenceFilm):
            pictures = files_of(cut)
        else:
            pictures = FilmPictures(cut, self.result, may_keep=self.may_keep)
        return FileSegment(cut, pictures, self.result, folder, names, as_layers=self.as_layers)


class FilesMaker:
    """A sequence in the making: a `run.making.Maker`.

    Frames that an earlier run has finished are left as they are.

    Args:
        making: how segments are made.
        journal: of the frames that are done.
        folder: of finished segments.
        deliver: takes the number of frames once they have their names.
    """

    def __init__(
        self,
        making: FileMaking,
        journal: FrameJournal,
        folder: Path,
        deliver: Callable[[int], None],
    ) -> None:
        self.making = making
        self._result = making.result
        self._folder = folder
        self._deliver = deliver
        self._journal = journal
        self._names: FrameNames | None = None

    def _naming(self) -> FrameNames:
        if self._names is None:
            self._result.folder.mkdir(parents=True, exist_ok=True)
            self._names = FrameNames(self._result, self._journal, self._folder)
        return self._names

    def open(self, cut: Cut) -> FileSegment:
        """See `run.making.Maker`."""
        return self.making.open(cut, self._folder, self._naming())

    def place(self, part: Path, number: int) -> Path:
        """See `run.making.Maker`. The files of a segment are the frames; a short text stands for them."""
        for frame, mark in marks_in(part).items():
            self._naming().give(frame, mark)
        path = segment_path(self._folder, number, part.suffix)
        with atomic_path(path) as whole:
            os.replace(part, whole)
        return path

    def finish(self, cut: Cut, segments: Sequence[tuple[Path, int]]) -> None:
        """See `run.making.Maker`."""
        self._deliver(sum(frames for _, frames in segments))
