"""Films: the whole command against the network alone and a plain transcode, and the memory that it takes."""

import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from machine import best_s
from media import FRAME_RATE, make_film
from process import PROGRAM, Run, rate_without_start, run
from report import Report

from deoldify_lite.api import settle
from deoldify_lite.film.encoding import Encoding, encoder_options
from deoldify_lite.film.ffmpeg import open_file, write_command
from deoldify_lite.film.probe import probe_film
from deoldify_lite.system.machine import cores

SMALL, HD, UHD = (640, 360), (1920, 1080), (3840, 2160)
UHD_FRAMES = 60
# A film of this length shows what the command takes to begin and to end.
SHORTEST_FRAMES = 2
PREDICTED = re.compile(r"(\d+) of (\d+) frames predicted")


@dataclass(frozen=True)
class Network:
    """The network of the video mode, alone."""

    fps: float
    batch: int
    render_factor: int


def benchmark_films(report: Report, *, device: str, frames: int, folder: Path, quick: bool) -> None:
    """Tell of films in video mode with the `lite` network.

    Args:
        device: cpu, cuda or mps.
        frames: of the film of 640 x 360; without `quick`, also four times as many.
        folder: for films and results.
        quick: leave out the repeats, the long film and that of 3840 x 2160.
    """
    if not (shutil.which("ffmpeg") and shutil.which("ffprobe")):
        report.note("films are left out: ffmpeg and ffprobe are not there")
        return
    network = _measure_network(device)
    film = make_film(folder / "film.mp4", SMALL, frames)
    repeats = 1 if quick else 2
    memory = _benchmark_film(report, film, SMALL, frames, network, device, repeats, targets=True)
    if device != "cpu":
        film = make_film(folder / "hd.mp4", HD, frames)
        memory += _benchmark_film(report, film, HD, frames, network, device, 1)
    if not quick:
        film = make_film(folder / "long.mp4", SMALL, 4 * frames)
        memory += _memory_rows(f"640 x 360, {4 * frames} frames", _colorize(film, device), None)
        film = make_film(folder / "uhd.mp4", UHD, UHD_FRAMES)
        plain = run(_plain_command(film, device))
        memory += _memory_rows(f"3840 x 2160, {UHD_FRAMES} frames", _colorize(film, device), plain)
    report.table("memory of films at its peak, GB", memory)
    for row in memory:
        report.target(
            f"memory, {row['film']}", "GB", row["all"], at_most=1.2,
            bound=f"Python takes {row['Python']:.2f}, ffmpeg encoding {row['ffmpeg encoding']:.2f}"
            + (f"; a plain transcode alone {row['plain transcode']:.2f}" if row["plain transcode"] else ""),
        )  # fmt: skip


def _measure_network(device: str) -> Network:
    rendering = settle("video", device=device)
    colorizer, batch = rendering.load(), rendering.batch_size(None)
    squares = np.random.default_rng(0).integers(0, 256, (batch, *[colorizer.render_size] * 2), np.uint8)
    seconds = best_s(lambda: colorizer.backend.predict(squares))
    return Network(batch / seconds, batch, rendering.render_factor)


