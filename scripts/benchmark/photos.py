"""Photos: the whole command on folders of them, the time to the first one, and one photo step by step."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from machine import best_s
from media import make_photos
from process import PROGRAM, Run, rate_without_start, run
from report import Report

from deoldify_lite.api import settle
from deoldify_lite.color.guided import guide_chroma
from deoldify_lite.color.merge import merge_picture
from deoldify_lite.photo.io import read_photo, write_photo
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.system.machine import cores

SMALL, LARGE = (1280, 960), (4000, 3000)  # 1.2 and 12 megapixels


def benchmark_photos(report: Report, *, device: str, count: int, folder: Path, quick: bool) -> None:
    """Tell of photos in artistic mode with the `lite` network.

    Args:
        device: cpu, cuda or mps.
        count: photos of 1280 x 960; an eighth of it of 12 megapixels; without `quick`, also four times as
            many.
        folder: for photos and results.
        quick: leave out the repeats and the many.
    """
    repeats = 1 if quick else 2
    one = make_photos(folder / "one", SMALL, 1)
    one_large = make_photos(folder / "one-large", LARGE, 1)
    first = _run(one, device, 1)  # before all else here, since the cache is still empty
    kept = _run(one, device, 2)
    imports = min(
        (run([sys.executable, "-c", "import deoldify_lite.api"]) for _ in range(2)), key=lambda r: r.seconds
    )
    report.table(
        "to the first photo, 1280 x 960, whole command, s",
        [
            {"": "the very first time, with nothing in the cache", "s": first.seconds},
            {"": "a new process, the prepared network in the cache", "s": kept.seconds},
            {"": "of this, imports alone", "s": imports.seconds},
        ],
    )
    report.target(
        "to the first photo, cold", "s", kept.seconds, at_most=6.0,
        bound=f"imports take {imports.seconds:.1f} s of it",
    )  # fmt: skip

    rendering = settle("artistic", device=device)
    colorizer, batch = rendering.load(), rendering.batch_size(None)
    steps = [
        profile_photo("lite", colorizer, next(path.iterdir()), device=device, batch=batch)
        for path in (one, one_large)
    ]
    del colorizer
    report.table("one photo, ms; all but the network on one thread; processor: of all cores together", steps)

    start_large = _run(one_large, device, 1)
    large_count = max(4, count // 8)
    folders = [
        (make_photos(folder / "small", SMALL, count), count, SMALL, kept, repeats),
        (make_photos(folder / "large", LARGE, large_count), large_count, LARGE, start_large, repeats),
    ]
    if not quick:
        folders.append((make_photos(folder / "many", SMALL, 4 * count), 4 * count, SMALL, kept, 1))
    rows, runs = [], []
    for path, number, size, start, times in folders:
        done = _run(path, device, times)
        bound_ms = _slowest_ms(steps[size is LARGE])
        rows.append(_folder_row(number, size, done, start, bound_ms))
        runs.append(done)
    report.table("folders of photos, JPEG to JPEG (bound: if all cores did nothing but these steps)", rows)
    report.table(f"stages of {count} photos of 1280 x 960, shares of the run", runs[0].stages())

    for row, done, step, least in zip(rows, runs, steps, (12.0, 2.0), strict=False):
        report.target(
            f"photos of {row['size']}, without the start", "photos/s", row["without start"], at_least=least,
            bound=_bound_of(row, done, step),
        )  # fmt: skip
    few, many = rows[0], rows[-1] if not quick else None
    speeds = [row["without start"] for row in (few, many) if row]
    slower = speeds[0] / speeds[1] if len(speeds) == 2 and all(speeds) else None
    report.target("four times as many photos: memory", "x", many and many["GB"] / few["GB"], at_most=1.1)
    report.target(
        "four times as many photos: time a photo", "x",
        slower, at_most=1.1,
    )  # fmt: skip


def _run(photos: Path, device: str, repeats: int) -> Run:
    """The fastest of some runs of the command."""
    out = photos.with_name(f"{photos.name}-out")
    command = [*PROGRAM, "folder", photos, "-o", out, "--device", device, "--overwrite", "--verbose"]
    return min((run(command) for _ in range(repeats)), key=lambda done: done.seconds)


def profile_photo(
    network: str, colorizer: Colorizer, source: Path, *, device: str, batch: int = 1
) -> dict[str, Any]:
    """Milliseconds of each step of a photo. The network has all threads, and its time is that of one of
    `batch` photos; all other steps have one. `processor` is the time of all cores together."""
    target = source.parent.with_name("profile.jpg")
    photo = read_photo(source)
    square = colorizer.prepare(photo.rgb)
    prediction = colorizer.predict([square])[0]
    done = replace(photo, rgb=colorizer.finish(photo.rgb, prediction))
    write_photo(done, target)
    data = target.read_bytes()
    predict_ms = 1e3 * best_s(lambda: colorizer.predict([square] * batch), budget_s=1) / batch

    steps: dict[str, Callable[[], object]] = {
        "decode": lambda: read_photo(source),
        "prepare": lambda: colorizer.prepare(photo.rgb),
    }
    if colorizer.backend.chroma_stride > 1:
        chroma = guide_chroma(prediction.astype(np.float32), photo.rgb)
        steps["guide"] = lambda: guide_chroma(prediction.astype(np.float32), photo.rgb)
        steps["merge"] = lambda: merge_picture(photo.rgb, chroma)
    else:
        steps["merge"] = lambda: colorizer.finish(photo.rgb, prediction)
    steps["encode"] = lambda: write_photo(done, target)
    steps["write"] = lambda: target.write_bytes(data)
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        times = {name: 1e3 * best_s(step, budget_s=0.5) for name, step in steps.items()}
    finally:
        cv2.setNumThreads(threads)
    times["encode"] -= times["write"]
    height, width = photo.rgb.shape[:2]
    names = ("decode", "prepare", "predict", "guide", "merge", "encode", "write")
    times["predict"] = predict_ms
    return {
        "network": network,
        "size": f"{width} x {height}",
        "factor": colorizer.render_factor,
        "batch": batch,
        **{name: times.get(name) for name in names},
        "all": sum(times.values()),
        "processor": sum(times.values()) + (cores() - 1 if device == "cpu" else -1) * predict_ms,
    }


def _slowest_ms(step: dict[str, Any]) -> float:
    """Milliseconds a photo that no overlap can get below; on a GPU the network stands beside the cores."""
    return max(step["predict"], step["processor"] / cores())


def _folder_row(count: int, size: tuple[int, int], done: Run, start: Run, bound_ms: float) -> dict[str, Any]:
    """A run of so many photos; what the first alone takes is its start."""
    speed = rate_without_start(count - 1, done, start)
    bound = 1e3 / bound_ms
    return {
        "photos": count,
        "size": f"{size[0]} x {size[1]}",
        "s": done.seconds,
        "photos/s": count / done.seconds,
        "without start": speed,
        "bound": bound,
        "of bound": speed and speed / bound,
        "cores busy": done.busy,
        "GB": done.memory["all"] / 1e9,
    }


def _bound_of(row: dict[str, Any], done: Run, step: dict[str, Any]) -> str:
    alone = {name: step[name] or 0 for name in ("decode", "prepare", "guide", "merge", "encode", "write")}
    alone["network"] = step["processor"] - sum(alone.values())
    total = sum(alone.values())
    shares = ", ".join(f"{name} {ms / total:.0%}" for name, ms in alone.items() if ms / total >= 0.01)
    if row["of bound"] is None:
        return ""
    return (
        f"{row['of bound']:.0%} of what the steps alone allow ({row['bound']:.1f} photos/s); cores busy "
        f"{done.busy:.0%}; of the processor time of a photo: {shares}"
    )
