"""The device that a network runs on, and the precision it computes in.

torch takes seconds to load, so it is not asked where the answer is plain without it.
"""

import ctypes
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from deoldify_lite.errors import RenderError

if TYPE_CHECKING:
    import torch

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


# What drivers of GPUs leave on Linux: Nvidia's, AMD's, and that of Windows' own Linux.
_LINUX_DRIVERS = ("/dev/nvidia0", "/dev/nvidiactl", "/dev/kfd", "/dev/dxg")


def choose_device(name: str) -> str:
    """The device of that name, `cpu`, `cuda` or `mps`; for `auto`, the fastest that there is.

    Raises:
        RenderError: this machine has no such device.
    """
    if name == "cpu" or (name == "auto" and not _may_have_gpu()):
        return "cpu"
    import torch

    found = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return next(device for device, is_there in found.items() if is_there)
    if not found[name]:
        raise RenderError(f"this machine has no {name} device that torch can use: try --device auto")
    return name


def _may_have_gpu() -> bool:
    """Whether it pays to ask torch; wrong only in saying yes."""
    if sys.platform == "linux":
        return any(Path(driver).exists() for driver in _LINUX_DRIVERS)
    if sys.platform == "darwin":
        return platform.machine() == "arm64"
    try:
        ctypes.CDLL("nvcuda.dll")
    except OSError:
        return sys.platform != "win32"
    return True
