#!/usr/bin/env python3
"""Draw a grey landscape, colorize it, and write both side by side: the picture of the README.

No photo of others is in this repository, so that of the README is drawn. `scripts/demo` shows real photos.
"""

import argparse
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from deoldify_lite.api import load_colorizer

WIDTH, HEIGHT, HORIZON = 960, 640, 300
Luma = NDArray[np.float32]  # (HEIGHT, WIDTH) in [0, 1]


def clouds(rng: np.random.Generator, columns: float) -> Luma:
    """Fractal noise around 0: octaves of random grids, each twice as fine and half as strong."""
    total = np.zeros((HEIGHT, WIDTH), np.float32)
    for octave in range(7):
        rows = 2 * 2**octave
        grid = rng.standard_normal((rows + 3, int(rows * columns) + 3)).astype(np.float32)
        total += 0.55**octave * cv2.resize(grid, (WIDTH, HEIGHT), interpolation=cv2.INTER_CUBIC)
    return total / 2.2


def draw_sky(rng: np.random.Generator) -> Luma:
    """Brighter towards the horizon, with clouds above."""
    height = np.linspace(0, 1, HEIGHT, dtype=np.float32)[:, None]
    cover = np.clip(2.2 * clouds(rng, 2.2), 0, 1) * np.clip(1 - 1.2 * height, 0, 1)
    return (0.62 + 0.25 * height) * (1 - cover) + cover * (0.97 + 0.1 * clouds(rng, 2.0))


def draw_hills(
    picture: Luma, rng: np.random.Generator, *, base: float, amplitude: float, luma: float
) -> None:
    """A ridge from side to side, in one soft tone."""
    crest = np.zeros(WIDTH)
    for octave in range(8):
        points = rng.standard_normal(2**octave + 2)
        crest += 0.45**octave * np.interp(np.linspace(0, len(points) - 1, WIDTH), range(len(points)), points)
    below = np.arange(HEIGHT)[:, None] > base - amplitude * crest
    picture[below] = (luma + 0.05 * clouds(rng, 3.0))[below]


def draw_meadow(picture: Luma, rng: np.random.Generator) -> None:
    """Blades of grass, longer towards the viewer."""
    picture[HORIZON:] = 0.46 + 0.1 * clouds(rng, 3.0)[HORIZON:]
    for nearness in np.sort(rng.random(52_000) ** 0.6):
        length = 2 + 26 * nearness**1.6
        x, y = rng.random() * WIDTH, HORIZON + 6 + nearness * (HEIGHT - HORIZON + 10)
        tip = (round(x + rng.normal(0, 0.25) * length), round(y - length))
        luma = float(np.clip(0.4 - 0.1 * nearness + rng.normal(0, 0.13), 0.08, 0.85))
        cv2.line(picture, (round(x), round(y)), tip, luma, 1 if length < 18 else 2, cv2.LINE_AA)


def draw_tree(picture: Luma, rng: np.random.Generator, *, x: float, y: float, size: float) -> None:
    """A trunk, its shadow, and leaves lit from above on the left."""
    shadow = np.zeros_like(picture)
    cv2.ellipse(
        shadow, (round(x + 0.15 * size), round(y + 2)), (round(0.45 * size), max(2, round(0.06 * size))),
        0, 0, 360, 1.0, -1,
    )  # fmt: skip
    picture *= 1 - 0.45 * cv2.GaussianBlur(shadow, (0, 0), 0.03 * size + 1)
    cv2.line(
        picture, (round(x), round(y)), (round(x), round(y - 0.55 * size)), 0.16, max(2, round(0.07 * size)),
        cv2.LINE_AA,
    )  # fmt: skip
    for angle, radius in zip(
        rng.uniform(0, 2 * np.pi, round(22 * size)), rng.random(round(22 * size)), strict=True
    ):
        across = radius**0.5 * np.cos(angle) * (1 + 0.15 * np.sin(5 * angle))
        down = radius**0.5 * np.sin(angle) * (1 + 0.12 * np.cos(7 * angle))
        luma = float(np.clip(0.3 - 0.22 * down - 0.12 * across + rng.normal(0, 0.09), 0.06, 0.8))
        centre = (round(x + 0.42 * size * across), round(y - 0.72 * size + 0.34 * size * down))
        axes = (max(1, round(0.016 * size)), max(1, round(0.009 * size)))
        cv2.ellipse(picture, centre, axes, rng.random() * 180, 0, 360, luma, -1, cv2.LINE_AA)


def draw_scene() -> NDArray[np.uint8]:
    """The whole landscape: (HEIGHT, WIDTH, 3) grey."""
    rng = np.random.default_rng(7)
    picture = draw_sky(rng)
    draw_hills(picture, rng, base=HORIZON - 25, amplitude=22, luma=0.55)
    draw_hills(picture, rng, base=HORIZON - 8, amplitude=10, luma=0.4)
    draw_meadow(picture, rng)
    for x, y, size in ((120, 330, 70), (185, 334, 60), (700, 340, 90), (765, 346, 110), (850, 360, 150)):
        draw_tree(picture, rng, x=x, y=y, size=size)
    draw_tree(picture, rng, x=320, y=450, size=330)
    grainy = cv2.GaussianBlur(picture, (0, 0), 0.8) + 0.012 * rng.standard_normal(picture.shape)
    return np.repeat((255 * np.clip(grainy, 0, 1)).astype(np.uint8)[..., None], 3, axis=2)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="picture to write, such as docs/before-after.jpg")
    args = parser.parse_args()
    grey = draw_scene()
    pair = np.hstack([grey, load_colorizer("artistic").colorize(grey)])
    Image.fromarray(pair).resize((WIDTH, HEIGHT // 2), Image.Resampling.LANCZOS).save(args.out, quality=90)
