"""Plan a run: every photo or film gets the name of its result before any work begins."""

import logging
from collections.abc import Callable, Collection, Sequence
from pathlib import Path, PurePosixPath

from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.run.hint_file import SUFFIX as HINT_SUFFIX
from deoldify_lite.run.manifest import NAME as MANIFEST_NAME
from deoldify_lite.run.manifest import Manifest, read_manifest
from deoldify_lite.run.names import told_apart, with_aliases, with_comparisons, with_layers
from deoldify_lite.run.planned import Planned
from deoldify_lite.run.task import Task
from deoldify_lite.storage.names import why_unsafe
from deoldify_lite.storage.places import Folder, Source, find_file, is_folder, look_at, place_of
from deoldify_lite.storage.url import Place, Url, name_below
from deoldify_lite.system.selection import EVERYTHING, LeftOut, Selection

log = logging.getLogger(__name__)


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
    planned = told_apart(_once(planned))
    if fallback:
        planned = with_aliases(planned, fallback)
    if layer is not None:
        planned = with_layers(planned, layer, layer_suffix_of)
    return with_comparisons(planned) if compare else planned


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
