"""What goes where, if sources or results lie elsewhere: the rules of `plan`, with URLs."""

import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.run.manifest import NAME as MANIFEST_NAME
from deoldify_lite.run.manifest import Manifest
from deoldify_lite.run.plan import find_sources, nothing_to_do
from deoldify_lite.storage.names import why_unsafe
from deoldify_lite.storage.store import RemoteFile, fetch, list_files, look_up, media_among
from deoldify_lite.storage.url import Place, Url, name_below


@dataclass(frozen=True)
class Errand:
    """One photo or film, and the name of its result."""

    source: Path | RemoteFile
    output: str  # below the root of its mirror, with forward slashes
    comparison: str | None = None  # so, too
    named: bool = False  # by the user, so that it stays
    problem: str = ""  # why nothing can be done about it

    @property
    def place(self) -> Place:
        """Where the source is."""
        return self.source if isinstance(self.source, Path) else self.source.url


@dataclass(frozen=True)
class Mirror:
    """All that goes below one root."""

    root: Place
    errands: tuple[Errand, ...]


def plan_mirrors(
    inputs: Sequence[Place],
    out: Place | None,
    *,
    suffixes: Collection[str],
    suffix_of: Callable[[Path], str],
    compare: bool = False,
) -> list[Mirror]:
    """Where the result of each input goes, with the rules of `plan.plan`.

    Args:
        inputs: files and folders, here or elsewhere.
        out: what the user named for the results, if anything, here or elsewhere.
        suffixes: of the files to look for in folders, lower case, with the dot.
        suffix_of: the suffix of the result for a source, of which nothing but the name is there.
        compare: also name a comparison for each.

    Raises:
        InputError: an input does not exist, or a folder holds nothing to do, or a store cannot be reached.
        OptionError: `out` does not fit the inputs, or a URL is of no kind that we open.
    """
    several = len(inputs) > 1
    if out is not None and several and (_is_file(out) or out.suffix.lower() in suffixes):
        raise OptionError(f"{out}: one file for {len(inputs)} inputs: name a folder with -o")
    mirrors: dict[Place, list[Errand]] = {}
    for place in inputs:
        source = look_up(place) if isinstance(place, Url) else place
        if isinstance(source, Path) and not source.exists():
            raise InputError(f"{source}: no such file or folder")
        if source is None or (isinstance(source, Path) and source.is_dir()):
            root, errands = _plan_folder(place, out, several, suffixes, suffix_of)
        else:
            root, errands = _plan_file(source, place, out, suffixes, suffix_of)
        mirrors.setdefault(root, []).extend(errands)
    return [
        Mirror(root, tuple(_with_comparisons(_apart(errands)) if compare else _apart(errands)))
        for root, errands in mirrors.items()
    ]


def _plan_folder(
    place: Place,
    out: Place | None,
    several: bool,
    suffixes: Collection[str],
    suffix_of: Callable[[Path], str],
) -> tuple[Place, list[Errand]]:
    folder = place if isinstance(place, Url) else place.resolve()
    name = folder.name or (folder.host if isinstance(folder, Url) else "")
    if out is None and not folder.name:
        kind = "bucket" if isinstance(folder, Url) else "root of a disk"
        raise OptionError(f"{place}: is a whole {kind}: name a folder for the results with -o")
    beside = folder.with_name(f"{folder.name}-colorized") if folder.name else folder
    root: Place = beside if out is None else out / name if several else out
    if _is_file(root):
        raise OptionError(f"{root}: is a file, but {place} is a folder: name a folder with -o")
    inside = root == folder if isinstance(root, Url) else root.resolve() == folder
    if isinstance(folder, Url):
        skip = root if isinstance(root, Url) and not inside else None
        files = _sources_below(folder, suffixes, skip)
        below: list[tuple[Path | RemoteFile, str]] = [(file, name_below(folder, file.url)) for file in files]
    else:
        here = root if isinstance(root, Path) and not inside else None
        below = [
            (path, path.relative_to(folder).as_posix()) for path in find_sources(folder, suffixes, skip=here)
        ]

    def output_of(name: str) -> str:
        path = PurePosixPath(name)
        stem = f"{path.stem}-colorized" if inside else path.stem
        return str(path.with_name(stem + suffix_of(Path(path.name))))

    def errand(source: Path | RemoteFile, name: str) -> Errand:
        if why := why_unsafe(name):
            return Errand(source, name, problem=f"its name {why}: give it another one")
        return Errand(source, output_of(name))

    return root, [errand(source, name) for source, name in below]


