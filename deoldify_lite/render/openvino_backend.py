"""Networks run by OpenVINO, the fastest way on x86 processors, and the leanest: torch is not loaded.

It also runs them on Intel's GPUs.

A network is converted once and kept in the user's cache.
"""

import functools
import logging
import shutil
import sys
import tempfile
import threading
import warnings
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.errors import OptionError, RenderError
from deoldify_lite.system.machine import cores

if TYPE_CHECKING:
    from deoldify_lite.render.torch_backend import ChromaNetwork, DescribingNetwork

log = logging.getLogger(__name__)

# Version of the kept models. Raise it when the same weights shall be converted otherwise.
REVISION = 2
_FILE = "model.xml"
_PRECISIONS = {"fp32": "f32", "bf16": "bf16", "fp16": "f16"}
# Our names of devices, OpenVINO's, and the fastest precision of each.
_DEVICES = {"cpu": ("CPU", "bf16"), "intel": ("GPU", "fp16")}


def openvino_version() -> str | None:
    """Version of the installed OpenVINO; None without one."""
    try:
        return version("openvino")
    except PackageNotFoundError:
        return None


def _import_openvino() -> Any:
    # OpenVINO reports each import and conversion to Google, unless this module is missing. Without it,
    # OpenVINO loads faster, too.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


@functools.cache
def _core() -> Any:
    """OpenVINO's core, one for the life of the process.

    Its plugin gives the thread that loads it another stack for signals, and frees that stack with the core,
    whichever thread lets go of it. The next signal would find no stack, and the process would crash (seen
    with OpenVINO 2026.4).
    """
    return _import_openvino().Core()


def check_intel_gpu() -> None:
    """Check that there is a GPU of Intel's that OpenVINO can use.

    Raises:
        RenderError: there is none.
    """
    if openvino_version() is None:
        raise RenderError("--device intel needs OpenVINO, which is not installed; run: pip install openvino")
    if not any(name.partition(".")[0] == "GPU" for name in _core().available_devices):
        raise RenderError(
            "this machine has no Intel GPU that OpenVINO can use: install Intel's driver for it (on Linux "
            "intel-opencl-icd), or use --device auto"
        )


