"""How much of its time a thread works, and how much it waits for others here; for the log.

Waiting for the system or for another program counts as work.
"""

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from typing import NamedTuple, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")


class _Clock(threading.local):
    """Kept for each thread."""

    waited_s = 0.0  # for other threads


_clock = _Clock()


class Moment(NamedTuple):
    """What the clocks of a thread show, in seconds."""

    passed: float
    waited: float
    computed: float  # on a processor

    @classmethod
    def now(cls) -> "Moment":
        """The clocks of the current thread."""
        return cls(time.perf_counter(), _clock.waited_s, time.thread_time())


def take(queue: SimpleQueue[T], *, timeout_s: float | None = None) -> T:
    """Wait for the next item of a queue, and count the time as waited.

    Raises:
        Empty: nothing came within `timeout_s`.
    """
    began = time.perf_counter()
    try:
        return queue.get(timeout=timeout_s)
    finally:
        _clock.waited_s += time.perf_counter() - began


def log_work(name: str, began: Moment, ended: Moment) -> None:
    """Log how much of the time between two moments of a thread was work."""
    passed, waited, computed = (late - early for early, late in zip(began, ended, strict=True))
    log.debug("%s: at work for %.2f of %.2f s, computed for %.2f s", name, passed - waited, passed, computed)


@contextmanager
def at_work(name: str) -> Iterator[None]:
    """Log how much of the time in this block the current thread works."""
    began = Moment.now()
    try:
        yield
    finally:
        log_work(name, began, Moment.now())
