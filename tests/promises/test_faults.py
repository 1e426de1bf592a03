"""What goes wrong on machines: full or locked disks, files that vanish, programs that die or hang, memory.

Each time one clear error, nothing half done under a name of a result, and the same command does the rest.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import ModuleType

import numpy as np
import psutil
import pytest
from PIL import Image

from deoldify_lite.cli import main as cli
from deoldify_lite.errors import RenderError
from deoldify_lite.film import process as ffmpeg_process
from deoldify_lite.film.encoding import Encoding
from deoldify_lite.models import build
from deoldify_lite.models import weights as weights_module
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.render.look import Look
from deoldify_lite.run import batches, finish
from deoldify_lite.run import stream as film_stream
from deoldify_lite.run.items import Item
from deoldify_lite.run.manifest import NAME, Manifest
from deoldify_lite.run.photos import colorize_photos
from deoldify_lite.run.plan import plan, tasks_of
from deoldify_lite.run.settings import PhotoSettings
from deoldify_lite.run.verify import verify
from helpers.film_runs import run_film
from helpers.films import make, plane_hashes, rgb_frames
from helpers.networks import Fixed
from helpers.pictures import grey_picture
from helpers.places import ROOT

pytestmark = pytest.mark.logs_errors
PAGE = 4096  # bytes in which a tmpfs gives room


class Disk:
    """A small file system of its own; needs root."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._mount("-t", "tmpfs", "-o", "size=64m", "tmpfs")

    def _mount(self, *arguments: str) -> None:
        subprocess.run(["mount", *arguments, str(self.folder)], check=True, capture_output=True)

    def resize(self, size: int) -> None:
        self._mount("-o", f"remount,size={size // PAGE * PAGE}")

    def leave(self, room: int) -> None:
        """Fill it up but for so many bytes."""
        self.resize(shutil.disk_usage(self.folder).used + room)

    def lock(self) -> None:
        self._mount("-o", "remount,ro")

    def unlock(self) -> None:
        self._mount("-o", "remount,rw")


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    if sys.platform != "linux" or os.geteuid() != 0:
        pytest.skip("only root on Linux may mount a small disk")
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        disk = Disk(folder)
    except subprocess.CalledProcessError as error:
        pytest.skip(f"a small disk cannot be mounted here: {error.stderr.decode().strip()}")
    yield disk
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def reel(tmp_path: Path) -> Path:
    """Two grey shots of 25 frames."""
    graph = "testsrc2=s=96x64:r=25:d=1[a];mandelbrot=s=96x64:r=25,trim=end_frame=25[b];[a][b]concat,hue=s=0"
    coding = ("-c:v", "ffv1", "-pix_fmt", "yuv420p")
    return make(tmp_path / "reel.mkv", "-f", "lavfi", "-i", graph, *coding)


@pytest.fixture
def two_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film_stream, "SEGMENT_FRAMES", 20)


def names(folder: Path) -> list[str]:
    """All files below, hidden ones too."""
    if not folder.exists():
        return []
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def half_done(folder: Path) -> list[str]:
    """What should not be there after an error: but for finished segments and what belongs to them."""
    kept = ("segments.jsonl", "lock", "segments.ffconcat")
    return [
        name
        for name in names(folder)
        if "/." in f"/{name}"
        and Path(name).name != NAME
        and not (
            ".unfinished/" in name
            and (Path(name).name in kept or Path(name).name.startswith(("segment-", "memory-")))
        )
    ]


def run_folder(photos: Path, out: Path, weights: Path, *more: str) -> int:
    """The command, in this process."""
    arguments = ["--weights", str(weights), "--render-factor", "4", "--device", "cpu", "--quiet", *more]
    return cli.main(["folder", str(photos), "-o", str(out), *arguments])


def check_photos(photos: Path, out: Path) -> None:
    assert [name for name in names(out) if name != NAME] == names(photos)
    assert all(found.sound for found in verify(out))


# disks


def test_photos_on_a_full_disk(
    disk: Disk, photos: Path, tiny_weights: Path, caplog: pytest.LogCaptureFixture
) -> None:
    out = disk.folder / "out"
    out.mkdir()
    disk.leave(2 * PAGE)
    assert run_folder(photos, out, tiny_weights) == 1
    for line in (record.message for record in caplog.records):
        assert str(out) in line and "No space left" in line and "make room" in line, line
    assert not half_done(out)
    kept = {name: (out / name).stat().st_mtime_ns for name in names(out) if name != NAME}
    assert len(kept) < 3
    disk.resize(1 << 26)
    assert run_folder(photos, out, tiny_weights) == 0
    check_photos(photos, out)
    assert all((out / name).stat().st_mtime_ns == when for name, when in kept.items())


