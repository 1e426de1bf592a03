"""Cores and free memory of this machine, within the limits of the container around it."""

import ctypes
import os
import sys
from pathlib import Path

import psutil

_most_cores: int | None = None  # as `limit_cores` says
_CGROUP = Path("/sys/fs/cgroup")  # of the container itself, as seen within (version 2)


def keep_heap() -> None:
    """Let glibc keep freed memory: the network frees and takes the same megabytes for every batch, and each
    page that comes fresh from the kernel must be cleared first, which costs up to a third of the time."""
    if sys.platform == "linux":
        libc = ctypes.CDLL(None)
        if hasattr(libc, "mallopt"):
            m_trim_threshold, m_mmap_max = -1, -4  # from glibc's malloc.h
            libc.mallopt(m_mmap_max, 0)  # large blocks, too: no threshold for them can be high enough
            libc.mallopt(m_trim_threshold, 1 << 30)


def limit_cores(count: int) -> None:
    """Use at most so many cores from now on, since other workers share this machine."""
    global _most_cores
    _most_cores = count


def cores() -> int:
    """Cores that this process may keep busy."""
    return min(_found_cores(), _most_cores or _found_cores())


def _found_cores() -> int:
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, _, period = _limit("cpu.max").partition(" ")
    return max(1, min(allowed, int(quota) // int(period))) if quota.isdigit() else allowed


def free_memory(device: str) -> int:
    """Free bytes of a device: cpu, cuda or mps."""
    if device == "cuda":
        import torch

        free: int = torch.cuda.mem_get_info()[0]
        return free
    free = psutil.virtual_memory().available
    limit, used = _limit("memory.max"), _limit("memory.current")
    return max(0, min(free, int(limit) - int(used))) if limit.isdigit() and used.isdigit() else free


def _limit(name: str) -> str:
    try:
        return (_CGROUP / name).read_text().strip()
    except OSError:
        return ""
