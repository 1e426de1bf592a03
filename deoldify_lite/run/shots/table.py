"""Tables of shots as people and programs write them: the file, its cells, and the names of its columns.

Spreadsheets write commas, semicolons or tabs, with or without a byte order mark, in UTF-8, UTF-16 or the
system's own letters, and with decimal commas. All are read.
"""

import codecs
import csv
import difflib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from deoldify_lite.errors import InputError, OptionError

# What we find, and what the user gives: the order of the columns in our own tables.
FOUND = (
    "shot",
    "first frame",
    "start",
    "frames",
    "telling frame",
    "scene",
    "in colour already",
    "key frames",
)
GIVEN = (
    "mode",
    "render_factor",
    "saturation",
    "temperature",
    "tint",
    "reference",
    "hints",
    "leave",
    "note",
)
# PySceneDetect's. Its frames count from 1, and the end is the last frame of the scene.
SCENE_COLUMNS = (
    "scene number",
    "start frame",
    "start timecode",
    "start time (seconds)",
    "end frame",
    "end timecode",
    "end time (seconds)",
    "length (frames)",
    "length (timecode)",
    "length (seconds)",
)
MOST_BYTES = 50_000_000
_HEAD_LINES = 3  # among which the names of the columns stand; PySceneDetect writes its cuts above them
_NEAR = 0.75  # of a name that may be a misspelt one of ours


@dataclass(frozen=True)
class Row:
    """A line of a table that is not empty."""

    path: Path
    line: int  # in the file, from 1
    cells: dict[str, str]  # by the plain name of the column, without space around them

    def error(self, problem: str) -> OptionError:
        """An error that names the file and the line."""
        return OptionError(f"{self.path}:{self.line}: {problem}")

    def text(self, column: str) -> str:
        """What a cell says; empty if the table has no such column."""
        return self.cells.get(plain_name(column), "")

    def number(self, column: str) -> float | None:
        """The number in a cell, with a decimal point or comma; None: it is empty.

        Raises:
            OptionError: it holds something else.
        """
        text = self.text(column)
        if not text:
            return None
        if not re.fullmatch(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)", plain := text.replace("\u2212", "-")):
            raise self.error(f"{column} is `{text}`, which is not a number: write one as 12 or 0.9")
        return float(plain.replace(",", "."))

    def whole(self, column: str) -> int | None:
        """The whole number in a cell; None: it is empty.

        Raises:
            OptionError: it holds something else.
        """
        number = self.number(column)
        if number is not None and (number != int(number) or number < 0):
            raise self.error(f"{column} is `{self.text(column)}`: write a whole number, 0 or more")
        return None if number is None else int(number)

    def answer(self, column: str) -> bool | None:
        """The yes or no in a cell; None: it is empty.

        Raises:
            OptionError: it holds something else.
        """
        text = self.text(column).casefold()
        if text in ("", "yes", "y", "true", "1", "x"):
            return True if text else None
        if text in ("no", "n", "false", "0"):
            return False
        raise self.error(f"{column} is `{self.text(column)}`: write yes or no, or leave it empty")


class Head(NamedTuple):
    """The line that names the columns of a table."""

    line: int  # from 1
    names: list[str]  # as written
    mark: str  # what separates cells


def read_rows(path: Path) -> list[Row]:
    """Read a table of shots or of scenes.

    Raises:
        InputError: the file cannot be read.
        OptionError: it is no such table, a column is misspelt or named twice, or a line has too many cells.
    """
    return parse_rows(path, read_table(path))


def find_head(path: Path, data: bytes) -> Head:
    """Find the line that names the columns; errors as in `parse_rows`."""
    text = _text_of(data)
    lines, mark = max(
        ((_cells(path, text, mark), mark) for mark in ",;\t|"), key=lambda found: _known_in(found[0])
    )
    number, names = max(
        lines[:_HEAD_LINES], key=lambda line: len(_KNOWN & set(map(plain_name, line[1]))), default=(1, [""])
    )
    return Head(number, names, mark)


