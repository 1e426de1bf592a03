"""Work that overlaps: ordered results, bounded look-ahead, and no thread left behind.

Why not `concurrent.futures` or `queue.Queue`: they take and release locks in Python code. A Ctrl-C between
the two leaves a lock taken, and the next thread that wants it waits for ever. All waiting here is done by
`SimpleQueue`, whose operations are single calls into C: an interrupt comes before or after one, and the
program always ends.

Threads that have a name log at their end how much of their time they worked; see `work_time`.
"""

import _thread
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import partial
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from deoldify_lite.system.work_time import Moment, log_work, take

T = TypeVar("T")
R = TypeVar("R")


class _Thread:
    """A thread whose end can be waited for even if an interrupt came while it was started.

    Not a `threading.Thread`, whose `start` waits in Python code until the thread is up: an interrupt there
    can leave a lock taken, or raise an error of its own.

    Args:
        work: what it does; raises nothing.
        name: of the work, for the log; empty to log nothing.
    """

    def __init__(self, work: Callable[[], None], name: str) -> None:
        self._work = work
        self._name = name
        # Whoever sets it first decides: the thread itself, and it works; or `end`, and it never will.
        self._role: dict[str, str] = {}
        self._moments: tuple[Moment, Moment] | None = None
        self._over: SimpleQueue[None] = SimpleQueue()

    def start(self) -> None:
        """Start the work."""
        _thread.start_new_thread(self._run, ())

    def _run(self) -> None:
        if self._role.setdefault("role", "works") == "ended":
            return
        began = Moment.now()
        self._work()
        self._moments = began, Moment.now()
        self._over.put(None)

    def end(self) -> None:
        """Wait until the work has ended, and log it. An interrupt meanwhile is raised afterwards.

        The thread does not log by itself: an interrupt may have left the log's lock taken by the thread that
        waits here.
        """
        interrupt = None
        while self._moments is None:
            try:
                if self._role.setdefault("role", "ended") == "ended":
                    break
                # With a timeout: another thread that waits for the end, too, may take the only entry.
                with suppress(Empty):
                    take(self._over, timeout_s=0.02)
            except KeyboardInterrupt as error:
                interrupt = error
        if interrupt is not None:
            raise interrupt
        if self._name and self._moments is not None:
            log_work(self._name, *self._moments)


def one(item: object) -> int:
    """The weight of an item where all weigh the same."""
    return 1


class Pending(Generic[R]):
    """A job given to workers, and its result."""

    def __init__(self, function: Callable[[], R]) -> None:
        self._function = function
        self._results: SimpleQueue[tuple[R | None, BaseException | None]] = SimpleQueue()

    def run(self) -> None:
        """Do the job; called by a worker, once."""
        try:
            self._results.put((self._function(), None))
        except BaseException as error:
            self._results.put((None, error))

    def done(self) -> bool:
        """Whether `result` would return at once."""
        return not self._results.empty()

    def result(self) -> R:
        """Wait for the result, or raise the worker's error; to be called once."""
        result, error = take(self._results)
        if error is not None:
            raise error
        return result  # type: ignore[return-value]


class Workers:
    """Threads that take jobs in turn.

    As a context manager it drops the jobs that have not begun, and waits for the others.

    Args:
        count: how many threads.
        name: of their work, for the log.
    """

    def __init__(self, count: int, *, name: str = "") -> None:
        self._jobs: SimpleQueue[Pending[object] | None] = SimpleQueue()
        self._dropping = False
        self._threads = [_Thread(self._run, name) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def _run(self) -> None:
        while (job := take(self._jobs)) is not None:
            if not self._dropping:
                job.run()

    def submit(self, function: Callable[[], R]) -> Pending[R]:
        """Queue a call of a function."""
        pending = Pending(function)
        self._jobs.put(pending)  # type: ignore[arg-type]
        return pending

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_: object) -> None:
        self._dropping = True
        for _waiting in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.end()


