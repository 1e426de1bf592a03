"""Frames as a viewer sees them, for the network, and its colours in a frame's own encoding."""

from dataclasses import replace

import cv2
import numpy as np

from deoldify_lite.color.arrays import Chroma, Luma
from deoldify_lite.color.bt601 import LUMA_BLUE, LUMA_GREEN, LUMA_RED
from deoldify_lite.color.merge import merge_picture
from deoldify_lite.sequence.frame import Frame

_LUMA = np.array([[LUMA_RED, LUMA_GREEN, LUMA_BLUE]], np.float32)


def luma_of(frame: Frame) -> Luma:
    """Return the luma of a frame as a viewer sees it: (H, W) uint8, BT.601."""
    pixels = frame.pixels.astype(np.float32)
    luma = cv2.transform(pixels, _LUMA) if pixels.shape[2] == 3 else pixels
    scaled = luma.reshape(pixels.shape[:2]) * np.float32(255 / frame.top)
    return np.clip(np.rint(scaled), 0, 255).astype(np.uint8)


def join(frame: Frame, chroma: Chroma) -> Frame:
    """Give a frame the colours of a network. Its luma stays, in its own encoding.

    Args:
        frame: stays as it is.
        chroma: (2, h, w) Cb and Cr in [-0.5, 0.5], BT.601, as seen beside `luma_of`; any h and w.

    Returns:
        The frame in RGB of the same depth.
    """
    pixels = frame.pixels
    if pixels.shape[2] == 1:
        pixels = np.repeat(pixels, 3, 2)
    facts = replace(frame.facts, channels=3)
    return replace(frame, pixels=merge_picture(pixels, chroma), facts=facts)
