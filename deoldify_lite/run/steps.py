"""The steps of a film, from its small frames to chroma: each takes the one before and is taken by the next.

    read_shots -> find_steps -> predict_frames -> show_frames

Segments begin where shots do, and nothing but the memory of scenes goes from one to the next. So the result
is the same, frame by frame, whether a film is made in one go or in segments, one after the other or, up to
the network, side by side.
"""

import logging
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import Chroma, Features, Luma, Size, resize
from deoldify_lite.color.key import FilmKey
from deoldify_lite.errors import VideoError
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.encoding import Encoding
from deoldify_lite.film.probe import Film
from deoldify_lite.film.reader import SmallFrames
from deoldify_lite.film.segment import layer_segment
from deoldify_lite.film.tone import needs_luma
from deoldify_lite.render.colorizer import Colorizer, finds_no_color
from deoldify_lite.run.reading import open_frames
from deoldify_lite.run.settings import FilmSettings
from deoldify_lite.run.unfinished import Segment
from deoldify_lite.system.threads import in_batches, prefetch
from deoldify_lite.temporal.hinting import spread_through_shots
from deoldify_lite.temporal.key_frames import MOST_STEPS, Step, find_key_frames
from deoldify_lite.temporal.keys import follow_keys, heed_hints, keyed_size, lay_keys
from deoldify_lite.temporal.scene_memory import KeyScenes, SceneMemory
from deoldify_lite.temporal.shots import Frame, mark_shots
from deoldify_lite.temporal.steady import Predicted, steady

log = logging.getLogger(__name__)

T = TypeVar("T")


@dataclass
class Tally:
    """Frames counted."""

    frames: int = 0
    kept: int = 0  # of these were in colour already
    grey: int = 0  # came out grey
    predicted: int = 0  # went through the network; the rest took their colour from them
    warnings: tuple[str, ...] = ()  # of what reading and writing them has shown

    def add(self, other: "Tally | Segment") -> None:
        """Count those of another one, too."""
        self.frames += other.frames
        self.kept += other.kept
        self.grey += other.grey
        self.predicted += other.predicted

    def as_segment(self, path: Path, encoding: Encoding) -> Segment:
        """The record of a finished segment, in this file, of which these frames were counted."""
        layer = layer_segment(path, encoding).name if encoding.layer == "beside" else ""
        size = path.stat().st_size
        return Segment(path.name, size, self.frames, self.kept, self.grey, self.predicted, layer)


class Shown(NamedTuple):
    """A frame in its colours."""

    chroma: Chroma | None  # None: it keeps those that it has
    luma: NDArray[np.uint8] | None  # where `film.tone.needs_luma` says so


def open_small(cut: Cut, size_px: int, settings: FilmSettings) -> SmallFrames:
    """Open a reader of small frames for the network, and of the chroma that shows if they are in colour."""
    return open_frames(cut, size_px, with_chroma=not settings.recolor_all)


def read_shots(reader: SmallFrames) -> Iterator[Frame]:
    """Yield the frames of a reader, with shots marked."""
    return mark_shots(Frame(frame.luma, frame.chroma) for frame in reader.frames())


def shown_size(colorizer: Colorizer, settings: FilmSettings) -> Size:
    """Height and width of the chroma of a film; with key frames it is finer than the network's."""
    if not settings.keys:
        return colorizer.chroma_size
    return keyed_size(colorizer.render_size, colorizer.chroma_size)


def find_steps(
    frames: Iterable[Frame], chroma_size: tuple[int, int], settings: FilmSettings
) -> Iterator[Step]:
    """Find the motion from frame to frame, and the frames that the network must see."""
    # Without steadying each frame is coloured alone, so no motion is needed.
    return find_key_frames(frames, chroma_size, moves=settings.steadiness > 0)


def predict_frames(
    steps: Iterable[Step],
    colorizer: Colorizer,
    *,
    batch_size: int,
    segment_frames: int,
    described: bool = False,
) -> Iterator[Predicted]:
    """Yield frames with the network's chroma.

    No batch crosses the end of a segment, since the other pictures of a batch can change the last bit.
    """
    for segment in cut_segments(steps, lambda step: step.frame, segment_frames):
        yield from predict_steps(segment, colorizer, batch_size=batch_size, described=described)


def predict_ahead(
    frames: Iterable[Frame],
    colorizer: Colorizer,
    settings: FilmSettings,
    *,
    batch_size: int,
    segment_frames: int,
) -> Generator[Predicted, None, None]:
    """Run all steps up to the network: reading, motion and prediction, each ahead in its own thread.

    Args:
        frames: from `read_shots`.
        colorizer: predicts the chroma.
        settings: of the film.
        batch_size: frames predicted at once.
        segment_frames: as in `cut_segments`.
    """
    ahead = MOST_STEPS * batch_size  # as many frames as a batch may settle
    with (
        closing(prefetch(frames, ahead=ahead, name="reading")) as shots,
        closing(
            prefetch(find_steps(shots, colorizer.chroma_size, settings), ahead=ahead, name="motion")
        ) as steps,
        closing(
            prefetch(
                predict_frames(
                    steps,
                    colorizer,
                    batch_size=batch_size,
                    segment_frames=segment_frames,
                    described=bool(settings.keys),
                ),
                ahead=ahead,
                name="predicting",
            )
        ) as predictions,
    ):
        yield from predictions


