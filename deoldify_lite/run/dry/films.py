"""A dry run of films: what is left to do, and what it takes, from a second of one of them."""

import logging
import os
import tempfile
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from deoldify_lite.errors import InputError
from deoldify_lite.run.dry.network import BUDGET_S, Gauge
from deoldify_lite.run.failure import failed
from deoldify_lite.run.items import Item, ShotWork
from deoldify_lite.run.keying import ready_keys
from deoldify_lite.run.manifest import Manifest
from deoldify_lite.run.outlook import Outlook
from deoldify_lite.run.ready import ReadyFilm, ready_film, segments_mark
from deoldify_lite.run.sequences.given import cut_of_version
from deoldify_lite.run.sequences.result import with_maker
from deoldify_lite.run.settings import FilmSettings
from deoldify_lite.run.stream import FilmJob, colorize_film, cut_of
from deoldify_lite.run.task import Task, fingerprint
from deoldify_lite.run.unfinished import finished_frames, unfinished

log = logging.getLogger(__name__)

# Frames of the two samples. The first shows what it takes to start.
START_FRAMES, LEAST_FRAMES, MOST_FRAMES = 4, 24, 100


@dataclass(frozen=True)
class _Left:
    """A film, and what is left to do of it."""

    ready: ReadyFilm
    first: int  # frame with which the rest begins
    frames: int
    reason: str = ""  # what is not rendered, in words
    warnings: tuple[str, ...] = ()
    shots: tuple[ShotWork, ...] | None = None

    @property
    def pixels(self) -> int:
        """Of a frame."""
        return self.ready.written.width * self.ready.written.height


@dataclass(frozen=True)
class _Piece:
    """What a sample took."""

    frames: int
    predicted: int  # of these went through the network
    seconds: float
    bytes: int


@dataclass(frozen=True)
class _Pace:
    """What a film takes."""

    start_s: float  # before the first frame and after the last
    network_s: float  # for a frame
    pixel_s: float  # for each pixel of a frame: to read it, follow motion, and encode it
    pixel_bytes: float

    def seconds(self, left: _Left) -> float:
        """Estimate the seconds of the rest of a film."""
        return self.start_s + left.frames * (self.network_s + left.pixels * self.pixel_s)


def plan_films(
    tasks: Sequence[Task],
    settings: FilmSettings,
    load_gauge: Callable[[], Gauge | None],
    *,
    overwrite: bool = False,
) -> Generator[Item, None, None]:
    """Yield what would become of each film; nothing is written but a sample, in a temporary folder.

    Arguments as of `dry.photos.plan_photos`.
    """
    lefts = []
    for task in tasks:
        try:
            left = _look(task, settings, overwrite=overwrite)
        except Exception as error:  # as a run takes it
            yield failed(task, error)
            continue
        if isinstance(left, Item):
            yield left
        else:
            lefts.append(left)
    by_network = [left for left in lefts if left.frames and left.ready.task.colors is None]
    pace = None
    if by_network and (gauge := load_gauge()):
        pace = _sample(max(by_network, key=lambda left: left.frames * left.pixels), settings, gauge)
    for left in lefts:
        task, pixels = left.ready.task, left.frames * left.pixels
        outlook = Outlook(pixels, left.frames)
        if pace and task.colors is None:
            whole = cut_of(left.ready.written, settings).frame_count * left.pixels
            seconds, written = pace.seconds(left), round(whole * pace.pixel_bytes)
            outlook = replace(outlook, seconds=seconds, bytes=written)
        yield Item(
            task.source,
            task.output,
            "planned",
            left.reason,
            warnings=left.warnings,
            layer=task.layer,
            shots=left.shots,
            outlook=outlook,
        )


def _look(task: Task, settings: FilmSettings, *, overwrite: bool) -> _Left | Item:
    """Probe a film, and find what earlier runs have left of it; errors as of the run."""
    ready = ready_film(task, settings, overwrite=overwrite)
    if isinstance(ready, Item):
        return ready
    task, warnings = ready.task, ready.notes
    cut = cut_of(ready.written, settings)
    if task.colors is not None:
        if task.colors.problem:
            raise InputError(task.colors.problem)
        cut_of_version(cut, task.colors)
        return _Left(ready, cut.first, cut.frame_count, warnings=warnings)
    if task.shots is not None:
        works, of_keys = ready.by_shots(settings, os.replace, overwrite=overwrite).look()
        todo = [work for work in works if work.why]
        frames, all_frames = (sum(work.frames for work in some) for some in (todo, works))
        reason = f"{len(todo)} of {len(works)} shots would be rendered, {frames} of {all_frames} frames"
        first = todo[0].first_frame if todo else 0
        return _Left(ready, first, frames, reason, (*of_keys, *warnings), works)
    if task.keys is not None:
        warnings = (*ready_keys(ready.written, task.keys, settings)[1], *warnings)
    done = finished_frames(task.output, segments_mark(fingerprint(task, settings), ready.written, settings))
    frames = max(0, cut.frame_count - done)
    reason = f"{done} of {cut.frame_count} frames were finished by an earlier run" if done else ""
    return _Left(ready, cut.first + done, frames, reason, warnings)


def _sample(left: _Left, settings: FilmSettings, gauge: Gauge) -> _Pace | None:
    """Colorize two pieces from the middle of what is left: what the longer one takes more, its frames take.

    Returns:
        The pace; None if a piece fails, which the run will say.
    """
    count = max(LEAST_FRAMES, min(MOST_FRAMES, left.frames))
    try:
        picture_s = gauge.picture_s
        count = round(max(LEAST_FRAMES, min(count, 2 * BUDGET_S / picture_s)))
        short, long = (_colorize_piece(left, frames, settings, gauge) for frames in (START_FRAMES, count))
    except Exception as error:  # as a run takes it
        log.debug("%s: no sample: %s", left.ready.task.source, error)
        return None
    network_s = long.predicted / long.frames * picture_s
    frame_s = network_s
    if long.frames > short.frames:
        frame_s = max(network_s, (long.seconds - short.seconds) / (long.frames - short.frames))
    return _Pace(
        start_s=max(0.0, short.seconds - short.frames * frame_s),
        network_s=network_s,
        pixel_s=(frame_s - network_s) / left.pixels,
        pixel_bytes=long.bytes / long.frames / left.pixels,
    )


def _colorize_piece(left: _Left, count: int, settings: FilmSettings, gauge: Gauge) -> _Piece:
    """Colorize some frames from the middle of what is left, into a temporary folder; errors as of the run."""
    film, task = left.ready.written, left.ready.task
    first = left.first + max(0, left.frames - count) // 2
    start_s, end_s = (float(film.seconds(frame) + film.offset_s) for frame in (first, first + count))
    settings = replace(settings, start_s=start_s, end_s=end_s)
    with tempfile.TemporaryDirectory(prefix="deoldify-lite-") as name:
        folder = Path(name)
        output = folder / task.output.name
        layer = None if task.layer is None else folder / task.layer.name
        began = time.perf_counter()
        with unfinished(output, "sample") as found:
            job = FilmJob(film, output, settings, found, streams=(), deliver=os.replace, layer=layer)
            there = None if task.result is None else replace(task.result, folder=folder)
            sample = replace(task, output=output, result=there, manifest=Manifest(folder))
            job = with_maker(job, sample, settings, fingerprint(sample, settings))
            tally = colorize_film(job, gauge.colorizer, batch_size=gauge.batch_size)
        seconds = time.perf_counter() - began
        written = sum(path.stat().st_size for path in folder.iterdir() if path.is_file())
    return _Piece(max(1, tally.frames), tally.predicted, seconds, written)
