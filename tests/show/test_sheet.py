"""Sheets to choose from, of photos and of frames, and clips of before and after."""

import argparse
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deoldify_lite.cli.preview import fill_preview_parser
from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.film.probe import probe_film
from deoldify_lite.photo.io import read_photo
from deoldify_lite.photo.photo import Photo
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.run.plan import plan, tasks_of
from deoldify_lite.show.clip import frame_of
from deoldify_lite.show.sheet import GAP_PX, LABEL_PX, Row, Subject, draw_sheet, subject_of, write_sheet
from helpers.films import joined, make, pattern, run, tone
from helpers.networks import Fixed
from helpers.photos import has_mark
from helpers.pictures import grey_picture


def rows(*, most: int = 99, error: Exception | None = None) -> list[Row]:
    """Two modes whose colours are known: one red, one blue."""
    red, blue = (Fixed(chroma, most=most, error=error) for chroma in ((-0.1, 0.2), (0.2, -0.1)))
    return [
        Row("artistic", Colorizer(red, render_factor=4)),
        Row("stable", Colorizer(blue, render_factor=6)),
    ]


def cell(sheet: np.ndarray, subject: Subject, row: int, column: int) -> np.ndarray:
    """The picture at a place of the sheet; column 0 is what it was before."""
    height, width = subject.small.shape[:2]
    top = LABEL_PX + row * (height + LABEL_PX + GAP_PX)
    left = GAP_PX + column * (max(width, 160) + GAP_PX)
    return sheet[top : top + height, left : left + width]


def test_each_place_holds_what_a_run_would_make() -> None:
    picture = grey_picture(300, 400)
    subject = subject_of(Photo(Path("a.png"), picture))
    sheet = draw_sheet(subject, rows(), [4, 6, 8], "a line")
    assert sheet.shape == (2 * (300 + LABEL_PX + GAP_PX) + LABEL_PX, GAP_PX + 4 * (400 + GAP_PX), 3)
    for number, row in enumerate(rows()):
        np.testing.assert_array_equal(cell(sheet, subject, number, 0), picture)
        for column, factor in enumerate((4, 6, 8), 1):
            expected = row.colorizer.with_render_factor(factor).colorize(picture)
            np.testing.assert_array_equal(cell(sheet, subject, number, column), expected)
    # the name of each is above it, that of the usual render factor the darkest
    labels = sheet[:LABEL_PX].astype(int).mean(-1)
    assert all(np.ptp(labels[:, left : left + 100]) > 80 for left in range(GAP_PX, 1600, 410))
    ink = [(labels[:, left : left + 400] < 60).sum() for left in range(GAP_PX, 1600, 410)]
    assert np.argmax(ink) == 1


def test_a_label_says_where_memory_was_short() -> None:
    subject = subject_of(Photo(Path("a.png"), grey_picture(100, 200)))
    sheet = draw_sheet(subject, rows(most=0, error=MemoryError("no"))[:1], [4], "")
    assert np.ptp(cell(sheet, subject, 0, 1), axis=(0, 1)).max() == 0
    assert np.ptp(cell(sheet, subject, 0, 0), axis=(0, 1)).max() > 0


@pytest.mark.parametrize(
    ("size", "expected"),
    [((1, 1), (160, 160)), ((20, 10), (160, 80)), ((3, 4000), (1, 480)), ((3000, 2000), (480, 320))],
)
def test_every_size_fits(size: tuple[int, int], expected: tuple[int, int]) -> None:
    subject = subject_of(Photo(Path("a.png"), np.full((*size, 3), 90, np.uint8)))
    assert subject.small.shape[:2] == expected
    sheet = draw_sheet(subject, rows()[:1], [4], "")
    assert np.abs(cell(sheet, subject, 0, 0).astype(int) - 90).max() <= 1
    red = cell(sheet, subject, 0, 1).astype(int)
    assert (red[..., 0] - red[..., 2]).min() > 50


