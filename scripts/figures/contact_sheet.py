#!/usr/bin/env python3
"""Contact sheets of the validation photos of a training set: a row of grey, of each mode, and of the truth.

    scripts/figures/contact_sheet.py ../shared/data /tmp/sheets

writes sheet-000.png and so on, and prints their names. The photos are not ours to publish: give a folder
outside the repository. `--every 8` takes every eighth validation photo, `--weights FILE` other weights.
"""

import argparse
import logging
import sys
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from deoldify_lite.api import load_colorizer
from deoldify_lite.errors import DeoldifyError, InputError
from deoldify_lite.evaluation.photos.measure import grey_picture, tensor_of
from deoldify_lite.render.modes import MODES, PRECISIONS
from deoldify_lite.training.data import PhotoSet, open_photos

log = logging.getLogger("deoldify_lite")

GAP_PX, LABEL_PX = 4, 16
Picture = NDArray[np.uint8]  # (H, W, 3)


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path, help="training set: folder of tar shards, or of photos")
    parser.add_argument("out", type=Path, help="folder for the sheets, outside the repository")
    parser.add_argument("--photos", type=int, default=8, metavar="N", help="on a sheet (default: 8)")
    parser.add_argument("--every", type=int, default=1, help="use only every so many-th validation photo")
    parser.add_argument("--height", type=int, default=192, metavar="PX", help="of a photo (default: 192)")
    parser.add_argument("--modes", nargs="+", choices=list(MODES), default=list(MODES))
    parser.add_argument("--weights", default="lite", help="lite, deoldify or a file (default: lite)")
    parser.add_argument("--device", choices=["auto", "cpu", "cuda", "mps"], default="auto")
    parser.add_argument("--precision", choices=PRECISIONS, default="auto")
    return parser


def fitted(picture: Picture, height: int) -> Picture:
    """The picture at another height, never more than twice as wide as that."""
    width = min(round(picture.shape[1] * height / picture.shape[0]), 2 * height)
    shrinking = height < picture.shape[0]
    method = cv2.INTER_AREA if shrinking else cv2.INTER_CUBIC
    return cv2.resize(picture, (max(width, 1), height), interpolation=method).astype(np.uint8, copy=False)


def sheet(rows: dict[str, list[Picture]]) -> Picture:
    """Rows of pictures, the name of each row above it."""
    width = max(sum(p.shape[1] + GAP_PX for p in pictures) for pictures in rows.values())
    bands = []
    for name, pictures in rows.items():
        label = np.full((LABEL_PX, width, 3), 255, np.uint8)
        cv2.putText(label, name, (2, LABEL_PX - 4), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (0, 0, 0), 1, cv2.LINE_AA)
        band = np.full((pictures[0].shape[0] + GAP_PX, width, 3), 255, np.uint8)
        left = 0
        for picture in pictures:
            band[: picture.shape[0], left : left + picture.shape[1]] = picture
            left += picture.shape[1] + GAP_PX
        bands += [label, band]
    return np.concatenate(bands)


def read(photos: PhotoSet, numbers: range) -> list[Picture]:
    found = []
    for number in numbers:
        try:
            found.append(photos.read(number))
        except InputError as error:
            log.warning("%s", error)
    return found


def main() -> int:
    args = build_parser().parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s")
    try:
        colorizers = {
            mode: load_colorizer(mode, weights=args.weights, device=args.device, precision=args.precision)
            for mode in args.modes
        }
        _, photos = open_photos(args.data, validation_every=50)
    except DeoldifyError as error:
        log.error("%s", error)
        return 1
    args.out.mkdir(parents=True, exist_ok=True)
    numbers = range(0, len(photos), args.every)
    for i in range(0, len(numbers), args.photos):
        truths = read(photos, numbers[i : i + args.photos])
        if not truths:
            continue
        greys = [grey_picture(tensor_of(p)) for p in truths]
        rows = {"grey": greys}
        rows |= {mode: [colorizer.colorize(grey) for grey in greys] for mode, colorizer in colorizers.items()}
        rows["truth"] = truths
        path = args.out / f"sheet-{i // args.photos:03}.png"
        small = {name: [fitted(picture, args.height) for picture in row] for name, row in rows.items()}
        Image.fromarray(sheet(small)).save(path)
        print(path, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
