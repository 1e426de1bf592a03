"""Colorize films: the stream from the film through the network and back to a film."""

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from deoldify_lite.colorizer import Colorizer, OutOfMemoryError
from deoldify_lite.encoding import Encoding
from deoldify_lite.engine import Sink, in_batches, prefetch
from deoldify_lite.film import Film, probe_film
from deoldify_lite.photo_jobs import is_grey, warnings_of
from deoldify_lite.plan import Task, check_output, failed, is_done, record
from deoldify_lite.report import Item
from deoldify_lite.temporal import Chroma, ChromaSmoother, Luma
from deoldify_lite.video_io import ChromaWriter, FrameReader

log = logging.getLogger(__name__)

# Called with a film's name, its frames finished so far, and the frames expected, which is an estimate.
Progress = Callable[[Path, int, int], None]


@dataclass(frozen=True)
class FilmSettings:
    """Everything that decides what a result looks like; part of its fingerprint."""

    weights: str  # sha256 of the weights
    render_factor: int
    saturation: float
    precision: str
    smoothing: float  # see ChromaSmoother
    start_s: float | None = None
    end_s: float | None = None
    encoding: Encoding = field(default_factory=Encoding)


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
            colorizer = colorizer or load_colorizer()
            colorizer, frames, grey = _colorize(task, film, colorizer, settings, batch_size, progress)
            record(task, settings, colorizer.render_factor)
        except Exception as error:
            yield failed(task, error)
            continue
        yield Item(
            task.source,
            task.output,
            "done",
            warnings=warnings_of(grey, settings.render_factor, colorizer.render_factor),
            render_factor=colorizer.render_factor,
            frames=frames,
            seconds=time.perf_counter() - began,
        )


def _colorize(
    task: Task,
    film: Film,
    colorizer: Colorizer,
    settings: FilmSettings,
    batch_size: int,
    progress: Progress | None,
) -> tuple[Colorizer, int, bool]:
    """Render one film, from the start again at a smaller render factor if memory runs out.

    Returns:
        The colorizer that succeeded, to go on with; the number of frames; whether all came out grey.
    """
    while True:
        try:
            return colorizer, *_stream(task, film, colorizer, settings, batch_size, progress)
        except OutOfMemoryError:
            smaller = colorizer.shrunk()
            if smaller is None:
                raise
            factor = smaller.render_factor
            log.warning("%s: out of memory, started again with render factor %d", task.source, factor)
            colorizer = smaller


def _stream(
    task: Task,
    film: Film,
    colorizer: Colorizer,
    settings: FilmSettings,
    batch_size: int,
    progress: Progress | None,
) -> tuple[int, bool]:
    smoother = ChromaSmoother(settings.smoothing)
    frames, grey = 0, True
    start_s, end_s = settings.start_s, settings.end_s
    with (
        FrameReader(film, colorizer.render_size, start_s=start_s, end_s=end_s) as reader,
        ChromaWriter(
            film,
            task.output,
            colorizer.chroma_size,
            encoding=settings.encoding,
            start_s=start_s,
            end_s=end_s,
        ) as writer,
        Sink(writer.write, ahead=2 * batch_size) as sink,
    ):
        last: Luma | None = None
        smoothed: Chroma | None = None
        for batch in in_batches(prefetch(reader, ahead=2 * batch_size), batch_size):
            before = [last, *batch[:-1]]
            # A frame that only repeats the one before, as in a film of variable rate, is not predicted
            # again but shown in exactly the same colour.
            new = [a is None or not np.array_equal(a, b) for a, b in zip(before, batch, strict=True)]
            fresh = [luma for luma, is_new in zip(batch, new, strict=True) if is_new]
            predicted = iter(colorizer.predict_chroma(fresh) if fresh else ())
            for luma, is_new in zip(batch, new, strict=True):
                if is_new:
                    smoothed = smoother.step(luma, next(predicted))
                    grey = grey and is_grey(smoothed)
                sink.put(smoothed)
            last = batch[-1]
            frames += len(batch)
            if progress:
                progress(task.source, frames, max(frames, film.frame_count))
    return frames, grey
