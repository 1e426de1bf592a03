"""One film, rendered by a list of its shots: what changed is rendered, the rest taken up, and all joined."""

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from itertools import chain, groupby
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import Luma
from deoldify_lite.errors import VideoError
from deoldify_lite.film.chroma import has_chroma
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.mux import join_with_source
from deoldify_lite.film.probe import Film, Stream
from deoldify_lite.film.segment import SegmentEncoder
from deoldify_lite.film.writer import join_layer, warnings_of_difference
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.run.items import Progress
from deoldify_lite.run.making import PieceMaker, Segment, warnings_of
from deoldify_lite.run.reading import open_frames
from deoldify_lite.run.shots.keyed import SceneKeys, check_pieces, with_keys
from deoldify_lite.run.shots.networks import Networks
from deoldify_lite.run.shots.pieces import Piece
from deoldify_lite.run.shots.segments import KeptSegments
from deoldify_lite.run.steps import (
    Tally,
    begins_there,
    cut_segments,
    open_small,
    predict_ahead,
    show_frames,
    shown_size,
)
from deoldify_lite.system.files import Deliver, atomic_path
from deoldify_lite.system.threads import Sink
from deoldify_lite.system.work_time import at_work
from deoldify_lite.temporal.key_frames import MOST_STEPS
from deoldify_lite.temporal.scene_memory import SceneMemory
from deoldify_lite.temporal.shots import Frame, mark_listed

log = logging.getLogger(__name__)

# Of frames that are only counted: what is left as it is needs no network.
_SMALL_PX = 32


@dataclass(frozen=True)
class ShotJob:
    """A film to render by a list of its shots."""

    film: Film  # as it is written
    output: Path
    cut: Cut  # the part of the film
    pieces: Sequence[Piece]  # all of it, in order
    kept: KeptSegments
    streams: Sequence[Stream]  # of the source, those that the result can hold
    deliver: Deliver  # gives the finished result its name
    progress: Progress | None = None  # called after each frame
    maker: PieceMaker | None = None  # of the result; None: ffmpeg makes a film of a film
    layer: Path | None = None  # the file of the layer beside it
    deliver_layer: Deliver = os.replace  # gives that its name, before the result gets its own


def colorize_pieces(job: ShotJob, networks: Networks, *, batch_size: int) -> Tally:
    """Render the pieces that are not kept, and join all of them.

    Raises:
        OptionError: a key frame cannot be used; or see `Networks`.
        OutOfMemoryError, RenderError: see `Colorizer`.
        VideoError: ffmpeg failed, or the film has other frames than the list says.
    """
    missing = [piece for piece in job.pieces if job.kept.find(piece) is None]
    done = sum(piece.frames for piece in job.pieces) - sum(piece.frames for piece in missing)
    log.info("%s: %d of %d pieces are kept", job.film.path, len(job.pieces) - len(missing), len(job.pieces))
    check_pieces(job.film, missing)
    counter = _Counter(job, done)
    lumas, borrowed = _Anchors(job.film), SceneKeys(job.film)
    for run in _runs(missing):
        if run[0].leave:
            _leave_run(job, run, counter)
        else:
            colorizer = networks.colorizer(run[0].rendering)
            run = [with_keys(job.film, piece) for piece in run]
            _render_run(job, run, colorizer, lumas, borrowed, counter, batch_size=batch_size)
    return _join(job)


def _runs(pieces: Iterable[Piece]) -> Iterator[list[Piece]]:
    """Pieces that follow each other and share all that is done before hints: they are read in one go."""
    end, number = 0, 0
    before: object = None

    def run_of(piece: Piece) -> int:
        nonlocal end, number, before
        settings = piece.settings
        shared = (
            *(settings.look, settings.steadiness, settings.recolor_all),
            # One with key frames is alone: they take memory, and its chroma may have another size.
            *(piece.leave, piece.first if piece.keys else None),
        )
        number += piece.first != end or shared != before
        end, before = piece.end, shared
        return number

    return (list(run) for _, run in groupby(pieces, run_of))


def _cut_of(job: ShotJob, run: Sequence[Piece]) -> Cut:
    """The frames of some pieces; those of the last one are not limited if it goes to the film's end."""
    return Cut(job.film, run[0].first, None if run[-1].to_the_end else run[-1].end)


