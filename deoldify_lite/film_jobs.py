"""Colorize films: the stream from the film through the network and back to a film."""

import logging
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from deoldify_lite.colorizer import Colorizer, OutOfMemoryError
from deoldify_lite.encoding import Encoding
from deoldify_lite.engine import Sink, in_batches, prefetch
from deoldify_lite.film import Film, probe_film
from deoldify_lite.key_frames import MOST_STEPS, Step, find_key_frames
from deoldify_lite.photo_jobs import is_grey, warnings_of
from deoldify_lite.plan import Task, check_output, failed, is_done, record
from deoldify_lite.report import Item
from deoldify_lite.shots import Frame, mark_shots
from deoldify_lite.temporal import Predicted, steady
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
    steadiness: float  # see temporal.steady
    recolor_all: bool = False  # also shots that are in colour already
    start_s: float | None = None
    end_s: float | None = None
    encoding: Encoding = field(default_factory=Encoding)


@dataclass(frozen=True)
class Outcome:
    """A film that is done."""

    frames: int
    kept: int  # of these were in colour already
    predicted: int  # of these went through the network; the rest took their colour from them
    grey: bool  # whether all others came out grey

    @property
    def notes(self) -> tuple[str, ...]:
        """What must be said of frames that were not colorized."""
        if not self.kept:
            return ()
        share = "all" if self.kept == self.frames else f"{self.kept} of {self.frames}"
        return (f"{share} frames are in colour already and stay as they are; --recolor-all colours them too",)


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
            colorizer, outcome = _colorize(task, film, colorizer, settings, batch_size, progress)
            log.info("%s: %d of %d frames predicted", task.source, outcome.predicted, outcome.frames)
            record(task, settings, colorizer.render_factor)
        except Exception as error:
            yield failed(task, error)
            continue
        yield Item(
            task.source,
            task.output,
            "done",
            warnings=warnings_of(outcome.grey, settings.render_factor, colorizer.render_factor)
            + outcome.notes,
            render_factor=colorizer.render_factor,
            frames=outcome.frames,
            seconds=time.perf_counter() - began,
        )


def _colorize(
    task: Task,
    film: Film,
    colorizer: Colorizer,
    settings: FilmSettings,
    batch_size: int,
    progress: Progress | None,
) -> tuple[Colorizer, Outcome]:
    """Render one film, from the start again at a smaller render factor if memory runs out.

    Returns:
        The colorizer that succeeded, to go on with, and what came out.
    """
    while True:
        try:
            return colorizer, _stream(task, film, colorizer, settings, batch_size, progress)
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
) -> Outcome:
    frames = kept = grey = predicted = 0
    start_s, end_s = settings.start_s, settings.end_s
    ahead = MOST_STEPS * batch_size  # as many frames as a batch may settle at once
    # Reading, finding motion, predicting, steadying and writing have a thread each.
    with (
        FrameReader(
            film,
            colorizer.render_size,
            with_chroma=not settings.recolor_all,
            start_s=start_s,
            end_s=end_s,
        ) as reader,
        ChromaWriter(
            film,
            task.output,
            colorizer.chroma_size,
            encoding=settings.encoding,
            may_keep=not settings.recolor_all,
            start_s=start_s,
            end_s=end_s,
        ) as writer,
        closing(prefetch(_read_shots(reader), ahead=ahead)) as shots,
        closing(prefetch(_find_key_frames(shots, colorizer, settings), ahead=ahead)) as steps,
        closing(prefetch(_predict(steps, colorizer, batch_size), ahead=ahead)) as predictions,
        Sink(_call, ahead=ahead) as sink,
    ):

        def counted() -> Iterator[Predicted]:
            nonlocal predicted
            for frame in predictions:
                predicted += frame.chroma is not None
                yield frame

        for chroma in steady(counted(), steadiness=settings.steadiness):
            frames += 1
            if chroma is None:
                kept += 1
                sink.put(writer.keep)
            else:
                grey += is_grey(chroma)
                sink.put(partial(writer.write, chroma))
            if progress:
                progress(task.source, frames, max(frames, film.frame_count))
    return Outcome(frames, kept, predicted, grey == frames - kept > 0)


def _read_shots(reader: FrameReader) -> Iterator[Frame]:
    return mark_shots(Frame(frame.luma, frame.chroma) for frame in reader.frames())


def _find_key_frames(frames: Iterable[Frame], colorizer: Colorizer, settings: FilmSettings) -> Iterator[Step]:
    # Where nothing is steadied, nothing is carried either, and each frame is coloured alone.
    return find_key_frames(frames, colorizer.chroma_size, moves=settings.steadiness > 0)


def _predict(steps: Iterable[Step], colorizer: Colorizer, batch_size: int) -> Iterator[Predicted]:
    # A batch is full with so many frames to predict, or so many in all: a picture may stand for minutes.
    for batch in in_batches(steps, MOST_STEPS * batch_size, most=batch_size, weigh=_is_key):
        fresh = [step.frame.luma for step in batch if _is_key(step)]
        chroma = iter(colorizer.predict_chroma(fresh) if fresh else ())
        for step in batch:
            yield Predicted(step, next(chroma) if _is_key(step) else None)


def _is_key(step: Step) -> bool:
    return step.stands_for > 0


def _call(function: Callable[[], None]) -> None:
    function()
