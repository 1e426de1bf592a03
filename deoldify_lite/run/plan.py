"""Plan a run: every photo or film gets the name of its result before any work begins."""

import logging
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path, PurePosixPath

from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.run.hint_file import SUFFIX as HINT_SUFFIX
from deoldify_lite.run.hint_file import find_hints, read_hints
from deoldify_lite.run.key_files import find_keys, read_keys
from deoldify_lite.run.manifest import NAME as MANIFEST_NAME
from deoldify_lite.run.manifest import Manifest, read_manifest
from deoldify_lite.run.task import Task
from deoldify_lite.storage.names import why_unsafe
from deoldify_lite.storage.places import Folder, Source, find_file, is_folder, look_at, place_of
from deoldify_lite.storage.url import Place, Url, name_below
from deoldify_lite.system.files import device_of
from deoldify_lite.system.selection import EVERYTHING, LeftOut, Selection

log = logging.getLogger(__name__)

LAYERS = ("beside", "only")  # the result and its layer, or the layer alone
LAYER_MARK = "-layer"  # at the end of a layer's name


@dataclass(frozen=True)
class Planned:
    """One photo or film, and the names of what is made of it."""

    source: Source
    root: Place  # the folder of results
    output: str  # name of the result below `root`, with forward slashes
    comparison: str | None = None  # likewise, of before and after side by side
    layer: str | None = None  # likewise, of its colour as a layer beside the result
    is_layer: bool = False  # `output` is the colour as a layer
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
            layer=manifest.folder / self.layer if self.layer else None,
            is_layer=self.is_layer,
        )


def plan(
    inputs: Sequence[Place],
    out: Place | None,
    *,
    suffixes: Collection[str],
    suffix_of: Callable[[Path], str],
    fallback: str = "",
    compare: bool = False,
    layer: str | None = None,
    layer_suffix_of: Callable[[str], str] = lambda name: "",
    selection: Selection = EVERYTHING,
    left_out: LeftOut | None = None,
) -> list[Planned]:
    """Name the result of each photo or film; one that is named twice is done once.

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
        layer: one of LAYERS: also name a layer for each, or nothing but the layer.
        layer_suffix_of: gives the suffix of the layer for the name of a result.
        selection: of the user, from folders and among named files.
        left_out: gets what is in the folders beside these files.

    Raises:
        InputError: an input does not exist, there is nothing to do, or a store cannot be reached.
        OptionError: `out` does not fit the inputs, a URL is of a kind that we do not open, or layers are to
            go to one.
        OSError: a folder cannot be listed.
    """
    unique: dict[Place, Place] = {}
    for place in inputs:
        unique.setdefault(_entry(place), place)
    inputs = [*unique.values()]
    several = len(inputs) > 1
    if out is not None and several and (find_file(out) or out.suffix.lower() in suffixes):
        raise OptionError(f"{out}: one file for {len(inputs)} inputs: name a folder with -o")
    left_out = left_out or LeftOut()
    planned: list[Planned] = []
    for place in inputs:
        source = look_at(place)
        if source is None:
            planned += _plan_folder(place, out, several, suffixes, suffix_of, selection, left_out)
        elif selection.takes(place.name):
            planned.append(_plan_file(source, out, suffixes, suffix_of))
    if not planned:
        raise InputError(f"{inputs[0]}: nothing is left to do: change --include or --exclude")
    planned = _apart(_once(planned))
    if fallback:
        planned = _with_aliases(planned, fallback)
    if layer is not None:
        planned = _with_layers(planned, layer, layer_suffix_of)
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
    selection: Selection,
    left_out: LeftOut,
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

    skip = None if inside else root
    return [planned(source) for source in _sources_in(place, suffixes, skip, selection, left_out)]


