"""Colorize films: skip finished ones, report failures, and render smaller what memory does not hold."""

import logging
import os
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol

from deoldify_lite.errors import InputError
from deoldify_lite.film.fit import Fit
from deoldify_lite.film.given import encode_given
from deoldify_lite.film.mux import join_with_source
from deoldify_lite.film.parts import PictureChanges
from deoldify_lite.film.probe import Film
from deoldify_lite.render.colorizer import Colorizer, OutOfMemoryError
from deoldify_lite.render.rendering import Rendering
from deoldify_lite.run.delivery import deliver_unchanged, delivery_of
from deoldify_lite.run.failure import failed
from deoldify_lite.run.items import (
    NO_COLOR_FOUND,
    RECOLOR_ADVICE,
    Item,
    Progress,
    ShotWork,
    warnings_of,
)
from deoldify_lite.run.keying import ready_keys
from deoldify_lite.run.making import SegmentWriter
from deoldify_lite.run.ready import ReadyFilm, programs_of, ready_film, segments_mark
from deoldify_lite.run.sequences.given import cut_of_version
from deoldify_lite.run.sequences.result import numbers_of_result, with_maker
from deoldify_lite.run.settings import FilmSettings
from deoldify_lite.run.shots.networks import Networks
from deoldify_lite.run.steps import Tally
from deoldify_lite.run.stream import FilmJob, colorize_film, cut_of
from deoldify_lite.run.task import Task, fingerprint
from deoldify_lite.run.unfinished import clear_finished, folder_of, unfinished
from deoldify_lite.system.files import Deliver, atomic_path

log = logging.getLogger(__name__)


class Renderer(Protocol):
    """What renders films: this process, or many workers."""

    @property
    def render_factor(self) -> int:
        """For the next film: the one asked for, or a smaller one once memory has run out."""

    def shrink(self, render_factor: int) -> bool:
        """Go on with a smaller render factor than this; False if there is none."""

    def colorize(self, job: FilmJob) -> Tally:
        """Render a film; errors as in `run.stream.colorize_film`."""


class ProcessRenderer:
    """Renders films in this process. The network is loaded only if something is left to do."""

    def __init__(self, load_colorizer: Callable[[], Colorizer], batch_size: int) -> None:
        self._load_colorizer = load_colorizer
        self._batch_size = batch_size
        self._loaded: Colorizer | None = None

    @property
    def _colorizer(self) -> Colorizer:
        if self._loaded is None:
            self._loaded = self._load_colorizer()
        return self._loaded

    @property
    def batch_size(self) -> int:
        """Frames predicted at once."""
        return self._batch_size

    def networks(self, rendering: Rendering) -> Networks:
        """The networks of a film's shots; `rendering` is the film's."""
        return Networks(rendering, lambda: self._colorizer)

    @property
    def render_factor(self) -> int:
        """See `Renderer`."""
        return self._colorizer.render_factor

    def shrink(self, render_factor: int) -> bool:
        """See `Renderer`."""
        smaller = self._colorizer.with_render_factor(render_factor).shrunk()
        self._loaded = smaller or self._colorizer
        return smaller is not None

    def colorize(self, job: FilmJob) -> Tally:
        """See `Renderer`."""
        return colorize_film(job, self._colorizer, batch_size=self._batch_size)


