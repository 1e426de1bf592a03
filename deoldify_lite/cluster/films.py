"""Films on many workers: their segments side by side up to the network, and again from the steadying on.

    scan -> predict (many) -> steady (one after the other) -> encode (many) -> join

Steadying hands the memory of scenes from each segment to the next, and takes a small part of the time.
"""

import logging
import os
import threading
import uuid
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from queue import SimpleQueue

from deoldify_lite.cluster.crew import TRIES, Crew, Member, Stopped, WorkerLost, lost_for_good
from deoldify_lite.cluster.message import Encoded, Piece
from deoldify_lite.film.probe import Stream
from deoldify_lite.film.writer import note_difference, segment_path
from deoldify_lite.render.colorizer import shrunk_factor
from deoldify_lite.run import stream as film_stream
from deoldify_lite.run.films import colorize_task
from deoldify_lite.run.items import Item, Progress
from deoldify_lite.run.settings import FilmSettings
from deoldify_lite.run.steps import Tally
from deoldify_lite.run.stream import FilmJob, cut_of, tally_of
from deoldify_lite.run.task import Task, find_done
from deoldify_lite.system.files import atomic_path
from deoldify_lite.temporal.scene_memory import SceneMemory

log = logging.getLogger(__name__)

# Segments that each worker has at hand: one in the network, one in the encoder.
SEGMENTS_AT_HAND = 2


def colorize_films(
    tasks: Sequence[Task],
    settings: FilmSettings,
    crew: Crew,
    *,
    overwrite: bool = False,
    progress: Progress | None = None,
) -> Generator[Item, None, None]:
    """Colorize films as `run.films.colorize_films` does, on many workers; told of as they are done.

    As many films as there are workers are under way at a time, the first ones first. `progress` is told of
    one of them, and of frames that the network has seen. A segment whose worker is lost is done again.

    Raises:
        As `Crew.start`.
    """
    if not all(not overwrite and _is_done(task, settings) for task in tasks):
        crew.start()
    found: SimpleQueue[Item | tuple[Path, int, int]] = SimpleQueue()

    def tell(film: Path, done: int, expected: int) -> None:
        found.put((film, done, expected))

    def work_off(task: Task, renderer: "FarmRenderer") -> None:
        try:
            found.put(colorize_task(task, settings, renderer, overwrite=overwrite, progress=tell))
        except BaseException:  # none but that of the run's end
            log.debug("%s: stopped", task.source, exc_info=True)

    with ExitStack() as stack:
        renderer = FarmRenderer(crew, settings.render_factor, stack)
        films = stack.enter_context(_threads(max(1, crew.size)))
        stack.push(partial(_stop_early, crew, films))
        for task in tasks:
            films.submit(work_off, task, renderer)
        told, left = None, [task.source for task in tasks]
        while left:
            news = found.get()
            if isinstance(news, Item):
                left.remove(news.source)  # type: ignore[arg-type]
                told = None if told == news.source else told
                yield news
            elif progress and told in (None, news[0]):
                told = news[0]
                progress(*news)


def _is_done(task: Task, settings: FilmSettings) -> bool:
    try:
        return find_done(task, settings) is not None
    except OSError:  # told when its turn comes
        return True


