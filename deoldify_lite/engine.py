"""Work that overlaps: ordered results, bounded look-ahead, and no thread left behind.

All waiting is done by `SimpleQueue`, whose operations cannot be cut in two: a Ctrl-C that strikes within
`queue.Queue`, a semaphore or a future can leave their locks taken, and threads that want them wait for ever.
"""

import threading
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from functools import partial
from queue import SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


def one(item: object) -> int:
    """The weight of an item where all weigh the same."""
    return 1


class Pending(Generic[R]):
    """What a worker will answer."""

    def __init__(self, function: Callable[[], R]) -> None:
        self._function = function
        self._answers: SimpleQueue[tuple[R | None, BaseException | None]] = SimpleQueue()

    def run(self) -> None:
        """Find the answer; called by a worker, once."""
        try:
            self._answers.put((self._function(), None))
        except BaseException as error:
            self._answers.put((None, error))

    def done(self) -> bool:
        """Whether `result` would answer at once."""
        return not self._answers.empty()

    def result(self) -> R:
        """Wait for the answer, or raise the worker's error; to be asked once."""
        result, error = self._answers.get()
        if error is not None:
            raise error
        return result  # type: ignore[return-value]


class Workers:
    """Threads that take jobs in turn.

    As a context manager it drops the jobs that have not begun, and waits for the others.

    Args:
        count: how many threads.
    """

    def __init__(self, count: int) -> None:
        self._jobs: SimpleQueue[Pending[object] | None] = SimpleQueue()
        self._dropping = False
        self._threads = [threading.Thread(target=self._run, daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def _run(self) -> None:
        while (job := self._jobs.get()) is not None:
            if not self._dropping:
                job.run()

    def submit(self, function: Callable[[], R]) -> Pending[R]:
        """Have a function called."""
        pending = Pending(function)
        self._jobs.put(pending)  # type: ignore[arg-type]
        return pending

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_: object) -> None:
        self._dropping = True
        for _thread in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()


def map_ahead(
    workers: Workers,
    function: Callable[[T], R],
    items: Iterable[T],
    *,
    most: int,
    weigh: Callable[[T], int] = one,
) -> Iterator[Pending[R]]:
    """Start `function` on items before they are asked for; answers come in order.

    Pending, and not results, so that the caller decides what a failed item means.

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


def prefetch(items: Iterable[T], *, ahead: int) -> Generator[T, None, None]:
    """Iterate in a thread of its own, up to `ahead` items before they are asked for.

    An error in the thread is raised here, in its place. Leaving early stops the thread after the item at
    hand.
    """
    found: SimpleQueue[tuple[T | None, BaseException | None, bool]] = SimpleQueue()
    room: SimpleQueue[None] = SimpleQueue()  # an entry for each item that may be found
    for _ in range(ahead):
        room.put(None)
    left = False

    def run() -> None:
        try:
            for item in items:
                room.get()
                if left:
                    return
                found.put((item, None, False))
            found.put((None, None, True))
        except BaseException as error:
            found.put((None, error, True))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        while True:
            item, error, last = found.get()
            if error is not None:
                raise error
            if last:
                return
            yield item  # type: ignore[misc]
            room.put(None)
    finally:
        left = True
        room.put(None)
        thread.join()


class Sink:
    """Hands items to a function in a thread of its own, in order, up to `ahead` before it blocks.

    As a context manager it waits for the last item. The first error of the function is raised by the next
    `put`, or at the end.
    """

    def __init__(self, function: Callable[[T], object], *, ahead: int) -> None:
        self._function = function
        self._waiting: SimpleQueue[object] = SimpleQueue()
        self._room: SimpleQueue[None] = SimpleQueue()  # an entry for each item that may be put
        for _ in range(ahead):
            self._room.put(None)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while (item := self._waiting.get()) is not None:
            if self._error is None:
                try:
                    self._function(item)  # type: ignore[arg-type]
                except BaseException as error:
                    self._error = error  # later items are taken and dropped, so that `put` never hangs
            self._room.put(None)

    def put(self, item: object) -> None:
        """Hand over the next item, which must not be None."""
        self._room.get()
        if self._error is not None:
            raise self._error
        self._waiting.put(item)

    def __enter__(self) -> "Sink":
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._waiting.put(None)
        self._thread.join()
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
