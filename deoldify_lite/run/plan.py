"""Plan a run: every photo or film gets the name of its result before any work begins."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.run.hint_file import find_hints, read_hints
from deoldify_lite.run.manifest import NAME as MANIFEST_NAME
from deoldify_lite.run.manifest import Manifest, read_manifest
from deoldify_lite.run.task import Task
from deoldify_lite.storage.names import why_unsafe
from deoldify_lite.storage.places import Folder, Source, find_file, is_folder, look_at, place_of
from deoldify_lite.storage.url import Place, Url, name_below


@dataclass(frozen=True)
class Planned:
    """One photo or film, and the names of what is made of it."""

    source: Source
    root: Place  # the folder of results
    output: str  # name of the result below `root`, with forward slashes
    comparison: str | None = None  # likewise, of before and after side by side
    aliases: tuple[str, ...] = ()  # likewise; see `Task.aliases`
    named: bool = False  # the user chose `output`, so it has no aliases
    problem: str = ""  # why it cannot be colorized

    @property
    def place(self) -> Place:
        """Where the source is."""
        return place_of(self.source)

    @property
    def is_remote(self) -> bool:
        """Whether its source or its result has a URL."""
        return isinstance(self.place, Url) or isinstance(self.root, Url)

    @property
    def origin(self) -> str:
        """The source as it is recorded: its absolute path, or its URL."""
        return str(self.place if isinstance(self.place, Url) else self.place.absolute())

    def task(self, source: Path, manifest: Manifest) -> Task:
        """The task of making it.

        Args:
            source: the source, or a copy of it.
            manifest: of the folder where results are made.
        """
        return Task(
            source,
            manifest.folder / self.output,
            manifest,
            manifest.folder / self.comparison if self.comparison else None,
            str(self.place) if isinstance(self.place, Url) else "",
            aliases=tuple(manifest.folder / name for name in self.aliases),
        )


def plan(
    inputs: Sequence[Place],
    out: Place | None,
    *,
    suffixes: Collection[str],
    suffix_of: Callable[[Path], str],
    fallback: str = "",
    compare: bool = False,
) -> list[Planned]:
    """Name the result of each photo or film.

    A folder is mirrored in `out`, or in a new folder NAME-colorized beside it; the result of a single file
    is `out` itself, if that has a fitting suffix, or NAME-colorized beside the file. With several inputs
    each folder gets one of its own name in `out`.

    Args:
        inputs: files and folders.
        out: the file or folder that the user named for the results, if any.
        suffixes: of the files to look for in folders, lower case, with the dot.
        suffix_of: gives the suffix of the result for the file name of a source.
        fallback: the suffix of results that turn out not to fit under the first one; empty: all fit.
        compare: also name a comparison for each.

    Raises:
        InputError: an input does not exist, a folder holds nothing to do, or a store cannot be reached.
        OptionError: `out` does not fit the inputs, or a URL is of a kind that we do not open.
        OSError: a folder cannot be listed.
    """
    several = len(inputs) > 1
    if out is not None and several and (find_file(out) or out.suffix.lower() in suffixes):
        raise OptionError(f"{out}: one file for {len(inputs)} inputs: name a folder with -o")
    planned: list[Planned] = []
    for place in inputs:
        source = look_at(place)
        if source is None:
            planned += _plan_folder(place, out, several, suffixes, suffix_of)
        else:
            planned.append(_plan_file(source, out, suffixes, suffix_of))
    planned = _apart(planned)
    if fallback:
        planned = _with_aliases(planned, fallback)
    return _with_comparisons(planned) if compare else planned


def tasks_of(planned: Sequence[Planned]) -> list[Task]:
    """The tasks of a plan without URLs.

    Raises:
        InputError: a folder for results has a manifest that cannot be read.
    """
    manifests: dict[Path, Manifest] = {}
    tasks = []
    for one in planned:
        assert isinstance(one.source, Path) and isinstance(one.root, Path), "it goes by way of `remote`"
        if one.root not in manifests:
            manifests[one.root] = Manifest(one.root)
        tasks.append(one.task(one.source, manifests[one.root]))
    return tasks


def _plan_folder(
    place: Place,
    out: Place | None,
    several: bool,
    suffixes: Collection[str],
    suffix_of: Callable[[Path], str],
) -> list[Planned]:
    folder = _resolved(place)  # `.` has a name, too
    if out is None:
        if not folder.name:
            kind = "a whole bucket" if isinstance(folder, Url) else "the root of a disk"
            raise OptionError(f"{place}: is {kind}: name a folder for the results with -o")
        root = folder.with_name(f"{folder.name}-colorized")
    elif several:
        root = out / (folder.name or (folder.host if isinstance(folder, Url) else ""))
    else:
        root = out
    if find_file(root):
        raise OptionError(f"{root}: is a file, but {place} is a folder: name a folder with -o")
    inside = _resolved(root) == folder

    def planned(source: Source) -> Planned:
        name = name_below(place, place_of(source))
        if why := _why_unsafe(source, root, name):
            return Planned(source, root, name, problem=why)
        path = PurePosixPath(name)
        stem = f"{path.stem}-colorized" if inside else path.stem
        return Planned(source, root, str(path.with_name(stem + suffix_of(Path(path.name)))))

    return [planned(source) for source in _sources_in(place, suffixes, skip=None if inside else root)]


def _sources_in(place: Place, suffixes: Collection[str], *, skip: Place | None) -> list[Source]:
    """Photos or films in a folder, without the results of earlier runs; arguments as of `Folder.media`.

    Raises:
        InputError: there are none.
    """
    folder = Folder(place)
    found = folder.media(suffixes, skip=skip)
    # Results may lie among the sources, from runs on single files or on folders inside.
    parents = {parent for source in found for parent in place_of(source).parents}
    made: set[Place] = set()
    for parent in parents:
        if parent.is_relative_to(place) and (manifest := folder.file(parent / MANIFEST_NAME)):
            made |= {parent / name for name in read_manifest(manifest).made_names}
    found = [source for source in found if place_of(source) not in made]
    if not found:
        kinds = ", ".join(sorted(suffixes))
        raise InputError(f"{place}: holds no file that can be read ({kinds}): name another folder")
    return found


def _plan_file(
    source: Source, out: Place | None, suffixes: Collection[str], suffix_of: Callable[[Path], str]
) -> Planned:
    place = place_of(source)
    suffix, named = suffix_of(Path(place.name)), False
    if out is None:
        root, name = place.parent, f"{place.stem}-colorized{suffix}"
    elif out.suffix.lower() in suffixes and not is_folder(out):
        root, name, named = out.parent, out.name, True
    else:
        root, name = out, place.stem + suffix
    return Planned(source, root, name, named=named, problem=_why_unsafe(source, root, name))


def _resolved(place: Place) -> Place:
    return place.resolve() if isinstance(place, Path) else place


def _why_unsafe(source: Source, root: Place, name: str) -> str:
    """Why a name from a store, or for one, must not be used; empty if it may."""
    if isinstance(source, Path) and isinstance(root, Path):
        return ""
    why = why_unsafe(name)
    return why and f"its name {why}: give it another one"


def _key(one: Planned, name: str) -> str:
    return str(one.root / name).casefold()  # some file systems ignore case


def _apart(planned: list[Planned]) -> list[Planned]:
    """Give results that would share a name (a.png and a.tif as a.jpg) the source's full name instead."""
    wanted = Counter(_key(one, one.output) for one in planned)

    def full_name(one: Planned) -> Planned:
        output = PurePosixPath(one.output)
        if wanted[_key(one, one.output)] == 1 or one.place.suffix == output.suffix:
            return one
        return replace(one, output=str(output.with_name(f"{one.place.name}{output.suffix}")))

    apart = [full_name(one) for one in planned]
    names = Counter(_key(one, one.output) for one in apart)
    for one in apart:
        if names[_key(one, one.output)] > 1:
            raise OptionError(
                f"{one.root / one.output}: two sources would get this name, one of them {one.place}: "
                "run them with different -o"
            )
    return apart


