"""Losses of the generator."""

from pathlib import Path
from typing import Any

import timm
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from torch import Tensor, nn
from torchvision.models import squeezenet1_1

from deoldify_lite.errors import WeightsError

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)


def pixel_loss(chroma: Tensor, truth: Tensor) -> Tensor:
    """Huber loss in chroma, in which colourful pixels count up to five times as much as grey ones.

    Most of a photo is nearly grey, and a plain mean rewards the network for painting it all brown. The
    idea of rebalancing is from Zhang et al. 2016, https://arxiv.org/abs/1603.08511, section 2.2.

        mean( w * huber(chroma - truth) ) / mean(w),   w = 1 + 4 * min(|truth| / 0.15, 1)

    Args:
        chroma, truth: (N, 2, h, w) in [-0.5, 0.5].
    """
    weight = 1 + 4 * (truth.norm(dim=1, keepdim=True) / 0.15).clamp_max(1)
    # beta: below it errors are squared, above it they count linearly, so that a guess that was
    # plausible but wrong does not outweigh everything else.
    huber = F.smooth_l1_loss(chroma, truth, beta=0.1, reduction="none")
    return (weight * huber).mean() / weight.mean()


class FeatureLoss(nn.Module):
    """L1 distance of the features that a pretrained SqueezeNet 1.1 finds in two pictures.

    From Johnson et al. 2016, https://arxiv.org/abs/1603.08155.

    Args:
        weights: safetensors of torchvision's `squeezenet1_1`.
    """

    taps = (2, 4, 7)  # after these layers: strides 4, 8 and 16, all past a max-pool or fire module

    mean: Tensor
    std: Tensor

    def __init__(self, weights: Path) -> None:
        super().__init__()
        network = squeezenet1_1(weights=None)
        network.load_state_dict({k: v.float() for k, v in load_file(weights).items()})
        self.layers = network.features[: max(self.taps) + 1].eval().requires_grad_(False)
        for layer in self.layers:
            if isinstance(layer, nn.ReLU):
                layer.inplace = False
        self.register_buffer("mean", torch.tensor(IMAGENET_MEAN).view(1, 3, 1, 1))
        self.register_buffer("std", torch.tensor(IMAGENET_STD).view(1, 3, 1, 1))

    def features(self, rgb: Tensor) -> list[Tensor]:
        x, found = (rgb - self.mean) / self.std, []
        for i, layer in enumerate(self.layers):
            x = layer(x)
            if i in self.taps:
                found.append(x)
        return found

    def forward(self, rgb: Tensor, truth: Tensor) -> Tensor:
        """(N, 3, H, W) RGB in [0, 1] each -> scalar: the sum over layers of the relative L1 distance."""
        with torch.no_grad():
            wanted = self.features(truth)
        pairs = zip(self.features(rgb), wanted, strict=True)
        return torch.stack([F.l1_loss(a, b) / b.abs().mean().clamp_min(1e-6) for a, b in pairs]).sum()


class TeacherLoss(nn.Module):
    """Cosine distance of the encoder's deepest features, projected, from those of a pretrained teacher.

    The teacher sees the colour picture, the encoder its luma: so the encoder learns what things are, which
    a small set of photos alone teaches slowly. After Hinton et al. 2015, https://arxiv.org/abs/1503.02531,
    on features instead of class scores.

    Args:
        weights: safetensors of timm's `mobilenetv1_100` (TensorFlow padding, no classifier).
        channels: of the encoder's features at stride 32.

    Raises:
        WeightsError: the file is of another network.
    """

    def __init__(self, weights: Path, channels: int) -> None:
        super().__init__()
        teacher = timm.create_model("mobilenetv1_100", pad_type="same", num_classes=0)
        found = teacher.load_state_dict({k: v.float() for k, v in load_file(weights).items()}, strict=False)
        lost = [k for k in found.missing_keys if not k.endswith("num_batches_tracked")]
        if lost or found.unexpected_keys:
            raise WeightsError(f"{weights}: not of timm's mobilenetv1_100; it lacks {lost[:3]}")
        # A bound method and not a sub-module, so that the teacher is neither trained nor saved.
        features_of: Any = teacher.eval().requires_grad_(False).forward_features
        self._features_of = features_of
        self.project = nn.Conv2d(channels, 1024, 1)

    def forward(self, features: Tensor, rgb: Tensor) -> Tensor:
        """(N, C, H/32, W/32) and (N, 3, H, W) RGB in [0, 1] -> scalar in [0, 2]."""
        with torch.no_grad():
            wanted = self._features_of(rgb * (255 / 128) - 1)
            wanted = F.interpolate(wanted.float(), features.shape[-2:], mode="bilinear")
            # Standardised, or what all pictures have in common would decide the cosine.
            wanted = F.batch_norm(wanted, None, None, training=True)
        return 1 - F.cosine_similarity(self.project(features), wanted, dim=1).mean()
