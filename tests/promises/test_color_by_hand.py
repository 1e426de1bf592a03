"""White balance, a reference and hints, from the door to the result: photos and films as users make them."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from deoldify_lite import api
from deoldify_lite.color.grade import Grade
from deoldify_lite.color.merge import chroma_of_rgb
from deoldify_lite.errors import InputError, OptionError
from helpers.commands import Command
from helpers.films import make, pattern
from helpers.films import rgb_frames as frames_of
from helpers.pictures import grey_picture

RED = (160, 110, 110)  # pale enough to fit at most lumas


def settle(tiny_weights: Path, mode: str = "artistic", **wishes: object) -> api.Rendering:
    return api.settle(mode, weights=tiny_weights, render_factor=4, device="cpu", **wishes)  # type: ignore[arg-type]


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    path = tmp_path / "photo.png"
    Image.fromarray(grey_picture(90, 120)).save(path)
    return path


@pytest.fixture
def red(tmp_path: Path) -> Path:
    """The same picture, all in red."""
    path = tmp_path / "red.png"
    tinted = grey_picture(90, 120).astype(int) + np.array(RED) - round(np.mean(RED))
    Image.fromarray(np.clip(tinted, 0, 255).astype(np.uint8)).save(path)
    return path


def mean_chroma(path: Path) -> NDArray[np.float32]:
    rgb = np.asarray(Image.open(path).convert("RGB"), np.float32) / 255
    return chroma_of_rgb(rgb).reshape(2, -1).mean(1)


def chroma_at(rgb: NDArray[np.uint8], x: int, y: int) -> NDArray[np.float32]:
    window = rgb[y - 2 : y + 3, x - 2 : x + 3].astype(np.float32) / 255
    return chroma_of_rgb(window).reshape(2, -1).mean(1)


def result_of(photo: Path, out: Path, rendering: api.Rendering, **options: object) -> Path:
    (item,) = api.colorize_folder(photo, out, rendering=rendering, **options)  # type: ignore[arg-type]
    assert item.status == "done", item.reason
    return Path(item.output)


def test_warm_light_warms_and_keeps_luma(photo: Path, tiny_weights: Path, tmp_path: Path) -> None:
    plain = result_of(photo, tmp_path / "plain", settle(tiny_weights))
    warm = result_of(photo, tmp_path / "warm", settle(tiny_weights, temperature=80.0))
    cb, cr = mean_chroma(warm) - mean_chroma(plain)
    assert cb < -0.01 and cr > 0.01
    lumas = [np.asarray(Image.open(path).convert("L"), int) for path in (plain, warm)]
    assert np.abs(lumas[0] - lumas[1]).max() <= 1


def test_a_reference_pulls_colors_to_its_own(
    photo: Path, red: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    plain = result_of(photo, tmp_path / "plain", settle(tiny_weights))
    pulled = result_of(photo, tmp_path / "pulled", settle(tiny_weights, reference=red))
    distances = [np.linalg.norm(mean_chroma(path) - mean_chroma(red)) for path in (plain, pulled)]
    assert distances[1] < 0.7 * distances[0]


def test_another_wish_is_another_result(photo: Path, red: Path, tiny_weights: Path, tmp_path: Path) -> None:
    """What is done is skipped only if it was done with the same wishes."""
    wishes: list[dict[str, object]] = [{}, {"tint": 10.0}, {"reference": red}]
    for wish in wishes:
        rendering = settle(tiny_weights, **wish)
        statuses = [api.colorize_folder(photo, tmp_path / "o", rendering=rendering)[0].status for _ in "12"]
        assert statuses == ["done", "skipped"]


def test_a_reference_that_is_no_use_is_told_of(photo: Path, tiny_weights: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"lost\.png: the reference is not there"):
        settle(tiny_weights, reference=tmp_path / "lost.png")
    with pytest.raises(InputError, match=r"photo\.png: the reference has no colour"):
        api.colorize_folder(photo, tmp_path / "o", rendering=settle(tiny_weights, reference=photo))
    with pytest.raises(OptionError, match="temperature 200"):
        settle(tiny_weights, temperature=200.0)


def test_smaller_networks_look_at_the_reference_again(red: Path, tiny_weights: Path) -> None:
    colorizer = settle(tiny_weights, reference=red, tint=5.0).load()
    smaller = colorizer.with_render_factor(2)
    square = smaller.prepare(grey_picture(90, 120))
    assert square.shape == (32, 32) and smaller.grade == Grade(tint=5.0)
    untouched = settle(tiny_weights).load().with_render_factor(2)
    assert not np.allclose(smaller.predict_chroma([square]), untouched.predict_chroma([square]))


def test_a_hint_colors_its_point(photo: Path, tiny_weights: Path, tmp_path: Path) -> None:
    hints = tmp_path / "photo.hints.csv"
    hints.write_text("60,45,#a06e6e\n")
    rendering = settle(tiny_weights)
    result = result_of(photo, tmp_path / "o", rendering, hints=hints)
    plain = result_of(photo, tmp_path / "plain", rendering)
    wanted = chroma_of_rgb(np.full((1, 1, 3), RED, np.float32) / 255).ravel()
    distances = [
        np.linalg.norm(chroma_at(np.asarray(Image.open(path)), 60, 45) - wanted) for path in (plain, result)
    ]
    assert distances[1] < 0.3 * distances[0]
    (item,) = api.colorize_folder(photo, tmp_path / "o", rendering=rendering, hints=hints)
    assert item.status == "skipped"
    hints.write_text("60,45,#6e6ea0\n")
    (item,) = api.colorize_folder(photo, tmp_path / "o", rendering=rendering, hints=hints)
    assert item.status == "done"


def test_each_photo_of_a_folder_has_hints_of_its_own(
    photos: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "hints"
    (folder / "1920" / "summer").mkdir(parents=True)
    (folder / "1920" / "summer" / "c 1.hints.csv").write_text("50%,50%,#a06e6e\n")
    (folder / "a.jpg.hints.csv").write_text("500,500,#a06e6e\n")
    rendering = settle(tiny_weights)
    plain = {
        item.source.name: item for item in api.colorize_folder(photos, tmp_path / "p", rendering=rendering)
    }
    items = api.colorize_folder(photos, tmp_path / "o", rendering=rendering, hints=folder)
    hinted = {item.source.name: item for item in items}
    assert hinted["a.jpg"].status == "failed" and "lies outside of the picture" in hinted["a.jpg"].reason
    same = {
        name: Path(hinted[name].output).read_bytes() == Path(plain[name].output).read_bytes()
        for name in ("b.png", "c 1.tif")
    }
    assert same == {"b.png": True, "c 1.tif": False}


def test_hints_that_are_no_use_are_told_of(
    photos: Path, photo: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    rendering = settle(tiny_weights)
    hints = tmp_path / "x.csv"
    hints.write_text("10,10,#a06e6e\n")
    with pytest.raises(OptionError, match="hints in one file are for one source, and there are 3"):
        api.colorize_folder(photos, tmp_path / "o", rendering=rendering, hints=hints)
    with pytest.raises(OptionError, match="holds no hints for any source"):
        api.colorize_folder(photo, tmp_path / "o", rendering=rendering, hints=photos)
    hints.write_text("10,10,red\n")
    with pytest.raises(OptionError, match=r"x\.csv:1"):
        api.colorize_folder(photo, tmp_path / "o", rendering=rendering, hints=hints)
    assert not (tmp_path / "o").exists()


@pytest.mark.slow
def test_a_hint_spreads_through_the_shot_of_a_film(tiny_weights: Path, tmp_path: Path) -> None:
    film = make(tmp_path / "film.mkv", *pattern(1.0), "-vf", "hue=s=0", "-c:v", "ffv1")
    hints = tmp_path / "film.hints.csv"
    hints.write_text("0:00.4,20%,30%,#a06e6e\n")
    rendering = settle(tiny_weights, "video")
    lossless = api.Encoding(codec="ffv1")
    frames = {}
    for name, path in (("plain", None), ("hinted", hints)):
        (item,) = api.colorize_video(
            film, tmp_path / f"{name}.mkv", rendering=rendering, hints=path, encoding=lossless
        )
        assert item.status == "done", item.reason
        frames[name] = frames_of(Path(item.output))
    wanted = chroma_of_rgb(np.full((1, 1, 3), RED, np.float32) / 255).ravel()
    for number in (0, 10, 24):  # the sky of the test picture does not move
        distance = {
            name: np.linalg.norm(chroma_at(shown[number], 19, 19) - wanted) for name, shown in frames.items()
        }
        assert distance["hinted"] < 0.5 * distance["plain"], number
    (item,) = api.colorize_video(
        film, tmp_path / "hinted.mkv", rendering=rendering, hints=hints, encoding=lossless
    )
    assert item.status == "skipped"


def test_a_hint_outside_of_what_is_rendered_is_told_of(tiny_weights: Path, tmp_path: Path) -> None:
    film = make(tmp_path / "film.mkv", *pattern(1.0), "-vf", "hue=s=0", "-c:v", "ffv1")
    hints = tmp_path / "film.hints.csv"
    hints.write_text("7,20%,30%,#a06e6e\n")
    (item,) = api.colorize_video(
        film, tmp_path / "o.mkv", rendering=settle(tiny_weights, "video"), hints=hints
    )
    assert item.status == "failed" and "7.00 s" in item.reason and "not rendered" in item.reason


@pytest.mark.slow
def test_the_command_takes_them_all(
    command: Command, photo: Path, red: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    hints = tmp_path / "photo.hints.csv"
    hints.write_text("60,45,#a06e6e\n30,20,keep\n")
    wishes = ("--temperature", -20, "--tint", 10, "--reference", red, "--hints", hints)
    report = tmp_path / "report.json"
    page = tmp_path / "page.html"
    done = command(
        *("folder", photo, "-o", tmp_path / "o", "--weights", tiny_weights, "--render-factor", 4),
        *(*wishes, "--report", page, "--json", report),
    )
    assert done.returncode == 0, done.stderr
    settings = json.loads(report.read_text())["settings"]
    assert (settings["temperature"], settings["tint"]) == (-20, 10)
    assert settings["reference"] == str(red) and settings["hints"] == str(hints)
    assert "photo.png" in page.read_text() and asdict(Grade()) == {"temperature": 0.0, "tint": 0.0}
