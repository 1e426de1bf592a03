"""The two players of the game: generator and critic, each with its optimizer and its move."""

import copy
from typing import Any

import torch
from torch import Tensor, nn

from deoldify_lite.errors import OptionError
from deoldify_lite.system.device import autocast
from deoldify_lite.training.adversarial import (
    AdversarialLoss,
    build_adversarial_loss,
    clip_weights_,
    flip_labels,
    gradient_penalty,
)
from deoldify_lite.training.critic import build_critic
from deoldify_lite.training.generators import train_mode, update_average
from deoldify_lite.training.objective import Objective, Outcome
from deoldify_lite.training.processes import Processes
from deoldify_lite.training.recipes import Recipe
from deoldify_lite.training.schedule import learning_rate_factor
from deoldify_lite.training.views import Views

State = dict[str, Any]


def _optimizer(module: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """AdamW that leaves norms and biases undecayed."""
    groups: dict[tuple[float, float], list[nn.Parameter]] = {}
    for name, parameter in module.named_parameters():
        if parameter.requires_grad:
            rate = recipe.encoder_rate if name.startswith("generator.encoder.") else 1.0
            decay = recipe.weight_decay if parameter.ndim > 1 else 0.0
            groups.setdefault((rate, decay), []).append(parameter)
    return torch.optim.AdamW(
        [{"params": params, "weight_decay": decay, "rate": rate} for (rate, decay), params in groups.items()],
        betas=(recipe.beta1, recipe.beta2),
        fused=next(module.parameters()).device.type in ("cpu", "cuda"),
    )


def _move(
    optimizer: torch.optim.Optimizer, loss: Tensor, rate: float, processes: Processes, clip_norm: float
) -> None:
    """One step of an optimizer down the loss, the same in all processes."""
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    for group in optimizer.param_groups:
        group["lr"] = rate * group["rate"]
    optimizer.zero_grad()
    loss.backward()
    processes.average_gradients(parameters)
    nn.utils.clip_grad_norm_(parameters, clip_norm)
    optimizer.step()


class CriticPlayer:
    """The critic, which learns to distinguish the generator's pictures from real ones.

    Args:
        recipe: names it and its loss.
        processes: those that train it together.
        dtype: what convolutions compute in.

    Raises:
        OptionError: critic, norm and loss do not fit together.
    """

    def __init__(self, recipe: Recipe, processes: Processes, dtype: torch.dtype) -> None:
        assert recipe.critic is not None
        self.recipe, self.processes, self.dtype = recipe, processes, dtype
        network = build_critic(recipe.critic, norm=recipe.critic_norm)
        self.network = network.to(processes.device).to(memory_format=torch.channels_last)
        processes.share_weights(self.network)
        self.loss: AdversarialLoss = build_adversarial_loss(recipe.adversarial, real_label=recipe.real_label)
        norms = any(isinstance(module, nn.BatchNorm2d) for module in self.network.modules())
        if self.loss.penalty_weight and norms:
            raise OptionError(
                "wgan-gp needs a critic without batch norm: choose --critic-norm instance or none"
            )
        self.optimizer = _optimizer(self.network, recipe)

    def move(self, views: Views, fake: Tensor, progress: float, *, seed: int) -> dict[str, Tensor]:
        """Learn from a batch and the generator's answer to it: (N, 3, H, W) RGB."""
        draws = torch.Generator().manual_seed(seed)
        self.network.train().requires_grad_(True)
        fake = fake.detach()
        with autocast(self.processes.device, self.dtype):
            real_logits = self.network(views.luma, views.rgb)
            fake_logits = self.network(views.luma, fake)
        losses = {"critic_real": real_logits.float().mean(), "critic_fake": fake_logits.float().mean()}
        if self.recipe.flipped_labels:
            real_logits, fake_logits = flip_labels(
                real_logits, fake_logits, share=self.recipe.flipped_labels, generator=draws
            )
        total = losses["critic"] = self.loss.critic(real_logits, fake_logits)
        if self.loss.penalty_weight:
            penalty = gradient_penalty(self.network, views.luma, views.rgb, fake, generator=draws)
            losses["penalty"] = penalty
            total = total + self.loss.penalty_weight * penalty
        rate = self.recipe.critic_learning_rate * learning_rate_factor(self.recipe, progress)
        _move(self.optimizer, total, rate, self.processes, self.recipe.clip_norm)
        if self.loss.clip_limit:
            clip_weights_(self.network, self.loss.clip_limit)
        return {name: loss.detach() for name, loss in losses.items()}

    def verdict(self, luma: Tensor, rgb: Tensor) -> Tensor:
        """The adversarial loss of the generator's pictures; its gradient reaches them, not the critic."""
        self.network.requires_grad_(False)
        return self.loss.generator(self.network(luma, rgb))

    def state(self) -> State:
        """Return the state needed to continue exactly."""
        return {"network": self.network.state_dict(), "optimizer": self.optimizer.state_dict()}

    def load(self, state: State) -> None:
        """Go on from a `state`."""
        self.network.load_state_dict(state["network"])
        self.optimizer.load_state_dict(state["optimizer"])


class GeneratorPlayer:
    """The generator: it learns to colorize, and to please the critic. Its average is what is kept.

    Args:
        objective: holds the generator.
        processes: those that train it together.
        dtype: what convolutions compute in.
    """

    def __init__(self, objective: Objective, processes: Processes, dtype: torch.dtype) -> None:
        self.recipe, self.processes, self.dtype = objective.recipe, processes, dtype
        self.objective = objective.to(processes.device).to(memory_format=torch.channels_last)
        processes.share_weights(self.objective)
        self.average = copy.deepcopy(self.objective.generator).requires_grad_(False).eval()
        self.optimizer = _optimizer(self.objective, self.recipe)
        self.moves = 0

    def answer(self, views: Views) -> Tensor:
        """What the generator makes of a batch, for the critic to learn from: (N, 3, H, W) RGB."""
        train_mode(self.objective.generator, self.recipe.frozen)
        with torch.no_grad(), autocast(self.processes.device, self.dtype):
            return self.objective.colorize(views.luma, views.seen)

    def move(self, views: Views, progress: float, critic: CriticPlayer | None) -> dict[str, Tensor]:
        """Learn from a batch, with the critic's verdict if there is a critic."""
        train_mode(self.objective.generator, self.recipe.frozen)
        with autocast(self.processes.device, self.dtype):
            outcome: Outcome = self.objective(views, progress)
            losses, total = dict(outcome.losses), outcome.total
            if critic is not None:
                losses["adversarial"] = critic.verdict(views.luma, outcome.rgb)
        if critic is not None:
            total = total + self.recipe.adversarial_weight * losses["adversarial"]
        self._learn(total, progress)
        return {name: loss.detach() for name, loss in losses.items()}

    def distil(self, views: Views, progress: float) -> dict[str, Tensor]:
        """Let the encoder alone learn from the teacher."""
        train_mode(self.objective.generator, self.recipe.frozen)
        with autocast(self.processes.device, self.dtype):
            loss = self.objective.distil(views)
        self._learn(loss, progress)
        return {"distillation": loss.detach()}

    def _learn(self, loss: Tensor, progress: float) -> None:
        rate = self.recipe.learning_rate * learning_rate_factor(self.recipe, progress)
        _move(self.optimizer, loss, rate, self.processes, self.recipe.clip_norm)
        self.moves += 1
        # Early on the average follows closely, or it would remember the start.
        decay = min(self.recipe.ema_decay, self.moves / (10 + self.moves))
        update_average(self.average, self.objective.generator, decay)

    def state(self) -> State:
        """Return the state needed to continue exactly."""
        return {
            "objective": self.objective.state_dict(),
            "average": self.average.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "moves": self.moves,
        }

    def load(self, state: State) -> None:
        """Go on from a `state`."""
        self.objective.load_state_dict(state["objective"])
        self.average.load_state_dict(state["average"])
        self.optimizer.load_state_dict(state["optimizer"])
        self.moves = state["moves"]
