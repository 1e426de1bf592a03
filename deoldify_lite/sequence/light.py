"""Frames as a viewer sees them, for the network, and its colours in a frame's own encoding."""

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import Chroma, Luma, Plane, Size, grow, resize, shrink
from deoldify_lite.color.bt601 import LUMA_BLUE, LUMA_GREEN, LUMA_RED
from deoldify_lite.color.merge import chroma_of_rgb, difference_of, merge_picture
from deoldify_lite.photo.samples import rgb_of_grey, strips_of
from deoldify_lite.sequence.frame import DISPLAY, LINEAR, Frame
from deoldify_lite.sequence.halves import TOP, round_to_halves
from deoldify_lite.sequence.view import as_seen, as_stored, shown_values, view_table

_LUMA = np.array([[LUMA_RED, LUMA_GREEN, LUMA_BLUE]], np.float32)
# In float32, luma of so many bits may be off by a little more than its rounding.
_LEAST_SETTLED = 12
_TINY = np.float32(1e-30)
_THOUSANDTHS = 1000  # in which the weights of luma are whole numbers


def luma_of(frame: Frame) -> Luma:
    """Return the luma of a frame as a viewer sees it: (H, W) uint8, BT.601."""
    transfer = frame.facts.transfer
    height, width = frame.pixels.shape[:2]
    result = np.empty((height, width), np.uint8)
    for strip in strips_of(height, width):
        stored = _luma_of(frame.pixels[strip])
        if frame.facts.is_float:
            result[strip] = as_seen(np.nan_to_num(stored), transfer)
        else:
            result[strip] = view_table(transfer, frame.top)[np.rint(stored).astype(np.intp)]
    return result


def shown(frame: Frame, bits: int) -> Frame:
    """Return a frame as a screen shows it: RGB without alpha, in whole numbers of so many bits."""
    height, width = frame.pixels.shape[:2]
    top = np.float32((1 << bits) - 1)
    result = np.empty((height, width, 3), np.uint8 if bits <= 8 else np.uint16)
    for strip in strips_of(height, width):
        stored = frame.pixels[strip].astype(np.float32)
        if frame.facts.is_float:
            stored = np.nan_to_num(stored, posinf=TOP, neginf=0)
        else:
            stored /= np.float32(frame.top)
        rgb = np.repeat(stored, 3, 2) if stored.shape[2] == 1 else stored
        result[strip] = np.rint(shown_values(rgb, frame.facts.transfer) * top)
    facts = replace(frame.facts, channels=3, bits=bits, is_float=False, transfer=DISPLAY)
    return replace(frame, facts=facts, pixels=result, alpha=None)


