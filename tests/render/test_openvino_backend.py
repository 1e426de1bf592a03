"""OpenVINO as what runs a network."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from deoldify_lite import api
from deoldify_lite.errors import OptionError, RenderError
from deoldify_lite.models.build import Network, build_network
from deoldify_lite.models.unet import Unet
from deoldify_lite.render import openvino_backend
from deoldify_lite.render.openvino_backend import OpenvinoBackend, load_model
from deoldify_lite.render.torch_backend import TorchBackend
from helpers.pictures import grey_picture
from helpers.places import ROOT

pytest.importorskip("openvino", reason="OpenVINO is not installed")

LUMAS = np.stack([grey_picture(64, 64)[..., 0], grey_picture(64, 64)[::-1, :, 0]])


def never() -> Network:
    raise AssertionError("it should have been kept")


@pytest.fixture(scope="module")
def cache(tiny_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache with the tiny network in it, as `abc`."""
    folder = tmp_path_factory.mktemp("cache")
    load_model(folder, "abc", lambda: build_network(None, tiny_weights))
    return folder


def test_it_is_torch_in_float32_and_close_in_bfloat16(cache: Path, tiny_weights: Path) -> None:
    expected = TorchBackend(build_network(None, tiny_weights), device="cpu", precision="fp32").predict(LUMAS)
    exact = OpenvinoBackend(load_model(cache, "abc", never), precision="fp32")
    assert (exact.predicts_rgb, exact.chroma_stride) == (False, 2)
    found = exact.predict(LUMAS)
    assert found.dtype == np.float32 and np.abs(found - expected).max() < 0.01 / 255
    assert (exact.predict(LUMAS) == found).all()  # to the bit
    auto = OpenvinoBackend(load_model(cache, "abc", never)).predict(LUMAS)
    assert np.abs(auto - expected).max() < 3 / 255


@pytest.mark.slow
def test_the_run_that_converts_gives_the_bytes_of_all_others(tiny_weights: Path, tmp_path: Path) -> None:
    def predicted(cache: Path, build: Callable[[], Network]) -> NDArray[np.float32]:
        return OpenvinoBackend(load_model(cache, "abc", build), precision="fp32").predict(LUMAS)

    build = lambda: build_network(None, tiny_weights)  # noqa: E731
    converted = predicted(tmp_path / "cache", build)
    np.testing.assert_array_equal(predicted(tmp_path / "cache", never), converted)
    (tmp_path / "file").write_text("")
    np.testing.assert_array_equal(predicted(tmp_path / "file", build), converted)  # cannot be kept there


def test_any_size_and_number(cache: Path, tiny_weights: Path) -> None:
    ours = OpenvinoBackend(load_model(cache, "abc", never), precision="fp32")
    torchs = TorchBackend(build_network(None, tiny_weights), device="cpu", precision="fp32")
    for size in ((1, 64, 64), (3, 64, 64), (2, 48, 96), (1, 64, 64), (1, 80, 32)):
        lumas = np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8)
        np.testing.assert_allclose(ours.predict(lumas), torchs.predict(lumas), atol=1e-4)


@pytest.mark.slow
def test_features_are_those_of_torch(tiny_weights: Path, tmp_path: Path) -> None:
    torchs = TorchBackend(build_network(None, tiny_weights), device="cpu", precision="fp32")
    load = partial(load_model, tmp_path, "abc", lambda: build_network(None, tiny_weights))
    ours = OpenvinoBackend(load(), precision="fp32", load_described=partial(load, described=True))
    assert ours.describes and torchs.describes
    for found, expected in zip(ours.predict_described(LUMAS), torchs.predict_described(LUMAS), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-3)
    assert not OpenvinoBackend(load()).describes


