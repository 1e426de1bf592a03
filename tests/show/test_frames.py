"""Picture sequences that are looked at before they are rendered: their shots in a list, and previews."""

import csv
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deoldify_lite import api
from deoldify_lite.cli import main as cli
from deoldify_lite.film.probe import probe_film
from deoldify_lite.run.sequences.frames import Frames
from deoldify_lite.run.sequences.probe import probe_sequence
from deoldify_lite.sequence.frames import read
from deoldify_lite.sequence.light import luma_of
from deoldify_lite.sequence.names import find_sequence
from deoldify_lite.show.sheet import GAP_PX, LABEL_PX, LEAST_CELL_PX
from deoldify_lite.web.shots.desk import ShotDesk
from helpers.films import run
from helpers.frames import dpx_bytes
from helpers.sequence_runs import bytes_of, make_frames


def command(name: str, source: Path, tiny_weights: Path, *more: object) -> int:
    weights = ("--weights", str(tiny_weights), "--device", "cpu")
    return cli.main([name, str(source), *weights, *map(str, more)])


def rows_of(folder: Path) -> list[dict[str, str]]:
    with open(folder / "shots.csv", encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def reel(tmp_path: Path) -> Path:
    return make_frames(tmp_path / "old reel", range(100, 136), shots=3)


@pytest.fixture
def rendering(tiny_weights: Path) -> api.Rendering:
    return api.settle("video", weights=tiny_weights, render_factor=4, device="cpu")


@pytest.mark.slow
def test_shots_of_a_sequence_are_listed_shown_and_rendered(
    reel: Path,
    tmp_path: Path,
    tiny_weights: Path,
    rendering: api.Rendering,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = bytes_of(reel)
    assert command("shots", reel, tiny_weights, "--render-factor", 4, "--fps", 12, "--every", 6) == 0
    folder = tmp_path / "old reel-shots"
    rows = rows_of(folder)
    assert [(row["first frame"], row["frames"], row["start"]) for row in rows] == [
        ("0", "12", "0:00:00.000"),
        ("12", "12", "0:00:01.000"),
        ("24", "12", "0:00:02.000"),
    ]
    stills = sorted(folder.glob("*.png"))
    assert {f"shot-{number:04}_frame-{6 * at:06}.png" for at, number in enumerate((1, 1, 2, 2, 3, 3))} <= {
        path.name for path in stills
    }
    assert capsys.readouterr().out.splitlines()[0] == str(folder / "shots.csv")
    named = f"colorize-video '{reel / 'f%05d.png'}' --fps 12 --shots"
    assert named.replace("'", "&#39;") in (folder / "shots.html").read_text()
    # Stills are what comes out, frame by frame.
    options = {"rendering": rendering, "fps": 12, "shots": folder / "shots.csv"}
    (item,) = api.colorize_video(reel / "f%05d.png", tmp_path / "out", **options, steadiness=0)
    assert (item.status, item.reason) == ("done", "")
    for path in stills:
        result = tmp_path / "out" / f"f{100 + int(path.stem[-6:]):05}.png"
        assert np.array_equal(np.asarray(Image.open(path)), np.asarray(Image.open(result)))
    # Again, from the list, into the same folder.
    assert command("shots", reel, tiny_weights, "--render-factor", 4, "--shots", folder) == 0
    assert bytes_of(reel) == before


@pytest.mark.logs_errors
def test_numbers_that_are_missing_are_refused_or_left_out(
    reel: Path, tmp_path: Path, tiny_weights: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (reel / "f00110.png").unlink()
    assert command("shots", reel / "f%05d.png", tiny_weights, "--render-factor", 4) == 1
    assert "f%05d.png: 00110: missing" in caplog.text
    caplog.clear()
    assert command("shots", reel, tiny_weights, "--render-factor", 4, "--missing", "skip") == 0
    assert "1 frames have no picture of their own and are left out: 00110" in caplog.text
    assert [row["frames"] for row in rows_of(tmp_path / "old reel-shots")] == ["11", "12", "12"]
    assert " --missing skip --shots" in (tmp_path / "old reel-shots" / "shots.html").read_text()


def test_film_scans_are_shown_as_a_screen_shows_them(tmp_path: Path, tiny_weights: Path) -> None:
    reel = tmp_path / "scan"
    reel.mkdir()
    density = np.linspace(95, 800, 48).astype(np.uint16)[None, :, None].repeat(32, 0)
    for number in range(4):
        fields = {1920: ("I", 0x01000000 + number), 1940: ("f", 24.0)}
        data = dpx_bytes(density, 10, transfer=1, fields=fields)
        (reel / f"{number:04}.dpx").write_bytes(data)
    assert command("shots", reel, tiny_weights, "--render-factor", 4) == 0
    folder = tmp_path / "scan-shots"
    assert rows_of(folder)[0]["start"] == "01:00:00:00"
    (path,) = folder.glob("*.png")
    still, frame = Image.open(path), read(reel / "0000.dpx")
    rgb, own = np.asarray(still, float), luma_of(frame).astype(float)
    assert frame.facts.transfer == "log" and own[0, -1] > 200 and own[0, 20] < 100
    assert np.ptp(rgb, axis=2).mean() > 5
    assert np.abs(rgb @ (0.299, 0.587, 0.114) - own).mean() < 8


@pytest.mark.slow
def test_a_preview_of_a_sequence(reel: Path, tmp_path: Path, tiny_weights: Path) -> None:
    before = bytes_of(reel)
    options = ("--modes", "video", "--render-factors", 4, "--seconds", 0.5, "--fps", 24)
    assert command("preview", reel, tiny_weights, *options) == 0
    sheet, clip = tmp_path / "old reel-preview.png", tmp_path / "old reel-preview.mp4"
    assert probe_film(clip).frame_count == 12
    shown = np.asarray(Image.open(sheet), int)[LABEL_PX : LABEL_PX + 32]
    left, right = (shown[:, at : at + 48] for at in (GAP_PX, 2 * GAP_PX + LEAST_CELL_PX))
    assert np.ptp(left, axis=2).max() == 0 and np.ptp(right, axis=2).mean() > 5
    data = run("ffmpeg", "-v", "error", "-i", clip, "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    frames = np.frombuffer(data, np.uint8).reshape(12, 32, 100, 3).astype(int)
    assert np.ptp(frames[:, :, :46], axis=3).mean() < 2 < 5 < np.ptp(frames[:, :, 54:], axis=3).mean()
    source = np.asarray(Image.open(reel / "f00118.png"), int)
    assert np.abs(frames[0, :, :48].mean(axis=2) - source).mean() < 3, "it begins in the middle"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *(".deoldify_lite.jsonl", "old reel", clip.name, sheet.name)
    ]
    assert command("preview", reel, tiny_weights, *options) == 0, "its own files are replaced"
    assert bytes_of(reel) == before


@pytest.mark.slow
def test_the_page_edits_shots_of_a_sequence(
    reel: Path, tmp_path: Path, tiny_weights: Path, rendering: api.Rendering
) -> None:
    assert command("shots", reel, tiny_weights, "--render-factor", 4) == 0
    film = probe_sequence(Frames(find_sequence(reel)))
    path = tmp_path / "old reel-shots" / "shots.csv"
    (tmp_path / "uploads").mkdir()
    desk = ShotDesk(film, path, rendering, tmp_path / "uploads")
    first = desk.shots()[0]
    plain = picture_in(desk.try_out(0, first.telling, [], []))
    still = Image.open(path.parent / f"shot-0001_frame-{first.telling:06}.png")
    assert np.abs(plain - np.asarray(still.resize(plain.shape[1::-1]), int)).mean() < 6
    hinted = picture_in(desk.try_out(0, first.telling, [f"f{first.telling},50%,50%,#2040e0"], []))
    middle = hinted[hinted.shape[0] // 2, hinted.shape[1] // 2]
    assert middle[2] > middle[0] + 30


def picture_in(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)), int)
