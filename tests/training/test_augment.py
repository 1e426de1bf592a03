"""Crops stay inside the photo and keep its hues; ageing depends on seed and picture alone."""

import math

import numpy as np
import pytest
import torch

from deoldify_lite.color.bt601 import LUMA_BLUE, LUMA_GREEN, LUMA_RED
from deoldify_lite.color.tensors import luma_of
from deoldify_lite.training.augment import (
    Augmentation,
    _blur,
    _marks,
    age,
    emulsion_luma,
    emulsion_weights,
    random_crop,
)

TURNED = Augmentation(
    min_area=1.0, rotation_deg=5.0, rotated=1.0, brightness=0.0, contrast=0.0, saturation=0.0
)
JITTERED = Augmentation(rotated=0.0, brightness=0.1, contrast=0.2, saturation=0.3)


def test_crops_have_their_size_and_a_seed() -> None:
    photo = np.random.default_rng(0).integers(0, 256, (50, 70, 3), dtype=np.uint8)
    for size_px in (16, 64):
        first, again, other = (random_crop(photo, size_px, np.random.default_rng(s)) for s in (1, 1, 2))
        assert first.shape == (size_px, size_px, 3) and first.dtype == np.uint8
        np.testing.assert_array_equal(first, again)
        assert (first != other).any()


@pytest.mark.parametrize("size_px", [20, 41])
def test_a_turned_crop_is_turned_and_shows_no_border(size_px: int) -> None:
    """On a ramp of x, a plane fitted to the crop tells its angle and scale; what is outside would be 0."""
    ramp = np.repeat(100 + np.arange(40.0)[None, :, None].repeat(40, 0) * 3, 3, axis=2).astype(np.uint8)
    y, x = np.mgrid[:size_px, :size_px].reshape(2, -1)
    angles = set()
    for seed in range(20):
        crop = random_crop(ramp, size_px, np.random.default_rng(seed), augmentation=TURNED)
        assert crop.min() >= 100
        values = crop[..., 0].reshape(-1).astype(float)
        across, down, _ = np.linalg.lstsq(np.stack([x, y, np.ones_like(x)], 1), values, rcond=None)[0]
        angle = math.atan2(down, across if across > 0 else -across)
        assert abs(math.degrees(angle)) < 5.5
        upright_px = size_px * (math.cos(angle) + abs(math.sin(angle)))
        assert math.hypot(across, down) == pytest.approx(3 * 40 / upright_px, rel=0.06)
        angles.add((round(math.degrees(angle)), across > 0))
    assert len(angles) > 5 and {mirrored for _, mirrored in angles} == {True, False}


def test_shrinking_does_not_alias() -> None:
    """A board of single pixels is even grey when small; sampled without averaging it would be any pattern."""
    board = np.repeat((np.indices((240, 240)).sum(0) % 2 * 200)[..., None], 3, axis=2).astype(np.uint8)
    for seed in range(5):
        crop = random_crop(board, 40, np.random.default_rng(seed), augmentation=TURNED)
        np.testing.assert_allclose(crop, 100, atol=22)


def test_jitter_keeps_hue_and_grey() -> None:
    """B - Y and R - Y of (140, 100, 80) keep their ratio; grey stays grey."""
    scales, lumas = set(), set()
    for seed in range(20):
        rng = np.random.default_rng(seed)
        color = random_crop(np.full((8, 8, 3), (140, 100, 80), np.uint8), 4, rng, augmentation=JITTERED)[0, 0]
        luma = float(color @ np.array([LUMA_RED, LUMA_GREEN, LUMA_BLUE]))
        red, blue = color[0] - luma, color[2] - luma  # were 30.3 and -29.7
        assert red / blue == pytest.approx(30.3 / -29.7, rel=0.08)
        scales.add(round(red / 30.3, 1))
        lumas.add(round(luma))
        grey = random_crop(np.full((8, 8, 3), 90, np.uint8), 4, rng, augmentation=JITTERED)
        assert np.ptp(grey) <= 1  # rounding
    assert min(scales) >= 0.5 and max(scales) <= 1.6 and len(scales) > 3 and len(lumas) > 8


