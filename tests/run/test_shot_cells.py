"""Cells of lists of shots, changed while every other byte stays."""

import csv
import io
from pathlib import Path

import pytest

from deoldify_lite.errors import OptionError
from deoldify_lite.run.shots.cells import change_cells

PATH = Path("shots.csv")
TABLE = '''shot,first frame,frames,hints,note,mine
1,0,40,,"warm, like
the ""first""",  x

2,40,25,old.csv,,'
3,65,10
'''


def change(text: str, changes: dict[int, dict[str, str]]) -> str:
    return change_cells(PATH, text.encode(), changes).decode()


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_only_the_cell_is_changed(mark: str, end: str, encoding: str) -> None:
    text = TABLE.replace("warm,", "wärm,").replace(",", mark).replace("\n", end)
    data = change_cells(PATH, text.encode(encoding), {5: {"hints": "new.csv"}, 2: {"Hints": "a.csv"}})
    assert data == text.replace("old.csv", "new.csv").replace(
        f"40{mark}{mark}", f"40{mark}a.csv{mark}", 1
    ).encode(encoding)


def test_what_holds_separators_is_quoted() -> None:
    changed = change(TABLE, {5: {"hints": 'a, "b".csv'}})
    assert changed == TABLE.replace("old.csv", '"a, ""b"".csv"')


def test_a_short_line_and_a_missing_column_are_made_longer() -> None:
    assert change(TABLE, {6: {"hints": "a.csv"}}) == TABLE.replace("3,65,10", "3,65,10,a.csv")
    changed = change(TABLE, {5: {"key frames": "k.png"}})
    assert changed == TABLE.replace("note,mine", "note,mine,key frames").replace(",'", ",',k.png")


def test_the_last_line_may_have_no_end_and_a_quote_none_either() -> None:
    text = TABLE.removesuffix("\n")
    assert change(text, {6: {"hints": "a.csv"}}) == text + ",a.csv"
    text += ',,"open'
    assert change(text, {5: {"hints": ""}}) == text.replace("old.csv", "")


def test_bytes_that_are_no_letters_stay() -> None:
    data = TABLE.replace("like", "l\udc81ke\udc8d").encode("cp1252", "surrogateescape")
    assert change_cells(PATH, data, {5: {"hints": ""}}) == data.replace(b"old.csv", b"")


def test_a_table_of_scenes_gets_columns_of_ours() -> None:
    text = "Timecode List:,0:01\nScene Number,Start Frame,End Frame\n1,1,40\n2,41,65\n"
    expected = text.replace("End Frame", "End Frame,hints").replace("41,65", "41,65,h.csv")
    assert change(text, {4: {"hints": "h.csv"}}) == expected


def test_a_line_that_is_not_there_is_refused() -> None:
    with pytest.raises(OptionError, match=r"^shots\.csv: cannot be changed here"):
        change(TABLE, {4: {"hints": "a.csv"}})
    with pytest.raises(OptionError, match="cannot be changed here"):
        change_cells(PATH, TABLE.encode("cp1252"), {5: {"hints": "字.csv"}, 2: {"note": "\ud800"}})


def test_it_is_read_as_before(tmp_path: Path) -> None:
    changed = change(TABLE, {5: {"hints": "a\nb"}})
    rows = list(csv.reader(io.StringIO(changed)))
    assert rows[1][4] == 'warm, like\nthe "first"' and rows[3][3] == "a\nb"
