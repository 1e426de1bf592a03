"""The training loop, read from top to bottom."""

import logging
import time
from contextlib import ExitStack, closing
from pathlib import Path

import torch
from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from deoldify_lite.system.device import choose_device
from deoldify_lite.training.config import TrainConfig
from deoldify_lite.training.processes import joined
from deoldify_lite.training.recipes import Recipe
from deoldify_lite.training.run import Run
from deoldify_lite.training.schedule import phase_at

log = logging.getLogger(__name__)


def train(recipe: Recipe, config: TrainConfig) -> Path:
    """Train a generator by a recipe, or continue a run that was stopped.

    Writes to `config.out`: `checkpoint.pt` (to continue from), `weights.safetensors` (the averaged weights),
    `curve.jsonl` (losses and validations), `sheet-NNNNNN.png` (rows: grey, ours, truth), TensorBoard's files
    where it is installed, and `recipe.json`. A stopped run continues from its last checkpoint exactly as
    it would have without the stop. Under `torchrun` all processes work on one run.

    Returns:
        Path of the weights.

    Raises:
        InputError: the data do not exist, or hardly any photo can be read.
        OptionError: recipe, settings and folder do not fit together.
        RenderError: no such device.
        WeightsError: weights to start from or to learn from cannot be loaded.
        TrainingError: the run diverges.
    """
    with joined(torch.device(choose_device(config.device))) as processes, ExitStack() as stack:
        run = Run(recipe, config, processes)
        if run.journal:
            log.info("%d photos to train on, %d to validate with", len(run.photos), len(run.validation))
            if run.step:
                log.info("continuing at step %d, after %.1f minutes", run.step, run.elapsed_s / 60)
            stack.enter_context(closing(run.journal))
        stack.enter_context(logging_redirect_tqdm())
        hidden = not processes.is_first
        bar = stack.enter_context(tqdm(total=config.steps, initial=run.step, unit="step", disable=hidden))

        while run.step < config.steps:
            phase = phase_at(recipe.phases, run.step / config.steps)
            with closing(run.stream(phase)) as stream:
                while run.step < config.steps and phase_at(recipe.phases, run.step / config.steps) is phase:
                    began = time.monotonic()
                    run.advance(phase, stream)
                    run.elapsed_s += time.monotonic() - began
                    bar.update()
                    keeps = run.step == config.steps or run.step % run.checkpoint_every(phase) == 0
                    if keeps or run.step % config.record_every == 0:
                        bar.set_postfix({name: f"{value:.4g}" for name, value in run.record(phase).items()})
                    if keeps:
                        run.keep(phase)
                        processes.wait()
    return run.weights
