"""The zoo, and weight files as files: found in order, verified, fetched from servers good and bad."""

import hashlib
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from deoldify_lite.errors import OptionError, WeightsError
from deoldify_lite.models import weights
from deoldify_lite.models.unet import DECODERS
from deoldify_lite.models.weights import fetch_weights, find_weights, verify_weights, weight_folders
from deoldify_lite.models.zoo import MODELS, ModelSpec, get_spec
from deoldify_lite.system.cache import user_cache

CONTENT = bytes(range(251)) * 5000  # 1.2 MB
SPEC = ModelSpec(
    name="some",
    encoder="resnet34",
    decoder="lite",
    file="some.pth",
    sha256=hashlib.sha256(CONTENT).hexdigest(),
    bytes=len(CONTENT),
    urls=("https://example.invalid/some.pth",),
)


# --- zoo


def test_the_table_is_whole() -> None:
    assert list(MODELS) == ["lite", "lite-artistic", "lite-video", "artistic", "stable", "video"]
    assert len({spec.file for spec in MODELS.values()}) == len(MODELS)
    for name, spec in MODELS.items():
        assert spec.name == name and spec.decoder in DECODERS and spec.licence == "MIT" and spec.source
        assert len(spec.sha256) in (0, 64)
        assert all(url.startswith("https://") and spec.file in url for url in spec.urls)
        # A file of unknown content must not come from the network.
        assert (spec.sha256 and spec.bytes) or not spec.urls


def test_unknown_model_lists_those_there_are() -> None:
    assert get_spec("video") is MODELS["video"]
    with pytest.raises(
        OptionError, match="no model 'vidoe': choose one of lite, lite-artistic, lite-video, art"
    ):
        get_spec("vidoe")