@pytest.mark.slow
@pytest.mark.parametrize(
    ("encoder", "decoder"),
    [("test_resnet", "lite"), ("test_resnet", "deep"), ("tf_efficientnet_lite0", "query")],
)
def test_odd_render_factors(tmp_path: Path, encoder: str, decoder: str) -> None:
    """Somewhere on its way down such a picture has an odd size, which is rounded up."""
    network = Unet(encoder, decoder).eval().requires_grad_(False)
    if decoder != "deep":
        torch.nn.init.normal_(network.decoder.head.weight, std=0.02)  # which starts at zero, as grey
    ours = OpenvinoBackend(load_model(tmp_path, decoder, lambda: network), precision="fp32")
    torchs = TorchBackend(network, device="cpu", precision="fp32")
    for number, side in ((1, 112), (3, 96), (1, 80)):
        lumas = np.random.default_rng(0).integers(0, 256, (number, side, side), dtype=np.uint8)
        predicted = ours.predict(lumas)
        assert np.ptp(predicted) > 0
        np.testing.assert_allclose(predicted, torchs.predict(lumas), atol=1e-4)


def test_results_are_not_overwritten_by_later_ones(cache: Path) -> None:
    backend = OpenvinoBackend(load_model(cache, "abc", never))
    first = backend.predict(LUMAS)
    kept = first.copy()
    backend.predict(255 - LUMAS)
    assert (first == kept).all()


@pytest.mark.slow
def test_what_is_damaged_is_made_anew(
    cache: Path, tiny_weights: Path, caplog: pytest.LogCaptureFixture
) -> None:
    build = lambda: build_network(None, tiny_weights)  # noqa: E731
    load_model(cache, "def", build)
    (kept,) = cache.glob("def-*/model.xml")
    kept.write_text("<net")
    with caplog.at_level(logging.WARNING):
        load_model(cache, "def", build)
    assert "made anew" in caplog.text
    load_model(cache, "def", never)


@pytest.mark.slow
def test_a_cache_that_cannot_be_written_is_told_of_and_not_needed(
    tiny_weights: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    with caplog.at_level(logging.WARNING):
        model = load_model(tmp_path / "file", "abc", lambda: build_network(None, tiny_weights))
    assert "could not be kept" in caplog.text
    assert OpenvinoBackend(model).predict(LUMAS).shape == (2, 2, 32, 32)


def test_a_precision_that_the_processor_lacks(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import openvino

    monkeypatch.setattr(openvino.Core, "get_property", lambda *_: ["FP32"])
    model = load_model(cache, "abc", never)
    assert OpenvinoBackend(model).precision == "fp32"
    with pytest.raises(OptionError, match="bf16"):
        OpenvinoBackend(model, precision="bf16")


def test_choosing(tiny_weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def chosen(name: str) -> str:
        return api.settle(weights=tiny_weights, device="cpu", backend=name).backend

    assert (chosen("auto"), chosen("torch"), chosen("openvino")) == ("openvino", "torch", "openvino")
    monkeypatch.setattr("deoldify_lite.render.rendering.openvino_version", lambda: None)
    assert chosen("auto") == "torch"
    with pytest.raises(OptionError, match="pip install"):
        chosen("openvino")
    with pytest.raises(OptionError, match="backend"):
        chosen("tensorrt")


@pytest.mark.slow
def test_nobody_is_told_of_what_is_done(tiny_weights: Path) -> None:
    code = (
        "import sys; from deoldify_lite import api;"
        f"api.load_colorizer(weights={str(tiny_weights)!r}, device='cpu', render_factor=4);"
        "sys.exit(any(name.startswith('openvino_telemetry') and m for name, m in sys.modules.items()))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


@pytest.mark.slow
def test_torch_is_not_loaded_once_the_network_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path))
    code = (
        "import sys; from deoldify_lite import api; import numpy as np;"
        "c = api.load_colorizer(device='cpu', render_factor=4);"
        "c.colorize(np.full((40, 50, 3), 99, np.uint8));"
        "sys.exit(bool({'torch', 'timm'} & set(sys.modules)))"
    )
    run = [sys.executable, "-c", code]
    assert subprocess.run(run, cwd=ROOT).returncode == 1  # made now, with torch
    assert subprocess.run(run, cwd=ROOT).returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX timers")
def test_signals_find_their_stack_after_a_network_has_gone(tiny_weights: Path) -> None:
    """OpenVINO's plugin changes it, and would take it away in the thread that lets go of the last network."""
    code = (
        "import signal, sys, threading, time\n"
        "from deoldify_lite import api\n"
        "signal.signal(signal.SIGALRM, lambda *_: print('alive', flush=True))\n"
        "colorizers = [api.settle(weights=sys.argv[1], device='cpu', backend='openvino').load()]\n"
        "thread = threading.Thread(target=colorizers.clear)\n"
        "thread.start(); thread.join()\n"
        "signal.setitimer(signal.ITIMER_REAL, 0.05)\n"
        "time.sleep(0.5)\n"
    )
    run = [sys.executable, "-X", "faulthandler", "-c", code, str(tiny_weights)]
    done = subprocess.run(run, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "alive\n"), done.stderr


class SimulatedCore:
    """OpenVINO's core on a machine with other devices: their work is done by the processor."""

    def __init__(self, *devices: str, able: tuple[str, ...] = ("FP32", "FP16"), fails: bool = False) -> None:
        self.available_devices = list(devices)
        self.able, self.fails = able, fails
        self.asked: list[tuple[str, dict[str, object]]] = []
        self.real = openvino_backend._core()

    def get_property(self, unit: str, name: str) -> tuple[str, ...]:
        assert unit in [device.partition(".")[0] for device in self.available_devices]
        return self.able

    def compile_model(self, model: object, unit: str, settings: dict[str, object]) -> object:
        self.asked.append((unit, settings))
        if self.fails:
            raise RuntimeError("Exception from src/plugin.cpp:\n[GPU] out of resources")
        return self.real.compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})


