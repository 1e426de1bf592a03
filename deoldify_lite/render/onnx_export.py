"""The `lite` networks as ONNX files, for programs that run neither torch nor OpenVINO.

    luma (N, H, W) uint8  ->  chroma (N, 2, h, w) float32

The graph includes the network's scales; the metadata say what else a user must know.
"""

import logging
import warnings
from copy import deepcopy
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.errors import OptionError, RenderError
from deoldify_lite.render.rendering import Rendering, settle
from deoldify_lite.system.destination import is_regular, writing_to
from deoldify_lite.version import __version__

if TYPE_CHECKING:
    import torch

# torch writes ONNX with onnxscript.
PACKAGES = ("onnx", "onnxscript", "onnxruntime")
# The first operator set with all that the networks need; newer runtimes read older sets.
OPSET = 18
# By how much the file's chroma may differ from the network's, in levels of 8 bits: no more than by rounding.
MOST_ERROR = 0.5

DESCRIPTION = """\
Predicts the colour of grey pictures.
Input `luma`: (N, H, W) uint8, BT.601 luma of full range: 0 is black, 255 white. The picture is squeezed to a
square of render_size px a side, which is in the metadata; if any_size is true, sizes near to that do, too.
Output `chroma`: (N, 2, h, w) float32, Cb and Cr of BT.601, neutral at 0, at half the height and width (odd
ones rounded up). To temper a picture's cast as deoldify_lite does, take the mean of its chroma, of length m
and direction d; subtract 0.3 * clip(d . chroma, 0, m) * d everywhere, and multiply by 1.15. Stretch it over
the picture, and join it with the picture's own luma Y in [0, 1]:
red = Y + 1.402 Cr, green = Y - 0.344136 Cb - 0.714136 Cr, blue = Y + 1.772 Cb, each cut off at 0 and 1.
"""


def export_onnx(
    target: str | Path,
    *,
    mode: str = "artistic",
    weights: str | Path = "lite",
    render_factor: int | None = None,
    saturation: float | None = None,
    overwrite: bool = False,
) -> float:
    """Write a `lite` network as an ONNX file, and check it against onnxruntime.

    The file gets its name only when it is complete and checked. DESCRIPTION, which it holds, says what goes
    in and what comes out; the factor on the colour is part of the graph.

    Args:
        target: the file, NAME.onnx.
        mode: artistic, stable or video.
        weights: `lite`, or the path of a weight file of a `lite` network.
        render_factor: pictures have 16 times as many pixels a side; None for a file that takes any size.
        saturation: factor on the colour; None for the mode's default.
        overwrite: replace a file that is there.

    Returns:
        The largest difference of chroma between onnxruntime and the network, in levels of 8 bits.

    Raises:
        OptionError: a package is missing, a value makes no sense, the network is not a `lite` one, or the
            target is there already.
        WeightsError: the weights are not there, or not what they should be.
        RenderError: what was written gives other colours than the network, by more than MOST_ERROR.
        OSError: the target cannot be written.
    """
    target = Path(target)
    missing = [name for name in PACKAGES if find_spec(name) is None]
    if missing:
        raise OptionError(
            f"{', '.join(missing)}: not installed, and needed for ONNX files; run: "
            'pip install "deoldify_lite[onnx]"'
        )
    if target.suffix.lower() != ".onnx" and is_regular(target):
        raise OptionError(f"{target}: name a file NAME.onnx")
    if target.exists() and is_regular(target) and not overwrite:
        raise OptionError(f"{target}: is there already; --overwrite replaces it, or name another file")
    rendering = settle(
        mode, weights=weights, render_factor=render_factor, saturation=saturation, device="cpu"
    )
    if rendering.spec.predicts_rgb:
        raise OptionError(f"{rendering.weights}: only lite networks are exported; choose --weights lite")
    network = _from_bytes(rendering)
    side = None if render_factor is None else 16 * render_factor
    with writing_to(target) as part:
        _write(_for_exporters(network), side, part)
        _describe(part, _metadata(rendering, mode, side))
        error = _greatest_error(network, side, part)
        if not error <= MOST_ERROR:
            raise RenderError(
                f"{target}: not written, since its colours would differ from the network's by {error:.2g} of "
                "255 levels; try other versions of torch, onnxscript and onnxruntime"
            )
    return error


def _from_bytes(rendering: Rendering) -> "torch.nn.Module":
    """The network from 8-bit luma to chroma as the mode has it."""
    import torch

    from deoldify_lite.models.build import build_network

    class FromBytes(torch.nn.Module):
        """The network, from bytes to chroma."""

        def __init__(self) -> None:
            super().__init__()
            self.network = build_network(rendering.spec, rendering.weights)

        def forward(self, luma: torch.Tensor) -> torch.Tensor:
            return self.network.predict_chroma(luma[:, None].float() / 255) * rendering.saturation

    return FromBytes().eval()


