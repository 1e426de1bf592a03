"""One training run: its data, its state, and its files."""

import json
import logging
import math
from collections.abc import Generator, Iterator
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

from deoldify_lite.errors import OptionError, TrainingError
from deoldify_lite.models.baselines import BASELINES
from deoldify_lite.models.build import OWN_ENCODER
from deoldify_lite.system.device import choose_dtype
from deoldify_lite.system.files import atomic_path
from deoldify_lite.training.config import TrainConfig
from deoldify_lite.training.data import PhotoSet, batches, open_photos, read_all
from deoldify_lite.training.features import build_feature_loss, build_teacher
from deoldify_lite.training.generators import (
    build_generator,
    freeze,
    half_state,
    keep_depthwise_exact,
    load_into,
)
from deoldify_lite.training.journal import Journal
from deoldify_lite.training.objective import Objective
from deoldify_lite.training.players import CriticPlayer, GeneratorPlayer
from deoldify_lite.training.processes import Processes
from deoldify_lite.training.recipes import WITH_CRITIC, Phase, Recipe
from deoldify_lite.training.validation import sample_sheet, score, validate
from deoldify_lite.training.views import Views, make_views

log = logging.getLogger(__name__)

# A pixel loss so many times the best so far is not a hard batch: the run has diverged.
_DIVERGED = 4.0
_SHEET_PHOTOS, _SHEET_PX = 12, 160
# Attributes that are the state of a run.
_PLACE = ("step", "drawn", "elapsed_s", "best", "least")


