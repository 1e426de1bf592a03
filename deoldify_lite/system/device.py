"""The device that a network runs on, and the precision it computes in.

torch takes seconds to load, so it is not asked where the answer is plain without it.
"""

import ctypes
import logging
import platform
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from deoldify_lite.errors import RenderError

if TYPE_CHECKING:
    import torch

log = logging.getLogger(__name__)

_DTYPES = {"fp32": "float32", "bf16": "bfloat16", "fp16": "float16"}


def choose_dtype(device: str, precision: str = "auto") -> "torch.dtype":
    """The type the network computes in.

    Args:
        device: cpu, cuda or mps.
        precision: `fp32`, `bf16`, `fp16`, or `auto` for the fastest that the hardware has units for, and
            float32 where it has none.
    """
    import torch

    if precision != "auto":
        dtype: torch.dtype = getattr(torch, _DTYPES[precision])
        return dtype
    if device == "cuda":
        # Older cards emulate bfloat16, slowly. Those before Volta are slow at half precision, too.
        if torch.cuda.is_bf16_supported(including_emulation=False):
            return torch.bfloat16
        return torch.float16 if torch.cuda.get_device_capability() >= (7, 0) else torch.float32
    if device == "cpu":
        # Without units for it, bfloat16 is emulated and slower than float32. The tests are private to
        # torch and not in every version; where they are missing, float32 is never wrong.
        tests = ("_is_amx_tile_supported", "_is_avx512_bf16_supported")
        fast = any(getattr(torch.cpu, test, bool)() for test in tests)
        return torch.bfloat16 if fast else torch.float32
    return torch.float32


def autocast(device: "torch.device", dtype: "torch.dtype") -> "torch.autocast":
    """A context in which convolutions compute in a type that `choose_dtype` has chosen."""
    import torch

    return torch.autocast(device.type, dtype, enabled=dtype != torch.float32)


# What drivers leave on Linux: Nvidia's, AMD's, and that of Windows' own Linux.
_NVIDIA, _AMD, _WSL = ("/dev/nvidia0", "/dev/nvidiactl"), ("/dev/kfd",), ("/dev/dxg",)


def choose_device(name: str) -> str:
    """The device of that name, `cpu`, `cuda` or `mps`; for `auto`, the fastest that there is.

    `cuda` stands for AMD's GPUs, too, which builds of torch for ROCm give this name.

    Raises:
        RenderError: this machine has no such device; the message says why, and what to do.
    """
    if name == "cpu" or (name == "auto" and not _may_have_gpu()):
        return "cpu"
    import torch

    found = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        chosen = next(device for device, is_there in found.items() if is_there)
        if chosen == "cpu" and (maker := _maker_of_gpu()):
            log.info("the CPU does the work, as torch cannot use the %s GPU here: %s", maker, _remedy("cuda"))
        return chosen
    if not found[name]:
        raise RenderError(
            f"this machine has no {name} device that torch can use: {_remedy(name)}, or use --device auto"
        )
    return name


def _remedy(device: str) -> str:
    """Return what may bring a device that torch does not find."""
    import torch

    if device == "mps":
        if torch.backends.mps.is_built():
            return "it needs an Apple processor, and macOS 14 or newer"
        return "only Macs have one"
    if _maker_of_gpu() == "AMD":
        if torch.version.hip:
            return "update ROCm, and see whether it supports this GPU"
        return "this torch is not built for AMD's GPUs: install its build for ROCm (https://pytorch.org)"
    if not (torch.version.cuda or torch.version.hip):
        return "this torch is built for CPUs alone: install its build for CUDA (https://pytorch.org)"
    return "update the GPU's driver; `nvidia-smi` shows whether it works"


def _maker_of_gpu() -> str:
    """Return whose driver there is on Linux, Nvidia or AMD; empty if neither is."""
    if sys.platform != "linux":
        return ""
    return next((maker for maker, files in (("Nvidia", _NVIDIA), ("AMD", _AMD)) if _is_any(files)), "")


def _may_have_gpu() -> bool:
    """Whether it pays to ask torch; wrong only in saying yes."""
    if sys.platform == "linux":
        return _is_any((*_NVIDIA, *_AMD, *_WSL))
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    try:
        ctypes.CDLL("nvcuda.dll")
    except OSError:
        return sys.platform != "win32"
    return True


def _is_any(files: Sequence[str]) -> bool:
    return any(Path(file).exists() for file in files)
