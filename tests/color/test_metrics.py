"""Metrics against values computed by hand, and against scikit-image where it is there."""

import math

import numpy as np
import pytest
import torch

from deoldify_lite.color.metrics import (
    absolute_colorfulness,
    colorfulness,
    frechet_distance,
    lab_error,
    lab_of,
    psnr,
    ssim,
)


def flat(*rgb: float) -> torch.Tensor:
    """A picture of one colour."""
    return torch.tensor(rgb, dtype=torch.float32).view(1, 3, 1, 1).expand(1, 3, 12, 12)


def test_psnr_of_a_constant_error() -> None:
    truth = torch.rand(2, 3, 4, 4) * 0.5
    assert psnr(truth + 0.1, truth).tolist() == pytest.approx([20.0, 20.0], abs=1e-3)


def test_psnr_of_equal_pictures_is_a_number() -> None:
    assert psnr(flat(1, 0, 0), flat(1, 0, 0)).item() == pytest.approx(100)


def test_ssim_of_flat_pictures() -> None:
    """Only the brightness term is left: (2 x y + C1) / (x^2 + y^2 + C1)."""
    expected = (2 * 0.5 * 0.25 + 1e-4) / (0.5**2 + 0.25**2 + 1e-4)
    assert ssim(flat(0.5, 0.5, 0.5), flat(0.25, 0.25, 0.25)).item() == pytest.approx(expected, abs=1e-5)
    one_of_three = ssim(flat(0.5, 0.5, 0.25), flat(0.5, 0.5, 0.5)).item()
    assert one_of_three == pytest.approx((2 + expected) / 3, abs=1e-5)


def test_ssim_is_that_of_scikit_image() -> None:
    metrics = pytest.importorskip("skimage.metrics")
    truth = torch.rand(2, 3, 20, 31)
    other = (truth + 0.2 * torch.randn_like(truth)).clamp(0, 1)
    expected = [
        metrics.structural_similarity(
            a.permute(1, 2, 0).numpy(),
            b.permute(1, 2, 0).numpy(),
            gaussian_weights=True,
            sigma=1.5,
            use_sample_covariance=False,
            data_range=1,
            channel_axis=2,
        )
        for a, b in zip(other, truth, strict=True)
    ]
    assert ssim(other, truth).tolist() == pytest.approx(expected, abs=1e-5)


def test_ssim_of_a_picture_smaller_than_the_window() -> None:
    tiny = torch.rand(1, 3, 3, 5)
    assert ssim(tiny, tiny).item() == pytest.approx(1)


def test_colorfulness_of_grey_is_zero() -> None:
    grey = torch.rand(1, 1, 5, 5).expand(1, 3, 5, 5)
    assert colorfulness(grey).item() == pytest.approx(0, abs=1e-4)
    assert absolute_colorfulness(grey).item() == pytest.approx(0, abs=1e-4)


def test_colorfulness_of_half_red_half_green() -> None:
    """rg is +-255 (spread 255, mean 0); yb is 127.5 everywhere (spread 0): 255 + 0.3 * 127.5."""
    rgb = torch.zeros(1, 3, 1, 2)
    rgb[0, 0, 0, 0] = rgb[0, 1, 0, 1] = 1
    assert colorfulness(rgb).item() == pytest.approx(255 + 0.3 * 127.5)


def test_absolute_colorfulness_of_half_red_half_green() -> None:
    """|rg| is 255 and |yb| 127.5 everywhere, no spread is left: 0.3 * hypot(255, 127.5)."""
    rgb = torch.zeros(1, 3, 1, 2)
    rgb[0, 0, 0, 0] = rgb[0, 1, 0, 1] = 1
    assert absolute_colorfulness(rgb).item() == pytest.approx(0.3 * math.hypot(255, 127.5))


@pytest.mark.parametrize(
    ("rgb", "lab"),
    [
        ((1, 1, 1), (100, 0, 0)),
        ((0, 0, 0), (0, 0, 0)),
        ((1, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 1, 0), (87.73, -86.18, 83.18)),
        ((0, 0, 1), (32.30, 79.19, -107.86)),
    ],
)
def test_lab_of_known_colors(rgb: tuple[float, ...], lab: tuple[float, ...]) -> None:
    """The published Lab of sRGB's primaries under D65."""
    assert lab_of(flat(*rgb))[0, :, 0, 0].tolist() == pytest.approx(lab, abs=0.02)


def test_lab_error_of_red_and_green() -> None:
    expected = math.hypot(80.09 + 86.18, 67.20 - 83.18)
    assert lab_error(flat(1, 0, 0), flat(0, 1, 0)).item() == pytest.approx(expected, abs=0.05)
    assert lab_error(flat(0.2, 0.2, 0.2), flat(0.9, 0.9, 0.9)).item() == pytest.approx(0, abs=1e-3)


def test_frechet_distance_of_gaussians() -> None:
    """With covariances that commute: |m - m'|^2 + sum of (s - s')^2, s the standard deviations."""
    mean, covariance = torch.zeros(2).double(), torch.diag(torch.tensor([4.0, 9.0])).double()
    other_mean, other = torch.tensor([3.0, 4.0]).double(), torch.diag(torch.tensor([1.0, 0.0])).double()
    assert frechet_distance(mean, covariance, mean, covariance) == pytest.approx(0, abs=1e-9)
    assert frechet_distance(mean, covariance, other_mean, other) == pytest.approx(25 + 1 + 9)


def test_frechet_distance_is_that_of_the_matrix_root() -> None:
    linalg = pytest.importorskip("scipy.linalg")
    rng = np.random.default_rng(0)
    a, b = (np.cov(rng.normal(size=(50, 6)) @ rng.normal(size=(6, 6)), rowvar=False) for _ in range(2))
    expected = np.trace(a + b - 2 * linalg.sqrtm(a @ b).real)
    zero = torch.zeros(6).double()
    found = frechet_distance(zero, torch.from_numpy(a), zero, torch.from_numpy(b))
    assert found == pytest.approx(expected)