class OpenvinoBackend:
    """A network compiled for this machine's processor, or for its GPU of Intel's.

    Args:
        model: as `load_model` gives.
        device: cpu or intel.
        precision: `fp32`, `bf16`, `fp16`, or `auto` for the fastest that the device has units for.
        load_described: loads the same network with its features, once they are asked for; None: it has none.

    Raises:
        OptionError: the device cannot compute in that precision.
    """

    def __init__(
        self,
        model: Any,
        *,
        device: str = "cpu",
        precision: str = "auto",
        load_described: Callable[[], Any] | None = None,
    ) -> None:
        self.device = device
        self.describes = load_described is not None
        self._load_described = load_described
        self._described: OpenvinoBackend | None = None
        self._lock = threading.Lock()  # keys are described while frames are predicted
        self._unit, fastest = _DEVICES[device]
        able = _core().get_property(self._unit, "OPTIMIZATION_CAPABILITIES")
        if precision == "auto":
            precision = fastest if fastest.upper() in able else "fp32"
        elif precision != "fp32" and precision.upper() not in able:
            what = "processor" if device == "cpu" else "GPU"
            raise OptionError(f"--precision {precision}: this {what} cannot; choose auto or fp32")
        self.precision = precision
        self.predicts_rgb = model.outputs[0].partial_shape[1].get_length() == 3
        self.chroma_stride = model.get_rt_info("chroma_stride").astype(int)
        self._model = model
        self._size: tuple[int, ...] = ()  # that the network is compiled for; (-1, -1): any
        self._request: Any = None

    def predict(self, lumas: NDArray[np.uint8]) -> NDArray[np.float32]:
        """As `colorizer.Backend` says."""
        return self._infer(lumas)[0]

    def predict_described(self, lumas: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        """As `colorizer.Describing` says."""
        assert self._load_described is not None, "a network that describes"
        with self._lock:
            if self._described is None:
                model = self._load_described()
                self._described = OpenvinoBackend(model, device=self.device, precision=self.precision)
            return self._described._infer(lumas)

    def _infer(self, lumas: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        """All that the model gives."""
        size = lumas.shape[1:]
        if self._size not in (size, (-1, -1)):
            # One size is a few percent faster than any size. If it changes once, it will change again.
            self._compile(size if not self._size else (-1, -1))
        try:
            results = self._request.infer({0: lumas})
            return tuple(np.array(results[i]) for i in range(len(results)))
        except RuntimeError as error:
            if "alloc" in str(error).lower():
                raise MemoryError(str(error).splitlines()[0]) from error
            raise RenderError(f"the network failed: {error}") from error

    def _compile(self, size: tuple[int, ...]) -> None:
        self._model.reshape([-1, *size])
        settings: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": _PRECISIONS[self.precision],
            "PERFORMANCE_HINT": "LATENCY",  # all threads work on one batch
        }
        if self.device == "cpu":
            settings["INFERENCE_NUM_THREADS"] = cores()
        try:
            self._request = _core().compile_model(self._model, self._unit, settings).create_infer_request()
        except RuntimeError as error:
            if self.device == "cpu":
                raise
            reason = str(error).strip().splitlines()[-1]
            raise RenderError(
                f"the Intel GPU cannot run the network ({reason}): update its driver, or use --device cpu"
            ) from error
        self._size = size


def load_model(
    cache: Path, sha256: str, build: "Callable[[], ChromaNetwork]", *, described: bool = False
) -> Any:
    """A network as OpenVINO's model: (N, H, W) uint8 luma -> what a backend predicts, at any size.

    Args:
        cache: folder in which converted models are kept.
        sha256: of the weights.
        build: builds the network, with torch; called only if no model is kept yet.
        described: with the features as further outputs; only of a network that `describes`.
    """
    openvino = _import_openvino()
    kind = "-described" if described else ""
    folder = cache / f"{sha256[:32]}-{REVISION}-{openvino.__version__.partition('-')[0]}{kind}"
    if (folder / _FILE).is_file():
        try:
            return _core().read_model(folder / _FILE)
        except RuntimeError as error:
            log.warning("%s: damaged (%s); made anew", folder, str(error).strip().splitlines()[-1])
            shutil.rmtree(folder, ignore_errors=True)
    log.info("the network is prepared for this machine, once: this may take up to a minute")
    return _keep(_convert(build(), described=described), folder)


def _convert(network: "ChromaNetwork", *, described: bool) -> Any:
    import torch

    openvino = _import_openvino()

    class FromBytes(torch.nn.Module):
        """The network, from 8-bit luma, to what it predicts."""

        def __init__(self) -> None:
            super().__init__()
            self.network = network

        def forward(self, lumas: torch.Tensor) -> torch.Tensor | tuple[torch.Tensor, ...]:
            luma = lumas[:, None].float() / 255
            if described:
                return cast("DescribingNetwork", network).predict_described(luma)
            return network.predict_rgb(luma) if network.predicts_rgb else network.predict_chroma(luma)

    with torch.inference_mode(), warnings.catch_warnings():
        # torch would like another call, and suspects fixed shapes, of which there are none.
        warnings.simplefilter("ignore")
        # Its size is odd at 1/16, so that what DeOldify's networks do about that is traced.
        example = torch.zeros(2, 48, 48, dtype=torch.uint8)
        model = openvino.convert_model(FromBytes().eval(), example_input=example)
    model.set_rt_info(network.chroma_stride, "chroma_stride")
    return model


def _keep(model: Any, folder: Path) -> Any:
    """Write a converted model to a folder, and read it back.

    OpenVINO computes a converted model otherwise in the last bits than the same model read from a file, so
    that the run that converts would give other bytes than all later ones.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
            made = Path(scratch, "made")
            made.mkdir()
            _save(model, made)
            # A name stands for a complete model alone, whoever else writes the same one now.
            if not folder.exists():
                made.rename(folder)
        return _core().read_model(folder / _FILE)
    except (OSError, RuntimeError) as error:
        log.warning("%s: the prepared network could not be kept there for the next time: %s", folder, error)
    # Windows removes no file that is mapped into memory, as the model's weights then are.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as scratch:
        _save(model, Path(scratch))
        return _core().read_model(Path(scratch, _FILE))


def _save(model: Any, folder: Path) -> None:
    _import_openvino().save_model(model, folder / _FILE, compress_to_fp16=False)
