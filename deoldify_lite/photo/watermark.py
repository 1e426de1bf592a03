"""A small painter's palette in the lower left corner: a visible mark of a picture that was coloured later."""

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

# Of the picture's shorter side, and in pixels at least.
_SHARE, _LEAST_PX = 0.05, 16
_OPACITY = 0.85
_SIDE = 128  # px at which it is drawn before it is shrunk, unless more are needed
_WOOD, _RIM = (214, 182, 140), (88, 66, 44)
_PAINTS = ((208, 48, 44), (240, 180, 40), (52, 148, 72), (44, 92, 188))


def add_watermark(picture: NDArray[Any]) -> None:
    """Draw the mark into (H, W, 3) uint8 or uint16; a picture too small for it is left alone."""
    height, width = picture.shape[:2]
    side = max(_LEAST_PX, round(_SHARE * min(height, width)))
    margin = side // 3
    if side + 2 * margin > min(height, width):
        return
    palette = draw_palette(side)
    full = np.iinfo(picture.dtype).max
    place = picture[height - margin - side : height - margin, margin : margin + side]
    opacity = palette[..., 3:] * _OPACITY
    place[...] = np.round(place * (1 - opacity) + palette[..., :3] * opacity * full)


def draw_palette(side: int) -> NDArray[np.float32]:
    """The palette as (side, side, 4) RGBA in [0, 1], not premultiplied."""
    size = max(_SIDE, side)
    rgb = np.full((size, size, 3), _RIM, np.uint8)
    shape = np.zeros((size, size), np.uint8)

    def point(x: float, y: float) -> tuple[int, int]:
        return round(x * size), round(y * size)

    center, axes = point(0.5, 0.5), point(0.48, 0.38)
    inner = point(0.445, 0.345)
    cv2.ellipse(shape, center, axes, -20, 0, 360, 255, -1)
    cv2.ellipse(rgb, center, inner, -20, 0, 360, _WOOD, -1)
    radius = round(0.085 * size)
    for paint, (x, y) in zip(_PAINTS, ((0.26, 0.6), (0.33, 0.36), (0.56, 0.27), (0.77, 0.36)), strict=True):
        cv2.circle(rgb, point(x, y), radius, paint, -1)
    hole = point(0.6, 0.66)
    cv2.circle(rgb, hole, round(0.11 * size), _RIM, -1)
    cv2.circle(shape, hole, round(0.085 * size), 0, -1)
    rgba = np.dstack([rgb, shape]).astype(np.float32) / np.float32(255)
    return np.asarray(cv2.resize(rgba, (side, side), interpolation=cv2.INTER_AREA), np.float32)