def test_deep_photos_and_clear_ones_look_as_in_a_viewer() -> None:
    deep = np.full((50, 60, 3), 30000, np.uint16)
    alpha = np.zeros((50, 60), np.uint16)
    alpha[:, :30] = 65535
    subject = subject_of(Photo(Path("a.png"), deep, alpha=alpha))
    assert subject.before.dtype == np.uint8 and subject.before.shape == (133, 160, 3)
    assert np.abs(subject.before[:, :70].astype(int) - 117).max() <= 1 and subject.before[:, 90:].min() == 255
    sheet = draw_sheet(subject, rows()[:1], [4], "")
    found = cell(sheet, subject, 0, 1).astype(int)
    assert found[:, 90:].min() == 255 and (found[:, :70, 0] - found[:, :70, 2]).min() > 50


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_a_sheet_says_whose_colors_these_are(tmp_path: Path, suffix: str) -> None:
    path, delivered = tmp_path / f"a-preview{suffix}", []

    def deliver(part: Path, output: Path) -> None:
        delivered.append(output)
        os.replace(part, output)

    write_sheet(grey_picture(40, 60), path, tmp_path / "a.png", deliver=deliver)
    assert has_mark(read_photo(path).xmp) and delivered == [path]


def call(*arguments: object) -> int:
    parser = argparse.ArgumentParser()
    fill_preview_parser(parser)
    args = parser.parse_args([*map(str, arguments), "--device", "cpu", "--backend", "torch"])
    code: int = args.run(args)
    return code


