"""The same work on many workers: on a real Ray cluster of two nodes, which lose one of them on the way.

One crew does most of it, as workers take seconds to start; whoever ends it comes last.
"""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
import tifffile
from PIL import Image

from helpers.commands import Command
from helpers.events import of_kind, read_events
from helpers.films import make, pattern, plane_hashes, tone
from helpers.pictures import grey_picture, save_damaged_fax
from helpers.places import ROOT
from helpers.workers import Poisoned

pytest.importorskip("ray", reason="Ray, of the extra `ray`, is not installed")

from deoldify_lite import api
from deoldify_lite.cluster import crew as crew_module
from deoldify_lite.cluster.connection import Connection
from deoldify_lite.cluster.crew import Crew
from deoldify_lite.cluster.engine import RayEngine, fit_rendering
from deoldify_lite.cluster.films import colorize_films
from deoldify_lite.cluster.message import Setup
from deoldify_lite.cluster.photos import colorize_photos
from deoldify_lite.cluster.slots import Slot, find_slots
from deoldify_lite.cluster.worker import photos as in_worker
from deoldify_lite.cluster.worker.actor import Worker
from deoldify_lite.errors import InputError, OptionError, RenderError
from deoldify_lite.film.encoding import Encoding
from deoldify_lite.photo.kinds import layer_suffix
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.run import stream as film_stream
from deoldify_lite.run.films import colorize_films as colorize_films_here
from deoldify_lite.run.guides import with_hints, with_keys
from deoldify_lite.run.items import Item
from deoldify_lite.run.manifest import NAME, Manifest
from deoldify_lite.run.photos import colorize_photos as colorize_photos_here
from deoldify_lite.run.plan import plan, tasks_of
from deoldify_lite.run.settings import FilmSettings, PhotoSettings
from deoldify_lite.run.task import Task
from deoldify_lite.run.versions import with_versions

STORE_BYTES = 80_000_000  # Ray takes no less than 75 MB


