#!/usr/bin/env python3
"""Measure runs of picture sequences: kills, memory, speed. Frames are drawn: DPX in RGB of 10 bits, filled A.

    scripts/measure/sequences.py kills [--kills 50]
    scripts/measure/sequences.py memory [--frames 100 5000]
    scripts/measure/sequences.py speed [--frames 96] [--rounds 3]

kills   Kills a run (SIGKILL) at random moments, its start and its end among them, and resumes it each time.
        Each result must be, byte by byte, that of a run that was never stopped, with nothing left beside it.
        A result that is done before all kills are used up is begun anew. Exit code 1 if one differs.
memory  The highest memory of a run's processes (ru_maxrss), for sequences of several lengths.
speed   Frames of 2048 x 1556: a run beside the same files read and written by the same reader and writer, as
        many at once, with no network. In turns; of each the time of a short sequence is taken off, so that
        the start does not count. `own` is the time of the run's processors.

All take --weights and --render-factor; by default they are those of the mode `video`. Files lie in the
temporary folder, or in --folder: for speed about 2.5 GB.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts" / "benchmark")]

from media import draw_frames  # noqa: E402

from deoldify_lite.film.timecode import advance_timecode  # noqa: E402
from deoldify_lite.run.manifest import NAME  # noqa: E402
from deoldify_lite.run.sequences.segment import MADE_AT_ONCE  # noqa: E402
from deoldify_lite.run.verify import verify  # noqa: E402
from deoldify_lite.sequence.frames import new_frame, read, write  # noqa: E402
from deoldify_lite.system.threads import Workers, map_ahead  # noqa: E402

RATE = Fraction(24)
FIRST = 86_400  # number of the first file, and its timecode's hour
SMALL = 160, 120  # px
SCAN = 2048, 1556
DRAWN = 24  # frames of a scan; more are links to these
SHORT = 8  # frames that stand for the start


class Used(NamedTuple):
    """What a process, and those it started, took."""

    wall_s: float
    own_s: float  # of all processors
    memory: int  # bytes, of the largest process at its highest


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    for name, frames in (("kills", [300]), ("memory", [100, 5000]), ("speed", [96])):
        command = commands.add_parser(name)
        command.add_argument("--frames", type=int, nargs="+", default=frames)
        command.add_argument("--folder", type=Path, help="for the files")
        command.add_argument("--weights", type=Path)
        command.add_argument("--render-factor", type=int)
    commands.choices["kills"].add_argument("--kills", type=int, default=50)
    commands.choices["kills"].add_argument("--seed", type=int, default=0)
    commands.choices["speed"].add_argument("--rounds", type=int, default=3)
    copying = commands.add_parser("copy")  # what `speed` compares with, in a process of its own
    copying.add_argument("paths", type=Path, nargs=2)
    args = parser.parse_args()
    if args.command == "copy":
        copy(*args.paths)
        return 0
    with tempfile.TemporaryDirectory(dir=args.folder) as name:
        if args.command == "kills":
            return measure_kills(args, Path(name))
        return (
            measure_memory(args, Path(name)) if args.command == "memory" else measure_speed(args, Path(name))
        )


def measure_kills(args: argparse.Namespace, folder: Path) -> int:
    chance = random.Random(args.seed)
    draw(folder / "reel", SMALL, args.frames[0])
    with running(args, folder / "reel", folder / "whole") as process:
        starts_s = seconds_until_more(process, folder / "whole", 0)
        began = time.monotonic()
        process.wait()
        works_s = time.monotonic() - began
    whole = bytes_of(folder / "whole")
    assert len(whole) == args.frames[0], "the run that is never stopped failed"
    kills, results, worst, bad = 0, 0, 0, 0
    killed_at: list[int] = []
    while kills < args.kills:
        out, mine = folder / f"out-{results}", 0
        while True:
            have = len(names_in(out))
            with running(args, folder / "reel", out) as process:
                # A fifth of the kills hits the start, others hit the work and what ends it.
                if chance.random() < 0.2:
                    wait(process, chance.uniform(0, starts_s))
                else:
                    seconds_until_more(process, out, have)
                    wait(process, chance.uniform(0, works_s / 3))
                if kills == args.kills:
                    process.wait()
                if process.poll() is not None:
                    break
                process.kill()
                process.wait()
            kills, mine = kills + 1, mine + 1
            killed_at.append(len(names_in(out)))
        results, worst = results + 1, max(worst, mine)
        rest = [path.name for path in out.iterdir() if path.name not in whole and path.name != NAME]
        same = process.returncode == 0 and bytes_of(out) == whole and not rest
        sound = all(found.sound for found in verify(out))
        print(
            f"{out.name}: {mine} kills, {'the same' if same and sound else 'DIFFERS'} {rest or ''}",
            flush=True,
        )
        bad += not (same and sound)
        shutil.rmtree(out)
    print(
        f"{kills} kills, up to {worst} of one run, in {results} runs of {args.frames[0]} frames; {bad} differ"
    )
    print(f"frames that were there at each kill: {' '.join(map(str, killed_at))}")
    return int(bad > 0)


def measure_memory(args: argparse.Namespace, folder: Path) -> int:
    for count in args.frames:
        # One scene, back and forth, since more scenes are remembered, though no more than 64.
        reel = draw(folder / f"reel-{count}", SMALL, count, drawn=min(args.frames))
        used = run(args, reel, folder / "out")
        print(
            f"{count:6} frames: {used.memory / 2**20:6.0f} MiB, {used.own_s:.1f} s of processors", flush=True
        )
        shutil.rmtree(folder / "out")
    return 0


def measure_speed(args: argparse.Namespace, folder: Path) -> int:
    count = args.frames[0]
    short, long = (draw(folder / f"reel-{n}", SCAN, n, DRAWN) for n in (SHORT, count))
    turns: dict[str, list[tuple[float, float]]] = {"read and written": [], "run": []}
    for turn in range(args.rounds + 1):
        for name, do in (("read and written", run_copy), ("run", partial(run, args))):
            few, many = (
                (do(reel, folder / "out"), shutil.rmtree(folder / "out"))[0] for reel in (short, long)
            )
            frames = count - SHORT
            times = (many.wall_s - few.wall_s) / frames, (many.own_s - few.own_s) / frames
            if turn:  # the first one warms up the disk and the compiled network
                turns[name].append(times)
                print(
                    json.dumps({"turn": turn, "what": name, "wall_s": times[0], "own_s": times[1]}),
                    flush=True,
                )
    print(f"\n{SCAN[0]} x {SCAN[1]}, 10-bit RGB, seconds a frame, medians of {args.rounds} turns")
    medians = {name: np.median(times, axis=0) for name, times in turns.items()}
    for name, (wall_s, own_s) in medians.items():
        print(f"{name:17} wall {wall_s:.3f}   own {own_s:.3f}   {1 / wall_s:.1f} frames/s")
    wall, own = medians["read and written"] / medians["run"]
    print(f"speed of a run, times that of reading and writing alone: wall {wall:.2f}, own {own:.2f}")
    return 0


def draw(folder: Path, size: tuple[int, int], count: int, drawn: int | None = None) -> Path:
    """Make a sequence of moving pictures in grey, with timecode; those that are drawn come back and forth."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(1)
    drawn = min(drawn or count, count)
    for place, luma in enumerate(draw_frames(size, drawn)):
        path = name_of(folder, place)
        # Two bits below those that are drawn.
        deep = luma.astype(np.uint16) * 4 + rng.integers(0, 4, luma.shape, np.uint16)
        timecode = advance_timecode("01:00:00:00", place, RATE)
        write(path, new_frame(path, np.dstack([deep] * 3), bits=10, rate=RATE, timecode=timecode))
    turn = 2 * drawn - 2
    for place in range(drawn, count):
        os.link(name_of(folder, min(place % turn, turn - place % turn)), name_of(folder, place))
    return folder


