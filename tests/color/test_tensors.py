"""Colour maths: what must hold by definition."""

import numpy as np
import pytest
import torch

from deoldify_lite.color.tensors import (
    chroma_of,
    color_difference,
    luma_of,
    merge_luma_chroma,
    resize_chroma,
)


def test_luma_and_chroma_of_known_colors() -> None:
    """BT.601 at full range, computed by hand for the primaries."""
    rgb = torch.tensor([[1.0, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]]).view(4, 3, 1, 1)
    assert luma_of(rgb).flatten().tolist() == pytest.approx([0.299, 0.587, 0.114, 1.0])
    chroma = chroma_of(rgb).flatten(1)
    expected = [[-0.168736, 0.5], [-0.331264, -0.418688], [0.5, -0.081312], [0, 0]]
    np.testing.assert_allclose(chroma, expected, atol=1e-6)


def test_luma_and_color_difference_add_up_to_the_picture() -> None:
    rgb = torch.rand(2, 3, 9, 7)
    torch.testing.assert_close(luma_of(rgb) + color_difference(chroma_of(rgb)), rgb)


def test_color_difference_has_no_luma() -> None:
    difference = color_difference(torch.rand(1, 2, 5, 5) - 0.5)
    assert luma_of(difference).abs().max() < 1e-6


def test_zero_chroma_gives_grey() -> None:
    luma = torch.rand(1, 1, 6, 8)
    assert torch.equal(merge_luma_chroma(luma, torch.zeros(1, 2, 3, 3)), luma.expand(1, 3, 6, 8))


def test_merge_keeps_luma_even_where_color_does_not_fit() -> None:
    """Black, white and all between, with chroma far outside the RGB cube."""
    luma = torch.linspace(0, 1, 64).view(1, 1, 1, 64)
    chroma = torch.tensor([0.5, -0.5]).view(1, 2, 1, 1)
    rgb = merge_luma_chroma(luma, chroma)
    assert rgb.min() >= 0 and rgb.max() <= 1
    torch.testing.assert_close(luma_of(rgb), luma, atol=1e-6, rtol=0)
    assert torch.equal(rgb[..., 0], torch.zeros(1, 3, 1)) and torch.equal(rgb[..., -1], torch.ones(1, 3, 1))


def test_merge_keeps_chroma_where_it_fits() -> None:
    rgb = 0.3 + 0.4 * torch.rand(1, 3, 8, 8)
    torch.testing.assert_close(merge_luma_chroma(luma_of(rgb), chroma_of(rgb)), rgb, atol=1e-6, rtol=0)


def test_resizing_and_taking_chroma_commute() -> None:
    """So chroma may be predicted small and stretched, as DeOldify stretches its RGB."""
    rgb = torch.rand(1, 3, 8, 8, dtype=torch.float64)
    size = (19, 13)
    first = chroma_of(torch.nn.functional.interpolate(rgb, size, mode="bilinear", antialias=True))
    torch.testing.assert_close(resize_chroma(chroma_of(rgb), size), first, atol=1e-12, rtol=0)
