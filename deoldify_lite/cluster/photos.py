"""Photos on many workers: handed out by the batch, recorded and named here."""

import logging
import threading
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator, Sequence, Set
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue

from deoldify_lite.cluster.crew import TRIES, Crew, RunEnded, lost_for_good
from deoldify_lite.cluster.member import WorkerLost
from deoldify_lite.cluster.message import ORDERS_AT_HAND, Finished
from deoldify_lite.cluster.worker import photos as in_worker
from deoldify_lite.errors import InputError
from deoldify_lite.run.delivery import delivery_of
from deoldify_lite.run.failure import failed
from deoldify_lite.run.items import Item
from deoldify_lite.run.photos import run_photos
from deoldify_lite.run.settings import PhotoSettings
from deoldify_lite.run.task import Task
from deoldify_lite.system.files import clear_parts
from deoldify_lite.system.threads import Workers

log = logging.getLogger(__name__)

# Batches in one order at most: enough for reading, predicting and writing to overlap.
MOST_BATCHES = 16
# Orders that each worker still gets at any time, so that all end at about the same time.
_SHARES = 4


def colorize_photos(
    tasks: Sequence[Task], settings: PhotoSettings, crew: Crew, *, overwrite: bool = False
) -> Generator[Item, None, None]:
    """Colorize photos as `run.photos.colorize_photos` does, on many workers; yield outcomes as they come.

    A photo whose worker is lost is done again by another one, by itself, until it has taken TRIES of them.

    Raises:
        As that, and as `Crew.start`.
    """

    def render(todo: Sequence[Task], outputs: Set[str]) -> Iterator[Item]:
        return _Handout(todo, settings, crew, outputs, overwrite).run()

    yield from run_photos(tasks, settings, render, overwrite=overwrite)


class _Handout:
    """Tasks that go to workers, and what comes back."""

    def __init__(
        self, todo: Sequence[Task], settings: PhotoSettings, crew: Crew, outputs: Set[str], overwrite: bool
    ) -> None:
        self._todo = deque(todo)
        self._again: deque[Task] = deque()  # whose worker was lost
        self._lost: Counter[Path] = Counter()  # workers, by output
        self._tasks = todo
        self._settings = settings
        self._crew = crew
        self._outputs = outputs
        self._overwrite = overwrite
        self._is_whole = True
        self._lock = threading.Lock()
        self._items: SimpleQueue[Item] = SimpleQueue()

    def run(self) -> Iterator[Item]:
        """Hand all out; yield the outcome of each photo as it comes."""
        self._crew.start()
        self._names = self._crew.store(frozenset(self._outputs))
        for folder in {task.output.parent for task in self._tasks}:
            folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            stack.callback(self._clear)
            threads = stack.enter_context(Workers(ORDERS_AT_HAND * self._crew.size))
            stack.push(self._stop_early)
            for _ in range(ORDERS_AT_HAND * self._crew.size):
                threads.submit(self._work_off)
            for _task in self._tasks:
                yield self._items.get()

    def _stop_early(self, kind: type[BaseException] | None, *_: object) -> None:
        """On an error or interrupt, or the threads would wait for what is under way."""
        if kind is not None:
            self._crew.stop()
            self._is_whole = False

    def _clear(self) -> None:
        """Remove what workers have left that were lost or stopped."""
        if self._lost or not self._is_whole:
            clear_parts(path for task in self._tasks for path in task.files)

    def _work_off(self) -> None:
        while tasks := self._take():
            waiting: dict[object, Task] = {task.output: task for task in tasks}
            try:
                with self._crew.hold() as member:
                    answers = member.stream(
                        in_worker.colorize,
                        [in_worker.for_worker(task) for task in tasks],
                        self._settings,
                        self._names,
                        self._crew.batch_size,
                        self._overwrite,
                    )
                    for item, finished in answers:
                        self._items.put(self._deliver(waiting.pop(item.output), item, finished))
            except WorkerLost as error:
                log.warning(
                    "a worker on %s was lost (%s); its %d photos are done again",
                    *(member.host, error, len(waiting)),
                )
                self._take_back(waiting.values())
            except RunEnded:
                return
            except Exception as error:
                for task in waiting.values():
                    self._items.put(failed(task, error))

    def _take(self) -> list[Task]:
        """The next photos for a worker: fewer towards the end."""
        with self._lock:
            if self._again:
                return [self._again.popleft()]
            batch, workers = self._crew.batch_size, self._crew.size
            batches = len(self._todo) // (batch * workers * _SHARES)
            count = batch * max(1, min(batches, MOST_BATCHES))
            return [self._todo.popleft() for _ in range(min(count, len(self._todo)))]

    def _take_back(self, tasks: Iterable[Task]) -> None:
        with self._lock:
            for task in tasks:
                self._lost[task.output] += 1
                if self._lost[task.output] < TRIES:
                    self._again.append(task)
                else:
                    self._items.put(failed(task, lost_for_good(task.source)))

    def _deliver(self, task: Task, item: Item, finished: Sequence[Finished]) -> Item:
        """Record a photo and its layer, and give them their names; return the outcome."""
        for one in finished:
            its_task = task if one.output == task.output else task.of_layer()
            settings = self._settings.with_render_factor(one.render_factor)
            try:
                if item.status != "failed" or its_task.is_layer:
                    delivery_of(its_task, settings, one.extras)(one.part, one.output)
            except OSError as error:
                item = failed(task, InputError(f"{one.output}: cannot be written: {error.strerror or error}"))
            except Exception as error:
                item = failed(task, error)
            finally:
                one.part.unlink(missing_ok=True)
        return item