def parse_rows(path: Path, data: bytes) -> list[Row]:
    """Parse what is in a table of shots or of scenes.

    Raises:
        OptionError: as in `read_rows`.
    """
    number, names, mark = find_head(path, data)
    columns = [plain_name(name) for name in names]
    if not {"first frame", "start frame"} & set(columns):
        near = _misspelt(path, number, names)
        raise near or OptionError(
            f"{path}:{number}: is not a list of shots: its first line must name the columns, among them "
            "`first frame` and `frames`; `deoldify-lite shots CLIP` writes one"
        )
    if problem := _misspelt(path, number, names):
        raise problem
    twice = next((name for name in columns if name and columns.count(name) > 1), None)
    if twice:
        raise OptionError(f"{path}:{number}: the column `{twice}` appears twice: remove one")
    rows = []
    for line, cells in _cells(path, _text_of(data), mark):
        cells = [cell.strip() for cell in cells]
        if line <= number or not any(cells):
            continue
        if any(cells[len(columns) :]):
            raise OptionError(
                f"{path}:{line}: has {len(cells)} cells, and there are {len(columns)} columns: put text with "
                "a comma or a semicolon in it into quotes"
            )
        rows.append(Row(path, line, dict(zip(columns, cells, strict=False))))
    if not rows:
        raise OptionError(f"{path}: holds no shot")
    return rows


def write_rows(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """Write our table; with a byte order mark, by which spreadsheets know that it is UTF-8."""
    with open(path, "w", encoding="utf-8-sig", newline="") as file:
        table = csv.DictWriter(file, (*FOUND, *GIVEN), restval="")
        table.writeheader()
        table.writerows(rows)


def read_table(path: Path) -> bytes:
    """Read the file of a table.

    Raises:
        InputError: it cannot be read, or is too large.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}): name a list of shots") from error
    if len(data) > MOST_BYTES:
        raise InputError(
            f"{path}: is larger than {MOST_BYTES:,} bytes, which is too much for a list of shots"
        )
    return data


def _text_of(data: bytes) -> str:
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", errors="replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", errors="replace")  # as spreadsheets on Windows write


def _cells(path: Path, text: str, mark: str) -> list[tuple[int, list[str]]]:
    """Each line's number and cells; a cell may go on over several lines."""
    table = csv.reader(io.StringIO(text, newline=""), delimiter=mark)
    lines, number = [], 1
    try:
        for cells in table:
            lines.append((number, cells))
            number = table.line_num + 1
    except csv.Error as error:
        raise OptionError(f"{path}:{number}: cannot be read as a table ({error})") from error
    return lines


def _known_in(lines: Sequence[tuple[int, list[str]]]) -> int:
    return max((len(_KNOWN & set(map(plain_name, cells))) for _, cells in lines[:_HEAD_LINES]), default=0)


def plain_name(name: str) -> str:
    """A column's name, however it is spelt: Render-Factor is render_factor."""
    words = re.sub(r"[\s_-]+", " ", name).strip().casefold()
    return re.sub(r"\bcolor\b", "colour", words)


_KNOWN = {plain_name(name) for name in (*FOUND, *GIVEN, *SCENE_COLUMNS)}


def _misspelt(path: Path, line: int, names: Sequence[str]) -> OptionError | None:
    """The error about a column whose name is nearly one of ours; other names are the user's own."""
    for name in names:
        near = difflib.get_close_matches(plain_name(name), sorted(_KNOWN), 1, _NEAR)
        if near and near[0] not in _KNOWN & {plain_name(name)}:
            ours = next(one for one in (*FOUND, *GIVEN, *SCENE_COLUMNS) if plain_name(one) == near[0])
            return OptionError(
                f"{path}:{line}: there is no column `{name.strip()}`: write `{ours}`, or another name if it "
                "is your own"
            )
    return None


def of_scenes(rows: Sequence[Row]) -> bool:
    """Whether a table is PySceneDetect's."""
    return "start frame" in rows[0].cells and "first frame" not in rows[0].cells


def numbered(rows: Sequence[Row]) -> Iterator[tuple[int, Row]]:
    """Each row with the number of its shot: its own, or its place."""
    for place, row in enumerate(rows, 1):
        yield row.whole("scene number" if of_scenes([row]) else "shot") or place, row
