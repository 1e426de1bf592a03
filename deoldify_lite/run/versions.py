"""Coloured versions of photos and films, which give them their colours: found by name, and read."""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path

from deoldify_lite.color.arrays import Picture
from deoldify_lite.color.grey import is_grey
from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.film.kinds import FILM_SUFFIXES
from deoldify_lite.photo.io import pages_of, read_photo
from deoldify_lite.photo.kinds import PHOTO_SUFFIXES
from deoldify_lite.photo.photo import Photo
from deoldify_lite.photo.profiles import in_profile, tell_alike
from deoldify_lite.photo.xmp import says_layer
from deoldify_lite.render.given import Given, take_colors
from deoldify_lite.run.layers import LAYER_MARK
from deoldify_lite.run.manifest import fingerprint_of, fingerprint_of_frames
from deoldify_lite.run.sequences.frames import Frames
from deoldify_lite.run.task import Task, Version
from deoldify_lite.sequence.names import Sequence as FrameFiles
from deoldify_lite.sequence.names import find_sequence, is_pattern, list_sequences
from deoldify_lite.system.files import sha256_of

_RESULT_MARK = "-colorized"  # at the end of a result's name, where it lies beside its photo
_LITTLE = 0.5  # of the colour: a warning tells of less


@dataclass(frozen=True, eq=False)
class Taken:
    """The colours that a photo, or a page of it, takes from a version."""

    version: Path
    given: Given
    warnings: tuple[str, ...] = ()


def with_versions(tasks: Sequence[Task], path: Path, *, films: bool = False) -> list[Task]:
    """Give tasks their versions: a file to a single one, or those of a folder by their names.

    They are looked for in the same place below the folder: of photo.jpg, `photo` or `photo.jpg` with any
    suffix of photos, also with -colorized or -layer at the end; likewise of films. Where there is a layer,
    that is taken. Of a picture sequence it is the one of the same names there, or else the only one; or the
    frames that a pattern names.

    Raises:
        OptionError: there is no such file or folder, it has no version of any photo, or it is one file and
            there are several photos.
        InputError: a version cannot be read.
    """
    kind = "film" if films else "photo"
    version_of = _film_version if films else _photo_version
    if path.is_file() or (films and is_pattern(path)):
        if len(tasks) > 1:
            raise OptionError(
                f"{path}: one version gives its colours to one {kind}, and there are {len(tasks)}: "
                "name a folder with a version of each"
            )
        if path.is_file():
            return [replace(task, colors=version_of(path)) for task in tasks]
        return [replace(task, colors=_frames_version(task, find_sequence(path))) for task in tasks]
    if not path.is_dir():
        raise OptionError(f"{path}: no such file or folder with coloured versions")
    named = cache(partial(_by_stem, suffixes=FILM_SUFFIXES if films else PHOTO_SUFFIXES))
    found = []
    for task in tasks:
        deeper = path / task.output.parent.relative_to(task.manifest.folder)
        of_frames = None if task.frames is None else _with_frames(task, deeper)
        found.append(of_frames or _with_version(task, named(deeper), version_of))
    if not any(task.colors for task in found):
        raise OptionError(
            f"{path}: holds no version of any {kind}: give each the name of its {kind}, with any suffix, "
            "in the same place below the folder"
        )
    return found


