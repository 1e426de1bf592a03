"""Nothing that is opened can run code, reach the network, read other files, or write outside of its folder.

Weights: `test_checkpoint.test_a_file_that_would_run_code_stays_shut`. Downloads: `test_weights`.
"""

import ast
import http.server
import json
import os
import stat
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deoldify_lite import api
from deoldify_lite.errors import InputError
from deoldify_lite.film import fit, process
from deoldify_lite.film.ffmpeg import SOURCE_OPTIONS
from deoldify_lite.film.kinds import FILM_FORMATS
from deoldify_lite.film.probe import probe_film
from deoldify_lite.run import stream as film_stream
from deoldify_lite.run.manifest import NAME, Manifest
from deoldify_lite.run.task import Task, check_output
from deoldify_lite.run.unfinished import Segment, unfinished
from deoldify_lite.run.verify import verify
from deoldify_lite.temporal.scene_memory import SceneMemory
from helpers.film_runs import run_film
from helpers.films import fields, make, pattern
from helpers.networks import Fixed
from helpers.pictures import grey_picture
from helpers.places import ROOT

posix = pytest.mark.skipif(os.name == "nt", reason="about links, pipes and names on POSIX systems")


@pytest.fixture
def rendering(tiny_weights: Path) -> api.Rendering:
    return api.settle("video", weights=tiny_weights, render_factor=4, device="cpu")


# playlists


@pytest.fixture
def asked() -> Iterator[tuple[str, list[str]]]:
    """Address of a server on this machine, and what it was asked for."""
    found: list[str] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", found
    server.shutdown()
    server.server_close()


def hls(address: str) -> str:
    return f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{address}\n#EXT-X-ENDLIST\n"


def dash(address: str) -> str:
    return (
        '<MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" mediaPresentationDuration="PT9S" '
        'profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet mimeType="video/mp4">'
        f'<Representation id="1" bandwidth="1"><BaseURL>{address}</BaseURL><SegmentList><SegmentURL '
        f'media="{address}"/></SegmentList></Representation></AdaptationSet></Period></MPD>'
    )


def ffconcat(address: str) -> str:
    return f"ffconcat version 1.0\nfile '{address}'\n"


PLAYLISTS = {"hls": hls, "dash": dash, "concat": ffconcat}


@pytest.mark.parametrize("kind", PLAYLISTS)
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts", ".avi"])
def test_playlists_that_name_addresses_are_not_opened(
    tmp_path: Path, asked: tuple[str, list[str]], kind: str, suffix: str
) -> None:
    address, requests = asked
    source = tmp_path / f"list{suffix}"
    source.write_text(PLAYLISTS[kind](f"{address}/private.ts"))
    item = run_film(source, tmp_path / "out.mkv", Fixed())
    assert item.status == "failed" and str(source) in item.reason
    assert requests == [] and not (tmp_path / "out.mkv").exists()


def test_the_trap_does_work(tmp_path: Path, asked: tuple[str, list[str]]) -> None:
    """Were the protocol allowed, ffprobe would ask the server."""
    address, requests = asked
    (tmp_path / "list.mp4").write_text(hls(f"{address}/private.ts"))
    options = ["-v", "quiet", "-protocol_whitelist", "file,http,tcp"]
    subprocess.run(["ffprobe", *options, str(tmp_path / "list.mp4")])
    assert requests == ["/private.ts"]


@pytest.mark.parametrize("kind", PLAYLISTS)
@pytest.mark.parametrize("absolute", [True, False])
def test_playlists_that_name_files_are_not_opened(tmp_path: Path, kind: str, absolute: bool) -> None:
    """Somebody else's film would be in the result, and may be sent on with it."""
    private = make(tmp_path / "private.ts", *pattern(0.4), "-c:v", "mpeg2video")
    source = tmp_path / "list.mp4"
    source.write_text(PLAYLISTS[kind](str(private) if absolute else private.name))
    item = run_film(source, tmp_path / "out.mkv", Fixed())
    assert item.status == "failed" and str(source) in item.reason
    assert "of films in one file" in item.reason and "not on whitelist" in item.reason
    assert not (tmp_path / "out.mkv").exists()


@pytest.mark.slow
def test_a_playlist_in_a_folder_stops_no_other(tmp_path: Path, rendering: api.Rendering) -> None:
    films = tmp_path / "films"
    films.mkdir()
    make(films / "good.mp4", *pattern(0.4))
    (films / "list.mp4").write_text(hls("good.mp4"))
    items = {item.source.name: item.status for item in api.colorize_video(films, rendering=rendering)}
    assert items == {"good.mp4": "done", "list.mp4": "failed"}


