"""Pictures as arrays: what the shapes are called, and how sizes change."""

from collections.abc import Sequence
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[Any]  # (H, W, 3) RGB, uint8 or uint16
Luma = NDArray[np.uint8]  # (H, W), 0 to 255
Square = NDArray[np.uint8]  # (S, S) luma, as the network sees it
Plane = NDArray[np.float32]  # (h, w), one value a pixel; luma is in [0, 1]
Chroma = NDArray[np.float32]  # (2, h, w) Cb and Cr in [-0.5, 0.5]

# What a network sees in a picture, from fine to coarse: (C, h, w) each, of length 1 at each place.
Features = tuple[NDArray[np.float16], ...]

Size = tuple[int, int]  # height and width in pixels

Value = TypeVar("Value", bound=np.integer[Any] | np.floating[Any])


def fit_size(shape: Sequence[int], most_px: int, *, least_px: int = 1) -> Size:
    """A small picture's height and width, in proportion.

    Args:
        shape: of the picture, height and width first.
        most_px: the longer side, if it was more.
        least_px: the longer side, if it was less.
    """
    height, width = shape[:2]
    scale = min(max(max(height, width), least_px), most_px) / max(height, width)
    return max(1, round(scale * height)), max(1, round(scale * width))


def shrink(array: NDArray[Value], size: Size) -> NDArray[Value]:
    """Average over areas: (H, W) or (H, W, C) -> (h, w, ...); a side that grows is interpolated.

    Whole numbers are rounded. An array that has the size already is returned itself.
    """
    if array.shape[:2] == size:
        return array
    return np.asarray(cv2.resize(array, size[::-1], interpolation=cv2.INTER_AREA), array.dtype)


def shrink_planes(planes: NDArray[Value], size: Size) -> NDArray[Value]:
    """`shrink` each plane: (C, H, W) -> (C, h, w)."""
    return np.stack([shrink(plane, size) for plane in planes])


def shrink_luma(luma: Luma, size: Size) -> Plane:
    """Luma at the size of chroma: (H, W) -> (h, w) in [0, 1], in steps of 1 / 255."""
    return shrink(luma, size).astype(np.float32) / np.float32(255)


def grow(plane: NDArray[Any], size: Size) -> Plane:
    """Interpolate bilinearly: (h, w) float32 -> (H, W)."""
    return np.asarray(cv2.resize(plane, size[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def resize(picture: NDArray[Value], size: Size) -> NDArray[Value]:
    """`shrink` where no side grows, else interpolate bilinearly: (H, W) or (H, W, C) -> (h, w, ...)."""
    if size[0] <= picture.shape[0] and size[1] <= picture.shape[1]:
        return shrink(picture, size)
    return np.asarray(cv2.resize(picture, size[::-1], interpolation=cv2.INTER_LINEAR), picture.dtype)


def pixel_grid(size: Size) -> NDArray[np.float32]:
    """The column and the row of each pixel: (h, w, 2)."""
    height, width = size
    return np.stack(np.meshgrid(np.arange(width), np.arange(height)), -1).astype(np.float32)


def box_mean(plane: NDArray[Any], radius: int) -> Plane:
    """Mean of each pixel's window, 2 * radius + 1 px wide, the border repeated: (h, w) float32 -> (h, w)."""
    side = 2 * radius + 1
    return np.asarray(cv2.blur(plane, (side, side), borderType=cv2.BORDER_REPLICATE), np.float32)
