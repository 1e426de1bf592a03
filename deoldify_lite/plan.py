"""What goes where: the result of every photo or film of a run has a name before any work begins."""

import logging
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from deoldify_lite.errors import DeoldifyError, InputError, OptionError
from deoldify_lite.files import find_media
from deoldify_lite.manifest import Manifest
from deoldify_lite.report import Item

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Task:
    """One photo or film and where its result goes."""

    source: Path
    output: Path
    manifest: Manifest


def plan(
    inputs: Sequence[Path],
    out: Path | None,
    *,
    suffixes: Collection[str],
    suffix_of: Callable[[Path], str],
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
        manifest = manifests.setdefault(root, Manifest(root))
        tasks += [Task(path, output, manifest) for path, output in pairs]
    return _apart(tasks)


_Pairs = list[tuple[Path, Path]]  # sources and their outputs


def _plan_folder(
    source: Path,
    out: Path | None,
    several: bool,
    suffixes: Collection[str],
    suffix_of: Callable[[Path], str],
) -> tuple[Path, _Pairs]:
    name = source.resolve().name  # of `.`, too
    root = source.resolve().with_name(f"{name}-colorized")
    if out is not None:
        root = out / name if several else out
    if root.is_file():
        raise OptionError(f"{root}: is a file, but {source} is a folder: name a folder with -o")
    inside = root.resolve() == source.resolve()
    # Results may lie among the sources, from this command or one for single files.
    known = Manifest(source)
    found = [
        path for path in find_media(source, suffixes, skip=None if inside else root) if not known.made(path)
    ]
    if not found:
        kinds = ", ".join(sorted(suffixes))
        raise InputError(f"{source}: holds no file that can be read ({kinds}): name another folder")

    def output_of(path: Path) -> Path:
        stem = f"{path.stem}-colorized" if inside else path.stem
        return root / path.relative_to(source).with_name(stem + suffix_of(path))

    return root, [(path, output_of(path)) for path in found]


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
    names = Counter(task.output for task in apart)
    for task in apart:
        if names[task.output] > 1:
            raise OptionError(
                f"{task.output}: two sources would get this name, one of them {task.source}: "
                "run them with different -o"
            )
    return apart


def check_output(task: Task, overwrite: bool) -> None:
    """Refuse to replace a file that no run of ours has made.

    Raises:
        InputError: `overwrite` is off and there is such a file.
    """
    if task.output.exists() and not overwrite and not task.manifest.is_ours(task.output):
        raise InputError(
            f"{task.output}: exists and is not a result of an earlier run: "
            "move it away, name another folder with -o, or allow --overwrite"
        )


def failed(task: Task, error: BaseException) -> Item:
    """The record of a failure; one that nobody foresaw keeps its trace in the log."""
    if not isinstance(error, DeoldifyError | OSError):
        log.debug("%s", task.source, exc_info=error)
    reason = str(error) if isinstance(error, DeoldifyError | OSError) else f"{type(error).__name__}: {error}"
    return Item(task.source, task.output, "failed", reason)