@pytest.mark.slow
def test_preview_of_a_photo(
    photos: Path, tiny_weights: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    before = {path: path.read_bytes() for path in photos.rglob("*.*")}
    caplog.set_level("INFO", "deoldify_lite")
    options = ("--weights", tiny_weights, "--modes", "stable,artistic", "--render-factors", "6,3,3")
    assert call(photos / "b.png", *options) == 0
    sheet = photos / "b-preview.png"
    assert capsys.readouterr().out == f"{sheet}\n"
    assert Image.open(sheet).size == (GAP_PX + 3 * (160 + GAP_PX), 2 * (160 + LABEL_PX + GAP_PX) + LABEL_PX)
    assert f"colorize-folder {photos / 'b.png'} --mode stable --render-factor 16 --weights" in caplog.text
    assert {path: path.read_bytes() for path in before} == before
    assert call(photos / "b.png", *options) == 0  # again, over its own
    # which no run takes for a photo
    found = tasks_of(plan([photos], None, suffixes={".png", ".jpg"}, suffix_of=lambda path: path.suffix))
    assert sorted(task.source.name for task in found) == ["a.jpg", "b.png"]
    with pytest.raises(InputError, match="not a result of an earlier run"):
        call(photos / "b.png", *options, "-o", photos / "a.jpg")
    assert {path: path.read_bytes() for path in before} == before


def test_wrong_options_are_refused(photos: Path, tiny_weights: Path) -> None:
    photo = photos / "b.png"
    for arguments, words in (
        ((photo, "-o", photos / "x.gif"), "ends in .png"),
        ((photo, "-o", photos), "ends in .png"),
        ((photo, "--at", "0:42"), "is not a film"),
        ((photo, "--seconds", "-1"), "choose 0 to 60"),
    ):
        with pytest.raises(OptionError, match=words):
            call(*arguments)
    with pytest.raises(InputError, match="no such file"):
        call(photos)
    for option, value in (
        ("--modes", "artistic,best"),
        ("--render-factors", "6,x"),
        ("--render-factors", "1"),
    ):
        with pytest.raises(SystemExit):
            call(photo, option, value)
    assert sorted(path.name for path in photos.iterdir()) == ["1920", "a.jpg", "b.png"]


@pytest.mark.slow
def test_preview_of_a_film(tmp_path: Path, tiny_weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    film = make(
        tmp_path / "clip.mp4",
        *(*pattern(2.0, size="160x120"), *tone(2.0)),
        *("-vf", "hue=s=0", "-pix_fmt", "yuv420p", "-colorspace", "bt709", "-color_range", "tv", "-shortest"),
    )
    options = ("--weights", tiny_weights, "--render-factors", "4", "--modes", "video")
    assert call(film, *options, "--at", "0:01", "--seconds", "0.4") == 0
    sheet, clip = tmp_path / "clip-preview.png", tmp_path / "clip-preview.mp4"
    assert capsys.readouterr().out.splitlines() == [str(sheet), str(clip)]
    drawn = np.asarray(Image.open(sheet))
    assert drawn.shape == (120 + 2 * LABEL_PX + GAP_PX, GAP_PX + 2 * (160 + GAP_PX), 3)
    # the frame at 1 s on the sheet is that of the film
    raw = run(
        *("ffmpeg", "-v", "error", "-ss", 1, "-i", film, "-frames:v", 1),
        *("-f", "rawvideo", "-pix_fmt", "rgb24", "-"),
    )
    frame = np.frombuffer(raw, np.uint8).reshape(120, 160, 3).astype(int)
    before = drawn[LABEL_PX : LABEL_PX + 120, GAP_PX : GAP_PX + 160].astype(int)
    assert np.abs(before - frame).mean() < 6
    made = probe_film(clip)
    assert (made.width, made.height, made.frame_count) == (2 * 160 + 4, 120, 10)
    assert [stream.kind for stream in made.streams] == ["audio"]
    pixels = run("ffmpeg", "-v", "error", "-i", clip, "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    frames = np.frombuffer(pixels, np.uint8).reshape(-1, 120, 324, 3).astype(int)
    grey, colored = np.ptp(frames[:, :, :156], axis=3), np.ptp(frames[:, :, 168:], axis=3)
    assert len(frames) == 10 and grey.mean() < 2 < 5 < colored.mean()
    # both halves show the same frames, and so does the source
    lumas = [
        np.frombuffer(
            run(*("ffmpeg", "-v", "error", "-i", path, "-vf", "extractplanes=y", "-f", "rawvideo", "-")),
            np.uint8,
        )
        for path in (clip, film)
    ]
    made_of, source = lumas[0].reshape(-1, 120, 324).astype(int), lumas[1].reshape(-1, 120, 160).astype(int)
    for half in (made_of[:, :, :160], made_of[:, :, 164:]):
        assert np.abs(half - source[25:35]).mean() < 2
    clip.write_bytes(b"of somebody else")
    with pytest.raises(InputError, match="not a result of an earlier run"):
        call(film, *options)


def test_preview_of_a_film_whose_size_changes(
    tmp_path: Path, tiny_weights: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """No glimpse of probing falls upon its short second part."""
    film = joined(
        tmp_path / "film.avi",
        *("-vf", "hue=s=0", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p"),
        seconds=(0.8, 0.2, 1.6),
        sizes=("160x120", "120x160", "160x120"),
    )
    options = ("--weights", tiny_weights, "--render-factors", "4", "--modes", "video", "--overwrite")
    clip = tmp_path / "film-preview.mp4"
    for at_s, size, frames in (("0.4", (2 * 160 + 4, 120), 10), ("0.88", (2 * 120 + 4, 160), 3)):
        caplog.clear()
        assert call(film, *options, "--at", at_s, "--seconds", "1") == 0
        assert any("the clip ends at" in record.getMessage() for record in caplog.records)
        made = probe_film(clip)
        assert (made.width, made.height, made.frame_count) == (*size, frames)
        height, width = np.asarray(Image.open(tmp_path / "film-preview.png")).shape[:2]
        assert height == size[1] + 2 * LABEL_PX + GAP_PX and width >= size[0]


@pytest.mark.slow
@pytest.mark.parametrize("pix_fmt", ["gray", "rgb24", "yuv422p10le"])
def test_frames_of_odd_films(tmp_path: Path, pix_fmt: str) -> None:
    """Pixels that are not square, and other formats: the frame is as a player shows it."""
    film = make(
        tmp_path / "odd.mkv",
        *pattern(0.4, size="90x64"),
        *("-vf", "setsar=2", "-pix_fmt", pix_fmt, "-c:v", "ffv1"),
    )
    subject = frame_of(probe_film(film), 0.2, largest_square_px=64)
    assert subject.small.shape == (64, 180, 3) and subject.full.shape == (480, 480, 3)
    raw = run(
        *("ffmpeg", "-v", "error", "-ss", 0.2, "-i", film, "-frames:v", 1, "-vf", "scale=180:64"),
        *("-f", "rawvideo", "-pix_fmt", "rgb24", "-"),
    )
    expected = np.frombuffer(raw, np.uint8).reshape(64, 180, 3).astype(int)
    assert np.abs(subject.before.astype(int) - expected).mean() < (3 if pix_fmt == "gray" else 12)
    with pytest.raises(OptionError, match="there is no frame"):
        frame_of(probe_film(film), 9, largest_square_px=64)
