"""What runs in each worker: one network, and the steps of photos and films around it.

A worker knows nothing of Ray but where the weights are to be had, and it gives no result its name: it writes
beside it, and the driver, who gave the order, records it and moves it there.
"""

import hashlib
import os
import pickle
import socket
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import IO, Any

import cv2
import numpy as np
import psutil

from deoldify_lite.cluster.message import ORDERS_AT_HAND, Encoded, Errand, Finished, Order, Piece, Ready, Told
from deoldify_lite.cluster.worker.log import Box, _InTurn, _Log, _Names, _Records
from deoldify_lite.errors import InputError, OptionError, VideoError
from deoldify_lite.film.chroma import has_chroma
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.mux import join_with_source
from deoldify_lite.film.probe import Stream
from deoldify_lite.film.segment import SegmentEncoder
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.run.batches import render_photos
from deoldify_lite.run.pages import MOST_PIXELS
from deoldify_lite.run.settings import FilmSettings, PhotoSettings
from deoldify_lite.run.steps import (
    Tally,
    begins_there,
    cut_segments,
    open_small,
    predict_ahead,
    read_shots,
    show_frames,
)
from deoldify_lite.run.task import Task
from deoldify_lite.system.files import atomic_path, part_beside, sha256_of
from deoldify_lite.system.machine import keep_heap, limit_cores
from deoldify_lite.temporal.scene_memory import SceneMemory
from deoldify_lite.temporal.shots import Frame
from deoldify_lite.version import __version__

# Frames after which it is told how far a segment is.
TELL_EVERY = 20


