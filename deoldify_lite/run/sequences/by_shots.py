"""A sequence, or a film of one, that is rendered by a list of its shots.

What is kept of a piece of a sequence is a list of its frames, which lie where they belong. It is recorded
before they get their names there, so that a run knows which files are its own.
"""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from deoldify_lite.film.cut import Cut
from deoldify_lite.film.fit import Fit
from deoldify_lite.run.frame_marks import FrameMark, marks_in
from deoldify_lite.run.making import PieceMaker
from deoldify_lite.run.manifest import sizes_in
from deoldify_lite.run.sequences.footage import SequenceFilm
from deoldify_lite.run.sequences.master import MasterMaker, MasterMaking, making_of
from deoldify_lite.run.sequences.result import deliver_frames
from deoldify_lite.run.sequences.writer import FileMaking, part_of
from deoldify_lite.run.settings import FilmSettings
from deoldify_lite.run.shots.segments import folder_of
from deoldify_lite.run.task import Task
from deoldify_lite.system.files import Deliver


def maker_by_shots(
    task: Task, film: SequenceFilm | None, fit: Fit, settings: FilmSettings, given: str, deliver: Deliver
) -> PieceMaker | None:
    """Return what makes the pieces of a result that ffmpeg does not make alone; None if it does.

    Args:
        task: with a list of shots.
        film: its source, if that is a sequence.
        fit: what the result holds of it.
        settings: by which its fingerprint is made.
        given: that, when the work began.
        deliver: gives a film its name.
    """
    assert task.shots is not None, "there is no list"
    folder = folder_of(task.shots.path, task.output)
    if task.result is not None:

        def finish(cut: Cut, marks: dict[int, FrameMark]) -> None:
            deliver_frames(task, settings, given, cut, marks, fit.streams, folder)

        may_keep = not settings.recolor_all
        making = FileMaking(task.result, may_keep=may_keep, as_layers=task.is_layer)
        return FilesByShots(making, folder, finish)
    if film is None or task.frames is None:
        return None
    master = making_of(film, task.frames.sound, task.output, settings.encoding)
    return MasterByShots(master, MasterMaker(master, folder, fit.streams, deliver))


@dataclass(frozen=True)
class MasterByShots:
    """Makes a film of a sequence: a `run.making.PieceMaker`."""

    making: MasterMaking
    maker: MasterMaker

    def is_whole(self, path: Path) -> bool:
        """See `PieceMaker`."""
        return True

    def name(self, path: Path) -> None:
        """See `PieceMaker`."""

    def finish(self, cut: Cut, pieces: Sequence[tuple[Path, int]]) -> None:
        """See `PieceMaker`."""
        self.maker.finish(cut, pieces)


class FilesByShots:
    """Makes a sequence: a `run.making.PieceMaker`.

    Args:
        making: how segments are made.
        folder: of the pieces.
        deliver: takes the marks of all frames.
    """

    def __init__(
        self, making: FileMaking, folder: Path, deliver: Callable[[Cut, dict[int, FrameMark]], None]
    ) -> None:
        self.making = making
        self._folder = folder
        self._deliver = deliver
        self._sizes = sizes_in(making.result.folder)

    def is_whole(self, path: Path) -> bool:
        """See `PieceMaker`."""
        name = self.making.result.name
        return all(self._sizes.get(name(frame)) == mark.size for frame, mark in marks_in(path).items())

    def name(self, path: Path) -> None:
        """See `PieceMaker`."""
        result = self.making.result
        result.folder.mkdir(parents=True, exist_ok=True)
        for frame, mark in marks_in(path).items():
            os.replace(part_of(result, self._folder, frame), result.path(frame))
            self._sizes[result.name(frame)] = mark.size

    def finish(self, cut: Cut, pieces: Sequence[tuple[Path, int]]) -> None:
        """See `PieceMaker`."""
        self._deliver(cut, {number: mark for path, _ in pieces for number, mark in marks_in(path).items()})
