"""Pictures in colour with detail of many sizes, and films of them, whose true colours are known."""

from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from helpers.films import make


def painting(seed: int, size: tuple[int, int] = (360, 480)) -> np.ndarray:
    """(H, W, 3) uint8: coloured shapes with fine texture."""
    random = np.random.default_rng(seed)
    canvas = np.full((*size, 3), 128, np.uint8)
    for _ in range(120):
        center = (int(random.integers(size[1])), int(random.integers(size[0])))
        axes = (int(random.integers(8, 60)), int(random.integers(8, 60)))
        color = [int(value) for value in random.integers(30, 225, 3)]
        cv2.ellipse(canvas, center, axes, float(random.integers(180)), 0, 360, color, -1, cv2.LINE_AA)
    texture = cv2.GaussianBlur(random.normal(0, 24, size).astype(np.float32), (0, 0), 1.5)
    return np.clip(canvas + texture[..., None], 0, 255).astype(np.uint8)


def pan(seed: int, frames: int = 12, step: int = 3) -> list[np.ndarray]:
    """Frames of a camera that goes over a painting: (180, 240, 3) each."""
    whole = painting(seed)
    return [np.ascontiguousarray(whole[60:240, 60 + i * step : 300 + i * step]) for i in range(frames)]


def save_film(path: Path, frames: list[np.ndarray], *filters: str) -> Path:
    """A lossless film of 25 frames a second."""
    for i, frame in enumerate(frames):
        Image.fromarray(frame).save(path.parent / f"{path.stem}-{i:03}.png")
    numbered = ("-framerate", 25, "-i", path.parent / f"{path.stem}-%03d.png")
    coding = ("-c:v", "ffv1", "-pix_fmt", "yuv444p", "-vf", ",".join([*filters, "null"]))
    return make(path, *numbered, *coding)
