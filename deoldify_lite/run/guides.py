"""Hints and key frames of the user, given to the photos and films that they are for."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from deoldify_lite.errors import OptionError
from deoldify_lite.run.hint_file import find_hints, read_hints
from deoldify_lite.run.key_files import find_keys, read_keys
from deoldify_lite.run.task import Task


def with_hints(tasks: Sequence[Task], path: Path, *, film: bool) -> list[Task]:
    """Give tasks their hints: those of a file to a single one, or of a folder to each that has some in it.

    Raises:
        OptionError: there are no hints, one is wrong, or one file is for several tasks.
        InputError: hints cannot be read.
    """
    if path.is_file() and len(tasks) > 1:
        raise OptionError(
            f"{path}: hints in one file are for one source, and there are {len(tasks)}: "
            "name a folder with a file of hints for each"
        )
    hinted = []
    for task in tasks:
        deeper = task.output.parent.relative_to(task.manifest.folder)
        found = find_hints(path, deeper / task.source.name)
        hinted.append(replace(task, hints=None if found is None else read_hints(found, film=film)))
    if not any(task.hints for task in hinted):
        raise OptionError(f"{path}: holds no hints for any source; for a.jpg, name them a.jpg.hints.csv")
    return hinted


def with_keys(tasks: Sequence[Task], path: Path) -> list[Task]:
    """Give films their key frames: a folder of pictures for a single one, or of such folders.

    Raises:
        OptionError: there are no key frames for any film, or a picture's name is neither a frame nor a time.
        InputError: a picture cannot be read.
    """
    folders = find_keys(path, [task.source for task in tasks])
    return [
        task if folder is None else replace(task, keys=read_keys(folder))
        for task, folder in zip(tasks, folders, strict=True)
    ]
