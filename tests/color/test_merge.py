"""Luma and chroma joined at full size, in strips."""

import numpy as np
import pytest
import torch

from deoldify_lite.color import merge
from deoldify_lite.color.merge import chroma_of_rgb, merge_picture
from deoldify_lite.color.tensors import chroma_of, merge_luma_chroma


def merged_by_torch(picture: np.ndarray, chroma: np.ndarray) -> np.ndarray:
    """The same by `color.tensors`, unrounded."""
    top = np.iinfo(picture.dtype).max
    luma = torch.from_numpy(picture.astype(np.float32) / top).permute(2, 0, 1)[None]
    weights = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)
    stretched = torch.nn.functional.interpolate(
        torch.from_numpy(chroma)[None], picture.shape[:2], mode="bilinear", align_corners=False
    )
    rgb = merge_luma_chroma((luma * weights).sum(1, keepdim=True), stretched)
    return top * rgb[0].permute(1, 2, 0).numpy()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("strength", [0.1, 0.5])  # the latter leaves the RGB cube nearly everywhere
def test_merging_in_strips_is_merging_whole(dtype: type, strength: float) -> None:
    rng = np.random.default_rng(0)
    chroma = rng.uniform(-strength, strength, (2, 12, 10)).astype(np.float32)
    picture = rng.integers(0, np.iinfo(dtype).max, (150, 90, 3), dtype=dtype, endpoint=True)
    expected = merged_by_torch(picture, chroma)
    found = merge_picture(picture, chroma).astype(float)
    # Of 16 bits, what float32 rounds differently counts, too.
    assert np.abs(found - expected).max() <= (0.51 if dtype == np.uint8 else 0.6)


def test_chroma_of_a_picture_is_that_of_tensors() -> None:
    rgb = np.random.default_rng(0).random((9, 7, 3), np.float32)
    expected = chroma_of(torch.from_numpy(rgb).permute(2, 0, 1)[None])[0].numpy()
    np.testing.assert_allclose(chroma_of_rgb(rgb), expected, atol=1e-6)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_picture_may_be_merged_in_its_place(dtype: type, monkeypatch: pytest.MonkeyPatch) -> None:
    """And in blocks of rows, as a huge one is, it comes out as whole."""
    rng = np.random.default_rng(0)
    chroma = rng.uniform(-0.3, 0.3, (2, 40, 30)).astype(np.float32)
    picture = rng.integers(0, np.iinfo(dtype).max, (333, 90, 3), dtype=dtype, endpoint=True)
    expected = merge_picture(picture, chroma)
    monkeypatch.setattr(merge, "_STRETCHED_PIXELS", 90 * 40)
    assert merge_picture(picture, chroma, into=picture) is picture
    assert np.abs(picture.astype(int) - expected).max() <= 1