# --- finding


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The user's folder, the program's two and the cache, all empty."""
    package = tmp_path / "site" / "deoldify_lite"
    (package / "models").mkdir(parents=True)
    (tmp_path / "site" / "setup.cfg").touch()
    monkeypatch.setattr(weights, "__file__", str(package / "models" / "weights.py"))
    monkeypatch.setenv("DEOLDIFY_LITE_WEIGHTS", str(tmp_path / "chosen"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "cache"))
    return [
        tmp_path / "chosen",
        package / "weights",
        tmp_path / "site" / "weights",
        tmp_path / "cache" / "deoldify_lite",
    ]


def test_folders_are_searched_in_order(folders: list[Path]) -> None:
    for folder in reversed(folders):
        folder.mkdir(parents=True)
        (folder / SPEC.file).touch()
        assert find_weights(SPEC) == folder / SPEC.file
    assert weight_folders() == folders


def test_nothing_found_tells_where_and_what_to_do(folders: list[Path]) -> None:
    with pytest.raises(WeightsError, match="deoldify-lite weights fetch some") as caught:
        find_weights(SPEC)
    assert all(str(folder) in str(caught.value) for folder in folders)
    with pytest.raises(WeightsError, match="reinstall"):
        find_weights(replace(SPEC, urls=()))


def test_a_strangers_folder_beside_the_package_is_not_ours(tmp_path: Path, folders: list[Path]) -> None:
    (tmp_path / "site" / "setup.cfg").unlink()
    assert weight_folders() == [folders[0], folders[1], folders[3]]


@pytest.mark.parametrize(
    ("platform", "variable", "expected"),
    [
        ("linux", None, ".cache/deoldify_lite"),
        ("linux", "XDG_CACHE_HOME", "elsewhere/deoldify_lite"),
        ("darwin", None, "Library/Caches/deoldify_lite"),
        ("win32", None, "AppData/Local/deoldify_lite"),
        ("win32", "LOCALAPPDATA", "elsewhere/deoldify_lite"),
    ],
)
def test_cache_is_where_the_system_wants_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, platform: str, variable: str | None, expected: str
) -> None:
    for name in ("XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    if variable:
        monkeypatch.setenv(variable, str(tmp_path / "elsewhere"))
    monkeypatch.setattr(Path, "home", lambda: tmp_path)
    monkeypatch.setattr(sys, "platform", platform)
    assert user_cache() == tmp_path / expected


# --- verifying


def test_verifying(tmp_path: Path) -> None:
    path = tmp_path / "some.pth"
    with pytest.raises(WeightsError, match="cannot read"):
        verify_weights(SPEC, path)
    path.write_bytes(CONTENT)
    verify_weights(SPEC, path)
    path.write_bytes(CONTENT[:-1])
    with pytest.raises(WeightsError, match=f"{len(CONTENT) - 1} bytes instead of {len(CONTENT)}"):
        verify_weights(SPEC, path)
    path.write_bytes(CONTENT[:-1] + b"x")
    with pytest.raises(WeightsError, match=r"SHA-256 .*weights fetch some"):
        verify_weights(SPEC, path)
    verify_weights(replace(SPEC, sha256="", bytes=0), path)  # nothing is known


# --- fetching


class Server(ThreadingHTTPServer):
    """Serves one file, well or badly depending on the address."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.requests: list[tuple[str, str | None]] = []  # path, Range

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.server_port}/{path}"


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.requests.append((self.path, asked))
        start = int(asked.removeprefix("bytes=").removesuffix("-")) if asked else 0
        match self.path.strip("/"):
            case "good":
                self.reply(CONTENT, start)
            case "breaks":  # after each 400 kB
                self.reply(CONTENT, start, stop=start + 400_000)
            case "breaks-at-once":
                self.reply(CONTENT, start, stop=start)
            case "no-range":
                self.reply(CONTENT, 0)
            case "no-length":
                self.reply(CONTENT, 0, length=False)
            case "other-place":
                self.reply(CONTENT, start, claimed=start + 1)
            case "wrong":
                self.reply(CONTENT[:-1] + b"x", start)
            case "short":
                self.reply(CONTENT[:1000], start)
            case "html":
                self.reply(b"<html>Sign in</html>" * 100, 0, kind="text/html; charset=utf-8")
            case "redirect":
                self.redirect(self.server.url("good"))
            case "weak-redirect":
                self.redirect("http://example.invalid/some.pth")
            case _:
                self.send_error(404)

    def redirect(self, url: str) -> None:
        self.send_response(302)
        self.send_header("Location", url)
        self.end_headers()

    def reply(
        self,
        content: bytes,
        start: int,
        *,
        stop: int | None = None,
        claimed: int | None = None,
        kind: str = "application/octet-stream",
        length: bool = True,
    ) -> None:
        if start >= len(content):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Type", kind)
        if length:
            self.send_header("Content-Length", str(len(content) - start))
        if start:
            first = start if claimed is None else claimed
            self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        self.wfile.write(content[start:stop])

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def fetch(server: Server, folder: Path, *paths: str) -> Path:
    path = fetch_weights(replace(SPEC, urls=tuple(server.url(p) for p in paths)), folder)
    assert path == folder / SPEC.file
    assert path.read_bytes() == CONTENT
    assert [p.name for p in folder.iterdir()] == [SPEC.file]
    return path


@pytest.mark.parametrize("address", ["good", "no-range", "no-length", "redirect"])
def test_fetches_a_file(server: Server, tmp_path: Path, address: str) -> None:
    fetch(server, tmp_path / "new" / "folder", address)


def test_a_file_that_is_there_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    for _ in range(2):
        fetch(server, tmp_path, "good")
    assert len(server.requests) == 1


def test_a_damaged_file_is_replaced(server: Server, tmp_path: Path) -> None:
    (tmp_path / SPEC.file).write_bytes(b"x" * len(CONTENT))
    fetch(server, tmp_path, "good")