def test_only_formats_of_one_file_are_allowed() -> None:
    formats = FILM_FORMATS.split(",")
    refused = {"hls", "applehttp", "dash", "concat", "image2", "imf", "sdp", "rtsp", "vobsub", "lavfi"}
    refused |= {"avisynth", "vapoursynth", "tedcaptions", "webm_dash_manifest", "playlist", "ffmetadata"}
    assert not refused & set(formats) and len(formats) == len(set(formats))
    assert SOURCE_OPTIONS["protocol_whitelist"] == "file,pipe"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("suffix", "coding"),
    [
        (".mp4", ["-c:v", "libx264"]), (".mov", ["-c:v", "mjpeg"]), (".mkv", ["-c:v", "ffv1"]),
        (".webm", ["-c:v", "libvpx"]), (".avi", ["-c:v", "mpeg4"]), (".mpg", ["-c:v", "mpeg2video"]),
        (".ts", ["-c:v", "libx264"]), (".m2ts", ["-c:v", "libx264"]), (".vob", ["-c:v", "mpeg2video"]),
        (".wmv", ["-c:v", "wmv2"]), (".flv", ["-c:v", "flv"]), (".ogv", ["-c:v", "libtheora"]),
        (".3gp", ["-c:v", "h263", "-s", "176x144"]), (".mxf", ["-c:v", "mpeg2video"]),
        (".dv", ["-c:v", "dvvideo", "-s", "720x576", "-pix_fmt", "yuv420p"]),
        (".y4m", ["-pix_fmt", "yuv420p"]),
    ],
)  # fmt: skip
def test_every_kind_of_film_that_is_looked_for_is_allowed(
    tmp_path: Path, suffix: str, coding: list[str]
) -> None:
    source = make(tmp_path / f"film{suffix}", *pattern(0.4), *coding)
    assert probe_film(source).width > 0


def title(path: Path) -> tuple[Path, int]:
    """Header, first frames, rehearsal, reader, writer and join open it."""
    return make(path / "title.mp4", *pattern(0.8), "-metadata", "title=x"), 6


def no_table(path: Path) -> tuple[Path, int]:
    """All timestamps are read, too."""
    return make(path / "no-table.mkv", *pattern(0.8), "-c:v", "ffv1"), 7


def tape(path: Path) -> tuple[Path, int]:
    """Fields are looked for, too."""
    return fields(path / "tape.mkv", "tff", "-c:v", "ffv1", marked=False, seconds=0.8), 8


def cover(path: Path) -> tuple[Path, int]:
    """Cover art is taken out of it, too."""
    art = make(path / "art.png", *pattern(), "-frames:v", 1)
    attached = ("-i", art, "-map", 0, "-map", 1, "-c:v:1", "copy", "-disposition:v:1", "attached_pic")
    return make(path / "cover.mp4", *pattern(0.8), *attached, "-pix_fmt:v:0", "yuv420p"), 7


def parts(path: Path) -> tuple[Path, int]:
    """Two shots, so that a reader looks for the second, there are two writers, and a list is joined."""
    graph = "testsrc2=s=96x64:r=25:d=1[a];mandelbrot=s=96x64:r=25,trim=end_frame=25[b];[a][b]concat"
    return make(path / "parts.mp4", "-f", "lavfi", "-i", graph, "-pix_fmt", "yuv420p"), 8


@pytest.mark.slow
@pytest.mark.parametrize("make_film", [title, no_table, tape, cover, parts])
def test_every_ffmpeg_may_open_only_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_film: Callable[[Path], tuple[Path, int]]
) -> None:
    """All starts of a whole run: each is watched, opens files alone, and ffprobe only what a film may be."""
    started: list[list[str]] = []
    watched: list[list[str]] = []
    popen, start = subprocess.Popen, process._start

    def seen(arguments: list[str], **options: object) -> object:
        started.append(arguments)
        assert isinstance(arguments, list) and not options.get("shell")
        return popen(arguments, **options)

    def seen_by_watchdog(arguments: list[str], **options: object) -> object:
        watched.append(arguments)
        return start(arguments, **options)

    source, expected = make_film(tmp_path)
    monkeypatch.setattr(subprocess, "Popen", seen)
    monkeypatch.setattr(process, "_start", seen_by_watchdog)
    monkeypatch.setattr(film_stream, "SEGMENT_FRAMES", 20)
    item = run_film(source, tmp_path / "out.mkv", Fixed(), deinterlace=make_film is tape)
    assert item.status == "done", item.reason
    assert started == watched
    assert sum(f"file:{source}" in line for line in started) >= expected
    for line in started:
        program, *arguments = line
        inputs = [place for place, part in enumerate(arguments) if part == "-i"]
        for begin, place in zip([0, *inputs], inputs, strict=False):
            options, name = arguments[begin:place], arguments[place + 1]
            if name != "pipe:0" and "lavfi" not in options:
                assert name.startswith("file:")
                assert options[options.index("-protocol_whitelist") + 1] == "file,pipe"
        if "-show_pixel_formats" in line:
            assert arguments == ["-v", "error", "-show_pixel_formats", "-of", "json"]
        elif Path(program).stem == "ffprobe":
            assert len(inputs) == 1 and arguments[arguments.index("-format_whitelist") + 1] == FILM_FORMATS


