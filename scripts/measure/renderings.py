#!/usr/bin/env python3
"""Measure what could be gained at rendering, with the network as it is: PSNR gain over grey and share of CF.

    scripts/measure/renderings.py VALIDATION/photos --every 8
    scripts/measure/renderings.py DAVIS/JPEGImages/480p --mode video --every 14

The photos, or frames of films, are taken at 512 px on the shorter side at most and turned grey; each
rendering is compared with the truth. Differences of gain are to the first row, paired, with the 95 %
bootstrap interval; look at CF beside them, since paler colours alone gain PSNR. Cost is in pixels that the
network sees.
"""

import argparse
import logging
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from evaluate import shrunk
from numpy.typing import NDArray
from tqdm import tqdm

from deoldify_lite.api import load_colorizer
from deoldify_lite.color.arrays import Chroma, Picture, box_mean, resize, shrink_luma
from deoldify_lite.color.cast import temper_cast
from deoldify_lite.color.guided import align_to_square
from deoldify_lite.color.metrics import colorfulness, psnr
from deoldify_lite.errors import DeoldifyError, InputError
from deoldify_lite.evaluation.photos.measure import grey_picture, tensor_of
from deoldify_lite.photo.io import read_photo
from deoldify_lite.photo.kinds import PHOTO_SUFFIXES
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.render.modes import MODES, PRECISIONS
from deoldify_lite.system.files import find_media

log = logging.getLogger("deoldify_lite")

RESAMPLES, SEED = 2000, 0
SMALLER, LARGER = 0.75, 1.25  # render factors beside the mode's, as factors on it
LOW_PX = 12  # standard deviation, in pixels of chroma, below which detail is not "where"
# Where luma is flat, chroma is drawn towards a guided mean over windows of 2 * SMOOTH_RADIUS + 1 px.
SMOOTH_RADIUS, SMOOTH_EPSILON, FLAT = 12, 4e-3, 1e-3


class Seen:
    """What the network says to one picture, asked only once."""

    def __init__(self, colorizer: Colorizer, grey: Picture) -> None:
        self._colorizer, self._grey = colorizer, grey
        self.square = colorizer.prepare(grey)
        self._chroma: dict[tuple[float, bool], Chroma] = {}

    def chroma(self, scale: float = 1.0, *, mirrored: bool = False) -> Chroma:
        """At the mode's render factor times `scale`; of the mirror image, mirrored back."""
        key = (scale, mirrored)
        if key not in self._chroma:
            colorizer = self._colorizer.with_render_factor(round(scale * self._colorizer.render_factor))
            square = colorizer.prepare(self._grey)
            if mirrored:
                square = np.ascontiguousarray(square[:, ::-1])
            chroma = colorizer.network_chroma([square])[0]
            chroma = chroma[..., ::-1] if mirrored else chroma
            size = self._colorizer.chroma_size
            self._chroma[key] = np.stack([resize(np.ascontiguousarray(plane), size) for plane in chroma])
        return self._chroma[key]


def aligned(seen: Seen, *chromas: Chroma) -> Chroma:
    """Mean of some chromas, as rendered."""
    return temper_cast(align_to_square(np.mean(chromas, axis=0), seen.square))


def low_and_high(low: Chroma, high: Chroma) -> Chroma:
    """The coarse colours of one, and the detail of the other."""

    def blurred(chroma: Chroma) -> Chroma:
        return np.stack(
            [cv2.GaussianBlur(p, (0, 0), LOW_PX, borderType=cv2.BORDER_REPLICATE) for p in chroma]
        )

    return blurred(low) + high - blurred(high)


def smoothed(seen: Seen) -> Chroma:
    """Chroma drawn towards what is around it where luma is flat, against patches on walls and backdrops."""
    chroma = aligned(seen, seen.chroma())
    luma = shrink_luma(seen.square, chroma.shape[1:])
    mean = box_mean(luma, SMOOTH_RADIUS)
    variance = np.maximum(box_mean(luma * luma, SMOOTH_RADIUS) - mean * mean, 0)
    result = []
    for plane in chroma:
        plane_mean = box_mean(plane, SMOOTH_RADIUS)
        slope = (box_mean(luma * plane, SMOOTH_RADIUS) - mean * plane_mean) / (variance + SMOOTH_EPSILON)
        guided = box_mean(slope, SMOOTH_RADIUS) * luma + box_mean(plane_mean - slope * mean, SMOOTH_RADIUS)
        result.append(plane + (guided - plane) * FLAT / (FLAT + variance))
    return np.stack(result)