def _benchmark_film(
    report: Report,
    film: Path,
    size: tuple[int, int],
    frames: int,
    network: Network,
    device: str,
    repeats: int,
    *,
    targets: bool = False,
) -> list[dict[str, Any]]:
    """Tables of one film; returns rows for the table of memory."""
    runs, plains = [], []
    for _ in range(repeats):  # side by side, so that both meet the same neighbours
        plains.append(run(_plain_command(film, device)))
        runs.append(_colorize(film, device))
    done, plain = (min(some, key=lambda one: one.seconds) for some in (runs, plains))
    start = _colorize(film, device, frames=SHORTEST_FRAMES)

    fps, plain_fps = frames / done.seconds, frames / plain.seconds
    running_fps = rate_without_start(frames - SHORTEST_FRAMES, done, start)
    limit = min(network.fps, plain_fps)
    found = PREDICTED.search(done.said)
    predicted = int(found[1]) if found else frames
    # What both would reach in turn, if the network saw only the frames that are predicted.
    in_turn = frames / (predicted / network.fps + plain.seconds)
    encoder = _encoder_options(film, device)["c:v"]
    title = f"film, {size[0]} x {size[1]}, {frames} frames with sound, {encoder}, video mode"

    def against_limit(name: str, value: float | None, note: str) -> dict[str, Any]:
        return {"": name, "frames/s": value, "limit": limit, "share": value and value / limit, "note": note}

    report.table(
        f"{title} (limit: the slower of network and transcode, alone)",
        [
            against_limit("whole command", fps, f"{done.seconds:.1f} s"),
            against_limit("without start", running_fps, f"a film of 2 frames takes {start.seconds:.1f} s"),
            {
                "": "network alone",
                "frames/s": network.fps,
                "note": f"every frame, batches of {network.batch}, render factor {network.render_factor}",
            },
            {"": "plain transcode alone", "frames/s": plain_fps, "note": "the same settings of the encoder"},
            {
                "": "both in turn",
                "frames/s": in_turn,
                "note": f"with the {predicted} frames that the network saw, {predicted / frames:.0%}",
            },
        ],
    )
    report.table("its stages, shares of the time that each was there", done.stages())
    rows = _processor_rows(done, start, plain, frames)
    report.table(f"its processor time, of {cores()} cores; {done.busy:.0%} of it was used", rows)
    if targets:
        bound = _bound_of(done, rows)
        report.target("film, whole command", "frames/s", fps, at_least=25.0, bound=bound)
        share = running_fps and running_fps / limit
        report.target("film, without start, of its limit", "", share, at_least=0.8, bound=bound)
    return _memory_rows(f"{size[0]} x {size[1]}, {frames} frames", done, plain)


def _colorize(film: Path, device: str, *, frames: int | None = None) -> Run:
    """The command, at work on a film or on its first frames."""
    command = [*PROGRAM, "video", film, "-o", film.with_name(f"{film.stem}-out.mp4")]
    command += ["--device", device, "--overwrite", "--verbose"]
    if frames:
        command += ["--end", frames / FRAME_RATE]
    return run(command)


def _plain_command(film: Path, device: str) -> list[str]:
    """ffmpeg's command for a transcode with the settings that our command has for its encoder."""
    target = film.with_name(f"{film.stem}-plain.mp4")
    options = _encoder_options(film, device)
    return write_command([open_file(film)], target, {"acodec": "copy", **options})


def _encoder_options(film: Path, device: str) -> dict[str, Any]:
    return encoder_options(probe_film(film), ".mp4", Encoding(on_gpu=device == "cuda"))


def _processor_rows(done: Run, start: Run, plain: Run, frames: int) -> list[dict[str, Any]]:
    """Where the cores' time went, by program, and by stage in Python; what is left there is the network's."""
    whole = done.seconds * cores()
    parts = {name: seconds for name, seconds in done.processor.items() if name != "Python"}
    python = {"start": start.processor.get("Python", 0.0)}
    python |= {stage["stage"]: stage["computed s"] for stage in done.stages()}
    python.pop("predicting", None)  # which is but the least part of what the network computes
    python["network and the rest"] = done.processor.get("Python", 0.0) - sum(python.values())
    parts |= {f"Python: {name}": max(0.0, seconds) for name, seconds in python.items()}
    rows = [
        {"part": name, "s": seconds, "share": seconds / whole, "ms a frame": 1e3 * seconds / frames}
        for name, seconds in sorted(parts.items())
    ]
    transcode = sum(plain.processor.values())
    return [*rows, {"part": "(plain transcode)", "s": transcode, "ms a frame": 1e3 * transcode / frames}]


def _bound_of(done: Run, rows: list[dict[str, Any]]) -> str:
    stages = ", ".join(f"{stage['stage']} {stage['at work']:.0%}" for stage in done.stages())
    shares = ", ".join(f"{row['part']} {row['share']:.0%}" for row in rows if row.get("share", 0) >= 0.02)
    return f"{done.busy:.0%} of the cores' time is used ({shares}); stages at work: {stages or 'not told'}"


def _memory_rows(name: str, done: Run, plain: Run | None) -> list[dict[str, Any]]:
    parts = ("Python", "ffmpeg reading", "ffmpeg encoding", "all")
    sizes = {part: done.memory.get(part, 0.0) / 1e9 for part in parts}
    return [{"film": name, **sizes, "plain transcode": plain and plain.memory["all"] / 1e9}]