def _sources_in(
    place: Place, suffixes: Collection[str], skip: Place | None, selection: Selection, left_out: LeftOut
) -> list[Source]:
    """Photos or films in a folder, without the results of earlier runs; arguments as of `Folder.media`.

    Raises:
        InputError: there are none.
    """
    folder, others = Folder(place), LeftOut()
    found = folder.media(suffixes, skip=skip, selection=selection, left_out=others)
    # Results may lie among the sources, from runs on single files or on folders inside.
    parents = {parent for each in (*map(place_of, found), *others.files) for parent in each.parents}
    made: set[Place] = set()
    for parent in parents:
        if parent.is_relative_to(place) and (manifest := folder.file(parent / MANIFEST_NAME)):
            made |= {parent / name for name in read_manifest(manifest).made_names}
    found = [source for source in found if place_of(source) not in made]
    others.files = [
        other for other in others.files if other not in made and not other.name.endswith(HINT_SUFFIX)
    ]
    if not found:
        kinds = ", ".join(sorted(suffixes))
        remedy = "name another folder" + (", or change --include or --exclude" if selection.is_set else "")
        told = f" ({others})" if str(others) else ""
        raise InputError(f"{place}: holds no file that can be read ({kinds}): {remedy}{told}")
    left_out.update(others)
    return found


def _plan_file(
    source: Source, out: Place | None, suffixes: Collection[str], suffix_of: Callable[[Path], str]
) -> Planned:
    place = place_of(source)
    suffix, named = suffix_of(Path(place.name)), False
    if isinstance(out, Path) and out.is_symlink() and not out.is_dir():  # what it leads to is meant
        out = out.resolve()
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


def _entry(place: Place) -> Place:
    """The place in the one spelling that names its entry in a folder: links to folders are followed."""
    if isinstance(place, Url) or not place.name or place.name == "..":
        return _resolved(place)
    return place.parent.resolve() / place.name


def _once(planned: list[Planned]) -> list[Planned]:
    """Leave out what is planned a second time, since it was named twice, or by itself and by its folder."""
    entries: dict[Place, Planned] = {}
    folders: dict[Path, Path] = {}  # resolved, by the path: a folder has many files
    for one in planned:
        place = one.place
        if isinstance(place, Path):
            if place.parent not in folders:
                folders[place.parent] = place.parent.resolve()
            place = folders[place.parent] / place.name
        if place in entries:
            log.info("%s: is named twice and done once, as %s", one.place, entries[place].output)
        entries.setdefault(place, one)
    return [*entries.values()]


def _key(one: Planned, name: str) -> str:
    """What two names have in common that one file system or another takes for one."""
    return unicodedata.normalize("NFC", str(one.root / name)).casefold()


def _apart(planned: list[Planned]) -> list[Planned]:
    """Give results that would share a name (a.png and a.tif as a.jpg) the source's full name instead.

    Names that differ in case alone stay where the file system holds both, or else get numbers.

    Raises:
        OptionError: two sources of one name are to go to one folder.
    """
    wanted = Counter(_key(one, one.output) for one in planned)

    def full_name(one: Planned) -> Planned:
        output = PurePosixPath(one.output)
        if wanted[_key(one, one.output)] == 1 or one.place.suffix == output.suffix:
            return one
        return replace(one, output=str(output.with_name(f"{one.place.name}{output.suffix}")))

    apart = [full_name(one) for one in planned]
    names = Counter(one.root / one.output for one in apart)
    taken = Counter(_key(one, one.output) for one in apart)
    alike: dict[str, list[Planned]] = {}
    for one in apart:
        if names[one.root / one.output] > 1:
            raise OptionError(
                f"{one.root / one.output}: two sources would get this name, one of them {one.place}: "
                "run them with different -o"
            )
        alike.setdefault(_key(one, one.output), []).append(one)

    def numbered(one: Planned) -> Planned:
        same = alike[_key(one, one.output)]
        if one is same[0] or _holds_all(same):
            return one
        output = PurePosixPath(one.output)
        for number in count(2):
            name = str(output.with_name(f"{output.stem}-{number}{output.suffix}"))
            if not taken[_key(one, name)]:
                break
        taken[_key(one, name)] += 1
        return replace(one, output=name)

    return [numbered(one) for one in apart]


