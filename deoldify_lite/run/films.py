"""Colorize films: skip finished ones, report failures, and render smaller what memory does not hold."""

import logging
import os
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Protocol

from deoldify_lite.color.hint import FilmHint
from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.film.clock import JUMPING_FORMATS
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.ffmpeg import ffmpeg_version
from deoldify_lite.film.fields import deinterlaced
from deoldify_lite.film.fit import Fit, fit_film
from deoldify_lite.film.given import cut_of_other, encode_given
from deoldify_lite.film.kinds import FALLBACK_CONTAINER
from deoldify_lite.film.mux import join_with_source
from deoldify_lite.film.parts import PictureChanges, film_of_cut
from deoldify_lite.film.probe import Film, probe_film
from deoldify_lite.render.colorizer import Colorizer, OutOfMemoryError
from deoldify_lite.render.rendering import Rendering
from deoldify_lite.run.delivery import Delivery, delivery_of
from deoldify_lite.run.failure import failed
from deoldify_lite.run.hint_file import HintFile
from deoldify_lite.run.items import (
    NO_COLOR_FOUND,
    RECOLOR_ADVICE,
    Item,
    Progress,
    ShotWork,
    warnings_of,
)
from deoldify_lite.run.keying import ready_keys
from deoldify_lite.run.sequences.footage import SequenceFilm
from deoldify_lite.run.sequences.probe import notes_on, probe_sequence
from deoldify_lite.run.sequences.result import check_result, numbers_of_result, with_result
from deoldify_lite.run.settings import FilmSettings
from deoldify_lite.run.shots.networks import Networks
from deoldify_lite.run.shots.task import ShotPlan
from deoldify_lite.run.steps import Tally
from deoldify_lite.run.stream import FilmJob, colorize_film, cut_of
from deoldify_lite.run.task import Task, check_output, find_done, fingerprint
from deoldify_lite.run.unfinished import unfinished
from deoldify_lite.system.files import atomic_path
from deoldify_lite.version import __version__

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
        if not overwrite and (done := find_done(task, settings)):
            return Item(task.source, done, "skipped", "already done", layer=task.layer)
        film = _probe(task, every_frame=every_frame)
        film = film_of_cut(film, settings.start_s, settings.end_s)
        written = deinterlaced(film) if settings.deinterlace else film
        if task.is_layer:
            written = _without_all_else(written)
        if task.result is None:
            output, fit = fit_film(written, _names_of(task), settings.encoding)
            if output != task.output:
                task = replace(task, output=output, aliases=())
                if not overwrite and find_done(task, settings):
                    return Item(task.source, task.output, "skipped", "already done", layer=task.layer)
            check_output(task, overwrite)
        else:
            fit = Fit((), ())
            check_result(task, cut_of(film, settings), overwrite)
        hints = () if task.hints is None else _hints_in(written, task.hints, settings)
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
            plan = ShotPlan(task, written, settings, hints, _programs(written), overwrite)
            if task.dry_run:
                return _planned(task, plan)
            assert isinstance(renderer, ProcessRenderer), "refused before"
            used, tally, works = plan.colorize(
                fit,
                renderer.networks(task.shots.rendering),
                partial(_deliver, task, settings, delivery_of(task, settings)),
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
            *film.notes,
            *(notes_on(task.frames, film) if task.frames and isinstance(film, SequenceFilm) else ()),
            *fit.losses,
            *tally.warnings,
        ),
        render_factor=used,
        frames=tally.frames,
        seconds=time.perf_counter() - began,
        layer=task.layer,
        shots=works,
        colors_from=task.colors.path if task.colors else None,
        colors_share=1.0 if task.colors else None,
        numbers=numbers_of_result(cut_of(film, settings)) if task.result else None,
    )


def _probe(task: Task, *, every_frame: bool) -> Film:
    """Look at a film, or a sequence; errors as of `probe_film` and `probe_sequence`."""
    if task.frames is not None:
        return probe_sequence(task.frames)
    return probe_film(task.source, every_frame=every_frame)


def _planned(task: Task, plan: ShotPlan) -> Item:
    """The outcome of a dry run."""
    works = plan.look()
    todo = [work for work in works if work.why]
    frames, all_frames = (sum(work.frames for work in some) for some in (todo, works))
    reason = f"{len(todo)} of {len(works)} shots would be rendered, {frames} of {all_frames} frames"
    return Item(task.source, task.output, "planned", reason, shots=works)


