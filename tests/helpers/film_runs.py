"""Films through the whole pipeline, with a given network."""

from dataclasses import replace
from pathlib import Path

from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.render.look import Look
from deoldify_lite.run.films import colorize_films
from deoldify_lite.run.manifest import Manifest
from deoldify_lite.run.settings import FilmSettings
from deoldify_lite.run.task import Task
from helpers.films import LOSSLESS
from helpers.networks import Fixed


def settings(*, render_factor: int = 4, saturation: float = 1.0, **changes: object) -> FilmSettings:
    look = Look("x", render_factor, saturation, "auto")
    return replace(FilmSettings(look, steadiness=0.0), **changes)  # type: ignore[arg-type]


def run_task(source: Path, output: Path, network: Fixed, render_factor: int = 4, **changes: object):  # type: ignore[no-untyped-def]
    task = Task(source, output, Manifest(output.parent))
    colorizer = Colorizer(network, render_factor=render_factor)
    chosen = settings(render_factor=render_factor, **{"encoding": LOSSLESS, **changes})  # type: ignore[arg-type]
    (item,) = colorize_films([task], lambda: colorizer, chosen, batch_size=4)
    return item
