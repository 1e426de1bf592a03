"""Adversarial losses by name: one side for the critic, one for the generator.

A logit is high where the critic takes a picture for real. Critics give several, one for each patch.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from deoldify_lite.errors import OptionError


@dataclass(frozen=True)
class AdversarialLoss:
    """The two sides of one game, and the limits on its critic."""

    critic: Callable[..., Tensor]  # logits of real and of generated pictures -> scalar
    generator: Callable[[Tensor], Tensor]  # logits of generated pictures -> scalar
    clip_limit: float = 0.0  # largest weight of the critic, by `clip_weights_`; 0 = not limited
    penalty_weight: float = 0.0  # of `gradient_penalty` in the critic's loss


def bce_critic(real_logits: Tensor, fake_logits: Tensor, *, real_label: float = 1.0) -> Tensor:
    """Binary cross-entropy, the mean of both halves: log 2 for a critic that guesses.

        ( mean BCE(D(real), real_label) + mean BCE(D(fake), 0) ) / 2

    From Goodfellow et al. 2014, https://arxiv.org/abs/1406.2661.

    Args:
        real_logits, fake_logits: any shape.
        real_label: below 1 it is one-sided label smoothing, which keeps the critic from being too sure
            (Salimans et al. 2016, https://arxiv.org/abs/1606.03498, section 3.4); 0.9 is usual.
    """
    real, fake = real_logits.float(), fake_logits.float()
    of_real = F.binary_cross_entropy_with_logits(real, torch.full_like(real, real_label))
    of_fake = F.binary_cross_entropy_with_logits(fake, torch.zeros_like(fake))
    return (of_real + of_fake) / 2


def bce_generator(fake_logits: Tensor) -> Tensor:
    """Mean BCE(D(fake), 1): the form that does not saturate, Goodfellow et al. 2014, section 3."""
    fake = fake_logits.float()
    return F.binary_cross_entropy_with_logits(fake, torch.ones_like(fake))


def lsgan_critic(real_logits: Tensor, fake_logits: Tensor, *, real_label: float = 1.0) -> Tensor:
    """Least squares: ( mean (D(real) - real_label)^2 + mean D(fake)^2 ) / 2.

    From Mao et al. 2017, https://arxiv.org/abs/1611.04076, equation 9. `real_label` as in `bce_critic`.
    """
    return ((real_logits.float() - real_label).square().mean() + fake_logits.float().square().mean()) / 2


def lsgan_generator(fake_logits: Tensor) -> Tensor:
    """Mean (D(fake) - 1)^2 / 2: Mao et al. 2017, equation 9."""
    return (fake_logits.float() - 1).square().mean() / 2


def hinge_critic(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Mean max(0, 1 - D(real)) + mean max(0, 1 + D(fake)): what is clear already no longer counts.

    From Lim and Ye 2017, https://arxiv.org/abs/1705.02894; used by SAGAN, https://arxiv.org/abs/1805.08318.
    """
    return F.relu(1 - real_logits.float()).mean() + F.relu(1 + fake_logits.float()).mean()


def wgan_critic(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Mean D(fake) - mean D(real): the negative Wasserstein distance, if D has a limited slope.

    From Arjovsky et al. 2017, https://arxiv.org/abs/1701.07875.
    """
    return fake_logits.float().mean() - real_logits.float().mean()


def score_generator(fake_logits: Tensor) -> Tensor:
    """-Mean D(fake): the generator's side of both hinge and Wasserstein losses."""
    return -fake_logits.float().mean()


ADVERSARIAL_LOSSES = {
    "bce": AdversarialLoss(bce_critic, bce_generator),
    "lsgan": AdversarialLoss(lsgan_critic, lsgan_generator),
    "hinge": AdversarialLoss(hinge_critic, score_generator),
    # The limit is that of the paper, algorithm 1.
    "wgan": AdversarialLoss(wgan_critic, score_generator, clip_limit=0.01),
    # Gulrajani et al. 2017, https://arxiv.org/abs/1704.00028, algorithm 1.
    "wgan-gp": AdversarialLoss(wgan_critic, score_generator, penalty_weight=10.0),
}


def build_adversarial_loss(name: str, *, real_label: float = 1.0) -> AdversarialLoss:
    """Return a loss by its name, with smoothed labels if asked.

    Args:
        name: a key of `ADVERSARIAL_LOSSES`.
        real_label: in (0.5, 1]; see `bce_critic`. Only `bce` and `lsgan` have labels.

    Raises:
        OptionError: no such loss, or it has no labels to smooth.
    """
    if name not in ADVERSARIAL_LOSSES:
        raise OptionError(f"no adversarial loss {name!r}: choose one of {', '.join(ADVERSARIAL_LOSSES)}")
    loss = ADVERSARIAL_LOSSES[name]
    if real_label == 1:
        return loss
    if not 0.5 < real_label < 1:
        raise OptionError(f"a label of {real_label} for real pictures: choose one above 0.5 and up to 1")
    if name not in ("bce", "lsgan"):
        raise OptionError(f"the loss {name!r} has no labels to smooth: choose bce or lsgan, or no smoothing")
    return replace(loss, critic=partial(loss.critic, real_label=real_label))


def flip_labels(
    real_logits: Tensor, fake_logits: Tensor, *, share: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Exchange some pictures between the real and the generated: noisy labels for the critic's loss.

    A critic that gets wrong labels now and then stays unsure, and keeps giving useful gradients.
    Idea 6 of Chintala et al. 2016, https://github.com/soumith/ganhacks. To exchange a pair is to flip both
    its labels, whatever the loss.

    Args:
        real_logits, fake_logits: (N, 1, h, w).
        share: of the pairs to exchange, in [0, 1], on average.
        generator: draws the pairs; it lives on the CPU.

    Returns:
        The logits to treat as real, and those to treat as generated.
    """
    draws = torch.rand((real_logits.shape[0], 1, 1, 1), generator=generator)
    flipped = (draws < share).to(real_logits.device)
    return torch.where(flipped, fake_logits, real_logits), torch.where(flipped, real_logits, fake_logits)


@torch.no_grad()
def clip_weights_(critic: nn.Module, limit: float) -> None:
    """Clamp every parameter to [-limit, limit], in place, after each step of the critic.

    It keeps the critic's slope limited, crudely: Arjovsky et al. 2017, https://arxiv.org/abs/1701.07875.
    """
    for parameter in critic.parameters():
        parameter.clamp_(-limit, limit)


def gradient_penalty(
    critic: Callable[[Tensor, Tensor], Tensor],
    luma: Tensor,
    real: Tensor,
    fake: Tensor,
    *,
    generator: torch.Generator,
) -> Tensor:
    """How far the critic's slope is from 1 between real and generated pictures.

        mean( ( || d D(mix) / d mix || - 1 )^2 ),   mix = e * real + (1 - e) * fake,   e ~ U(0, 1) per picture

    D of a picture is the mean of its logits, as in `wgan_critic`. From Gulrajani et al. 2017,
    https://arxiv.org/abs/1704.00028, equation 3. The critic must treat each picture alone, so it can have
    no batch norm.

    Args:
        critic: from luma and RGB to logits (N, 1, h, w).
        luma: (N, 1, H, W) in [0, 1], the same for both pictures.
        real, fake: (N, 3, H, W) RGB in [0, 1]; no gradient flows back into them.
        generator: draws e; it lives on the CPU.

    Returns:
        Scalar, whose gradient reaches the critic's parameters.
    """
    share = torch.rand((real.shape[0], 1, 1, 1), generator=generator).to(real.device)
    mixed = torch.lerp(fake.detach().float(), real.detach().float(), share).requires_grad_()
    # Second derivatives need float32, and only the plain implementation of attention has them.
    with torch.autocast(real.device.type, enabled=False), sdpa_kernel(SDPBackend.MATH):
        score = critic(luma.float(), mixed).flatten(1).mean(1).sum()
        (slope,) = torch.autograd.grad(score, mixed, create_graph=True)
    return (slope.flatten(1).norm(dim=1) - 1).square().mean()
