"""The steps of a film in a worker.

    scan -> predict -> steady -> encode -> join

A segment is predicted, steadied and encoded by one worker, under a key that the driver chooses.
"""

import hashlib
import os
import pickle
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

import numpy as np

from deoldify_lite.cluster.message import Encoded, Piece
from deoldify_lite.cluster.worker.station import Station
from deoldify_lite.errors import VideoError
from deoldify_lite.film.chroma import has_chroma
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.encoding import Encoding
from deoldify_lite.film.mux import join_with_source
from deoldify_lite.film.probe import Stream
from deoldify_lite.film.segment import SegmentEncoder, move_layer
from deoldify_lite.film.writer import join_layer
from deoldify_lite.run.making import Making, Segment
from deoldify_lite.run.sequences.footage import SequenceFilm
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
from deoldify_lite.system.files import atomic_path, part_beside
from deoldify_lite.temporal.scene_memory import SceneMemory
from deoldify_lite.temporal.shots import Frame

# Frames of a segment between two reports of how far it is.
REPORT_EVERY = 20


def scan(station: Station, cut: Cut, settings: FilmSettings, segment_frames: int) -> Iterator[Piece]:
    """Find the segments of a film, the same as `run.stream.colorize_film` makes."""
    _check_film(station, cut)
    size_px = 16 * settings.render_factor
    first, length, digest, may_split = cut.first, 0, hashlib.sha256(), True
    with open_small(cut, size_px, settings) as reader:
        for run in cut_segments(read_shots(reader), lambda frame: frame, segment_frames):
            begins = next(run)
            if length and may_split:
                may_split = begins_there(replace(cut, first=first + length), size_px, settings, begins)
                if may_split:
                    yield Piece(first, length, digest.digest(), False, cut.first)
                    first, length, digest = first + length, 0, hashlib.sha256()
            for frame in chain([begins], run):
                length += 1
                _add(digest, frame)
    yield Piece(first, length, digest.digest(), True, cut.first, tuple(reader.warnings))


def predict(
    station: Station,
    key: str,
    piece: Piece,
    cut: Cut,
    settings: FilmSettings,
    batch_size: int,
    segment_frames: int,
) -> Iterator[int]:
    """Predict the key frames of a segment.

    Args:
        station: of this worker.
        key: of the segment, until it is encoded or dropped.
        piece: the segment.
        cut: the part of the film that is rendered.
        settings: of the film.
        batch_size: frames predicted at once.
        segment_frames: as given to `scan`.

    Yields:
        Frames done so far, now and then.

    Raises:
        VideoError: the film cannot be read, or gives other frames each time.
        OutOfMemoryError: the network does not fit at this render factor.
    """
    _check_film(station, cut)
    colorizer = station.colorizer_at(settings.render_factor)
    with station.network:
        # Where the middle of a film is decoded in another way than when it was read through, it is read
        # through again.
        for first in (piece.first, piece.read_from):
            digest = hashlib.sha256()
            end = cut.end if piece.is_last else piece.first + piece.frames
            part = replace(cut, first=first, end=end)
            file = station.predicted[key] = _open_scratch()
            done = 0
            with open_small(part, colorizer.render_size, settings) as reader:
                frames = islice(read_shots(reader), piece.first - first, None)
                predictions = predict_ahead(
                    _hashed(frames, digest),
                    colorizer,
                    settings,
                    batch_size=batch_size,
                    segment_frames=segment_frames,
                )
                with closing(predictions):
                    for predicted in predictions:
                        pickle.dump(predicted, file, pickle.HIGHEST_PROTOCOL)
                        done += 1
                        if key not in station.predicted:  # dropped meanwhile
                            return
                        if done % REPORT_EVERY == 0:
                            yield done
            if digest.digest() == piece.digest:
                yield done
                return
    raise VideoError(
        f"{cut.film.path}: gives other frames each time that it is read; repair it first: "
        "ffmpeg -i FILM -map 0 -c copy REPAIRED.mkv"
    )


def steady(
    station: Station, key: str, piece: Piece, cut: Cut, settings: FilmSettings, memory: SceneMemory
) -> tuple[Tally, SceneMemory]:
    """Steady a segment that was predicted here.

    Returns:
        Its frames counted, and the memory with its scenes added.
    """
    tally, memory = Tally(), memory.copy()
    steadied = station.steadied[key] = _open_scratch()
    with station.predicted.pop(key) as predicted:
        frames = _stored(predicted)
        colorizer = station.colorizer_at(settings.render_factor)
        for frame in show_frames(
            frames,
            cut.film,
            settings,
            memory,
            tally,
            first=piece.first,
            size=shown_size(colorizer, settings),
            colorizer=colorizer,
        ):
            pickle.dump(tuple(frame), steadied, pickle.HIGHEST_PROTOCOL)
    return tally, memory


