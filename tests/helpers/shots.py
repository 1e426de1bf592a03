"""Small films of several shots, and lists of shots as people change them."""

import csv
from collections.abc import Callable
from functools import cache
from pathlib import Path

import cv2
import numpy as np

from deoldify_lite.run.shots.table import write_rows
from helpers.films import make

Change = Callable[[list[dict[str, str]]], object]


def film_of(
    path: Path, *shots: tuple[int, int], size: str = "128x96", rate: int = 25, grey: bool = True
) -> Path:
    """A film with a shot for each (picture, frames): equal numbers give equal pictures, which pan slowly."""
    width, height = map(int, size.split("x"))
    raw = path.with_suffix(".raw")
    with open(raw, "wb") as file:
        for shot, frames in shots:
            for number in range(frames):
                shown = picture_of(shot, number, width=width, height=height)
                plane = np.repeat(shown.mean(axis=2, keepdims=True), 3, axis=2) if grey else shown
                file.write(plane.astype(np.uint8).tobytes())
    film = make(
        path,
        *("-f", "rawvideo", "-pixel_format", "rgb24", "-video_size", size, "-framerate", rate, "-i", raw),
        *("-c:v", "libx264", "-qp", 4, "-bf", 0, "-pix_fmt", "yuv420p", "-g", 30),
    )
    raw.unlink()
    return film


def picture_of(shot: int, number: int, *, width: int = 128, height: int = 96) -> np.ndarray:
    """A frame of a shot of `film_of` in its true colours: (height, width, 3) uint8."""
    scene = _scene(shot, width + 64, height)
    return scene[:, number % 64 : number % 64 + width].astype(np.uint8)


@cache
def _scene(number: int, width: int, height: int) -> np.ndarray:
    """A picture of soft patches in colours, (height, width, 3), of its own for each number."""
    rng = np.random.default_rng(number)
    coarse = rng.integers(0, 255, (7, 12, 3)).astype(np.float32)
    fine = rng.integers(-40, 40, (height // 4, width // 4, 1)).repeat(3, 2).astype(np.float32)
    picture = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(picture + cv2.resize(fine, (width, height)), 0, 255)


def change_list(path: Path, change: Change) -> Path:
    """Change the rows of a list, as in a spreadsheet; returns the path."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        table = csv.DictReader(file)
        names, rows = list(table.fieldnames or ()), list(table)
    change(rows)
    with open(path, "w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_list(path: Path, *shots: tuple[int, int, int]) -> Path:
    """Write a list of shots: first frame, number of frames, and scene of each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = [
        {
            "shot": number,
            "first frame": first,
            "frames": frames,
            "telling frame": first + frames // 2,
            "scene": scene,
        }
        for number, (first, frames, scene) in enumerate(shots, 1)
    ]
    write_rows(path, rows)
    return path