def _with_aliases(planned: list[Planned], fallback: str) -> list[Planned]:
    """Give each the names under the suffix `fallback`, first one that no other result may get.

    So each result's name depends on its own film alone, in whatever order films are looked at.
    """

    def short(one: Planned) -> str:
        return str(PurePosixPath(one.output).with_suffix(fallback))

    wanted = Counter(_key(one, name) for one in planned for name in {one.output, short(one)})
    aliased = []
    for one in planned:
        full = str(PurePosixPath(one.output).with_name(f"{one.place.name}{fallback}"))
        names = [short(one), full]
        if wanted[_key(one, short(one))] > 1:
            # If no name is free, the result keeps its container, and fails if it does not fit into that.
            names = [] if wanted[_key(one, full)] else [full, short(one)]
        if not one.named:
            one = replace(one, aliases=tuple(name for name in names if name != one.output))
        aliased.append(one)
    return aliased


def _with_comparisons(planned: list[Planned]) -> list[Planned]:
    """Give each a comparison beside its result, under a name that nothing else gets."""
    taken = {_key(one, one.output) for one in planned}
    compared = []
    for one in planned:
        output = PurePosixPath(one.output)
        # The full name where there are a.jpg and a.png.
        short, full = (str(output.with_name(f"{part}-compare.jpg")) for part in (output.stem, output.name))
        comparison = full if _key(one, short) in taken else short
        taken.add(_key(one, comparison))
        compared.append(replace(one, comparison=comparison))
    return compared


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