def predict_steps(
    steps: Iterable[Step], colorizer: Colorizer, *, batch_size: int, described: bool = False
) -> Iterator[Predicted]:
    """Yield frames with the network's chroma, a batch at a time; `described` for films with key frames."""
    # A batch is limited in frames to predict, and in all frames, since a still picture may last for minutes.
    for batch in in_batches(steps, MOST_STEPS * batch_size, most=batch_size, weigh=_is_key):
        fresh = [step.frame.luma for step in batch if _is_key(step)]
        if not described:
            features: Iterable[Features | None] = [None] * len(fresh)
            chroma = colorizer.predict_chroma(fresh) if fresh else ()
        else:
            chroma, features = colorizer.predict_described(fresh) if fresh else ((), ())
        predictions = zip(chroma, features, strict=True)
        for step in batch:
            yield Predicted(step, *(next(predictions) if _is_key(step) else ()))


def _is_key(step: Step) -> bool:
    return step.stands_for > 0


def show_frames(
    frames: Iterable[Predicted],
    film: Film,
    settings: FilmSettings,
    memory: SceneMemory,
    tally: Tally,
    *,
    first: int,
    size: Size,
    colorizer: Colorizer,
    scene_keys: Sequence[FilmKey] = (),
) -> Iterator[Shown]:
    """Steady a segment, and count its frames.

    Args:
        frames: the frames of the segment.
        film: the film.
        settings: of the film.
        memory: scenes seen before; those of the segment are added.
        tally: counts of the segment; updated.
        first: number of its first frame in the film, which places hints and key frames.
        size: of the chroma, as of `shown_size`.
        colorizer: as for the frames; it looks at key frames.
        scene_keys: key frames of other shots, whose scenes may be in the segment, beside those of the
            settings.

    Raises:
        InputError: a key frame is for a shot that is in colour already.
    """
    if settings.keys:
        describe = partial(_features, colorizer) if colorizer.describes else None
        frames = follow_keys(frames, settings.keys, size=size, first=first, describe=describe)
    if settings.hints:
        frames = spread_through_shots(frames, settings.hints, aspect=film.width / film.height, first=first)
    if settings.keys and settings.hints:
        frames = heed_hints(frames)
    waiting: deque[Predicted] = deque()
    with_luma = needs_luma(film.colors)

    def counted() -> Iterator[Predicted]:
        for frame in frames:
            waiting.append(frame)
            tally.predicted += frame.chroma is not None
            yield frame

    keys = KeyScenes((*settings.keys, *scene_keys))
    for chroma in steady(counted(), steadiness=settings.steadiness, memory=memory, keys=keys):
        tally.frames += 1
        frame = waiting.popleft()
        if chroma is None:
            tally.kept += 1
        else:
            chroma = lay_keys(chroma, frame, size) if settings.keys else chroma
            tally.grey += finds_no_color(chroma)
        yield Shown(chroma, frame.step.frame.luma if with_luma else None)


def _features(colorizer: Colorizer, luma: Luma) -> Features | None:
    """What the network sees in a frame, (S, S)."""
    # The size of the frames, since another one would have the network compiled anew.
    side = (colorizer.render_size,) * 2
    return colorizer.predict_described([resize(luma, side)])[1][0]


def cut_segments(
    items: Iterable[T], frame_of: Callable[[T], Frame], segment_frames: int
) -> Iterator[Iterator[T]]:
    """Group frames, or items made of them, into segments; use up each before the next.

    Args:
        items: in order; the first one begins a segment.
        frame_of: the frame of an item.
        segment_frames: a segment ends with the first shot that ends after so many.
    """
    number = length = 0

    def segment_of(item: T) -> int:
        nonlocal number, length
        if frame_of(item).begins_shot and length >= segment_frames:
            number, length = number + 1, 0
        length += 1
        return number

    return (segment for _, segment in groupby(items, segment_of))


def begins_there(cut: Cut, size_px: int, settings: FilmSettings, frame: Frame) -> bool:
    """Whether ffmpeg finds this frame when it seeks to the start of a cut, which not all files allow."""
    is_there = False
    if cut.film.timed:  # or else ffmpeg would read it from its start for each segment
        with (
            suppress(VideoError),  # a damaged film may fail here
            open_small(replace(cut, end=cut.first + 1), size_px, settings) as reader,
        ):
            is_there = any(np.array_equal(each.luma, frame.luma) for each in reader.frames())
    if not is_there:
        log.info(
            "%s: no frame can be found by its time; a stopped run continues after the last finished segment",
            cut.film.path,
        )
    return is_there
