"""Borders that show nothing: what a shift, a turn or a canvas of another shape leaves around a picture."""

import cv2
import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import Plane, box_mean, resize

# Levels of 8 bits by which a border may vary, and its colour differ from grey.
_VARIES = 6
# The least share of a picture that is a border, and the share beside it that compression has touched.
_LEAST_SHARE, _BESIDE = 2e-3, 1 / 200
# The true picture shows the same there if eight tenths of its luma lie within the first, and its mean differs
# by less than the second. That holds for its dark parts, too, if a shift has moved their outlines.
# Means over so large a share of the longer side, each way, are compared.
_FLAT, _ALIKE, _SMOOTH = 0.15, 0.25, 1 / 100


def find_borders(rgb: NDArray[np.float32], luma: Plane) -> NDArray[np.bool_]:
    """Find even grey areas that reach from a corner of a picture, and are no part of what it shows.

    Args:
        rgb: (h, w, 3) in [0, 1].
        luma: (H, W) in [0, 1] of the true picture; where it is flat itself and alike, there is no border.

    Returns:
        (h, w).
    """
    height, width = rgb.shape[:2]
    levels = np.rint(255 * np.clip(rgb, 0, 1)).astype(np.uint8)
    shown = resize(luma, (height, width))
    radius = max(1, round(_SMOOTH * max(height, width)))
    borders = np.zeros((height, width), bool)
    for x, y in ((0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1)):
        color = levels[y, x]
        if borders[y, x] or int(color.max()) - int(color.min()) > _VARIES:
            continue
        found = np.zeros((height + 2, width + 2), np.uint8)
        flags = 4 | cv2.FLOODFILL_FIXED_RANGE | cv2.FLOODFILL_MASK_ONLY
        cv2.floodFill(levels, found, (x, y), (0,), (_VARIES,) * 3, (_VARIES,) * 3, flags)
        area = found[1:-1, 1:-1] > 0
        # Grain is no structure: the other version may well be without it.
        weight = area.astype(np.float32)
        beneath = (box_mean(shown * weight, radius) / np.maximum(box_mean(weight, radius), 1e-6))[area]
        if area.mean() > _LEAST_SHARE and not _shows(beneath, color.mean() / 255):
            borders |= area
    beside = 2 * max(1, round(_BESIDE * max(height, width))) + 1
    return cv2.dilate(borders.astype(np.uint8), np.ones((beside, beside), np.uint8)) > 0


def _shows(beneath: NDArray[np.floating], grey: float) -> bool:
    """Whether luma shows an even area of about some grey, too."""
    low, high = np.percentile(beneath, (10, 90))
    return bool(high - low < _FLAT and abs(float(beneath.mean()) - grey) < _ALIKE)


def repeat_edges(rgb: NDArray[np.float32], borders: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Fill borders with the nearest pixel beside them: (h, w, 3)."""
    _, labels = cv2.distanceTransformWithLabels(
        borders.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    nearest = np.zeros(int(labels.max()) + 1, np.intp)
    inside = ~borders.ravel()
    nearest[labels.ravel()[inside]] = np.flatnonzero(inside)
    return rgb.reshape(-1, 3)[nearest[labels]]
