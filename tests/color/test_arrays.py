"""Sizes of pictures and planes: how they are chosen, and what becomes of the values."""

import numpy as np

from deoldify_lite.color.arrays import (
    box_mean,
    fit_size,
    grow,
    pixel_grid,
    resize,
    shrink,
    shrink_luma,
    shrink_planes,
)


def test_sizes_keep_their_proportions() -> None:
    assert fit_size((3000, 4000, 3), 400) == (300, 400)
    assert fit_size((30, 40), 400) == (30, 40)
    assert fit_size((30, 40), 400, least_px=80) == (60, 80)
    assert fit_size((1, 5000), 400) == (1, 400)
    assert fit_size((1, 1), 400, least_px=200) == (200, 200)


def test_shrinking_averages_and_growing_does_not() -> None:
    picture = np.array([[0, 100], [200, 60]], np.uint16)
    for function in (shrink, resize):
        assert function(picture, (1, 1)).tolist() == [[90]]
        assert function(picture, (2, 2)) is picture
    assert resize(np.full((2, 3, 3), 7, np.uint8), (4, 9)).shape == (4, 9, 3)
    line = np.array([[0.0, 1.0]], np.float32)
    np.testing.assert_allclose(resize(line, (1, 4)), [[0, 0.25, 0.75, 1]])
    np.testing.assert_array_equal(resize(line, (1, 4)), grow(line, (1, 4)))


def test_planes_and_luma_shrink_as_single_arrays() -> None:
    planes = np.random.default_rng(0).random((2, 8, 6), np.float32)
    np.testing.assert_allclose(
        shrink_planes(planes, (4, 3)), planes.reshape(2, 4, 2, 3, 2).mean((2, 4)), atol=1e-6
    )
    luma = np.array([[0, 255], [255, 253]], np.uint8)
    np.testing.assert_allclose(shrink_luma(luma, (1, 1)), [[191 / 255]], atol=1e-7)  # 190.75, rounded
    np.testing.assert_allclose(shrink_luma(luma, (2, 2)), luma / 255, atol=1e-7)


def test_windows_repeat_the_border() -> None:
    plane = np.array([[3.0, 0, 0, 0, 6]], np.float32)
    np.testing.assert_allclose(box_mean(plane, 1), [[2, 1, 0, 2, 4]])
    np.testing.assert_array_equal(box_mean(plane, 0), plane)


def test_a_grid_names_the_column_and_the_row_of_each_pixel() -> None:
    grid = pixel_grid((2, 3))
    assert grid.shape == (2, 3, 2) and grid[1, 2].tolist() == [2, 1]
