"""Pretrained networks of torchvision and timm that see colour, recognised by their weights.

They judge what our networks make: as losses in training, and as figures in evaluation.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import timm
import torch
from torch import nn
from torchvision.models import squeezenet1_1, vgg16_bn

from deoldify_lite.errors import WeightsError
from deoldify_lite.models.checkpoint import State
from deoldify_lite.models.unet import IMAGENET_MEAN, IMAGENET_STD


@dataclass(frozen=True)
class Pretrained:
    """How a network is built, and what its input is normalized by."""

    build: Callable[[], nn.Module]  # with the tensor names of its weight files
    mean: tuple[float, float, float] = IMAGENET_MEAN  # of red, green, blue in [0, 1]
    std: tuple[float, float, float] = IMAGENET_STD


def _efficientnet(name: str) -> Pretrained:
    """An EfficientNet-Lite of timm, with its classifier."""
    return Pretrained(lambda: timm.create_model(name), mean=(0.5,) * 3, std=(0.5,) * 3)


PRETRAINED = {
    "squeezenet1_1": Pretrained(squeezenet1_1),
    "vgg16_bn": Pretrained(vgg16_bn),
    "tf_efficientnet_lite0": _efficientnet("tf_efficientnet_lite0"),
    "tf_efficientnet_lite2": _efficientnet("tf_efficientnet_lite2"),
    "mobilenetv1_100": Pretrained(
        lambda: timm.create_model("mobilenetv1_100", pad_type="same", num_classes=0),
        # The scale of TensorFlow: (x - 128) / 128 in 8-bit units.
        mean=(128 / 255,) * 3,
        std=(128 / 255,) * 3,
    ),
}


def build_pretrained(state: State, source: str | Path) -> tuple[str, nn.Module]:
    """The network that weights are of, and its name; for rendering, and frozen.

    Args:
        state: its weights, with its classifier or without. Without, the network can give features alone.
        source: where they come from, for the message.

    Raises:
        WeightsError: they are of no network that is known here.
    """
    for name, known in PRETRAINED.items():
        # On `meta` nothing is allocated or drawn at random. A classifier without weights stays there.
        with torch.device("meta"):
            network = known.build()
        empty = network.state_dict()
        # Not every file has the counters, which are of use in training only.
        found = {k: torch.tensor(0) for k in empty if k.endswith("num_batches_tracked")}
        found |= {k: v.float() for k, v in state.items() if not k.endswith("num_batches_tracked")}
        if _shapes(found) == _shapes(empty):
            fitting = {k: v for k, v in found.items() if k in empty and v.shape == empty[k].shape}
            network.load_state_dict(fitting, strict=False, assign=True)
            return name, network.eval().requires_grad_(False)
    raise WeightsError(f"{source} holds no known network: name weights of {', '.join(PRETRAINED)}")


def _shapes(state: State) -> dict[str, torch.Size]:
    """Of all but the classifier."""
    return {k: v.shape for k, v in state.items() if not k.startswith("classifier.")}
