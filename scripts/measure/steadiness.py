#!/usr/bin/env python3
"""Measure how much a network's colour moves where it should not: under noise, small shifts, other exposure.

Each validation photo is seen twice, as it is and a little changed; the chroma predicted from both, brought to
one place, is compared. The figure is the mean absolute difference of chroma in 8-bit levels, with its 95 %
bootstrap interval over photos. Beside it stands the mean size of the chroma itself, for grey never moves.
"""

import argparse
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from deoldify_lite.api import load_colorizer
from deoldify_lite.evaluation.bootstrap import Bootstrap, estimate
from deoldify_lite.render.modes import MODES
from deoldify_lite.training.data import PhotoSet, centre_square, open_photos, read_all
from deoldify_lite.training.views import shifted

Change = Callable[[NDArray[np.float32], np.random.Generator], NDArray[np.float32]]

# Strong grain is a deviation of 5 %; the gate of a camera lets the film weave by some pixels; lamps flicker.
# A change of luma in [0, 1], and the pixels by which it moves the content down and to the right.
CHANGES: dict[str, tuple[Change, int]] = {
    "noise 0.02": (lambda luma, rng: luma + 0.02 * rng.standard_normal(luma.shape, np.float32), 0),
    "noise 0.05": (lambda luma, rng: luma + 0.05 * rng.standard_normal(luma.shape, np.float32), 0),
    "shift 2 px": (lambda luma, _: shifted(torch.from_numpy(luma), 2, 2).numpy(), 2),
    "shift 8 px": (lambda luma, _: shifted(torch.from_numpy(luma), 8, 8).numpy(), 8),
    "exposure +10 %": (lambda luma, _: luma * np.float32(1.1), 0),
    "exposure -10 %": (lambda luma, _: luma * np.float32(0.9), 0),
}
MARGIN_PX = 16  # what a shift brings in is not compared


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument("data", type=Path, help="training folder: its validation photos are used")
    parser.add_argument("--weights", default="lite", help="lite, deoldify or a file")
    parser.add_argument("--modes", nargs="+", choices=list(MODES), default=list(MODES))
    parser.add_argument("--render-factor", type=int, default=12, help="for all modes, so that they compare")
    parser.add_argument("--every", type=int, default=4, help="use only every so many-th photo")
    args = parser.parse_args()

    _, held_out = open_photos(args.data)
    photos = read_all(PhotoSet(held_out.sources[:: args.every]))
    print(f"{len(photos)} photos at render factor {args.render_factor}; difference of chroma in 8-bit levels")
    print(f"{'mode':10}{'chroma':>12}" + "".join(f"{name:>16}" for name in CHANGES))
    for mode in args.modes:
        colorizer = load_colorizer(
            mode, weights=args.weights, render_factor=args.render_factor, precision="fp32"
        )
        stride = colorizer.backend.chroma_stride
        inner = (..., *[slice(MARGIN_PX // stride, -MARGIN_PX // stride)] * 2)
        found: dict[str, list[float]] = {name: [] for name in ("chroma", *CHANGES)}
        for number, photo in enumerate(photos):
            square = colorizer.prepare(centre_square(photo, colorizer.render_size))
            luma, rng = square.astype(np.float32)[None] / 255, np.random.default_rng(number)
            changed = [change(luma, rng)[0] for change, _ in CHANGES.values()]
            levels = [np.clip(np.rint(255 * seen), 0, 255).astype(np.uint8) for seen in changed]
            plain, *others = torch.from_numpy(colorizer.predict_chroma([square, *levels]))
            found["chroma"].append(255 * plain[inner].abs().mean().item())
            for (name, (_, by)), other in zip(CHANGES.items(), others, strict=True):
                back = shifted(other[None], -by // stride, -by // stride)[0]
                found[name].append(255 * (back[inner] - plain[inner]).abs().mean().item())
        means = Bootstrap({name: np.array(values) for name, values in found.items()})
        cells = []
        for name in found:
            figure = estimate(means.mean(name))
            assert figure is not None and figure.margin is not None
            cells.append(f"{figure.value:.2f} ± {figure.margin:.2f}")
        print(f"{mode:10}{cells[0]:>12}" + "".join(f"{cell:>16}" for cell in cells[1:]), flush=True)


if __name__ == "__main__":
    main()