def _holds_all(planned: Sequence[Planned]) -> bool:
    """Whether the file system of the results tells their names apart, as it does their sources'."""
    places = [one.place for one in planned]
    if len({str(place).casefold() for place in places}) > 1 or any(one.is_remote for one in planned):
        return False
    return len({device_of(Path(place)) for place in (*places, *(one.root for one in planned))}) == 1


def _with_aliases(planned: list[Planned], fallback: str) -> list[Planned]:
    """Give each the names under the suffix `fallback`, first one that no other result may get.

    So each result's name depends on its own film alone, in whatever order films are looked at.
    """

    def short(one: Planned) -> str:
        return str(PurePosixPath(one.output).with_suffix(fallback))

    def full(one: Planned) -> str:
        return str(PurePosixPath(one.output).with_name(f"{one.place.name}{fallback}"))

    wanted = Counter(_key(one, name) for one in planned for name in {one.output, short(one)})
    fulls = Counter(_key(one, full(one)) for one in planned)
    aliased = []
    for one in planned:
        names = [short(one), full(one)]
        if wanted[_key(one, short(one))] > 1:
            # If no name is free, the result keeps its container, and fails if it does not fit into that.
            is_taken = wanted[_key(one, full(one))] or fulls[_key(one, full(one))] > 1
            names = [] if is_taken else [full(one), short(one)]
        if not one.named:
            one = replace(one, aliases=tuple(name for name in names if name != one.output))
        aliased.append(one)
    return aliased


def _with_layers(planned: list[Planned], layer: str, suffix_of: Callable[[str], str]) -> list[Planned]:
    """Give each a layer beside its result, or in its place, under a name that nothing else gets.

    Raises:
        OptionError: sources or results have a URL, or the user named a file for layers that holds none.
    """
    if remote := [one for one in planned if one.is_remote]:
        raise OptionError(f"--layer needs files on this machine: download {remote[0].place} first")
    alone = layer == "only"
    taken = set() if alone else {_key(one, name) for one in planned for name in (one.output, *one.aliases)}
    named = []
    for one in planned:
        output, suffix = PurePosixPath(one.output), suffix_of(one.output)
        if alone and one.named:
            if output.suffix.lower() != suffix.lower():
                raise OptionError(
                    f"{one.root / one.output}: no layer is written as {output.suffix}: name a {suffix}"
                )
            named.append(replace(one, aliases=(), is_layer=True))
            continue
        # The full name where there are a.jpg and a.png.
        stems = chain((output.stem, output.name), (f"{output.name}-{number}" for number in count(2)))
        names = (str(output.with_name(f"{stem}{LAYER_MARK}{suffix}")) for stem in stems)
        name = next(name for name in names if _key(one, name) not in taken)
        taken.add(_key(one, name))
        alone_there = replace(one, output=name, aliases=(), is_layer=True)
        named.append(alone_there if alone else replace(one, layer=name))
    return named


def _with_comparisons(planned: list[Planned]) -> list[Planned]:
    """Give each a comparison beside its result, under a name that nothing else gets."""
    taken = {_key(one, name) for one in planned for name in (one.output, one.layer) if name}
    compared = []
    for one in planned:
        output = PurePosixPath(one.output)
        # The full name where there are a.jpg and a.png.
        stems = chain((output.stem, output.name), (f"{output.name}-{number}" for number in count(2)))
        names = (str(output.with_name(f"{stem}-compare.jpg")) for stem in stems)
        comparison = next(name for name in names if _key(one, name) not in taken)
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


def with_keys(tasks: Sequence[Task], path: Path) -> list[Task]:
    """Give films their key frames: a folder of pictures for a single one, or of such folders.

    Raises:
        OptionError: there are no key frames for any film, or a picture's name is no frame and no time.
        InputError: a picture cannot be read.
    """
    folders = find_keys(path, [task.source for task in tasks])
    return [
        task if folder is None else replace(task, keys=read_keys(folder))
        for task, folder in zip(tasks, folders, strict=True)
    ]
