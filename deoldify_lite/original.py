"""The original DeOldify's arithmetic on 8-bit photos, so that its weights give its very pictures.

    grey square = model_input(photo)  ->  network  ->  quantize_square  ->  transplant_luma(photo, square)

Elsewhere this program keeps luma in floating point and at any depth; here every rounding is the original's.
"""

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

Picture = npt.NDArray[np.uint8]


def model_input(photo: Picture, render_size: int) -> Picture:
    """The grey square that the network sees.

    Args:
        photo: (H, W, 3) RGB.
        render_size: side S of the square, to which the photo is squeezed.

    Returns:
        (S, S) luma; over 255 it is what `Unet.predict_rgb` takes.
    """
    square = Image.fromarray(photo).resize((render_size, render_size), Image.Resampling.BILINEAR)
    return np.asarray(square.convert("L"))


def quantize_square(rgb: npt.NDArray[np.float32]) -> Picture:
    """(S, S, 3) RGB in [0, 1] -> 8-bit, cut off and not rounded."""
    return (np.clip(rgb, 0, 1) * np.float32(255)).astype(np.uint8)


def transplant_luma(photo: Picture, square: Picture) -> Picture:
    """Stretch the colour square to the photo's size, and give it the photo's own luma.

    Args:
        photo: (H, W, 3) RGB, as it was opened.
        square: (S, S, 3) RGB from `quantize_square`.

    Returns:
        (H, W, 3) RGB.
    """
    height, width = photo.shape[:2]
    colour = np.asarray(Image.fromarray(square).resize((width, height), Image.Resampling.BILINEAR))
    yuv = cv2.cvtColor(colour, cv2.COLOR_RGB2YUV)
    yuv[..., 0] = cv2.cvtColor(photo, cv2.COLOR_RGB2YUV)[..., 0]
    return np.asarray(cv2.cvtColor(yuv, cv2.COLOR_YUV2RGB), np.uint8)