def _programs(film: Film) -> str:
    """What must be the same for segments to fit together, beside settings: programs, and how a film is read.

    What another program has encoded may not fit together with what this one does.
    """
    if isinstance(film, SequenceFilm):
        return f"{__version__} frames"
    return f"{__version__} {ffmpeg_version()}{_reading_of(film)}"


def _names_of(task: Task) -> list[Path]:
    """The names that a result may get: that of the container that was planned, and that for another."""
    if task.output.suffix == FALLBACK_CONTAINER:
        return [task.output]
    return [task.output, *task.aliases[:1]]


def _reading_of(film: Film) -> str:
    """Return what the segments of a film must agree on, beside settings and programs; '' for most films."""
    has_others = any(stream.kind == "video" and not stream.attached_pic for stream in film.streams)
    marks = [f" picture {film.index}"] if has_others else []
    if not film.planar or film.has_alpha:
        # Of these, earlier segments may lack transparency, levels or chroma, and have another pixel format.
        marks.append(f" {film.pix_fmt}")
    if film.times:
        marks.append(" frames counted")
    elif film.variable:
        marks.append(f" rate {film.rate}")
    if film.container in JUMPING_FORMATS:
        marks.append(" from the first frame")
    if film.parts:
        marks.append(f" {film.width} x {film.height}")
    return "".join(marks)


def _without_all_else(film: Film) -> Film:
    """The film as its layer has it: without sound, metadata, and what belongs to a picture with luma."""
    return replace(film, streams=(), tags=(), captions=False, lost=(), hdr10=None)


def _hints_in(film: Film, hints: HintFile, settings: FilmSettings) -> tuple[FilmHint, ...]:
    """Return the hints of a film.

    Raises:
        OptionError: a hint is for a frame that is not rendered.
    """
    cut = Cut.between(film, settings.start_s, settings.end_s)
    found = hints.in_film(film.width, film.height, film.nearest_frame, each=film.per_frame)
    end = film.frame_count if cut.end is None else cut.end
    for one in found:
        if not cut.first <= one.frame < end:
            at_s = film.seconds(one.frame) + film.offset_s
            raise OptionError(
                f"{hints.path}: a hint is for {float(at_s):.2f} s of {film.path}, which is not rendered: "
                "frames lie between start and end of the film, or --start and --end"
            )
    return tuple(found)


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
        layers = f" layer {settings.encoding.layer}" if settings.encoding.layer else ""
        its_layer = None if task.layer is None else task.of_layer()
        try:
            with unfinished(task.output, f"{delivery.fingerprint} {_programs(film)}{layers}") as found:
                job = FilmJob(
                    film,
                    task.output,
                    guided.with_render_factor(used.render_factor),
                    found,
                    streams=fit.streams,
                    deliver=partial(_deliver, task, used, delivery),
                    progress=progress,
                    layer=task.layer,
                    deliver_layer=os.replace
                    if its_layer is None
                    else partial(_deliver, its_layer, used, delivery_of(its_layer, used)),
                )
                if task.result is not None:
                    job = with_result(job, task, used, delivery.fingerprint)
                tally = renderer.colorize(job)
            return used.render_factor, tally
        except OutOfMemoryError:
            if not renderer.shrink(used.render_factor):
                raise
            factor = renderer.render_factor
            log.warning("%s: out of memory, started again with render factor %d", task.source, factor)


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
    given = cut_of_other(cut, probe_film(task.colors.path))
    delivery = delivery_of(task, settings)

    def on_frames(frames: int) -> None:
        if progress:
            progress(film.path, frames, max(frames, cut.frame_count))

    # It is quick without a network, so that a run that was stopped begins anew.
    with unfinished(task.output, f"{delivery.fingerprint} {_programs(film)}") as found:
        path = found.folder / f"given{task.output.suffix}"
        frames, warnings = encode_given(cut, given, task.output, path, settings.encoding, on_frames)
        with atomic_path(task.output, deliver=partial(_deliver, task, settings, delivery)) as part:
            join_with_source(film, cut, [(path, frames)], fit.streams, part)
    return Tally(frames, warnings=warnings)


def _deliver(task: Task, settings: FilmSettings, delivery: Delivery, part: Path, output: Path) -> None:
    """Deliver a result, unless its source is no longer what it was when the work began."""
    if fingerprint(task, settings) != delivery.fingerprint:
        raise InputError(f"{task.source}: was changed while it was colorized: run the same command again")
    delivery(part, output)