def test_a_disk_that_is_full_when_a_photo_is_to_be_recorded(
    disk: Disk, tmp_path: Path, tiny_weights: Path, caplog: pytest.LogCaptureFixture
) -> None:
    photos = tmp_path / "one"
    photos.mkdir()
    Image.fromarray(grey_picture(60, 60)).save(photos / "a.bmp")
    assert run_folder(photos, tmp_path / "elsewhere", tiny_weights) == 0
    size = (tmp_path / "elsewhere" / "a.bmp").stat().st_size
    out = disk.folder / "out"
    out.mkdir()
    disk.leave(-(-size // PAGE) * PAGE)  # for the photo, and not for the record
    assert run_folder(photos, out, tiny_weights) == 1
    assert str(out) in caplog.text and "make room" in caplog.text
    assert names(out) in ([], [NAME])
    disk.resize(1 << 26)
    assert run_folder(photos, out, tiny_weights) == 0
    check_photos(photos, out)


def test_a_record_that_is_cut_off_by_a_full_disk_swallows_no_other(disk: Disk) -> None:
    manifest = Manifest(disk.folder)
    (disk.folder / "x").write_bytes(b"x")
    disk.leave(PAGE)
    added: list[str] = []
    with pytest.raises(OSError, match="No space"):
        for number in range(100):
            manifest.add(disk.folder / "x", str(number))
            added.append(str(number))
    assert 5 < len(added) < 100 and manifest.path.stat().st_size == PAGE  # the last one is torn
    disk.resize(1 << 26)
    (disk.folder / "y").write_bytes(b"y")
    manifest.add(disk.folder / "y", "after")
    again = Manifest(disk.folder)
    assert again.find(["x"], added[-1], "") and again.find(["y"], "after", "")


@pytest.mark.slow
@pytest.mark.parametrize("codec", ["ffv1", "libx264"])
def test_a_film_on_a_full_disk(
    disk: Disk, reel: Path, tmp_path: Path, two_segments: None, codec: str
) -> None:
    """In a segment, at its end, or when all is joined; ffmpeg itself tells of success in some of these."""
    make_one = partial(run_film, reel, render_factor=8, encoding=Encoding(codec=codec))
    whole = make_one(tmp_path / "whole" / "x.mkv", Fixed()).output
    out = disk.folder / "out" / "x.mkv"
    for share in (0.2, 0.48, 0.7, 0.97):
        disk.resize(int(share * 2 * whole.stat().st_size))  # segments, and the result beside them
        item = make_one(out, Fixed())
        assert item.status == "failed" and str(out.parent) in item.reason and "make room" in item.reason
        assert not out.exists() and not half_done(disk.folder)
    disk.resize(1 << 26)
    assert make_one(out, Fixed()).status == "done"
    assert plane_hashes(out) == plane_hashes(whole)
    assert names(out.parent) == [NAME, "x.mkv"]


def test_a_folder_that_may_not_be_written_to(
    disk: Disk, photos: Path, reel: Path, tiny_weights: Path, caplog: pytest.LogCaptureFixture
) -> None:
    disk.lock()
    assert run_folder(photos, disk.folder / "out", tiny_weights) == 1
    (line,) = [record.message for record in caplog.records]
    assert "you may read and write it" in line
    item = run_film(reel, disk.folder / "x.mkv", Fixed())
    assert item.status == "failed" and "may write to with -o" in item.reason
    assert all(str(disk.folder) in told and "Read-only" in told for told in (line, item.reason))
    disk.unlock()
    assert names(disk.folder) == []
    assert run_folder(photos, disk.folder / "out", tiny_weights) == 0


# sources


def photo_run(photos: Path, out: Path, backend: Fixed, between: Callable[[], object]) -> dict[str, Item]:
    """Plan, let something happen, and colorize."""
    tasks = tasks_of(
        plan([photos], out, suffixes={".jpg", ".png", ".tif"}, suffix_of=lambda path: path.suffix)
    )
    colorizer = Colorizer(backend, render_factor=4)

    def load() -> Colorizer:
        between()
        return colorizer

    items = colorize_photos(tasks, load, PhotoSettings(Look("x", 4, 1.0, "auto")), batch_size=1)
    return {item.source.name: item for item in items}


def test_a_photo_that_vanishes(photos: Path, tmp_path: Path) -> None:
    lost, kept = photos / "b.png", tmp_path / "b.png"
    items = photo_run(photos, tmp_path / "out", Fixed(), lambda: lost.rename(kept))
    assert {name: item.status for name, item in items.items()} == {
        "a.jpg": "done", "b.png": "failed", "c 1.tif": "done",
    }  # fmt: skip
    assert str(lost) in items["b.png"].reason and "No such file" in items["b.png"].reason
    assert not half_done(tmp_path / "out") and not (tmp_path / "out" / "b.png").exists()
    kept.rename(lost)
    items = photo_run(photos, tmp_path / "out", Fixed(), lambda: None)
    assert sorted(item.status for item in items.values()) == ["done", "skipped", "skipped"]


class Interfering(Fixed):
    """Does something before it gives the colours of a later batch."""

    def __init__(self, act: Callable[[], object], *, at: int = 3) -> None:
        super().__init__()
        self._act, self._at = act, at

    def predict(self, lumas: np.ndarray) -> np.ndarray:
        if len(self.batches) == self._at:
            self._act()
        return super().predict(lumas)


@pytest.mark.slow
def test_a_film_that_vanishes(reel: Path, tmp_path: Path, two_segments: None) -> None:
    out, away = tmp_path / "out" / "x.mkv", tmp_path / "away.mkv"
    item = run_film(reel, out, Interfering(lambda: reel.rename(away)), render_factor=8)
    assert item.status == "failed" and str(reel) in item.reason and "No such file" in item.reason
    assert not out.exists() and not half_done(out.parent)
    away.rename(reel)
    assert run_film(reel, out, Fixed(), render_factor=8).status == "done"
    assert len(rgb_frames(out)) == 50 and names(out.parent) == [NAME, "x.mkv"]


@pytest.mark.slow
def test_a_film_that_is_changed_meanwhile(reel: Path, tmp_path: Path) -> None:
    """Its result would be recorded as that of the new film."""
    out = tmp_path / "out" / "x.mkv"

    def touch() -> None:
        os.utime(reel, ns=(0, 0))

    item = run_film(reel, out, Interfering(touch), render_factor=8)
    assert item.status == "failed" and "was changed" in item.reason and "same command again" in item.reason
    assert not out.exists()
    assert run_film(reel, out, Fixed(), render_factor=8).status == "done"


# programs


def ffmpegs() -> dict[str, psutil.Process]:
    """Those that run for us: of the reader and of the writer."""
    found = {}
    for process in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.Error):
            command = process.cmdline()
            if "ffmpeg" in command[0] and process.status() != psutil.STATUS_ZOMBIE:
                found["writer" if "pipe:0" in command else "reader"] = process
    return found


def send(who: str, number: signal.Signals) -> Callable[[], None]:
    return lambda: ffmpegs()[who].send_signal(number)


@pytest.fixture
def long_reel(tmp_path: Path) -> Path:
    """So long that ffmpeg is not through with it before its frames are coloured."""
    picture = ("-f", "lavfi", "-i", "testsrc2=s=320x240:r=25:d=12,hue=s=0")
    return make(tmp_path / "long.mkv", *picture, "-c:v", "mpeg4", "-q:v", 5)


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="there are no such signals")
@pytest.mark.parametrize("who", ["reader", "writer"])
def test_ffmpeg_is_killed(long_reel: Path, tmp_path: Path, who: str) -> None:
    out = tmp_path / "out" / "x.mkv"
    item = run_film(long_reel, out, Interfering(send(who, signal.SIGKILL)), render_factor=16)
    assert item.status == "failed" and "SIGKILL" in item.reason and "try again" in item.reason
    assert str(long_reel if who == "reader" else out) in item.reason
    assert names(out.parent) == []
    assert run_film(long_reel, out, Fixed(), render_factor=4).status == "done"


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="there are no such signals")
@pytest.mark.parametrize("who", ["reader", "writer"])
def test_ffmpeg_hangs(long_reel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, who: str) -> None:
    monkeypatch.setattr(ffmpeg_process, "SILENCE_S", 0.8)
    out = tmp_path / "out" / "x.mkv"
    item = run_film(long_reel, out, Interfering(send(who, signal.SIGSTOP)), render_factor=16)
    assert item.status == "failed" and "read and wrote nothing for 0.8 s" in item.reason
    assert names(out.parent) == [] and not ffmpegs()


