"""Films through the whole run on this machine, with a given network."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.render.look import Look
from deoldify_lite.run.films import colorize_films
from deoldify_lite.run.items import Item
from deoldify_lite.run.manifest import Manifest
from deoldify_lite.run.settings import FilmSettings
from deoldify_lite.run.task import Task
from helpers.films import LOSSLESS
from helpers.networks import Fixed

SETTINGS = FilmSettings(Look("x", 4, 1.0, "auto"), steadiness=0.0)


def run_film(
    source: Path,
    output: Path,
    network: Fixed,
    *,
    render_factor: int = 4,
    saturation: float = 1.0,
    **changes: Any,
) -> Item:
    """Colorize one film, each frame alone and lossless unless `changes` of the settings say otherwise."""
    look = Look("x", render_factor, saturation, "auto")
    settings = replace(SETTINGS, look=look, **{"encoding": LOSSLESS, **changes})
    task = Task(source, output, Manifest(output.parent))
    colorizer = Colorizer(network, render_factor=render_factor)
    (item,) = colorize_films([task], lambda: colorizer, settings, batch_size=4)
    return item
