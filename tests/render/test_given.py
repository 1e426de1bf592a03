"""Colours given by another version of a picture, in memory."""

import cv2
import numpy as np
import pytest

from deoldify_lite.color.layer import color_layer
from deoldify_lite.color.merge import merge_picture
from deoldify_lite.errors import InputError
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.render.given import Given, color_picture, take_colors, with_given
from helpers.networks import Fixed
from helpers.pictures import textured

COLORIZER = Colorizer(Fixed((0.0, 0.0)), render_factor=4)


def scene() -> tuple[np.ndarray, np.ndarray]:
    """A grey picture with much to see, and the same in colours that change slowly."""
    grey = cv2.cvtColor(cv2.resize(textured(seed=3), (384, 384)), cv2.COLOR_GRAY2RGB)
    y, x = np.mgrid[0:24, 0:24] / 24
    chroma = 0.15 * np.stack([np.sin(3 * x + y), np.cos(2 * y - x)]).astype(np.float32)
    return grey, merge_picture(grey, chroma)


def colored_by(grey: np.ndarray, given: Given) -> np.ndarray:
    square = COLORIZER.prepare(grey)
    prediction = None
    if given.needs_network:
        prediction = with_given(COLORIZER.predict([square])[0], square, given)
    return color_picture(grey, prediction, given, COLORIZER)


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    return float(10 * np.log10(255**2 / max(1e-9, np.mean((one.astype(float) - other) ** 2))))


def test_a_shifted_smaller_darker_version_gives_its_colors() -> None:
    grey, colored = scene()
    moved = np.roll(colored, (9, 7), axis=(0, 1))
    other = (255 * (cv2.resize(moved, (192, 192), interpolation=cv2.INTER_AREA) / 255) ** 1.3).astype(
        np.uint8
    )
    given = take_colors(grey, other)
    result = colored_by(grey, given)
    assert given.layer is None and given.share > 0.6
    assert psnr(result, colored) > 34 > psnr(grey, colored) + 8
    luma = result @ np.array([0.299, 0.587, 0.114])
    assert np.abs(luma - grey[..., 0]).max() <= 1


def test_what_is_not_trusted_gets_what_is_around_it() -> None:
    """A part of the version that shows something else does not bring its colours."""
    grey, colored = scene()
    other = colored.copy()
    other[150:230, 150:230] = (255, 0, 255)
    result = colored_by(grey, take_colors(grey, other))
    inside = (slice(160, 220), slice(160, 220))
    assert psnr(result[inside], colored[inside]) > 21 > psnr(grey[inside], colored[inside]) + 6


def test_a_layer_is_taken_back_exactly() -> None:
    grey, colored = scene()
    layer = color_layer(colored)
    given = take_colors(grey, layer)
    assert given.share == 1 and not given.needs_network
    assert np.abs(colored_by(grey, given).astype(int) - colored).max() <= 1
    deep = grey.astype(np.uint16) * 257
    assert psnr(colored_by(deep, given) / 257, colored) > 50


def test_a_layer_with_holes_leaves_these_to_the_network() -> None:
    grey, colored = scene()
    alpha = np.full(grey.shape[:2], 65_535, np.uint16)
    alpha[:, :100] = 0
    given = take_colors(grey, color_layer(colored), alpha)
    result = colored_by(grey, given)
    assert given.share == pytest.approx(1 - 100 / 384, abs=1e-3)
    assert np.abs(result[:, :100].astype(int) - grey[:, :100]).max() <= 1  # this network gives grey
    assert np.abs(result[:, 100:].astype(int) - colored[:, 100:]).max() <= 1


def test_what_cannot_give_colors() -> None:
    grey, colored = scene()
    assert take_colors(grey, grey).share == 0
    stranger = cv2.applyColorMap(cv2.resize(textured(seed=8), (300, 300)), cv2.COLORMAP_JET)
    with pytest.raises(InputError, match="does not show the same"):
        take_colors(grey, stranger)
    with pytest.raises(InputError, match="layer of 384 x 200"):
        take_colors(grey, color_layer(colored)[:200])
