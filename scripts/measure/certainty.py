#!/usr/bin/env python3
"""Measure what tells, without the truth, on which photos a network errs: rank correlation with its error.

    scripts/measure/certainty.py ../shared/data --every 3

Each validation photo is turned grey and colorized. Its true error is the mean distance in a, b of CIE Lab to
the truth, as of `deoldify-lite evaluate`. Beside it stand what could be known without the truth, each with
Spearman's rank correlation with the error over the photos and its 95 % bootstrap interval; the error of the
tenth of the photos that it doubts most, as a factor on the mean error; and the rank correlation with the PSNR
that colouring has cost beside leaving the photo grey. The report of `colorize-folder` uses "mirrored and
other mode", or "mirrored" where there is no other network: see deoldify_lite/render/certainty.py.
"""

import argparse
import logging
import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from tqdm import tqdm

from deoldify_lite.api import load_colorizer
from deoldify_lite.color.arrays import Square
from deoldify_lite.color.metrics import lab_error, psnr
from deoldify_lite.errors import DeoldifyError, InputError
from deoldify_lite.evaluation.photos.measure import grey_picture, tensor_of
from deoldify_lite.render.certainty import SECOND_OPINIONS, colors_on, doubts_on, spread_of
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.render.modes import MODES, PRECISIONS
from deoldify_lite.training.data import PhotoSet, open_photos

log = logging.getLogger("deoldify_lite")

RESAMPLES, SEED = 2000, 0


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="training set: folder of tar shards, or of photos")
    parser.add_argument("--mode", choices=list(MODES), default="artistic", help="default: artistic")
    parser.add_argument("--second", choices=list(MODES), help="the other mode (default: as in the report)")
    parser.add_argument("--weights", default="lite", help="lite, deoldify or a file (default: lite)")
    parser.add_argument("--render-factor", type=int, help="default: that of the mode")
    parser.add_argument("--every", type=int, default=1, help="use only every so many-th validation photo")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda", "mps"], default="auto")
    parser.add_argument("--precision", choices=PRECISIONS, default="auto")
    return parser


def figures_of(colorizer: Colorizer, second: Colorizer, grey: NDArray[np.uint8]) -> dict[str, float]:
    """All that might tell, of one grey photo (H, W, 3)."""
    square = colorizer.prepare(grey)
    own = chroma_of(colorizer, square)

    def unlike(*others: NDArray[np.float32]) -> float:
        fitting = [np.stack([cv2.resize(p, own.shape[:0:-1]) for p in other]) for other in others]
        return spread_of([colors_on(square, chroma) for chroma in (own, *fitting)])

    smaller, larger = (
        chroma_of(other, other.prepare(grey))
        for other in (colorizer.with_render_factor(factor) for factor in neighbours(colorizer.render_factor))
    )
    upside_down = chroma_of(colorizer, np.ascontiguousarray(square[::-1]))[:, ::-1]
    blurred = cv2.GaussianBlur(square, (0, 0), 1.5)
    colors = colors_on(square, own)
    return {
        "mirrored and other mode": doubts_on(colorizer, [square], second=second)[0],
        "mirrored": doubts_on(colorizer, [square])[0],
        "other mode": unlike(chroma_of(second, square)),
        "render factors": unlike(smaller, larger),
        "upside down": unlike(upside_down),
        "blurred": unlike(chroma_of(colorizer, blurred)),
        "much colour": float(np.linalg.norm(colors, axis=-1).mean()),
        "little colour": -float(np.linalg.norm(colors, axis=-1).mean()),
        "little contrast": -float(square.std()),
    }


def neighbours(render_factor: int) -> tuple[int, int]:
    """A render factor a quarter below and one a third above."""
    return round(0.75 * render_factor), round(render_factor / 0.75)


def chroma_of(colorizer: Colorizer, square: Square) -> NDArray[np.float32]:
    """The chroma of one square (2, h, w), not aligned with its edges."""
    return colorizer.network_chroma([square])[0] * np.float32(colorizer.saturation)


def measure(
    colorizer: Colorizer, second: Colorizer, photos: PhotoSet, every: int
) -> tuple[dict[str, NDArray[np.float64]], NDArray[np.float64], NDArray[np.float64]]:
    """Each figure, the error in Lab, and the PSNR that colour has cost, in dB, of each photo."""
    rows, errors, losses = [], [], []
    for number in tqdm(range(0, len(photos), every), unit="photo"):
        try:
            truth = photos.read(number)
        except InputError as error:
            log.warning("%s", error)
            continue
        true = tensor_of(truth)
        grey = grey_picture(true)
        result = tensor_of(colorizer.colorize(grey))
        rows.append(figures_of(colorizer, second, grey))
        errors.append(lab_error(result, true).item())
        losses.append((psnr(tensor_of(grey), true) - psnr(result, true)).item())
    return (
        {name: np.array([row[name] for row in rows]) for name in rows[0]},
        np.array(errors),
        np.array(losses),
    )


def rank_correlation(x: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    """Spearman's: the correlation of ranks; 1 if both have one order."""
    ranks = [np.argsort(np.argsort(values, kind="stable"), kind="stable") for values in (x, y)]
    return float(np.corrcoef(ranks)[0, 1])


def interval(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float]:
    """95 % of the rank correlation by the bootstrap over photos."""
    rng = np.random.default_rng(SEED)
    drawn = rng.integers(0, len(x), (RESAMPLES, len(x)))
    low, high = np.percentile([rank_correlation(x[row], y[row]) for row in drawn], [2.5, 97.5])
    return float(low), float(high)


def main() -> int:
    args = build_parser().parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    try:
        colorizer, second = (
            load_colorizer(
                mode,
                weights=args.weights,
                render_factor=args.render_factor,
                device=args.device,
                precision=args.precision,
            )
            for mode in (args.mode, args.second or SECOND_OPINIONS[args.mode])
        )
        _, photos = open_photos(args.data, validation_every=50)
        figures, errors, losses = measure(colorizer, second, photos, args.every)
    except DeoldifyError as error:
        log.error("%s", error)
        return 1
    print(f"{len(errors)} photos, {args.mode}, mean error {errors.mean():.2f}")
    print(f"{'':24} {'rank correlation':>22}  {'most doubted 10 %':>17}  {'with PSNR loss':>14}")
    for name, values in figures.items():
        low, high = interval(values, errors)
        worst = np.argsort(-values)[: max(1, len(values) // 10)]
        figure = f"{rank_correlation(values, errors):.2f} ({low:.2f} to {high:.2f})"
        factor = errors[worst].mean() / errors.mean()
        print(f"{name:24} {figure:>22}  {factor:>16.2f}x  {rank_correlation(values, losses):>14.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
