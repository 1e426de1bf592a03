"""How stored values look on a screen, and the colours of a screen as stored values. Pure, on numpy arrays.

Film scanned as density is shown through Cineon's curve, light through a gamma of 2.2. What is brighter than
white is compressed, to make room for it, as a viewer would.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import Chroma, Plane
from deoldify_lite.color.bt601 import LUMA_BLUE, LUMA_GREEN, LUMA_RED
from deoldify_lite.color.merge import add_within, chroma_of_rgb, difference_of
from deoldify_lite.sequence.frame import DISPLAY, LOG

_GAMMA = 2.2
_SHOULDER = 0.75  # luma above this is compressed
# Cineon, for values of 10 bits: the codes of white and of black, and the decades of light that a code is,
# which are 0.002 of density over the negative's gamma of 0.6.
_WHITE_CODE, _BLACK_CODE, _TOP_CODE = 685, 95, 1023
_DECADES = 0.002 / 0.6
_BLACK = 10 ** ((_BLACK_CODE - _WHITE_CODE) * _DECADES)  # light of black, of white's
_WEIGHTS = np.array([LUMA_RED, LUMA_GREEN, LUMA_BLUE], np.float32)
# Black shows no colour, but we divide by it.
_LEAST_LUMA = 4 / 255


@lru_cache(maxsize=4)
def view_table(transfer: str, top: int) -> NDArray[np.uint8]:
    """Return luma as a viewer sees it, 0 to 255, by the stored value, 0 to `top`."""
    return as_seen(np.linspace(0, 1, top + 1), transfer)


def as_seen(values: NDArray[np.floating], transfer: str) -> NDArray[np.uint8]:
    """Return luma as a viewer sees it, 0 to 255, of stored values, of which 1 is the greatest of integers."""
    if transfer == DISPLAY:
        seen = np.clip(values, 0, 1)
    else:
        seen = _compressed(_on_screen(_light_of_log(values) if transfer == LOG else values))
    return np.rint(seen * 255).astype(np.uint8)


def shown_values(values: NDArray[np.float32], transfer: str) -> NDArray[np.float32]:
    """Return stored values, (h, w, 3) RGB, as a screen shows them, in [0, 1].

    Grey is that of `as_seen`. What is brighter than white is compressed, and hues stay; what is below black
    is cut off.
    """
    if transfer == DISPLAY:
        return np.asarray(np.clip(values, 0, 1), np.float32)
    light = np.asarray(_light_of_log(values) if transfer == LOG else values, np.float32)
    screen = _on_screen(light)
    luma = _on_screen(light @ _WEIGHTS)
    screen *= (_compressed(luma) / np.maximum(luma, np.float32(1e-6)))[..., None]
    return np.asarray(np.clip(screen, 0, 1), np.float32)


def as_stored(chroma: Chroma, luma: Plane, transfer: str) -> Chroma:
    """Return chroma that shows the same colour in a frame's own encoding.

    Args:
        chroma: (2, h, w) Cb and Cr of the screen.
        luma: (h, w) of the screen, in [0, 1], from `as_seen`.
        transfer: of the frame.

    Returns:
        (2, h, w): of LOG, differences between the stored values; of light, of light over luminance, which is
        chroma for `merge_picture(is_ratio=True)`.
    """
    if transfer == DISPLAY:
        return chroma
    grey = np.maximum(luma, np.float32(_LEAST_LUMA))
    full = np.float32(65_535)  # `add_within` adds half of a level
    rgb = add_within(grey * full, difference_of(chroma) * full, float(full)) / full
    # Undo the shoulder by the same factor for all three, so that the hue stays.
    over = np.clip((grey - _SHOULDER) / (1 - _SHOULDER), 0, 0.95)
    rgb *= ((np.minimum(grey, _SHOULDER) + (1 - _SHOULDER) * over / (1 - over)) / grey)[..., None]
    light = rgb ** np.float32(_GAMMA)
    if transfer == LOG:
        return chroma_of_rgb(np.log10(light * (1 - _BLACK) + _BLACK) / np.float32(_DECADES * _TOP_CODE))
    # By the weights of luma, since that is what is kept, in light as well.
    return chroma_of_rgb(light / (light @ _WEIGHTS)[..., None])


def _on_screen(light: NDArray[np.floating]) -> NDArray[np.floating]:
    return np.clip(light, 0, 1e6) ** (1 / _GAMMA)


def _compressed(seen: NDArray[np.floating]) -> NDArray[np.floating]:
    """Make room, above the shoulder, for what is brighter than white."""
    over = np.maximum((seen - _SHOULDER) / (1 - _SHOULDER), 0)
    return np.minimum(seen, _SHOULDER) + (1 - _SHOULDER) * over / (1 + over)


def _light_of_log(values: NDArray[np.floating]) -> NDArray[np.floating]:
    codes = np.clip(values, -1, 2) * _TOP_CODE
    return (10 ** ((codes - _WHITE_CODE) * _DECADES) - _BLACK) / (1 - _BLACK)
