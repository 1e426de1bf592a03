"""The page in the browser: what its buttons do, and the page itself in headless Chromium."""

import argparse
import asyncio
import io
import logging
import os
import re
import shutil
import signal
import stat
import subprocess
import sys
import time
import urllib.error
import urllib.request
import weakref
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PIL import Image

from deoldify_lite.api import settle
from deoldify_lite.cli import main as cli
from deoldify_lite.cli.web import fill_web_parser, run_web
from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.film.parts import REMEDY
from deoldify_lite.film.probe import probe_film
from deoldify_lite.run.items import Item
from deoldify_lite.web import session
from deoldify_lite.web.desk import Desk, sheet_factors
from deoldify_lite.web.html import compare_html, outcomes_html, player_html
from deoldify_lite.web.network import OneNetwork
from deoldify_lite.web.outcome import Outcome, outcome_of
from deoldify_lite.web.session import PREFIX, STOPPED, Sessions, Stopped, gather, private_folder
from deoldify_lite.web.sides import write_sides
from deoldify_lite.web.work import Wish
from helpers.films import make, pattern
from helpers.pictures import grey_picture
from helpers.places import ROOT

ENGINE = {"device": "cpu", "precision": "fp32", "backend": "torch"}
WISH = Wish("artistic", render_factor=4, saturation=1.15, steadiness=0.8)
OPTIONS = ["--render-factor", "4", "--saturation", "1.15"]
VISITOR = "a visitor"


def silent(share: float, words: str) -> None:
    assert 0 <= share <= 1 and words


def command_line(tiny_weights: Path, command: str, *args: object) -> None:
    """Run `deoldify-lite COMMAND` with the tiny weights."""
    engine = [text for name, value in ENGINE.items() for text in (f"--{name}", value)]
    code = cli.main([command, *map(str, args), "--weights", str(tiny_weights), *engine, "--quiet"])
    assert code in (0, 1)


def grey_film(path: Path, seconds: float = 2) -> Path:
    return make(path, *pattern(seconds, rate="10"), "-vf", "hue=s=0", "-pix_fmt", "yuv420p")


