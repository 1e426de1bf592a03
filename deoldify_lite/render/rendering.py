"""How pictures are rendered: settled first, and loaded when there is something to do."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import numpy as np

from deoldify_lite.color.arrays import Picture, fit_size, resize
from deoldify_lite.color.grade import Grade
from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.models.weights import find_weights, verify_weights
from deoldify_lite.models.zoo import ModelSpec, get_spec
from deoldify_lite.photo.thumbnail import look_of, read_small
from deoldify_lite.render.colorizer import Backend, Colorizer
from deoldify_lite.render.look import Look
from deoldify_lite.render.modes import BACKENDS, PRECISIONS, check_render_factor, find_mode
from deoldify_lite.render.openvino_backend import (
    OpenvinoBackend,
    check_intel_gpu,
    load_model,
    openvino_version,
)
from deoldify_lite.system.cache import user_cache
from deoldify_lite.system.device import choose_device
from deoldify_lite.system.files import sha256_of
from deoldify_lite.system.machine import free_memory

if TYPE_CHECKING:
    from deoldify_lite.models.build import Network

log = logging.getLogger(__name__)

P = ParamSpec("P")
R = TypeVar("R")

# Large enough to keep the device busy; more would only cost memory and delay.
CPU_BATCH, GPU_BATCH = 4, 64
# The peak memory of a network for each pixel of its input, measured in float32.
LITE_BYTES_PER_PIXEL, RGB_BYTES_PER_PIXEL = 600, 7000
# A reference is matched by regions, so more pixels would add nothing.
REFERENCE_PX = 1024


@dataclass(frozen=True)
class Rendering:
    """How pictures are rendered: all is settled, and nothing loaded."""

    spec: ModelSpec
    weights: Path
    sha256: str  # of the weights
    render_factor: int
    saturation: float
    steadiness: float
    device: str  # cpu, cuda, mps or intel
    precision: str
    backend: str  # torch or openvino
    grade: Grade
    reference: Path | None  # a photo whose colours are taken
    reference_sha256: str
    asked: Mapping[str, Any] = field(compare=False, repr=False)  # the arguments of `settle`

    @property
    def look(self) -> Look:
        """The part that decides the colours."""
        return Look(
            weights=self.sha256,
            render_factor=self.render_factor,
            saturation=self.saturation,
            precision=self.precision,
            grade=self.grade,
            reference=self.reference_sha256,
        )

    def settled_with(self, **changes: Any) -> "Rendering":
        """Settle again, with other arguments of `settle`: what was not asked for is that of the mode.

        Raises:
            As `settle`.
        """
        return settle(**{**self.asked, **changes})

    def load(self) -> Colorizer:
        """Build the network and make it ready.

        Raises:
            WeightsError: the file is damaged or of another network.
            OptionError: the processor cannot compute in that precision.
            InputError: the reference cannot be read, or has no colour.
        """
        return self.around(self.load_backend())

    def around(self, backend: Backend) -> Colorizer:
        """Return a colorizer with a network that is loaded already; InputError as in `load`."""
        return Colorizer(
            backend,
            render_factor=self.render_factor,
            saturation=self.saturation,
            tempers_cast=not self.spec.predicts_rgb,  # the official networks are left as they are
            reference=None if self.reference is None else _read_reference(self.reference),
            grade=self.grade,
        )

    def load_backend(self) -> Backend:
        """Load the network; errors as in `load`, except those of the reference."""
        if self.backend == "openvino":
            load = partial(load_model, user_cache() / "openvino", self.sha256, self._build_network)
            return OpenvinoBackend(
                load(),
                device=self.device,
                precision=self.precision,
                load_described=partial(load, described=True) if self.spec.describes else None,
            )
        from deoldify_lite.render.torch_backend import TorchBackend

        return TorchBackend(self._build_network(), device=self.device, precision=self.precision)

    def _build_network(self) -> "Network":
        from deoldify_lite.models.build import build_network

        return build_network(self.spec, self.weights)

    def batch_size(self, wanted: int | None) -> int:
        """Return the batch size asked for, or one that suits the device and half of its free memory.

        Raises:
            OptionError: it is not positive.
        """
        check_batch_size(wanted)
        if wanted:
            return wanted
        per_pixel = RGB_BYTES_PER_PIXEL if self.spec.predicts_rgb else LITE_BYTES_PER_PIXEL
        fitting = free_memory(self.device) // 2 // (per_pixel * (16 * self.render_factor) ** 2)
        return max(1, min(fitting, GPU_BATCH if self.device in ("cuda", "mps") else CPU_BATCH))


def check_batch_size(wanted: int | None) -> None:
    """Check a batch size that was asked for.

    Raises:
        OptionError: it is not positive.
    """
    if wanted is not None and wanted < 1:
        raise OptionError(f"batch size {wanted}: choose 1 or more")


def _with_arguments_of(other: Callable[P, object]) -> Callable[[Callable[..., R]], Callable[P, R]]:
    """Give a function the arguments of another one, as type checkers and `help` see them."""

    def decorate(function: Callable[..., R]) -> Callable[P, R]:
        shown = signature(other).replace(return_annotation=signature(function).return_annotation)
        function.__signature__ = shown  # type: ignore[attr-defined]
        return function

    return decorate


def settle(
    mode: str = "artistic",
    *,
    weights: str | Path = "lite",
    render_factor: int | None = None,
    saturation: float | None = None,
    temperature: float = 0.0,
    tint: float = 0.0,
    reference: str | Path | None = None,
    device: str = "auto",
    precision: str = "auto",
    backend: str = "auto",
) -> Rendering:
    """Settle how to render, without loading the network.

    Args:
        mode: artistic, stable or video.
        weights: `lite` (ours, the default), `deoldify` (the official ones of that mode, once fetched), or
            the path of a weight file of either kind.
        render_factor: the network sees 16 times as many pixels a side; None for the mode's default.
        saturation: factor on the colour; None for the mode's default.
        temperature: white balance, from -100 (cold, blue) to 100 (warm, orange).
        tint: likewise, from -100 (green) to 100 (magenta).
        reference: a photo in colour, towards whose colours the network's are pulled, region by region.
        device: auto, cpu, cuda (Nvidia's GPUs, and AMD's with ROCm), mps (Apple's) or intel (Intel's GPUs, by
            OpenVINO). `auto` takes cuda, mps or cpu.
        precision: fp32, bf16, fp16, or auto for the fastest; they differ by less than can be seen.
        backend: what runs the network: torch, openvino (on the CPU and Intel's GPUs only), or auto for the
            faster of those installed.

    Raises:
        OptionError: a value is out of range, or options contradict each other.
        InputError: the reference does not exist.
        RenderError: there is no such device.
        WeightsError: the weights are missing or damaged.
    """
    asked = dict(locals())
    chosen = find_mode(mode)
    if saturation is not None and not 0 < saturation <= 4:
        raise OptionError(f"saturation {saturation}: choose a factor above 0 and up to 4")
    if precision not in PRECISIONS:
        raise OptionError(f"precision {precision!r}: choose one of {', '.join(PRECISIONS)}")
    if backend not in BACKENDS:
        raise OptionError(f"backend {backend!r}: choose one of {', '.join(BACKENDS)}")
    grade = Grade(temperature, tint)
    reference = None if reference is None else Path(reference).expanduser()
    if reference is not None and not reference.is_file():
        raise InputError(f"{reference}: the reference is not there; name a photo in colour")
    device = _choose_device(device)
    if weights == "lite" or weights == "deoldify":
        spec = get_spec(chosen.lite_model if weights == "lite" else chosen.deoldify_model)
        path = find_weights(spec)
        verify_weights(spec, path)
    else:
        # Only torch can read what is in a file of the user's.
        from deoldify_lite.models.build import read_whole, recognize

        path = Path(weights).expanduser()
        spec = recognize(*read_whole(path), path=path)
    ours = not spec.predicts_rgb
    default_factor = chosen.render_factor if ours else chosen.deoldify_render_factor
    default_saturation = chosen.saturation if ours else 1.0
    return Rendering(
        spec=spec,
        weights=path,
        sha256=spec.sha256 or sha256_of(path),
        render_factor=check_render_factor(default_factor if render_factor is None else render_factor),
        saturation=default_saturation if saturation is None else saturation,
        steadiness=chosen.steadiness,
        device=device,
        precision=precision,
        backend=_choose_backend(backend, device),
        grade=grade,
        reference=reference,
        reference_sha256="" if reference is None else sha256_of(reference),
        asked=asked,
    )


def _read_reference(path: Path) -> Picture:
    """The reference as a viewer sees it, at a size that shows its colours."""
    photo = read_small(path, REFERENCE_PX)
    for warning in photo.warnings:
        log.warning("%s: %s", path, warning)
    picture = look_of(photo, photo.rgb)
    picture = resize(picture, fit_size(picture.shape, REFERENCE_PX))
    if np.ptp(picture, axis=-1).max() == 0:
        raise InputError(f"{path}: the reference has no colour; name a photo in colour")
    return picture


def _choose_device(name: str) -> str:
    if name != "intel":
        return choose_device(name)
    check_intel_gpu()
    return name


def _choose_backend(name: str, device: str) -> str:
    if device == "intel":
        if name == "torch":
            raise OptionError("--device intel runs in OpenVINO alone: leave out --backend torch")
        return "openvino"
    there = openvino_version() is not None
    if name == "openvino" and device != "cpu":
        raise OptionError("--backend openvino runs on the CPU and Intel's GPUs alone: add --device cpu")
    if name == "openvino" and not there:
        raise OptionError(
            "--backend openvino: OpenVINO is not installed; run: pip install openvino. "
            "Where that finds no wheel, use --backend torch"
        )
    if name != "auto":
        return name
    return "openvino" if there and device == "cpu" else "torch"


@_with_arguments_of(settle)
def load_colorizer(*args: Any, **kwargs: Any) -> Colorizer:
    """Load a colorizer for pictures in memory; arguments and errors as in `settle`.

    colorizer = load_colorizer("artistic")
    rgb = colorizer.colorize(rgb)  # (H, W, 3) uint8 or uint16
    """
    return settle(*args, **kwargs).load()
