"""Which devices and precisions work: a tiny network runs on each, in a process of its own that may crash."""

import functools
import logging
import multiprocessing
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.doctor.finding import Finding
from deoldify_lite.errors import DeoldifyError
from deoldify_lite.render.modes import PRECISIONS
from deoldify_lite.render.openvino_backend import (
    OpenvinoBackend,
    check_intel_gpu,
    load_model,
    openvino_version,
)
from deoldify_lite.system.device import choose_device

if TYPE_CHECKING:
    from deoldify_lite.models.unet import Unet

# Each with what runs the network there.
DEVICES = (
    ("openvino", "cpu"),
    ("openvino", "intel"),
    ("torch", "cpu"),
    ("torch", "cuda"),
    ("torch", "mps"),
)
# Chroma in [-0.5, 0.5] may be off by so much; bfloat16 has three decimal digits.
_MOST_ERROR = 0.03
_SIDE_PX = 64


def examine_devices() -> Iterator[Finding]:
    """Find the devices of this machine, and the precisions in which each gives the right chroma."""
    with _Children() as children:
        for backend, device in DEVICES:
            name = f"{device} ({'OpenVINO' if backend == 'openvino' else backend})"
            if backend == "openvino" and openvino_version() is None:
                yield Finding("device", name, "not installed, so torch does its work")
                continue
            if device != "cpu" and (why := children.ask(_why_no_device, device)):
                yield Finding("device", name, why)
                continue
            failures = {one: children.ask(_why_wrong, backend, device, one) for one in PRECISIONS}
            working = [one for one, failure in failures.items() if not failure]
            failed = [f"{one} ({failure})" for one, failure in failures.items() if failure]
            listing = f"works in {', '.join(working) or 'no precision'}"
            listing += f"; not in {', '.join(failed)}" if failed else ""
            if failures["auto"]:
                other = "torch" if backend == "openvino" else "openvino"
                remedy = f"try --backend {other}, update the driver and {backend}, or report this"
                yield Finding("device", name, listing, "the network does not run as it should", remedy)
            else:
                yield Finding("device", name, listing)


class _Children:
    """Processes that answer, one after the other; one that crashes is replaced."""

    def __enter__(self) -> "_Children":
        self._pool = self._start()
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown()

    @staticmethod
    def _start() -> ProcessPoolExecutor:
        return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))

    def ask(self, question: Callable[..., str], *words: str) -> str:
        """Return the answer, or that the process crashed."""
        try:
            return self._pool.submit(question, *words).result()
        except BrokenProcessPool:
            self._pool.shutdown()
            self._pool = self._start()
            return "it crashes"


def _why_no_device(device: str) -> str:
    """Return why there is no such device; empty if there is one."""
    try:
        if device == "intel":
            check_intel_gpu()
        else:
            choose_device(device)
    except DeoldifyError as error:
        return str(error).partition(":")[0]
    return ""


def _why_wrong(backend: str, device: str, precision: str) -> str:
    """Return why a network gives no right chroma there; empty if it does."""
    logging.disable(logging.WARNING)  # of a process that has no other work
    lumas = _lumas()
    try:
        found = _predict(backend, device, precision, lumas)
    except Exception as error:  # whatever a driver makes of it
        return (str(error).strip().splitlines() or [type(error).__name__])[0][:200]
    miss = float(np.abs(found - _predict("torch", "cpu", "fp32", lumas)).max())
    return "" if miss <= _MOST_ERROR else f"wrong colours, by {255 * miss:.0f} of 255 levels"


def _lumas() -> NDArray[np.uint8]:
    y, x = np.mgrid[:_SIDE_PX, :_SIDE_PX]
    return np.stack([2 * x + y, 255 - 3 * y]).astype(np.uint8)


@functools.cache
def _network() -> "Unet":
    import torch

    from deoldify_lite.models.unet import Unet

    torch.manual_seed(0)
    network = Unet("test_resnet")
    torch.nn.init.normal_(network.decoder.head.weight, std=0.05)  # untrained, it gives grey
    return network.eval().requires_grad_(False)


def _predict(backend: str, device: str, precision: str, lumas: NDArray[np.uint8]) -> NDArray[np.float32]:
    if backend == "openvino":
        with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
            model = load_model(Path(folder), "0", _network)
            return OpenvinoBackend(model, device=device, precision=precision).predict(lumas)
    from deoldify_lite.render.torch_backend import TorchBackend

    return TorchBackend(_network(), device=device, precision=precision).predict(lumas)
