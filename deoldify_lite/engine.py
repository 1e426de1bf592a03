"""Work that overlaps: ordered results, bounded look-ahead, and no thread left behind."""

import queue
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def one(item: object) -> int:
    """The weight of an item where all weigh the same."""
    return 1


def map_ahead(
    pool: Executor,
    function: Callable[[T], R],
    items: Iterable[T],
    *,
    most: int,
    weigh: Callable[[T], int] = one,
) -> Iterator[Future[R]]:
    """Start `function` on items before they are asked for; futures come in order.

    A future, not a result, so that the caller decides what a failed item means.

    Args:
        pool: where the function runs.
        function: called once for each item.
        items: taken one by one, as there is room.
        most: weight of the items started and not yet asked for; a single one may weigh more.
        weigh: the weight of an item.
    """
    waiting: deque[tuple[Future[R], int]] = deque()
    total = 0
    try:
        for item in items:
            weight = weigh(item)
            while waiting and total + weight > most:
                future, lighter = waiting.popleft()
                total -= lighter
                yield future
            waiting.append((pool.submit(function, item), weight))
            total += weight
        while waiting:
            yield waiting.popleft()[0]
    finally:
        for future, _ in waiting:
            future.cancel()


def prefetch(items: Iterable[T], *, ahead: int) -> Iterator[T]:
    """Iterate in a thread of its own, up to `ahead` items before they are asked for.

    An error in the thread is raised here, in its place. Leaving early stops the thread after the item at
    hand and closes the source if it is a generator.
    """
    waiting: queue.Queue[tuple[T | None, BaseException | None, bool]] = queue.Queue(ahead)
    stop = threading.Event()

    def put(item: T | None, error: BaseException | None, last: bool) -> None:
        while not stop.is_set():
            try:
                return waiting.put((item, error, last), timeout=0.1)
            except queue.Full:
                continue

    def run() -> None:
        try:
            for item in items:
                put(item, None, False)
                if stop.is_set():
                    return
            put(None, None, True)
        except BaseException as error:
            put(None, error, True)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        while True:
            item, error, last = waiting.get()
            if error is not None:
                raise error
            if last:
                return
            yield item  # type: ignore[misc]
    finally:
        stop.set()
        thread.join()


class Sink:
    """Hands items to a function in a thread of its own, in order, up to `ahead` before it blocks.

    As a context manager it waits for the last item. The first error of the function is raised by the next
    `put`, or at the end.
    """

    def __init__(self, function: Callable[[T], object], *, ahead: int) -> None:
        self._function = function
        self._waiting: queue.Queue[object] = queue.Queue(ahead)
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

    def put(self, item: object) -> None:
        """Hand over the next item, which must not be None."""
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
