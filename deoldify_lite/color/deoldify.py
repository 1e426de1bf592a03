"""The original DeOldify's arithmetic on 8-bit photos, so that its weights give its very pictures.

    grey square = model_input(photo)  ->  network  ->  quantize_square  ->  transplant_luma(photo, square)

Elsewhere this program keeps luma in floating point and at any depth; here every rounding is the original's.
"""

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from deoldify_lite.color.arrays import Picture, Square

Rgb = NDArray[np.uint8]  # (H, W, 3), 8 bits

# Photos of more pixels are worked on in strips of rows, in less memory; a rounding may fall otherwise then.
_WHOLE_PIXELS, _STRIP_ROWS = 64_000_000, 1024


def model_input(photo: Picture, render_size: int) -> Square:
    """The grey square that the network sees.

    Args:
        photo: (H, W, 3) RGB, uint8 or uint16, of which the upper 8 bits count.
        render_size: side S of the square, to which the photo is squeezed.

    Returns:
        (S, S) luma; over 255 it is what `Unet.predict_rgb` takes.
    """
    if photo.shape[0] * photo.shape[1] > _WHOLE_PIXELS:
        strips = (photo[start : start + _STRIP_ROWS] for start in range(0, len(photo), _STRIP_ROWS))
        photo = np.concatenate([_squeezed(strip, (render_size, len(strip))) for strip in strips])
    return np.asarray(Image.fromarray(_squeezed(photo, (render_size, render_size))).convert("L"))


def _squeezed(photo: Picture, size: tuple[int, int]) -> Rgb:
    if photo.dtype == np.uint16:
        photo = (photo >> 8).astype(np.uint8)
    return np.asarray(Image.fromarray(photo).resize(size, Image.Resampling.BILINEAR))


def quantize_square(rgb: NDArray[np.float32]) -> Rgb:
    """(S, S, 3) RGB in [0, 1] -> 8-bit, cut off and not rounded."""
    return (np.clip(rgb, 0, 1) * np.float32(255)).astype(np.uint8)


def transplant_luma(photo: Rgb, square: Rgb, *, in_place: bool = False) -> Rgb:
    """Stretch the colour square to the photo's size, and give it the photo's own luma.

    Args:
        photo: (H, W, 3) RGB, as it was opened.
        square: (S, S, 3) RGB from `quantize_square`.
        in_place: write the result over the photo.

    Returns:
        (H, W, 3) RGB.
    """
    height, width = photo.shape[:2]
    result = photo if in_place else np.empty_like(photo)
    image = Image.fromarray(square)
    step = height if height * width <= _WHOLE_PIXELS else _STRIP_ROWS
    for start in range(0, height, step):
        strip = slice(start, min(start + step, height))
        box = (0, start * len(square) / height, len(square), strip.stop * len(square) / height)
        size = (width, strip.stop - start)
        color = np.asarray(image.resize(size, Image.Resampling.BILINEAR, box=box))
        yuv = cv2.cvtColor(color, cv2.COLOR_RGB2YUV)
        yuv[..., 0] = cv2.cvtColor(photo[strip], cv2.COLOR_RGB2YUV)[..., 0]
        result[strip] = cv2.cvtColor(yuv, cv2.COLOR_YUV2RGB)
    return result