def _render_run(
    job: ShotJob,
    run: Sequence[Piece],
    colorizer: Colorizer,
    lumas: "_Anchors",
    borrowed: SceneKeys,
    counter: "_Counter",
    *,
    batch_size: int,
) -> None:
    settings, cut, size_px = run[0].settings, _cut_of(job, run), colorizer.render_size
    size = shown_size(colorizer, settings)
    firsts = {piece.first - cut.first for piece in run}
    tally: Tally | None = None
    with (
        open_small(cut, size_px, settings) as reader,
        _Encoder(job, size) as encoder,
        closing(
            predict_ahead(
                mark_listed((Frame(frame.luma, frame.chroma) for frame in reader.frames()), firsts),
                colorizer,
                settings,
                batch_size=batch_size,
                segment_frames=1,
            )
        ) as predictions,
        Sink(_call, ahead=MOST_STEPS * batch_size, name="writing") as sink,
        at_work("steadying"),
    ):
        segments = cut_segments(predictions, lambda frame: frame.step.frame, 1)
        for piece in run:
            frames = next(segments, iter(()))
            first = next(frames, None)
            if first is None:
                raise _too_short(job, piece)
            if piece is not run[0]:
                _check_seeking(job, piece, size_px, first.step.frame)
            memory = SceneMemory()
            if piece.anchor is not None:
                luma = lumas.luma(piece.anchor, size_px)
                memory.remember(luma, np.moveaxis(colorizer.predict_chroma([luma])[0], 0, -1).copy())
            tally = Tally()
            sink.put(partial(encoder.begin, piece))
            all_frames = chain([first], frames)
            for shown in show_frames(
                all_frames,
                job.film,
                piece.settings,
                memory,
                tally,
                first=piece.first,
                size=size,
                colorizer=colorizer,
                scene_keys=borrowed.of(piece),
            ):
                if shown.chroma is None:
                    sink.put(encoder.keep)
                else:
                    sink.put(partial(encoder.write, shown.chroma, shown.luma))
                counter.count()
            # What reading has shown is known once the last frame is read.
            sink.put(partial(encoder.end, piece, tally, reader.warnings if piece is run[-1] else ()))


def _leave_run(job: ShotJob, run: Sequence[Piece], counter: "_Counter") -> None:
    """Take pieces over as they are."""
    cut = _cut_of(job, run)
    has_color = has_chroma(job.film.pix_fmt)
    grey = np.zeros((2, _SMALL_PX, _SMALL_PX), np.float32)
    luma = np.zeros((_SMALL_PX, _SMALL_PX), np.uint8)
    with (
        open_small(cut, _SMALL_PX, run[0].settings) as reader,
        _Encoder(job, (_SMALL_PX, _SMALL_PX)) as encoder,
    ):
        frames = reader.frames()
        for piece in run:
            tally = Tally()
            for small in frames:
                if not tally.frames:
                    if piece is not run[0]:
                        _check_seeking(job, piece, _SMALL_PX, Frame(small.luma))
                    encoder.begin(piece)
                if has_color:
                    encoder.keep()
                else:
                    encoder.write(grey, luma)
                tally.frames, tally.kept = tally.frames + 1, tally.kept + 1
                counter.count()
                if tally.frames == piece.frames and not piece.to_the_end:
                    break
            if not tally.frames:
                raise _too_short(job, piece)
            encoder.end(piece, tally, reader.warnings if piece is run[-1] else ())


def _check_seeking(job: ShotJob, piece: Piece, size_px: int, frame: Frame) -> None:
    cut = Cut(job.film, piece.first, job.cut.end)
    if not begins_there(cut, size_px, piece.settings, frame):
        raise VideoError(
            f"{job.film.path}: frame {piece.first} cannot be found by its time, which rendering shot by shot "
            "needs; repair the film first: ffmpeg -i FILM -map 0 -c copy REPAIRED.mkv"
        )


def _too_short(job: ShotJob, piece: Piece) -> VideoError:
    return VideoError(
        f"{job.film.path}: has not all of the frames {piece.first} to {piece.end - 1}, of line "
        f"{piece.shot.row.line} of {piece.shot.row.path}; if it is damaged, repair it first: "
        "ffmpeg -i FILM -map 0 -c copy REPAIRED.mkv"
    )


