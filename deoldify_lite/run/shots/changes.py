"""Hints and key frames of shots, saved into the list and the files that it names."""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.film.probe import Film
from deoldify_lite.run.hint_file import SUFFIX
from deoldify_lite.run.hint_lines import change_lines, has_hints, hint_lines
from deoldify_lite.run.key_files import keys_in
from deoldify_lite.run.shots.cells import change_cells
from deoldify_lite.run.shots.list import names_in
from deoldify_lite.run.shots.pieces import Place
from deoldify_lite.run.shots.table import read_table
from deoldify_lite.system.files import atomic_path

KEYS = "keys"  # folder beside the list, for pictures of key frames


@dataclass(frozen=True)
class ShotChange:
    """What is to change of a shot."""

    first: int  # frame at which the list lets it begin
    hints_removed: tuple[str, ...] = ()  # lines of its file of hints
    hints_added: tuple[str, ...] = ()
    keys_removed: tuple[str, ...] = ()  # names in the list
    keys_added: tuple[Path, ...] = ()  # pictures, named after their frames


def save_changes(places: Sequence[Place], film: Film, changes: Sequence[ShotChange]) -> None:
    """Save changes: copies of key frames first, then hints, then the list, each whole or not at all.

    What the list and the files say otherwise stays, byte by byte, and no file is removed.

    Args:
        places: the shots of the list as it is now.
        film: the film.
        changes: of different shots.

    Raises:
        OptionError: the list has no such shot, a hint is wrong, or a key frame is for another shot.
        InputError, OSError: a file cannot be read or written.
    """
    by_first = {place.settled.shot.first: place for place in places}
    path = places[0].settled.shot.row.path
    save = _Save(path, film)
    for change in changes:
        if change.first not in by_first:
            raise OptionError(f"{path}: no shot begins at frame {change.first} any more: load the page again")
        save.take(by_first[change.first], change)
    save.write()


class _Save:
    """What is to be written, all of it checked before the first byte."""

    def __init__(self, path: Path, film: Film) -> None:
        self._path = path
        self._film = film
        self._cells: dict[int, dict[str, str]] = {}
        self._hints: dict[Path, bytes] = {}
        self._keys: dict[Path, Path] = {}  # to where, from where

    def take(self, place: Place, change: ShotChange) -> None:
        """Take in the change of a shot."""
        cells = self._cells.setdefault(place.settled.shot.row.line, {})
        if change.hints_removed or change.hints_added:
            cells |= self._take_hints(place, change)
        if change.keys_removed or change.keys_added:
            cells |= self._take_keys(place, change)

    def write(self) -> None:
        """Write all files."""
        data = change_cells(self._path, read_table(self._path), self._cells)
        for target, picture in self._keys.items():
            with atomic_path(target) as part:
                shutil.copyfile(picture, part)
        for path, hints in self._hints.items():
            _replace(path, hints)
        _replace(self._path, data)

    def _take_hints(self, place: Place, change: ShotChange) -> Mapping[str, str]:
        shot = place.settled.shot
        path = shot.hints or next(self._new_hints(shot.number))
        data = change_lines(self._hints_of(path), change.hints_removed, change.hints_added)
        self._hints[path] = data
        left = [line for line in hint_lines(data, path, self._film) if _is_in(place, line.hint.frame)]
        if not left:
            return {"hints": ""}
        return {} if shot.hints else {"hints": path.name}

    def _hints_of(self, path: Path) -> bytes:
        if path in self._hints:
            return self._hints[path]
        try:
            return path.read_bytes() if path.exists() else b""
        except OSError as error:
            raise InputError(f"{path}: these hints cannot be read ({error.strerror})") from error

    def _new_hints(self, number: int) -> Iterator[Path]:
        """Names for hints of a shot under which there are none yet."""
        names = (f"shot-{number:04}{f'-{again}' if again > 1 else ''}{SUFFIX}" for again in count(1))
        paths = (self._path.parent / name for name in names)
        return (path for path in paths if not has_hints(self._hints_of(path)))

    def _take_keys(self, place: Place, change: ShotChange) -> Mapping[str, str]:
        row = place.settled.shot.row
        names = [name for name in names_in(row.text("key frames")) if name not in change.keys_removed]
        pictures = [self._path.parent / Path(name).expanduser() for name in names]
        check_keys(place, self._film, [*pictures, *change.keys_added])
        for picture in change.keys_added:
            target = next(self._new_key(picture))
            self._keys[target] = picture
            names.append(target.relative_to(self._path.parent).as_posix())
        return {"key frames": "; ".join(names)}

    def _new_key(self, picture: Path) -> Iterator[Path]:
        """Names for a picture under which there is no other one."""
        before, _, frame = picture.stem.rpartition("frame-")
        for again in count(1):
            more = f"{again}_" if again > 1 else ""
            path = self._path.parent / KEYS / f"{before}{more}frame-{frame}{picture.suffix}"
            if path in self._keys:
                continue
            if not path.exists() or path.read_bytes() == picture.read_bytes():
                yield path


def check_keys(place: Place, film: Film, pictures: Sequence[Path]) -> None:
    """Check that pictures are key frames of a shot, and of different frames.

    Raises:
        InputError: one cannot be read.
        OptionError: one is for a frame elsewhere, or two are for one; the error names the line.
    """
    row = place.settled.shot.row
    try:
        frames = keys_in(row.path.parent, tuple(pictures)).frames(film)
    except OptionError as error:
        raise row.error(str(error)) from error
    for frame, path in frames.items():
        if not _is_in(place, frame):
            raise row.error(
                f"key frames: {path} is for frame {frame}, and this shot has {place.first} to "
                f"{place.end - 1}: name it in the line of its shot"
            )


def _is_in(place: Place, frame: int) -> bool:
    return place.first <= frame < place.end


def _replace(path: Path, data: bytes) -> None:
    """Replace what a file holds, or the file that a link leads to; its permissions stay."""
    path = path.resolve()
    with atomic_path(path) as part:
        part.write_bytes(data)
        if path.exists():
            shutil.copymode(path, part)