@pytest.mark.slow
def test_ffmpeg_that_waits_for_us_does_not_hang(
    reel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ffmpeg_process, "SILENCE_S", 1.5)
    item = run_film(reel, tmp_path / "x.mkv", Interfering(lambda: time.sleep(3.2)), render_factor=8)
    assert item.status == "done"


@pytest.mark.skipif(os.name == "nt", reason="there is no such program")
def test_a_look_at_a_film_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    done = ffmpeg_process.run_arguments(["sh", "-c", "kill -9 $$"])
    assert done.returncode != 0 and b"SIGKILL" in done.stderr
    monkeypatch.setattr(ffmpeg_process, "SILENCE_S", 0.4)
    done = ffmpeg_process.run_arguments(["sleep", "60"])
    assert done.returncode != 0 and b"read and wrote nothing" in done.stderr
    done = ffmpeg_process.run_arguments([sys.executable, "-c", "while True: pass"])  # at work, for nothing
    assert done.returncode != 0 and b"read and wrote nothing" in done.stderr


def test_a_network_that_fails(photos: Path, tmp_path: Path) -> None:
    broken = Fixed(most=0, error=RenderError("the card fell off the bus"))
    items = photo_run(photos, tmp_path / "out", broken, lambda: None)
    assert all(item.status == "failed" and "fell off the bus" in item.reason for item in items.values())
    assert names(tmp_path / "out") == []
    items = photo_run(photos, tmp_path / "out", Fixed(), lambda: None)
    assert all(item.status == "done" for item in items.values())


