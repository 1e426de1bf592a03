"""Devices that work, give wrong colours, fail or crash."""

import os
from types import SimpleNamespace

import numpy as np
import pytest

from deoldify_lite.doctor import devices


@pytest.mark.slow
def test_the_processor_of_this_machine_works() -> None:
    found = {finding.name: finding for finding in devices.examine_devices()}
    assert list(found) == [
        *("cpu (OpenVINO)", "intel (OpenVINO)", "cpu (torch)", "cuda (torch)", "mps (torch)"),
    ]
    assert found["cpu (torch)"].found.startswith("works in auto, fp32")
    assert not [finding for finding in found.values() if finding.problem]


def test_a_network_that_gives_other_colours_does_not_work(monkeypatch: pytest.MonkeyPatch) -> None:
    true = devices._predict

    def fading(backend: str, device: str, precision: str, lumas: "np.ndarray") -> "np.ndarray":
        return true("torch", "cpu", "fp32", lumas) * (0.5 if device == "cuda" else 1)

    monkeypatch.setattr(devices, "_predict", fading)
    monkeypatch.setattr(devices.logging, "disable", lambda level: None)
    assert devices._why_wrong("torch", "cpu", "fp32") == ""
    assert "levels" in devices._why_wrong("torch", "cuda", "fp32")
    assert np.ptp(true("torch", "cpu", "fp32", devices._lumas())) > 0.1


def test_what_a_driver_says_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> None:
        raise RuntimeError("no kernel image\nand much more")

    monkeypatch.setattr(devices, "_predict", failing)
    monkeypatch.setattr(devices.logging, "disable", lambda level: None)
    assert devices._why_wrong("torch", "cuda", "fp16") == "no kernel image"
    assert devices._why_no_device("mps") == "this machine has no mps device that torch can use"
    monkeypatch.setattr("deoldify_lite.render.openvino_backend.openvino_version", lambda: "2026.4")
    monkeypatch.setattr(
        "deoldify_lite.render.openvino_backend._core", lambda: SimpleNamespace(available_devices=[])
    )
    assert devices._why_no_device("intel") == "this machine has no Intel GPU that OpenVINO can use"


def test_a_crash_is_an_answer() -> None:
    with devices._Children() as children:
        assert children.ask(os._exit, 139) == "it crashes"  # type: ignore[arg-type]
        assert children.ask(str.upper, "and then") == "AND THEN"