@pytest.fixture(scope="module")
def brought(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of what visitors bring."""
    folder = tmp_path_factory.mktemp("brought")
    Image.fromarray(grey_picture(90, 120)).save(folder / "a.jpg", quality=95)
    Image.fromarray(grey_picture(64, 48)).save(folder / "b.png")
    Image.fromarray(grey_picture(60, 80)).save(folder / "c 10.tif")
    (folder / "broken.jpg").write_bytes((folder / "a.jpg").read_bytes()[:700])
    (folder / "letter.txt").write_text("no photo")
    grey_film(folder / "film.mp4")
    return folder


@pytest.fixture
def desk(tiny_weights: Path, tmp_path: Path) -> Desk:
    return Desk(Sessions(tmp_path / "uploads"), partial(settle, weights=str(tiny_weights), **ENGINE))


@pytest.mark.logs_errors
def test_photos_are_as_from_the_command_line(
    desk: Desk, brought: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    names = ["c 10.tif", "broken.jpg", "letter.txt", "b.png", "a.jpg"]
    reports: list[tuple[float, str]] = []
    uploads = [brought / name for name in names]
    work = desk.colorize(VISITOR, uploads, WISH, lambda share, words: reports.append((share, words)))
    assert [photo.name for photo in work.photos] == ["a.jpg", "b.png", "c 10.tif"]
    assert reports[-1] == (1, "4 of 4 done")  # the letter is none of them
    shutil.copytree(brought, tmp_path / "in", ignore=shutil.ignore_patterns("letter.txt", "*.mp4"))
    command_line(tiny_weights, "folder", tmp_path / "in", "-o", tmp_path / "out", *OPTIONS)
    for photo in work.photos:
        assert photo.output.name == f"{Path(photo.name).stem}-colorized{Path(photo.name).suffix}"
        assert photo.output.read_bytes() == (tmp_path / "out" / photo.name).read_bytes()
        assert photo.thumb is not None and Image.open(photo.thumb).format == "JPEG"
    failures = {one.name: one.words[0] for one in work.outcomes if one.status == "failed"}
    assert list(failures) == ["letter.txt", "broken.jpg"]
    assert failures["broken.jpg"].startswith("truncated, damaged") and str(tmp_path) not in str(failures)
    assert "not a photo or film" in failures["letter.txt"]
    before, after = write_sides(work.photos[2], work.folder)
    assert Image.open(before).size == Image.open(after).size == (80, 60)


@pytest.mark.slow
def test_a_preview_of_a_film_is_as_from_the_command_line(
    desk: Desk, brought: Path, tiny_weights: Path, tmp_path: Path
) -> None:
    wish = replace(WISH, start_s=0.5, length_s=1)
    work = desk.preview(VISITOR, [brought / "b.png", brought / "film.mp4"], wish, silent)
    options = [*OPTIONS, "--steadiness", "0.8", "--start", "0.5", "--end", "1.5"]
    command_line(tiny_weights, "video", brought / "film.mp4", "-o", tmp_path / "cli.mp4", *options)
    assert work.films[0].output.read_bytes() == (tmp_path / "cli.mp4").read_bytes() and not work.photos
    assert work.films[0].shown is not None
    film = probe_film(work.films[0].shown)
    assert (film.codec, film.pix_fmt, film.frame_count) == ("h264", "yuv420p", 10)
    before, after = (Image.open(path) for path in write_sides(work.films[0], work.folder))
    assert before.size == after.size == (96, 64)
    assert before.convert("YCbCr").getextrema()[1] != after.convert("YCbCr").getextrema()[1]


@pytest.mark.slow
def test_a_sheet_has_a_picture_for_each_render_factor(desk: Desk, brought: Path) -> None:
    assert sheet_factors(16) == [8, 12, 16, 21, 27, 32]
    assert sheet_factors(35) == [18, 26, 35, 47, 58, 64] and sheet_factors(2) == [2, 3, 4]
    sheet = desk.sheet(VISITOR, [brought / "film.mp4", brought / "a.jpg"], WISH, silent)
    assert sheet.name == "a.jpg" and [factor for factor, _ in sheet.cells] == sheet_factors(16)
    assert len({path.read_bytes() for _, path in sheet.cells}) == 6
    sheet = desk.sheet(VISITOR, [brought / "film.mp4"], replace(WISH, start_s=99), silent)
    assert Image.open(sheet.cells[0][1]).size == (96, 64)


def test_one_network_is_in_memory_and_kept() -> None:
    class Network:
        pass

    def load() -> Network:
        nonlocal loads
        loads += 1
        assert last is None or last() is None  # the one before was let go
        return Network()

    def rendering(sha256: str, factor: int = 12) -> Any:
        return SimpleNamespace(
            sha256=sha256,
            device="cpu",
            precision="fp32",
            backend="torch",
            load_backend=load,
            around=lambda backend: SimpleNamespace(backend=backend, render_factor=factor),
        )

    last, loads = None, 0
    network = OneNetwork()
    last = weakref.ref(network.load(rendering("a")).backend)
    assert network.load(rendering("a", 20)).render_factor == 20 and loads == 1
    network.load(rendering("b"))
    assert loads == 2


def test_stop_ends_the_work_and_keeps_what_is_done(desk: Desk, brought: Path) -> None:
    def on_progress(share: float, words: str) -> None:
        if share > 0:
            desk.sessions[VISITOR].stopped.set()

    uploads = [brought / "a.jpg", brought / "b.png", brought / "film.mp4"]
    work = desk.colorize(VISITOR, uploads, WISH, on_progress)
    assert [photo.name for photo in work.photos] == ["a.jpg"] and not work.films
    assert [one.words for one in work.outcomes if one.status == "failed"] == [(STOPPED,), (STOPPED,)]


@pytest.mark.slow
def test_what_stops_before_anything_is_finished_leaves_earlier_results(desk: Desk, brought: Path) -> None:
    earlier = desk.preview(VISITOR, [brought / "film.mp4"], WISH, silent).folder

    def on_progress(share: float, words: str) -> None:
        if "frames" in words:
            desk.sessions[VISITOR].stopped.set()

    with pytest.raises(Stopped, match=STOPPED):
        desk.preview(VISITOR, [brought / "film.mp4"], WISH, on_progress)
    assert [path for path in desk.sessions.folder.iterdir() if path.name.startswith("preview")] == [earlier]


def test_uploads_and_results_last_as_long_as_the_visit(desk: Desk, brought: Path) -> None:
    sessions = desk.sessions
    mine, both = sessions.folder / "1" / "a.jpg", sessions.folder / "2" / "b.png"
    for path in (mine, both):
        path.parent.mkdir(parents=True)
        shutil.copy(brought / path.name, path)
    sessions.set_uploads("me", [mine, both])
    sessions.set_uploads("you", [both])
    first = desk.colorize("me", [mine], WISH, silent).folder
    second = desk.colorize("me", [mine], WISH, silent).folder
    assert not first.exists() and stat.S_IMODE(second.stat().st_mode) == 0o700
    sessions.set_uploads("me", [both])
    assert not mine.exists() and both.exists()
    with pytest.raises(InputError, match=r"^a\.jpg: is no longer here"):
        desk.colorize("me", [mine], WISH, silent)
    sessions.end("me")
    assert not second.exists() and both.exists()
    sessions.end("you")
    assert not list(sessions.folder.iterdir())


def test_what_is_made_after_its_visitor_has_left_is_removed(desk: Desk, brought: Path) -> None:
    work = desk.colorize(VISITOR, [brought / "a.jpg"], WISH, lambda *_: desk.sessions.end(VISITOR))
    assert not work.folder.exists()


def test_files_of_one_name_get_names_of_their_own(tmp_path: Path) -> None:
    uploads = []
    for name in ("x/image.jpg", "y/image.jpg", "z/IMAGE.jpg", "z/.hidden.png"):
        uploads.append(tmp_path / name)
        uploads[-1].parent.mkdir(exist_ok=True)
        uploads[-1].write_text(name)
    (tmp_path / "work").mkdir()
    found = gather(uploads, tmp_path / "work")
    assert {path.name: path.read_text() for path in found} == {
        "hidden.png": "z/.hidden.png",
        "image.jpg": "x/image.jpg",
        "image-2.jpg": "y/image.jpg",
        "IMAGE-3.jpg": "z/IMAGE.jpg",
    }


def test_the_folder_is_private_and_gone_at_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session.tempfile, "tempdir", str(tmp_path))
    killed = tmp_path / f"{PREFIX}killed"
    killed.mkdir()
    (killed / "photo.jpg").touch()
    with private_folder() as folder:
        assert killed.is_dir()  # it may be starting
        os.utime(killed, (0, 0))
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700 and folder.parent == tmp_path
        os.utime(folder, (0, 0))
        with private_folder() as another:
            assert folder.is_dir() and another.is_dir() and not killed.exists()
    assert not list(tmp_path.iterdir())


def test_names_are_no_html() -> None:
    evil = '<img src=x onerror="alert(1)">'
    pages = [
        compare_html(Path("a"), Path("b"), evil),
        player_html(Path(f"{evil}.mp4"), evil),
        player_html(Path("x.<img src=x"), evil),
        outcomes_html([Outcome(evil, "failed", (evil,)), Outcome("b", "done", (evil,))]),
    ]
    for page in pages:
        assert "<img src=x" not in page and 'onerror="alert' not in page


def test_words_for_the_page_hold_no_folders_and_options(tmp_path: Path) -> None:
    source = tmp_path / "work-12" / "files" / "x.mp4"
    item = Item(source, source, "failed", f"{source}: broken, see {tmp_path}/34/y.mp4")
    assert outcome_of(item, tmp_path).words == ("broken, see y.mp4",)
    warned = Item(source, source, "done", warnings=("all stay; --recolor-all colours them too",))
    assert outcome_of(warned, tmp_path).words == (
        "all stay; tick \u201cRecolour shots already in colour\u201d to colour them",
    )
    parted = Item(source, source, "failed", f"{source}: its size changes; {REMEDY}: --end 2; --start 2")
    assert outcome_of(parted, tmp_path).words[0].startswith("its size changes; on the command line, colorize")


def web_arguments(*args: object) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    fill_web_parser(parser)
    return parser.parse_args([str(arg) for arg in args])


def test_only_this_computer_is_served_unless_asked() -> None:
    args = web_arguments()
    assert (args.host, args.port, args.max_upload) == ("127.0.0.1", 7860, 4096)
    assert not hasattr(args, "share")
    for wrong in (["--max-upload", 0], ["--port", 70000]):
        with pytest.raises(OptionError, match=str(wrong[0])):
            run_web(web_arguments(*wrong))


def test_a_missing_gradio_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("deoldify_lite.cli.web.find_spec", lambda name: None)
    with pytest.raises(OptionError, match=r'pip install "deoldify_lite\[web\]"'):
        run_web(web_arguments())


# From here on in a browser.

# Whatever the environment, or a test before, has said of proxies.
DIRECTLY = urllib.request.build_opener(urllib.request.ProxyHandler({}))
# Seconds within which anything must have happened on a slow machine beside others.
PATIENCE_S = 60


@pytest.fixture(scope="module")
def starting(tiny_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimpleNamespace]:
    """The real server, which starts, and the folder in which it makes its own."""
    if find_spec("gradio") is None:
        pytest.skip('gradio is not installed: pip install "deoldify_lite[web]"')
    temporary = tmp_path_factory.mktemp("temporary")
    log = temporary.parent / "server.log"
    with log.open("w") as stderr:
        process = subprocess.Popen(
            [sys.executable, "-m", "deoldify_lite", "web", "--port", "0", "--max-upload", "1"]
            + ["--weights", str(tiny_weights)]
            + [text for name, value in ENGINE.items() for text in (f"--{name}", value)],
            env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(temporary)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )
    try:
        yield SimpleNamespace(process=process, temporary=temporary, log=log)
    finally:
        process.kill()
        process.wait()


@pytest.fixture(scope="module")
def server(starting: SimpleNamespace, browser: Any) -> SimpleNamespace:
    """The server, with its address."""
    starting.url = starting.process.stdout.readline().strip()
    return starting


@pytest.fixture
def page(server: SimpleNamespace, browser: Any) -> Iterator[Any]:
    """The page, newly opened; no request may leave for elsewhere."""
    opened = browser.new_page(accept_downloads=True, locale="en-GB")
    opened.set_default_timeout(PATIENCE_S * 1000)
    foreign: list[str] = []
    opened.on(
        "request",
        lambda request: (
            foreign.append(request.url)
            if not request.url.startswith((f"{server.url}/", "data:", "blob:"))
            else None
        ),
    )
    opened.goto(server.url)
    opened.wait_for_selector("#go")
    yield opened
    opened.close()
    assert not foreign


def drop(page: Any, *paths: Path) -> None:
    page.set_input_files("#drop input[type=file]", [str(path) for path in paths])
    page.wait_for_selector("#status :text('Ready:')")


def downloaded(page: Any) -> tuple[str, bytes]:
    with page.expect_download() as download:
        page.click("#download")
    return download.value.suggested_filename, Path(download.value.path()).read_bytes()


def test_a_photo_in_the_browser(page: Any, brought: Path, tiny_weights: Path, tmp_path: Path) -> None:
    drop(page, brought / "a.jpg")
    page.click("#go")
    page.wait_for_selector("#compare .before")
    page.wait_for_function("document.querySelector('#compare .before').naturalWidth == 120")

    def hidden() -> float:
        """Percent of the picture before that are cut off on the right."""
        clip = page.eval_on_selector("#compare .before", "image => getComputedStyle(image).clipPath")
        return float(re.fullmatch(r"inset\(0px ([\d.]+)% 0px 0px\)", clip)[1])

    assert hidden() == 50
    box = page.locator("#compare .compare").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.8, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    assert hidden() == pytest.approx(20, abs=1)
    page.locator("#compare input").press("Home")
    assert hidden() == 100

    command_line(tiny_weights, "folder", brought / "a.jpg", "-o", tmp_path / "a.jpg")
    assert downloaded(page) == ("a-colorized.jpg", (tmp_path / "a.jpg").read_bytes())


@pytest.mark.logs_errors
def test_several_photos_in_the_browser(page: Any, brought: Path, tiny_weights: Path, tmp_path: Path) -> None:
    names = ["a.jpg", "b.png", "broken.jpg", "c 10.tif"]
    drop(page, *(brought / name for name in names))
    page.click("#go")
    page.wait_for_selector("#thumbs .cell")
    status = page.inner_text("#status")
    assert "3 done, 1 failed" in status
    assert "broken.jpg failed: truncated, damaged" in status and "/" not in status
    page.click("#thumbs .cell:nth-child(2)")
    page.wait_for_selector("#compare .before[alt='b.png, before']")

    shutil.copytree(brought, tmp_path / "in", ignore=lambda _, found: [n for n in found if n not in names])
    command_line(tiny_weights, "folder", tmp_path / "in", "-o", tmp_path / "out")
    name, data = downloaded(page)
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        found = {entry.filename: archive.read(entry) for entry in archive.infolist()}
    assert name == "colorized.zip"
    assert found == {
        f"{path.stem}-colorized{path.suffix}": path.read_bytes()
        for path in (tmp_path / "out" / good for good in names if good != "broken.jpg")
    }


def test_a_sheet_to_choose_from_in_the_browser(page: Any, brought: Path) -> None:
    drop(page, brought / "a.jpg")
    page.click("#more > button")
    page.click("#show-sheet")
    page.wait_for_selector("#sheet .cell")
    assert page.locator("#sheet .cell").all_inner_texts() == ["8", "12", "16 (default)", "21", "27", "32"]
    page.click("#sheet .cell:nth-child(2)")
    page.wait_for_function("document.querySelector('#factor input[type=number]').value == '12'")


def test_a_film_in_the_browser(page: Any, brought: Path, tiny_weights: Path, tmp_path: Path) -> None:
    drop(page, brought / "film.mp4")
    assert page.is_checked("#mode input[value=video]")
    page.fill("#start input[type=number]", "0.5")
    page.fill("#length input[type=number]", "1")
    page.press("#length input[type=number]", "Tab")
    page.click("#preview")
    page.wait_for_selector("#player video")
    page.wait_for_function("document.querySelector('#player video').duration > 0.9")
    options = ["--start", "0.5", "--end", "1.5"]
    command_line(tiny_weights, "video", brought / "film.mp4", "-o", tmp_path / "cli.mp4", *options)
    assert downloaded(page) == ("film-colorized.mp4", (tmp_path / "cli.mp4").read_bytes())


def test_what_is_too_large_is_refused(page: Any, server: SimpleNamespace, tmp_path: Path) -> None:
    large = tmp_path / "large.jpg"
    large.write_bytes(bytes((1 << 20) + 1))
    page.set_input_files("#drop input[type=file]", str(large))
    page.wait_for_selector(":text('exceed the maximum allowed size of 1')")
    assert not page.is_visible("#status :text('Ready:')")
    # and by the server itself
    body = b'--x\r\nContent-Disposition: form-data; name="files"; filename="l.jpg"\r\n\r\n'
    request = urllib.request.Request(
        f"{server.url}/gradio_api/upload",
        body + large.read_bytes() + b"\r\n--x--\r\n",
        {"Content-Type": "multipart/form-data; boundary=x"},
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        DIRECTLY.open(request)
    assert refused.value.code == 413


def test_other_names_for_this_computer_are_refused(server: SimpleNamespace) -> None:
    request = urllib.request.Request(server.url, headers={"Host": "elsewhere.example"})
    with pytest.raises(urllib.error.HTTPError) as refused:
        DIRECTLY.open(request)
    assert refused.value.code == 400


def test_nothing_stays_when_the_page_or_the_server_is_closed(
    browser: Any, server: SimpleNamespace, brought: Path
) -> None:
    page = browser.new_page()
    page.set_default_timeout(PATIENCE_S * 1000)
    page.goto(server.url)
    drop(page, brought / "b.png")
    page.click("#go")
    page.wait_for_selector("#compare .before")

    def kept() -> list[Path]:
        # os.walk does not mind folders that go meanwhile
        found = [Path(at, name) for at, _, names in os.walk(server.temporary) for name in names]
        return [path for path in found if path.is_file() and path.stat().st_size]

    (folder,) = server.temporary.glob(f"{PREFIX}*")
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert kept() and all(path.is_relative_to(folder) for path in kept())
    page.close()
    wait_until(lambda: not kept())
    server.process.send_signal(signal.SIGINT)
    assert server.process.wait(PATIENCE_S) == 0
    assert not list(server.temporary.glob(f"{PREFIX}*"))
    assert "Traceback" not in server.log.read_text()


def wait_until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < until
        time.sleep(0.1)


@pytest.mark.slow
def test_connections_that_are_cut_at_the_end_are_not_logged() -> None:
    pytest.importorskip("gradio", reason="the page needs Gradio, of the extra `web`")
    from deoldify_lite.web.server import _is_farewell

    def record(message: str, error: BaseException | None = None) -> logging.LogRecord:
        info = None if error is None else (type(error), error, None)
        return logging.LogRecord("uvicorn.error", logging.ERROR, "", 0, message, (), info)

    assert _is_farewell(record("Cancel 2 running task(s), timeout graceful shutdown exceeded"))
    assert _is_farewell(record("Exception in ASGI application", asyncio.CancelledError()))
    assert not _is_farewell(record("Exception in ASGI application", ValueError("x")))
