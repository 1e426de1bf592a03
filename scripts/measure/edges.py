#!/usr/bin/env python3
"""Measure how well colour keeps to its edges: guided chroma against bilinear, in Lab, beside the truth.

    scripts/measure/edges.py ../shared/data

Small chroma from two sources is brought to each photo's size: the truth's own, averaged down to grids like
the network's, which shows the upsampling alone; and the network's. Four ways each: bilinear; `align_chroma`,
then bilinear; `upsample_chroma` alone; and both, as `colorize-folder` does (see
deoldify_lite/color/guided.py).

The error of a pixel is the distance of its a, b of CIE Lab (sRGB, D65) to the truth's. Edge pixels lie within
--reach px, along rows and columns, of a strong edge of the truth's chroma: a step of more than 10 in a, b
over 2 px. Photos without such an edge count for the mean over all pixels alone. Differences are to bilinear,
paired by photo, with the 95 % bootstrap interval over photos; "worse" is the share of photos with a greater
error at edges. RMS is the chroma's, as a share of bilinear's: what is merely paler would show there.
"""

import argparse
import logging
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from tqdm import tqdm

from deoldify_lite.api import load_colorizer
from deoldify_lite.color.arrays import Chroma, Plane, shrink, shrink_planes
from deoldify_lite.color.guided import align_chroma, upsample_chroma
from deoldify_lite.color.metrics import lab_of
from deoldify_lite.color.tensors import chroma_of, luma_of, merge_luma_chroma, resize_chroma
from deoldify_lite.errors import DeoldifyError, InputError
from deoldify_lite.evaluation.bootstrap import Bootstrap, Draws, estimate
from deoldify_lite.evaluation.photos.measure import grey_picture, tensor_of
from deoldify_lite.render.modes import MODES, PRECISIONS
from deoldify_lite.training.data import Photo, PhotoSet, open_photos

log = logging.getLogger("deoldify_lite")

STEP_PX, STRONG = 2, 10.0  # an edge is strong if a, b change by more than this over so many pixels
WAYS = ("bilinear", "align", "upsample", "both")


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "truth", type=Path, help="folder of colour photos, or of tar shards (validation part)"
    )
    parser.add_argument("--weights", default="lite", help="lite or a file (default: lite)")
    parser.add_argument("--modes", nargs="+", choices=list(MODES), default=["artistic", "stable"])
    parser.add_argument(
        "--grids", nargs="+", type=int, default=[96, 48, 24], metavar="PX", help="of the truth"
    )
    parser.add_argument("--reach", type=int, default=4, metavar="PX", help="of an edge (default: 4)")
    parser.add_argument("--every", type=int, default=1, help="use only every so many-th photo")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda", "mps"], default="auto")
    parser.add_argument("--precision", choices=PRECISIONS, default="auto")
    return parser


def find_photos(folder: Path) -> PhotoSet:
    """All photos of a folder; of a training set in tar shards, those to validate with."""
    train, validation = open_photos(folder, validation_every=50)
    return validation if any(folder.glob("*.tar")) else PhotoSet(train.sources + validation.sources)


def read_photos(photos: PhotoSet, every: int, smallest_px: int) -> Iterator[Photo]:
    """Those that can be read and are no smaller than the network's grid."""
    for number in tqdm(range(0, len(photos), every), unit="photo"):
        try:
            photo = photos.read(number)
        except InputError as error:
            log.warning("%s", error)
            continue
        if min(photo.shape[:2]) < smallest_px:
            log.warning("%s: smaller than the grid of %d px; left out", photos.name(number), smallest_px)
            continue
        yield photo


def lab_chroma(rgb: Tensor) -> NDArray[np.float32]:
    """a, b of CIE Lab: (1, 3, H, W) sRGB in [0, 1] -> (H, W, 2)."""
    return lab_of(rgb)[0, 1:].permute(1, 2, 0).numpy()


def near_edges(lab: NDArray[np.float32], reach_px: int) -> NDArray[np.bool_]:
    """Which pixels are edge pixels: (H, W, 2) a, b of the truth -> (H, W)."""
    strong = np.zeros(lab.shape[:2], np.uint8)
    first, last = STEP_PX // 2, STEP_PX - STEP_PX // 2
    strong[:, first:-last] |= np.linalg.norm(lab[:, STEP_PX:] - lab[:, :-STEP_PX], axis=2) > STRONG
    strong[first:-last] |= np.linalg.norm(lab[STEP_PX:] - lab[:-STEP_PX], axis=2) > STRONG
    side = 2 * reach_px + 1
    return cv2.dilate(strong, np.ones((side, side), np.uint8)) > 0


