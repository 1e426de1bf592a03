"""Losses by pretrained networks, which see more in two pictures than that their pixels differ.

The networks are only looked through. They are not `nn.Module`s here, so that whatever holds one neither
trains nor saves it.
"""

import http.client
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models import VGG16_BN_Weights

from deoldify_lite.errors import WeightsError
from deoldify_lite.models.build import fold_batch_norms
from deoldify_lite.models.checkpoint import State, read_state
from deoldify_lite.models.pretrained import PRETRAINED, build_pretrained
from deoldify_lite.models.unet import IMAGENET_MEAN, IMAGENET_STD

TEACHER = "tf_efficientnet_lite2"
TEACHER_CHANNELS = 352  # of its deepest features


@dataclass(frozen=True)
class Chain:
    """How a pretrained network is cut into a chain of layers, and what counts at which of them."""

    layers: Callable[[Any], Sequence[nn.Module]]  # what a picture passes, one after the other
    taps: tuple[int, ...]  # features are taken after these layers of the chain
    tap_weights: tuple[float, ...]  # of their distances in the feature loss
    relative: bool  # whether a distance is a share of the features' size
    exact: bool = False  # whether it computes in float32 whatever the rest does


CHAINS = {
    "squeezenet1_1": Chain(
        lambda network: list(network.features),
        taps=(2, 4, 7),  # strides 4, 4 and 8, past a max-pool and two fire modules
        tap_weights=(1.0, 1.0, 1.0),
        relative=True,
    ),
    # As DeOldify uses it: the last layers before the third, fourth and fifth max-pool.
    "vgg16_bn": Chain(
        lambda network: list(network.features),
        taps=(22, 32, 42),  # strides 4, 8 and 16
        tap_weights=(20.0, 70.0, 10.0),
        relative=False,
    ),
    TEACHER: Chain(
        lambda network: [
            *(network.conv_stem, network.bn1, *network.blocks),
            nn.Sequential(network.conv_head, network.bn2, network.global_pool, network.classifier),
        ],
        taps=(3, 4, 6, 8, 9),  # strides 4, 8, 16 and 32, and the logits of ImageNet's classes
        tap_weights=(1.0, 1.0, 1.0, 1.0, 0.0),
        relative=True,
        # In bfloat16 the gradient of its answer has a cosine of 0.7 to the true one.
        exact=True,
    ),
}


class FeatureNetwork:
    """A frozen, pretrained network that returns features of pictures.

    Args:
        layers: what a picture passes, one after the other.
        taps: features are taken after these layers; later layers are dropped.
        mean, std: of red, green and blue, which the input is normalized by.
        exact: compute in float32 even under autocast.
    """

    def __init__(
        self,
        layers: Sequence[nn.Module],
        *,
        taps: Sequence[int],
        mean: Sequence[float] = IMAGENET_MEAN,
        std: Sequence[float] = IMAGENET_STD,
        exact: bool = False,
    ) -> None:
        self.layers = nn.Sequential(*layers[: max(taps) + 1]).eval().requires_grad_(False)
        self.layers.to(memory_format=torch.channels_last)
        self.taps = tuple(taps)
        self.mean, self.std = tuple(mean), tuple(std)
        self.exact = exact

    def to(self, device: torch.device) -> "FeatureNetwork":
        """Move the network, in place."""
        self.layers.to(device)
        return self

    def features(self, rgb: Tensor) -> list[Tensor]:
        """(N, 3, H, W) RGB in [0, 1] -> the features at each tap, shallowest first; has a gradient in rgb."""
        mean, std = (rgb.new_tensor(v).view(3, 1, 1) for v in (self.mean, self.std))
        with torch.autocast(rgb.device.type, enabled=False) if self.exact else nullcontext():
            x, found = (rgb.float() - mean) / std, []
            for i, layer in enumerate(self.layers):
                x = layer(x)
                if i in self.taps:
                    found.append(x)
        return found


class FeatureLoss:
    """L1 distance of the features that a pretrained network finds in two pictures.

        sum_i  w_i * mean |f_i(rgb) - f_i(truth)|  ( / mean |f_i(truth)|  if relative )

    From Johnson et al. 2016, https://arxiv.org/abs/1603.08155, with L1 in place of L2. With VGG16-BN, not
    relative, it is the part of DeOldify's loss beside its L1 of pixels.

    Args:
        network: what finds them.
        weights: w of each tap.
        relative: make the distances of all taps comparable.
    """

    def __init__(self, network: FeatureNetwork, *, weights: Sequence[float], relative: bool) -> None:
        self.network = network
        self.weights = tuple(weights)
        self.relative = relative

    def to(self, device: torch.device) -> "FeatureLoss":
        """Move the network, in place."""
        self.network.to(device)
        return self

    def __call__(self, rgb: Tensor, truth: Tensor) -> Tensor:
        """(N, 3, H, W) RGB in [0, 1] each -> scalar; its gradient is that in `rgb`."""
        with torch.no_grad():
            wanted = self.network.features(truth)
        ours = self.network.features(rgb)
        distance = _relative_l1 if self.relative else _l1
        terms = zip(self.weights, ours, wanted, strict=True)
        return torch.stack([weight * distance(a, b) for weight, a, b in terms]).sum()


def _l1(ours: Tensor, wanted: Tensor) -> Tensor:
    return F.l1_loss(ours.float(), wanted.float())


