"""Files of hints: what they say, and what they must not."""

import hashlib
from fractions import Fraction
from pathlib import Path

import pytest

from deoldify_lite.color.hint import FilmHint, Hint
from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.run.hint_file import MOST_BYTES, MOST_HINTS, find_hints, read_hints


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "a.hints.csv"
    path.write_text(text, encoding="utf-8")
    return path


def nearest(time_s: Fraction) -> int:
    return round(25 * time_s)


def test_pixels_and_percent_mean_the_same_point(tmp_path: Path) -> None:
    path = write(tmp_path, "# the hat\n100,40,#ff0000\n\n 50% , 50 %, #0000ff , 10%\n200,80,keep,20\n")
    red, blue, kept = read_hints(path).on(200, 80)
    assert (red.x, red.y, red.radius) == (0.5, 0.5, None)
    # Cr of pure red and Cb of pure blue are 0.5 by definition; Cb of red is -0.299 / 1.772.
    assert red.chroma == pytest.approx((-0.299 / 1.772, 0.5))
    assert blue.chroma == pytest.approx((0.5, -0.114 / 1.402))
    assert (blue.x, blue.y, blue.radius) == (0.5, 0.5, pytest.approx(0.1))
    assert kept == Hint(1.0, 1.0, None, 0.1)


def test_grey_has_no_chroma(tmp_path: Path) -> None:
    (hint,) = read_hints(write(tmp_path, "0,0,#7f7F7f")).on(10, 10)
    assert hint.chroma == pytest.approx((0, 0), abs=1e-12)


def test_times_become_frames_in_order(tmp_path: Path) -> None:
    path = write(tmp_path, "1:00:02,0,0,keep\n0:42.5,0,0,keep\n2.04,0,0,keep\nf7,50%,0,keep\n")
    hints = read_hints(path, film=True).in_film(640, 360, nearest)
    assert [hint.frame for hint in hints] == [7, 51, 1062, 90050]
    assert hints[0] == FilmHint(7, Hint(0.5, 0, None))
    # Where each field becomes a frame, times are of the result, and numbers still of the film.
    doubled = read_hints(path, film=True).in_film(640, 360, lambda time_s: 2 * nearest(time_s), each=2)
    assert [hint.frame for hint in doubled] == [14, 102, 2124, 180100]


def test_windows_writes_a_mark_and_other_line_ends(tmp_path: Path) -> None:
    path = tmp_path / "a.hints.csv"
    path.write_bytes("1,2,#102030\r\n3,4,keep\r\n".encode("utf-8-sig"))
    assert len(read_hints(path).on(10, 10)) == 2


def test_the_digest_is_that_of_the_content(tmp_path: Path) -> None:
    path = write(tmp_path, "1,2,keep")
    assert read_hints(path).digest == hashlib.sha256(b"1,2,keep").hexdigest()


@pytest.mark.parametrize(
    ("line", "film", "says"),
    [
        ("1,2", False, "a hint on a photo is x,y,#rrggbb"),
        ("1,2,#000000,3,4", False, "a hint on a photo is"),
        ("0:01,1,2,#000000", False, "a time too many"),
        ("1,2,#000000", True, "a hint in a film is time,x,y"),
        ("1,2,red", False, "`red` is not a colour: write #rrggbb"),
        ("1,2,#12345", False, "is not a colour"),
        ("-1,2,#000000", False, "`-1` is not a place"),
        ("nan,2,#000000", False, "`nan` is not a place"),
        ("1e3,2,#000000", False, "is not a place"),
        ("1,2,#000000,0", False, "a radius of 0"),
        ("1,2,#000000,", False, "`` is not a radius"),
        ("0:61:x,1,2,#000000", True, "`0:61:x` is not a time"),
        ("f1.5,1,2,#000000", True, "`f1.5` is not a time"),
        ("\u0661,2,#000000", False, "is not a place"),
    ],
)
def test_what_is_wrong_is_named_with_its_line(tmp_path: Path, line: str, film: bool, says: str) -> None:
    path = write(tmp_path, f"# one\n{line}\n")
    with pytest.raises(OptionError) as error:
        read_hints(path, film=film)
    assert str(error.value).startswith(f"{path}:2: ")
    assert says in str(error.value)


def test_a_point_outside_of_the_picture_is_refused(tmp_path: Path) -> None:
    hints = read_hints(write(tmp_path, "5,5,keep\n100,41,keep"))
    assert len(hints.on(100, 41)) == 2
    with pytest.raises(
        OptionError, match=r":2: this point lies outside of the picture, which is 100 x 40 px"
    ):
        hints.on(100, 40)
    with pytest.raises(OptionError, match="outside"):
        read_hints(write(tmp_path, "101%,5,keep")).on(100, 40)


def test_too_many_and_none_are_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="holds no hint"):
        read_hints(write(tmp_path, "# nothing\n"))
    many = "1,1,keep\n" * (MOST_HINTS + 1)
    with pytest.raises(OptionError, match=f"at most {MOST_HINTS}"):
        read_hints(write(tmp_path, many))
    timed = read_hints(write(tmp_path, "f3," + many.replace("\n", "\nf3,").removesuffix("f3,")), film=True)
    with pytest.raises(OptionError, match=f":{MOST_HINTS + 1}: more than {MOST_HINTS}"):
        timed.in_film(10, 10, nearest)
    with pytest.raises(OptionError, match="is larger than"):
        read_hints(write(tmp_path, "#" * (MOST_BYTES + 1)))


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.hints.csv"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="write them as plain text"):
        read_hints(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_hints(tmp_path / "gone.csv")


def test_hints_are_found_by_the_name_of_their_source(tmp_path: Path) -> None:
    folder = tmp_path / "hints"
    (folder / "1920").mkdir(parents=True)
    for name in ("a.hints.csv", "b.jpg.hints.csv", "b.hints.csv", "1920/a.hints.csv"):
        (folder / name).write_text("1,1,keep")
    assert find_hints(folder, Path("a.jpg")) == folder / "a.hints.csv"
    assert find_hints(folder, tmp_path / "photos" / "a.png") == folder / "a.hints.csv"
    assert find_hints(folder, Path("b.jpg")) == folder / "b.jpg.hints.csv"
    assert find_hints(folder, Path("1920/a.jpg")) == folder / "1920" / "a.hints.csv"
    assert find_hints(folder, Path("1920/b.png")) == folder / "b.hints.csv"
    assert find_hints(folder, Path("c.jpg")) is None
    assert find_hints(folder / "a.hints.csv", Path("c.jpg")) == folder / "a.hints.csv"
    with pytest.raises(OptionError, match="no such file or folder with hints"):
        find_hints(tmp_path / "gone", Path("c.jpg"))