def map_ahead(
    workers: Workers,
    function: Callable[[T], R],
    items: Iterable[T],
    *,
    most: int,
    weigh: Callable[[T], int] = one,
) -> Iterator[Pending[R]]:
    """Call `function` on items before their results are asked for, which come in order.

    The results come as `Pending`, so that the caller decides what a failed item means.

    Args:
        workers: where the function runs.
        function: called once for each item.
        items: taken one by one, as there is room.
        most: weight of the items started and not yet asked for; a single one may weigh more.
        weigh: the weight of an item.
    """
    waiting: deque[tuple[Pending[R], int]] = deque()
    total = 0
    for item in items:
        weight = weigh(item)
        while waiting and total + weight > most:
            pending, lighter = waiting.popleft()
            total -= lighter
            yield pending
        waiting.append((workers.submit(partial(function, item)), weight))
        total += weight
    while waiting:
        yield waiting.popleft()[0]


class prefetch(Iterator[T]):
    """Iterate in a thread of its own, up to `ahead` items before they are asked for.

    An error in the thread is raised here, in its place. `close` stops the thread after the item at hand, and
    whoever waits for an item then finds that there are no more: should an interrupt keep a stage from being
    closed, it ends when the one above it does.

    Args:
        items: begun when the first is asked for.
        ahead: how many are found before they are asked for.
        name: of the thread's work, for the log.
    """

    def __init__(self, items: Iterable[T], *, ahead: int, name: str = "") -> None:
        self._items = items
        self._found: SimpleQueue[tuple[T | None, BaseException | None, bool]] = SimpleQueue()
        self._room: SimpleQueue[None] = SimpleQueue()  # an entry for each item that may be found
        for _ in range(ahead):
            self._room.put(None)
        self._begun = self._left = False
        self._thread = _Thread(self._run, name)

    def _run(self) -> None:
        try:
            for item in self._items:
                take(self._room)
                if self._left:
                    return
                self._found.put((item, None, False))
            self._found.put((None, None, True))
        except BaseException as error:
            self._found.put((None, error, True))

    def __next__(self) -> T:
        """The next item, once it is found."""
        if self._left:
            raise StopIteration
        if not self._begun:
            self._begun = True
            self._thread.start()
        item, error, last = take(self._found)
        if last:
            self.close()
            if error is not None:
                raise error
            raise StopIteration
        self._room.put(None)
        return item  # type: ignore[return-value]

    def close(self) -> None:
        """Find no more; returns when the thread has ended."""
        self._left = True
        self._room.put(None)
        self._found.put((None, None, True))
        self._thread.end()


class Sink:
    """Hands items to a function in a thread of its own, in order, up to `ahead` before it blocks.

    As a context manager it waits for the last item. The first error of the function is raised by the next
    `put`, or at the end. `name` is that of the thread's work, for the log.
    """

    def __init__(self, function: Callable[[T], object], *, ahead: int, name: str = "") -> None:
        self._function = function
        self._waiting: SimpleQueue[object] = SimpleQueue()
        self._room: SimpleQueue[None] = SimpleQueue()  # an entry for each item that may be put
        for _ in range(ahead):
            self._room.put(None)
        self._error: BaseException | None = None
        self._thread = _Thread(self._run, name)
        self._thread.start()

    def _run(self) -> None:
        while (item := take(self._waiting)) is not None:
            if self._error is None:
                try:
                    self._function(item)  # type: ignore[arg-type]
                except BaseException as error:
                    self._error = error  # later items are taken and dropped, so that `put` never hangs
            self._room.put(None)

    def put(self, item: object) -> None:
        """Hand over the next item, which must not be None."""
        take(self._room)
        if self._error is not None:
            raise self._error
        self._waiting.put(item)

    def __enter__(self) -> "Sink":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._waiting.put(None)
        self._thread.end()
        if kind is None and self._error is not None:
            raise self._error


def in_batches(
    items: Iterable[T], size: int, *, most: int | None = None, weigh: Callable[[T], int] = one
) -> Iterator[list[T]]:
    """Lists of up to `size` items that together weigh at most `most`; a single one may weigh more."""
    batch: list[T] = []
    total = 0
    for item in items:
        weight = weigh(item)
        if batch and (len(batch) == size or (most is not None and total + weight > most)):
            yield batch
            batch, total = [], 0
        batch.append(item)
        total += weight
    if batch:
        yield batch
