"""Arithmetic on a picture's samples, strip by strip, so that temporary arrays stay small.

A picture of 20,000 x 20,000 pixels takes 1.2 GB in 8 bits; a temporary of float32 would take four times that.
"""

from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

Samples = NDArray[Any]  # (H, W, C) uint8 or uint16; C = 1 grey, 2 grey + alpha, 3 RGB, 4 RGBA

STRIP_PIXELS = 1_000_000
QUARTER_TURNS = (5, 6, 7, 8)  # EXIF orientations that swap width and height


def strips_of(height: int, width: int) -> Iterator[slice]:
    """Yield the rows of a picture, about a million pixels at a time."""
    rows = max(1, STRIP_PIXELS // max(1, width))
    for top in range(0, height, rows):
        yield slice(top, min(top + rows, height))


def samples_of_image(image: Image.Image, mode: str) -> Samples:
    """Return a loaded Pillow image as (H, W, C) samples of a mode, in a writable array.

    Twice as fast as `np.asarray(image)`, and in half the memory.
    """
    channels = Image.getmodebands(mode)
    deep = mode.startswith("I;16")
    result = np.empty((image.height, image.width, channels), np.uint16 if deep else np.uint8)
    for strip in strips_of(image.height, image.width):
        part = image.crop((0, strip.start, image.width, strip.stop))
        if part.mode != mode:
            part = part.convert(mode)
        result[strip] = np.asarray(part).reshape(-1, image.width, channels)
    return result


def decode_with_opencv(data: bytes | bytearray) -> Samples | None:
    """Decode a picture of 16 bits, in RGB order; None if OpenCV cannot or if it has other bits."""
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16:
        return None
    if pixels.ndim == 2 or pixels.shape[2] < 3:
        return pixels
    code = cv2.COLOR_BGRA2RGBA if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGB
    for rows in np.array_split(pixels, max(1, pixels.size // 4_000_000)):
        rows[...] = cv2.cvtColor(rows, code)
    return pixels


def rgb_of_grey(grey: Samples) -> Samples:
    """(H, W, 1 or more) samples, of which the first is grey -> (H, W, 3)."""
    plane = np.ascontiguousarray(grey[..., 0])
    return np.asarray(cv2.cvtColor(plane, cv2.COLOR_GRAY2RGB)).reshape(*plane.shape, 3)


def turn_upright(samples: Samples, orientation: int) -> Samples:
    """Undo an EXIF orientation: 2-4 mirror or turn by 180 degrees, 5-8 also swap width and height."""
    if orientation in QUARTER_TURNS:
        height, width, channels = samples.shape
        # several times as fast as copying NumPy's transposed view
        samples = cv2.transpose(np.ascontiguousarray(samples)).reshape(width, height, channels)
    if orientation in (2, 3, 6, 7):
        samples = samples[:, ::-1]
    if orientation in (3, 4, 7, 8):
        samples = samples[::-1]
    return samples


def to_depth(samples: Samples, dtype: Any) -> Samples:
    """Convert between uint8 and uint16 samples, rounded; 255 and 65535 are both full."""
    if samples.dtype == dtype:
        return samples
    result = np.empty(samples.shape, dtype)
    for strip in strips_of(samples.shape[0], samples.shape[1]):
        if dtype == np.uint16:
            np.multiply(samples[strip], np.uint16(257), out=result[strip], casting="unsafe")
        else:
            # v / 257 rounded, without the slow division: equal for all 65536 values
            wide = samples[strip].astype(np.uint32)
            wide *= np.uint32(255)
            wide += np.uint32(32895)
            wide >>= np.uint32(16)
            result[strip] = wide
    return result


def stretched(samples: Samples, most: int) -> Samples:
    """Multiply uint16 samples, rounded, so that `most` becomes 65535; larger ones count as `most`."""
    table = np.round(np.minimum(np.arange(65_536), most) * (65_535 / most)).astype(np.uint16)
    result = np.empty_like(samples)
    for strip in strips_of(*samples.shape[:2]):
        result[strip] = table[samples[strip]]
    return result


def with_alpha_of_key(samples: Samples, transparent: object) -> Samples:
    """Add an alpha channel to uint16 samples: 0 where a pixel equals `transparent`."""
    height, width, channels = samples.shape
    result = np.empty((height, width, channels + 1), np.uint16)
    result[..., :channels] = samples
    key = np.asarray(transparent, samples.dtype)
    for strip in strips_of(height, width):
        result[strip, :, channels] = (samples[strip] != key).any(axis=2) * np.uint16(65535)
    return result


def with_alpha(rgb: Samples, alpha: Samples | None) -> Samples:
    """Add alpha (H, W) of any depth to (H, W, 3) samples as the fourth channel; None adds nothing."""
    return rgb if alpha is None else np.dstack([rgb, to_depth(alpha, rgb.dtype)])


def without_premultiplying(color: Samples, alpha: Samples) -> Samples:
    """Divide colours (H, W, C) by the alpha (H, W, 1) of the same depth that they were multiplied by."""
    full = np.iinfo(color.dtype).max
    result = np.empty_like(color)
    for strip in strips_of(*color.shape[:2]):
        factor = float(full) / np.maximum(alpha[strip], 1)
        result[strip] = np.round(color[strip] * factor).clip(0, full)
    return result


def on_white(rgb: Samples, alpha: Samples) -> Samples:
    """Lay (H, W, 3) samples on white by their alpha (H, W) of the same depth."""
    full = np.iinfo(rgb.dtype).max
    result = np.empty_like(rgb)
    for strip in strips_of(*rgb.shape[:2]):
        share = alpha[strip, :, None].astype(np.float32) / np.float32(full)
        result[strip] = np.round(rgb[strip] * share + full * (1 - share))
    return result
