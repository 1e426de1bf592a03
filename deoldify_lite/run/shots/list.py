"""A list of a film's shots: where they begin, and how each is to be rendered.

`deoldify-lite shots` writes one, people change it in a spreadsheet, and films are rendered by it. Frames
count from 0. PySceneDetect's lists of scenes are read, too.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.run.shots.table import Row, numbered, of_scenes, read_rows

NAME = "shots.csv"  # in the folder of `deoldify-lite shots`


@dataclass(frozen=True)
class Shot:
    """A line of a list: a shot, and what its empty columns were filled with."""

    row: Row
    number: int
    first: int  # frame
    end: int  # first frame after it
    start_s: Fraction | None = None  # of PySceneDetect's: when it begins, after the first frame
    telling: int | None = None  # the frame that shows what the shot is
    scene: str = ""  # shots of equal scenes share colours; empty: it is alone
    mode: str | None = None  # None, here and below: as for the whole film
    render_factor: int | None = None
    saturation: float | None = None
    temperature: float | None = None
    tint: float | None = None
    reference: Path | None = None
    hints: Path | None = None
    leave: bool | None = None  # None: if it is in colour
    keys: tuple[Path, ...] = ()  # pictures of key frames

    @property
    def telling_frame(self) -> int:
        """The frame that shows what the shot is: the one named, if it is in the shot, else the middle."""
        if self.telling is not None and self.first <= self.telling < self.end:
            return self.telling
        return (self.first + self.end - 1) // 2


@dataclass(frozen=True)
class ShotList:
    """A whole list, in the order of the film, without a gap."""

    path: Path
    shots: tuple[Shot, ...]


def find_shot_list(path: Path) -> Path:
    """The list in a folder of `deoldify-lite shots`, or the file itself."""
    return path / NAME if path.is_dir() else path


def read_shot_list(path: Path) -> ShotList:
    """Read a list of shots, or PySceneDetect's of scenes.

    Args:
        path: of the list, or of a folder with a list named shots.csv.

    Raises:
        InputError: it cannot be read.
        OptionError: a column, a value, or the order of its shots is wrong; the error names file and line.
    """
    path = find_shot_list(path)
    if not path.is_file():
        raise InputError(f"{path}: no such list of shots; `deoldify-lite shots CLIP` writes one")
    rows = read_rows(path)
    read = _read_scene if of_scenes(rows) else _read_shot
    zero_based = of_scenes(rows) and rows[0].whole("start frame") == 0  # as its versions before 0.6 wrote
    shots = tuple(read(number, row, zero_based) for number, row in numbered(rows))
    _check_order(shots)
    return ShotList(path, shots)


def _read_shot(number: int, row: Row, _: bool) -> Shot:
    first, frames = _needed(row, "first frame"), _needed(row, "frames")
    return _with_settings(Shot(row, number, first, first + frames), row)


def _read_scene(number: int, row: Row, zero_based: bool) -> Shot:
    first = _needed(row, "start frame")
    # Both the frame and the end count from 1, and the end belongs to the scene.
    first, end = (
        (first, _needed(row, "end frame") + 1) if zero_based else (first - 1, _needed(row, "end frame"))
    )
    if first < 0:
        raise row.error("start frame is 0, and the first scene's is not: frames count from 1 in such a list")
    start_s = row.number("start time (seconds)")
    shot = Shot(row, number, first, end, start_s=None if start_s is None else Fraction(str(start_s)))
    return _with_settings(shot, row)


def _needed(row: Row, column: str) -> int:
    value = row.whole(column)
    if value is None:
        raise row.error(f"{column} is empty: write a number of frames, counted from 0")
    return value


def _with_settings(shot: Shot, row: Row) -> Shot:
    if shot.end <= shot.first:
        raise row.error("this shot has no frame: remove the line, or give it one frame at least")
    return Shot(
        row,
        shot.number,
        shot.first,
        shot.end,
        shot.start_s,
        telling=row.whole("telling frame"),
        scene=row.text("scene"),
        mode=row.text("mode") or None,
        render_factor=row.whole("render_factor"),
        saturation=row.number("saturation"),
        temperature=row.number("temperature"),
        tint=row.number("tint"),
        reference=_file(row, "reference"),
        hints=_file(row, "hints"),
        leave=row.answer("leave"),
        keys=_files(row, "key frames"),
    )


def _file(row: Row, column: str) -> Path | None:
    """The file that a cell names, from the folder of the list on."""
    text = row.text(column)
    return _existing(row, column, text) if text else None


def _files(row: Row, column: str) -> tuple[Path, ...]:
    return tuple(_existing(row, column, name) for name in names_in(row.text(column)))


def names_in(cell: str) -> list[str]:
    """The names of files in a cell, with a comma, a semicolon or a bar between them."""
    return [name.strip() for name in re.split(r"[,;|\n]", cell) if name.strip()]


def _existing(row: Row, column: str, text: str) -> Path:
    path = row.path.parent / Path(text).expanduser()
    if not path.is_file():
        raise row.error(f"{column} is `{text}`, and there is no such file: name it from the list's folder on")
    return path


def _check_order(shots: Sequence[Shot]) -> None:
    """Check that each shot begins where the one before ends.

    Raises:
        OptionError: it does not.
    """
    for before, shot in pairwise(shots):
        if shot.first < before.first:
            raise shot.row.error(
                f"this shot begins at frame {shot.first}, before that of line {before.row.line}, at "
                f"{before.first}: sort the lines by their first frame"
            )
        if shot.first < before.end:
            raise shot.row.error(
                f"this shot begins at frame {shot.first}, and that of line {before.row.line} goes up to "
                f"{before.end - 1}: they overlap; let one end where the other begins"
            )
        if shot.first > before.end:
            raise shot.row.error(
                f"frames {before.end} to {shot.first - 1}, before this shot, are in none: give them to a "
                "shot beside them, or a line of their own"
            )


def problem_at(shot: Shot, error: OptionError | InputError) -> OptionError:
    """The same error, with the line that it is about."""
    return shot.row.error(str(error))