def _threads(count: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(count)


def _stop_early(crew: Crew, films: ThreadPoolExecutor, kind: type[BaseException] | None, *_: object) -> None:
    """On an error or interrupt: let nothing begin, and end what is under way."""
    if kind is not None:
        films.shutdown(wait=False, cancel_futures=True)
        crew.stop()


class FarmRenderer:
    """A `run.films.Renderer` of many workers, for several films at once."""

    def __init__(self, crew: Crew, render_factor: int, stack: ExitStack) -> None:
        self._crew = crew
        self._render_factor = render_factor
        self._segments = stack.enter_context(_threads(SEGMENTS_AT_HAND * max(1, crew.size)))

    @property
    def render_factor(self) -> int:
        """As `Renderer` says."""
        return self._render_factor

    def shrink(self, render_factor: int) -> bool:
        """As `Renderer` says."""
        smaller = shrunk_factor(render_factor)
        if smaller is not None:
            self._render_factor = min(self._render_factor, smaller)
        return smaller is not None

    def colorize(self, job: FilmJob) -> Tally:
        """See `Renderer`."""
        output, found = job.output, job.found
        run = _FilmRun(self._crew, job)
        output.parent.mkdir(parents=True, exist_ok=True)
        futures: list[Future[None]] = []
        try:
            memory: Future[SceneMemory] = Future()
            memory.set_result(found.memory())
            for number, piece in enumerate(run.scan()):
                after: Future[SceneMemory] = Future()
                futures.append(self._segments.submit(run.render, number, piece, memory, after))
                memory = after
            for future in futures:
                future.result()
            part = run.join(job.streams)
            with atomic_path(output) as place:
                os.replace(part, place)
                job.before_rename(place)
        except Exception as error:
            # What went wrong first, and not that the others were stopped for it.
            raise run.first_error or error from None
        finally:
            run.stopped.set()
            for future in futures:
                future.cancel()
            wait(futures)
            for path in found.folder.glob("part-*"):
                path.unlink(missing_ok=True)
        return run.total


@dataclass
class _FilmRun:
    """One film on its way."""

    crew: Crew
    job: FilmJob

    def __post_init__(self) -> None:
        job = self.job
        self.cut = cut_of(job.film, job.settings)
        self.output, self.settings, self.found = job.output, job.settings, job.found
        self.progress = job.progress
        self.total = tally_of(self.cut.film, self.found)
        self.stopped = threading.Event()
        self.first_error: BaseException | None = None
        self._segment_frames = film_stream.SEGMENT_FRAMES
        self._lock = threading.Lock()
        self._paths = list(self.found.paths)  # of all segments from the start on
        self._made: dict[int, tuple[Piece, Encoded, Tally, SceneMemory]] = {}  # not yet among these
        self._next = 0  # number of the segment that comes next among them
        self._seen = self.total.frames
        self._seen_of: dict[int, int] = {}  # frames that the network has seen, by segment

    def scan(self) -> Iterator[Piece]:
        """The segments that are left to do, as they are found."""
        first, tries = self.cut.first + self.total.frames, 0
        while True:
            try:
                with self.crew.hold(load=0) as member:
                    cut = replace(self.cut, first=first)
                    for piece in member.stream("scan", cut, self.settings, self._segment_frames):
                        if self.stopped.is_set():
                            return
                        yield piece
                        if piece.is_last:  # whatever becomes of the worker now
                            return
                        first, tries = piece.first + piece.frames, 0
                raise WorkerLost("it ended without a word")
            except WorkerLost as error:
                tries += 1
                log.warning("%s: the worker on %s was lost (%s)", self.cut.film.path, member.host, error)
                if tries == TRIES:
                    raise lost_for_good(self.cut.film.path) from error

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
            encoded, tally = self.crew.attempt(work, what)
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

    def join(self, streams: Sequence[Stream]) -> Path:
        """Put the result together; the file that is to get its name."""
        frames = sum(frames for _, frames in self._paths)
        note_difference(self.cut.film, frames, self.total.frames)

        def work(member: Member) -> Path:
            path: Path = member.call("join", self.cut, self._paths, streams, self.output)
            return path

        return self.crew.attempt(work, self.output)

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
        crew, cut, settings = self.crew, self.cut, self.settings
        try:
            predicting = (key, piece, cut, settings, crew.batch_size, self._segment_frames)
            for seen in member.stream("predict", *predicting):
                self._check()
                self._tell(number, seen)
            known = memory.result()
            self._check()
            tally, learnt = member.call("steady", key, piece, cut, settings, known)
            if not after.done():  # else this is not the first worker that comes so far
                after.set_result(learnt)
            self._check()
            encoded = member.call("encode", key, piece, cut, self.output, settings, self.found.folder)
            return encoded, tally
        except WorkerLost:
            raise
        except BaseException:
            with suppress(Exception):
                member.tell("drop", key)
            raise

    def _take(self, piece: Piece, encoded: Encoded, tally: Tally, memory: SceneMemory) -> None:
        """Put a segment in its place; the last one is taken as it is, for the result is next."""
        path = encoded.path
        if not piece.is_last:
            path = segment_path(self.found.folder, len(self._paths), encoded.path.suffix)
            with atomic_path(path) as part:
                os.replace(encoded.path, part)
            self.found.add(tally.as_segment(path), memory)
        self._paths.append((path, encoded.frames))
        self.total.add(tally)

    def _check(self) -> None:
        if self.stopped.is_set():
            raise Stopped("the film was stopped")

    def _tell(self, number: int, seen: int) -> None:
        """Of a segment that is done again nothing new is told until it comes further."""
        with self._lock:
            before = self._seen_of.get(number, 0)
            self._seen_of[number] = max(before, seen)
            self._seen += self._seen_of[number] - before
            if self.progress:
                self.progress(self.cut.film.path, self._seen, max(self._seen, self.cut.frame_count))
