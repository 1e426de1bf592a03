"""Hints on one picture: exact where they are, wide over what looks alike, and gone where nothing does."""

import numpy as np
import pytest

from deoldify_lite.color.hint import Hint
from deoldify_lite.color.hinting import MOST_WIDE, NEAR, WORKING_PX, correct, hint_photo, spread_hints

RED = (-0.1, 0.3)


def halves(height: int = 120, width: int = 160) -> np.ndarray:
    """Dark on the left, bright on the right: two things."""
    luma = np.full((height, width), 60, np.uint8)
    luma[:, width // 2 :] = 200
    return luma


def grey(side: int = 24) -> np.ndarray:
    return np.zeros((2, side, side), np.float32)


def at(chroma: np.ndarray, x: float, y: float) -> np.ndarray:
    return chroma[:, int(y * chroma.shape[1]), int(x * chroma.shape[2])]


def test_without_hints_chroma_is_left_alone() -> None:
    chroma = grey()
    assert spread_hints(chroma, halves(), []) is chroma


def test_a_hint_is_met_where_it_is_and_all_but_gone_beyond_an_edge() -> None:
    result = spread_hints(grey(), halves(), [Hint(0.25, 0.5, RED)])
    assert result.shape == (2, 120, 160) and result.dtype == np.float32
    # The variance of the hints takes 1 part of 1 + noise from it.
    assert at(result, 0.25, 0.5) == pytest.approx(np.array(RED) / (1 + NEAR.noise), abs=0.01)
    assert at(result, 0.4, 0.5)[1] > 0.15
    # Across the step of 0.55 luma the wide kernel alone tells: exp(-(0.55 / 0.3)^2 / 2) = 0.19 of little.
    assert np.linalg.norm(at(result, 0.75, 0.5)) < 0.25 * MOST_WIDE


def test_it_fades_with_distance() -> None:
    luma = np.full((100, 200), 128, np.uint8)
    line = spread_hints(grey(), luma, [Hint(0.02, 0.5, RED)])[1, 50]
    assert np.all(np.diff(line[8:]) < 1e-6)
    assert line[8] > 0.2 and line[-1] < MOST_WIDE


def test_a_small_correction_goes_far_and_a_large_one_does_not() -> None:
    luma = np.full((100, 200), 128, np.uint8)
    small, large = (
        spread_hints(grey(), luma, [Hint(0.1, 0.5, (0.0, size))])[1, 50, 190] / size for size in (0.03, 0.3)
    )
    assert small > 0.4
    assert large < 0.1


def test_what_the_network_saw_as_another_thing_keeps_its_color() -> None:
    luma = np.full((96, 96), 128, np.uint8)
    chroma = grey(96)
    chroma[0, :, 48:] = 0.15  # a blue right half, of the same luma
    result = spread_hints(chroma, luma, [Hint(0.3, 0.5, RED)])
    assert at(result, 0.4, 0.5)[1] > 0.12
    assert at(result, 0.7, 0.5) == pytest.approx([0.15, 0], abs=MOST_WIDE / 2)


def test_keep_holds_the_color_that_is_there() -> None:
    luma = np.full((100, 100), 128, np.uint8)
    chroma = grey() + np.float32(0.05)
    red, kept = Hint(0.3, 0.5, RED), Hint(0.6, 0.5, None)
    alone = at(spread_hints(chroma, luma, [red]), 0.6, 0.5)
    held = at(spread_hints(chroma, luma, [red, kept]), 0.6, 0.5)
    assert np.linalg.norm(alone - 0.05) > 0.05
    assert np.linalg.norm(held - 0.05) < 0.02
    only = spread_hints(chroma, luma, [kept])
    assert only == pytest.approx(np.full_like(only, 0.05), abs=1e-6)


def test_a_radius_bounds_a_hint() -> None:
    luma = np.full((200, 200), 128, np.uint8)
    result = spread_hints(grey(), luma, [Hint(0.5, 0.5, RED, 0.05)])
    assert at(result, 0.5, 0.5)[1] > 0.25
    assert at(result, 0.7, 0.5)[1] < 0.01
    wider = spread_hints(grey(), luma, [Hint(0.5, 0.5, RED, 0.9)])
    assert at(wider, 0.9, 0.5)[1] > 1.5 * at(spread_hints(grey(), luma, [Hint(0.5, 0.5, RED)]), 0.9, 0.5)[1]


def test_hints_that_disagree_on_one_point_are_averaged() -> None:
    luma = np.full((64, 64), 128, np.uint8)
    both = [Hint(0.5, 0.5, (0.0, 0.2)), Hint(0.5, 0.5, (0.0, -0.2), 0.1), Hint(0.5, 0.5, (0.0, 0.0))]
    result = spread_hints(grey(), luma, both)
    assert np.isfinite(result).all()
    assert abs(at(result, 0.5, 0.5)[1]) < 0.1


def test_many_hints_of_all_kinds_leave_no_wild_values() -> None:
    rng = np.random.default_rng(0)
    luma = rng.integers(0, 256, (90, 130)).astype(np.uint8)
    hints = [
        Hint(x, y, None if i % 5 == 0 else (blue, red), 0.02 + x if i % 3 == 0 else None)
        for i, (x, y, blue, red) in enumerate(rng.random((100, 4)) * [1, 1, 0.6, 0.6] - [0, 0, 0.3, 0.3])
    ]
    result = spread_hints(grey(), luma, hints)
    assert np.isfinite(result).all() and np.abs(result).max() <= 0.5
    assert np.array_equal(result, spread_hints(grey(), luma, hints))


def test_sizes() -> None:
    hint = [Hint(1.0, 1.0, RED), Hint(0.0, 0.0, None)]
    assert spread_hints(grey(), np.zeros((512, 1024), np.uint8), hint).shape == (2, 128, WORKING_PX)
    assert spread_hints(grey(96), np.zeros((10, 300), np.uint8), hint).shape == (2, 96, WORKING_PX)
    assert spread_hints(grey(560), np.zeros((60, 80), np.uint8), hint).shape == (2, 560, 560)
    assert spread_hints(grey(), np.zeros((1, 1), np.uint8), hint).shape == (2, 24, 24)


def test_large_chroma_is_corrected_at_its_own_size() -> None:
    fine = np.zeros((2, 320, 320), np.float32)
    fine[1, ::2] = 0.01  # detail that would be lost at the working size
    result = spread_hints(fine, np.full((64, 64), 128, np.uint8), [Hint(0.5, 0.5, None)])
    assert result == pytest.approx(fine, abs=1e-3)


def test_a_squeezed_picture_is_measured_by_its_own_shape() -> None:
    luma = np.full((96, 96), 0.5, np.float32)
    change, say = correct(grey(96), luma, [Hint(0.5, 0.5, RED)], aspect=2.0)
    across, down = change[1, 48, 48 + 24], change[1, 48 + 24, 48]
    assert down > 1.2 * across  # a quarter of the height is half of a quarter of the width
    assert say[48, 48] > 0.9 and say.min() >= 0 and say.max() <= 1
    assert say[48, 95] < say[48, 60] < say[48, 48]


@pytest.mark.parametrize("depth", [np.uint8, np.uint16])
def test_a_photo_of_any_depth_and_what_was_predicted_for_it(depth: type) -> None:
    picture = np.repeat(halves()[..., None], 3, axis=2).astype(depth) * depth(np.iinfo(depth).max // 255)
    hints = [Hint(0.25, 0.5, RED)]
    expected = spread_hints(grey(), halves(), hints)
    assert np.array_equal(hint_photo(grey(), picture, hints), expected)
    square = np.full((24, 24, 3), 90, np.uint8)  # grey, as DeOldify's networks give it
    assert hint_photo(square, picture, hints) == pytest.approx(expected, abs=1e-6)
    assert hint_photo(square, picture, []) is square
