"""Borders: even grey areas from a corner on are none of the picture, unless the true one has them."""

import numpy as np

from deoldify_lite.color.borders import find_borders, repeat_edges
from deoldify_lite.color.bt601 import LUMA_BLUE, LUMA_GREEN, LUMA_RED
from helpers.paintings import painting

WEIGHTS = np.array([LUMA_RED, LUMA_GREEN, LUMA_BLUE], np.float32)


def test_black_and_white_bars_are_borders() -> None:
    rgb = (painting(1) / 255).astype(np.float32)
    for grey in (0.0, 1.0):
        other = rgb.copy()
        other[:20], other[:, -30:] = grey, grey
        found = find_borders(other, rgb @ WEIGHTS)
        assert found[:20].all() and found[:, -30:].all()
        assert not found[30:, :-40].any()


def test_a_sky_that_the_picture_has_is_no_border() -> None:
    rgb = (painting(1) / 255).astype(np.float32)
    rgb[:60] = 0.9
    assert not find_borders(rgb, rgb @ WEIGHTS).any()


def test_grain_in_its_sky_makes_no_border_of_a_clean_one() -> None:
    rgb = (painting(1) / 255).astype(np.float32)
    rgb[:60] = 0.9
    grain = np.random.default_rng(0).normal(0, 0.06, rgb.shape[:2]).astype(np.float32)
    assert not find_borders(rgb, np.clip(rgb @ WEIGHTS + grain, 0, 1)).any()


def test_a_backdrop_whose_outlines_are_shifted_is_no_border() -> None:
    rgb = np.zeros((96, 128, 3), np.float32)
    rgb[30:66, 40:88] = (0.9, 0.6, 0.5)
    assert not find_borders(np.roll(rgb, (3, 4), (0, 1)), rgb @ WEIGHTS).any()


def test_a_colored_area_is_no_border() -> None:
    rgb = (painting(1) / 255).astype(np.float32)
    other = rgb.copy()
    other[:60] = (0.2, 0.4, 0.8)
    assert not find_borders(other, rgb @ WEIGHTS).any()


def test_borders_take_what_is_nearest() -> None:
    rgb = np.arange(12, dtype=np.float32).reshape(1, 4, 3)
    borders = np.array([[True, False, False, True]])
    filled = repeat_edges(rgb, borders)
    np.testing.assert_array_equal(filled[0], rgb[0, [1, 1, 2, 2]])