def halved(frame: Frame, size: Size) -> Frame:
    """Return a frame of whole numbers at half its sides, or a quarter and so on, but more than twice `size`.

    Values are averaged as they are stored. That is some times faster than to do so as a viewer sees them, and
    of video and logarithm hardly another picture. Of light it would be: such a frame is returned itself.
    """
    if frame.facts.is_float or frame.facts.transfer == LINEAR:
        return frame
    pixels = frame.pixels
    while min(pixels.shape[0] // size[0], pixels.shape[1] // size[1]) >= 4 and not (
        pixels.shape[0] % 2 or pixels.shape[1] % 2
    ):
        pixels = shrink(pixels, (pixels.shape[0] // 2, pixels.shape[1] // 2))
        pixels = pixels.reshape(*pixels.shape[:2], -1)
    return replace(frame, pixels=pixels, alpha=None)


def small_of(frame: Frame, size: Size) -> Frame:
    """Return a frame of whole numbers at `size`: stored values averaged, or interpolated where it grows."""
    # Halves first, which is fast; what is left is little.
    return replace(frame, pixels=resize(halved(frame, size).pixels, size).reshape(*size, -1), alpha=None)


def small_luma_of(frame: Frame, size: Size) -> Luma:
    """Return the luma of a frame as a viewer sees it, at `size`: (h, w) uint8."""
    if frame.facts.is_float or frame.facts.transfer == LINEAR:
        return resize(luma_of(frame), size)
    return luma_of(small_of(frame, size))


def join(frame: Frame, chroma: Chroma) -> Frame:
    """Give a frame the colours of a network. Its luma stays, in its own encoding.

    Luma, by the weights of BT.601, differs by at most half a level of integers, and by less than 1e-4 of
    floating-point numbers, which may lie above 1 and below 0. Where no colour fits, it is less strong.

    Args:
        frame: stays as it is.
        chroma: (2, h, w) Cb and Cr in [-0.5, 0.5], BT.601, as seen beside `luma_of`; any h and w.

    Returns:
        The frame in RGB of the same depth.
    """
    transfer = frame.facts.transfer
    chroma = chroma.astype(np.float32, copy=False)
    if transfer != DISPLAY:
        seen = small_luma_of(frame, (chroma.shape[1], chroma.shape[2]))
        chroma = as_stored(chroma, seen.astype(np.float32) / np.float32(255), transfer)
    return _join_stored(frame, chroma)


def take_colors(frame: Frame, other: Frame) -> Frame:
    """Give a frame the colours of another one that shows the same, of any size and kind.

    Luma stays, as of `join`. Where both are stored in the same encoding, so are the colours that go over.
    """
    if other.facts.transfer == frame.facts.transfer:
        return _join_stored(frame, _stored_chroma_of(other))
    full = np.float32(65_535)
    return join(frame, chroma_of_rgb(shown(other, 16).pixels / full))


def has_color(frame: Frame) -> bool:
    """Return whether the channels of a frame differ anywhere by more than rounding does."""
    if frame.pixels.shape[2] == 1:
        return False
    values = np.nan_to_num(frame.pixels.astype(np.float32))
    top = np.float32(1 if frame.facts.is_float else frame.top)
    return bool(np.ptp(values, axis=2).max() > 2 / 255 * top)


def _stored_chroma_of(frame: Frame) -> Chroma:
    """(2, H, W) of the values as they are stored; of light, of its ratio to luma, as of `as_stored`."""
    values = frame.pixels.astype(np.float32)
    if values.shape[2] == 1:
        return np.zeros((2, 1, 1), np.float32)
    if frame.facts.transfer == LINEAR:
        luma = _luma_of(values)[..., None]
        with np.errstate(all="ignore"):  # a frame may hold infinity and what is not a number
            values = np.where(luma > _TINY, values / luma, np.float32(1))
        return chroma_of_rgb(np.nan_to_num(values, nan=1, posinf=1, neginf=1))
    return chroma_of_rgb(values / np.float32(1 if frame.facts.is_float else frame.top))


def _join_stored(frame: Frame, chroma: Chroma) -> Frame:
    """`join` with chroma as of `as_stored`."""
    pixels = frame.pixels
    is_ratio = frame.facts.transfer == LINEAR
    if pixels.shape[2] == 1:
        pixels = rgb_of_grey(pixels) if pixels.dtype != np.float16 else np.repeat(pixels, 3, 2)
    if frame.facts.is_float:
        joined = _join_floats(pixels, chroma, is_ratio=is_ratio)
    else:
        joined = merge_picture(pixels, chroma, top=frame.top, is_ratio=is_ratio)
        if frame.facts.bits >= _LEAST_SETTLED:
            _settle(joined, pixels)
    return replace(frame, pixels=joined, facts=replace(frame.facts, channels=3))


def _settle(joined: NDArray[Any], pixels: NDArray[Any]) -> None:
    """Bring luma within half a level where rounding, in float32, has left it just outside."""
    weights = (_THOUSANDTHS * np.array([LUMA_RED, LUMA_GREEN, LUMA_BLUE])).round().astype(np.int32)
    for strip in strips_of(*joined.shape[:2]):
        change = (joined[strip].astype(np.int32) - pixels[strip]) @ weights
        green = joined[strip][..., 1]
        # What was rounded up is not 0, and what was rounded down is not the greatest value.
        green[change > _THOUSANDTHS // 2] -= 1
        green[change < -_THOUSANDTHS // 2] += 1


def _join_floats(pixels: NDArray[Any], chroma: Chroma, *, is_ratio: bool) -> NDArray[Any]:
    height, width = pixels.shape[:2]
    planes: list[NDArray[Any]] = [grow(plane, (height, width)) for plane in chroma]
    half = pixels.dtype == np.float16
    top = np.float32(TOP if half else np.finfo(np.float32).max)
    result = np.empty_like(pixels)
    for strip in strips_of(height, width):
        own = pixels[strip]
        with np.errstate(all="ignore"):  # a frame may hold infinity and what is not a number
            luma = _luma_of(own)
            difference = difference_of(np.stack([plane[strip] for plane in planes]))
            if is_ratio:
                difference *= luma[..., None]
            red, green, blue = cv2.split(difference)
            highest = np.maximum(np.maximum(red, green), blue)
            lowest = np.minimum(np.minimum(red, green), blue)
            most = np.maximum(highest, -lowest)
            share = np.minimum((top - np.abs(luma)) / np.maximum(most, _TINY), 1)
            if not is_ratio:  # the darker, the less colour, and none below black
                share = np.minimum(share, np.maximum(luma, 0) / np.maximum(-lowest, _TINY))
            rgb = luma[..., None] + share[..., None] * difference
            part: NDArray[Any] = round_to_halves(rgb, luma, own) if half else rgb
        is_number = np.isfinite(part[..., 0]) & np.isfinite(part[..., 1]) & np.isfinite(part[..., 2])
        result[strip] = part if is_number.all() else np.where(is_number[..., None], part, own)
    return result


def _luma_of(pixels: NDArray[Any]) -> Plane:
    """(h, w, 1 or 3) of any type -> (h, w), in the numbers of the pixels."""
    values: NDArray[Any] = pixels.astype(np.float32)
    if values.shape[2] == 3:
        values = cv2.transform(values, _LUMA)
    return np.asarray(values.reshape(pixels.shape[:2]), np.float32)
