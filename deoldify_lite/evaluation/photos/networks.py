"""Pretrained networks that judge pictures; each says why where its weights cannot be had."""

import logging
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models import AlexNet_Weights

from deoldify_lite.errors import WeightsError
from deoldify_lite.models.checkpoint import read_state
from deoldify_lite.models.pretrained import build_pretrained
from deoldify_lite.models.unet import IMAGENET_MEAN, IMAGENET_STD

log = logging.getLogger(__name__)

NETWORK_SIDE_PX = 224
LPIPS_LEAST_PX = 32  # AlexNet's poolings leave nothing of a smaller picture


def network_input(rgb: Tensor) -> Tensor:
    """The whole picture as a square, as the networks see it: (1, 3, H, W) in [0, 1] -> (1, 3, 224, 224).

    Squeezed, not cropped: on 100 ImageNet photos of 192 px SqueezeNet 1.1 knows 62 % so, and 57 % of the
    middle squares.
    """
    return F.interpolate(rgb, (NETWORK_SIDE_PX, NETWORK_SIDE_PX), mode="bilinear", antialias=True)


class Squeezenet(nn.Module):
    """SqueezeNet 1.1 of torchvision: features and classes.

    Args:
        network: with its weights.
    """

    name = "squeezenet1_1"
    mean: Tensor
    std: Tensor

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1))

    def features(self, rgb: Tensor) -> Tensor:
        """(N, 3, H, W) RGB in [0, 1] -> (N, 512), the mean over the picture of the last features."""
        features: Tensor = self.network.features((rgb - self.mean) / self.std)
        return features.mean((2, 3))

    def classes(self, rgb: Tensor) -> Tensor:
        """(N, 3, H, W) RGB in [0, 1] -> (N,), the likeliest of the 1000 classes of ImageNet, from 0."""
        scores: Tensor = self.network((rgb - self.mean) / self.std)
        return scores.argmax(1)


class Mobilenet(nn.Module):
    """MobileNetV1 of timm, with TensorFlow's padding and without its head.

    Args:
        network: with its weights.
    """

    name = "mobilenetv1_100"

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def features(self, rgb: Tensor) -> Tensor:
        """(N, 3, H, W) RGB in [0, 1] -> (N, 1024), the mean over the picture of the last features."""
        features: Tensor = self.network.forward_features(rgb * (255 / 128) - 1)
        return features.mean((2, 3))


class Efficientnet(nn.Module):
    """EfficientNet-Lite0 of timm: features and classes. No loss uses it, so it judges without favour.

    Args:
        network: with its weights.
    """

    name = "tf_efficientnet_lite0"

    def __init__(self, network: Any) -> None:
        super().__init__()
        self.network = network

    def features(self, rgb: Tensor) -> Tensor:
        """(N, 3, H, W) RGB in [0, 1] -> (N, 1280), the mean over the picture of the last features."""
        features: Tensor = self.network.forward_features(2 * rgb - 1)
        return features.mean((2, 3))

    def classes(self, rgb: Tensor) -> Tensor:
        """(N, 3, H, W) RGB in [0, 1] -> (N,), the likeliest of the 1000 classes of ImageNet, from 0."""
        return self.classes_of(self.features(rgb))

    def classes_of(self, features: Tensor) -> Tensor:
        """The same, from what `features` gave."""
        scores: Tensor = self.network.classifier(features)
        return scores.argmax(1)


FeatureNetwork = Squeezenet | Mobilenet | Efficientnet
Classifier = Squeezenet | Efficientnet
FEATURE_NETWORKS: dict[str, type[FeatureNetwork]] = {
    kind.name: kind for kind in (Squeezenet, Mobilenet, Efficientnet)
}
CLASSIFIERS: dict[str, type[Classifier]] = {kind.name: kind for kind in (Squeezenet, Efficientnet)}


def load_feature_network(path: Path, *, device: torch.device) -> FeatureNetwork:
    """A network for a Frechet distance, recognised by its weights.

    Args:
        path: weights of torchvision's `squeezenet1_1` with its head, of timm's `tf_efficientnet_lite0` with
            its head, or of timm's `mobilenetv1_100`; 16 or 32 bits.
        device: where it runs.

    Raises:
        WeightsError: the file is missing, damaged, or of another network.
    """
    name, network = build_pretrained(read_state(path)[0], path)
    if name not in FEATURE_NETWORKS or _lacks_weights(network):
        raise WeightsError(
            f"{path}: holds neither torchvision's squeezenet1_1 nor timm's tf_efficientnet_lite0 with its "
            "head, nor timm's mobilenetv1_100"
        )
    return FEATURE_NETWORKS[name](network).to(device)


