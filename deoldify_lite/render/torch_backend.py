"""Networks run by PyTorch: on any processor, on CUDA and on Apple's GPUs."""

from typing import Any, Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from deoldify_lite.errors import RenderError
from deoldify_lite.system.device import choose_dtype
from deoldify_lite.system.machine import cores


class ChromaNetwork(Protocol):
    """What a `TorchBackend` needs of a network, which must be an `nn.Module`, too."""

    predicts_rgb: bool  # whether it gives a whole picture, as DeOldify's do
    chroma_stride: int  # input pixels to a chroma pixel, along a side

    def predict_chroma(self, luma: Tensor) -> Tensor:
        """(N, 1, H, W) in [0, 1] -> (N, 2, h, w) in [-0.5, 0.5]."""

    def predict_rgb(self, luma: Tensor) -> Tensor:
        """(N, 1, H, W) in [0, 1] -> (N, 3, H, W) RGB in [0, 1]; only if `predicts_rgb`."""

    def eval(self) -> Any:
        """Switch to rendering."""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error means that memory ran out, on a GPU or not."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    # The CPU allocators, MPS and CUDA's libraries raise plain RuntimeErrors; only the texts differ.
    words = ("out of memory", "not enough memory", "can't allocate memory", "alloc_failed")
    return isinstance(error, RuntimeError) and any(word in str(error).lower() for word in words)


class DescribingNetwork(ChromaNetwork, Protocol):
    """A network that also gives what it sees."""

    describes: bool  # true

    def predict_described(self, luma: Tensor) -> tuple[Tensor, ...]:
        """Chroma and features, as `models.unet.Unet` says."""


class TorchBackend:
    """A network in eager mode.

    Args:
        network: see `models.build`.
        device: cpu, cuda or mps.
        precision: as for `choose_dtype`.
    """

    def __init__(self, network: ChromaNetwork, *, device: str, precision: str = "auto") -> None:
        self.device = device
        self.dtype = choose_dtype(device, precision)
        self.predicts_rgb = network.predicts_rgb
        self.chroma_stride = network.chroma_stride
        self.describes: bool = getattr(network, "describes", False)
        if device == "cpu":
            torch.set_num_threads(cores())
        if device == "cuda":
            # Pictures of few sizes come again and again: the search for the fastest kernels pays.
            torch.backends.cudnn.benchmark = True
        self.network = network.eval().to(device=device, dtype=self.dtype, memory_format=torch.channels_last)

    def predict(self, lumas: NDArray[np.uint8]) -> NDArray[np.float32]:
        """As `colorizer.Backend` says."""
        return self._try(lumas, described=False)[0]

    def predict_described(self, lumas: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        """As `colorizer.Describing` says."""
        return self._try(lumas, described=True)

    def _try(self, lumas: NDArray[np.uint8], *, described: bool) -> tuple[NDArray[np.float32], ...]:
        shortage = ""
        try:
            return self._run(lumas, described=described)
        except (RuntimeError, MemoryError) as error:
            if not is_out_of_memory(error):
                raise RenderError(f"the network failed: {error}") from error
            shortage = (str(error) or type(error).__name__).splitlines()[0]
        # Only here, after the block, is what the failed attempt held in memory given back.
        if self.device == "cuda":
            torch.cuda.empty_cache()
        raise MemoryError(shortage)

    @torch.inference_mode()
    def _run(self, lumas: NDArray[np.uint8], *, described: bool) -> tuple[NDArray[np.float32], ...]:
        batch = torch.from_numpy(lumas)[:, None]
        if self.device == "cuda":
            # From locked memory the copy runs beside the GPU's work on the batch before.
            batch = batch.pin_memory()
        luma = (batch.to(self.device, non_blocking=True).float() / 255).to(self.dtype)
        if described:
            results = cast("DescribingNetwork", self.network).predict_described(luma)
        else:
            predict = self.network.predict_rgb if self.predicts_rgb else self.network.predict_chroma
            results = (predict(luma),)
        return tuple(np.asarray(one.float().cpu().numpy()) for one in results)
