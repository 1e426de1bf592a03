"""Colour as a layer: what it holds, what the blend mode Color makes of it, and the way back."""

import numpy as np
import pytest

from deoldify_lite.color.layer import color_layer, is_layer, lay_over
from deoldify_lite.color.merge import merge_picture
from helpers.pictures import grey_picture

RANDOM = np.random.default_rng(5)
LUMA = np.array([0.299, 0.587, 0.114])


def colored(grey: np.ndarray, strength: float = 0.5) -> np.ndarray:
    """A grey picture in colours that change slowly, some of them as strong as there are."""
    y, x = np.mgrid[0:24, 0:32] / 24
    chroma = strength * np.stack([np.sin(3 * x + y), np.cos(2 * y - x)]).astype(np.float32)
    return merge_picture(grey, chroma)


def laid_over(grey: np.ndarray, layer: np.ndarray) -> np.ndarray:
    """The blend mode Color of the W3C, PDF and Photoshop: Compositing and Blending Level 1, section 9.2."""
    weights = np.array([0.3, 0.59, 0.11])
    below, color = grey / np.iinfo(grey.dtype).max, layer / 65_535
    result = color + ((below - color) @ weights)[..., None]
    luma = (result @ weights)[..., None]
    lowest, highest = result.min(-1, keepdims=True), result.max(-1, keepdims=True)
    lifted = luma + (result - luma) * luma / np.maximum(luma - lowest, 1e-9)
    result = np.where(lowest < 0, lifted, result)
    lowered = luma + (result - luma) * (1 - luma) / np.maximum(highest - luma, 1e-9)
    return np.where(highest > 1, lowered, result)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("strength", [0.1, 0.5])
def test_a_layer_gives_its_picture_back(dtype: type, strength: float) -> None:
    top = np.iinfo(dtype).max
    grey = (grey_picture(240, 320).astype(np.uint32) * (top // 255)).astype(dtype)
    result = colored(grey, strength)
    again = lay_over(grey, color_layer(result))
    most = np.abs(again.astype(int) - result).max()
    assert most <= (1 if dtype == np.uint8 else 257)  # a level of 8 bits


def test_every_color_there_is_fits_into_a_layer() -> None:
    """A saturated blue does not fit on middle grey: nothing of it is cut off."""
    steps = np.linspace(0, 65_535, 18).round().astype(np.uint16)
    cube = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(18, -1, 3)
    grey = np.rint(cube @ LUMA).astype(np.uint16)[..., None].repeat(3, axis=2)
    assert np.abs(lay_over(grey, color_layer(cube)).astype(int) - cube).max() <= 257


def test_the_layer_lies_on_middle_grey_where_that_holds_its_color() -> None:
    result = colored(grey_picture(240, 320), 0.1)
    luma = color_layer(result) / 65_535 @ LUMA
    assert np.abs(luma - 0.5).max() < 1e-4


@pytest.mark.parametrize("strength", [0.1, 0.5])
def test_the_blend_mode_color_shows_the_result(strength: float) -> None:
    grey = grey_picture(240, 320)
    result = colored(grey, strength)
    shown = 255 * laid_over(grey, color_layer(result))
    assert np.abs(shown - result).max() < 2.5
    assert np.abs(shown - result).mean() < 0.6


def test_a_layer_is_known_by_its_looks() -> None:
    grey = grey_picture(240, 320)
    result = colored(grey)
    layer = color_layer(result)
    assert is_layer(layer)
    assert is_layer((layer >> 8).astype(np.uint8))
    noisy = (layer >> 8).astype(int) + RANDOM.integers(-3, 4, layer.shape)  # as from a JPEG
    assert is_layer(noisy.clip(0, 255).astype(np.uint8))
    assert not is_layer(result)
    assert not is_layer(grey)
    assert not is_layer(np.full((50, 50, 3), 128, np.uint8))
