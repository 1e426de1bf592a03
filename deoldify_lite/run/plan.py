"""What goes where: the result of every photo or film of a run has a name before any work begins."""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path

from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.run.hint_file import find_hints, read_hints
from deoldify_lite.run.manifest import NAME as MANIFEST_NAME
from deoldify_lite.run.manifest import Manifest
from deoldify_lite.run.task import Task
from deoldify_lite.system.files import find_media

log = logging.getLogger(__name__)


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
