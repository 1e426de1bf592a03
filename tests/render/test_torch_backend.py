"""PyTorch as what runs a network."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from deoldify_lite.errors import RenderError
from deoldify_lite.models.build import build_network
from deoldify_lite.render.torch_backend import TorchBackend, is_out_of_memory
from helpers.pictures import grey_picture

LUMAS = np.stack([grey_picture(64, 64)[..., 0], grey_picture(64, 64)[::-1, :, 0]])


class Failing(nn.Module):
    """Raises what it is given."""

    predicts_rgb = False
    chroma_stride = 2

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error

    def predict_chroma(self, luma: Tensor) -> Tensor:
        raise self.error


def test_it_gives_what_the_network_gives(tiny_weights: Path) -> None:
    network = build_network(None, tiny_weights)
    with torch.inference_mode():
        expected = network.predict_chroma(torch.from_numpy(LUMAS)[:, None].float() / 255).numpy()
    backend = TorchBackend(network, device="cpu", precision="fp32")
    found = backend.predict(LUMAS)
    assert found.shape == (2, 2, 32, 32) and found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert (backend.predict(LUMAS) == found).all()  # to the bit


@pytest.mark.parametrize(("precision", "levels"), [("bf16", 3), ("fp16", 0.5)])
def test_less_precision_is_close_to_float32(tiny_weights: Path, precision: str, levels: float) -> None:
    exact, fast = (
        TorchBackend(build_network(None, tiny_weights), device="cpu", precision=name).predict(LUMAS)
        for name in ("fp32", precision)
    )
    assert fast.dtype == np.float32 and (exact != fast).any()
    assert np.abs(exact - fast).max() < levels / 255


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        RuntimeError("DefaultCPUAllocator: not enough memory: you tried to allocate 1 bytes"),
        RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"),
        MemoryError(),
    ],
)
def test_out_of_memory_has_one_name(error: Exception) -> None:
    with pytest.raises(MemoryError, match=str(error)[:10] or "MemoryError"):
        TorchBackend(Failing(error), device="cpu").predict(LUMAS)


def test_what_torch_says_when_memory_really_runs_out_is_recognised() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 50, dtype=torch.uint8)
    assert is_out_of_memory(caught.value)


def test_other_failures_are_errors() -> None:
    with pytest.raises(RenderError, match="shapes do not fit"):
        TorchBackend(Failing(RuntimeError("shapes do not fit")), device="cpu").predict(LUMAS)
