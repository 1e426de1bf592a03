"""One photo or film of a run: is it done, may its result be written, and the record of it."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deoldify_lite.errors import InputError
from deoldify_lite.run.hint_file import HintFile
from deoldify_lite.run.manifest import Manifest, fingerprint_of, fingerprint_of_frames, sizes_in
from deoldify_lite.run.sequences.frames import Frames
from deoldify_lite.sequence.names import Sequence as FrameFiles

if TYPE_CHECKING:  # with it come numpy and cv2, which `--help` need not wait for
    from deoldify_lite.run.key_files import KeyFolder
    from deoldify_lite.run.settings import Settings
    from deoldify_lite.run.shots.settings import SettledShots


@dataclass(frozen=True)
class Version:
    """A coloured version of a photo or film, which gives its colours."""

    path: Path
    digest: str  # of its content
    problem: str = ""  # why it cannot be used
    frames: Frames | None = None  # the sequence of files that `path` stands for


@dataclass(frozen=True)
class Task:
    """One photo or film and where its result goes."""

    source: Path
    output: Path
    manifest: Manifest
    comparison: Path | None = None  # file with before and after, side by side
    origin: str = ""  # URL of what `source` is a copy of
    hints: HintFile | None = None  # on its colours
    keys: "KeyFolder | None" = None  # frames of a film in colour
    shots: "SettledShots | None" = None  # of a film, by which it is rendered
    # Other names of a film's result: the first is for a film that does not fit into the container of
    # `output`; under all of them an earlier run may have left it.
    aliases: tuple[Path, ...] = ()
    layer: Path | None = None  # its colour as a layer, a result of its own beside `output`
    is_layer: bool = False  # `output` is the colour as a layer
    colors: Version | None = None  # what gives its colours, if not the network alone
    frames: Frames | None = None  # the sequence of files that `source` stands for, as reel/%07d.dpx
    result: FrameFiles | None = None  # names the files of the sequence that `output` stands for

    @property
    def files(self) -> tuple[Path, ...]:
        """All that is written for it, but for further pages."""
        return tuple(path for path in (self.output, self.comparison, self.layer) if path is not None)

    def of_layer(self) -> "Task":
        """The task of the layer beside the result."""
        assert self.layer is not None, "there is no layer"
        return replace(self, output=self.layer, comparison=None, aliases=(), layer=None, is_layer=True)


def check_output(task: Task, overwrite: bool) -> None:
    """Refuse to replace a file that no run of ours has made, or to write outside the folder of results.

    Raises:
        InputError: there is such a file and `overwrite` is off, or a link leads out of the folder.
    """
    manifest, comparison = task.manifest, task.comparison
    _check_inside(task)
    results = [path for path in (task.output, task.layer) if path is not None]
    foreign = [path for path in results if path.exists() and not manifest.is_ours(path)]
    if comparison is not None and comparison.exists() and not manifest.made(comparison):
        foreign.append(comparison)
    if foreign and not overwrite:
        raise InputError(
            f"{foreign[0]}: exists and is not a result of an earlier run: "
            "move it away, name another folder with -o, or allow --overwrite"
        )


def check_frames(
    task: Task, numbers: Iterable[int], wrote: Callable[[int, int], bool], overwrite: bool
) -> None:
    """`check_output` for a sequence.

    Args:
        task: with a result that is a sequence.
        numbers: of its frames.
        wrote: whether an unfinished run of ours has written a frame of so many bytes.
        overwrite: replace files that are not ours.

    Raises:
        InputError: as of `check_output`.
    """
    assert task.result is not None, "the result is not a sequence"
    _check_inside(task)
    there = sizes_in(task.result.folder)
    foreign = [
        number
        for number in numbers
        if (size := there.get(task.result.name(number))) is not None
        and not wrote(number, size)
        and not task.manifest.is_ours(task.result.path(number))
    ]
    if foreign and not overwrite:
        more = f" and {len(foreign) - 1} more frames exist and are" if len(foreign) > 1 else ": exists and is"
        raise InputError(
            f"{task.result.path(foreign[0])}{more} not a result of an earlier run: "
            "move them away, name another folder with -o, or allow --overwrite"
        )


def _check_inside(task: Task) -> None:
    manifest = task.manifest
    inside, folder = (os.path.realpath(path) for path in (task.output.parent, manifest.folder))
    if not Path(inside).is_relative_to(folder):
        raise InputError(
            f"{task.output.parent}: is or lies in a link that leads out of {manifest.folder}: "
            "remove the link, or name another folder with -o"
        )


def fingerprint(task: Task, settings: "Settings") -> str:
    """A hash that changes with source, settings, and the hints, key frames, shots and version there are.

    That of a layer changes only with what decides the colours.

    Raises:
        OSError: the source cannot be looked at.
    """
    given = {} if task.hints is None else {"hints": task.hints.digest}
    given |= {} if task.keys is None else {"keys": task.keys.digest}
    given |= {} if task.shots is None else {"shots": task.shots.digest}
    given |= {} if task.colors is None else {"colors": task.colors.digest}
    chosen = settings.of_layer() if task.is_layer else settings.as_dict()
    return fingerprint_with(task, chosen | given)


def fingerprint_with(task: Task, settings: dict[str, Any]) -> str:
    """A hash that changes with source and settings; errors as of `fingerprint`."""
    if task.frames is not None:
        return fingerprint_of_frames(task.frames.digest(), settings)
    return fingerprint_of(task.source, settings)


def find_done(task: Task, settings: "Settings") -> Path | None:
    """The very result that is asked for, if it exists already, whole, and so does its layer, if one is.

    Raises:
        OSError: the source cannot be looked at.
    """
    if task.layer is not None and find_done(task.of_layer(), settings) is None:
        return None
    if task.result is not None:
        is_done = task.manifest.has_frames(task.manifest.key(task.output), fingerprint(task, settings))
        return task.output if is_done else None
    names = [task.manifest.key(path) for path in (task.output, *task.aliases)]
    source = task.origin or str(task.source.absolute())
    name = task.manifest.find(names, fingerprint(task, settings), source)
    return None if name is None else task.manifest.folder / name
