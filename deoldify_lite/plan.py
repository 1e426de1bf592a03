"""What goes where: the result of every photo or film of a run has a name before any work begins."""

import errno
import logging
import os
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, ClassVar, Protocol

from deoldify_lite.errors import DeoldifyError, InputError, OptionError
from deoldify_lite.files import find_media
from deoldify_lite.hints import HintFile, find_hints, read_hints
from deoldify_lite.manifest import NAME as MANIFEST_NAME
from deoldify_lite.manifest import Manifest, fingerprint_of
from deoldify_lite.report import Item

log = logging.getLogger(__name__)

# What to do about it when the system refuses, whoever tells us so.
_REMEDIES = {
    errno.ENOSPC: "make room on that disk, or name a folder on another one with -o; the same command goes on",
    errno.EDQUOT: "make room there, or name a folder on another disk with -o; the same command goes on",
    errno.EFBIG: "name a folder on a disk that holds larger files with -o",
    errno.EROFS: "name a folder that may be written to with -o",
    errno.EACCES: "check its permissions, or name another folder with -o",
    errno.EPERM: "check its permissions, or name another folder with -o",
    errno.ENOENT: "it was there before: check its disk and its name, and run the same command again",
    errno.EIO: "its disk may be failing: copy what is on it, and try another one",
}


@dataclass(frozen=True)
class Task:
    """One photo or film and where its result goes."""

    source: Path
    output: Path
    manifest: Manifest
    comparison: Path | None = None  # where before and after go, side by side
    origin: str = ""  # URL of what `source` is a copy of
    hints: HintFile | None = None  # on its colours


def plan(
    inputs: Sequence[Path],
    out: Path | None,
    *,
    suffixes: Collection[str],
    suffix_of: Callable[[Path], str],
    compare: bool = False,
) -> list[Task]:
    """Where the result of each path or film goes.

    A folder is mirrored in `out`, or in a new folder NAME-colorized beside it; the result of a single file
    is `out` itself, if that has a fitting suffix, or NAME-colorized beside the file. With several inputs
    each folder gets one of its own name in `out`.

    Args:
        inputs: files and folders.
        out: what the user named for the results, if anything.
        suffixes: of the files to look for in folders, lower case, with the dot.
        suffix_of: the suffix of the result for a source.
        compare: also name a comparison for each.

    Raises:
        InputError: an input does not exist, or a folder holds nothing to do.
        OptionError: `out` does not fit the inputs.
    """
    if out is not None and len(inputs) > 1 and (out.is_file() or out.suffix.lower() in suffixes):
        raise OptionError(f"{out}: one file for {len(inputs)} inputs: name a folder with -o")
    manifests: dict[Path, Manifest] = {}
    tasks: list[Task] = []
    for source in inputs:
        if source.is_dir():
            root, pairs = _plan_folder(source, out, len(inputs) > 1, suffixes, suffix_of)
        elif source.is_file():
            root, pairs = _plan_file(source, out, suffixes, suffix_of)
        else:
            raise InputError(f"{source}: no such file or folder")
        if root not in manifests:
            manifests[root] = Manifest(root)
        tasks += [Task(path, output, manifests[root]) for path, output in pairs]
    tasks = _apart(tasks)
    return _with_comparisons(tasks) if compare else tasks


_Pairs = list[tuple[Path, Path]]  # sources and their outputs


def _plan_folder(
    source: Path,
    out: Path | None,
    several: bool,
    suffixes: Collection[str],
    suffix_of: Callable[[Path], str],
) -> tuple[Path, _Pairs]:
    whole = source.resolve()  # `.` has a name, too
    if out is None and not whole.name:
        raise OptionError(f"{source}: is the root of a disk: name a folder for the results with -o")
    beside = whole.parent / f"{whole.name}-colorized"
    into = out / whole.name if out is not None and several else out
    root = beside if into is None else into
    if root.is_file():
        raise OptionError(f"{root}: is a file, but {source} is a folder: name a folder with -o")
    inside = root.resolve() == source.resolve()
    found = find_sources(source, suffixes, skip=None if inside else root)

    def output_of(path: Path) -> Path:
        stem = f"{path.stem}-colorized" if inside else path.stem
        return root / path.relative_to(source).with_name(stem + suffix_of(path))

    return root, [(path, output_of(path)) for path in found]


def find_sources(folder: Path, suffixes: Collection[str], *, skip: Path | None = None) -> list[Path]:
    """Photos or films below a folder, without those that earlier runs have made; arguments as `find_media`.

    Raises:
        InputError: there are none.
    """
    found = find_media(folder, suffixes, skip=skip)
    # Results may lie among the sources, from runs on single files or on folders inside.
    folders = {parent for path in found for parent in path.parents if parent.is_relative_to(folder)}
    manifests = [Manifest(parent) for parent in folders if (parent / MANIFEST_NAME).exists()]
    found = [path for path in found if not any(manifest.made(path) for manifest in manifests)]
    if not found:
        raise InputError(nothing_to_do(folder, suffixes))
    return found