def colorize_films(
    tasks: Sequence[Task],
    load_colorizer: Callable[[], Colorizer],
    settings: FilmSettings,
    *,
    batch_size: int,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Generator[Item, None, None]:
    """Colorize films one after the other and yield the outcome of each.

    Films that are done are skipped; one that fails does not stop the others. The network is loaded only if
    something is left to do.
    """
    renderer = ProcessRenderer(load_colorizer, batch_size)
    for task in tasks:
        yield colorize_task(task, settings, renderer, overwrite=overwrite, progress=progress)


def colorize_task(
    task: Task,
    settings: FilmSettings,
    renderer: Renderer,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
    every_frame: bool = False,
) -> Item:
    """Colorize one film, unless that is done, and return the outcome.

    Should the picture change midway, where that was not found before the work, it begins again with
    `every_frame`, as `probe_film` takes it.
    """
    began = time.perf_counter()
    try:
        ready = ready_film(task, settings, overwrite=overwrite, every_frame=every_frame)
        if isinstance(ready, Item):
            if isinstance(ready.output, Path) and folder_of(ready.output).is_dir():
                clear_finished(ready.output, fingerprint(task, settings))
            return ready
        task, written, fit, hints = ready.task, ready.written, ready.fit, ready.hints
        left_out: tuple[str, ...] = ()
        works: tuple[ShotWork, ...] | None = None
        if task.colors is not None:
            used, tally = settings.render_factor, _give_back(task, written, fit, settings, progress)
        elif task.shots is None:
            guided = replace(settings, hints=hints)
            if task.keys is not None:
                keys, left_out = ready_keys(written, task.keys, settings)
                guided = replace(guided, keys=keys)
            used, tally = _colorize(task, written, fit, settings, guided, renderer, progress)
        else:
            assert isinstance(renderer, ProcessRenderer), "refused before"
            deliver = partial(deliver_unchanged, task, settings, delivery_of(task, settings))
            used, tally, works = ready.by_shots(settings, deliver, overwrite=overwrite).colorize(
                fit,
                renderer.networks(task.shots.rendering),
                deliver,
                _deliver_layer(task, settings),
                batch_size=renderer.batch_size,
                progress=progress,
            )
        log.info("%s: %d of %d frames predicted", task.source, tally.predicted, tally.frames)
    except Exception as error:
        if isinstance(error, PictureChanges) and not every_frame:
            return colorize_task(
                task, settings, renderer, overwrite=overwrite, progress=progress, every_frame=True
            )
        return failed(task, error)
    why_grey = NO_COLOR_FOUND if tally.grey == tally.frames - tally.kept > 0 else ""
    return Item(
        task.source,
        task.output,
        "done",
        warnings=(
            *warnings_of(why_grey, settings.render_factor, used),
            *left_out,
            *_notes_on(tally),
            *ready.notes,
            *tally.warnings,
        ),
        render_factor=used,
        frames=tally.frames,
        seconds=time.perf_counter() - began,
        layer=task.layer,
        shots=works,
        colors_from=task.colors.path if task.colors else None,
        colors_share=1.0 if task.colors else None,
        numbers=None if task.result is None else _numbers_of(ready, settings, tally),
    )


def _numbers_of(ready: ReadyFilm, settings: FilmSettings, tally: Tally) -> str:
    cut = cut_of(ready.written, settings)
    return numbers_of_result(replace(cut, end=cut.first + tally.frames))


def _notes_on(tally: Tally) -> tuple[str, ...]:
    """Return the warning about frames that were not colorized."""
    if not tally.kept:
        return ()
    share = "all" if tally.kept == tally.frames else f"{tally.kept} of {tally.frames}"
    return (f"{share} frames are in colour already and stay as they are; {RECOLOR_ADVICE}",)


def _colorize(
    task: Task,
    film: Film,
    fit: Fit,
    settings: FilmSettings,
    guided: FilmSettings,
    renderer: Renderer,
    progress: Progress | None,
) -> tuple[int, Tally]:
    """Render one film, from the start again at a smaller render factor if memory runs out.

    Args:
        settings: by which its fingerprint is made.
        guided: the same, with hints and key frames.

    Returns:
        The render factor that was used, and the counts of frames.
    """
    while True:
        used = settings.with_render_factor(renderer.render_factor)
        delivery = delivery_of(task, used)
        try:
            with unfinished(task.output, segments_mark(delivery.fingerprint, film, settings)) as found:
                job = FilmJob(
                    film,
                    task.output,
                    guided.with_render_factor(used.render_factor),
                    found,
                    streams=fit.streams,
                    deliver=partial(deliver_unchanged, task, used, delivery),
                    progress=progress,
                    layer=task.layer,
                    deliver_layer=_deliver_layer(task, used),
                )
                tally = renderer.colorize(with_maker(job, task, used, delivery.fingerprint))
            return used.render_factor, tally
        except OutOfMemoryError:
            if not renderer.shrink(used.render_factor):
                raise
            factor = renderer.render_factor
            log.warning("%s: out of memory, started again with render factor %d", task.source, factor)


def _deliver_layer(task: Task, settings: FilmSettings) -> Deliver:
    """What gives the layer beside a result its name, if there is to be one."""
    if task.layer is None:
        return os.replace
    its_own = task.of_layer()
    return partial(deliver_unchanged, its_own, settings, delivery_of(its_own, settings))


def _give_back(task: Task, film: Film, fit: Fit, settings: FilmSettings, progress: Progress | None) -> Tally:
    """Give a film the colours of its layer, or of another version with the same frames.

    Raises:
        InputError: the version cannot be read, or is one of another film.
        OptionError, VideoError: see `film.given`.
    """
    assert task.colors is not None
    if task.colors.problem:
        raise InputError(task.colors.problem)
    cut = cut_of(film, settings)
    given = cut_of_version(cut, task.colors)
    delivery = delivery_of(task, settings)

    def on_frames(frames: int) -> None:
        if progress:
            progress(film.path, frames, max(frames, cut.frame_count))

    # It is quick without a network, so that a run that was stopped begins anew.
    with unfinished(task.output, f"{delivery.fingerprint} {programs_of(film)}") as found:
        path = found.folder / f"given{task.output.suffix}"
        if task.frames is not None:
            deliver = partial(deliver_unchanged, task, settings, delivery)
            job = FilmJob(film, task.output, settings, found, fit.streams, deliver)
            job = with_maker(job, task, settings, delivery.fingerprint, given)
            assert job.maker is not None, "frames are files"
            with SegmentWriter(job.maker, cut, ()) as writer:
                for done in range(1, cut.frame_count + 1):
                    writer.keep()
                    on_frames(done)
            return Tally(cut.frame_count, warnings=writer.warnings)
        frames, warnings = encode_given(cut, given, task.output, path, settings.encoding, on_frames)
        with atomic_path(task.output, deliver=partial(deliver_unchanged, task, settings, delivery)) as part:
            join_with_source(film, cut, [(path, frames)], fit.streams, part)
    return Tally(frames, warnings=warnings)
