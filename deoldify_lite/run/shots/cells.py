"""Cells of a table of shots changed in place: every other byte of the file stays."""

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deoldify_lite.errors import OptionError
from deoldify_lite.run.shots.table import find_head, parse_rows, plain_name


@dataclass(frozen=True)
class _Coding:
    """How the text of a file is written as bytes; unlike for reading, nothing is lost on the way back."""

    mark: bytes  # at the start of the file
    name: str

    @classmethod
    def of(cls, data: bytes) -> "_Coding":
        for mark, name in (
            (codecs.BOM_UTF16_LE, "utf-16-le"),
            (codecs.BOM_UTF16_BE, "utf-16-be"),
            (codecs.BOM_UTF8, "utf-8"),
        ):
            if data.startswith(mark):
                return cls(mark, name)
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            return cls(b"", "cp1252")
        return cls(b"", "utf-8")

    def decode(self, data: bytes) -> str:
        return data[len(self.mark) :].decode(self.name, errors="surrogateescape")

    def encode(self, text: str) -> bytes:
        return self.mark + text.encode(self.name, errors="surrogateescape")


def change_cells(path: Path, data: bytes, changes: Mapping[int, Mapping[str, str]]) -> bytes:
    """Change cells of a table of shots.

    Args:
        path: of the table, for errors.
        data: what is in it.
        changes: new text of cells, by the line of their row and the name of their column; a column that the
            table does not have is added at its right.

    Returns:
        The table, with all other cells, quotes and line ends as they were.

    Raises:
        OptionError: the table cannot be changed so that it is read as it should be.
    """
    coding = _Coding.of(data)
    try:
        text = coding.decode(data)
        head = find_head(path, data)
        rows = _rows(text, head.mark)
        columns = [plain_name(cell.value) for cell in rows[head.line]]
        for line, cells in changes.items():
            for name, value in cells.items():
                if plain_name(name) not in columns:
                    columns.append(plain_name(name))
                    _set(rows[head.line], len(columns) - 1, name, head.mark)
                _set(rows[line], columns.index(plain_name(name)), value, head.mark)
        changed = coding.encode("".join(cell.text for row in rows.values() for cell in row))
    except (KeyError, UnicodeError) as error:
        raise OptionError(f"{path}: cannot be changed here: change it in a spreadsheet") from error
    _check(path, data, changed, changes)
    return changed


class _Cell:
    """A cell as it stands in the file, with what separates it from the next one."""

    def __init__(self, raw: str, end: str) -> None:
        self.raw, self.end = raw, end

    @property
    def text(self) -> str:
        return self.raw + self.end

    @property
    def value(self) -> str:
        raw = self.raw
        return raw[1:-1].replace('""', '"') if len(raw) > 1 and raw[0] == raw[-1] == '"' else raw


def _rows(text: str, separator: str) -> dict[int, list[_Cell]]:
    """The rows of a table, by the line on which each begins."""
    mark = re.escape(separator)
    cell = re.compile(rf'("(?:[^"]|"")*(?:"[^{mark}\r\n]*|\Z)|[^{mark}\r\n]*)({mark}|\r\n|\r|\n|\Z)')
    rows: dict[int, list[_Cell]] = {}
    at, line, row = 0, 1, list[_Cell]()
    while at < len(text) or row:
        found = cell.match(text, at)
        assert found is not None, "every text begins with a cell"
        row.append(_Cell(found[1], found[2]))
        at = found.end()
        if found[2] != separator:
            rows[line] = row
            line += len(re.findall(r"\r\n|\r|\n", "".join(one.text for one in row)))
            row = []
    return rows


def _set(row: list[_Cell], column: int, value: str, separator: str) -> None:
    while len(row) <= column:
        row.append(_Cell("", row[-1].end))
        row[-2].end = separator
    quoted = any(one in value for one in (separator, '"', "\r", "\n")) or value != value.strip()
    row[column].raw = '"' + value.replace('"', '""') + '"' if quoted else value


def _check(path: Path, old: bytes, new: bytes, changes: Mapping[int, Mapping[str, str]]) -> None:
    """Check that the new table is read as the old one with its changes.

    Raises:
        OptionError: it is not.
    """
    before = [dict(row.cells) for row in parse_rows(path, old)]
    for row, cells in zip(parse_rows(path, old), before, strict=True):
        cells |= {plain_name(name): value.strip() for name, value in changes.get(row.line, {}).items()}
    after = [row.cells for row in parse_rows(path, new)]
    if [_filled(cells) for cells in before] != [_filled(cells) for cells in after]:
        raise OptionError(f"{path}: cannot be changed here: change it in a spreadsheet")


def _filled(cells: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in cells.items() if value}