def test_programs_are_started_in_two_places() -> None:
    """ffmpeg, and the program that a user names with --notify."""
    places = {"deoldify_lite/film/process.py", "deoldify_lite/cli/notice.py"}
    for path in (ROOT / "deoldify_lite").rglob("*.py"):
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        starts = {ast.unparse(call.func) for call in calls} & {
            *(f"subprocess.{name}" for name in ("Popen", "run", "call", "check_call", "check_output")),
            *("os.execv", "os.execvp", "os.spawnv", "os.spawnvp", "os.posix_spawn", "os.startfile"),
        }
        assert not starts or path.relative_to(ROOT).as_posix() in places, path


# names

STRANGE = [
    'it\'s "quoted" `date` $(touch pwned) $HOME; touch pwned # & | > x',
    "-i -y -f lavfi",
    "--help",
    "100% %d %03d %s",
    "concat:a|b",
    "file:x",
    "http:__127.0.0.1_x",
    "pipe:0",
    "line\nbreak\ttab",
    "[a]*?{b,c}~",
    "back\\slash",
    "né 写真 🎞",
    "subfile,,start,0,end,9,,:x",
]


@pytest.mark.slow
@posix
def test_names_are_never_more_than_names(
    tmp_path: Path, rendering: api.Rendering, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of photos and films, with and without a folder before them."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    film = make(tmp_path / "plain.mkv", *pattern(0.4), "-c:v", "ffv1").read_bytes()
    (tmp_path / "plain.mkv").unlink()
    for stem in STRANGE:
        Image.fromarray(grey_picture(40, 40)).save(tmp_path / "in" / f"{stem}.png", "PNG")
    for stem in STRANGE[:4]:
        (tmp_path / "in" / f"{stem}.mkv").write_bytes(film)
    media = sorted(path.name for path in (tmp_path / "in").iterdir())
    for run_all in (api.colorize_folder, api.colorize_video):
        for item in run_all("in", "out", rendering=rendering):
            assert item.status == "done", item.reason
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted([NAME, *media])
    monkeypatch.chdir(tmp_path / "in")
    (item,) = api.colorize_video("-i -y -f lavfi.mkv", "--out", rendering=rendering)
    assert item.status == "done", item.reason
    assert sorted(path.name for path in (tmp_path / "in").iterdir()) == sorted(["--out", *media])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "out"]


@posix
def test_names_that_are_no_text(tmp_path: Path, rendering: api.Rendering) -> None:
    """Photos are done, films refused, and neither stops another."""
    films = tmp_path / "films"
    films.mkdir()
    data = make(films / "plain.mp4", *pattern(0.4)).read_bytes()
    (films / os.fsdecode(b"Gro\xdfmutter.mp4")).write_bytes(data)
    for suffix in ("png", "jpg"):
        Image.fromarray(grey_picture(40, 40)).save(films / f"plain.{suffix}")
        (films / f"plain.{suffix}").rename(films / os.fsdecode(b"Gro\xdfmutter." + suffix.encode()))
    bad, good = api.colorize_video(films, tmp_path / "out", rendering=rendering)
    assert (bad.status, good.status) == ("failed", "done")
    assert "rename it" in bad.reason and str(bad.source) in bad.reason
    for item in api.colorize_folder(films, tmp_path / "out", rendering=rendering):
        assert item.status == "done" and item.output.name == item.source.name
    assert all(found.sound for found in verify(tmp_path / "out"))


def test_no_code_of_ours_uses_a_shell_or_unpickles() -> None:
    for path in (ROOT / "deoldify_lite").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call):
                name = ast.unparse(node.func)
                options = {word.arg: ast.unparse(word.value) for word in node.keywords}
                assert name not in ("os.system", "os.popen", "eval", "exec"), path
                # A worker reads back what it has itself put into a file without a name.
                if path.relative_to(ROOT).as_posix() != "deoldify_lite/cluster/worker/films.py":
                    assert name not in ("pickle.load", "pickle.loads"), path
                assert "shell" not in options, path
                if name in ("np.load", "numpy.load"):
                    assert options.get("allow_pickle") == "False", path
                if name == "torch.load":
                    assert options.get("weights_only") == "True", path


