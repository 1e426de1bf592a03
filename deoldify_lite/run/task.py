"""One photo or film of a run: whether it is done, whether it may be written, and its record."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deoldify_lite.errors import InputError
from deoldify_lite.run.hint_file import HintFile
from deoldify_lite.run.manifest import Manifest, fingerprint_of

if TYPE_CHECKING:  # with it come numpy and cv2, which `--help` need not wait for
    from deoldify_lite.run.settings import Settings


@dataclass(frozen=True)
class Task:
    """One photo or film and where its result goes."""

    source: Path
    output: Path
    manifest: Manifest
    comparison: Path | None = None  # where before and after go, side by side
    origin: str = ""  # URL of what `source` is a copy of
    hints: HintFile | None = None  # on its colours
    # Other names of a film's result: the first is for a film that does not fit into the container of
    # `output`; under all of them an earlier run may have left it.
    aliases: tuple[Path, ...] = ()


def check_output(task: Task, overwrite: bool) -> None:
    """Refuse to replace a file that no run of ours has made, and to write outside of the folder of results.

    Raises:
        InputError: `overwrite` is off and there is such a file, or a link leads away from the folder.
    """
    manifest, comparison = task.manifest, task.comparison
    inside, folder = (os.path.realpath(path) for path in (task.output.parent, manifest.folder))
    if not Path(inside).is_relative_to(folder):
        raise InputError(
            f"{task.output.parent}: is or lies in a link that leads out of {manifest.folder}: "
            "remove the link, or name another folder with -o"
        )
    foreign = [task.output] if task.output.exists() and not manifest.is_ours(task.output) else []
    if comparison is not None and comparison.exists() and not manifest.made(comparison):
        foreign.append(comparison)
    if foreign and not overwrite:
        raise InputError(
            f"{foreign[0]}: exists and is not a result of an earlier run: "
            "move it away, name another folder with -o, or allow --overwrite"
        )


def fingerprint(task: Task, settings: "Settings") -> str:
    """What changes with the source, the settings, and the hints, where there are any.

    Raises:
        OSError: the source cannot be looked at.
    """
    hints = {} if task.hints is None else {"hints": task.hints.digest}
    return fingerprint_of(task.source, settings.as_dict() | hints)


def find_done(task: Task, settings: "Settings") -> Path | None:
    """The very result that is asked for, if it exists already, whole.

    Raises:
        OSError: the source cannot be looked at.
    """
    names = [task.manifest.key(path) for path in (task.output, *task.aliases)]
    source = task.origin or str(task.source.absolute())
    name = task.manifest.find(names, fingerprint(task, settings), source)
    return None if name is None else task.manifest.folder / name


def record(
    task: Task,
    settings: "Settings",
    render_factor: int,
    extras: Sequence[Path] = (),
    *,
    part: Path | None = None,
) -> None:
    """Record that a result stands, and how it was really rendered.

    With `part`, the file that is about to become the result, it is recorded just before. Should we be killed
    between the two, nothing under the result's name has its size, and it is rendered again; recorded after,
    the result would stand and be taken for a file of the user's.

    If memory sufficed only for a smaller render factor, the next run finds that something else was asked
    for, and tries again.

    Raises:
        OSError: it cannot be recorded; the result is removed then, for the next run would take it for a
            file of the user's.
    """
    try:
        task.manifest.add(
            task.output,
            fingerprint(task, settings.with_render_factor(render_factor)),
            extras,
            source=task.origin or task.source,
            part=part,
        )
    except OSError:
        (part or task.output).unlink(missing_ok=True)
        raise
