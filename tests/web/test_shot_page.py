"""The page on which shots are edited, in headless Chromium, with the real server behind it."""

import base64
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from deoldify_lite.cli import main as cli
from deoldify_lite.color.merge import chroma_of_rgb
from deoldify_lite.run.shots.list import read_shot_list
from helpers.browser import watch
from helpers.films import run
from helpers.places import ROOT
from helpers.shots import change_list, film_of, picture_of

pytestmark = pytest.mark.slow

DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
PATIENCE_S = 120
SHOTS = ((1, 40), (2, 30), (1, 30))
LOOK = ("--render-factor", "6", "--device", "cpu", "--precision", "fp32", "--backend", "torch")


@pytest.fixture(scope="module")
def written(tiny_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film, and its shots as the command writes them."""
    film = film_of(tmp_path_factory.mktemp("written") / "clip.mp4", *SHOTS)
    assert cli.main(["shots", str(film), "--weights", str(tiny_weights), *LOOK, "--quiet"]) == 0
    return film


@pytest.fixture
def film(written: Path, tmp_path: Path) -> Path:
    shutil.copytree(written.parent, tmp_path / "film")
    return tmp_path / "film" / written.name


@pytest.fixture
def server(film: Path, tiny_weights: Path, tmp_path: Path, browser: Any) -> Iterator[SimpleNamespace]:
    """The real server, and the folder of the list."""
    if find_spec("gradio") is None:
        pytest.skip('gradio is not installed: pip install "deoldify_lite[web]"')
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with (tmp_path / "server.log").open("w") as log:
        process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "deoldify_lite",
                "shots",
                film,
                "--edit",
                "--weights",
                tiny_weights,
                *LOOK,
            ],
            env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
    try:
        url = process.stdout.readline().strip() if process.stdout else ""
        assert url, (tmp_path / "server.log").read_text()
        folder = film.with_name("clip-shots")
        yield SimpleNamespace(process=process, url=url, folder=folder, temporary=temporary)
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def page(server: SimpleNamespace, browser: Any) -> Iterator[Any]:
    """The page, newly opened; no request leaves for elsewhere, and no script complains."""
    opened = browser.new_page(viewport={"width": 1400, "height": 900})
    opened.set_default_timeout(PATIENCE_S * 1000)
    requests, trouble = watch(opened)
    opened.goto(server.url)
    yield opened
    opened.close()
    root = server.url.rpartition("/")[0]
    assert not [url for url in requests if not url.startswith((root, "data:", f"blob:{root[:20]}"))]
    assert not [words for words in trouble if "422" not in words], trouble


def until(page: Any, true: str) -> None:
    """Wait, by an expression of JavaScript; the page's policy forbids the browser to do so by itself."""
    end = time.monotonic() + PATIENCE_S
    while not page.evaluate(true):
        assert time.monotonic() < end, page.inner_text("#said")
        time.sleep(0.05)


def shown(page: Any, times: int) -> None:
    """Wait for the frame to be shown for the so-manieth time."""
    still = "document.querySelector('#still')"
    until(page, f"document.querySelector('#frame').dataset.shows == {times} && {still}.naturalWidth > 0")


def open_shot(page: Any, first: int) -> None:
    page.click(f".open[data-first='{first}']")
    shown(page, 1)


def click_frame(page: Any, x: float, y: float) -> None:
    box = page.locator("#still").bounding_box()
    page.mouse.click(box["x"] + x * box["width"], box["y"] + y * box["height"])


def save(page: Any) -> None:
    page.click("#editor .save")
    until(page, "document.querySelector('#said').textContent == 'Saved.'")


def test_tiles_come_least_certain_first(page: Any, server: SimpleNamespace) -> None:
    cards = page.locator("article")
    doubts = [float(cards.nth(i).get_attribute("data-doubt")) for i in range(cards.count())]
    assert len(doubts) == 3 and doubts == sorted(doubts, reverse=True)
    until(page, "[...document.querySelectorAll('article img')].every((image) => image.naturalWidth == 128)")
    page.select_option("#order", "film")
    assert [cards.nth(i).get_attribute("data-number") for i in range(3)] == ["1", "2", "3"]
    # A list that was changed in a spreadsheet meanwhile is shown as it is when the page is loaded again.
    change_list(server.folder / "shots.csv", lambda rows: rows[1].update({"in colour already": "yes"}))
    page.reload()
    open_shot(page, 40)
    assert "is in colour already" in page.inner_text("#facts") and page.is_disabled("#hex")
    click_frame(page, 0.5, 0.5)
    assert "is in colour already" in page.inner_text("#said")


def test_a_list_that_is_wrong_is_told_in_place_of_the_page(page: Any, server: SimpleNamespace) -> None:
    path = server.folder / "shots.csv"
    before = path.read_bytes()
    change_list(path, lambda rows: rows[1].update(frames="31"))
    page.reload()
    words = page.inner_text("#said")
    assert words.startswith(f"{path}:4: this shot begins at frame 70") and "they overlap" in words
    path.write_bytes(before)
    page.click("text=load this page again")
    until(page, "document.querySelectorAll('article').length == 3")


def test_any_frame_of_a_shot_is_shown_and_gets_hints(page: Any, server: SimpleNamespace) -> None:
    telling = read_shot_list(server.folder).shots[0].telling_frame
    open_shot(page, 0)
    assert page.inner_text("#shot") == f"Shot 1, frame {telling} (telling)" and page.is_disabled(
        "#to-telling"
    )
    first_picture = page.get_attribute("#still", "src")
    page.click("#to-last")
    shown(page, 2)
    assert page.inner_text("#shot") == "Shot 1, frame 39" and page.is_disabled("#forth")
    assert page.get_attribute("#still", "src") != first_picture
    page.click("#back")
    shown(page, 3)
    page.focus("#at")
    page.keyboard.press("ArrowLeft")
    shown(page, 4)
    page.fill("#hex", "#2040e0")
    click_frame(page, 0.5, 0.25)
    shown(page, 5)
    assert page.locator("#marks button").count() == 1
    page.click("#to-first")
    shown(page, 6)
    assert page.is_disabled("#back") and page.locator("#marks button").count() == 0
    page.click("#marked >> text=37")
    shown(page, 7)
    assert page.inner_text("#shot") == "Shot 1, frame 37" and page.locator("#marks button").count() == 1
    page.click("#to-first")
    shown(page, 8)
    page.click("#undo")
    shown(page, 9)
    assert page.inner_text("#shot") == "Shot 1, frame 37" and page.locator("#marks button").count() == 0
    click_frame(page, 0.5, 0.25)
    shown(page, 10)
    save(page)
    (line,) = (server.folder / "shot-0001.hints.csv").read_text().splitlines()
    assert line.startswith("f37,")
    # The tile shows the telling frame, with what this hint does to it.
    before = page.get_attribute("article[data-number='1'] img", "src")
    page.click("#close")
    until(page, f"document.querySelector('article[data-number=\"1\"] img').src != '{before}'")


def test_key_frames_that_give_nothing_are_told_beside_their_shot(page: Any, server: SimpleNamespace) -> None:
    folder, shots = server.folder, read_shot_list(server.folder).shots
    good, bad = f"frame-{shots[1].telling_frame}.png", f"frame-{shots[1].first}.png"
    Image.fromarray(picture_of(2, shots[1].telling_frame - shots[1].first)).save(folder / good)
    noise = np.random.default_rng(0).integers(0, 255, (96, 128, 3), np.uint8)
    Image.fromarray(noise).save(folder / bad)
    change_list(folder / "shots.csv", lambda rows: rows[1].update({"key frames": f"{good}; {bad}"}))
    page.reload()
    words = f"{bad}: shows nothing of frame {shots[1].first}, or too little: this key frame is left out"
    beside = "document.querySelector('#shot-2 .problems').textContent"
    until(page, f"{beside}.startsWith('{words}')")
    assert not page.evaluate("document.querySelector('#shot-1 .problems').textContent")
    open_shot(page, shots[1].first)
    until(page, f"document.querySelector('#keys .failed').textContent.startsWith('{words}')")
    assert page.locator("#keys li").count() == 2 and page.locator("#keys .failed").count() == 1
    page.click(f"#keys li:has-text('{bad}') >> text=Remove")
    until(page, f"!{beside}")
    save(page)
    assert [key.name for key in read_shot_list(folder).shots[1].keys] == [good] and (folder / bad).exists()


def test_hints_are_clicked_undone_and_saved(
    page: Any, server: SimpleNamespace, film: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    open_shot(page, 0)
    page.fill("#hex", "#2040E0")
    click_frame(page, 0.5, 0.25)
    shown(page, 2)
    page.check("#keep")
    page.fill("#reach", "5")
    click_frame(page, 0.1, 0.9)
    shown(page, 3)
    assert page.locator("#marks button").count() == 2
    page.press("body", "Control+z")
    shown(page, 4)
    assert page.locator("#marks button").count() == 1
    page.fill("#hex", "#2040")
    click_frame(page, 0.5, 0.5)
    assert "is not a colour: write #rrggbb" in page.inner_text("#said")
    assert page.locator("article.changed").count() == 1
    save(page)
    assert page.locator("article.changed").count() == 0
    (line,) = (server.folder / "shot-0001.hints.csv").read_text().splitlines()
    frame, x, y, color = line.split(",")
    telling = read_shot_list(server.folder).shots[0].telling_frame
    assert (frame, color) == (f"f{telling}", "#2040e0")
    assert abs(float(x[:-1]) - 50) < 1 and abs(float(y[:-1]) - 25) < 1

    # The command gives the film this colour.
    options = ["--shots", str(server.folder), "--weights", str(tiny_weights), *LOOK, "--quiet"]
    assert cli.main(["video", str(film), "-o", str(tmp_path / "out.mkv"), *options]) == 0
    raw = run("ffmpeg", "-v", "error", "-i", tmp_path / "out.mkv", "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    frames = np.frombuffer(raw, np.uint8).reshape(-1, 96, 128, 3)
    there = frames[telling, 20:28, 60:68].astype(np.float32) / 255
    assert chroma_of_rgb(there).mean(axis=(1, 2))[0] > 0.05

    # A mark that is clicked is removed, also one that was saved before.
    page.reload()
    open_shot(page, 0)
    page.click("#marks button")
    shown(page, 2)
    save(page)
    assert read_shot_list(server.folder).shots[0].hints is None


def test_colours_are_taken_from_any_picture(page: Any, tmp_path: Path) -> None:
    two = np.zeros((40, 80, 3), np.uint8)
    two[:, :40], two[:, 40:] = (200, 30, 60), (30, 60, 200)
    Image.fromarray(two).save(tmp_path / "dress.tif")
    open_shot(page, 0)
    page.set_input_files("#palette-file", tmp_path / "dress.tif")
    page.wait_for_selector("#palette")
    box = page.locator("#palette").bounding_box()
    page.mouse.click(box["x"] + 0.75 * box["width"], box["y"] + 0.5 * box["height"])
    until(page, "document.querySelector('#hex').value != '#2f4a8c'")
    taken = [int(page.input_value("#hex")[i : i + 2], 16) for i in (1, 3, 5)]
    assert np.abs(np.array(taken) - (30, 60, 200)).max() <= 4
    assert page.input_value("#color") == page.input_value("#hex")
    (tmp_path / "broken.tif").write_bytes(b"no picture")
    page.set_input_files("#palette-file", tmp_path / "broken.tif")
    until(page, "document.querySelector('#said').textContent.startsWith('broken.tif: ')")


def test_a_key_frame_is_dropped_on_a_shot(page: Any, server: SimpleNamespace, tmp_path: Path) -> None:
    shot = read_shot_list(server.folder).shots[1]
    frame = shot.telling_frame
    Image.fromarray(picture_of(2, frame - shot.first)).save(tmp_path / "painted.png")
    Image.fromarray(picture_of(2, 0)).convert("L").save(tmp_path / "grey.png")

    def drop(place: str, path: Path) -> None:
        script = """([data, name]) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([Uint8Array.from(atob(data), (one) => one.charCodeAt(0))], name));
          return transfer;
        }"""
        data = base64.b64encode(path.read_bytes()).decode()
        transfer = page.evaluate_handle(script, [data, path.name])
        page.dispatch_event(place, "drop", {"dataTransfer": transfer})

    drop("#shot-2", tmp_path / "painted.png")
    shown(page, 2)
    assert "painted.png" in page.inner_text("#keys")
    drop("#stage", tmp_path / "grey.png")
    until(
        page,
        "document.querySelector('#said').textContent.startsWith('grey.png: this key frame has no colour')",
    )
    assert page.locator("#keys li").count() == 1
    save(page)
    (key,) = read_shot_list(server.folder).shots[1].keys
    assert key.relative_to(server.folder).as_posix() == f"keys/shot-0002_frame-{frame:06}.png"
    assert key.read_bytes() == (tmp_path / "painted.png").read_bytes()
    page.click("#undo")
    until(page, "!document.querySelectorAll('#keys li').length")
    save(page)
    assert read_shot_list(server.folder).shots[1].keys == () and key.exists()


def test_nobody_else_reaches_the_page(server: SimpleNamespace, film: Path) -> None:
    port = re.fullmatch(r"http://127\.0\.0\.1:(\d+)/[\w-]{20,}/", server.url)
    assert port
    for url, host, code in (
        (f"http://127.0.0.1:{port[1]}/", "", 404),
        (f"http://127.0.0.1:{port[1]}/tiles/0.jpg", "", 404),
        (server.url, "elsewhere.example", 400),
    ):
        request = urllib.request.Request(url, headers={"Host": host} if host else {})
        with pytest.raises(urllib.error.HTTPError) as refused:
            DIRECTLY.open(request, timeout=PATIENCE_S)
        assert refused.value.code == code
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(PATIENCE_S) == 0
    assert not list(server.temporary.glob("deoldify_lite-web-*"))


@pytest.mark.logs_errors
def test_what_would_do_nothing_is_refused(
    film: Path, tiny_weights: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = ["shots", str(film), "--edit", "--weights", str(tiny_weights), *LOOK, "--quiet"]
    assert cli.main([*options, "--every", "5"]) == 2
    assert "--edit takes this list as it is, and writes no other files: leave out --every" in caplog.text
    assert cli.main([*options, "--port", "70000"]) == 2
    change_list(film.with_name("clip-shots") / "shots.csv", lambda rows: rows[1].update(frames="31"))
    assert cli.main(options) == 2 and "shots.csv:4: this shot begins at frame 70" in caplog.text
    monkeypatch.setattr("deoldify_lite.cli.shots.find_spec", lambda name: None)
    assert cli.main(options) == 2 and 'pip install "deoldify_lite[web]"' in caplog.text