def name_of(folder: Path, place: int) -> Path:
    return folder / f"reel_{FIRST + place:07}.dpx"


def command_of(args: argparse.Namespace, reel: Path, out: Path) -> list[str]:
    words: list[object] = [sys.executable, "-m", "deoldify_lite", "video", reel, "-o", out, "--quiet"]
    words += ["--weights", args.weights.resolve()] if args.weights else []
    words += ["--render-factor", args.render_factor] if args.render_factor else []
    return [*map(str, words)]


def start(words: Sequence[str], log: Path) -> "subprocess.Popen[bytes]":
    with open(log, "ab") as said:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        return subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=said, stderr=said, env=environment)


@contextmanager
def running(args: argparse.Namespace, reel: Path, out: Path) -> "Iterator[subprocess.Popen[bytes]]":
    process = start(command_of(args, reel, out), out.with_suffix(".log"))
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def run(args: argparse.Namespace, reel: Path, out: Path) -> Used:
    return used_by(command_of(args, reel, out), out.with_suffix(".log"))


def run_copy(reel: Path, out: Path) -> Used:
    return used_by([sys.executable, __file__, "copy", str(reel), str(out)], out.with_suffix(".log"))


def used_by(words: Sequence[str], log: Path) -> Used:
    """Run a command to its end; it must succeed."""
    began = time.perf_counter()
    process = start(words, log)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(words)} failed:\n{log.read_text()[-2000:]}")
    memory = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    return Used(time.perf_counter() - began, usage.ru_utime + usage.ru_stime, memory)


def copy(reel: Path, out: Path) -> None:
    """Read and write all frames, as many at once as a run does."""
    out.mkdir()

    def copy_one(path: Path) -> None:
        write(out / path.name, read(path))

    with Workers(MADE_AT_ONCE) as workers:
        for pending in map_ahead(workers, copy_one, sorted(reel.iterdir()), most=2 * MADE_AT_ONCE):
            pending.result()


def wait(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    """Wait so long, or until the process ends."""
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        return


def seconds_until_more(process: "subprocess.Popen[bytes]", out: Path, have: int) -> float:
    """Wait until more frames are there, or the process ends."""
    began = time.monotonic()
    while len(names_in(out)) <= have and process.poll() is None:
        time.sleep(0.01)
    return time.monotonic() - began


def names_in(out: Path) -> list[str]:
    return [path.name for path in out.iterdir() if path.name[0] != "."] if out.is_dir() else []


def bytes_of(out: Path) -> dict[str, bytes]:
    return {name: (out / name).read_bytes() for name in names_in(out)}


if __name__ == "__main__":
    sys.exit(main())
