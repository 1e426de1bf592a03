"""Measure how near photos come to their true colours if another version of them gives these.

Each photo is made grey, and its colours are taken back from a version that was disturbed on purpose:

    python -m scripts.measure.colors_from PHOTOS [--most 40] [--size 1024]

`exact` is the photo itself; `half, shifted, relit` is half as large, moved by 3 % of its sides, and darker by
a gamma of 1.3 with a vignette; `redrawn` has, besides, a fifth of it replaced by another photo. `none` is the
network alone. PSNR is that of RGB of 8 bits, over all pixels.
"""

import argparse
import statistics
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import fit_size, resize
from deoldify_lite.photo.kinds import PHOTO_SUFFIXES
from deoldify_lite.photo.thumbnail import look_of, read_small
from deoldify_lite.render.given import color_picture, take_colors, with_given
from deoldify_lite.render.rendering import load_colorizer

Rgb = NDArray[np.uint8]


def shifted(picture: Rgb, share: float = 0.03) -> Rgb:
    """Move a picture to the right and down; what comes in at the edges repeats them."""
    height, width = picture.shape[:2]
    matrix = np.array([[1, 0, share * width], [0, 1, share * height]], np.float32)
    moved = cv2.warpAffine(picture, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(moved, np.uint8)


def relit(picture: Rgb, gamma: float = 1.3) -> Rgb:
    """Darken the tones between black and white, and the corners."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    light = (1 - 0.1 * (x * x + y * y))[..., None]
    return np.rint(255 * (picture / 255) ** gamma * light).astype(np.uint8)


def disturbed(picture: Rgb) -> Rgb:
    """Half as large, shifted, and in another light."""
    height, width = picture.shape[:2]
    return resize(relit(shifted(picture)), (height // 2, width // 2))


def redrawn(picture: Rgb, other: Rgb) -> Rgb:
    """The same, with a fifth of it replaced by another photo."""
    result = disturbed(picture).copy()
    height, width = (round(side * 0.45) for side in result.shape[:2])
    result[:height, :width] = resize(other, (height, width))
    return result


def psnr(result: Rgb, truth: Rgb) -> float:
    """Peak signal to noise ratio in dB."""
    error = np.mean(np.square(result.astype(np.float64) - truth))
    return float(10 * np.log10(255**2 / max(error, 1e-9)))


def main() -> None:
    """Measure, and print a line for each photo and the means."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("photos", type=Path, help="a folder of photos in colour")
    parser.add_argument(
        "--most", type=int, default=40, help="photos, evenly spread over the folder (default: 40)"
    )
    parser.add_argument("--size", type=int, default=1024, help="longer side in pixels (default: 1024)")
    args = parser.parse_args()
    paths = sorted(path for path in args.photos.rglob("*") if path.suffix.lower() in PHOTO_SUFFIXES)
    paths = paths[:: max(1, len(paths) // args.most)][: args.most]
    colorizer = load_colorizer("artistic")
    before: Rgb | None = None
    found: dict[str, list[float]] = {}
    for path in paths:
        photo = read_small(path, args.size)
        truth = look_of(photo, photo.rgb)
        truth = resize(truth, fit_size(truth.shape, args.size))
        grey = np.asarray(cv2.cvtColor(cv2.cvtColor(truth, cv2.COLOR_RGB2GRAY), cv2.COLOR_GRAY2RGB), np.uint8)
        square = colorizer.prepare(grey)
        prediction = colorizer.predict([square])[0]
        ways: dict[str, Callable[[], Rgb]] = {
            "exact": truth.copy,
            "half, shifted, relit": lambda truth=truth: disturbed(truth),
        }
        if before is not None:
            ways["redrawn"] = lambda truth=truth, other=before: redrawn(truth, other)
        line = [f"{psnr(colorizer.finish(grey, prediction), truth):5.1f}"]
        found.setdefault("none", []).append(float(line[0]))
        for name, make in ways.items():
            try:
                given = take_colors(grey, make())
            except Exception as error:
                line.append(f"{name}: {error}")
                continue
            result = color_picture(grey, with_given(prediction, square, given), given, colorizer)
            found.setdefault(name, []).append(psnr(result, truth))
            line.append(f"{name} {found[name][-1]:.1f} ({given.share:.2f})")
        print(f"{path.name:40.40}", "; ".join(line), flush=True)
        before = truth
    for name, values in found.items():
        print(f"{name}: mean {statistics.mean(values):.2f} dB, least {min(values):.2f}, {len(values)} photos")


if __name__ == "__main__":
    main()