def _sources_below(folder: Url, suffixes: Collection[str], skip: Url | None) -> list[RemoteFile]:
    """Photos or films below a folder elsewhere, without those that earlier runs have made."""
    files = list_files(folder)
    found = media_among(files, folder, suffixes, skip=skip)
    made: set[str] = set()
    for file in files:
        if file.url.name != MANIFEST_NAME:
            continue
        with tempfile.TemporaryDirectory(prefix="deoldify_lite-") as temporary:
            local = fetch(file, Path(temporary)).rename(Path(temporary) / MANIFEST_NAME)
            for record in Manifest(local.parent).records():
                made |= {f"{file.url.parent}/{name}" for name in (record.output, *record.extras)}
    found = [file for file in found if file.url not in made]
    if not found:
        raise InputError(nothing_to_do(folder, suffixes))
    return found


def _plan_file(
    source: Path | RemoteFile,
    place: Place,
    out: Place | None,
    suffixes: Collection[str],
    suffix_of: Callable[[Path], str],
) -> tuple[Place, list[Errand]]:
    suffix, named = suffix_of(Path(place.name)), False
    if out is None:
        root, name = place.parent, f"{place.stem}-colorized{suffix}"
    elif out.suffix.lower() in suffixes and not _is_folder(out):
        root, name = out.parent, out.name
        named = True
    else:
        root, name = out, place.stem + suffix
    if why := why_unsafe(name):
        return root, [Errand(source, name, problem=f"its name {why}: give it another one")]
    return root, [Errand(source, name, named=named)]


def _is_file(place: Place) -> bool:
    if isinstance(place, Path):
        return place.is_file()
    try:
        return look_up(place) is not None
    except InputError:  # nothing is there, or it is told when it is to be used
        return False


def _is_folder(place: Place) -> bool:
    if isinstance(place, Path):
        return place.is_dir()
    try:
        return look_up(place) is None
    except InputError:
        return False


def _apart(errands: list[Errand]) -> list[Errand]:
    """Give results that would share a name (a.png and a.tif as a.jpg) the source's full name instead."""
    wanted = Counter(errand.output.casefold() for errand in errands)  # some file systems ignore case

    def full_name(errand: Errand) -> Errand:
        output = PurePosixPath(errand.output)
        if wanted[errand.output.casefold()] == 1 or errand.place.suffix == output.suffix or errand.named:
            return errand
        return replace(errand, output=str(output.with_name(f"{errand.place.name}{output.suffix}")))

    apart = [full_name(errand) for errand in errands]
    names = Counter(errand.output.casefold() for errand in apart)
    for errand in apart:
        if names[errand.output.casefold()] > 1:
            raise OptionError(
                f"{errand.output}: two sources would get this name, one of them {errand.place}: "
                "run them with different -o"
            )
    return apart


def _with_comparisons(errands: list[Errand]) -> list[Errand]:
    """Give each a comparison beside its result, under a name that nothing else gets."""
    taken = {errand.output.casefold() for errand in errands}
    named = []
    for errand in errands:
        output = PurePosixPath(errand.output)
        short, full = (str(output.with_name(f"{part}-compare.jpg")) for part in (output.stem, output.name))
        comparison = full if short.casefold() in taken else short
        taken.add(comparison.casefold())
        named.append(replace(errand, comparison=comparison))
    return named
