"""The frames of a source at full size, one after the other, for what is made of each."""

import shutil
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Protocol

from deoldify_lite.film.cut import Cut
from deoldify_lite.film.timecode import advance_timecode
from deoldify_lite.run.sequences.footage import SequenceFilm
from deoldify_lite.sequence.frame import Frame
from deoldify_lite.sequence.frames import at_place, read, write
from deoldify_lite.system.files import atomic_path

_COUNTING = (".dpx", ".exr")  # files whose headers count frames


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
    held: int = 0  # frames since the one that it is; that one has its own timecode
    rate: Fraction = Fraction(1)

    def read(self) -> Frame:
        """See `Picture`."""
        frame = read(self.path)
        if not self.held:
            return frame
        own = frame.facts.timecode
        timecode = own and advance_timecode(own, self.held, self.rate)
        if own and not timecode:
            frame = replace(frame, warnings=(*frame.warnings, f"is held, and keeps the timecode {own}"))
        return at_place(frame, timecode, self.held)

    def keep(self, part: Path) -> tuple[str, ...]:
        """Copy the file."""
        if self.held and self.path.suffix.lower() in _COUNTING:
            return write(part, self.read())
        with atomic_path(part) as copy:
            shutil.copyfile(self.path, copy)
        return ()


@dataclass(frozen=True)
class FilePictures:
    """The files of a sequence."""

    film: SequenceFilm

    def number(self, frame: int) -> int:
        """See `Pictures`."""
        return self.film.footage.number(frame)

    def take(self, frame: int) -> Picture:
        """See `Pictures`."""
        footage = self.film.footage
        return FilePicture(footage.path(frame), footage.held(frame), self.film.rate)

    def close(self) -> None:
        """See `Pictures`."""


def files_of(cut: Cut) -> FilePictures:
    """Return the files of a cut of a sequence."""
    assert isinstance(cut.film, SequenceFilm), "frames of others are read by ffmpeg"
    return FilePictures(cut.film)
