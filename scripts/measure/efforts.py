#!/usr/bin/env python3
"""Measure what `--effort` changes: time, size and error of luma of HEIC, AVIF and WebP results.

    scripts/measure/efforts.py photos-colorized

Each photo is written once for each kind and effort, at the kind's own quality, and read again. Seconds are of
wall time for each megapixel, writing alone; bits are for each pixel; PSNR is of BT.601 luma at 8 bits against
the photo, over all pixels of all photos. `times` has seconds and bits of `small` beside those of `fast`. Let
nothing else run meanwhile.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from deoldify_lite.color.arrays import Picture
from deoldify_lite.errors import DeoldifyError
from deoldify_lite.photo.io import read_photo, write_photo
from deoldify_lite.photo.kinds import AVIF, EFFORTS, HEIF, PHOTO_SUFFIXES, WEBP, Kind
from deoldify_lite.photo.photo import Photo
from deoldify_lite.photo.samples import to_depth

KINDS = (HEIF, AVIF, WEBP)
LUMA = np.array([0.299, 0.587, 0.114], np.float32)


def build_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("photos", type=Path, nargs="+", help="photos in colour, or folders of them")
    parser.add_argument("--most", type=int, default=20, help="photos of each folder (default: 20)")
    return parser


def main(argv: list[str] | None = None) -> int:
    args = build_parser().parse_args(argv)
    try:
        photos = [read_photo(path) for path in found(args.photos, args.most)]
        if not photos:
            print("no photo is there", file=sys.stderr)
            return 1
        print(f"{'kind':8}{'effort':8}{'s/Mpx':>9}{'bits/px':>9}{'PSNR':>8}   times")
        for kind in KINDS:
            if kind.can_write():
                report(kind, photos)
    except DeoldifyError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def found(paths: list[Path], most: int) -> list[Path]:
    """Return photos by name, and the first few of each folder."""
    result = []
    for path in paths:
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
        result += [one for one in inside if one.suffix.lower() in PHOTO_SUFFIXES][:most]
    return result


def report(kind: Kind, photos: list[Photo]) -> None:
    """Print a line for each effort of a kind."""
    first = None
    for effort in EFFORTS:
        seconds, bits, psnr = measure(kind, effort, photos)
        first = first or (seconds, bits)
        times = f"{seconds / first[0]:.1f} x time, {bits / first[1]:.2f} x size"
        print(f"{kind.label:8}{effort:8}{seconds:9.3f}{bits:9.2f}{psnr:8.1f}   {times}")


def measure(kind: Kind, effort: str, photos: list[Photo]) -> tuple[float, float, float]:
    """Return seconds for each megapixel, bits for each pixel, and the PSNR of luma."""
    seconds = size = pixels = squares = 0.0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"a{kind.suffixes[0]}")
        for photo in photos:
            began = time.perf_counter()
            write_photo(photo, path, effort=effort)
            seconds += time.perf_counter() - began
            size += path.stat().st_size
            error = luma_of(photo.rgb) - luma_of(read_photo(path).rgb)
            squares += float((error**2).sum(dtype=np.float64))
            pixels += error.size
    return seconds / pixels * 1e6, 8 * size / pixels, 10 * np.log10(255**2 * pixels / max(squares, 1e-9))


def luma_of(rgb: Picture) -> np.ndarray:
    """BT.601 luma of (H, W, 3) samples, in levels of 8 bits."""
    return to_depth(rgb, np.uint8) @ LUMA


if __name__ == "__main__":
    sys.exit(main())