def _for_exporters(network: "torch.nn.Module") -> "torch.nn.Module":
    """A copy that exporters can follow at any size, with the same results.

    Attention comes in single steps, since exporters know its usual form in four dimensions alone.
    TensorFlow's padding, which depends on whether a size is odd, gives way to one that does not: there, a
    convolution of stride 2 ends at the last pixel, where the usual one begins at the first, so it is the
    usual one on the flipped picture.
    """
    import torch
    from timm.layers import Conv2dSame

    from deoldify_lite.models.layers import SelfAttention

    class PlainAttention(torch.nn.Module):
        """As `SelfAttention`."""

        def __init__(self, attention: SelfAttention) -> None:
            super().__init__()
            self.attention = attention

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            of, positions = self.attention, x.flatten(2)  # (N, C, H*W)
            query, key, value = of.query(positions), of.key(positions), of.value(positions)
            scale = query.shape[1] ** -0.5 if of.scale is None else of.scale
            shares = torch.softmax(key.transpose(1, 2) @ query * scale, dim=-1)
            gathered = shares @ value.transpose(1, 2)  # (N, H*W, C)
            return x + of.gamma * gathered.transpose(1, 2).reshape(x.shape)

    class FlippedConv(torch.nn.Module):
        """As timm's `Conv2dSame` of stride 2 with a kernel of odd size."""

        def __init__(self, conv: Conv2dSame) -> None:
            super().__init__()
            if conv.stride != (2, 2) or any(size % 2 == 0 for size in conv.kernel_size):
                raise RenderError("no ONNX file can be made of a network with this padding")
            self.conv = torch.nn.Conv2d(
                conv.in_channels,
                conv.out_channels,
                conv.kernel_size,  # type: ignore[arg-type]  # torch types it by any number of dimensions
                stride=2,
                padding=[size // 2 for size in conv.kernel_size],  # type: ignore[arg-type]
                groups=conv.groups,
                bias=conv.bias is not None,
            )
            self.conv.weight.data = conv.weight.data.flip(2, 3)
            self.conv.bias = conv.bias

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            flipped: torch.Tensor = self.conv(x.flip(2, 3)).flip(2, 3)
            return flipped

    copy = deepcopy(network)
    for parent in list(copy.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, SelfAttention):
                setattr(parent, name, PlainAttention(child))
            elif isinstance(child, Conv2dSame):
                setattr(parent, name, FlippedConv(child))
    return copy


def _write(network: "torch.nn.Module", side: int | None, path: Path) -> None:
    import torch
    from torch.export import Dim

    sizes = {0: Dim("n")} if side else {0: Dim("n"), 1: Dim.AUTO, 2: Dim.AUTO}
    # Sides that are even all the way down, or odd sizes on the way would be fixed in the graph.
    example = torch.zeros(2, side or 64, side or 96, dtype=torch.uint8)
    loggers = [logging.getLogger(name) for name in ("torch.onnx", "onnxscript", "onnx_ir")]
    levels = [logger.level for logger in loggers]
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of torch about itself; what matters is checked afterwards
        for logger in loggers:
            logger.setLevel(logging.ERROR)
        try:
            torch.onnx.export(
                network,
                (example,),
                path,
                input_names=["luma"],
                output_names=["chroma"],
                dynamic_shapes=(sizes,),
                opset_version=OPSET,
                dynamo=True,
                external_data=False,
                verbose=False,
            )
        finally:
            for logger, level in zip(loggers, levels, strict=True):
                logger.setLevel(level)


def _metadata(rendering: Rendering, mode: str, side: int | None) -> dict[str, str]:
    return {
        "mode": mode,
        "weights_sha256": rendering.sha256,
        "version": __version__,
        "license": rendering.spec.licence or "that of the weights it was made from",
        "source": rendering.spec.source if rendering.spec.licence else rendering.weights.name,
        "saturation": f"{rendering.saturation:g}",
        "render_size": str(16 * rendering.render_factor),
        "any_size": str(side is None).lower(),
    }


def _describe(path: Path, metadata: dict[str, str]) -> None:
    """Put names and metadata into the file."""
    import onnx

    model = onnx.load(path)
    model.producer_name, model.producer_version = "deoldify_lite", __version__
    model.doc_string = DESCRIPTION
    model.graph.name = f"deoldify_lite {metadata['mode']}"
    del model.metadata_props[:]
    onnx.helper.set_model_props(model, metadata)
    # The exporter writes down from which lines of which files on this machine each node came, and how all
    # sizes hang together, in pages of formulas.
    del model.graph.value_info[:], model.graph.metadata_props[:]
    for part in (*model.graph.node, *model.graph.initializer, *model.graph.input, *model.graph.output):
        del part.metadata_props[:]
    for value, names in ((model.graph.input[0], ("height", "width")), (model.graph.output[0], ("h", "w"))):
        for dimension, name in zip(value.type.tensor_type.shape.dim[-2:], names, strict=True):
            if dimension.dim_param:
                dimension.dim_param = name
    onnx.checker.check_model(model)
    onnx.save(model, path)


def _greatest_error(network: "torch.nn.Module", side: int | None, path: Path) -> float:
    import onnxruntime
    import torch

    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    greatest = 0.0
    # the usual size, one that is not square, and one that is odd on its way down
    for height, width in [(side, side)] if side else [(192, 192), (128, 224), (80, 112)]:
        lumas = _pictures(height, width)
        with torch.inference_mode():
            expected = network(torch.from_numpy(lumas)).numpy()
        found: NDArray[Any] = session.run(None, {"luma": lumas})[0]
        if found.shape != expected.shape:
            raise RenderError(f"{path}: gives chroma of shape {found.shape} instead of {expected.shape}")
        greatest = max(greatest, 255 * float(np.abs(found - expected).max()))
    return greatest


def _pictures(height: int, width: int) -> NDArray[np.uint8]:
    """(3, H, W): a scene of soft and hard edges, the same upside down, and noise."""
    y, x = np.mgrid[:height, :width] / min(height, width)
    scene = 110 + 90 * np.sin(7 * x + 3 * y) * np.cos(5 * y) + 50 * ((x - 0.5) ** 2 + (y - 0.6) ** 2 < 0.07)
    picture = np.clip(scene, 0, 255).astype(np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, (height, width), dtype=np.uint8)
    return np.stack([picture, picture[::-1], noise])
