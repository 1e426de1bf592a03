"""Films on many workers: their segments side by side up to the network, and again from the steadying on.

    scan -> predict (many) -> steady (one after the other) -> encode (many) -> join

Steadying hands the memory of scenes from each segment to the next, and takes a small part of the time.
"""

import logging
import os
from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue

from deoldify_lite.cluster.crew import Crew
from deoldify_lite.cluster.segments import FilmSegments
from deoldify_lite.render.colorizer import shrunk_factor
from deoldify_lite.run.films import colorize_task
from deoldify_lite.run.items import Item, Progress
from deoldify_lite.run.settings import FilmSettings
from deoldify_lite.run.steps import Tally
from deoldify_lite.run.stream import FilmJob
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
    """Colorize films as `run.films.colorize_films` does, on many workers; yield outcomes as they come.

    As many films as there are workers are under way at a time, the first ones first. `progress` is called
    for one of them at a time, with frames that the network has seen. A segment whose worker is lost is done
    again.

    Raises:
        As `Crew.start`.
    """
    if not all(not overwrite and _is_done(task, settings) for task in tasks):
        crew.start()
    news: SimpleQueue[Item | tuple[Path, int, int]] = SimpleQueue()

    def report(film: Path, done: int, expected: int) -> None:
        news.put((film, done, expected))

    def work_off(task: Task, renderer: CrewRenderer) -> None:
        try:
            news.put(colorize_task(task, settings, renderer, overwrite=overwrite, progress=report))
        except BaseException:  # only when the run ends early
            log.debug("%s: stopped", task.source, exc_info=True)

    workers = max(1, crew.size)
    with (
        ThreadPoolExecutor(SEGMENTS_AT_HAND * workers) as segments,
        ThreadPoolExecutor(workers) as films,
        _stop_early(crew, films),
    ):
        renderer = CrewRenderer(crew, settings.render_factor, segments)
        for task in tasks:
            films.submit(work_off, task, renderer)
        shown, left = None, len(tasks)  # the film whose progress is shown, and how many are under way
        while left:
            one = news.get()
            if isinstance(one, Item):
                left -= 1
                shown = None if shown == one.source else shown
                yield one
            elif progress and shown in (None, one[0]):
                shown = one[0]
                progress(*one)


def _is_done(task: Task, settings: FilmSettings) -> bool:
    try:
        return find_done(task, settings) is not None
    except OSError:  # fails when its turn comes
        return True


@contextmanager
def _stop_early(crew: Crew, films: ThreadPoolExecutor) -> Iterator[None]:
    """After an error or interrupt let no film begin, and end those that are under way."""
    try:
        yield
    except BaseException:
        films.shutdown(wait=False, cancel_futures=True)
        crew.stop()
        raise


class CrewRenderer:
    """A `run.films.Renderer` of many workers, for several films at once.

    Args:
        crew: the workers.
        render_factor: asked for.
        threads: wait for the segments that workers have at hand.
    """

    def __init__(self, crew: Crew, render_factor: int, threads: ThreadPoolExecutor) -> None:
        self._crew = crew
        self._render_factor = render_factor
        self._threads = threads

    @property
    def render_factor(self) -> int:
        """See `Renderer`."""
        return self._render_factor

    def shrink(self, render_factor: int) -> bool:
        """See `Renderer`."""
        smaller = shrunk_factor(render_factor)
        if smaller is not None:
            self._render_factor = min(self._render_factor, smaller)
        return smaller is not None

    def colorize(self, job: FilmJob) -> Tally:
        """See `Renderer`."""
        output = job.output
        segments = FilmSegments(job, self._crew)
        output.parent.mkdir(parents=True, exist_ok=True)
        futures: list[Future[None]] = []
        try:
            memory: Future[SceneMemory] = Future()
            memory.set_result(job.found.memory())
            for number, piece in enumerate(segments.scan()):
                after: Future[SceneMemory] = Future()
                futures.append(self._threads.submit(segments.render, number, piece, memory, after))
                memory = after
            for future in futures:
                future.result()
            if job.maker is not None:
                segments.finish(job.maker)
                return segments.total
            if job.layer is not None:
                part = segments.join_layers(job.layer)
                with atomic_path(job.layer, deliver=job.deliver_layer) as place:
                    os.replace(part, place)
            part = segments.join()
            with atomic_path(output, deliver=job.deliver) as place:
                os.replace(part, place)
        except Exception as error:
            # The first error, not those of segments that were stopped for it.
            raise segments.first_error or error from None
        finally:
            segments.stopped.set()
            for future in futures:
                future.cancel()
            wait(futures)
            for path in job.found.folder.glob("part-*"):
                path.unlink(missing_ok=True)
        return segments.total
