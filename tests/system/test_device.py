"""The device that is chosen, with torch and without."""

import logging
import platform
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
import torch

from deoldify_lite.errors import RenderError
from deoldify_lite.system import device
from deoldify_lite.system.device import choose_device, choose_dtype

Machine = Callable[..., None]


def test_a_device_that_is_not_there() -> None:
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(RenderError, match="no cuda device"):
        choose_device("cuda")


def test_auto_is_what_torch_would_say() -> None:
    expected = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    assert choose_device("auto") == expected


def test_the_processor_is_chosen_without_torch() -> None:
    code = (
        "import sys; from deoldify_lite.system.device import choose_device; choose_device('cpu');"
        "sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    """Make this machine look to the program like another one."""

    def make(
        *drivers: str, system: str = "linux", cuda: bool = False, mps: bool = False, **built: str | None
    ) -> None:
        monkeypatch.setattr(sys, "platform", system)
        monkeypatch.setattr(platform, "machine", lambda: "arm64" if system == "darwin" else "x86_64")
        monkeypatch.setattr(device, "_is_any", lambda files: bool(set(files) & set(drivers)))
        monkeypatch.setattr(torch.cuda, "is_available", lambda: cuda)
        monkeypatch.setattr(torch.backends.mps, "is_available", lambda: mps)
        monkeypatch.setattr(torch.backends.mps, "is_built", lambda: system == "darwin")
        for name in ("cuda", "hip"):
            monkeypatch.setattr(torch.version, name, built.get(name))

    return make


@pytest.mark.parametrize(
    ("drivers", "there", "expected"),
    [
        (["/dev/nvidia0"], {"cuda": True, "hip": None}, "cuda"),
        (["/dev/kfd"], {"cuda": True, "hip": "7.0"}, "cuda"),  # as builds for ROCm call AMD's GPUs
        (["/dev/dxg"], {"cuda": True}, "cuda"),
        ([], {"system": "darwin", "mps": True}, "mps"),
        ([], {"system": "darwin"}, "cpu"),
        ([], {"cuda": True}, "cpu"),  # no driver, so that torch is not asked
    ],
)
def test_auto_on_other_machines(machine: Machine, drivers: list[str], there: Any, expected: str) -> None:
    machine(*drivers, **there)
    assert choose_device("auto") == expected


@pytest.mark.parametrize(
    ("drivers", "built", "name", "remedy"),
    [
        (["/dev/nvidia0"], {}, "cuda", "this torch is built for CPUs alone: install its build for CUDA"),
        (["/dev/nvidiactl"], {"hip": "7.0"}, "cuda", "update the GPU's driver"),
        (["/dev/kfd"], {}, "cuda", "not built for AMD's GPUs: install its build for ROCm"),
        (["/dev/kfd"], {"hip": "7.0"}, "cuda", "update ROCm"),
        ([], {}, "mps", "only Macs have one"),
        ([], {"system": "darwin"}, "mps", "it needs an Apple processor"),
        ([], {"system": "win32"}, "cuda", "this torch is built for CPUs alone"),
    ],
)
def test_a_device_that_is_missing_has_a_remedy(
    machine: Machine, drivers: list[str], built: Any, name: str, remedy: str
) -> None:
    machine(*drivers, **built)
    with pytest.raises(RenderError, match=f"no {name} device that torch can use: .*{remedy}.*--device auto"):
        choose_device(name)


@pytest.mark.parametrize(
    ("driver", "said"), [("/dev/nvidia0", "the Nvidia GPU"), ("/dev/kfd", "the AMD GPU"), ("/dev/dxg", "")]
)
def test_a_gpu_that_torch_cannot_use_is_no_secret(
    machine: Machine, caplog: pytest.LogCaptureFixture, driver: str, said: str
) -> None:
    machine(driver)
    with caplog.at_level(logging.INFO):
        assert choose_device("auto") == "cpu"
    assert said in caplog.text and bool(caplog.text) == bool(said)


@pytest.mark.parametrize(
    ("bf16", "capability", "expected"),
    [(True, (9, 0), "bfloat16"), (False, (7, 5), "float16"), (False, (6, 1), "float32")],
)
def test_a_gpu_computes_in_what_it_has_units_for(
    monkeypatch: pytest.MonkeyPatch, bf16: bool, capability: tuple[int, int], expected: str
) -> None:
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda **_: bf16)
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda: capability)
    assert choose_dtype("cuda") == getattr(torch, expected)
    assert choose_dtype("mps") == torch.float32
