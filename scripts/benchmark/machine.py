"""The machine of a benchmark: what it is, and the fastest matrix product that it is seen to do."""

import os
import platform
import subprocess
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch
from report import Report

from deoldify_lite.system.device import choose_dtype
from deoldify_lite.system.machine import cores

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
# What a processor may have for bfloat16 and 8-bit products, by the names of /proc/cpuinfo.
UNITS = ("amx_bf16", "amx_int8", "avx512_bf16", "avx512_vnni")


def best_s(function: Callable[[], object], *, budget_s: float = 3.0, least: int = 2) -> float:
    """Seconds of the shortest of some runs: on a shared machine the others tell of the neighbours.

    Args:
        function: what is timed; called once before.
        budget_s: no run is begun after so many seconds.
        least: but so many are.
    """
    function()
    best, runs, end = float("inf"), 0, time.perf_counter() + budget_s
    while runs < least or time.perf_counter() < end:
        began = time.perf_counter()
        function()
        best = min(best, time.perf_counter() - began)
        runs += 1
    return best


def precisions_of(device: str) -> list[str]:
    """What a network can be run in there, fast; float32 first."""
    if device == "cuda":
        return ["fp32", "bf16", "fp16"]
    return ["fp32", "bf16"] if choose_dtype(device) == torch.bfloat16 else ["fp32"]


def benchmark_machine(report: Report, device: str) -> dict[str, float]:
    """Tell of the machine.

    Returns:
        The highest GFLOP/s of a square matrix product, over some sizes, for each precision.
    """
    lines = _cpuinfo()
    flags = lines.get("flags", "").split()
    facts = {
        "processor": lines.get("model name") or platform.processor() or platform.machine(),
        "cores": str(cores()),
        "units": ", ".join(unit for unit in UNITS if unit in flags) or "none known",
        "GPU": torch.cuda.get_device_name() if torch.cuda.is_available() else "none",
        "used": device,
        "Python": platform.python_version(),
        "torch": torch.__version__,
        "openvino": _version("openvino"),
        "ffmpeg": _ffmpeg_version(),
    }
    if hasattr(os, "getloadavg"):
        load = os.getloadavg()[0]
        facts["load before"] = f"{load:.1f}" + (
            " (others are at work: figures are low)" if load > 0.5 else ""
        )
    report.table("machine", [{"": name, " ": fact} for name, fact in facts.items()])
    peaks = {precision: _matrix_peak(device, DTYPES[precision]) for precision in precisions_of(device)}
    report.table(
        f"matrix products on {device}, torch, at best",
        [{"precision": precision, "GFLOP/s": peak} for precision, peak in peaks.items()],
    )
    return peaks


def _matrix_peak(device: str, dtype: torch.dtype) -> float:
    best = 0.0
    for n in (4096, 8192, 16384) if device == "cuda" else (1024, 2048, 4096):
        a = torch.rand(n, n, device=device, dtype=dtype)

        def multiply(a: torch.Tensor = a) -> None:
            a @ a
            if device != "cpu":
                getattr(torch, device).synchronize()

        best = max(best, 2 * n**3 / best_s(multiply, budget_s=1, least=3) / 1e9)
    return best


def _cpuinfo() -> dict[str, str]:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return {}
    pairs = (line.partition(":") for line in text.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


def _ffmpeg_version() -> str:
    try:
        done = subprocess.run(
            ["ffmpeg", "-version"], stdin=subprocess.DEVNULL, capture_output=True, text=True
        )
    except OSError:
        return "none"
    return done.stdout.split(" Copyright")[0].removeprefix("ffmpeg version ")