class Run:
    """A run by a recipe, new or continued from its last checkpoint.

    Args:
        recipe: what to learn, and how.
        config: where, on what, and how long.
        processes: all processes that work on it.

    Raises:
        InputError: the data do not exist.
        OptionError: recipe, settings and folder do not fit together.
        WeightsError: weights to start from or to learn from cannot be loaded.
    """

    def __init__(self, recipe: Recipe, config: TrainConfig, processes: Processes) -> None:
        self.recipe, self.config, self.processes = recipe, config, processes
        self.step = 0  # steps done
        self.drawn = 0  # crops drawn, by all processes together
        self.elapsed_s = 0.0
        self.best = -math.inf  # score of the weights picked so far
        self.least = math.inf  # least pixel loss so far
        self._losses: dict[str, list[Tensor]] = {}  # since they were last recorded
        for phase in recipe.phases:
            processes.share_of(phase.batch_size)
        if recipe.frozen and not config.init:
            raise OptionError("this recipe trains part of a network: name the whole network with --init")
        config.out.mkdir(parents=True, exist_ok=True)
        self._note_settings()
        dtype = choose_dtype(processes.device.type, config.precision)
        # Half precision would need gradient scaling.
        self.dtype = torch.float32 if dtype == torch.float16 else dtype
        torch.manual_seed(config.seed)

        self.photos, held_out = open_photos(
            config.data, validation_every=config.validation_every, limit=config.limit
        )
        every = -(-len(held_out) // max(1, config.validation_photos)) or 1
        self.validation = read_all(PhotoSet(held_out.sources[::every]))

        generator = build_generator(
            recipe.network,
            encoder=recipe.encoder,
            encoder_weights=config.encoder_weights,
            dropout=recipe.dropout,
        )
        if config.init:
            load_into(generator, config.init)
        freeze(generator, recipe.frozen)
        if processes.device.type == "cpu":
            keep_depthwise_exact(generator)
        has_features = str(config.feature_net) != "none"
        self._warn_of_missing_losses(has_features)
        objective = Objective(
            recipe,
            generator,
            build_feature_loss(config.feature_net).to(processes.device) if has_features else None,
            build_teacher(config.teacher).to(processes.device) if config.teacher else None,
        )
        self.generator = GeneratorPlayer(objective, processes, self.dtype)
        self.critic = CriticPlayer(recipe, processes, self.dtype) if recipe.critic else None
        self._take_up()
        self.journal = Journal(config.out, self.step) if processes.is_first else None

    @property
    def checkpoint(self) -> Path:
        """The file to continue from."""
        return self.config.out / "checkpoint.pt"

    @property
    def weights(self) -> Path:
        """The file of the result."""
        return self.config.out / "weights.safetensors"

    def stream(self, phase: Phase) -> Generator[Tensor, None, None]:
        """The crops of a phase, from where the run stands."""
        return batches(
            self.photos,
            size_px=phase.size_px,
            batch_size=self.processes.share_of(phase.batch_size),
            seed=self.config.seed,
            first=self.drawn,
            workers=self.config.workers,
            rank=self.processes.rank,
            world_size=self.processes.count,
        )

    def advance(self, phase: Phase, stream: Iterator[Tensor]) -> None:
        """Take one step of a phase: the critic's moves, then the generator's."""
        recipe, progress = self.recipe, self.step / self.config.steps
        can_stop = math.isfinite(recipe.critic_threshold)
        # Dropout and the like draw after a resume what they would have drawn without the stop.
        torch.manual_seed((self.config.seed * 1_000_003 + self.step) * 64 + self.processes.rank)
        if self.critic and phase.trains in WITH_CRITIC:
            for turn in range(recipe.critic_steps):
                views = self._next_views(stream)
                losses = self.critic.move(
                    views, self.generator.answer(views), progress, seed=self.drawn + turn
                )
                self._collect(losses)
                # All processes must agree on it.
                if can_stop and self.processes.mean(losses["critic"].item()) < recipe.critic_threshold:
                    break
        if phase.trains == "encoder":
            self._collect(self.generator.distil(self._next_views(stream), progress))
        elif phase.trains != "critic":
            critic = self.critic if phase.trains == "both" else None
            self._collect(self.generator.move(self._next_views(stream), progress, critic))
        self.step += 1

    def checkpoint_every(self, phase: Phase) -> int:
        """Steps from one checkpoint to the next; where weights are picked, there is more to pick from."""
        return max(1, self.config.checkpoint_every // (5 if self._picks(phase) else 1))

    def record(self, phase: Phase) -> dict[str, float]:
        """Return the means of the losses since the last call, and write them to the journal.

        Raises:
            TrainingError: the run has diverged.
        """
        means = {name: torch.stack(values).mean().item() for name, values in self._losses.items()}
        self._losses.clear()
        pixel = means.get("pixel", self.least)
        self._check_divergence(means, pixel <= _DIVERGED * self.least)
        self.least = min(self.least, pixel)
        if self.journal and means:
            about = {"trains": phase.trains, "size_px": phase.size_px}
            self.journal.record(self.step, self.elapsed_s / 60, about, means)
        return means

    def keep(self, phase: Phase) -> None:
        """Validate; keep the weights, or those of the best validation; write a checkpoint.

        Raises:
            TrainingError: the run has diverged; the last checkpoint stays.
        """
        if not self.journal:
            return
        found: dict[str, float] = {}
        if self.validation:
            average = self.generator.average
            found = validate(average, self.validation, phase.size_px, self.dtype)
            self._check_divergence(found)
            self.journal.record(self.step, self.elapsed_s / 60, {"size_px": phase.size_px}, found)
            photos = self.validation[:_SHEET_PHOTOS]
            self.journal.show(self.step, sample_sheet(average, photos, _SHEET_PX, self.dtype))
        if self._picks(phase) and found:
            if score(found) > self.best:
                self.best = score(found)
                self._write_weights()
        else:
            self._write_weights()
        state = {
            "generator": self.generator.state(),
            "critic": self.critic.state() if self.critic else None,
            **{name: getattr(self, name) for name in _PLACE},
        }
        with atomic_path(self.checkpoint) as part:  # a kill leaves the last one whole
            torch.save(state, part)

    def _picks(self, phase: Phase) -> bool:
        """Whether the result of a phase is that of its best validation."""
        return self.recipe.pick_early and phase.trains == "both"

    def _check_divergence(self, values: dict[str, float], plausible: bool = True) -> None:
        if not plausible or not all(math.isfinite(value) for value in values.values()):
            figures = ", ".join(f"{name} {value:.4g}" for name, value in values.items())
            raise TrainingError(
                f"the run diverged before step {self.step} ({figures}). Start again with a lower "
                f"--learning-rate; if the result was good before, from {self.weights} (--init)"
            )

    def _next_views(self, stream: Iterator[Tensor]) -> Views:
        crops = next(stream).to(self.processes.device, non_blocking=True)
        self.drawn += len(crops) * self.processes.count
        first = self.processes.rank * len(crops)
        return make_views(crops, self.recipe, seed=(self.config.seed, self.drawn), first=first)

    def _collect(self, losses: dict[str, Tensor]) -> None:
        # Still on the device, and read only when they are recorded: each read stalls a GPU.
        for name, value in losses.items():
            self._losses.setdefault(name, []).append(value)

    def _take_up(self) -> None:
        """Continue from the checkpoint, if there is one.

        Raises:
            OptionError: some processes see it and others do not.
        """
        found = float(self.checkpoint.exists())
        if self.processes.mean(found) != found:
            raise OptionError(f"{self.config.out} must be one folder that all machines share")
        if not found:
            return
        state = torch.load(self.checkpoint, map_location=self.processes.device, weights_only=True)
        self.generator.load(state["generator"])
        if self.critic:
            self.critic.load(state["critic"])
        for name in _PLACE:
            setattr(self, name, state[name])

    def _note_settings(self) -> None:
        """Write the settings of the run to its folder, or check that they are those written there.

        Raises:
            OptionError: the folder holds another run.
        """
        # What may change without changing what is learnt.
        free = {"about", "out", "device", "workers", "validation_photos", "record_every", "checkpoint_every"}
        settings = {**asdict(self.recipe), **asdict(self.config)}
        text = json.dumps({k: v for k, v in settings.items() if k not in free}, indent=2, default=str) + "\n"
        path = self.config.out / "recipe.json"
        noted = path.read_text(encoding="utf-8") if path.exists() else ""
        if self.checkpoint.exists() and noted not in ("", text):
            raise OptionError(
                f"{self.config.out} holds a run with other settings ({path.name}): name another folder, or "
                "give the same settings to continue it"
            )
        self.processes.wait()  # until all have read it
        if self.processes.is_first and noted != text:
            with atomic_path(path) as part:
                part.write_text(text, encoding="utf-8")

    def _warn_of_missing_losses(self, has_features: bool) -> None:
        recipe, by_teacher = self.recipe, ("semantic_mid", "semantic_deep", "answer", "distillation")
        lost = ["feature"] if recipe.feature_weight and not has_features else []
        if not self.config.teacher:
            lost += [name for name in by_teacher if getattr(recipe, f"{name}_weight")]
        if lost and self.processes.is_first:
            log.warning(
                "these losses of the recipe are left out, since %s is not given: %s",
                " or ".join(
                    ["--feature-net"] * (not has_features) + ["--teacher"] * (not self.config.teacher)
                ),
                ", ".join(lost),
            )

    def _write_weights(self) -> None:
        own_encoder = self.recipe.network in BASELINES
        encoder = OWN_ENCODER if own_encoder else self.recipe.encoder
        metadata = {"encoder": encoder, "decoder": self.recipe.network}
        with atomic_path(self.weights) as part:
            part.write_bytes(save(half_state(self.generator.average), metadata))
