#!/usr/bin/env python3
"""Measure whether the network helps faded colour film: frames are faded, mended in several ways, compared.

    scripts/measure/refresh.py DAVIS/JPEGImages/480p/* [--frames 4]

Fading: a pixel's light becomes densities, these the amounts of three dyes with unwanted absorptions, and each
dye loses a share. In prints of Eastmancolor cyan goes first, then yellow, and magenta lasts (H. Wilhelm and
C. Brower, "The Permanence and Care of Color Photographs", 1993); the shares below are round numbers in that
order, from slight to severe, and no measurements of a film. Rows are ways, columns PSNR in dB and CF:

    faded     as it is
    stretch   each channel stretched from its 0.5th to its 99.5th percentile, by all frames of a film
    balance   each channel's density multiplied, to have the same mean over all frames; then stretched, too
    network   the luma of `stretch` or `balance`, whichever is better there, with the network's chroma
    guided    the chroma of that, and what the network's differs at large, which is blurred by an eighth of
              the width; by half, and as a whole
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from deoldify_lite.api import load_colorizer
from deoldify_lite.color.arrays import Plane, grow
from deoldify_lite.color.metrics import colorfulness, psnr
from deoldify_lite.render.colorizer import Colorizer

Rgb = NDArray[np.float32]  # (H, W, 3) in [0, 1]

GAMMA = 2.2
# What cyan, magenta and yellow take from red, green and blue.
DYES = np.array([[1, 0.1, 0.02], [0.15, 1, 0.08], [0.05, 0.2, 1]])
LOSSES = {"slight": (0.3, 0.05, 0.15), "strong": (0.6, 0.1, 0.35), "severe": (0.85, 0.2, 0.6)}
MEASURED_PX = 432  # width at which frames are compared
DARKEST = 10**-2.5  # light that is left where a film is black


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("films", nargs="+", type=Path, help="folders of the frames of films in colour")
    parser.add_argument("--frames", type=int, default=4, help="of each film (default: 4)")
    args = parser.parse_args()
    colorizer = load_colorizer("video")
    for name, losses in LOSSES.items():
        found: dict[str, list[tuple[float, float]]] = {}
        for film in args.films:
            paths = sorted(film.glob("*.jpg"))
            places = np.linspace(0, len(paths) - 1, args.frames).round().astype(int)
            truth = [read(paths[place]) for place in places]
            for way, pictures in mended([faded(one, losses) for one in truth], truth, colorizer).items():
                found.setdefault(way, []).append(compared(pictures, truth))
        print(f"{name}: cyan, magenta, yellow lose {losses}; {len(args.films)} films of {args.frames} frames")
        plain = found["best plain"]
        for way, values in found.items():
            decibel, color = np.mean(values, axis=0)
            better = sum(one[0] > other[0] for one, other in zip(values, plain, strict=True))
            print(f"  {way:12} {decibel:6.2f} dB  CF {color:5.1f}  above the best plain in {better} films")
        print(flush=True)


def read(path: Path) -> Rgb:
    picture = cv2.imread(str(path))
    size = MEASURED_PX, round(picture.shape[0] * MEASURED_PX / picture.shape[1])
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return small[..., ::-1].astype(np.float32) / np.float32(255)


def faded(rgb: Rgb, losses: Sequence[float]) -> Rgb:
    density = -np.log10(np.maximum(rgb**GAMMA, DARKEST))
    dyes = density @ np.linalg.inv(DYES).T
    left = (dyes * (1 - np.array(losses))) @ DYES.T
    return whole(10 ** (-left / GAMMA))


def whole(rgb: Rgb) -> Rgb:
    return (np.rint(np.clip(rgb, 0, 1) * 255) / 255).astype(np.float32)


def stretched(pictures: Sequence[Rgb]) -> list[Rgb]:
    low, high = np.percentile(np.stack(pictures), (0.5, 99.5), axis=(0, 1, 2))
    return [whole((one - low) / np.maximum(high - low, 1e-3)) for one in pictures]


def balanced(pictures: Sequence[Rgb]) -> list[Rgb]:
    densities = [-np.log10(np.maximum(one**GAMMA, DARKEST)) for one in pictures]
    means = np.mean(densities, axis=(0, 1, 2))
    return stretched([(10 ** (-one * means.max() / means)) ** (1 / GAMMA) for one in densities])


def mended(pictures: list[Rgb], truth: list[Rgb], colorizer: Colorizer) -> dict[str, list[Rgb]]:
    found = {"faded": pictures, "stretch": stretched(pictures), "balance": balanced(pictures)}
    best = max((found["stretch"], found["balance"]), key=lambda way: compared(way, truth)[0])
    found["best plain"] = best
    for name in ("network", "guided half", "guided"):
        found[name] = []
    for rgb in best:
        ycc = cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb)  # BT.601
        luma, own = ycc[..., 0], ycc[..., :0:-1] - np.float32(0.5)
        picture = np.rint(np.repeat(luma[..., None], 3, 2) * 255).astype(np.uint8)
        chroma = colorizer.predict_chroma([colorizer.prepare(picture)])[0]
        given = np.dstack([grow(plane, luma.shape) for plane in chroma])
        apart = cv2.GaussianBlur(given - own, (0, 0), rgb.shape[1] / 8)
        for name, mixed in (("network", given), ("guided half", own + apart / 2), ("guided", own + apart)):
            found[name].append(joined(luma, mixed))
    return found


def joined(luma: Plane, chroma: NDArray[np.float32]) -> Rgb:
    ycc = np.dstack([luma, chroma[..., 1] + np.float32(0.5), chroma[..., 0] + np.float32(0.5)])
    return whole(cv2.cvtColor(ycc.astype(np.float32), cv2.COLOR_YCrCb2RGB))


def compared(pictures: list[Rgb], truth: list[Rgb]) -> tuple[float, float]:
    one, other = (torch.from_numpy(np.stack(each).transpose(0, 3, 1, 2).copy()) for each in (pictures, truth))
    return float(psnr(one, other).mean()), float(colorfulness(one).mean())


if __name__ == "__main__":
    main()