def _join(job: ShotJob) -> Tally:
    """Put the result together from what is kept, now of all pieces."""
    total = Tally()
    segments, warnings = [], list[str]()
    for piece in job.pieces:
        kept = job.kept.find(piece)
        assert kept is not None, "all pieces are rendered by now"
        total.add(kept.segment)
        segments.append((job.kept.path(kept), kept.encoded))
        warnings += kept.warnings
    total.warnings = tuple(dict.fromkeys(warnings))
    job.output.parent.mkdir(parents=True, exist_ok=True)
    if job.maker is not None:
        job.maker.finish(job.cut, segments)
        return total
    if job.layer is not None:
        with atomic_path(job.layer, deliver=job.deliver_layer) as part:
            join_layer(job.film, job.cut, segments, job.pieces[0].settings.encoding, part)
    with atomic_path(job.output, deliver=job.deliver) as part:
        join_with_source(job.film, job.cut, segments, job.streams, part)
    return total


class _Counter:
    """Reports progress, frame by frame."""

    def __init__(self, job: ShotJob, done: int) -> None:
        self._job = job
        self._done = done
        self._all = sum(piece.frames for piece in job.pieces)
        if job.progress:
            job.progress(job.film.path, done, self._all)

    def count(self) -> None:
        self._done += 1
        if self._job.progress:
            self._job.progress(self._job.film.path, self._done, max(self._done, self._all))


class _Anchors:
    """The frames from which scenes take their colours."""

    def __init__(self, film: Film) -> None:
        self._film = film
        self._last: tuple[tuple[int, int], Luma] | None = None

    def luma(self, frame: int, size_px: int) -> Luma:
        """One of them, (S, S)."""
        if self._last is None or self._last[0] != (frame, size_px):
            with open_frames(Cut(self._film, frame, frame + 1), size_px, with_chroma=False) as reader:
                self._last = ((frame, size_px), next(reader.frames()).luma)
        return self._last[1]


class _Encoder:
    """Encodes piece after piece; an unfinished one is removed at the end."""

    def __init__(self, job: ShotJob, chroma_size: tuple[int, int]) -> None:
        self._job = job
        self._chroma_size = chroma_size
        self._present: SegmentEncoder | Segment | None = None

    def __enter__(self) -> "_Encoder":
        return self

    def __exit__(self, *_: object) -> None:
        if self._present is not None:
            self._present.stop()

    def begin(self, piece: Piece) -> None:
        """Start a piece."""
        job = self._job
        if job.maker is not None:
            self._present = job.maker.making.open(_cut_of(job, [piece]), job.kept.folder)
            return
        self._present = SegmentEncoder(
            _cut_of(job, [piece]),
            job.output,
            self._chroma_size,
            encoding=piece.settings.encoding,
            may_keep=has_chroma(job.film.pix_fmt) and (piece.leave or not piece.settings.recolor_all),
            folder=job.kept.folder,
        )

    def write(self, chroma: NDArray[np.floating[Any]], luma: NDArray[np.uint8] | None) -> None:
        """See `ChromaWriter.write`."""
        assert self._present is not None
        self._present.write(chroma, luma)

    def keep(self) -> None:
        """See `ChromaWriter.keep`."""
        assert self._present is not None
        self._present.keep()

    def end(self, piece: Piece, tally: Tally, warnings: Sequence[str]) -> None:
        """Finish a piece, and record it."""
        encoder = self._present
        assert encoder is not None
        if tally.frames != piece.frames and not piece.to_the_end:
            raise _too_short(self._job, piece)
        if isinstance(encoder, SegmentEncoder):
            encoded = encoder.end(is_last=piece.to_the_end)
            told = warnings_of_difference(encoded, tally.frames)
        else:
            encoded = encoder.end()
            told = warnings_of(encoder.told, -1)  # with their numbers, as pieces are put together
        counts = {name: getattr(tally, name) for name in ("frames", "kept", "grey", "predicted")}
        kept = self._job.kept
        kept.add(piece, encoder.path, counts, encoded, (*piece.warnings, *warnings, *told))
        added = kept.find(piece)
        if self._job.maker is not None and added is not None:
            self._job.maker.name(kept.path(added))
        self._present = None


def _call(function: Callable[[], None]) -> None:
    function()