def enlarge(chroma: Chroma, luma: Plane, way: str) -> Chroma:
    """Small chroma made larger in one of WAYS: (2, h, w), (H, W) -> (2, H, W), or (2, h, w) if bilinear."""
    if way in ("align", "both"):
        chroma = align_chroma(chroma, shrink(luma, chroma.shape[1:]))
    return upsample_chroma(chroma, luma) if way in ("upsample", "both") else chroma


def errors_of(chroma: Chroma, truth: Tensor, edges: NDArray[np.bool_]) -> list[dict[str, float]]:
    """Errors of each of WAYS on one photo."""
    luma, target = luma_of(truth), lab_chroma(truth)
    found = []
    for way in WAYS:
        small = torch.from_numpy(enlarge(chroma, luma[0, 0].numpy(), way))[None]
        full = resize_chroma(small, (luma.shape[2], luma.shape[3]))
        distance = np.linalg.norm(lab_chroma(merge_luma_chroma(luma, full)) - target, axis=2)
        near = float(distance[edges].mean()) if edges.any() else np.nan
        found.append({"all": float(distance.mean()), "edge": near, "rms": full.square().mean().sqrt().item()})
    return found


def row(source: str, way: str, figures: Bootstrap, worse: float) -> str:
    """One line of the table."""

    def mean(kind: str, of: str = way) -> Draws:
        return figures.mean((source, of, kind))

    cells = [f"{source:>14}{way:>10}"]
    for kind in ("all", "edge"):
        gain = estimate(mean(kind) - mean(kind, "bilinear"))
        cells.append(f"{mean(kind)[0]:>9.2f}")
        between = f"[{gain.low:+.3f}, {gain.high:+.3f}]" if gain and gain.low is not None else ""
        cells.append(f"{gain.value:>+9.3f} {between:>18}" if gain else f"{'-':>28}")
    return "".join(cells) + f"{worse:>7.0%}{mean('rms')[0] / mean('rms', 'bilinear')[0]:>7.2f}"


def main() -> int:
    args = build_parser().parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    try:
        colorizers = {
            mode: load_colorizer(mode, weights=args.weights, device=args.device, precision=args.precision)
            for mode in args.modes
        }
        photos = find_photos(args.truth)
    except DeoldifyError as error:
        log.error("%s", error)
        return 1
    smallest_px = max([*args.grids, *(side for c in colorizers.values() for side in c.chroma_size)])

    series: dict[tuple[str, str, str], list[float]] = {}
    for photo in read_photos(photos, args.every, smallest_px):
        truth = tensor_of(photo)
        edges = near_edges(lab_chroma(truth), args.reach)
        planes = chroma_of(truth)[0].numpy()
        small: dict[str, Chroma] = {
            f"truth {side}": shrink_planes(planes, (side, side)) for side in args.grids
        }
        grey = grey_picture(truth)
        for mode, colorizer in colorizers.items():
            plain = colorizer.network_chroma([colorizer.prepare(grey)])[0]
            small[mode] = np.float32(colorizer.saturation) * plain
        for source, chroma in small.items():
            for way, found in zip(WAYS, errors_of(chroma, truth, edges), strict=True):
                for kind, value in found.items():
                    series.setdefault((source, way, kind), []).append(value)
    if not series:
        log.error("%s: no photo could be measured", args.truth)
        return 1

    values = {key: np.array(column) for key, column in series.items()}
    figures = Bootstrap(values)
    with_edges = np.isfinite(next(v for (_, _, kind), v in values.items() if kind == "edge"))
    print(f"{len(with_edges)} photos, {with_edges.sum()} of them with strong edges; error in Lab a, b")
    titles = (
        f"{'source':>14}{'way':>10}{'all':>9}{'to bilinear':>28}{'edge':>9}{'to bilinear':>28}{'worse':>7}"
    )
    print(f"{titles}{'RMS':>7}")
    for source, way in dict.fromkeys((source, way) for source, way, _ in values):
        edge, base = values[source, way, "edge"][with_edges], values[source, "bilinear", "edge"][with_edges]
        print(row(source, way, figures, float((edge > base).mean()) if len(edge) else np.nan))
    return 0


if __name__ == "__main__":
    sys.exit(main())
