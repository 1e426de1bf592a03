"""Adversarial losses against values worked out by hand."""

import math

import pytest
import torch
from torch import Tensor, nn

from deoldify_lite.errors import OptionError
from deoldify_lite.training.adversarial import (
    ADVERSARIAL_LOSSES,
    build_adversarial_loss,
    clip_weights_,
    flip_labels,
    gradient_penalty,
)
from deoldify_lite.training.critic import DeoldifyCritic, PatchCritic

REAL, FAKE = torch.tensor([2.0, 0.5]), torch.tensor([-1.0, 0.0])


def softplus(x: float) -> float:
    return math.log1p(math.exp(x))  # -log sigmoid(-x)


@pytest.mark.parametrize(
    ("name", "critic", "generator"),
    [
        (
            "bce",
            (softplus(-2) + softplus(-0.5) + softplus(-1) + softplus(0)) / 4,
            (softplus(1) + softplus(0)) / 2,
        ),
        ("lsgan", ((1 + 0.25) / 2 + (1 + 0) / 2) / 2, (4 + 1) / 2 / 2),
        ("hinge", (0 + 0.5) / 2 + (0 + 1) / 2, 0.5),
        ("wgan", -0.5 - 1.25, 0.5),
        ("wgan-gp", -0.5 - 1.25, 0.5),
    ],
)
def test_losses_by_hand(name: str, critic: float, generator: float) -> None:
    loss = build_adversarial_loss(name)
    assert loss is ADVERSARIAL_LOSSES[name]
    assert loss.critic(REAL, FAKE).item() == pytest.approx(critic, rel=1e-6)
    assert loss.generator(FAKE).item() == pytest.approx(generator, rel=1e-6)


@pytest.mark.parametrize("name", ADVERSARIAL_LOSSES)
def test_both_sides_pull_where_they_should(name: str) -> None:
    loss = ADVERSARIAL_LOSSES[name]
    real, fake = (torch.full((3, 1, 2, 2), 0.5, requires_grad=True) for _ in range(2))
    of_real, of_fake = torch.autograd.grad(loss.critic(real, fake), [real, fake])
    assert (of_real < 0).all() and (of_fake > 0).all()  # down the slope: real goes up, generated down
    (of_generated,) = torch.autograd.grad(loss.generator(fake), fake)
    assert (of_generated < 0).all()
    assert loss.critic(real.bfloat16(), fake.bfloat16()).dtype == torch.float32


def test_only_wasserstein_losses_hold_the_critic_back() -> None:
    assert [name for name, loss in ADVERSARIAL_LOSSES.items() if loss.clip_limit] == ["wgan"]
    assert [name for name, loss in ADVERSARIAL_LOSSES.items() if loss.penalty_weight] == ["wgan-gp"]


def test_smoothed_labels_by_hand() -> None:
    # BCE(x, 0.9) = softplus(-x) + 0.1 x
    bce = build_adversarial_loss("bce", real_label=0.9).critic(REAL, FAKE)
    assert bce.item() == pytest.approx(
        (softplus(-2) + 0.2 + softplus(-0.5) + 0.05 + softplus(-1) + softplus(0)) / 4, rel=1e-6
    )
    lsgan = build_adversarial_loss("lsgan", real_label=0.9)
    assert lsgan.critic(REAL, FAKE).item() == pytest.approx(((1.21 + 0.16) / 2 + 0.5) / 2, rel=1e-6)
    # The generator's aim stays: the smoothing is one-sided.
    assert lsgan.generator(FAKE).item() == pytest.approx(1.25)


