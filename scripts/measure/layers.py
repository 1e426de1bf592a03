"""Measure what blend modes of editors make of a photo's colour as a layer, beside our result.

    python -m scripts.measure.layers PHOTOS [--saturation 1]

Each photo is made grey and colorized; its layer is laid over the grey by the published arithmetic of each
mode: `color` of the W3C (Photoshop's, and cairo's HSL colour), GIMP's `grain merge`, LCh colour and HSL
colour. PSNR is that of RGB, 8 bits full scale; the trip back by `lay_over` is given in levels of 8 bits.
"""

import argparse
import statistics
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import fit_size, resize
from deoldify_lite.color.layer import color_layer, lay_over
from deoldify_lite.photo.kinds import PHOTO_SUFFIXES
from deoldify_lite.photo.thumbnail import look_of, read_small
from deoldify_lite.render.rendering import load_colorizer

Unit = NDArray[np.float32]  # (H, W, 3) in [0, 1]


def w3c_color(below: Unit, layer: Unit) -> Unit:
    """Compositing and Blending Level 1, section 9.2: the layer with the luma of what is below it."""
    weights = np.array([0.3, 0.59, 0.11], np.float32)
    result = layer + ((below - layer) @ weights)[..., None]
    luma = (result @ weights)[..., None]
    lowest, highest = result.min(-1, keepdims=True), result.max(-1, keepdims=True)
    tiny = np.float32(1e-9)
    result = np.where(lowest < 0, luma + (result - luma) * luma / np.maximum(luma - lowest, tiny), result)
    share = (1 - luma) / np.maximum(highest - luma, tiny)
    return np.asarray(np.where(highest > 1, luma + (result - luma) * share, result), np.float32)


def grain_merge(below: Unit, layer: Unit) -> Unit:
    """GIMP's: the sum, less middle grey."""
    return np.asarray(np.clip(below + layer - np.float32(0.5), 0, 1), np.float32)


def lch_color(below: Unit, layer: Unit) -> Unit:
    """Lightness of CIE Lab from below, the rest from the layer."""
    lab = cv2.cvtColor(layer, cv2.COLOR_RGB2Lab)
    lab[..., 0] = cv2.cvtColor(below, cv2.COLOR_RGB2Lab)[..., 0]
    return np.asarray(np.clip(cv2.cvtColor(lab, cv2.COLOR_Lab2RGB), 0, 1), np.float32)


def hsl_color(below: Unit, layer: Unit) -> Unit:
    """Lightness of HSL from below, the rest from the layer."""
    hls = cv2.cvtColor(layer, cv2.COLOR_RGB2HLS)
    hls[..., 1] = cv2.cvtColor(below, cv2.COLOR_RGB2HLS)[..., 1]
    return np.asarray(np.clip(cv2.cvtColor(hls, cv2.COLOR_HLS2RGB), 0, 1), np.float32)


MODES = {
    "color (W3C)": w3c_color,
    "grain merge": grain_merge,
    "LCh color": lch_color,
    "HSL color": hsl_color,
}


def main() -> None:
    """Measure, and print the means."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("photos", type=Path, help="a folder of photos")
    parser.add_argument("--saturation", type=float, default=1.0, help="of the result (default: 1)")
    args = parser.parse_args()
    colorizer = load_colorizer("artistic", saturation=args.saturation)
    found: dict[str, list[float]] = {name: [] for name in MODES}
    back = 0
    for path in sorted(path for path in args.photos.rglob("*") if path.suffix.lower() in PHOTO_SUFFIXES):
        photo = read_small(path, 1024)
        picture = look_of(photo, photo.rgb)
        picture = resize(picture, fit_size(picture.shape, 1024))
        grey = np.repeat(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
        result = colorizer.colorize(grey)
        layer = color_layer(colorizer.colorize(grey.astype(np.uint16) * 257))
        back = max(back, int(np.abs(lay_over(grey, layer).astype(int) - result).max()))
        below, above = (np.asarray(one / top, np.float32) for one, top in ((grey, 255), (layer, 65_535)))
        for name, mode in MODES.items():
            error = np.mean(np.square(mode(below, above) - result / np.float32(255)))
            found[name].append(float(-10 * np.log10(max(float(error), 1e-12))))
    for name, values in found.items():
        print(f"{name}: mean {statistics.mean(values):.1f} dB, least {min(values):.1f}, {len(values)} photos")
    print(f"given back: at most {back} levels of 8 bits")


if __name__ == "__main__":
    main()
