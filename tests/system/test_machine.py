"""Cores and memory, within a container's limits."""

import os
from pathlib import Path

import psutil
import pytest

from deoldify_lite import api
from deoldify_lite.system import machine


@pytest.fixture
def cgroup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(machine, "_CGROUP", tmp_path)
    monkeypatch.setattr(machine, "_most_cores", None)
    return tmp_path


def test_without_limits_all_is_ours(cgroup: Path) -> None:
    assert 1 <= machine.cores() <= (os.cpu_count() or 1)
    (cgroup / "cpu.max").write_text("max 100000\n")
    (cgroup / "memory.max").write_text("max\n")
    assert 1 <= machine.cores() <= (os.cpu_count() or 1)
    assert 0 < machine.free_memory("cpu") <= psutil.virtual_memory().total


def test_a_container_may_have_less(cgroup: Path) -> None:
    (cgroup / "cpu.max").write_text("100000 100000\n")
    (cgroup / "memory.max").write_text("9000000\n")
    (cgroup / "memory.current").write_text("2000000\n")
    assert machine.cores() == 1 and machine.free_memory("cpu") == 7_000_000
    (cgroup / "cpu.max").write_text("20000 100000\n")
    assert machine.cores() == 1  # a fifth of one


def test_batches_fit_into_memory(tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rendering = api.settle(weights=tiny_weights, device="cpu", render_factor=64)
    one = 600 * 1024**2
    for free, expected in ((0, 1), (2 * one, 1), (2 * 3 * one, 3), (100 * one, 4)):
        monkeypatch.setattr("deoldify_lite.render.rendering.free_memory", lambda _, free=free: free)
        assert rendering.batch_size(None) == expected
    assert rendering.batch_size(9) == 9
