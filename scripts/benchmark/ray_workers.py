#!/usr/bin/env python3
"""Photos and films by one process, and by one and two Ray workers that share the cores of this machine.

On one machine two workers can only gain what one process leaves idle; what is measured is what Ray costs, and
that the results are the same, byte by byte.
"""

import argparse
import hashlib
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from media import make_film, make_photos
from report import Report, Row

from deoldify_lite import api
from deoldify_lite.api import Rendering, settle
from deoldify_lite.cluster.engine import RayEngine, RayRunner
from deoldify_lite.run import stream as film_stream
from deoldify_lite.run.items import Item
from deoldify_lite.run.manifest import NAME
from deoldify_lite.run.plan import plan, tasks_of
from deoldify_lite.run.settings import FilmSettings, PhotoSettings
from deoldify_lite.system.machine import cores, keep_heap

WORKERS = (1, 2)


def benchmark_ray(report: Report, *, photos: int, frames: int, segment_frames: int, folder: Path) -> None:
    """Tell of photos of 1280 x 960 and of a film of 640 x 480.

    Args:
        photos: in the folder.
        frames: of the film.
        segment_frames: see `run.stream.SEGMENT_FRAMES`; short, so that a short film has several.
        folder: for sources and results.
    """
    film_stream.SEGMENT_FRAMES = segment_frames
    pictures = make_photos(folder / "photos", (1280, 960), photos)
    film = make_film(folder / "film.mp4", (640, 480), frames)
    still, moving = settle("artistic", device="cpu"), settle("video", device="cpu")
    still.load()  # keeps the networks in OpenVINO's form
    moving.load()

    def photos_here(out: Path) -> list[Item]:
        return api.colorize_folder(pictures, out, rendering=still)

    def photos_there(out: Path, runner: RayRunner) -> Iterator[Item]:
        tasks = tasks_of(plan([pictures], out, suffixes={".jpg"}, suffix_of=lambda path: path.suffix))
        return runner.colorize_photos(tasks, PhotoSettings(still.look))

    def film_here(out: Path) -> list[Item]:
        return api.colorize_video(film, out / "film.mp4", rendering=moving)

    def film_there(out: Path, runner: RayRunner) -> Iterator[Item]:
        tasks = tasks_of(
            plan([film], out / "film.mp4", suffixes={".mp4"}, suffix_of=lambda path: path.suffix)
        )
        return runner.colorize_films(tasks, FilmSettings(moving.look, moving.steadiness))

    for what, unit, count, rendering, here, there in (
        ("photos", "photos/s", photos, still, photos_here, photos_there),
        ("film", "frames/s", frames, moving, film_here, film_there),
    ):
        rows = _measure(what, unit, count, rendering, here, there, folder)
        report.table(f"{what} by Ray, on {cores()} cores that the workers share", rows)


def _measure(
    what: str,
    unit: str,
    count: int,
    rendering: Rendering,
    here: Callable[[Path], list[Item]],
    there: Callable[[Path, RayRunner], Iterator[Item]],
    folder: Path,
) -> list[Row]:
    out = folder / f"{what}-here"
    began = time.perf_counter()
    _check(here(out))
    alone = time.perf_counter() - began
    rows: list[Row] = [{"": "one process", "start s": None, "s": alone, unit: count / alone, "ratio": 1.0}]
    for workers in WORKERS:
        results = folder / f"{what}-{workers}"
        engine = RayEngine(cores_per_worker=max(1, cores() // workers), device="cpu")
        with ExitStack() as stack:
            began = time.perf_counter()
            runner = stack.enter_context(engine.open(rendering))
            runner.crew.start()
            start = time.perf_counter() - began
            began = time.perf_counter()
            _check(list(there(results, runner)))
            passed = time.perf_counter() - began
        rows.append(
            {
                "": f"Ray, {runner.crew.size} workers" if runner.crew.size > 1 else "Ray, 1 worker",
                "start s": start,
                "s": passed,
                unit: count / passed,
                "ratio": alone / passed,
                "same bytes": _hashes(results) == _hashes(out),
            }
        )
    return rows


def _check(items: list[Item]) -> None:
    for item in items:
        if item.status != "done":
            raise SystemExit(f"{item.source}: {item.reason}")


def _hashes(folder: Path) -> dict[str, str]:
    paths = [path for path in folder.rglob("*") if path.is_file() and path.name != NAME]
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in paths}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("--photos", type=int, default=64, help="in the folder")
    parser.add_argument("--frames", type=int, default=600, help="of the film")
    parser.add_argument("--segment-frames", type=int, default=100, help="of the film's segments")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write all of it there")
    args = parser.parse_args()
    keep_heap()  # as the commands do
    report = Report()
    with tempfile.TemporaryDirectory() as scratch:
        # Nothing is there yet, and what the user has there stays as it is.
        os.environ["XDG_CACHE_HOME"] = os.environ["LOCALAPPDATA"] = str(Path(scratch, "cache"))
        benchmark_ray(
            report,
            photos=args.photos,
            frames=args.frames,
            segment_frames=args.segment_frames,
            folder=Path(scratch),
        )
    if args.json:
        args.json.write_text(json.dumps(report.as_json(), indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