@pytest.fixture(scope="module")
def nodes() -> Iterator[Any]:
    """A cluster of two nodes with a core each."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    from ray.cluster_utils import Cluster

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), str(ROOT / "tests")]))
        node = {"num_cpus": 1, "object_store_memory": STORE_BYTES, "include_dashboard": False}
        cluster = Cluster(initialize_head=True, head_node_args=node)
        try:
            cluster.add_node(**{name: value for name, value in node.items() if name != "include_dashboard"})
            yield cluster
        finally:
            cluster.shutdown()


@pytest.fixture(scope="module")
def rendering(tiny_weights: Path) -> api.Rendering:
    return api.settle("video", weights=tiny_weights, render_factor=4, device="cpu")


@pytest.fixture(scope="module")
def crew(nodes: Any, rendering: api.Rendering) -> Iterator[Crew]:
    rendering.load()  # keeps the network in OpenVINO's form, which else each worker would do
    with RayEngine(nodes.address, cores_per_worker=1, device="cpu").open(rendering) as runner:
        yield runner.crew


def photo_settings(rendering: api.Rendering, **changes: object) -> PhotoSettings:
    return replace(PhotoSettings(rendering.look), **changes)  # type: ignore[arg-type]


def film_settings(rendering: api.Rendering) -> FilmSettings:
    return FilmSettings(rendering.look, steadiness=0.9, encoding=Encoding(codec="libx264"))


def photo_tasks(photos: Path, out: Path, *, all_there_is: bool = False) -> list[Task]:
    """Tasks for photos, with comparisons and layers if all is asked for."""
    return tasks_of(
        plan(
            [photos],
            out,
            suffixes={".jpg", ".png", ".tif"},
            suffix_of=lambda path: path.suffix,
            compare=all_there_is,
            layer="beside" if all_there_is else None,
            layer_suffix_of=layer_suffix,
        )
    )


def contents(folder: Path) -> dict[str, bytes | list[object]]:
    """All files but the manifest, hidden ones too. Of several pages, which lie in a file in the order in
    which threads were ready with them, what is on each."""
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name != NAME]
    return {
        path.relative_to(folder).as_posix(): tifffile.imread(path).tolist()
        if path.name in ("album.tif", "album-layer.tif")
        else path.read_bytes()
        for path in paths
    }


def told(items: list[Item]) -> set[tuple[object, ...]]:
    """What was told of each photo or film, without folders and times."""
    return {
        (
            item.source,
            item.output.name,
            item.status,
            item.reason,
            item.warnings,
            item.render_factor,
            item.frames,
        )
        for item in items
    }


def records(folder: Path) -> list[object]:
    return [replace(one, sha256="") if "album" in one.output else one for one in Manifest(folder).records()]


@pytest.fixture
def many(photos: Path) -> Path:
    """Photos of several kinds, one of three pages, and one that is broken."""
    for number in range(4):
        Image.fromarray(grey_picture(60 + number, 80)).save(photos / f"more{number}.png")
    pages = np.stack([grey_picture(40, 50)] * 3)
    tifffile.imwrite(photos / "album.tif", pages, photometric="rgb")
    (photos / "broken.jpg").write_bytes((photos / "a.jpg").read_bytes()[:700])
    return photos


@pytest.fixture
def shots(tmp_path: Path) -> Path:
    """Four grey shots of a second, with sound."""
    graph = "".join(
        f"{source}=s=96x64:r=25,trim=end_frame=25,hue=s=0,rotate={number}+n/50[{number}];"
        for number, source in enumerate(("testsrc2", "mandelbrot", "rgbtestsrc", "testsrc"))
    )
    graph += "[0][1][2][3]concat=n=4,format=yuv420p"
    coding = ("-c:v", "libx264", "-g", 20, "-bf", 3, "-c:a", "aac", "-shortest")
    return make(tmp_path / "shots.mp4", "-f", "lavfi", "-i", graph, *tone(4.0), *coding)


@pytest.fixture
def short_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film_stream, "SEGMENT_FRAMES", 20)


def film_here(
    source: Path, output: Path, colorizer: Colorizer, settings: FilmSettings, layer: Path | None = None
) -> Item:
    task = Task(source, output, Manifest(output.parent), layer=layer)
    (item,) = colorize_films_here([task], lambda: colorizer, settings, batch_size=4)
    return item


# --- the same as in one process ---


def test_photos_come_out_the_same(many: Path, tmp_path: Path, crew: Crew, rendering: api.Rendering) -> None:
    settings = photo_settings(rendering, compare=True)
    here = photo_tasks(many, tmp_path / "here", all_there_is=True)
    there = photo_tasks(many, tmp_path / "there", all_there_is=True)
    batch = rendering.batch_size(None)
    one = list(colorize_photos_here(here, rendering.load, settings, batch_size=batch))
    items = list(colorize_photos(there, settings, crew))
    assert crew.size == 2
    assert sorted(item.status for item in items) == ["done"] * 8 + ["failed"]
    assert told(items) == told(one)
    assert contents(tmp_path / "there") == contents(tmp_path / "here")
    assert records(tmp_path / "there") == records(tmp_path / "here")
    again = list(colorize_photos(photo_tasks(many, tmp_path / "there", all_there_is=True), settings, crew))
    assert sorted(item.status for item in again) == ["failed"] + ["skipped"] * 8


def test_versions_give_their_colors_the_same(
    many: Path, tmp_path: Path, crew: Crew, rendering: api.Rendering
) -> None:
    settings = photo_settings(rendering)
    layers = photo_tasks(many, tmp_path / "layers", all_there_is=True)
    list(colorize_photos_here(layers, rendering.load, settings, batch_size=4))
    other = replace(rendering, saturation=0.1)
    weak = photo_settings(other)
    here, there = (
        with_versions(photo_tasks(many, tmp_path / name), tmp_path / "layers") for name in ("here", "there")
    )
    one = list(colorize_photos_here(here, other.load, weak, batch_size=4))
    items = list(colorize_photos(there, weak, crew))
    assert {item.colors_share for item in items if item.status == "done"} == {1.0}
    assert told(items) == told(one)
    assert contents(tmp_path / "there") == contents(tmp_path / "here")
    assert records(tmp_path / "there") == records(tmp_path / "here")


def test_a_film_comes_out_the_same(
    shots: Path, tmp_path: Path, crew: Crew, rendering: api.Rendering, short_segments: None
) -> None:
    settings = film_settings(rendering)
    one = film_here(shots, tmp_path / "here" / "x.mp4", rendering.load(), settings)
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(shots.read_bytes()[:3000])
    folder = tmp_path / "there"
    tasks = [
        Task(path, folder / f"{name}.mp4", Manifest(folder)) for path, name in ((shots, "x"), (bad, "y"))
    ]
    seen: list[tuple[Path, int, int]] = []
    items = list(colorize_films(tasks, settings, crew, progress=lambda *told: seen.append(told)))
    assert {item.output.name: item.status for item in items} == {"x.mp4": "done", "y.mp4": "failed"}
    assert told([item for item in items if item.source == shots]) == told([one])
    assert contents(folder) == contents(tmp_path / "here")
    assert records(folder) == records(tmp_path / "here")
    assert seen[-1] == (shots, 100, 100)
    (again,) = colorize_films([replace(tasks[0], manifest=Manifest(folder))], settings, crew)
    assert again.status == "skipped"


def test_the_layer_of_a_film_comes_out_the_same(
    shots: Path, tmp_path: Path, crew: Crew, rendering: api.Rendering, short_segments: None
) -> None:
    settings = replace(film_settings(rendering), encoding=Encoding(codec="libx264", layer="beside"))
    here, there = (tmp_path / name / "x.mp4" for name in ("here", "there"))
    one = film_here(shots, here, rendering.load(), settings, here.with_name("x-layer.mkv"))
    task = Task(shots, there, Manifest(there.parent), layer=there.with_name("x-layer.mkv"))
    (item,) = colorize_films([task], settings, crew)
    assert (item.status, item.layer) == ("done", task.layer)
    assert there.read_bytes() == here.read_bytes()
    assert plane_hashes(item.layer) == plane_hashes(one.layer)
    assert len(Manifest(there.parent).records()) == 2 and not list(there.parent.glob(".x*"))


def test_a_damaged_film_is_told_of_the_same(
    shots: Path, tmp_path: Path, crew: Crew, rendering: api.Rendering, short_segments: None
) -> None:
    data = bytearray(shots.read_bytes())
    middle = len(data) // 3
    data[middle : middle + 600] = bytes(600)
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(data)
    settings = film_settings(rendering)
    one = film_here(damaged, tmp_path / "here" / "x.mp4", rendering.load(), settings)
    task = Task(damaged, tmp_path / "there" / "x.mp4", Manifest(tmp_path / "there"))
    (item,) = colorize_films([task], settings, crew)
    assert sum("damaged or cut short" in warning for warning in item.warnings) == 1
    assert len(item.warnings) == len(one.warnings)  # ffmpeg's words hold addresses


def test_hints_come_along(
    shots: Path, photos: Path, tmp_path: Path, crew: Crew, rendering: api.Rendering, short_segments: None
) -> None:
    hints = tmp_path / "hints"
    hints.mkdir()
    (hints / "a.hints.csv").write_text("60,45,#a06e6e\n")
    (hints / "shots.hints.csv").write_text("f30,50%,50%,#a06e6e\nf60,20%,50%,#6e6ea0\n")
    settings = photo_settings(rendering)
    plain, here, there = (tmp_path / name for name in ("plain", "here", "there"))
    for out, wish in ((plain, None), (here, hints)):
        tasks = photo_tasks(photos, out)
        tasks = tasks if wish is None else with_hints(tasks, wish, film=False)
        list(colorize_photos_here(tasks, rendering.load, settings, batch_size=4))
    list(colorize_photos(with_hints(photo_tasks(photos, there), hints, film=False), settings, crew))
    assert contents(there) == contents(here) != contents(plain)
    films: list[Task] = []
    for out in (here, there):
        films += with_hints([Task(shots, out / "x.mp4", Manifest(out))], hints, film=True)
    (one,) = colorize_films_here(films[:1], rendering.load, film_settings(rendering), batch_size=4)
    (item,) = colorize_films(films[1:], film_settings(rendering), crew)
    assert one.status == item.status == "done"
    assert contents(there) == contents(here)
    film_here(shots, plain / "x.mp4", rendering.load(), film_settings(rendering))
    assert (plain / "x.mp4").read_bytes() != (here / "x.mp4").read_bytes()


def test_key_frames_come_along(
    shots: Path, tmp_path: Path, crew: Crew, rendering: api.Rendering, short_segments: None
) -> None:
    keys = tmp_path / "keys"
    keys.mkdir()
    for number in (0, 30):
        frame = keys / f"frame-{number:06}.png"
        make(
            frame,
            "-i",
            shots,
            "-vf",
            f"select=eq(n\\,{number}),colorchannelmixer=rr=1.2:bb=0.7",
            "-frames:v",
            1,
        )
    here, there = (tmp_path / name for name in ("here", "there"))
    tasks = [with_keys([Task(shots, out / "x.mp4", Manifest(out))], keys)[0] for out in (here, there)]
    settings = replace(film_settings(rendering), recolor_all=True)
    (one,) = colorize_films_here(tasks[:1], rendering.load, settings, batch_size=4)
    (item,) = colorize_films(tasks[1:], settings, crew)
    assert (one.status, one.warnings) == (item.status, item.warnings) == ("done", ())
    assert contents(there) == contents(here)


class Failing:
    """A network that fails when it has seen so many frames."""

    def __init__(self, colorizer: Colorizer, most: int) -> None:
        self._backend, self._left = colorizer.backend, most
        self.predicts_rgb = colorizer.backend.predicts_rgb
        self.chroma_stride = colorizer.backend.chroma_stride

    def predict(self, lumas: Any) -> Any:
        self._left -= len(lumas)
        if self._left < 0:
            raise RenderError("the card fell off the bus")
        return self._backend.predict(lumas)


def test_a_film_that_one_process_began_is_finished_by_many(
    shots: Path, tmp_path: Path, crew: Crew, rendering: api.Rendering, short_segments: None
) -> None:
    settings, out = film_settings(rendering), tmp_path / "stopped" / "x.mp4"
    colorizer = rendering.load()
    film_here(shots, tmp_path / "whole" / "x.mp4", colorizer, settings)
    failing = Colorizer(
        Failing(colorizer, 24),
        render_factor=4,
        saturation=colorizer.saturation,
        tempers_cast=colorizer.tempers_cast,
    )
    assert film_here(shots, out, failing, settings).status == "failed"
    (unfinished,) = out.parent.iterdir()
    begun = list(unfinished.glob("segment-*.mp4"))
    assert begun
    seen: list[int] = []
    task = Task(shots, out, Manifest(out.parent))
    (item,) = colorize_films([task], settings, crew, progress=lambda _, done, __: seen.append(done))
    assert (item.status, item.frames) == ("done", 100) and min(seen) > 25 * len(begun)
    assert contents(out.parent) == contents(tmp_path / "whole")


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps its standard error")
def test_lines_that_libraries_print_are_warnings(
    tmp_path: Path, crew: Crew, rendering: api.Rendering
) -> None:
    (tmp_path / "faxes").mkdir()
    save_damaged_fax(tmp_path / "faxes" / "a.tif")
    tasks = photo_tasks(tmp_path / "faxes", tmp_path / "out")
    (item,) = colorize_photos(tasks, photo_settings(rendering), crew)
    assert any("its decoder warns: Fax4Decode: " in warning for warning in item.warnings)


def test_a_worker_that_does_not_see_a_photo_says_so(
    tmp_path: Path, crew: Crew, rendering: api.Rendering
) -> None:
    crew.start()
    task = Task(tmp_path / "nowhere" / "a.jpg", tmp_path / "b.jpg", Manifest(tmp_path))
    order = [in_worker.for_worker(task)], photo_settings(rendering), crew.store(frozenset()), 1, False
    with (
        pytest.raises(InputError, match=r"nowhere: \S+ does not see it; share its folder"),
        crew.hold() as member,
    ):
        list(member.stream(in_worker.colorize, *order))


# --- losses ---


def end_process(member: Any) -> None:
    """Kill a worker from outside."""
    ended = member.actor.__ray_call__.remote(lambda _: os._exit(1))
    time.sleep(0.1)
    del ended


def test_photos_of_a_worker_that_died_are_done_again(
    many: Path, tmp_path: Path, crew: Crew, rendering: api.Rendering, caplog: pytest.LogCaptureFixture
) -> None:
    settings = photo_settings(rendering)
    batch = rendering.batch_size(None)
    here, there = photo_tasks(many, tmp_path / "here"), photo_tasks(many, tmp_path / "there")
    one = list(colorize_photos_here(here, rendering.load, settings, batch_size=batch))
    crew.start()
    run = colorize_photos(there, settings, crew)
    for member in list(crew._members):  # so that none gets through before it happens
        end_process(member)
    items = list(run)
    assert "was lost" in caplog.text and "done again" in caplog.text
    assert told(items) == told(one)
    assert contents(tmp_path / "there") == contents(tmp_path / "here")


def test_a_film_survives_the_loss_of_a_node(
    shots: Path,
    tmp_path: Path,
    crew: Crew,
    nodes: Any,
    rendering: api.Rendering,
    short_segments: None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    settings = film_settings(rendering)
    film_here(shots, tmp_path / "here" / "x.mp4", rendering.load(), settings)
    (worker,) = nodes.worker_nodes

    def lose(_film: Path, done: int, _expected: int) -> None:
        if nodes.worker_nodes and done > 20:
            nodes.remove_node(worker, allow_graceful=False)

    crew.start()
    task = Task(shots, tmp_path / "there" / "x.mp4", Manifest(tmp_path / "there"))
    (item,) = colorize_films([task], settings, crew, progress=lose)
    assert not nodes.worker_nodes and "was lost" in caplog.text
    assert (item.status, item.reason, item.frames) == ("done", "", 100)
    assert contents(tmp_path / "there") == contents(tmp_path / "here")


def test_a_film_that_many_began_and_ctrl_c_ended_is_finished_by_one(
    shots: Path, tmp_path: Path, crew: Crew, rendering: api.Rendering, short_segments: None
) -> None:
    settings, out = film_settings(rendering), tmp_path / "stopped" / "x.mp4"
    film_here(shots, tmp_path / "whole" / "x.mp4", rendering.load(), settings)

    def stop(_film: Path, done: int, _expected: int) -> None:
        if list(out.parent.glob("*.unfinished/segment-*.mp4")) or done == 100:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        list(colorize_films([Task(shots, out, Manifest(out.parent))], settings, crew, progress=stop))
    (unfinished,) = out.parent.iterdir()
    kinds = {path.name.split("-")[0].split(".")[0] for path in unfinished.iterdir()}
    assert "segment" in kinds and kinds <= {"segment", "segments", "memory", "lock"}
    assert film_here(shots, out, rendering.load(), settings).status == "done"
    assert contents(out.parent) == contents(tmp_path / "whole")


def test_a_photo_that_kills_its_workers_is_given_up(
    photos: Path,
    shots: Path,
    tmp_path: Path,
    nodes: Any,
    rendering: api.Rendering,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And weights come from the cluster's store where they are not; where memory does not suffice, a film is
    made again at a smaller render factor."""
    settings = photo_settings(rendering)
    here, there = photo_tasks(photos, tmp_path / "here"), photo_tasks(photos, tmp_path / "there")
    batch = rendering.batch_size(None)
    list(colorize_photos_here(here, rendering.load, settings, batch_size=batch))
    monkeypatch.setattr(crew_module, "Worker", Poisoned)
    with RayEngine(nodes.address, cores_per_worker=1, device="cpu").open(rendering) as runner:
        items = {item.source.name: item for item in runner.colorize_photos(there, settings)}
        too_large = replace(film_settings(rendering).with_render_factor(8), end_s=0.48)
        task = Task(shots, tmp_path / "film" / "x.mp4", Manifest(tmp_path / "film"))
        (film,) = runner.colorize_films([task], too_large)
    assert (film.status, film.render_factor, film.frames) == ("done", 6, 12)
    assert film.warnings == ("not enough memory: rendered at render factor 6 instead",)
    assert {name: item.status for name, item in items.items()} == {
        "a.jpg": "done", "b.png": "failed", "c 1.tif": "done",
    }  # fmt: skip
    assert "each of 3 workers" in items["b.png"].reason and "b.png" in items["b.png"].reason
    whole = {name: data for name, data in contents(tmp_path / "here").items() if name != "b.png"}
    assert contents(tmp_path / "there") == whole


