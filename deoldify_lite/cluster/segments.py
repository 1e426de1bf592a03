"""The segments of one film on many workers: found, rendered, and taken in order."""

import logging
import os
import threading
import uuid
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

from deoldify_lite.cluster.crew import TRIES, Crew, RunEnded, lost_for_good
from deoldify_lite.cluster.member import Member, WorkerLost
from deoldify_lite.cluster.message import Encoded, Piece
from deoldify_lite.cluster.worker import films as in_worker
from deoldify_lite.film.segment import move_layer
from deoldify_lite.film.writer import segment_path, warnings_of_difference
from deoldify_lite.run.making import Maker, add_told, warnings_of
from deoldify_lite.run.steps import Tally
from deoldify_lite.run.stream import FilmJob, cut_of, tally_of
from deoldify_lite.system.files import atomic_path
from deoldify_lite.temporal.scene_memory import SceneMemory

log = logging.getLogger(__name__)


class FilmSegments:
    """The segments of one film, from the first that is left to do.

    Args:
        job: the film.
        crew: whose workers make them.

    Raises:
        InputError, OptionError: see `run.stream.cut_of`.
    """

    def __init__(self, job: FilmJob, crew: Crew) -> None:
        self.cut = cut_of(job.film, job.settings)
        self.total = tally_of(job.film, job.found)
        """Of all segments that are in their place."""
        self.stopped = threading.Event()
        """Set, it keeps all that has not begun from beginning."""
        self.first_error: BaseException | None = None
        self._job = job
        self._crew = crew
        self._segment_frames = job.segment_frames
        self._lock = threading.Lock()
        self._paths = list(job.found.paths)  # of all segments from the start on
        self._made: dict[int, tuple[Piece, Encoded, Tally, SceneMemory]] = {}  # not yet among these
        self._next = 0  # number of the segment that comes next among them
        self._told: dict[str, list[int]] = {}
        self._before = self._seen = self.total.frames
        self._seen_of: dict[int, int] = {}  # frames that the network has seen, by segment

    def scan(self) -> Iterator[Piece]:
        """Find the segments that are left to do, and yield each as it is found."""
        film, settings = self.cut.film.path, self._job.settings
        first, tries = self.cut.first + self.total.frames, 0
        while True:
            try:
                with self._crew.hold(load=0) as member:
                    cut = replace(self.cut, first=first)
                    for piece in member.stream(in_worker.scan, cut, settings, self._segment_frames):
                        if self.stopped.is_set():
                            return
                        yield piece
                        if piece.is_last:  # whatever happens to the worker now
                            self.total.warnings = piece.warnings
                            return
                        first, tries = piece.first + piece.frames, 0
                raise WorkerLost("it ended without a word")
            except WorkerLost as error:
                tries += 1
                log.warning("%s: the worker on %s was lost (%s)", film, member.host, error)
                if tries == TRIES:
                    raise lost_for_good(film) from error

    def render(
        self, number: int, piece: Piece, memory: Future[SceneMemory], after: Future[SceneMemory]
    ) -> None:
        """Make a segment.

        Args:
            number: of the segment, in this run.
            piece: the segment.
            memory: of the scenes before it; is waited for once the network has seen it.
            after: gets the memory of the scenes up to its end.
        """
        what = f"{self.cut.film.path}, frames {piece.first} to {piece.first + piece.frames - 1}"
        try:
            work = partial(self._render, number=number, piece=piece, memory=memory, after=after)
            encoded, tally = self._crew.attempt(work, what)
            with self._lock:
                self._made[number] = (piece, encoded, tally, after.result())
                while self._next in self._made:
                    self._take(*self._made.pop(self._next))
                    self._next += 1
        except BaseException as error:
            self.first_error = self.first_error or error
            self.stopped.set()
            if not after.done():
                after.set_exception(error)
            raise

    def finish(self, maker: Maker) -> None:
        """Put together a result that ffmpeg does not make alone, and give it its name."""
        self.total.warnings += warnings_of(self._told, self.total.frames - self._before)
        maker.finish(self.cut, self._paths)

    def join(self) -> Path:
        """Put the result together, and return the file that is to get its name."""
        frames = sum(frames for _, frames in self._paths)
        self.total.warnings += warnings_of_difference(frames, self.total.frames)
        return self._join(self._job.output, layers=False)

    def join_layers(self, layer: Path) -> Path:
        """Put the layer beside the result together, and return the file that is to get its name, `layer`."""
        return self._join(layer, layers=True)

    def _join(self, output: Path, *, layers: bool) -> Path:
        job, encoding = self._job, self._job.settings.encoding

        def work(member: Member) -> Path:
            join = partial(in_worker.join, layers=layers)
            return member.call(join, self.cut, self._paths, job.streams, output, encoding)

        return self._crew.attempt(work, output)

    def _render(
        self,
        member: Member,
        *,
        number: int,
        piece: Piece,
        memory: Future[SceneMemory],
        after: Future[SceneMemory],
    ) -> tuple[Encoded, Tally]:
        key = uuid.uuid4().hex
        cut, job, settings = self.cut, self._job, self._job.settings
        try:
            batch, length = self._crew.batch_size, self._segment_frames
            for seen in member.stream(in_worker.predict, key, piece, cut, settings, batch, length):
                self._check()
                self._report(number, seen)
            known = memory.result()
            self._check()
            tally, learnt = member.call(in_worker.steady, key, piece, cut, settings, known)
            if not after.done():  # else this is not the first worker that comes so far
                after.set_result(learnt)
            self._check()
            folder = job.found.folder
            if job.maker is not None:
                made = member.call(in_worker.make, key, piece, cut, job.maker.making, folder)
                return made, tally
            encoded = member.call(in_worker.encode, key, piece, cut, job.output, settings, folder)
            return encoded, tally
        except WorkerLost:
            raise
        except BaseException:
            with suppress(Exception):
                member.send("drop", key)
            raise

    def _take(self, piece: Piece, encoded: Encoded, tally: Tally, memory: SceneMemory) -> None:
        """Put a segment in its place; the last one is taken as it is, for the result is next."""
        path, found = encoded.path, self._job.found
        add_told(self._told, encoded.told)
        if self._job.maker is not None:
            path = self._job.maker.place(encoded.path, len(self._paths))
            if not piece.is_last:
                found.add(tally.as_segment(path, self._job.settings.encoding), memory)
        elif not piece.is_last:
            encoding = self._job.settings.encoding
            path = segment_path(found.folder, len(self._paths), encoded.path.suffix)
            move_layer(encoded.path, path, encoding)
            with atomic_path(path) as part:
                os.replace(encoded.path, part)
            found.add(tally.as_segment(path, encoding), memory)
        self._paths.append((path, encoded.frames))
        self.total.add(tally)

    def _check(self) -> None:
        if self.stopped.is_set():
            raise RunEnded("the film was stopped")

    def _report(self, number: int, seen: int) -> None:
        """Report progress; of a segment that is done again only once it comes further than before."""
        with self._lock:
            before = self._seen_of.get(number, 0)
            self._seen_of[number] = max(before, seen)
            self._seen += self._seen_of[number] - before
            if self._job.progress:
                self._job.progress(self.cut.film.path, self._seen, max(self._seen, self.cut.frame_count))
