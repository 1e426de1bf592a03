"""The device that a network runs on, and the precision it computes in.

torch takes seconds to load, so it is not asked where the answer is plain without it.
"""

import ctypes
import platform
import sys
from pathlib import Path

from deoldify_lite.errors import RenderError

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