def test_progress_counts_to_the_end(server: Server, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    spec = replace(SPEC, urls=(server.url("breaks"),))
    fetch_weights(spec, tmp_path, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert {total for _, total in seen} == {len(CONTENT)}


def test_goes_on_after_a_broken_connection(server: Server, tmp_path: Path) -> None:
    fetch(server, tmp_path, "breaks")
    assert [asked for _, asked in server.requests] == [
        None,
        "bytes=400000-",
        "bytes=800000-",
        "bytes=1200000-",
    ]


def test_goes_on_where_an_earlier_run_was_killed(server: Server, tmp_path: Path) -> None:
    (tmp_path / "some.pth.part").write_bytes(CONTENT[:77_777])
    fetch(server, tmp_path, "good")
    assert server.requests == [("/good", "bytes=77777-")]


def test_a_whole_part_is_not_fetched_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / "some.pth.part").write_bytes(CONTENT)
    fetch(server, tmp_path, "good")
    assert not server.requests


@pytest.mark.parametrize("part", [b"x" * 1000, b"x" * len(CONTENT), CONTENT + b"x"])
@pytest.mark.parametrize("address", ["good", "no-range"])
def test_a_part_of_another_file_does_no_harm(
    server: Server, tmp_path: Path, part: bytes, address: str
) -> None:
    (tmp_path / "some.pth.part").write_bytes(part)
    fetch(server, tmp_path, address)


def test_another_mirror_goes_on_with_the_part(server: Server, tmp_path: Path) -> None:
    (tmp_path / "some.pth.part").write_bytes(CONTENT[:1000])
    fetch(server, tmp_path, "breaks-at-once", "other-place", "good")
    assert server.requests[-1] == ("/good", "bytes=1000-")


@pytest.mark.parametrize("first", ["missing", "html", "short", "wrong", "weak-redirect", "breaks-at-once"])
def test_the_next_mirror_steps_in(server: Server, tmp_path: Path, first: str) -> None:
    fetch(server, tmp_path, first, "good")


def test_a_mirror_that_is_down(server: Server, tmp_path: Path) -> None:
    with Server() as down:
        port = down.server_port
    spec = replace(SPEC, urls=(f"http://127.0.0.1:{port}/good", server.url("good")))
    assert fetch_weights(spec, tmp_path).read_bytes() == CONTENT


def test_all_mirrors_failing_names_each(server: Server, tmp_path: Path) -> None:
    expected = {
        "missing": "404",
        "html": "web page",
        "short": "offers a file of 1000 bytes",
        "wrong": "another file than expected",
        "weak-redirect": "is not https: http://example.invalid",
        "breaks-at-once": "stopped after 0 of",
    }
    spec = replace(SPEC, urls=tuple(server.url(p) for p in expected))
    with pytest.raises(WeightsError, match=r"could not fetch some\.pth") as caught:
        fetch_weights(spec, tmp_path)
    lines = str(caught.value).splitlines()[1:]
    for (path, message), line in zip(expected.items(), lines, strict=True):
        assert server.url(path) in line and message in line
    assert not (tmp_path / SPEC.file).exists()


@pytest.mark.parametrize("url", ["http://example.invalid/f", "file:///etc/hostname", "ftp://127.0.0.1/f"])
def test_only_https_is_used(tmp_path: Path, url: str) -> None:
    with pytest.raises(WeightsError, match="is not https"):
        fetch_weights(replace(SPEC, urls=(url,)), tmp_path)


def test_what_ships_with_the_program_is_not_fetched(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="cannot be fetched: reinstall"):
        fetch_weights(replace(SPEC, urls=()), tmp_path)


def test_a_disk_that_fails_is_no_fault_of_the_mirrors(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    spec = replace(SPEC, urls=(server.url("good"), server.url("good")))
    with pytest.raises(WeightsError, match="cannot write"):
        fetch_weights(spec, tmp_path / "file" / "folder")
    (tmp_path / "some.pth.part").mkdir()
    with pytest.raises(WeightsError, match="cannot write"):
        fetch_weights(spec, tmp_path)