def encode(
    station: Station,
    key: str,
    piece: Piece,
    cut: Cut,
    output: Path,
    settings: FilmSettings,
    folder: Path,
) -> Encoded:
    """Encode a segment that was steadied here.

    Args:
        station: of this worker.
        key: of the segment.
        piece: the segment.
        cut: the part of the film that is rendered.
        output: the whole result.
        settings: of the film.
        folder: where the file goes.

    Raises:
        VideoError: ffmpeg failed.
    """
    station.check_sight(folder)
    encoder = SegmentEncoder(
        replace(cut, first=piece.first),
        output,
        shown_size(station.colorizer_at(settings.render_factor), settings),
        encoding=settings.encoding,
        may_keep=not settings.recolor_all and has_chroma(cut.film.pix_fmt),
        folder=folder,
        before=piece.first - cut.first,
    )
    try:
        with station.steadied.pop(key) as steadied:
            _give(steadied, encoder)
        frames = encoder.end(is_last=piece.is_last)
        made = encoder.path.with_stem(f"{encoder.path.stem}-whole")
        move_layer(encoder.path, made, settings.encoding)
        os.replace(encoder.path, made)
    finally:
        encoder.stop()
    return Encoded(made, frames, encoder.frames_written)


def make(station: Station, key: str, piece: Piece, cut: Cut, making: Making, folder: Path) -> Encoded:
    """Make a segment that was steadied here, of a result that ffmpeg does not make alone.

    Args:
        station: of this worker.
        key: of the segment.
        piece: the segment.
        cut: the part of the source that is rendered.
        making: how segments are made.
        folder: where the file goes.

    Raises:
        InputError, OSError, VideoError: a frame cannot be read or written.
    """
    station.check_sight(folder)
    segment = making.open(replace(cut, first=piece.first), folder)
    try:
        with station.steadied.pop(key) as steadied:
            _give(steadied, segment)
        frames = segment.end()
        made = segment.path.with_stem(f"{segment.path.stem}-whole")
        os.replace(segment.path, made)
    finally:
        segment.stop()
    return Encoded(made, frames, piece.first - cut.first + frames, segment.told)


def join(
    station: Station,
    cut: Cut,
    segments: Sequence[tuple[Path, int]],
    streams: Sequence[Stream],
    output: Path,
    encoding: Encoding,
    *,
    layers: bool,
) -> Path:
    """Put the segments of a film together, with its sound and all else, or their layers.

    Returns:
        The file that is to become the result, or its layer.
    """
    station.check_sight(cut.film.path, segments[0][0])
    part = part_beside(output)
    with atomic_path(output, deliver=lambda made, _: os.replace(made, part)) as made:
        if layers:
            join_layer(cut.film, cut, segments, encoding, made)
        else:
            join_with_source(cut.film, cut, segments, streams, made)
    return part


def _check_film(station: Station, cut: Cut) -> None:
    """Check that this machine sees a film, or the folder of a sequence; errors as of `check_sight`."""
    film = cut.film
    station.check_sight(film.footage.sequence.folder if isinstance(film, SequenceFilm) else film.path)


def _add(digest: Any, frame: Frame) -> None:
    digest.update(np.ascontiguousarray(frame.luma))
    if frame.chroma is not None:
        digest.update(np.ascontiguousarray(frame.chroma))


def _hashed(frames: Iterable[Frame], digest: Any) -> Iterator[Frame]:
    for frame in frames:
        _add(digest, frame)
        yield frame


def _open_scratch() -> IO[bytes]:
    """A file that has no name, and goes once nobody has it open."""
    return tempfile.TemporaryFile()


def _give(steadied: IO[bytes], segment: SegmentEncoder | Segment) -> None:
    """Give a segment the colours of its frames, in order."""
    for chroma, luma in _stored(steadied):
        if chroma is None:
            segment.keep()
        else:
            segment.write(chroma, luma)


def _stored(file: IO[bytes]) -> Iterator[Any]:
    """What this very process has put into a file."""
    file.seek(0)
    while True:
        try:
            yield pickle.load(file)
        except EOFError:
            return
