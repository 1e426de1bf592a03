"""One film through the network: read, predicted, steadied and written all at once, segment by segment."""

import logging
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain, groupby
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.chroma_writer import ChromaWriter
from deoldify_lite.colorizer import Colorizer, is_grey
from deoldify_lite.encoding import Encoding
from deoldify_lite.engine import Sink, at_work, in_batches, prefetch
from deoldify_lite.errors import InputError, VideoError
from deoldify_lite.film import Film
from deoldify_lite.film_cut import Cut
from deoldify_lite.film_tone import needs_luma
from deoldify_lite.frame_reader import FrameReader
from deoldify_lite.key_frames import MOST_STEPS, Step, find_key_frames
from deoldify_lite.scene_memory import SceneMemory
from deoldify_lite.shots import Frame, mark_shots
from deoldify_lite.temporal import Predicted, steady
from deoldify_lite.unfinished import Segment, Unfinished

log = logging.getLogger(__name__)

# A segment ends with the first shot that ends after so many frames; no shot is longer than twice that. So a
# stop undoes some minutes of film at most, and what a segment costs, a look for its first frame, is little.
SEGMENT_FRAMES = 1000
# Four days at 25 frames a second. Where timestamps are damaged, pictures may stand for years.
MOST_FRAMES = 10_000_000

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
    deinterlace: bool = False  # see film_fields.deinterlaced
    encoding: Encoding = field(default_factory=Encoding)


@dataclass
class Tally:
    """Frames counted."""

    frames: int = 0
    kept: int = 0  # of these were in colour already
    grey: int = 0  # came out grey
    predicted: int = 0  # went through the network; the rest took their colour from them
    losses: tuple[str, ...] = ()  # what the result does not have of its source

    def add(self, other: "Tally | Segment") -> None:
        """Count those of another one, too."""
        self.frames += other.frames
        self.kept += other.kept
        self.grey += other.grey
        self.predicted += other.predicted


def colorize_film(
    film: Film,
    output: Path,
    colorizer: Colorizer,
    settings: FilmSettings,
    found: Unfinished,
    *,
    batch_size: int,
    before_rename: Callable[[Path], None],
    progress: Progress | None = None,
) -> Tally:
    """Render a film, or what an earlier run has left of it to do.

    Segments begin where shots do, and nothing but the memory of scenes goes from one to the next. So the
    result is the same, frame by frame, whether it was made in one go or not.

    Args:
        film: the source.
        output: the result; its suffix names the container.
        colorizer: what gives the chroma.
        settings: of the film; the colorizer has its own.
        found: the segments that are done; takes the others as they are.
        batch_size: frames predicted at once.
        before_rename: called with the finished result just before it gets its name.
        progress: is told of each frame.

    Raises:
        InputError: there are more than MOST_FRAMES.
        OptionError, VideoError, OutOfMemoryError: see reader, writer and colorizer.
    """
    cut = Cut.between(film, settings.start_s, settings.end_s)
    if cut.frame_count > MOST_FRAMES:
        raise InputError(
            f"{film.path}: lasts {film.duration_s / 3600:.0f} hours, which takes {cut.frame_count} frames at "
            f"{float(film.rate):g} a second; the limit is {MOST_FRAMES}. If its timestamps are right, choose "
            "a part with --start and --end; if not, repair it: ffmpeg -i FILM -c:v libx264 -crf 12 "
            "-vf setpts=N/25/TB REPAIRED.mkv"
        )
    total, tally, memory = Tally(), Tally(), found.memory()  # of all segments, of the present one
    for segment in found.segments:
        total.add(segment)
    if total.frames:
        log.info("%s: goes on at frame %d, where an earlier run was stopped", film.path, total.frames)
    small = partial(FrameReader, film, colorizer.render_size, with_chroma=not settings.recolor_all)
    ahead = MOST_STEPS * batch_size  # as many frames as a batch may settle at once
    lumas: deque[NDArray[np.uint8]] | None = deque() if needs_luma(film.colors) else None
    may_split = True
    # Reading, finding motion, predicting, steadying and writing have a thread each.
    with (
        small(cut=replace(cut, first=cut.first + total.frames)) as reader,
        ChromaWriter(
            film,
            output,
            colorizer.chroma_size,
            encoding=settings.encoding,
            may_keep=not settings.recolor_all,
            cut=cut,
            folder=found.folder,
            segments=found.paths,
            before_rename=before_rename,
        ) as writer,
        closing(prefetch(_read_shots(reader), ahead=ahead, name="reading")) as shots,
        closing(prefetch(_find_key_frames(shots, colorizer, settings), ahead=ahead, name="motion")) as steps,
        closing(
            prefetch(_predict(steps, colorizer, batch_size), ahead=ahead, name="predicting")
        ) as predictions,
        Sink(_call, ahead=ahead, name="writing") as sink,
        at_work("steadying"),
    ):
        for run in _segments(predictions):
            first = next(run)
            if tally.frames and may_split:
                next_cut = replace(cut, first=cut.first + total.frames + tally.frames)
                may_split = _begins_there(small, next_cut, first.step.frame)
                if may_split:
                    sink.put(partial(_end_segment, writer, found, tally, memory.copy()))
                    total.add(tally)
                    tally = Tally()
            for chroma in steady(
                _counted(chain([first], run), tally, lumas), steadiness=settings.steadiness, memory=memory
            ):
                tally.frames += 1
                luma = lumas.popleft() if lumas else None
                if chroma is None:
                    tally.kept += 1
                    sink.put(writer.keep)
                else:
                    tally.grey += is_grey(chroma)
                    sink.put(partial(writer.write, chroma, luma))
                if progress:
                    frames = total.frames + tally.frames
                    progress(film.path, frames, max(frames, cut.frame_count))
    total.add(tally)
    total.losses = writer.losses
    return total


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


def _segments(frames: Iterable[Predicted]) -> Iterator[Iterator[Predicted]]:
    """The frames of one segment after the other; each is to be used up before the next."""
    number = length = 0

    def segment_of(frame: Predicted) -> int:
        nonlocal number, length
        if frame.step.frame.begins_shot and length >= SEGMENT_FRAMES:
            number, length = number + 1, 0
        length += 1
        return number

    return (segment for _, segment in groupby(frames, segment_of))


def _begins_there(small: Callable[..., FrameReader], cut: Cut, frame: Frame) -> bool:
    """Whether ffmpeg, sent to the first frame of a cut, finds this one there: not all files are exact."""
    try:
        with small(cut=replace(cut, end=cut.first + 1)) as reader:
            is_there = any(np.array_equal(luma, frame.luma) for luma in reader)
    except VideoError:  # of a damaged film nothing may be found in this way
        is_there = False
    if not is_there:
        log.info(
            "%s: no frame in it can be found again by its time; if this run is stopped, the next one starts "
            "from the last segment's end",
            cut.film.path,
        )
    return is_there


def _counted(
    frames: Iterable[Predicted], tally: Tally, lumas: deque[NDArray[np.uint8]] | None
) -> Iterator[Predicted]:
    for frame in frames:
        if lumas is not None:
            lumas.append(frame.step.frame.luma)
        tally.predicted += frame.chroma is not None
        yield frame


def _end_segment(writer: ChromaWriter, found: Unfinished, tally: Tally, memory: SceneMemory) -> None:
    path = writer.end_segment()
    segment = Segment(path.name, path.stat().st_size, tally.frames, tally.kept, tally.grey, tally.predicted)
    found.add(segment, memory)


def _call(function: Callable[[], None]) -> None:
    function()
