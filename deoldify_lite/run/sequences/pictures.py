"""The frames of a source at full size, one after the other, for what is made of each."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from deoldify_lite.film.cut import Cut
from deoldify_lite.run.sequences.footage import Footage, SequenceFilm
from deoldify_lite.sequence.frame import Frame
from deoldify_lite.sequence.frames import read
from deoldify_lite.system.files import atomic_path


class Picture(Protocol):
    """A frame that a worker reads, in a thread of its own."""

    def read(self) -> Frame:
        """The frame as it is to be coloured."""

    def keep(self, part: Path) -> tuple[str, ...]:
        """Write the frame with the colours that it has, and return warnings."""


class Pictures(Protocol):
    """The frames of a source; to be closed."""

    def number(self, frame: int) -> int:
        """The number that the file of a frame has; frames count from 0."""

    def take(self, frame: int) -> Picture:
        """The picture of a frame; to be called once for each, in order."""

    def close(self) -> None:
        """Take no more."""


@dataclass(frozen=True)
class FilePicture:
    """A frame that is a file."""

    path: Path

    def read(self) -> Frame:
        """See `Picture`."""
        return read(self.path)

    def keep(self, part: Path) -> tuple[str, ...]:
        """Copy the file."""
        with atomic_path(part) as copy:
            shutil.copyfile(self.path, copy)
        return ()


@dataclass(frozen=True)
class FilePictures:
    """The files of a sequence."""

    footage: Footage

    def number(self, frame: int) -> int:
        """See `Pictures`."""
        return self.footage.number(frame)

    def take(self, frame: int) -> Picture:
        """See `Pictures`."""
        return FilePicture(self.footage.path(frame))

    def close(self) -> None:
        """See `Pictures`."""


def files_of(cut: Cut) -> FilePictures:
    """Return the files of a cut of a sequence."""
    assert isinstance(cut.film, SequenceFilm), "frames of others are read by ffmpeg"
    return FilePictures(cut.film.footage)