def nothing_to_do(folder: object, suffixes: Collection[str]) -> str:
    """What to say of a folder without photos or films."""
    kinds = ", ".join(sorted(suffixes))
    return f"{folder}: holds no file that can be read ({kinds}): name another folder"


def _plan_file(
    source: Path, out: Path | None, suffixes: Collection[str], suffix_of: Callable[[Path], str]
) -> tuple[Path, _Pairs]:
    if out is None:
        output = source.with_name(f"{source.stem}-colorized{suffix_of(source)}")
    elif out.suffix.lower() in suffixes and not out.is_dir():
        output = out
    else:
        output = out / (source.stem + suffix_of(source))
    return output.parent, [(source, output)]


def _apart(tasks: list[Task]) -> list[Task]:
    """Give results that would share a name (a.png and a.tif as a.jpg) the source's full name instead."""
    wanted = Counter(str(task.output).casefold() for task in tasks)  # some file systems ignore case

    def full_name(task: Task) -> Path:
        if wanted[str(task.output).casefold()] == 1 or task.source.suffix == task.output.suffix:
            return task.output
        return task.output.with_name(f"{task.source.name}{task.output.suffix}")

    apart = [replace(task, output=full_name(task)) for task in tasks]
    names = Counter(str(task.output).casefold() for task in apart)
    for task in apart:
        if names[str(task.output).casefold()] > 1:
            raise OptionError(
                f"{task.output}: two sources would get this name, one of them {task.source}: "
                "run them with different -o"
            )
    return apart


def _with_comparisons(tasks: list[Task]) -> list[Task]:
    """Give each task a comparison beside its result, under a name that nothing else gets."""
    taken = {str(task.output).casefold() for task in tasks}
    named = []
    for task in tasks:
        short = task.output.with_name(f"{task.output.stem}-compare.jpg")
        full = task.output.with_name(f"{task.output.name}-compare.jpg")  # after a.jpg and a.png, both
        comparison = full if str(short).casefold() in taken else short
        taken.add(str(comparison).casefold())
        named.append(replace(task, comparison=comparison))
    return named


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


class Settings(Protocol):
    """A frozen dataclass of all that decides what a result looks like."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def render_factor(self) -> int:
        """The network sees a square of 16 times as many pixels a side."""


def fingerprint(task: Task, settings: Settings) -> str:
    """What changes with the source, the settings, and the hints, where there are any.

    Raises:
        OSError: the source cannot be looked at.
    """
    hints = {} if task.hints is None else {"hints": task.hints.digest}
    return fingerprint_of(task.source, asdict(settings) | hints)


def is_done(task: Task, settings: Settings) -> bool:
    """Whether the very result that is asked for exists already, whole.

    Raises:
        OSError: the source cannot be looked at.
    """
    return task.manifest.is_done(task.output, fingerprint(task, settings))


def record(
    task: Task,
    settings: Settings,
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
            fingerprint(task, replace(settings, render_factor=render_factor)),
            extras,
            source=task.origin or task.source,
            part=part,
        )
    except OSError:
        (part or task.output).unlink(missing_ok=True)
        raise


def failed(task: Task, error: BaseException) -> Item:
    """The record of a failure; one that nobody foresaw keeps its trace in the log."""
    if not isinstance(error, DeoldifyError | OSError):
        log.debug("%s", task.source, exc_info=error)
    return Item(task.source, task.output, "failed", _reason_of(task, error))


def _reason_of(task: Task, error: BaseException) -> str:
    """What happened, to which file, and what to do about it."""
    if isinstance(error, MemoryError) and not isinstance(error, DeoldifyError):
        return f"{task.source}: out of memory; close other programs, and run the same command again"
    if isinstance(error, OSError):
        name = os.fsdecode(error.filename) if isinstance(error.filename, str | bytes) else task.output
        reason = f"{name}: {error.strerror or error}"
    elif isinstance(error, DeoldifyError):
        reason = str(error)
    else:
        return (
            f"{task.source}: {type(error).__name__}: {error}; nobody has foreseen this: if it opens well "
            "elsewhere, tell us, with what --verbose says"
        )
    # The system's words, which reach us by ffmpeg and the decoders, too.
    for number, remedy in _REMEDIES.items():
        if any(line.rstrip().endswith(os.strerror(number)) for line in reason.splitlines()):
            return f"{reason}: {remedy}"
    return reason
