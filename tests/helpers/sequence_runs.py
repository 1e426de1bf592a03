"""Numbered pictures, and runs on them with a given network."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from PIL import Image

from deoldify_lite.film.encoding import Encoding
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.run.films import colorize_films
from deoldify_lite.run.items import Item
from deoldify_lite.run.plan import tasks_of
from deoldify_lite.run.sequences.plan import Choices, plan_sequences, take_sequences
from deoldify_lite.system.selection import EVERYTHING
from helpers.film_runs import SETTINGS
from helpers.networks import Fixed


def make_frames(folder: Path, numbers: Sequence[int], *, name: str = "f%05d.png", shots: int = 1) -> Path:
    """Grey pictures of 48 x 32 px that move a little from one to the next, in so many shots."""
    folder.mkdir(parents=True, exist_ok=True)
    for place, number in enumerate(numbers):
        shot = place * shots // len(numbers)
        still = np.random.default_rng(shot).integers(40, 200, (4, 6), np.uint8)
        smooth = np.asarray(Image.fromarray(still).resize((90, 32), Image.Resampling.BICUBIC))
        at = place % 42
        Image.fromarray(smooth[:, at : at + 48]).save(folder / (name % number))
    return folder


def run_sequence(
    source: Path,
    out: Path,
    network: Fixed,
    choices: Choices | None = None,
    *,
    overwrite: bool = False,
    encoding: Encoding | None = None,
) -> Item:
    """Colorize one sequence, steadily."""
    choices = choices or Choices(told=True)
    found, others = take_sequences([source], choices, (), EVERYTHING)
    assert not others
    (planned,) = plan_sequences(found, out, choices, several=False)
    colorizer = Colorizer(network, render_factor=4)
    settings = replace(SETTINGS.with_render_factor(4), encoding=encoding or Encoding())
    tasks = tasks_of([planned])
    (item,) = colorize_films(tasks, lambda: colorizer, settings, batch_size=4, overwrite=overwrite)
    return item


def bytes_of(folder: Path) -> dict[str, bytes]:
    """The files of a folder but hidden ones, by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if not path.name.startswith(".")}
