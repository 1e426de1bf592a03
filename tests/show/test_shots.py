"""The shots of a film on disk: a list for spreadsheets, stills at full size, and a page to look through."""

import csv
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from deoldify_lite import api
from deoldify_lite.cli import main as cli
from deoldify_lite.photo.xmp import DIGITAL_SOURCE_TYPE
from deoldify_lite.run.shots.table import FOUND, GIVEN
from helpers.browser import watch
from helpers.films import LOSSLESS, make, run
from helpers.shots import change_list, film_of

pytestmark = pytest.mark.slow

# Three pictures; the first one comes back.
SHOTS = ((1, 40), (2, 30), (1, 30), (3, 20))


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return film_of(tmp_path / "old film.mp4", *SHOTS)


def run_shots(film: Path, tiny_weights: Path, *more: str) -> tuple[int, Path]:
    code = cli.main(
        [
            *("shots", str(film), "--weights", str(tiny_weights), "--render-factor", "4"),
            *("--device", "cpu", "--quiet", *more),
        ]
    )
    return code, film.with_name(f"{film.stem}-shots")


def rows_of(folder: Path) -> list[dict[str, str]]:
    with open(folder / "shots.csv", encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_the_list_names_every_shot_and_leaves_columns_for_the_user(
    film: Path, tiny_weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, folder = run_shots(film, tiny_weights)
    rows = rows_of(folder)
    assert code == 0 and list(rows[0]) == [*FOUND, *GIVEN]
    assert [(row["shot"], row["first frame"], row["frames"]) for row in rows] == [
        ("1", "0", "40"),
        ("2", "40", "30"),
        ("3", "70", "30"),
        ("4", "100", "20"),
    ]
    assert [row["start"] for row in rows] == ["0:00:00.000", "0:00:01.600", "0:00:02.800", "0:00:04.000"]
    assert [row["scene"] for row in rows] == ["1", "2", "1", "3"]
    assert {row["in colour already"] for row in rows} == {"no"}
    assert not any(row[name] for row in rows for name in (*GIVEN, "key frames"))
    stills = [f"shot-{int(row['shot']):04}_frame-{int(row['telling frame']):06}.png" for row in rows]
    written = ["shots.csv", "shots.html", *stills]
    assert capsys.readouterr().out.splitlines() == [str(folder / name) for name in written]


def test_stills_are_what_comes_out(film: Path, tiny_weights: Path, tmp_path: Path) -> None:
    _, folder = run_shots(film, tiny_weights)
    rendering = api.settle("video", weights=tiny_weights, render_factor=4, device="cpu")
    api.colorize_video(film, tmp_path / "out.mkv", rendering=rendering, steadiness=0, encoding=LOSSLESS)
    luma, blue, red = planes_of(tmp_path / "out.mkv")
    stills = sorted(folder.glob("*.png"))
    assert len(stills) == 4
    for path in stills:
        still, frame = np.asarray(Image.open(path)) / 255, int(path.stem.split("-")[-1])
        y = still @ (0.2126, 0.7152, 0.0722)  # of BT.709, as the film
        whole = ((still > 0) & (still < 1)).all(axis=2)  # what no screen can show is clipped
        assert np.abs(16 + 219 * y - luma[frame])[whole].max() < 1.1, "its luma is the film's own"
        cb, cr = (still[..., 2] - y) / 1.8556, (still[..., 0] - y) / 1.5748
        for ours, its in ((cb, blue[frame]), (cr, red[frame])):
            assert np.abs(128 + 224 * ours - its)[whole].mean() < 1 and np.abs(ours).mean() > 0.01
        assert DIGITAL_SOURCE_TYPE in Image.open(path).info["xmp"].decode()


def planes_of(path: Path) -> tuple[NDArray[np.uint8], ...]:
    """Luma, Cb and Cr of all frames, in 4:4:4."""
    arguments = ("-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "yuv444p", "-")
    data = run("ffmpeg", "-v", "error", "-i", path, "-map", "0:V:0", *arguments)
    planes = np.frombuffer(data, np.uint8).reshape(-1, 3, 96, 128)
    return planes[:, 0], planes[:, 1], planes[:, 2]


def test_shots_in_colour_and_timecodes_are_told(tmp_path: Path, tiny_weights: Path) -> None:
    film_of(tmp_path / "a.mp4", (1, 40))
    film_of(tmp_path / "b.mp4", (3, 60), grey=False)
    (tmp_path / "both.txt").write_text("file a.mp4\nfile b.mp4\n")
    film = make(
        tmp_path / "both.mov",
        *("-f", "concat", "-i", tmp_path / "both.txt", "-c", "copy", "-timecode", "10:00:00:00"),
    )
    _, folder = run_shots(film, tiny_weights)
    rows = rows_of(folder)
    assert [row["in colour already"] for row in rows] == ["no", "yes"]
    assert [row["start"] for row in rows] == ["10:00:00:00", "10:00:01:15"]
    (still,) = folder.glob("shot-0002*")
    assert np.ptp(np.asarray(Image.open(still)).astype(int), axis=2).mean() > 20
    assert "xmp" not in Image.open(still).info, "its colours are its own"


@pytest.mark.logs_errors
def test_more_stills_on_demand(film: Path, tiny_weights: Path) -> None:
    _, folder = run_shots(film, tiny_weights, "--every", "20")
    names = {path.name for path in folder.glob("*.png")}
    assert names > {
        *("shot-0001_frame-000000.png", "shot-0001_frame-000020.png", "shot-0002_frame-000040.png"),
        *("shot-0002_frame-000060.png", "shot-0003_frame-000090.png", "shot-0004_frame-000100.png"),
    }
    assert run_shots(film, tiny_weights, "--every", "0")[0] == 2


@pytest.mark.parametrize(
    ("rate", "timecode", "events"),
    [
        ("25", "10:00:00:00", ["10:00:00:00 10:00:01:15", "10:00:01:15 10:00:02:20"]),
        ("30000/1001", "10:00:59:20", ["10:00:59:20 10:01:01:00", "10:01:01:00 10:01:02:00"]),
        ("30000/1001", "10:00:59;20", ["10:00:59;20 10:01:01;02", "10:01:01;02 10:01:02;02"]),
    ],
)
def test_an_edit_decision_list_on_the_films_timecode(
    tmp_path: Path, tiny_weights: Path, rate: str, timecode: str, events: list[str]
) -> None:
    pytest.importorskip("opentimelineio")
    plain = film_of(tmp_path / "plain.mp4", *SHOTS[:2])
    film = make(
        tmp_path / "film.mov",
        *("-r", rate, "-i", plain, "-c:v", "libx264", "-qp", 0, "-bf", 0, "-r", rate, "-timecode", timecode),
    )
    code, folder = run_shots(film, tiny_weights, "--edl")
    lines = (folder / "shots.edl").read_text().splitlines()
    assert code == 0 and lines[0] == "TITLE: film"
    assert [" ".join(line.split()[4:6]) for line in lines if line[:3].isdigit()] == events
    assert sum("film.mov" in line for line in lines) == 2 and "* SCENE: 2" in lines


@pytest.mark.logs_errors
def test_what_has_no_edit_decision_list_is_refused_before_the_work(
    tmp_path: Path, film: Path, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch, caplog: Any
) -> None:
    slow = make(tmp_path / "slow.mp4", "-r", 18, "-i", film, "-c:v", "libx264", "-r", 18)
    assert run_shots(slow, tiny_weights, "--edl")[0] == 2
    assert "has 18 frames a second" in caplog.text
    monkeypatch.setitem(sys.modules, "opentimelineio", None)
    assert run_shots(film, tiny_weights, "--edl")[0] == 2
    assert "pip install opentimelineio otio-cmx3600-adapter" in caplog.text
    assert not film.with_name("old film-shots").exists()


def test_films_of_more_bits_give_stills_of_16(tmp_path: Path, film: Path, tiny_weights: Path) -> None:
    deep = make(tmp_path / "deep.mkv", "-i", film, "-c:v", "ffv1", "-pix_fmt", "yuv422p10le", "-t", 1)
    _, folder = run_shots(deep, tiny_weights)
    (still,) = folder.glob("*.png")
    assert still.read_bytes()[24] == 16


@pytest.mark.logs_errors
def test_a_list_that_was_changed_is_not_replaced(
    film: Path, tiny_weights: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _, folder = run_shots(film, tiny_weights)
    assert run_shots(film, tiny_weights)[0] == 0, "as it was left, it is"
    change_list(folder / "shots.csv", lambda rows: rows[0].update(note="mine"))
    assert run_shots(film, tiny_weights)[0] == 1
    assert "shots.csv: exists and is not a result of an earlier run" in caplog.text
    assert rows_of(folder)[0]["note"] == "mine"
    assert run_shots(film, tiny_weights, "--overwrite")[0] == 0 and not rows_of(folder)[0]["note"]


@pytest.mark.logs_errors
def test_a_change_that_takes_no_more_bytes_counts_too(film: Path, tiny_weights: Path) -> None:
    _, folder = run_shots(film, tiny_weights)
    change_list(folder / "shots.csv", lambda rows: rows[0].update(scene="9"))
    assert run_shots(film, tiny_weights)[0] == 1 and rows_of(folder)[0]["scene"] == "9"
    change_list(folder / "shots.csv", lambda rows: rows[0].update(scene="1"))
    painted = next(folder.glob("shot-0003*"))
    data = bytearray(painted.read_bytes())
    data[-20] ^= 1
    painted.write_bytes(data)
    assert run_shots(film, tiny_weights)[0] == 1 and painted.read_bytes() == data


def test_a_changed_list_is_shown_with_the_settings_of_its_shots(film: Path, tiny_weights: Path) -> None:
    _, folder = run_shots(film, tiny_weights)

    def change(rows: list[dict[str, str]]) -> None:
        rows[0].update(frames="30", saturation="0.1")
        rows[1].update({"first frame": "30", "frames": "40", "leave": "yes"})
        rows[2].update(render_factor="6")
        del rows[3]
        rows[2].update(frames="50")

    third = next(folder.glob("shot-0003*"))
    before = third.read_bytes()
    listed = change_list(folder / "shots.csv", change).read_bytes()
    code, _ = run_shots(film, tiny_weights, "--shots", str(folder))
    assert code == 0 and (folder / "shots.csv").read_bytes() == listed

    def colors_of(path: Path) -> float:
        return float(np.ptp(np.asarray(Image.open(path)).astype(int), axis=2).mean())

    # The first one's telling frame is now the second one's, so it has another.
    assert colors_of(folder / "shot-0001_frame-000014.png") < 0.3 * colors_of(third)
    assert colors_of(next(folder.glob("shot-0002*"))) <= 2 and third.read_bytes() != before
    assert "Shot 3" in (page := (folder / "shots.html").read_text()) and "Shot 4" not in page


@pytest.mark.logs_errors
def test_a_wrong_list_is_refused_before_its_shots_are_shown(
    film: Path, tiny_weights: Path, caplog: pytest.LogCaptureFixture
) -> None:
    _, folder = run_shots(film, tiny_weights)
    change_list(folder / "shots.csv", lambda rows: rows[3].update(frames="21"))
    assert run_shots(film, tiny_weights, "--shots", str(folder))[0] == 2
    assert f"{folder / 'shots.csv'}:5: this shot goes up to frame 120" in caplog.text


def test_stills_are_not_taken_for_photos(film: Path, tiny_weights: Path, tmp_path: Path) -> None:
    _, folder = run_shots(film, tiny_weights)
    Image.fromarray(np.full((40, 40), 90, np.uint8)).save(folder / "photo.png")
    rendering = api.settle(weights=tiny_weights, render_factor=4, device="cpu")
    items = api.colorize_folder(folder, tmp_path / "out", rendering=rendering)
    assert [Path(str(item.source)).name for item in items] == ["photo.png"]


def test_a_film_is_rendered_by_its_own_list(film: Path, tiny_weights: Path, tmp_path: Path) -> None:
    _, folder = run_shots(film, tiny_weights)
    rendering = api.settle("video", weights=tiny_weights, render_factor=4, device="cpu")
    (item,) = api.colorize_video(film, tmp_path / "out.mkv", rendering=rendering, shots=folder)
    assert item.status == "done" and item.frames == 120, item.reason


@pytest.mark.logs_errors
def test_what_is_no_film_is_refused(tmp_path: Path, tiny_weights: Path, film: Path) -> None:
    (tmp_path / "text.mp4").write_text("no film")
    assert run_shots(tmp_path / "text.mp4", tiny_weights)[0] == 1
    assert run_shots(tmp_path / "nowhere.mp4", tiny_weights)[0] == 1
    assert run_shots(film, tiny_weights, "-o", str(film))[0] == 2


def test_the_page_in_a_browser(browser: Any, film: Path, tiny_weights: Path) -> None:
    _, folder = run_shots(film, tiny_weights)
    page = browser.new_page()
    requests, trouble = watch(page)
    page.goto(f"file://{folder / 'shots.html'}")
    cards = page.locator("article")
    doubts = [float(cards.nth(i).get_attribute("data-doubt")) for i in range(cards.count())]
    assert len(doubts) == 4 and doubts == sorted(doubts, reverse=True)
    page.wait_for_function("document.querySelector('article img').naturalWidth > 0")
    page.select_option("#order", "film")
    assert [cards.nth(i).get_attribute("data-number") for i in range(4)] == ["1", "2", "3", "4"]
    page.select_option("#order", "scene")
    assert [cards.nth(i).get_attribute("data-number") for i in range(4)] == ["1", "3", "2", "4"]
    page.fill("#search", "0:00:02.8")
    assert page.locator("article:visible").count() == 1
    page.fill("#search", "no such shot")
    assert page.locator("#nothing").is_visible()
    page.fill("#search", "")
    target = cards.first.locator("a").get_attribute("href")
    assert (folder / target).is_file()
    assert not trouble and [url for url in requests if not url.startswith(("file:", "data:"))] == []
