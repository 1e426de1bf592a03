"""The frames of a sequence in the making, each recorded before it gets its name.

The record lies in the hidden folder of what is unfinished, a line for each frame. So a run that was stopped,
however that came, knows which files are its own, and which of them are whole.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from deoldify_lite.run.frame_marks import DIGITS, FrameMark
from deoldify_lite.run.unfinished import FRAMES_NAME


class FrameJournal:
    """The frames that runs have finished of one sequence.

    Args:
        folder: the hidden folder.
        fingerprint: of source, settings and program. Frames of another one are ours, and are made anew.
    """

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self._path = folder / FRAMES_NAME
        self._fingerprint = fingerprint
        self._marks: dict[int, FrameMark] = {}  # of this fingerprint
        self._sizes: dict[int, tuple[int, ...]] = {}  # of all that was ever written
        text = ""
        if self._path.is_file() and not self._path.is_symlink():
            text = self._path.read_text(encoding="utf-8", errors="replace")
        # A line that a crash cut off must not swallow the next one.
        self._torn = bool(text) and not text.endswith("\n")
        for line in text.split("\n"):
            parts = line.split("\t")
            if len(parts) == 4 and parts[0].isdecimal() and parts[1].isdecimal() and len(parts[2]) == DIGITS:
                number, mark = int(parts[0]), FrameMark(int(parts[1]), parts[2])
                self._remember(number, mark.size)
                if parts[3] == fingerprint:
                    self._marks[number] = mark

    def wrote(self, number: int, size: int) -> bool:
        """Whether a file of so many bytes, with the name of a frame, is a run's own."""
        return size in self._sizes.get(number, ())

    def is_whole(self, number: int, size: int | None) -> bool:
        """Whether the frame that is asked for is done, if its file has so many bytes."""
        mark = self._marks.get(number)
        return mark is not None and mark.size == size

    def marks(self, numbers: Iterable[int]) -> dict[int, FrameMark]:
        """The marks of frames, all of which are done."""
        return {number: self._marks[number] for number in numbers}

    def add(self, number: int, mark: FrameMark) -> None:
        """Record a frame that is about to get its name; durably.

        Raises:
            OSError: it could not be written.
        """
        line = f"{number}\t{mark.size}\t{mark.digest}\t{self._fingerprint}\n"
        if self._torn:
            line = "\n" + line
        self._torn = True  # should the disk be full in the middle of it
        with open(self._path, "a", encoding="utf-8") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        self._torn = False
        self._marks[number] = mark
        self._remember(number, mark.size)

    def _remember(self, number: int, size: int) -> None:
        sizes = self._sizes.get(number, ())
        if size not in sizes:
            self._sizes[number] = (*sizes, size)