# name: (cost, rendering)
RENDERINGS: dict[str, tuple[float, Callable[[Seen], Chroma]]] = {
    "as it is": (1, lambda seen: aligned(seen, seen.chroma())),
    "the cast left": (1, lambda seen: align_to_square(seen.chroma(), seen.square)),
    "mean with the mirror image": (
        2,
        lambda seen: aligned(seen, seen.chroma(), seen.chroma(mirrored=True)),
    ),
    "mean with a smaller factor": (
        1 + SMALLER**2,
        lambda seen: aligned(seen, seen.chroma(), seen.chroma(SMALLER)),
    ),
    "mean with a larger factor": (
        1 + LARGER**2,
        lambda seen: aligned(seen, seen.chroma(), seen.chroma(LARGER)),
    ),
    "coarse of the smaller, fine of the larger": (
        SMALLER**2 + LARGER**2,
        lambda seen: aligned(seen, low_and_high(seen.chroma(SMALLER), seen.chroma(LARGER))),
    ),
    "mean of all three, and mirrored": (
        2 * (1 + SMALLER**2 + LARGER**2),
        lambda seen: aligned(
            seen, *(seen.chroma(s, mirrored=m) for s in (SMALLER, 1.0, LARGER) for m in (False, True))
        ),
    ),
    "smoothed where luma is flat": (1, smoothed),
}


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", type=Path, help="folder of photos or frames in colour")
    parser.add_argument("--mode", choices=list(MODES), default="stable", help="default: stable")
    parser.add_argument("--weights", default="lite", help="lite or a file (default: lite)")
    parser.add_argument("--every", type=int, default=1, help="use only every so many-th picture")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda", "mps"], default="auto")
    parser.add_argument("--precision", choices=PRECISIONS, default="auto")
    return parser


def measure(colorizer: Colorizer, paths: list[Path]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """PSNR gain over grey, and CF, of each picture in each rendering; of CF, the truth's is the first."""
    gains, colors = [], []
    for path in tqdm(paths, unit="picture"):
        try:
            truth = shrunk(read_photo(path).rgb)
        except InputError as error:
            log.warning("%s", error)
            continue
        true = tensor_of(truth)
        grey = grey_picture(true)
        seen, base = Seen(colorizer, grey), psnr(tensor_of(grey), true)
        results = [
            tensor_of(colorizer.finish(grey, render(seen) * np.float32(colorizer.saturation)))
            for _, render in RENDERINGS.values()
        ]
        gains.append([(psnr(result, true) - base).item() for result in results])
        colors.append([colorfulness(picture).item() for picture in (true, *results)])
    return np.array(gains), np.array(colors)


def main() -> int:
    args = build_parser().parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    try:
        colorizer = load_colorizer(
            args.mode, weights=args.weights, device=args.device, precision=args.precision
        )
        paths = sorted(find_media(args.pictures, PHOTO_SUFFIXES))[:: args.every]
        gains, colors = measure(colorizer, paths)
    except DeoldifyError as error:
        log.error("%s", error)
        return 1
    if not len(gains):
        log.error("%s: no photo could be measured", args.pictures)
        return 1
    rng = np.random.default_rng(SEED)
    drawn = rng.integers(0, len(gains), (RESAMPLES, len(gains)))
    print(f"{len(gains)} pictures, {args.mode}, render factor {colorizer.render_factor}")
    print(f"{'':42}{'cost':>6}{'gain, dB':>10}{'CF share':>10}{'difference, dB':>28}")
    for number, (name, (cost, _)) in enumerate(RENDERINGS.items()):
        difference = gains[:, number] - gains[:, 0]
        low, high = np.percentile(difference[drawn].mean(1), [2.5, 97.5])
        share = colors[:, number + 1].mean() / colors[:, 0].mean()
        text = f"{difference.mean():+.3f} [{low:+.3f}, {high:+.3f}]" if number else ""
        print(f"{name:42}{cost:>6.1f}{gains[:, number].mean():>+10.2f}{share:>10.2f}{text:>28}")
    return 0


if __name__ == "__main__":
    torch.set_grad_enabled(False)
    sys.exit(main())
