"""A watched folder that is killed again and again, or that is watched for long."""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psutil
from PIL import Image

from helpers.places import ROOT

# Settled after a short while, at a size of the network that takes little.
_OPTIONS = ("--settle", "0.3", "--render-factor", "2", "--device", "cpu", "--backend", "torch", "--quiet")

# Photos that come at once, and the time after the last one in which `watch` comes to rest.
_BURST, _REST_S = 40, 3.0


def start_watching(folder: Path, out: Path, weights: Path, *options: object) -> "subprocess.Popen[bytes]":
    """Start `deoldify-lite watch` in a process of its own."""
    command = [sys.executable, "-m", "deoldify_lite", "watch", folder, "-o", out, "--weights", weights]
    with open(log_of(out), "a", encoding="utf-8") as log:  # no pipe, which would fill up
        return subprocess.Popen(
            [*map(str, command), *_OPTIONS, *map(str, options)],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def log_of(out: Path) -> Path:
    """Where what is printed goes."""
    return out.with_suffix(".log")


def drop_photo(path: Path, number: int) -> None:
    """Write a small grey photo, of its own for each number."""
    picture = np.random.default_rng(number).integers(0, 256, (6, 8), np.uint8).repeat(4, 0).repeat(4, 1)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(path)


def results_in(out: Path) -> set[str]:
    """Names of the results below a folder."""
    return {path.relative_to(out).as_posix() for path in out.rglob("*.png") if not path.name.startswith(".")}


def drop_and_kill(
    folder: Path, out: Path, weights: Path, *, files: int, kills: int, limit_s: float
) -> tuple[list[str], int]:
    """Drop photos while watching is killed, and begun again, until all are done.

    Args:
        files: in all, in several folders.
        kills: at random moments, spread over the files.
        limit_s: for all of it.

    Returns:
        What was printed, by lines, and the exit code of the last watch after SIGTERM.
    """
    chance = random.Random(0)
    names = [f"{number % 7}/{number:04}.png" for number in range(files)]
    began = time.monotonic()
    watching = start_watching(folder, out, weights)
    dropped = 0
    for part in range(kills + 1):
        end = files * (part + 1) // (kills + 1)
        before = len(results_in(out)) if out.is_dir() else 0
        while dropped < end:
            drop_photo(folder / names[dropped], dropped)
            dropped += 1
        # Killed once it is at work.
        while part < kills and (len(results_in(out)) if out.is_dir() else 0) <= before:
            assert watching.poll() is None and time.monotonic() - began < limit_s
            time.sleep(0.05)
        if part < kills:
            time.sleep(chance.random())
            watching.kill()
            watching.wait()
            watching = start_watching(folder, out, weights)
    while len(results_in(out)) < files:
        assert watching.poll() is None and time.monotonic() - began < limit_s
        time.sleep(0.2)
    time.sleep(1)
    watching.send_signal(signal.SIGTERM)
    code = watching.wait(timeout=60)
    return log_of(out).read_text(encoding="utf-8").splitlines(), code


def memory_while_watching(
    folder: Path, out: Path, weights: Path, *options: object, counts: Sequence[int], limit_s: float
) -> list[int]:
    """Drop photos a few at a time, and return the resident bytes of `watch` when so many are done.

    Args:
        folder, out, weights: as of `drop_and_kill`.
        options: more of `watch`.
        counts: of photos, rising.
        limit_s: for all of it.
    """
    began = time.monotonic()
    watching = start_watching(folder, out, weights, *options)
    found: list[int] = []
    dropped = 0
    for count in counts:
        while dropped < count:
            for _ in range(min(_BURST, count - dropped)):
                drop_photo(folder / f"{dropped % 7}/{dropped:04}.png", dropped)
                dropped += 1
            while len(results_in(out)) < dropped:
                assert watching.poll() is None and time.monotonic() - began < limit_s
                time.sleep(0.2)
        time.sleep(_REST_S)
        found.append(psutil.Process(watching.pid).memory_info().rss)
    watching.send_signal(signal.SIGTERM)
    watching.wait(timeout=60)
    return found