# links and paths


@posix
def test_links_among_the_sources(tmp_path: Path, rendering: api.Rendering) -> None:
    """A link to a photo is read; its result is a file in OUT. Folders behind links are left alone."""
    private, photos, out = tmp_path / "private", tmp_path / "photos", tmp_path / "out"
    private.mkdir()
    photos.mkdir()
    Image.fromarray(grey_picture(40, 40)).save(private / "p.png")
    before = (private / "p.png").read_bytes()
    (photos / "link.png").symlink_to(private / "p.png")
    (photos / "folder").symlink_to(private)
    items = api.colorize_folder(photos, out, rendering=rendering)
    assert [item.source.name for item in items] == ["link.png"] and items[0].status == "done"
    assert sorted(path.name for path in out.iterdir()) == [NAME, "link.png"]
    assert not (out / "link.png").is_symlink()
    assert (private / "p.png").read_bytes() == before and len(list(private.iterdir())) == 1


@posix
@pytest.mark.parametrize("kind", ["photo", "film"])
def test_links_among_the_results(tmp_path: Path, rendering: api.Rendering, kind: str) -> None:
    """OUT/inside leads elsewhere, and so do links under the names of results."""
    sources, out, elsewhere = tmp_path / "sources", tmp_path / "out", tmp_path / "elsewhere"
    (sources / "inside").mkdir(parents=True)
    out.mkdir()
    elsewhere.mkdir()
    name = "x.png" if kind == "photo" else "x.mkv"
    if kind == "photo":
        Image.fromarray(grey_picture(40, 40)).save(sources / "inside" / name)
        run_all = api.colorize_folder
    else:
        make(sources / "inside" / name, *pattern(0.4), "-c:v", "ffv1")
        run_all = api.colorize_video
    (out / "inside").symlink_to(elsewhere)
    for overwrite in (False, True):
        (item,) = run_all(sources, out, rendering=rendering, overwrite=overwrite)
        assert item.status == "failed" and "link" in item.reason and str(out / "inside") in item.reason
    assert not list(elsewhere.iterdir())
    (out / "inside").unlink()
    (out / "inside").mkdir()
    (elsewhere / "kept").write_text("mine")
    (out / "inside" / name).symlink_to(elsewhere / "kept")
    (item,) = run_all(sources, out, rendering=rendering, overwrite=True)
    assert item.status == "done" and not item.output.is_symlink()
    assert (elsewhere / "kept").read_text() == "mine"


@posix
def test_a_folder_of_results_may_itself_be_a_link(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    out = tmp_path / "out"
    check_output(Task(tmp_path / "x.png", out / "a" / "x.png", Manifest(out)), False)


@posix
def test_a_manifest_that_is_a_link_or_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("mine")
    (tmp_path / NAME).symlink_to(tmp_path / "kept")
    with pytest.raises(InputError, match="not a plain file"):
        Manifest(tmp_path)
    (tmp_path / NAME).unlink()
    os.mkfifo(tmp_path / NAME)
    with pytest.raises(InputError, match="not a plain file"):
        Manifest(tmp_path)


@pytest.mark.parametrize("name", ["../kept.jpg", "a/../../kept.jpg", "/etc/hostname", 7, None, ["a.jpg"]])
def test_a_manifest_that_names_what_lies_outside(tmp_path: Path, name: object) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "kept.jpg").write_bytes(b"x")
    (out / "good.jpg").write_bytes(b"x")
    Manifest(out).add(out / "good.jpg", "f")
    record = {"fingerprint": "f", "size": 1, "sha256": "", "source": ""}
    with open(out / NAME, "a") as file:
        file.write(json.dumps({**record, "output": name, "extras": []}) + "\n")
        file.write(json.dumps({**record, "output": "b.jpg", "extras": [name]}) + "\n")
    assert [found.output.name for found in verify(out)] == ["good.jpg"]
    assert not Manifest(out).made(tmp_path / "kept.jpg")


def left_by_a_run(output: Path, **changes: object) -> Path:
    """What a stopped run leaves; returns the folder."""
    with pytest.raises(KeyboardInterrupt), unfinished(output, "f") as found:
        (found.folder / "segment-00000.mkv").write_bytes(b"segment")
        found.add(Segment("segment-00000.mkv", 7, 1, 0, 0, 1), SceneMemory())
        raise KeyboardInterrupt
    if changes:
        journal = found.folder / "segments.jsonl"
        head, line = journal.read_text().splitlines()
        journal.write_text(f"{head}\n{json.dumps({**json.loads(line), **changes})}\n")
    return found.folder


