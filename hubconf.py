"""The entry points for torch.hub.

    colorizer = torch.hub.load("OWNER/REPOSITORY", "colorizer", mode="artistic")
    rgb = colorizer.colorize(rgb)  # (H, W, 3) uint8 or uint16

From a checkout on disk: `torch.hub.load("path/to/it", "colorizer", source="local")`.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from deoldify_lite.models.build import Network
    from deoldify_lite.render.colorizer import Colorizer

# Import names of required packages; torch.hub reports which are missing.
dependencies = [
    "PIL",
    "cv2",
    "filelock",
    "numpy",
    "psutil",
    "safetensors",
    "tifffile",
    "timm",
    "torch",
    "tqdm",
]


def colorizer(
    mode: str = "artistic",
    weights: str = "lite",
    render_factor: int | None = None,
    saturation: float | None = None,
    device: str = "auto",
    precision: str = "auto",
    backend: str = "auto",
) -> "Colorizer":
    """Return a colorizer for pictures; its `.colorize(rgb)` takes and returns (H, W, 3) uint8 or uint16.

    Args:
        mode: artistic, stable or video.
        weights: `lite` (in this repository), `deoldify` (once fetched), or the path of a weight file.
        render_factor: side of the network's input in steps of 16 px; None for the mode's default.
        saturation: factor on the colour; None for the mode's default.
        device: auto, cpu, cuda, mps or intel.
        precision: auto, fp32, bf16 or fp16.
        backend: auto, torch or openvino.
    """
    from deoldify_lite.api import load_colorizer

    return load_colorizer(
        mode,
        weights=weights,
        render_factor=render_factor,
        saturation=saturation,
        device=device,
        precision=precision,
        backend=backend,
    )


def generator(mode: str = "artistic", weights: str = "lite") -> "Network":
    """Return the bare network: an `nn.Module` in eval mode, float32, with its batch norms folded.

    `predict_chroma` takes (N, 1, H, W) luma in [0, 1] and returns (N, 2, h, w) chroma in [-0.5, 0.5].

    Args:
        mode: artistic, stable or video.
        weights: as for `colorizer`.
    """
    from deoldify_lite.api import settle
    from deoldify_lite.models.build import build_network

    settled = settle(mode, weights=weights, device="cpu")
    return build_network(settled.spec, settled.weights)
