"""One film through the network: read, predicted, steadied and written all at once, segment by segment."""

import logging
import os
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from pathlib import Path

from deoldify_lite.color.arrays import Size
from deoldify_lite.errors import InputError
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.probe import Film, Stream
from deoldify_lite.film.writer import ChromaWriter, ColorSink
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.run.items import Progress
from deoldify_lite.run.making import Maker, SegmentWriter
from deoldify_lite.run.settings import FilmSettings
from deoldify_lite.run.steps import (
    Tally,
    begins_there,
    cut_segments,
    open_small,
    predict_ahead,
    read_shots,
    show_frames,
    shown_size,
)
from deoldify_lite.run.unfinished import Unfinished
from deoldify_lite.system.files import Deliver
from deoldify_lite.system.threads import Sink
from deoldify_lite.system.work_time import at_work
from deoldify_lite.temporal.key_frames import MOST_STEPS
from deoldify_lite.temporal.scene_memory import SceneMemory

log = logging.getLogger(__name__)

# A segment ends with the first shot that ends after so many frames; no shot is longer than twice that. So a
# stop loses a few minutes of film at most, and the cost of a segment, one seek to its first frame, is small.
SEGMENT_FRAMES = 1000
# Four days at 25 frames a second. With damaged timestamps, pictures may stand for years.
MOST_FRAMES = 10_000_000


@dataclass(frozen=True)
class FilmJob:
    """One film to render, or what an earlier run has left of it to do."""

    film: Film
    output: Path  # the result; its suffix names the container
    settings: FilmSettings
    found: Unfinished  # the segments that are done; takes the others as they are made
    streams: Sequence[Stream]  # of the source, those that the result can hold
    deliver: Deliver  # gives the finished result its name
    progress: Progress | None = None  # called after each frame
    layer: Path | None = None  # the layer beside the result
    deliver_layer: Deliver = os.replace  # gives that its name
    maker: Maker | None = None  # of the result; None: ffmpeg makes a film of a film
    segment_frames: int = field(default_factory=lambda: SEGMENT_FRAMES)  # as in `steps.cut_segments`


def cut_of(film: Film, settings: FilmSettings) -> Cut:
    """Return the part of a film to render.

    Raises:
        InputError: it has more than MOST_FRAMES.
        OptionError: nothing lies between start and end.
    """
    cut = Cut.between(film, settings.start_s, settings.end_s)
    if cut.frame_count > MOST_FRAMES:
        raise InputError(
            f"{film.path}: lasts {film.duration_s / 3600:.0f} hours, which takes {cut.frame_count} frames at "
            f"{float(film.rate):g} a second; the limit is {MOST_FRAMES}. If its timestamps are right, choose "
            "a part with --start and --end; if not, repair it: ffmpeg -i FILM -c:v libx264 -crf 12 "
            "-vf setpts=N/25/TB REPAIRED.mkv"
        )
    return cut


def tally_of(film: Film, found: Unfinished) -> Tally:
    """Count the frames that an earlier run has finished."""
    total = Tally()
    for segment in found.segments:
        total.add(segment)
    if total.frames:
        log.info("%s: resuming at frame %d, where an earlier run stopped", film.path, total.frames)
    return total


def colorize_film(job: FilmJob, colorizer: Colorizer, *, batch_size: int) -> Tally:
    """Render a film.

    Args:
        job: the film.
        colorizer: what gives the chroma; at the render factor of the job's settings.
        batch_size: frames predicted at once.

    Raises:
        InputError: there are more than MOST_FRAMES.
        OptionError, VideoError, OutOfMemoryError: see reader, writer and colorizer.
    """
    film, settings, found = job.film, job.settings, job.found
    cut = cut_of(film, settings)
    # Of all segments, and of the present one.
    total, tally, memory = tally_of(film, found), Tally(), found.memory()
    size_px, may_split = colorizer.render_size, True
    size = shown_size(colorizer, settings)
    # Reading, finding motion, predicting, steadying and writing have a thread each.
    with (
        open_small(replace(cut, first=cut.first + total.frames), size_px, settings) as reader,
        open_sink(job, cut, size) as writer,
        closing(
            predict_ahead(
                read_shots(reader),
                colorizer,
                settings,
                batch_size=batch_size,
                segment_frames=job.segment_frames,
            )
        ) as predictions,
        Sink(_call, ahead=MOST_STEPS * batch_size, name="writing") as sink,
        at_work("steadying"),
    ):
        for run in cut_segments(predictions, lambda frame: frame.step.frame, job.segment_frames):
            first = next(run)
            if tally.frames and may_split:
                next_cut = replace(cut, first=cut.first + total.frames + tally.frames)
                may_split = begins_there(next_cut, size_px, settings, first.step.frame)
                if may_split:
                    sink.put(partial(_end_segment, job, writer, tally, memory.copy()))
                    total.add(tally)
                    tally = Tally()
            at = cut.first + total.frames + tally.frames
            for shown in show_frames(
                chain([first], run),
                film,
                settings,
                memory,
                tally,
                first=at,
                size=size,
                colorizer=colorizer,
            ):
                if shown.chroma is None:
                    sink.put(writer.keep)
                else:
                    sink.put(partial(writer.write, shown.chroma, shown.luma))
                if job.progress:
                    frames = total.frames + tally.frames
                    job.progress(film.path, frames, max(frames, cut.frame_count))
    total.add(tally)
    total.warnings = (*reader.warnings, *writer.warnings)
    return total


def open_sink(job: FilmJob, cut: Cut, size: Size) -> ColorSink:
    """Open what writes the result.

    Args:
        job: the film.
        cut: the part of it that is rendered.
        size: height and width of the chroma.
    """
    if job.maker is not None:
        return SegmentWriter(job.maker, cut, job.found.paths)
    return ChromaWriter(
        job.film,
        job.output,
        size,
        job.streams,
        encoding=job.settings.encoding,
        may_keep=not job.settings.recolor_all,
        cut=cut,
        folder=job.found.folder,
        segments=job.found.paths,
        deliver=job.deliver,
        layer=job.layer,
        deliver_layer=job.deliver_layer,
    )


def _end_segment(job: FilmJob, writer: ColorSink, tally: Tally, memory: SceneMemory) -> None:
    job.found.add(tally.as_segment(writer.end_segment(), job.settings.encoding), memory)


def _call(function: Callable[[], None]) -> None:
    function()