class Worker:
    """A network on one machine. Its methods may be called by several threads at once.

    Between two steps a film's segment lies here, in files without a name, which go with the process.
    """

    def __init__(self, order: Order) -> None:
        self._order = order
        self._host = socket.gethostname()
        self._log = _Log()
        self._network = threading.Lock()  # one segment at a time goes through it
        self._predicted: dict[str, IO[bytes]] = {}  # by segment
        self._shown: dict[str, IO[bytes]] = {}
        self._loaded: Colorizer | None = None

    def ready(self, weights: Box) -> Told:
        """Load the network.

        Args:
            weights: bytes of their file, needed only where the file is not.

        Returns:
            `Ready`.

        Raises:
            OptionError: another version of deoldify_lite is installed here.
            WeightsError, OptionError: see `api.Rendering.load`.
        """
        order = self._order
        if order.version != __version__:
            raise OptionError(
                f"{self._host} has deoldify_lite {__version__}, and here it is {order.version}: "
                "install the same version on all machines"
            )
        self._log.install(order.log_level)
        with suppress(OSError):  # of use only where paths are relative; that one is not there is told then
            os.chdir(order.folder)
        keep_heap()
        limit_cores(order.cores)
        cv2.setNumThreads(order.cores)
        try:
            self._loaded = self._load(weights)
        except ImportError as error:
            raise OptionError(
                f"{self._host}: {error}; install the same packages on all machines of the cluster"
            ) from error
        self._loaded.backend = _InTurn(self._loaded.backend)
        return self._tell(Ready(self._host, order.rendering.batch_size(order.batch_size)))

    def photos(
        self,
        errands: Sequence[Errand],
        settings: PhotoSettings,
        outputs: Box,
        batch_size: int,
        overwrite: bool,
    ) -> Iterator[Told]:
        """Colorize photos.

        Yields:
            `Item` and `Finished` of each; None in place of the latter where it failed.
        """
        for errand in errands:
            self._check_sight(errand.source.parent, errand.output.parent)
        finished: dict[object, Finished] = {}  # by output

        def keep(task: Task, factor: int, extras: Sequence[Path], part: Path | None) -> None:
            named = None
            if part is not None:
                named = part_beside(task.output)
                os.replace(part, named)
            finished[task.output] = Finished(factor, tuple(extras), named)

        run = render_photos(
            [_task_of(errand) for errand in errands],
            self._colorizer,
            settings,
            _Names(outputs),
            keep=keep,
            batch_size=batch_size,
            overwrite=overwrite,
            most_pixels=MOST_PIXELS // ORDERS_AT_HAND,
        )
        while True:
            try:
                item = next(run)
            except StopIteration as end:
                self._loaded = end.value
                return
            yield self._tell((item, finished.pop(item.output, None)))

    def scan(self, cut: Cut, settings: FilmSettings, segment_frames: int) -> Iterator[Told]:
        """Find the segments of a film, the same as `run.stream.colorize_film` makes.

        Yields:
            `Piece`.
        """
        self._check_sight(cut.film.path)
        size_px = 16 * settings.render_factor
        first, length, digest, may_split = cut.first, 0, hashlib.sha256(), True
        with open_small(cut, size_px, settings) as reader:
            for run in cut_segments(read_shots(reader), lambda frame: frame, segment_frames):
                begins = next(run)
                if length and may_split:
                    may_split = begins_there(replace(cut, first=first + length), size_px, settings, begins)
                    if may_split:
                        yield self._tell(Piece(first, length, digest.digest(), False, cut.first))
                        first, length, digest = first + length, 0, hashlib.sha256()
                for frame in chain([begins], run):
                    length += 1
                    _add(digest, frame)
        yield self._tell(Piece(first, length, digest.digest(), True, cut.first))

    def predict(
        self, key: str, piece: Piece, cut: Cut, settings: FilmSettings, batch_size: int, segment_frames: int
    ) -> Iterator[Told]:
        """Have the network colour the key frames of a segment.

        Args:
            key: name of the segment, from now until `drop`.
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
        self._check_sight(cut.film.path)
        colorizer = self._colorizer_at(settings.render_factor)
        with self._network:
            # Where the middle of a film is decoded in another way than when it was read through, it is read
            # through again.
            for first in (piece.first, piece.read_from):
                digest = hashlib.sha256()
                end = cut.end if piece.is_last else piece.first + piece.frames
                part = replace(cut, first=first, end=end)
                file = self._predicted[key] = _open_scratch()
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
                            if key not in self._predicted:  # dropped meanwhile
                                return
                            if done % TELL_EVERY == 0:
                                yield self._tell(done)
                if digest.digest() == piece.digest:
                    yield self._tell(done)
                    return
        raise VideoError(
            f"{cut.film.path}: gives other frames each time that it is read; repair it first: "
            "ffmpeg -i FILM -map 0 -c copy REPAIRED.mkv"
        )

    def steady(self, key: str, piece: Piece, cut: Cut, settings: FilmSettings, memory: SceneMemory) -> Told:
        """Steady a segment that was predicted here.

        Returns:
            Its `Tally`, and the memory that knows its scenes, too.
        """
        tally, memory = Tally(), memory.copy()
        shown = self._shown[key] = _open_scratch()
        with self._predicted.pop(key) as predicted:
            frames = _stored(predicted)
            for frame in show_frames(frames, cut.film, settings, memory, tally, first=piece.first):
                pickle.dump(tuple(frame), shown, pickle.HIGHEST_PROTOCOL)
        return self._tell((tally, memory))

    def encode(
        self, key: str, piece: Piece, cut: Cut, output: Path, settings: FilmSettings, folder: Path
    ) -> Told:
        """Encode a segment that was steadied here.

        Args:
            key: name of the segment.
            piece: the segment.
            cut: the part of the film that is rendered.
            output: the whole result.
            settings: of the film.
            folder: where the file goes.

        Returns:
            `Encoded`.

        Raises:
            VideoError: ffmpeg failed.
        """
        self._check_sight(folder)
        colorizer = self._colorizer_at(settings.render_factor)
        encoder = SegmentEncoder(
            replace(cut, first=piece.first),
            output,
            colorizer.chroma_size,
            encoding=settings.encoding,
            may_keep=not settings.recolor_all and has_chroma(cut.film.pix_fmt),
            folder=folder,
            before=piece.first - cut.first,
        )
        try:
            with self._shown.pop(key) as shown:
                for chroma, luma in _stored(shown):
                    if chroma is None:
                        encoder.keep()
                    else:
                        encoder.write(chroma, luma)
            frames = encoder.end(is_last=piece.is_last)
            made = encoder.path.with_stem(f"{encoder.path.stem}-whole")
            os.replace(encoder.path, made)
        finally:
            encoder.stop()
        return self._tell(Encoded(made, frames, encoder.frames_written))

    def join(
        self, cut: Cut, segments: Sequence[tuple[Path, int]], streams: Sequence[Stream], output: Path
    ) -> Told:
        """Put the segments of a film together, with its sound and all else.

        Returns:
            Path of the file that is to become the result.
        """
        self._check_sight(cut.film.path, segments[0][0])
        part = part_beside(output)
        with atomic_path(output, rename=lambda made, _: os.replace(made, part)) as made:
            join_with_source(cut.film, cut, segments, streams, made)
        return self._tell(part)

    def drop(self, key: str) -> None:
        """Forget a segment."""
        for files in (self._predicted, self._shown):
            if file := files.pop(key, None):
                file.close()

    def halt(self) -> None:
        """End the programs that run for this worker, which is about to be ended itself."""
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):
                process.kill()

    @property
    def _colorizer(self) -> Colorizer:
        assert self._loaded is not None, "call `ready` first"
        return self._loaded

    def _colorizer_at(self, render_factor: int) -> Colorizer:
        if self._colorizer.render_factor != render_factor:
            self._loaded = self._colorizer.with_render_factor(render_factor)
        return self._colorizer

    def _load(self, weights: Box) -> Colorizer:
        rendering = self._order.rendering
        if rendering.weights.is_file() and sha256_of(rendering.weights) == rendering.sha256:
            return rendering.load()
        with tempfile.TemporaryDirectory() as scratch:
            copy = Path(scratch, rendering.weights.name)
            copy.write_bytes(weights.open())
            return replace(rendering, weights=copy).load()

    def _check_sight(self, *paths: Path) -> None:
        for path in paths:
            if not path.exists():
                raise InputError(
                    f"{path}: {self._host} does not see it; share its folder under the same path with all "
                    "machines of the cluster"
                )

    def _tell(self, value: object) -> Told:
        return Told(value, self._log.take())


def _task_of(errand: Errand) -> Task:
    records: Any = _Records(errand.folder)
    return Task(errand.source, errand.output, records, errand.comparison, hints=errand.hints)


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


def _stored(file: IO[bytes]) -> Iterator[Any]:
    """What this very process has put into a file."""
    file.seek(0)
    while True:
        try:
            yield pickle.load(file)
        except EOFError:
            return
