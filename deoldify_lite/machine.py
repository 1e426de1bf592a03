"""What this machine has to give: cores and free memory, also within a container's limits."""

import os
from pathlib import Path

import psutil

_CGROUP = Path("/sys/fs/cgroup")  # of the container itself, as seen within (version 2)


def cores() -> int:
    """Cores that this process may keep busy."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota, _, period = _limit("cpu.max").partition(" ")
    return max(1, min(allowed, int(quota) // int(period))) if quota.isdigit() else allowed


def free_memory(device: str) -> int:
    """Bytes that a device, cpu, cuda or mps, could still give without harm to others."""
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
