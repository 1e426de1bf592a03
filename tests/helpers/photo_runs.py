"""Photos through the whole run on this machine, with a network that gives one colour."""

from collections.abc import Sequence
from pathlib import Path

from deoldify_lite.photo.kinds import PHOTO_SUFFIXES, output_suffix
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.render.look import Look
from deoldify_lite.run.items import Item
from deoldify_lite.run.photos import colorize_photos
from deoldify_lite.run.plan import plan, tasks_of
from deoldify_lite.run.settings import PhotoSettings
from helpers.networks import Fixed

SETTINGS = PhotoSettings(Look("x", 2, 1.0, "auto"), mark=False)


def run_photos(
    inputs: Sequence[Path], out: Path | None, settings: PhotoSettings = SETTINGS, *, overwrite: bool = False
) -> list[Item]:
    """Plan and colorize photos, two in a batch."""
    tasks = tasks_of(
        plan(
            inputs,
            out,
            suffixes=PHOTO_SUFFIXES,
            suffix_of=lambda source: output_suffix(source, settings.format),
            compare=settings.compare,
        )
    )
    colorizer = Colorizer(Fixed((0.1, -0.1)), render_factor=2)
    return list(colorize_photos(tasks, lambda: colorizer, settings, batch_size=2, overwrite=overwrite))
