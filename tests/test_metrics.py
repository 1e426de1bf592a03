"""Metrics against values computed by hand."""

import pytest
import torch

from deoldify_lite.metrics import colorfulness, psnr


def test_psnr_of_a_constant_error() -> None:
    truth = torch.rand(2, 3, 4, 4) * 0.5
    assert psnr(truth + 0.1, truth).tolist() == pytest.approx([20.0, 20.0], abs=1e-3)


def test_colorfulness_of_grey_is_zero() -> None:
    assert colorfulness(torch.rand(1, 1, 5, 5).expand(1, 3, 5, 5)).item() == pytest.approx(0, abs=1e-4)


def test_colorfulness_of_half_red_half_green() -> None:
    """rg is +-255 (spread 255, mean 0); yb is 127.5 everywhere (spread 0): 255 + 0.3 * 127.5."""
    rgb = torch.zeros(1, 3, 1, 2)
    rgb[0, 0, 0, 0] = rgb[0, 1, 0, 1] = 1
    assert colorfulness(rgb).item() == pytest.approx(255 + 0.3 * 127.5)
