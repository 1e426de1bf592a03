"""Guided upsampling: what must hold by definition, and what it is for."""

import numpy as np
import pytest

from deoldify_lite.color import guided
from deoldify_lite.color.guided import align_chroma, guide_chroma, upsample_chroma
from helpers.pictures import grey_picture


def constant(height: int, width: int) -> np.ndarray:
    chroma = np.empty((2, height, width), np.float32)
    chroma[0], chroma[1] = -0.1, 0.25
    return chroma


def shrunk(planes: np.ndarray, factor: int) -> np.ndarray:
    """Means of blocks: (..., H, W) -> (..., H / factor, W / factor)."""
    *more, height, width = planes.shape
    return planes.reshape(*more, height // factor, factor, width // factor, factor).mean((-3, -1))


def bilinear(chroma: np.ndarray, factor: int) -> np.ndarray:
    """By hand, in one dimension after the other."""
    for axis in (1, 2):
        count = chroma.shape[axis]
        position = np.clip((np.arange(count * factor) + 0.5) / factor - 0.5, 0, count - 1)
        below = np.minimum(position.astype(int) + 1, count - 1)
        share = (position - position.astype(int)).reshape((-1, 1) if axis == 1 else -1)
        first, second = (np.take(chroma, at, axis) for at in (position.astype(int), below))
        chroma = first + share * (second - first)
    return chroma


def two_halves(size: int, edge: int) -> tuple[np.ndarray, np.ndarray]:
    """A dark blue and a light orange half that meet off the grid: chroma and luma of one size."""
    left = np.arange(size)[None, :] < edge
    luma = np.where(left, 0.3, 0.7).astype(np.float32).repeat(size, 0)
    chroma = np.stack([np.where(luma < 0.5, 0.2, -0.2), np.where(luma < 0.5, -0.1, 0.15)]).astype(np.float32)
    return chroma, luma


def test_a_line_over_luma_is_found_and_kept() -> None:
    """Where chroma is a multiple of luma, the full size has that multiple of the full luma: here 0.3 of it.

    The slope found is 0.3 * variance / (variance + epsilon); the variance of this luma is near 0.05.
    """
    luma = np.kron(np.random.default_rng(0).random((12, 12)), np.ones((8, 8))).astype(np.float32)
    small = shrunk(luma, 8)
    chroma = np.stack([0.3 * small, -0.3 * small])
    expected = np.stack([0.3 * luma, -0.3 * luma])
    result = upsample_chroma(chroma, luma)
    assert np.abs(result - expected).mean() < 0.3 * np.abs(bilinear(chroma, 8) - expected).mean()


def test_color_ends_at_the_edge_of_luma() -> None:
    """An edge within a chroma pixel 16 px wide: bilinear smears it, the guide puts it in its place."""
    truth, luma = two_halves(192, 88)
    small = shrunk(truth, 16)
    error = np.abs(upsample_chroma(small, luma) - truth)
    smeared = np.abs(bilinear(small, 16) - truth)
    assert error.mean() < 0.25 * smeared.mean()
    assert np.median(error[:, :, 84:92]) < 0.05 < np.median(smeared[:, :, 84:92])


def test_aligning_moves_color_to_the_edge() -> None:
    """Chroma that ends two pixels off the edge of luma ends at it, all but a rest."""
    luma = np.where(np.arange(32) < 16, 0.2, 0.8).astype(np.float32)[None].repeat(32, 0)
    truth = np.stack([0.3 * (luma < 0.5), -0.2 * (luma < 0.5)]).astype(np.float32)
    blurred = np.stack([np.apply_along_axis(np.convolve, 1, p, np.full(5, 0.2), "same") for p in truth])
    blurred[:, :, :2] = truth[:, :, :2]
    result = align_chroma(blurred.astype(np.float32), luma)
    before, after = (np.abs(c[:, :, 14:18] - truth[:, :, 14:18]).mean() for c in (blurred, result))
    assert after < 0.7 * before


def test_grain_stays_out_of_the_colors() -> None:
    """Luma grain of 2 % on smooth chroma: it comes through thirty times weaker."""
    rng = np.random.default_rng(0)
    luma = (0.5 + 0.02 * rng.standard_normal((192, 192))).astype(np.float32)
    ramp = np.linspace(-0.2, 0.2, 48, dtype=np.float32)
    chroma = np.stack([np.tile(ramp, (48, 1)), np.tile(ramp[:, None], (1, 48))])
    result = upsample_chroma(align_chroma(chroma, shrunk(luma, 4)), luma)
    smooth = bilinear(chroma, 4)
    assert np.abs(result - smooth)[:, 12:-12, 12:-12].std() < 0.02 / 30


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (3, 200), (2000, 3), (17, 17), (16, 16), (131, 67)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_constant_chroma_stays_constant(size: tuple[int, int], dtype: type[np.unsignedinteger]) -> None:
    """No texture of luma becomes one of colour, at any size or shape."""
    picture = grey_picture(*size).astype(dtype) * (1 if dtype == np.uint8 else 257)
    result = guide_chroma(constant(16, 16), picture)
    assert result.dtype == np.float32
    np.testing.assert_allclose(result, constant(*size), atol=1e-6)


@pytest.mark.parametrize("size", [(1, 1), (1, 50), (40, 7), (333, 200)])
def test_no_value_leaves_the_range_of_its_neighbours(size: tuple[int, int]) -> None:
    """Rough chroma and rough luma, blown out and black: no halo, no overshoot, nothing but numbers."""
    rng = np.random.default_rng(0)
    chroma = rng.uniform(-0.5, 0.5, (2, 14, 12)).astype(np.float32)
    luma = np.clip(rng.uniform(-1, 2, size), 0, 1).astype(np.float32)
    small = chroma[:, : size[0], : size[1]]
    result = upsample_chroma(small, luma)
    assert result.shape == (2, *size) and np.isfinite(result).all()
    for plane, given in zip(result, small, strict=True):
        assert given.min() - 1e-6 <= plane.min() and plane.max() <= given.max() + 1e-6


def test_flat_luma_gives_smooth_chroma() -> None:
    """Without any edge to follow it is close to bilinear: a blown-out sky gets no blocks."""
    wave = 0.2 * np.sin(np.arange(12, dtype=np.float32) / 2)
    chroma = np.stack([np.tile(wave, (12, 1)), np.tile(wave[:, None], (1, 12))])
    result = upsample_chroma(chroma, np.ones((96, 96), np.float32))
    smooth = bilinear(chroma, 8)
    assert np.abs(result - smooth).max() < 0.1 * 0.2
    steepest = np.abs(np.diff(smooth[0])).max()
    assert np.abs(np.diff(result[0])).max() < 1.5 * steepest


def test_what_has_the_size_already_is_left_alone() -> None:
    chroma = np.random.default_rng(0).random((2, 9, 7), dtype=np.float32)
    assert np.array_equal(upsample_chroma(chroma, np.zeros((9, 7), np.float32)), chroma)


def test_the_guide_is_bounded_and_keeps_the_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    """400 x 100 with at most 10,000 pixels is 200 x 50."""
    picture = np.zeros((400, 100, 3), np.uint8)
    assert guide_chroma(constant(8, 8), picture).shape == (2, 400, 100)
    monkeypatch.setattr(guided, "GUIDE_PIXELS", 10_000)
    assert guide_chroma(constant(8, 8), picture).shape == (2, 200, 50)
    monkeypatch.setattr(guided, "GUIDE_PIXELS", 100)
    assert guide_chroma(constant(8, 8), np.zeros((1, 5000, 3), np.uint8)).shape[1] == 1


def test_inputs_are_not_written_to() -> None:
    rng = np.random.default_rng(0)
    chroma, picture = rng.random((2, 8, 8), dtype=np.float32), grey_picture(40, 30)
    before = chroma.copy(), picture.copy()
    guide_chroma(chroma, picture)
    assert np.array_equal(chroma, before[0]) and np.array_equal(picture, before[1])