@pytest.mark.parametrize("file", ["../kept", "/etc/hostname", "segment-00000.mkv/../../kept", "kept", 3])
def test_segments_that_lie_elsewhere_are_not_taken(tmp_path: Path, file: object) -> None:
    (tmp_path / "kept").write_bytes(b"private")
    output = tmp_path / "x.mkv"
    folder = left_by_a_run(output, file=file)
    (folder / "kept").write_bytes(b"private")
    with unfinished(output, "f") as found:
        assert found.segments == ()
    assert (tmp_path / "kept").read_bytes() == b"private" and not folder.exists()


def test_segments_of_a_run_are_taken(tmp_path: Path) -> None:
    left_by_a_run(tmp_path / "x.mkv")
    with unfinished(tmp_path / "x.mkv", "f") as found:
        assert len(found.segments) == 1


@posix
def test_a_segment_that_is_a_link_is_not_taken(tmp_path: Path) -> None:
    folder = left_by_a_run(tmp_path / "x.mkv")
    (tmp_path / "kept").write_bytes(b"private")
    (folder / "segment-00000.mkv").unlink()
    (folder / "segment-00000.mkv").symlink_to(tmp_path / "kept")
    with unfinished(tmp_path / "x.mkv", "f") as found:
        assert found.segments == ()
    assert (tmp_path / "kept").read_bytes() == b"private"


@posix
@pytest.mark.parametrize("what", ["folder", "lock", "segments.jsonl", "memory-00001.npz", "inside"])
def test_links_where_unfinished_films_lie(tmp_path: Path, what: str) -> None:
    """Nothing behind them is cleared or written to."""
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "mine").write_text("mine")
    folder = left_by_a_run(tmp_path / "x.mkv")
    if what == "folder":
        folder.rename(tmp_path / "away")
        folder.symlink_to(kept)
    else:
        (folder / what).unlink(missing_ok=True)
        (folder / what).symlink_to(kept if what == "inside" else kept / "mine")
    with unfinished(tmp_path / "x.mkv", "f") as found:
        assert not found.folder.is_symlink()
    assert [path.name for path in kept.iterdir()] == ["mine"] and (kept / "mine").read_text() == "mine"


def test_a_memory_of_scenes_that_is_damaged_is_made_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for damage in (b"", b"PK no archive", bytes(300)):
        folder = left_by_a_run(tmp_path / "x.mkv")
        (folder / "memory-00001.npz").write_bytes(damage)
        with unfinished(tmp_path / "x.mkv", "f") as found:
            assert found.segments == ()
            found.memory()
        assert "made anew" in caplog.text


def test_a_memory_of_scenes_cannot_run_code(tmp_path: Path) -> None:
    trace = tmp_path / "trace"

    class Intruder:
        def __reduce__(self) -> tuple[object, ...]:
            return os.mkdir, (str(trace),)

    folder = left_by_a_run(tmp_path / "x.mkv")
    evil = np.array([Intruder()], dtype=object)
    np.savez(folder / "memory-00001.npz", keys=evil, told=evil, luma=evil, chroma=evil)
    with unfinished(tmp_path / "x.mkv", "f") as found:
        assert found.segments == ()
    assert not trace.exists()
    np.load(_saved(tmp_path / "trap.npz", evil), allow_pickle=True)["keys"]  # the trap does work
    assert trace.exists()


def _saved(path: Path, array: np.ndarray) -> Path:
    np.savez(path, keys=array)
    return path


# temporary files


@posix
def test_temporary_files_in_shared_places_are_private(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies in the system's folder for such files holds a frame of the film, and is for us alone."""
    seen: dict[str, int] = {}
    shared = tmp_path / "tmp"
    shared.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(shared))
    run_arguments = fit.run_arguments

    def look(arguments: list[str]) -> object:
        done = run_arguments(arguments)
        seen.update({path.name: stat.S_IMODE(path.stat().st_mode) for path in shared.iterdir()})
        return done

    monkeypatch.setattr(fit, "run_arguments", look)
    source = make(tmp_path / "film.mkv", *pattern(0.4), "-c:v", "ffv1")
    before = os.umask(0)
    try:
        assert run_film(source, tmp_path / "out" / "x.mkv", Fixed()).status == "done"
    finally:
        os.umask(before)
    assert seen and set(seen.values()) == {0o700} and not list(shared.iterdir())
