"""One training run: what it works on, where it stands, and what it writes."""

import json
import logging
import math
import os
from collections.abc import Generator, Iterator
from dataclasses import asdict
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

from deoldify_lite.colorizer import choose_dtype
from deoldify_lite.errors import OptionError, TrainingError
from deoldify_lite.models.baselines import BASELINES
from deoldify_lite.models.build import OWN_ENCODER
from deoldify_lite.training.config import TrainConfig
from deoldify_lite.training.data import PhotoSet, batches, open_photos, read_all
from deoldify_lite.training.features import build_feature_loss, build_teacher
from deoldify_lite.training.generators import build_generator, freeze, half_state, load_into
from deoldify_lite.training.journal import Journal
from deoldify_lite.training.objective import Objective
from deoldify_lite.training.players import CriticPlayer, GeneratorPlayer
from deoldify_lite.training.processes import Processes
from deoldify_lite.training.recipes import Phase, Recipe
from deoldify_lite.training.validation import sample_sheet, score, validate
from deoldify_lite.training.views import Views, make_views

log = logging.getLogger(__name__)

# A pixel loss so many times the best so far is no hard batch but a run gone wrong.
_DIVERGED = 4.0
_SHEET_PHOTOS, _SHEET_PX = 12, 160


class Run:
    """A run by a recipe, new or taken up from its last checkpoint.

    Args:
        recipe: what to learn, and how.
        config: where, on what, and how long.
        processes: those that work on it together.

    Raises:
        OptionError: recipe, data and folder do not go together.
        WeightsError: weights to start from or to learn from cannot be had.
    """

    def __init__(self, recipe: Recipe, config: TrainConfig, processes: Processes) -> None:
        self.recipe, self.config, self.processes = recipe, config, processes
        self.step = 0  # steps done
        self.drawn = 0  # batches drawn
        self.elapsed_s = 0.0
        self.best = -math.inf  # score of the weights picked so far
        self.least = math.inf  # least pixel loss so far
        self._losses: dict[str, list[Tensor]] = {}  # since they were last told
        config.out.mkdir(parents=True, exist_ok=True)
        self._check_recipe()
        self.dtype = choose_dtype(processes.device, config.precision)
        torch.manual_seed(config.seed)

        self.photos, held_out = open_photos(
            config.data, validation_every=config.validation_every, limit=config.limit
        )
        every = max(1, len(held_out) // max(1, config.validation_photos))
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
        wants_features = recipe.feature_weight and str(config.feature_net) != "none"
        objective = Objective(
            recipe,
            generator,
            build_feature_loss(config.feature_net).to(processes.device) if wants_features else None,
            build_teacher(config.teacher).to(processes.device) if config.teacher else None,
        )
        self.generator = GeneratorPlayer(objective, processes, self.dtype)
        self.critic = CriticPlayer(recipe, processes, self.dtype) if recipe.critic else None
        self._take_up()
        self.journal = Journal(config.out, self.step) if processes.is_first else None

    @property
    def checkpoint(self) -> Path:
        """The file to go on from."""
        return self.config.out / "checkpoint.pt"

    @property
    def weights(self) -> Path:
        """The result."""
        return self.config.out / "weights.safetensors"

    def stream(self, phase: Phase) -> Generator[Tensor, None, None]:
        """The crops of a phase, from where the run stands."""
        return batches(
            self.photos,
            size_px=phase.size_px,
            batch_size=self.processes.share_of(phase.batch_size),
            seed=self.config.seed,
            start=self.drawn,
            workers=self.config.workers,
            rank=self.processes.rank,
            world_size=self.processes.count,
        )

    def advance(self, phase: Phase, stream: Iterator[Tensor]) -> None:
        """One step of a phase: the critic's moves, then the generator's."""
        recipe, progress = self.recipe, self.step / self.config.steps
        # Dropout and the like draw after a resume what they would have drawn without the stop.
        torch.manual_seed((self.config.seed * 1_000_003 + self.step) * 64 + self.processes.rank)
        if self.critic and phase.trains != "generator":
            for turn in range(recipe.critic_steps):
                views = self._next_views(stream)
                fake, seed = self.generator.answer(views), self.step * recipe.critic_steps + turn
                losses = self.critic.move(views, fake, progress, seed=seed)
                self._collect(losses)
                if losses["critic"].item() < recipe.critic_threshold:
                    break
        if phase.trains != "critic":
            critic = self.critic if phase.trains == "both" else None
            self._collect(self.generator.move(self._next_views(stream), progress, critic))
        self.step += 1

    def tell(self, phase: Phase) -> dict[str, float]:
        """The means of the losses since the last time, which also go into the journal.

        Raises:
            TrainingError: they make no sense.
        """
        means = {name: torch.stack(values).mean().item() for name, values in self._losses.items()}
        self._losses.clear()
        pixel = means.get("pixel", self.least)
        self._check_sense(means, pixel <= _DIVERGED * self.least)
        self.least = min(self.least, pixel)
        if self.journal and means:
            about = {"trains": phase.trains, "size_px": phase.size_px}
            self.journal.record(self.step, self.elapsed_s / 60, about, means)
        return means

    def keep(self, phase: Phase) -> None:
        """Validate; keep the weights, or those of the best validation; write a checkpoint.

        Raises:
            TrainingError: the weights make no sense; the last checkpoint stays.
        """
        if not self.journal:
            return
        picks = self.recipe.pick_early and phase.trains == "both"
        found: dict[str, float] = {}
        if self.validation:
            average = self.generator.average
            found = validate(average, self.validation, phase.size_px, self.dtype)
            self._check_sense(found)
            self.journal.record(self.step, self.elapsed_s / 60, {"size_px": phase.size_px}, found)
            photos = self.validation[:_SHEET_PHOTOS]
            self.journal.show(self.step, sample_sheet(average, photos, _SHEET_PX, self.dtype))
        if picks and found:
            if score(found) > self.best:
                self.best = score(found)
                self._write_weights()
        else:
            self._write_weights()
        state = {
            "generator": self.generator.state(),
            "critic": self.critic.state() if self.critic else None,
            **{name: getattr(self, name) for name in ("step", "drawn", "elapsed_s", "best", "least")},
        }
        part = self.checkpoint.with_suffix(".part")
        torch.save(state, part)
        os.replace(part, self.checkpoint)  # a kill leaves the last one whole

    def _check_sense(self, values: dict[str, float], plausible: bool = True) -> None:
        if not plausible or not all(math.isfinite(value) for value in values.values()):
            told = ", ".join(f"{name} {value:.4g}" for name, value in values.items())
            raise TrainingError(
                f"the run diverged before step {self.step} ({told}). Start anew with a lower "
                f"--learning-rate, from {self.weights} (--init) if it was good before"
            )

    def _next_views(self, stream: Iterator[Tensor]) -> Views:
        crops = next(stream).to(self.processes.device, non_blocking=True)
        self.drawn += 1
        first = self.processes.rank * len(crops)
        return make_views(crops, self.recipe, seed=(self.config.seed, self.drawn), first=first)

    def _collect(self, losses: dict[str, Tensor]) -> None:
        # Still on the device, and asked for only when they are told: a question stops a GPU.
        for name, value in losses.items():
            self._losses.setdefault(name, []).append(value)

    def _take_up(self) -> None:
        """Go on from the checkpoint, if there is one."""
        if not self.checkpoint.exists():
            return
        state = torch.load(self.checkpoint, map_location=self.processes.device, weights_only=True)
        self.generator.load(state["generator"])
        if self.critic:
            self.critic.load(state["critic"])
        for name in ("step", "drawn", "elapsed_s", "best", "least"):
            setattr(self, name, state[name])

    def _check_recipe(self) -> None:
        """Note the recipe in the folder, or see that it is the one noted there.

        Raises:
            OptionError: the folder is of another run.
        """
        told = {**asdict(self.recipe), "seed": self.config.seed, "steps": self.config.steps}
        text = json.dumps(told, indent=2, default=str) + "\n"
        path = self.config.out / "recipe.json"
        if self.checkpoint.exists() and path.exists() and path.read_text(encoding="utf-8") != text:
            raise OptionError(
                f"{self.config.out} holds a run with another recipe, seed or number of steps (recipe.json): "
                "name another folder, or give the same settings to go on with it"
            )
        if self.processes.is_first:
            path.write_text(text, encoding="utf-8")
        self.processes.wait()

    def _write_weights(self) -> None:
        own_encoder = self.recipe.network in BASELINES
        encoder = OWN_ENCODER if own_encoder else self.recipe.encoder
        metadata = {"encoder": encoder, "decoder": self.recipe.network}
        part = self.weights.with_suffix(".part")
        part.write_bytes(save(half_state(self.generator.average), metadata))
        os.replace(part, self.weights)
