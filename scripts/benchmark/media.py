"""Photos and films for the benchmark, drawn: none of others' are in this repository.

They are dead leaves, discs that hide one another, with radii by a power law, and cloudy textures on them: of
all simple pictures these have the edges and the spectrum most like photos (A. B. Lee, D. Mumford, J. Huang,
"Occlusion models for natural images", 2001, https://doi.org/10.1023/A:1011109015675).
"""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import cv2
import ffmpeg
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Luma = NDArray[np.uint8]  # (H, W)

FRAME_RATE = 25
SHOT_FRAMES = 100
# Motion of the camera in pixels a frame at a width of 640, shot after shot, and how much it draws nearer in
# a shot; what stands in front moves by itself.
CAMERA = (((0.0, 0.0), 0.0), ((0.6, 0.1), 0.0), ((0.0, 0.0), 0.15), ((-2.0, 0.3), 0.0))
FIGURE_SPEED = 1.5
LEAVES = 800  # discs in a picture
GRAIN = 3.0  # spread, levels of 8 bits
GRAINS = 8  # pictures of it, which are shifted at random


def draw_leaves(rng: np.random.Generator, size: tuple[int, int]) -> Luma:
    """A picture of (width, height) px."""
    width, height = size
    picture = np.full((height, width), 110, np.uint8)
    # The number of discs wider than r goes with 1 / r^2; the large ones come first, so that some are left.
    for radius in height / 2 / np.sqrt(np.arange(1, LEAVES)):
        centre = (int(rng.uniform(0, width)), int(rng.uniform(0, height)))
        cv2.circle(picture, centre, round(radius), rng.normal(110, 45), -1, cv2.LINE_AA)
    texture = np.zeros((height, width), np.float32)
    for octave in range(2, 10):
        grid = rng.standard_normal((2**octave, 2**octave)).astype(np.float32)
        texture += 20 * 0.7**octave * cv2.resize(grid, size, interpolation=cv2.INTER_CUBIC)
    return np.clip(picture + texture, 0, 255).astype(np.uint8)


def draw_grain(rng: np.random.Generator, size: tuple[int, int]) -> NDArray[np.int16]:
    """What film adds to a picture of (width, height) px, in levels of 8 bits."""
    return np.rint(rng.normal(0, GRAIN, (size[1], size[0]))).astype(np.int16)


def make_photos(folder: Path, size: tuple[int, int], count: int) -> Path:
    """Fill a folder with grey JPEGs of (width, height) px, four pictures again and again; returns it."""
    folder.mkdir()
    pictures = []
    for seed in range(min(4, count)):
        path = folder / f"{seed:05}.jpg"
        rng = np.random.default_rng(seed)
        luma = cv2.add(draw_leaves(rng, size), draw_grain(rng, size), dtype=cv2.CV_8U)
        Image.fromarray(np.repeat(luma[..., None], 3, axis=2)).save(path, quality=92)
        pictures.append(path.read_bytes())
    for number in range(len(pictures), count):
        (folder / f"{number:05}.jpg").write_bytes(pictures[number % len(pictures)])
    return folder


def draw_frames(size: tuple[int, int], count: int) -> Iterator[Luma]:
    """Frames of shots that last 4 s: a still camera, a slow and a faster pan, one that draws near; a figure
    that crosses; grain."""
    width, height = size
    rng = np.random.default_rng(0)
    grains = [draw_grain(rng, size) for _ in range(GRAINS)]
    scale = width / 640
    for number in range(count):
        shot, t = divmod(number, SHOT_FRAMES)
        (dx, dy), nearer = CAMERA[shot % len(CAMERA)]
        if t == 0:
            backdrop = draw_leaves(rng, (width * 3 // 2, height * 3 // 2))
            figure = draw_leaves(rng, (width // 4, height * 2 // 3))
            outline = np.zeros_like(figure)
            centre = (figure.shape[1] // 2, figure.shape[0] // 2)
            cv2.ellipse(outline, centre, centre, 0, 0, 360, 255, -1)
        zoom = 1 + nearer * t / SHOT_FRAMES
        middle = np.array([backdrop.shape[1], backdrop.shape[0]]) / 2
        at = middle + scale * (t - SHOT_FRAMES / 2) * np.array([dx, dy])
        # Where in the backdrop each pixel of the frame comes from.
        origin = at - np.array([width, height]) / 2 / zoom
        view = np.array([[1 / zoom, 0, origin[0]], [0, 1 / zoom, origin[1]]], np.float32)
        frame = cv2.warpAffine(backdrop, view, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        left = width * 0.3 + scale * FIGURE_SPEED * t
        place = np.array([[1, 0, -left], [0, 1, -height / 3]], np.float32)
        there = cv2.warpAffine(outline, place, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        shown = cv2.warpAffine(figure, place, size, flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP)
        cv2.copyTo(shown, there, frame)
        grain = np.roll(grains[rng.integers(GRAINS)], rng.integers(height), axis=0)
        yield cv2.add(frame, grain, dtype=cv2.CV_8U)


def make_film(path: Path, size: tuple[int, int], frames: int) -> Path:
    """Write a grey film of (width, height) px with sound; returns its path."""
    picture = ffmpeg.input("pipe:0", f="rawvideo", pixel_format="gray", video_size=size, framerate=FRAME_RATE)
    sound = ffmpeg.input("sine=440", f="lavfi")
    command = ffmpeg.output(
        picture, sound, str(path), t=frames / FRAME_RATE,
        vcodec="libx264", preset="veryfast", crf=20, pix_fmt="yuv420p", acodec="aac", loglevel="error",
    ).overwrite_output().compile()  # fmt: skip
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        for frame in draw_frames(size, frames):
            process.stdin.write(frame.data)
        process.stdin.close()
    if process.returncode:
        raise SystemExit(f"ffmpeg could not make the film of the benchmark: {' '.join(command)}")
    return path
