"""The critics: shapes, what a logit sees, and that what a critic is told it can learn."""

import pytest
import torch
from torch import nn

from deoldify_lite.errors import OptionError
from deoldify_lite.training.adversarial import bce_critic
from deoldify_lite.training.critic import CRITICS, NORMS, DeoldifyCritic, PatchCritic, build_critic


def small(name: str) -> nn.Module:
    """A critic for tests, quick enough for them."""
    return PatchCritic() if name == "patch" else DeoldifyCritic(width=8)


@pytest.mark.parametrize("name", CRITICS)
@pytest.mark.parametrize(("size", "patch", "deoldify"), [(64, 6, 1), (96, 10, 3), (128, 14, 5), (192, 22, 9)])
def test_sizes(name: str, size: int, patch: int, deoldify: int) -> None:
    critic = small(name).to(memory_format=torch.channels_last)
    luma = torch.rand(2, 1, size, size).contiguous(memory_format=torch.channels_last)
    rgb = torch.rand(2, 3, size, size).contiguous(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        logits = critic(luma, rgb)
    side = {"patch": patch, "deoldify": deoldify}[name]
    assert logits.shape == (2, 1, side, side)
    logits.float().mean().backward()
    assert all(p.grad is not None and p.grad.isfinite().all() for p in critic.parameters())


def test_a_patch_is_70_pixels_wide() -> None:
    critic = PatchCritic(norm="none")
    rgb = torch.rand(1, 3, 128, 128, requires_grad=True)
    critic(torch.rand(1, 1, 128, 128), rgb)[0, 0, 6, 7].backward()
    assert rgb.grad is not None
    seen = rgb.grad.abs().sum((0, 1)).nonzero()
    assert (seen.amax(0) - seen.amin(0) + 1).tolist() == [70, 70]


@pytest.mark.parametrize("norm", NORMS)
def test_norms_of_the_patch_critic(norm: str) -> None:
    critic = build_critic("patch", norm=norm)
    kinds = {"batch": nn.BatchNorm2d, "instance": nn.InstanceNorm2d}
    found = [type(m) for m in critic.modules() if type(m) in kinds.values()]
    assert found == ([] if norm == "none" else [kinds[norm]] * 3)  # none after the first convolution
    luma, rgb = torch.rand(2, 1, 64, 64), torch.rand(2, 3, 64, 64)
    alone = critic(luma[:1], rgb[:1])
    mixes = not torch.allclose(critic(luma, rgb)[:1], alone, atol=1e-5)
    assert mixes == (norm == "batch")


def test_deoldify_critic_is_as_large_as_deoldifys() -> None:
    with torch.device("meta"):
        critic = DeoldifyCritic()
    # 94,555,649 for colour alone; luma adds a fourth channel to 256 filters of 4 x 4.
    assert sum(p.numel() for p in critic.parameters()) == 94_555_649 + 256 * 16


def test_deoldify_critic_is_spectrally_normed() -> None:
    """After enough power iterations no convolution stretches anything by more than 1."""
    critic = DeoldifyCritic(width=8)
    convs = [m for m in critic.modules() if isinstance(m, nn.Conv1d | nn.Conv2d)]
    assert len(convs) == 1 + 3 * 2 + 2 + 3  # and three of the attention
    for conv in convs:
        for _ in range(50):
            _ = conv.weight  # in training, each look at it is an iteration
        largest = torch.linalg.matrix_norm(conv.weight.flatten(1), ord=2).item()
        assert largest == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize("name", CRITICS)
def test_critics_see_luma(name: str) -> None:
    critic = small(name).eval()
    rgb = torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        assert not torch.equal(critic(torch.zeros(1, 1, 64, 64), rgb), critic(torch.ones(1, 1, 64, 64), rgb))


@pytest.mark.slow
@pytest.mark.parametrize("name", CRITICS)
def test_critics_learn(name: str) -> None:
    """Real pictures are warm and the others cold."""
    critic = small(name)
    luma, warmth = torch.rand(4, 1, 64, 64), torch.tensor([0.2, 0, -0.2]).view(3, 1, 1)
    real, fake = luma + warmth, luma - warmth
    before = bce_critic(critic(luma, real), critic(luma, fake)).item()
    optimizer = torch.optim.Adam(critic.parameters(), 2e-3)
    for _ in range(6):
        loss = bce_critic(critic(luma, real), critic(luma, fake))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    critic.eval()
    with torch.no_grad():
        assert bce_critic(critic(luma, real), critic(luma, fake)) < before - 0.05
        assert critic(luma, real).mean() > critic(luma, fake).mean() + 0.2


def test_dropout_makes_noise_only_while_training() -> None:
    critic = DeoldifyCritic(width=8)
    luma, rgb = torch.rand(1, 1, 64, 64), torch.rand(1, 3, 64, 64)
    with torch.no_grad():
        assert not torch.equal(critic(luma, rgb), critic(luma, rgb))
        critic.eval()
        assert torch.equal(critic(luma, rgb), critic(luma, rgb))


@pytest.mark.parametrize(
    ("name", "norm", "message"),
    [
        ("no_such", None, "choose one of patch, deoldify"),
        ("patch", "no_such", "choose one of batch, instance, none"),
        ("deoldify", "batch", "always has spectral norm"),
    ],
)
def test_what_there_is_not_is_told(name: str, norm: str | None, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        build_critic(name, norm=norm)