def load_classifier(path: Path, *, device: torch.device) -> Classifier:
    """A classifier of the 1000 classes of ImageNet.

    Args:
        path: weights of torchvision's `squeezenet1_1` or timm's `tf_efficientnet_lite0`, with its head.
        device: where it runs.

    Raises:
        WeightsError: the file is missing, damaged, or of another network.
    """
    name, network = build_pretrained(read_state(path)[0], path)
    if name not in CLASSIFIERS or _lacks_weights(network):
        raise WeightsError(
            f"{path}: holds neither torchvision's squeezenet1_1 nor timm's tf_efficientnet_lite0, "
            "with its head"
        )
    return CLASSIFIERS[name](network).to(device)


def _lacks_weights(network: nn.Module) -> bool:
    return any(parameter.is_meta for parameter in network.parameters())


class Lpips(nn.Module):
    """LPIPS of Zhang et al. 2018, https://arxiv.org/abs/1801.03924, with AlexNet, by torchmetrics."""

    name = "LPIPS"

    def __init__(self) -> None:
        super().__init__()
        from torchmetrics.image.lpip import LearnedPerceptualImagePatchSimilarity

        self.network = LearnedPerceptualImagePatchSimilarity("alex", normalize=True)

    def forward(self, rgb: Tensor, truth: Tensor) -> float:
        """(1, 3, H, W) RGB in [0, 1] twice -> distance, 0 if equal; NaN below 32 px a side."""
        if min(rgb.shape[-2:]) < LPIPS_LEAST_PX:
            return float("nan")
        distance = float(self.network(rgb, truth))
        self.network.reset()  # it would keep a sum for all pictures
        return distance


class Inception(nn.Module):
    """The Inception network of the FID, as torchmetrics runs it: input scaled to 299 px."""

    name = "Inception"

    def __init__(self) -> None:
        super().__init__()
        from torchmetrics.image.fid import NoTrainInceptionV3

        self.network = NoTrainInceptionV3("inception-v3-compat", ["2048"])

    def forward(self, rgb: Tensor) -> tuple[Tensor, Tensor]:
        """(N, 3, H, W) RGB in [0, 1] -> (N, 2048) features and (N, 1008) logits."""
        features: Tensor = self.network((255 * rgb).round().to(torch.uint8))
        return features, features @ self.network.fc.weight.T  # without bias: the score's logits_unbiased


def load_lpips(*, fetch: bool, device: torch.device) -> Lpips:
    """LPIPS, if its weights are in torch's cache or may be fetched.

    Args:
        fetch: download AlexNet's weights (244 MB) where they are missing.
        device: where it runs.

    Raises:
        WeightsError: they cannot be had, or torchmetrics is not installed.
    """
    url = AlexNet_Weights.IMAGENET1K_V1.url
    return _load_known(Lpips, url, fetch).to(device)


def load_inception(*, fetch: bool, device: torch.device) -> Inception:
    """The Inception network of FID and Inception score; arguments and errors as in `load_lpips`, 96 MB."""
    try:
        from torch_fidelity.feature_extractor_inceptionv3 import URL_INCEPTION_V3
    except ImportError as error:
        raise _not_installed("torch-fidelity", error) from error
    return _load_known(Inception, URL_INCEPTION_V3, fetch).to(device)


def _load_known(kind: Any, url: str, fetch: bool) -> Any:
    """Build a network that takes its weights from torch's cache, where torch puts them from `url`."""
    place = Path(torch.hub.get_dir()) / "checkpoints" / Path(urlparse(url).path).name
    if not fetch and not place.is_file():
        raise WeightsError(f"no weights at {place}; --fetch downloads them from {url}")
    try:
        return kind().eval().requires_grad_(False)
    except ImportError as error:
        raise _not_installed("torchmetrics", error) from error
    except (OSError, RuntimeError) as error:
        place_hint = f"download {url} on another machine and put it at {place}"
        raise WeightsError(f"weights cannot be had from {url} ({error}); {place_hint}") from error


def _not_installed(package: str, error: ImportError) -> WeightsError:
    log.debug("%s", package, exc_info=error)
    return WeightsError(f'{package} is missing: pip install "deoldify_lite[evaluate]"')