# memory


@pytest.mark.parametrize(("module", "step"), [(batches, "read_photo"), (finish, "write_photo")])
def test_memory_that_runs_out_for_one_photo(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, module: ModuleType, step: str
) -> None:
    """That of the network is another matter, see tests/run/test_photos and test_films."""
    true = getattr(module, step)

    def greedy(what: object, *arguments: object, **options: object) -> object:
        if "b.png" in str(getattr(what, "path", what)):
            raise MemoryError
        return true(what, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr(module, step, greedy)
        items = photo_run(photos, tmp_path / "out", Fixed(), lambda: None)
    assert [items[name].status for name in ("a.jpg", "b.png", "c 1.tif")] == ["done", "failed", "done"]
    assert str(photos / "b.png") in items["b.png"].reason and "out of memory; close" in items["b.png"].reason
    items = photo_run(photos, tmp_path / "out", Fixed(), lambda: None)
    assert sorted(item.status for item in items.values()) == ["done", "skipped", "skipped"]


# weights


def cut(data: bytearray) -> bytearray:
    return data[: len(data) // 2]


def alter(data: bytearray) -> bytearray:
    data[len(data) // 2] ^= 1
    return data


@pytest.mark.parametrize("damage", [cut, alter])
@pytest.mark.parametrize("file", ["lite-artistic.safetensors", "lite.safetensors"])
def test_weights_that_are_damaged(
    photos: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    file: str,
    damage: Callable[[bytearray], bytearray],
) -> None:
    """Those of the mode, and those that they are based on, where there is no sound copy."""
    folder = tmp_path / "weights"
    folder.mkdir()
    for name in ("lite.safetensors", "lite-artistic.safetensors"):
        data = bytearray((ROOT / "weights" / name).read_bytes())
        (folder / name).write_bytes(damage(data) if name == file else data)
    for module in (build, weights_module):
        monkeypatch.setattr(module, "weight_folders", lambda: [folder])
    run = ["folder", str(photos), "-o", str(tmp_path / "out"), "--render-factor", "4", "--quiet"]
    run += ["--device", "cpu", "--backend", "torch"]
    assert cli.main(run) == 1
    errors = [record.message for record in caplog.records if record.levelname == "ERROR"]
    assert len(errors) == 1 and str(folder) in errors[0] and file in errors[0]
    assert any(remedy in errors[0] for remedy in ("reinstall", "fetch", "copy it there"))
    assert names(tmp_path / "out") == []
    (folder / file).write_bytes((ROOT / "weights" / file).read_bytes())
    assert cli.main(run) == 0


@pytest.mark.slow
@pytest.mark.parametrize("file", ["model.xml", "model.bin"])
def test_a_prepared_network_that_is_cut_short_is_made_anew(
    photos: Path, tmp_path: Path, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch, file: str
) -> None:
    pytest.importorskip("openvino", reason="OpenVINO is not installed")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "cache"))
    more = ("--backend", "openvino")
    assert run_folder(photos, tmp_path / "out", tiny_weights, *more) == 0
    (kept,) = (tmp_path / "cache").rglob(file)
    kept.write_bytes(cut(bytearray(kept.read_bytes())))
    assert run_folder(photos, tmp_path / "again", tiny_weights, *more) == 0
    for name in names(photos):
        assert (tmp_path / "again" / name).read_bytes() == (tmp_path / "out" / name).read_bytes()