@pytest.fixture
def simulate(monkeypatch: pytest.MonkeyPatch) -> Callable[[SimulatedCore], SimulatedCore]:
    def put(core: SimulatedCore) -> SimulatedCore:
        monkeypatch.setattr(openvino_backend, "_core", lambda: core)
        return core

    return put


def test_an_intel_gpu_does_the_work_of_the_processor(
    cache: Path, simulate: Callable[[SimulatedCore], SimulatedCore]
) -> None:
    model = load_model(cache, "abc", never)
    expected = OpenvinoBackend(load_model(cache, "abc", never), precision="fp32").predict(LUMAS)
    core = simulate(SimulatedCore("CPU", "GPU.0", "GPU.1"))
    backend = OpenvinoBackend(model, device="intel")
    assert backend.precision == "fp16"
    np.testing.assert_array_equal(backend.predict(LUMAS), expected)
    assert core.asked == [("GPU", {"INFERENCE_PRECISION_HINT": "f16", "PERFORMANCE_HINT": "LATENCY"})]
    with pytest.raises(OptionError, match="--precision bf16: this GPU cannot"):
        OpenvinoBackend(model, device="intel", precision="bf16")


def test_an_intel_gpu_that_fails_says_what_to_do(
    cache: Path, simulate: Callable[[SimulatedCore], SimulatedCore]
) -> None:
    model = load_model(cache, "abc", never)
    simulate(SimulatedCore("CPU", "GPU", able=("FP32",), fails=True))
    backend = OpenvinoBackend(model, device="intel")
    assert backend.precision == "fp32"
    with pytest.raises(
        RenderError, match=r"\[GPU\] out of resources\): update its driver, or use --device cpu"
    ):
        backend.predict(LUMAS)


def test_an_intel_gpu_is_chosen_by_name_alone(
    tiny_weights: Path, simulate: Callable[[SimulatedCore], SimulatedCore], monkeypatch: pytest.MonkeyPatch
) -> None:
    simulate(SimulatedCore("CPU", "GPU"))
    settled = api.settle("artistic", weights=tiny_weights, device="intel")
    assert (settled.device, settled.backend) == ("intel", "openvino")
    assert api.settle("artistic", weights=tiny_weights, device="cpu").look == settled.look
    assert api.settle("artistic", weights=tiny_weights).device != "intel"
    with pytest.raises(OptionError, match="leave out --backend torch"):
        api.settle("artistic", weights=tiny_weights, device="intel", backend="torch")
    simulate(SimulatedCore("CPU", "NPU"))
    with pytest.raises(RenderError, match="no Intel GPU that OpenVINO can use: install Intel's driver"):
        api.settle("artistic", weights=tiny_weights, device="intel")
    monkeypatch.setattr(openvino_backend, "openvino_version", lambda: None)
    with pytest.raises(RenderError, match="needs OpenVINO, which is not installed"):
        api.settle("artistic", weights=tiny_weights, device="intel")