# --- without a cluster ---


def test_another_version_is_refused(tmp_path: Path, rendering: api.Rendering) -> None:
    setup = Setup("0.0.0", tmp_path, rendering, batch_size=None, cores=1, log_level=20)
    with pytest.raises(OptionError, match=r"here it is 0\.0\.0: install the same version"):
        Worker(setup).ready(None)  # type: ignore[arg-type]


def test_ray_is_not_installed(rendering: api.Rendering, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ray", None)
    with pytest.raises(OptionError, match=r'pip install "deoldify_lite\[ray\]"'):
        RayEngine().open(rendering).__enter__()


def test_ray_that_does_not_start_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = Connection(None)
    monkeypatch.setattr(connection.ray, "is_initialized", lambda: False)
    monkeypatch.setattr(connection.ray, "init", Mock(side_effect=TimeoutError("the node timed out")))
    with pytest.raises(RenderError, match=r"did not start on this machine \(the node timed out\)"):
        connection.open()
    connection.close([])


def test_a_cluster_that_is_not_there_is_told_at_once(rendering: api.Rendering) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # and does not listen
        address = f"127.0.0.1:{nobody.getsockname()[1]}"
        with pytest.raises(OptionError, match=rf"--address {address}: no Ray cluster can be reached there"):
            RayEngine(address).open(rendering).__enter__()


def test_senseless_cores(rendering: api.Rendering) -> None:
    with pytest.raises(OptionError, match="--cores-per-worker 0"):
        RayEngine(cores_per_worker=0).open(rendering).__enter__()


@pytest.mark.parametrize(
    ("device", "cores", "expected"),
    [
        ("cpu", None, [("a", 8, 0), ("a", 8, 0), ("b", 5, 0)]),  # 16 cores are two workers, and 5 one
        ("cpu", 3, [*[("a", 3, 0)] * 5, ("b", 3, 0)]),
        ("cpu", 6, [("a", 6, 0), ("a", 6, 0)]),
        ("cuda", None, [("a", 8, 1), ("a", 8, 1)]),
        ("cuda", 2, [("a", 2, 1), ("a", 2, 1)]),
    ],
)
def test_room_for_workers(device: str, cores: int | None, expected: list[tuple[str, int, int]]) -> None:
    nodes = [
        {"NodeID": "a", "Alive": True, "Resources": {"CPU": 16.0, "GPU": 2.0}},
        {"NodeID": "b", "Alive": True, "Resources": {"CPU": 5.0}},
        {"NodeID": "c", "Alive": False, "Resources": {"CPU": 64.0, "GPU": 8.0}},
        {"NodeID": "d", "Alive": True, "Resources": {}},
    ]
    assert find_slots(nodes, device, cores) == [Slot(*slot) for slot in expected]


@pytest.mark.parametrize(
    ("wanted", "gpus", "expected"),
    [
        ("auto", 2.0, ("cuda", "torch")),
        ("auto", 0.0, ("cpu", "openvino")),
        ("cpu", 2.0, ("cpu", "openvino")),
        ("cuda", 0.0, ("cuda", "torch")),  # for which there is no room then
    ],
)
def test_the_devices_of_the_cluster_count(
    rendering: api.Rendering, wanted: str, gpus: float, expected: tuple[str, str]
) -> None:
    here = replace(rendering, device="mps", backend="openvino")
    nodes = [
        {"Alive": True, "Resources": {"CPU": 4.0, "GPU": gpus}},
        {"Alive": False, "Resources": {"CPU": 4.0, "GPU": 8.0}},
    ]
    there = fit_rendering(here, wanted, nodes)
    assert (there.device, there.backend) == expected
    assert there.look == here.look


@pytest.mark.slow
def test_the_command_lets_ray_in(command: Command, photos: Path, tmp_path: Path) -> None:
    """On workers of its own, with all that decides what a result looks like."""
    red = np.clip(grey_picture(90, 120) + np.array([25.0, -12.0, -12.0]), 0, 255).astype(np.uint8)
    Image.fromarray(red).save(tmp_path / "red.png")
    run: list[object] = ["folder", photos, "--render-factor", 4, "--device", "cpu"]
    run += ["--temperature", 20, "--reference", tmp_path / "red.png", "-o"]
    here = command(*run, tmp_path / "here")
    there = command(*run, tmp_path / "there", "--engine", "ray", "--cores-per-worker", 1)
    assert (here.returncode, there.returncode) == (0, 0), there.stderr
    assert "3 done" in there.stderr and "workers on" in there.stderr
    assert contents(tmp_path / "there") == contents(tmp_path / "here")
    assert sorted(there.stdout.split()) == sorted(here.stdout.replace("/here/", "/there/").split())


@pytest.mark.slow
def test_programs_are_told_of_the_progress_of_workers(command: Command, photos: Path, tmp_path: Path) -> None:
    """All that is on standard error is events, as with one process, whatever Ray would say there."""
    (photos / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n and no more")
    film = make(tmp_path / "clip.mkv", *pattern(0.48), "-pix_fmt", "gray")
    options: list[object] = ["--progress", "json", "--render-factor", 4, "--device", "cpu"]
    options += ["--engine", "ray", "--cores-per-worker", 1]
    done = command("folder", photos, *options)
    events = read_events(done.stderr)
    items = of_kind(events, "item")
    assert [(item["number"], item["total"]) for item in items] == [(1, 4), (2, 4), (3, 4), (4, 4)]
    assert sorted(item["status"] for item in items) == ["done", "done", "done", "failed"]
    [end] = of_kind(events, "done")
    assert done.returncode == end["exit_code"] == 1 and end["counts"] == {"done": 3, "failed": 1}
    done = command("video", film, *options)
    events = read_events(done.stderr)
    last = of_kind(events, "frames")[-1]
    assert last["source"] == str(film) and last["done"] == last["expected"] == 12
    [item], [end] = of_kind(events, "item"), of_kind(events, "done")
    assert item["frames"] == 12 and item["output"] == done.stdout.strip()
    assert done.returncode == end["exit_code"] == 0
    assert any("workers on" in event["text"] for event in of_kind(events, "log"))


def test_options_for_ray_want_ray(command: Command, photos: Path) -> None:
    for option, value in (("--address", "auto"), ("--cores-per-worker", "1")):
        done = command("folder", photos, option, value)
        assert done.returncode == 2 and "--engine ray" in done.stderr


@pytest.mark.slow
def test_workers_of_one_run_obey_nobody_else(tmp_path: Path) -> None:
    """Ray reads its secret when it is imported, so this needs a process of its own."""
    code = (
        "import os, sys\n"
        "from deoldify_lite.cluster.connection import import_ray\n"
        "ray = import_ray(ours=True)\n"
        "assert os.environ['RAY_AUTH_MODE'] == 'token' and len(os.environ['RAY_AUTH_TOKEN']) == 64\n"
        "quiet = {'include_dashboard': False, 'configure_logging': False, 'log_to_driver': False}\n"
        "ray.init('local', num_cpus=1, **quiet)\n"
        "print(ray.get_runtime_context().gcs_address, flush=True)\n"
        "sys.stdin.read()\n"
    )
    knock = "import sys\nfrom ray._raylet import GcsClient\nGcsClient(address=sys.argv[1])\n"
    plain = {name: value for name, value in os.environ.items() if not name.startswith("RAY_AUTH")}
    plain["PYTHONPATH"] = str(ROOT)
    owner = subprocess.Popen(
        [sys.executable, "-c", code], env=plain, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert owner.stdin is not None and owner.stdout is not None
    try:
        address = owner.stdout.readline().strip()
        assert address
        stranger = subprocess.run(
            [sys.executable, "-c", knock, address], env=plain, capture_output=True, text=True, timeout=120
        )
        assert stranger.returncode == 1 and "AuthenticationError" in stranger.stderr
    finally:
        owner.stdin.close()
        assert owner.wait(60) == 0
