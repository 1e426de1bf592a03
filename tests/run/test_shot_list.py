"""Lists of shots as people, spreadsheets and PySceneDetect write them."""

import io
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import pytest
from scenedetect import FrameTimecode
from scenedetect.output import write_scene_list

from deoldify_lite.errors import DeoldifyError, InputError, OptionError
from deoldify_lite.run.shots.list import read_shot_list
from deoldify_lite.run.shots.table import FOUND, GIVEN, write_rows

HEAD = ",".join((*FOUND, *GIVEN))
PLAIN = f"""{HEAD}
1,0,0:00:00.000,40,12,1,no,,,,,,,,,,
2,40,0:00:01.600,25,55,2,no,,stable,14,"0,9",-5,,,,,"warm, like the first"
3,65,0:00:02.600,10,66,1,yes,,,,,,,,,no,
"""


def read(tmp_path: Path, text: str | bytes) -> list[tuple[int, int]]:
    path = tmp_path / "shots.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return [(shot.first, shot.end) for shot in read_shot_list(path).shots]


def error_of(tmp_path: Path, text: str) -> str:
    with pytest.raises(OptionError) as found:
        read(tmp_path, text)
    return str(found.value).removeprefix(f"{tmp_path / 'shots.csv'}:")


def test_each_cell_is_read(tmp_path: Path) -> None:
    read(tmp_path, PLAIN)
    first, second, third = read_shot_list(tmp_path).shots
    assert (first.mode, first.saturation, first.leave, first.scene) == (None, None, None, "1")
    assert (second.mode, second.render_factor, second.saturation, second.temperature) == (
        "stable",
        14,
        0.9,
        -5,
    )
    assert (second.number, second.telling_frame, second.row.line) == (2, 55, 3)
    assert (third.leave, third.scene) == (False, "1")


def test_a_telling_frame_outside_of_its_shot_is_not_used(tmp_path: Path) -> None:
    """Its shot has been split or moved."""
    read(tmp_path, PLAIN.replace(",40,12,", ",40,50,"))
    assert read_shot_list(tmp_path).shots[0].telling_frame == 19


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_whatever_a_spreadsheet_writes(tmp_path: Path, mark: str, end: str, encoding: str) -> None:
    rows = [
        [*FOUND, *GIVEN, "geprüft"],
        ["1", "0", "", "40", "", "1", "no", "", "", "", "0,9", *[""] * 4, "TRUE", "größer; kühler\tja", "x"],
        [""] * 18,
        ["2", "40.0", "", "35,0", "", "2", "no", *[""] * 11],
    ]
    lines = [mark.join(f'"{cell}"' if set(",;\t|") & set(cell) else cell for cell in row) for row in rows]
    assert read(tmp_path, (end.join(lines) + end).encode(encoding)) == [(0, 40), (40, 75)]
    first = read_shot_list(tmp_path / "shots.csv").shots[0]
    assert (first.saturation, first.leave) == (0.9, True)
    assert first.row.cells["note"] == "größer; kühler\tja"


def test_a_cell_over_two_lines_keeps_the_count_of_lines(tmp_path: Path) -> None:
    text = PLAIN.replace("warm, like the first", "warm,\nlike the first").replace("\n3,65,", "\n3,64,")
    assert error_of(tmp_path, text).startswith("5: this shot begins at frame 64")


def test_names_of_columns_may_be_spelt_freely(tmp_path: Path) -> None:
    head = "Shot;First Frame;Frames;Render factor;In color already;Scene;Leave;done by"
    assert read(tmp_path, f"sep=;\n{head}\n1;0;3;12;no;;;Ada\n") == [(0, 3)]


def test_our_own_table_can_be_read(tmp_path: Path) -> None:
    write_rows(tmp_path / "shots.csv", [{"shot": 1, "first frame": 0, "frames": 5}])
    assert (tmp_path / "shots.csv").read_bytes().startswith(b"\xef\xbb\xbfshot,first frame,")
    assert read_shot_list(tmp_path).shots[0].end == 5


@pytest.mark.parametrize("cuts", [False, True])
def test_a_list_of_pyscenedetect_is_read(tmp_path: Path, cuts: bool) -> None:
    ends = [FrameTimecode(number, 25.0) for number in (0, 40, 65, 75)]
    text = io.StringIO()
    write_scene_list(text, list(pairwise(ends)), include_cut_list=cuts)
    assert read(tmp_path, text.getvalue()) == [(0, 40), (40, 65), (65, 75)]
    assert read_shot_list(tmp_path).shots[1].start_s == Fraction("1.6")
    titled = f"Timecode List:,00:00:01.600,00:00:02.600\n{text.getvalue().splitlines()[-4]}\n"
    titled += "\n".join(text.getvalue().splitlines()[-3:])
    assert read(tmp_path, titled) == [(0, 40), (40, 65), (65, 75)]


def test_columns_can_be_added_to_a_list_of_pyscenedetect(tmp_path: Path) -> None:
    read(tmp_path, "Scene Number,Start Frame,End Frame,Saturation\n1,1,40,0.5\n2,41,65,\n")
    assert [shot.saturation for shot in read_shot_list(tmp_path).shots] == [0.5, None]


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("saturation", "saturaton", 1, "no column `saturaton`: write `saturation`"),
        ("first frame", "start", 1, "is not a list of shots"),
        ("note", "mode", 1, "the column `mode` appears twice"),
        ("3,65,", "3,64,", 4, "begins at frame 64, and that of line 3 goes up to 64: they overlap"),
        ("3,65,", "3,70,", 4, "frames 65 to 69, before this shot, are in none"),
        ("2,40,", "2,80,", 3, "frames 40 to 79, before this shot, are in none"),
        ("3,65,", "3,20,", 4, "begins at frame 20, before that of line 3, at 40: sort the lines"),
        (",25,", ",0,", 3, "this shot has no frame"),
        (",25,", ",,", 3, "frames is empty"),
        ("2,40,", "2,forty,", 3, "first frame is `forty`, which is not a number"),
        ("2,40,", "2,-40,", 3, "first frame is `-40`: write a whole number"),
        (",14,", ",14.5,", 3, "render_factor is `14.5`: write a whole number"),
        ('"0,9"', "0,9", 3, "has 18 cells, and there are 17 columns"),
        ('"0,9"', '"1.234,5"', 3, "saturation is `1.234,5`, which is not a number"),
        (",no,\n", ",maybe,\n", 4, "leave is `maybe`: write yes or no"),
        ("-5,,,", "-5,,lost.jpg,", 3, "reference is `lost.jpg`, and there is no such file"),
        ("-5,,,,", "-5,,,lost.csv,", 3, "hints is `lost.csv`, and there is no such file"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    assert old in PLAIN
    found = error_of(tmp_path, PLAIN.replace(old, new, 1))
    assert found.startswith(f"{line}: ") and words in found, found


@pytest.mark.parametrize(
    "text", [b"", b"\x00\xff\xfe\x00", b"\xff\xd8\xff\xe0 JFIF", b"a,b\n1,2\n", HEAD.encode()]
)
def test_what_is_no_list_is_refused(tmp_path: Path, text: bytes) -> None:
    with pytest.raises(DeoldifyError, match=r"shots\.csv"):
        read(tmp_path, text)


def test_a_list_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such list of shots"):
        read_shot_list(tmp_path)