def test_age_keeps_shape_range_and_its_argument() -> None:
    luma = torch.rand(40, 1, 24, 20)
    before = luma.clone()
    aged = age(luma, seed=1, strength=2.0, pixel_noise=0.5)
    assert aged.shape == luma.shape and aged.min() >= 0 and aged.max() <= 1
    assert torch.equal(luma, before)
    assert torch.equal(aged, age(luma, seed=1, strength=2.0, pixel_noise=0.5))
    assert not torch.equal(aged, age(luma, seed=(1, 1), strength=2.0, pixel_noise=0.5))


def test_age_draws_for_each_picture_alone() -> None:
    """A process that has pictures 5 to 11 of a batch ages them as the one that has all."""
    luma = torch.rand(16, 1, 24, 20)
    whole = age(luma, seed=(3, 4), pixel_noise=0.1)
    part = age(luma[5:12], seed=(3, 4), first=5, pixel_noise=0.1)
    torch.testing.assert_close(part, whole[5:12], rtol=0, atol=1e-6)


def test_a_quarter_stays_young_and_no_strength_means_no_change() -> None:
    luma = torch.rand(400, 1, 8, 8)
    same = (age(luma, seed=0) == luma).flatten(1).all(1)
    assert 0.25 * 400 - 30 < same.sum().item() < 0.25 * 400 + 30  # 3.5 standard deviations
    torch.testing.assert_close(age(luma, seed=0, strength=0.0), luma, rtol=0, atol=2e-4)


def test_pixel_noise_strikes_some_pixels_by_so_much_at_most() -> None:
    luma = torch.full((30, 1, 40, 40), 0.5)
    change = (age(luma, seed=0, strength=0.0, pixel_noise=0.1) - luma).abs()
    assert 0.098 < change.max().item() <= 0.1001
    share = (change > 1e-6).float().mean((1, 2, 3))
    assert share.max() < 0.45 and share.min() < 0.1
    assert share.mean().item() == pytest.approx(0.2, abs=0.08)  # of shares between 0.001 and 0.4


def test_blur_spreads_a_point_by_its_sigma() -> None:
    points = torch.zeros(3, 1, 15, 15)
    points[:, :, 7, 7] = 1
    blurred = _blur(points, np.array([0.0, 0.8, 0.0], np.float32))
    assert torch.equal(blurred[[0, 2]], points[[0, 2]])
    assert blurred[1].sum().item() == pytest.approx(1, abs=1e-5)
    place = torch.arange(15) - 7.0
    assert (blurred[1, 0].sum(0) * place**2).sum().item() == pytest.approx(0.8**2, rel=0.02)


def test_scratches_run_along_the_film() -> None:
    for seed in range(10):
        marks = _marks(np.random.default_rng(seed), 100, 80, 1.0, 0.0)
        columns, rows = (marks.any(axis).sum() for axis in (0, 1))
        assert rows > columns or rows < 8  # a few only touch the picture
    assert not _marks(np.random.default_rng(0), 100, 80, 0.0, 0.0).any()
    dust = _marks(np.random.default_rng(0), 100, 80, 0.0, 0.5)
    assert 0 < (dust > 0).mean() < 0.05 and dust.max() <= 128


def test_emulsions() -> None:
    rgb = torch.rand(6, 3, 5, 4)
    ordinary = emulsion_weights(6, seed=1, share=0.0)
    torch.testing.assert_close(emulsion_luma(rgb, ordinary), luma_of(rgb))
    old = emulsion_weights(6, seed=1, share=1.0)
    torch.testing.assert_close(old.sum(1), torch.ones(6))
    assert (old[:, 0] <= 0.7 * LUMA_RED + 1e-6).all() and (old[:, 2] > LUMA_BLUE).all() and (old >= 0).all()
    torch.testing.assert_close(emulsion_weights(2, seed=1, first=3, share=1.0), old[3:5])
    white = emulsion_luma(torch.ones(6, 3, 1, 1), old)
    torch.testing.assert_close(white, torch.ones(6, 1, 1, 1))


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA GPU")
def test_age_on_a_gpu() -> None:
    """The tone of a picture is the same on every device; grain and noise are the device's own."""
    luma = torch.rand(32, 1, 32, 32)
    here, there = age(luma, seed=1), age(luma.cuda(), seed=1)
    assert there.is_cuda and torch.equal(there, age(luma.cuda(), seed=1))
    torch.testing.assert_close(there.cpu().mean((1, 2, 3)), here.mean((1, 2, 3)), rtol=0, atol=0.02)