def _relative_l1(ours: Tensor, wanted: Tensor) -> Tensor:
    return _l1(ours, wanted) / wanted.float().abs().mean().clamp_min(1e-6)


def distillation_loss(projected: Tensor, wanted: Sequence[Tensor]) -> Tensor:
    """Cosine distance of an encoder's deepest features, projected, from a teacher's deepest ones.

    The teacher sees the colour picture, the encoder its luma: so the encoder learns what things are, which
    a small set of photos alone teaches slowly. After Hinton et al. 2015, https://arxiv.org/abs/1503.02531,
    on features instead of class scores.

    Args:
        projected: (N, TEACHER_CHANNELS, h, w), the encoder's features after a 1 x 1 convolution.
        wanted: `features` of a teacher for the true pictures; logits come last.

    Returns:
        Scalar in [0, 2].
    """
    deepest = F.interpolate(wanted[-2].float(), projected.shape[-2:], mode="bilinear")
    # Standardised, or what all pictures have in common would decide the cosine.
    deepest = F.batch_norm(deepest, None, None, training=True)
    return 1 - F.cosine_similarity(projected, deepest, dim=1).mean()


def semantic_loss(ours: Sequence[Tensor], wanted: Sequence[Tensor]) -> tuple[Tensor, Tensor, Tensor]:
    """How differently a teacher sees the coloured pictures and the true ones: detail, meaning and answer.

    The detail is the relative L1 distance of all features, as in `FeatureLoss`. The meaning is
    the cosine distance of the deepest features, at each place and for the mean over places, after both are
    standardised per channel by the mean and spread that the true pictures of the batch have:

        ( 1 - mean cos(a, b) ) + ( 1 - mean cos(mean_hw a, mean_hw b) )

    The answer is the Kullback-Leibler divergence of what it takes the coloured pictures for from what it
    takes the true ones for.

    Args:
        ours, wanted: `features` of one teacher, for the coloured and for the true pictures; logits come last.

    Returns:
        Three scalars: detail of 0 or more; meaning in [0, 4]; answer of 0 or more, in nats.
    """
    *seen, answer = ours
    *truly, right_answer = wanted
    detail = torch.stack([_relative_l1(a, b) for a, b in zip(seen, truly, strict=True)]).sum()
    deepest, truth = seen[-1].float(), truly[-1].float()
    std, mean = torch.std_mean(truth, (0, 2, 3), keepdim=True)
    a, b = ((x - mean) / (std + 1e-3) for x in (deepest, truth))
    everywhere = 1 - F.cosine_similarity(a, b, dim=1).mean()
    on_the_whole = 1 - F.cosine_similarity(a.mean((2, 3)), b.mean((2, 3)), dim=1).mean()
    ours_log, truth_log = answer.float().log_softmax(1), right_answer.float().log_softmax(1)
    divergence = F.kl_div(ours_log, truth_log, log_target=True, reduction="batchmean")
    return detail, everywhere + on_the_whole, divergence


def build_feature_loss(source: str | Path) -> FeatureLoss:
    """A feature loss by a pretrained network.

    Args:
        source: a safetensors or `.pth` file of one of `PRETRAINED`, which its tensors tell; or the word
            `vgg16_bn`, on which torchvision's weights are downloaded (528 MB), or found in torch's cache.

    Raises:
        WeightsError: the file is missing, damaged, or of another network; or the download failed.
    """
    state = _download_vgg16_bn() if source == "vgg16_bn" else read_state(Path(source))[0]
    try:
        name, network = _build(state, source)
    except WeightsError as error:
        raise WeightsError(f"{error}, or vgg16_bn to download them") from error
    return FeatureLoss(network, weights=CHAINS[name].tap_weights, relative=CHAINS[name].relative)


def build_teacher(path: Path) -> FeatureNetwork:
    """The teacher of `distillation_loss` and `semantic_loss`.

    Args:
        path: weights of timm's `tf_efficientnet_lite2`, with its classifier.

    Raises:
        WeightsError: the file is missing, damaged, or of another network.
    """
    state = read_state(path)[0]
    name, network = _build(state, path)
    if name != TEACHER or "classifier.weight" not in state:
        raise WeightsError(f"{path}: only {TEACHER} with its classifier can be a teacher; it holds {name}")
    return network


def _download_vgg16_bn() -> State:
    weights = VGG16_BN_Weights.IMAGENET1K_V1
    try:
        return dict(weights.get_state_dict(progress=False, check_hash=True))
    # A RuntimeError is a wrong hash.
    except (OSError, http.client.HTTPException, RuntimeError) as error:
        raise WeightsError(
            f"cannot download the weights of vgg16_bn ({error}): check the connection, or download "
            f"{weights.url} yourself and name the file"
        ) from error


def _build(state: State, source: str | Path) -> tuple[str, FeatureNetwork]:
    """The network that tensors are of, and its name.

    Raises:
        WeightsError: they are of none that is known here.
    """
    name, network = build_pretrained(state, source)
    if name not in CHAINS:
        raise WeightsError(f"{source} holds {name}, which no loss knows: name weights of {', '.join(CHAINS)}")
    fold_batch_norms(network)  # fewer steps, the same features
    known, chain = PRETRAINED[name], CHAINS[name]
    layers = chain.layers(network)
    return name, FeatureNetwork(layers, taps=chain.taps, mean=known.mean, std=known.std, exact=chain.exact)
