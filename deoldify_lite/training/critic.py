"""Critics: networks that distinguish real colour from generated. GAN papers say discriminator.

All see luma beside the colours, so they judge whether the colours suit this picture. They share one form,
(N, 1, H, W) luma and (N, 3, H, W) RGB in [0, 1] -> (N, 1, h, w) logits, high for real, one for each patch.
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from deoldify_lite.errors import OptionError
from deoldify_lite.models.layers import SelfAttention

NORMS: dict[str, Callable[[int], nn.Module]] = {
    "batch": nn.BatchNorm2d,
    "instance": partial(nn.InstanceNorm2d, affine=True),
    "none": lambda channels: nn.Identity(),
}


class PatchCritic(nn.Module):
    """The critic of pix2pix, in which each logit judges a patch of 70 x 70 px.

    C64-C128-C256-C512 of 4 x 4 convolutions, the first three at stride 2. From Isola et al. 2017,
    https://arxiv.org/abs/1611.07004, section 3.2.2 and appendix 6.1.2.

    Args:
        norm: a key of `NORMS`. The gradient penalty of `wgan-gp` forbids `batch`, which mixes pictures.

    Raises:
        OptionError: no such norm.
    """

    widths = (64, 128, 256, 512)

    def __init__(self, *, norm: str = "batch") -> None:
        super().__init__()
        if norm not in NORMS:
            raise OptionError(f"no norm {norm!r}: choose one of {', '.join(NORMS)}")
        layers: list[nn.Module] = []
        c_in = 4
        for i, width in enumerate(self.widths):
            has_norm = i > 0 and norm != "none"
            stride = 2 if i < 3 else 1
            layers.append(nn.Conv2d(c_in, width, 4, stride=stride, padding=1, bias=not has_norm))
            if has_norm:
                layers.append(NORMS[norm](width))
            layers.append(nn.LeakyReLU(0.2, inplace=True))
            c_in = width
        layers.append(nn.Conv2d(c_in, 1, 4, padding=1))
        self.layers = nn.Sequential(*layers)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.normal_(module.weight, std=0.02)  # as in the paper, section 6.2

    def forward(self, luma: Tensor, rgb: Tensor) -> Tensor:
        """(N, 1, H, W) and (N, 3, H, W) in [0, 1] -> (N, 1, H/8 - 2, W/8 - 2); H, W of 32 or more."""
        logits: Tensor = self.layers(_join(luma, rgb))
        return logits


class DeoldifyCritic(nn.Module):
    """The critic of DeOldify: spectral norm, self-attention at stride 4, dropout of whole channels.

    4 x 4 convolutions of stride 2 double the width from 256 to 2048, each but the first after a 3 x 3 one.
    There is no other norm, so it goes with every adversarial loss. Like DeOldify's, but for luma, which that
    one does not see: https://github.com/jantic/DeOldify. Spectral norm: Miyato et al. 2018,
    https://arxiv.org/abs/1802.05957; attention: Zhang et al. 2018, https://arxiv.org/abs/1805.08318.

    Args:
        width: channels after the first convolution; 256 is DeOldify's, with 94.6 million parameters.
    """

    def __init__(self, *, width: int = 256) -> None:
        super().__init__()
        layers = [*_spectral_unit(4, width, 4, stride=2), nn.Dropout2d(0.075)]
        for i in range(3):
            layers += [*_spectral_unit(width, width, 3), nn.Dropout2d(0.15)]
            layers += _spectral_unit(width, 2 * width, 4, stride=2)
            width *= 2
            if i == 0:
                layers.append(_spectral_attention(width))
        layers += _spectral_unit(width, width, 3)
        layers.append(spectral_norm(nn.Conv2d(width, 1, 4, bias=False)))
        self.layers = nn.Sequential(*layers)

    def forward(self, luma: Tensor, rgb: Tensor) -> Tensor:
        """(N, 1, H, W) and (N, 3, H, W) in [0, 1] -> (N, 1, H/16 - 3, W/16 - 3); H, W of 64 or more."""
        logits: Tensor = self.layers(_join(luma, rgb))
        return logits


def _join(luma: Tensor, rgb: Tensor) -> Tensor:
    """Luma and colours side by side, in [-1, 1]: (N, 4, H, W)."""
    return 2 * torch.cat([luma, rgb], 1) - 1


def _spectral_unit(c_in: int, c_out: int, kernel_size: int, *, stride: int = 1) -> list[nn.Module]:
    conv = nn.Conv2d(c_in, c_out, kernel_size, stride=stride, padding=(kernel_size - 1) // 2)
    nn.init.kaiming_normal_(conv.weight, a=0.2)
    assert conv.bias is not None
    nn.init.zeros_(conv.bias)
    return [spectral_norm(conv), nn.LeakyReLU(0.2, inplace=True)]


def _spectral_attention(channels: int) -> SelfAttention:
    attention = SelfAttention(channels, scale=1.0)  # DeOldify's scale of the logits
    for projection in (attention.query, attention.key, attention.value):
        spectral_norm(projection)
    return attention


CRITICS: dict[str, Callable[[], nn.Module]] = {"patch": PatchCritic, "deoldify": DeoldifyCritic}


def build_critic(name: str, *, norm: str | None = None) -> nn.Module:
    """Return an untrained critic by its name.

    Args:
        name: a key of `CRITICS`.
        norm: a key of `NORMS`; None for what the critic has by default. Only `patch` has a choice.

    Raises:
        OptionError: no such critic or norm, or that critic has no choice of norm.
    """
    if name not in CRITICS:
        raise OptionError(f"no critic {name!r}: choose one of {', '.join(CRITICS)}")
    if norm is None or (norm == "none" and name != "patch"):
        return CRITICS[name]()
    if name != "patch":
        raise OptionError(
            f"the critic {name!r} always has spectral norm: choose the critic patch, or leave out the norm"
        )
    return PatchCritic(norm=norm)
