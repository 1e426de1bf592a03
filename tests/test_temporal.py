"""Smoothing over time."""

import numpy as np
import pytest

from deoldify_lite.temporal import ChromaSmoother, is_cut

rng = np.random.default_rng(0)


def textured(shift: int = 0) -> np.ndarray:
    y, x = np.mgrid[:96, :96]
    return (128 + 80 * np.sin((x + shift) / 11) * np.cos(y / 17)).astype(np.uint8)


def chroma(value: float) -> np.ndarray:
    return np.full((2, 48, 48), value, np.float32)


def test_constant_input_stays_as_it_is() -> None:
    smoother = ChromaSmoother(0.8)
    for _ in range(5):
        np.testing.assert_array_equal(smoother.step(textured(), chroma(0.1)), chroma(0.1))


def test_flicker_on_a_still_picture_is_damped() -> None:
    smoother = ChromaSmoother(0.8)
    values = [smoother.step(textured(), chroma(0.1 + 0.05 * (-1) ** i)).mean() for i in range(40)]
    assert np.ptp(values[20:]) < 0.25 * 0.1


def test_smoothing_zero_changes_nothing() -> None:
    smoother = ChromaSmoother(0.0)
    smoother.step(textured(), chroma(0.4))
    np.testing.assert_array_equal(smoother.step(textured(), chroma(-0.4)), chroma(-0.4))


def test_a_cut_resets() -> None:
    smoother = ChromaSmoother(0.8)
    smoother.step(textured(), chroma(0.4))
    other = (255 - textured() // 2).astype(np.uint8)
    np.testing.assert_array_equal(smoother.step(other, chroma(-0.4)), chroma(-0.4))


def test_color_does_not_trail_behind_what_moves() -> None:
    """A white square moves over black: where it was, the colour is that of the new frame."""
    smoother = ChromaSmoother(0.8)
    for x in (10, 50):
        luma = np.zeros((96, 96), np.uint8)
        luma[40:60, x : x + 20] = 200
        colors = np.zeros((2, 48, 48), np.float32)
        colors[:, 20:30, x // 2 : x // 2 + 10] = 0.3
        result = smoother.step(luma, colors)
    assert abs(result[:, 22:28, 7:13]).max() < 0.01


@pytest.mark.parametrize("grain", [0, 12])
def test_motion_grain_and_fades_are_no_cuts(grain: float) -> None:
    noisy = [
        np.clip(textured(shift) + grain * rng.standard_normal((96, 96)), 0, 255).astype(np.uint8)
        for shift in (0, 4)
    ]
    assert not is_cut(*noisy)
    assert not is_cut(textured(), (textured() * 0.93).astype(np.uint8))
