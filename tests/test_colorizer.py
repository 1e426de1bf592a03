"""The network at work on pictures in memory."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import grey_picture
from torch import Tensor, nn

from deoldify_lite.color import luma_of
from deoldify_lite.colorizer import (
    Colorizer,
    OutOfMemoryError,
    choose_device,
    is_out_of_memory,
    merge_picture,
)
from deoldify_lite.errors import RenderError
from deoldify_lite.models.build import build_network


class Fixed(nn.Module):
    """Gives one chroma everywhere, or fails in a chosen way above a batch size."""

    predicts_rgb = False
    chroma_stride = 4

    def __init__(
        self, chroma: Sequence[float] = (-0.1, 0.2), *, most: int = 99, error: Exception | None = None
    ) -> None:
        super().__init__()
        self.chroma, self.most, self.error = chroma, most, error
        self.batches: list[int] = []

    def predict_chroma(self, luma: Tensor) -> Tensor:
        self.batches.append(len(luma))
        if self.error and len(luma) > self.most:
            raise self.error
        side = luma.shape[-1] // self.chroma_stride
        return torch.tensor(self.chroma).view(1, 2, 1, 1).expand(len(luma), 2, side, side)


def luma_levels(picture: np.ndarray) -> np.ndarray:
    rgb = torch.from_numpy(picture.astype(np.float64)).permute(2, 0, 1)[None]
    return luma_of(rgb)[0, 0].numpy()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("size", [(1, 1), (3, 200), (130, 67), (301, 203)])
def test_color_comes_in_and_luma_stays(
    tiny_weights: Path, size: tuple[int, int], dtype: type[np.unsignedinteger]
) -> None:
    picture = grey_picture(*size).astype(dtype) * (1 if dtype == np.uint8 else 257)
    colorizer = Colorizer(build_network(None, tiny_weights), render_factor=4, device="cpu")
    result = colorizer.colorize(picture)
    assert result.shape == picture.shape and result.dtype == picture.dtype
    assert np.abs(luma_levels(result) - luma_levels(picture)).max() <= 0.51  # levels of its own depth
    if min(size) > 1:
        assert np.ptp(result.astype(int), axis=2).max() > 0.05 * np.iinfo(dtype).max


def test_a_picture_already_in_color_keeps_its_luma_too() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    result = Colorizer(Fixed(), render_factor=2, device="cpu").colorize(picture)
    assert np.abs(luma_levels(result) - luma_levels(picture)).max() <= 0.51


def test_merging_in_strips_is_merging_whole() -> None:
    """Bilinear stretching row by row equals torch's, at any size, larger or smaller than the chroma."""
    rng = np.random.default_rng(0)
    chroma = rng.uniform(-0.1, 0.1, (2, 12, 10)).astype(np.float32)
    picture = np.full((150, 90, 3), 128, np.uint8)
    stretched = torch.nn.functional.interpolate(
        torch.from_numpy(chroma)[None], (150, 90), mode="bilinear", align_corners=False
    )[0].numpy()
    red = 128 + 255 * 1.402 * stretched[1]
    assert np.abs(merge_picture(picture, chroma)[..., 0] - red).max() <= 0.51


def test_saturation_scales_chroma() -> None:
    square = np.full((32, 32), 128, np.uint8)
    plain = Colorizer(Fixed(), render_factor=2, device="cpu").predict_chroma([square])
    double = Colorizer(Fixed(), render_factor=2, device="cpu", saturation=2.0).predict_chroma([square])
    np.testing.assert_allclose(double, 2 * plain)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 1 bytes"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        MemoryError(),
    ],
)
def test_out_of_memory_halves_the_batch_and_never_gives_grey(error: Exception) -> None:
    network = Fixed(most=1, error=error)
    colorizer = Colorizer(network, render_factor=2, device="cpu", dtype=torch.float32)
    squares = [np.full((32, 32), 128, np.uint8)] * 5
    np.testing.assert_allclose(colorizer.predict_chroma(squares)[:, 1].mean(axis=(1, 2)), 0.2, rtol=1e-6)
    assert max(network.batches) == 5 and network.batches.count(1) == 5
    network.most = 0
    with pytest.raises(OutOfMemoryError, match="render factor 2"):
        colorizer.predict_chroma(squares)


def test_what_torch_says_when_memory_really_runs_out_is_recognised() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 50, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)


def test_other_failures_and_nonsense_are_errors() -> None:
    squares = [np.zeros((32, 32), np.uint8)]
    with pytest.raises(RenderError, match="shapes do not fit"):
        Colorizer(
            Fixed(most=0, error=RuntimeError("shapes do not fit")), render_factor=2, device="cpu"
        ).predict(squares)
    with pytest.raises(RenderError, match="not numbers"):
        Colorizer(Fixed((float("nan"), 0)), render_factor=2, device="cpu").predict(squares)


def test_a_device_that_is_not_there() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(RenderError, match="no cuda device"):
        choose_device("cuda")


def test_bfloat16_is_close_to_float32(tiny_weights: Path) -> None:
    squares = [grey_picture(64, 64)[..., 0]]
    exact, fast = (
        Colorizer(
            build_network(None, tiny_weights), render_factor=4, device="cpu", dtype=dtype
        ).predict_chroma(squares)
        for dtype in (torch.float32, torch.bfloat16)
    )
    assert np.abs(exact - fast).max() < 3 / 255