def read_version(task: Task, photo: Photo, number: int, pages: int) -> Taken | None:
    """Read the version of a photo, and take its colours.

    Args:
        task: of the photo.
        photo: the page.
        number: of the page, from 1 on.
        pages: of the photo.

    Returns:
        None if there is no version.

    Raises:
        InputError: it cannot be read, has other pages, or does not show the same.
    """
    if task.colors is None:
        return None
    if task.colors.problem:
        raise InputError(task.colors.problem)
    path = task.colors.path
    own = [page for page, _ in pages_of(path)[0]]
    if pages > 1 and len(own) == 1:
        path = path.with_name(f"{path.stem}-page{number}{path.suffix}") if number > 1 else path
    elif len(own) != pages:
        raise InputError(
            f"{path}: has {len(own)} pages, and {task.source} has {pages}: editors save layers as pages, so "
            "export it as a PNG, or as a TIFF without layers"
        )
    version = read_photo(path, page=own[number - 1] if len(own) > 1 else None)
    is_layer = says_layer(version.xmp) or path.stem.split("-page")[0].endswith(LAYER_MARK)
    if is_layer and not tell_alike(version.icc, photo.icc):
        raise InputError(
            f"{path}: has another colour profile than {task.source}, so its numbers are other colours: "
            "export it in the profile of the photo, or sRGB if that has none, and not in linear light"
        )
    try:
        given = take_colors(photo.rgb, _like(photo, version, is_layer), version.alpha, is_layer=is_layer)
    except InputError as error:
        raise InputError(
            f"{path}: {error}, so {task.source} cannot take its colours: name its own version, "
            "or take this one away to get the network's colours"
        ) from error
    warnings = tuple(f"{path.name}: {warning}" for warning in version.warnings)
    if is_layer and is_grey(version.rgb):
        warnings += (
            f"{path} is a layer without colour, so it stays grey: an editor takes the colours of a layer "
            "that is put on a picture in greyscale, so set that to RGB before",
        )
    elif given.share == 0:
        warnings += (f"{path} has no colour to give, so all colours are the network's",)
    elif given.share < _LITTLE:
        warnings += (f"only {given.share:.0%} of its colour comes from {path}, whose rest is not alike",)
    return Taken(path, given, warnings)


def _like(photo: Photo, version: Photo, is_layer: bool) -> Picture:
    """The version's pixels as numbers of the photo's profile; those of a layer are such already."""
    same = version.icc == photo.icc or (version.icc is not None and tell_alike(version.icc, photo.icc))
    if is_layer or same:  # a turn that changes nothing would still round to 8 bits
        return version.rgb
    return in_profile(version.rgb, version.icc, photo.icc)


def _with_frames(task: Task, folder: Path) -> Task | None:
    """Add the version of a sequence that is in a folder; None if there is none.

    Raises:
        InputError: there are several, and none has the same names.
    """
    there = list_sequences(folder) if folder.is_dir() else []
    if not there:
        return None
    same = [one for one in there if one.pattern.name == task.source.name]
    return replace(task, colors=_frames_version(task, same[0] if same else find_sequence(folder)))


def _frames_version(task: Task, sequence: FrameFiles) -> Version:
    """A sequence as a version; frames that are missing in the source may be missing there, too.

    Raises:
        OptionError: the task is one of a film.
    """
    path = sequence.pattern
    if task.frames is None:
        raise OptionError(
            f"{path}: frames give their colours to a picture sequence, and {task.source} is a film: make a "
            f"film of them first: colorize-video {path} -o film.mkv --codec ffv1"
        )
    frames = Frames(sequence, task.frames.missing)
    return Version(path, fingerprint_of_frames(frames.digest(), {}), frames=frames)


def _photo_version(path: Path) -> Version:
    try:
        return Version(path, sha256_of(path))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def _film_version(path: Path) -> Version:
    """As of all films, size and time of change stand for the content: there may be too much of it to read."""
    try:
        return Version(path, fingerprint_of(path, {}))
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error


def _with_version(task: Task, named: dict[str, list[Path]], version_of: Callable[[Path], Version]) -> Task:
    """Add its version: by the whole name first, since a.jpg and a.png may both be there."""
    for name in (task.source.name, task.source.stem):
        layers, others = (
            [
                path
                for result in ("", _RESULT_MARK)
                for path in named.get(_key(name + result + layer), ())
                if not any(_is_same(path, own) for own in (task.source, task.output))
            ]
            for layer in (LAYER_MARK, "")
        )
        found = layers or others
        if len(found) > 1:
            names = " and ".join(map(str, found))
            problem = f"{task.source}: has several versions, {names}: leave one of them there"
            return replace(task, colors=Version(found[0], "", problem))
        if found:
            return replace(task, colors=version_of(found[0]))
    return task


def _by_stem(folder: Path, suffixes: frozenset[str]) -> dict[str, list[Path]]:
    """The photos or films in a folder, by their names without suffix."""
    named: dict[str, list[Path]] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if path.suffix.lower() in suffixes and not path.name.startswith(".") and path.is_file():
            named.setdefault(_key(path.stem), []).append(path)
    return named


def _key(stem: str) -> str:
    return unicodedata.normalize("NFC", stem).casefold()


def _is_same(path: Path, other: Path) -> bool:
    return path.name == other.name and path.resolve() == other.resolve()