@pytest.mark.parametrize(
    ("name", "real_label", "message"),
    [
        ("no_such", 1.0, "choose one of bce, lsgan, hinge, wgan, wgan-gp"),
        ("hinge", 0.9, "choose bce or lsgan"),
        ("bce", 0.4, "above 0.5"),
        ("bce", 1.2, "up to 1"),
    ],
)
def test_what_there_is_not_is_told(name: str, real_label: float, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        build_adversarial_loss(name, real_label=real_label)


def test_flipped_labels_are_pairs_exchanged() -> None:
    real, fake = torch.ones(4000, 1, 2, 2), torch.zeros(4000, 1, 2, 2)
    as_real, as_fake = flip_labels(real, fake, share=0.1, generator=torch.Generator().manual_seed(1))
    assert torch.equal(as_real + as_fake, real + fake)  # what left one side is on the other
    assert torch.equal(as_real.amin((1, 2, 3)), as_real.amax((1, 2, 3)))  # a picture goes as a whole
    assert 0.08 < as_fake.mean() < 0.12
    again, _ = flip_labels(real, fake, share=0.1, generator=torch.Generator().manual_seed(1))
    assert torch.equal(again, as_real)
    other, _ = flip_labels(real, fake, share=0.1, generator=torch.Generator().manual_seed(2))
    assert not torch.equal(other, as_real)


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_no_labels_or_all_flipped(share: float) -> None:
    real, fake = torch.rand(5, 1, 1, 1, requires_grad=True), torch.rand(5, 1, 1, 1)
    flipped = flip_labels(real, fake, share=share, generator=torch.Generator())
    assert torch.equal(flipped[int(share)], real) and torch.equal(flipped[1 - int(share)], fake)
    assert flipped[int(share)].requires_grad


def test_clipped_weights() -> None:
    critic = nn.Linear(2, 1)
    with torch.no_grad():
        critic.weight.copy_(torch.tensor([[0.5, -0.005]]))
        critic.bias.fill_(-3)
    clip_weights_(critic, 0.01)
    torch.testing.assert_close(critic.weight.data, torch.tensor([[0.01, -0.005]]))
    assert critic.bias.item() == pytest.approx(-0.01)


def test_gradient_penalty_by_hand() -> None:
    """A linear critic with slope 0.5 at each of 12 values: its gradient has length 0.5 sqrt(12) anywhere."""
    slope = nn.Parameter(torch.tensor(0.5))

    def critic(luma: Tensor, rgb: Tensor) -> Tensor:
        score = slope * rgb.sum((1, 2, 3)) + luma.sum((1, 2, 3))
        # Four patches whose mean is the score.
        return score.view(-1, 1, 1, 1) + torch.tensor([[-1.0, 1.0], [2.0, -2.0]])

    luma, real, fake = torch.rand(3, 1, 2, 2), torch.rand(3, 3, 2, 2), torch.rand(3, 3, 2, 2)
    penalty = gradient_penalty(critic, luma, real, fake, generator=torch.Generator())
    length = 0.5 * math.sqrt(12)
    assert penalty.item() == pytest.approx((length - 1) ** 2, rel=1e-5)
    penalty.backward()
    assert slope.grad is not None
    assert slope.grad.item() == pytest.approx(2 * (length - 1) * math.sqrt(12), rel=1e-5)


def test_gradient_penalty_is_taken_between_the_pictures() -> None:
    """A critic of slope |mix|: between 0 and 1 it is e, and e differs from picture to picture."""
    real, fake, luma = torch.ones(500, 3, 1, 1), torch.zeros(500, 3, 1, 1), torch.zeros(500, 1, 1, 1)

    def critic(_: Tensor, rgb: Tensor) -> Tensor:
        return rgb.square().sum(1, keepdim=True) / 2 / math.sqrt(3)

    penalties = [
        gradient_penalty(critic, luma, real, fake, generator=torch.Generator().manual_seed(seed)).item()
        for seed in (0, 0, 1)
    ]
    assert penalties[0] == penalties[1] != penalties[2]
    # The gradient's length is e: mean (e - 1)^2 over U(0, 1) is 1/3.
    assert penalties[0] == pytest.approx(1 / 3, abs=0.05)


@pytest.mark.parametrize("critic", [PatchCritic(norm="instance"), DeoldifyCritic(width=8)])
def test_critics_can_be_penalised_under_autocast(critic: nn.Module) -> None:
    luma, real, fake = torch.rand(2, 1, 64, 64), torch.rand(2, 3, 64, 64), torch.rand(2, 3, 64, 64)
    with torch.autocast("cpu", torch.bfloat16):
        penalty = gradient_penalty(critic, luma, real, fake, generator=torch.Generator())
    penalty.backward()
    assert penalty.dtype == torch.float32 and penalty.isfinite()
    grads = [p.grad for p in critic.parameters() if p.ndim > 1]
    assert all(grad is not None and grad.isfinite().all() for grad in grads)
