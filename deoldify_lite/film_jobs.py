"""Colorize films, one after the other."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from deoldify_lite import __version__
from deoldify_lite.colorizer import Colorizer, OutOfMemoryError
from deoldify_lite.errors import InputError
from deoldify_lite.ffmpeg_process import ffmpeg_version
from deoldify_lite.film import Film, probe_film
from deoldify_lite.film_fields import deinterlaced
from deoldify_lite.film_stream import FilmSettings, Progress, Tally, colorize_film
from deoldify_lite.manifest import fingerprint_of
from deoldify_lite.plan import Task, check_output, failed, is_done, record
from deoldify_lite.report import Item, warnings_of
from deoldify_lite.unfinished import unfinished

log = logging.getLogger(__name__)


def colorize_films(
    tasks: Sequence[Task],
    load_colorizer: Callable[[], Colorizer],
    settings: FilmSettings,
    *,
    batch_size: int,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Iterator[Item]:
    """Colorize films one after the other and tell of each what became of it.

    Films that are done are skipped; one that fails does not stop the others. The network is loaded only if
    something is left to do.
    """
    colorizer: Colorizer | None = None
    for task in tasks:
        began = time.perf_counter()
        try:
            if not overwrite and is_done(task, settings):
                yield Item(task.source, task.output, "skipped", "already done")
                continue
            check_output(task, overwrite)
            film = probe_film(task.source)
            if settings.deinterlace:
                film = deinterlaced(film)
            colorizer = colorizer or load_colorizer()
            colorizer, tally = _colorize(task, film, colorizer, settings, batch_size, progress)
            log.info("%s: %d of %d frames predicted", task.source, tally.predicted, tally.frames)
        except Exception as error:
            yield failed(task, error)
            continue
        is_grey = tally.grey == tally.frames - tally.kept > 0
        yield Item(
            task.source,
            task.output,
            "done",
            warnings=warnings_of(is_grey, settings.render_factor, colorizer.render_factor)
            + _notes_on(tally)
            + tally.losses,
            render_factor=colorizer.render_factor,
            frames=tally.frames,
            seconds=time.perf_counter() - began,
        )


def _notes_on(tally: Tally) -> tuple[str, ...]:
    """What must be said of frames that were not colorized."""
    if not tally.kept:
        return ()
    share = "all" if tally.kept == tally.frames else f"{tally.kept} of {tally.frames}"
    return (f"{share} frames are in colour already and stay as they are; --recolor-all colours them too",)


def _colorize(
    task: Task,
    film: Film,
    colorizer: Colorizer,
    settings: FilmSettings,
    batch_size: int,
    progress: Progress | None,
) -> tuple[Colorizer, Tally]:
    """Render one film, from the start again at a smaller render factor if memory runs out.

    Returns:
        The colorizer that succeeded, to go on with, and what came out.
    """
    while True:
        used = replace(settings, render_factor=colorizer.render_factor)
        fingerprint = fingerprint_of(task.source, asdict(used))
        # What another program has encoded may not fit together with what this one does.
        programs = f"{__version__} {ffmpeg_version()}"
        try:
            with unfinished(task.output, f"{fingerprint} {programs}") as found:
                tally = colorize_film(
                    film,
                    task.output,
                    colorizer,
                    used,
                    found,
                    batch_size=batch_size,
                    before_rename=partial(_record, task, used, fingerprint),
                    progress=progress,
                )
            return colorizer, tally
        except OutOfMemoryError:
            smaller = colorizer.shrunk()
            if smaller is None:
                raise
            factor = smaller.render_factor
            log.warning("%s: out of memory, started again with render factor %d", task.source, factor)
            colorizer = smaller


def _record(task: Task, settings: FilmSettings, fingerprint: str, part: Path) -> None:
    if fingerprint_of(task.source, asdict(settings)) != fingerprint:
        raise InputError(f"{task.source}: was changed while it was colorized: run the same command again")
    record(task, settings, settings.render_factor, part=part)
