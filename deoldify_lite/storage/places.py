"""Files on this machine and files by URL, through one set of functions."""

import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from deoldify_lite.errors import InputError
from deoldify_lite.storage.errors import UnreachableError
from deoldify_lite.storage.store import RemoteFile, fetch, list_files, look_up, media_among
from deoldify_lite.storage.url import Place, Url
from deoldify_lite.system.files import find_media
from deoldify_lite.system.selection import EVERYTHING, LeftOut, Selection

# A file that is there.
Source = Path | RemoteFile


class Folder:
    """A folder with all folders in it. One by URL is listed once, when this is made.

    Raises:
        InputError: the store cannot be reached, or refuses.
        OptionError: the URL is of a kind that we do not open, or its driver is not installed.
    """

    def __init__(self, place: Place) -> None:
        self.place = place
        self._listed = {file.url: file for file in list_files(place)} if isinstance(place, Url) else {}

    def media(
        self,
        suffixes: Collection[str],
        *,
        skip: Place | None = None,
        selection: Selection = EVERYTHING,
        left_out: LeftOut | None = None,
    ) -> list[Source]:
        """The files with one of these suffixes, in natural order, without hidden ones.

        Args:
            suffixes: lower case, with the dot.
            skip: a folder inside to leave out, such as that of the results.
            selection: of the user.
            left_out: gets what is there beside these files.

        Raises:
            OSError: the folder cannot be listed.
        """
        if isinstance(self.place, Url):
            there = skip if isinstance(skip, Url) else None
            listed = self._listed.values()
            return [
                *media_among(listed, self.place, suffixes, skip=there, selection=selection, left_out=left_out)
            ]
        here = skip if isinstance(skip, Path) else None
        return [*find_media(self.place, suffixes, skip=here, selection=selection, left_out=left_out)]

    def named(self, name: str) -> list[Source]:
        """The files with this name, hidden ones too, sorted by path."""
        if isinstance(self.place, Url):
            return [file for url, file in sorted(self._listed.items()) if url.name == name]
        return [*sorted(self.place.rglob(name))]

    def file(self, place: Place) -> Source | None:
        """The file at a place in this folder; None if there is none."""
        return self._listed.get(place) if isinstance(place, Url) else find_file(place)


def look_at(place: Place) -> Source | None:
    """The file at a place; None if that is a folder.

    Raises:
        InputError: there is neither, or the store cannot be reached, or refuses.
        OptionError: see `Folder`.
    """
    if isinstance(place, Url):
        return look_up(place)
    if place.is_dir():
        return None
    if not place.is_file():
        raise InputError(f"{place}: no such file or folder")
    return place


def find_file(place: Place) -> Source | None:
    """The file at a place; None if there is none that we may see.

    Raises:
        UnreachableError, OptionError: see `look_at`.
    """
    try:
        return look_at(place)
    except UnreachableError:
        raise
    except InputError:
        return None


def is_folder(place: Place) -> bool:
    """Whether there is a folder at a place, that we may see; errors as in `find_file`."""
    try:
        return look_at(place) is None
    except UnreachableError:
        raise
    except InputError:
        return False


def place_of(source: Source) -> Place:
    """Where a file is."""
    return source if isinstance(source, Path) else source.url


def size_and_time(source: Source) -> tuple[int, int]:
    """The bytes of a file, and the time of its last change in nanoseconds.

    Raises:
        OSError: the file is gone.
    """
    if isinstance(source, RemoteFile):
        return source.size, source.mtime_ns
    stat = source.stat()
    return stat.st_size, stat.st_mtime_ns


@contextmanager
def on_disk(source: Source) -> Iterator[Path]:
    """The file itself, or a copy of a remote one, which is removed after the block.

    Raises:
        InputError: the file cannot be fetched.
    """
    if isinstance(source, Path):
        yield source
        return
    with tempfile.TemporaryDirectory(prefix="deoldify_lite-") as folder:
        yield fetch(source, Path(folder))
