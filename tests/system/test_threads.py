"""Overlap: order, bounds, errors, and nothing left behind."""

import contextlib
import gc
import logging
import random
import re
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from functools import partial

import pytest

from deoldify_lite.system.threads import Sink, Workers, in_batches, map_ahead, prefetch
from deoldify_lite.system.work_time import at_work


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    before = len(sys._current_frames())
    yield
    deadline = time.monotonic() + 5
    while len(sys._current_frames()) > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(sys._current_frames()) <= before


def test_map_ahead_keeps_order_and_bound() -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for i in range(20):
            taken += 1
            yield i

    with Workers(3) as workers:
        for i, pending in enumerate(map_ahead(workers, lambda x: x * x, items(), most=4)):
            assert pending.result() == i * i
            assert taken <= i + 5


def test_map_ahead_counts_weights() -> None:
    """Of items that weigh 3, 3, 9, 1 at most 6 are ahead, or the one that is heavier alone."""
    started: list[int] = []
    with Workers(1) as workers:
        answers = map_ahead(workers, started.append, [3, 3, 9, 1], most=6, weigh=lambda item: item)
        for expected in ([3, 3], [3, 3], [3, 3, 9], [3, 3, 9, 1]):
            next(answers).result()
            workers.submit(list).result()  # all that was started is done
            assert started == expected


def test_map_ahead_hands_errors_to_the_caller() -> None:
    def fragile(x: int) -> float:
        return 1 / x

    with Workers(1) as workers:
        first, second, third = map_ahead(workers, fragile, [1, 0, 2], most=3)
        assert first.result() == 1 and third.result() == 0.5
        with pytest.raises(ZeroDivisionError):
            second.result()


def test_workers_drop_what_has_not_begun() -> None:
    begun = threading.Event()
    done: list[int] = []

    def first() -> None:
        begun.set()
        while not workers._dropping:
            time.sleep(0.001)
        done.append(1)

    with Workers(1) as workers:
        workers.submit(first)
        workers.submit(lambda: done.append(2))
        begun.wait()
    assert done == [1]


def test_prefetch_gives_all_in_order() -> None:
    assert list(prefetch(range(100), ahead=3)) == list(range(100))


def test_prefetch_raises_in_its_place() -> None:
    def source() -> Iterator[int]:
        yield 1
        raise OSError("gone")

    stream = prefetch(source(), ahead=3)
    assert next(stream) == 1
    with pytest.raises(OSError, match="gone"):
        next(stream)


def test_prefetch_can_be_left_early() -> None:
    stream = prefetch(iter(int, 1), ahead=2)  # endless zeros
    assert next(stream) == 0
    stream.close()


def test_sink_takes_all_in_order() -> None:
    taken: list[int] = []
    with Sink(taken.append, ahead=2) as sink:
        for i in range(1, 50):
            sink.put(i)
    assert taken == list(range(1, 50))


def test_sink_raises_the_first_error_and_never_blocks() -> None:
    def fail(item: int) -> None:
        raise OSError(f"disk full at {item}")

    with pytest.raises(OSError, match="disk full at 1"), Sink(fail, ahead=1) as sink:
        for i in range(1, 1000):
            sink.put(i)


def test_sink_lets_the_error_of_the_block_through() -> None:
    with pytest.raises(KeyError), Sink(print, ahead=1):
        raise KeyError


def test_batches() -> None:
    assert list(in_batches(range(5), 2)) == [[0, 1], [2, 3], [4]]
    assert list(in_batches([], 2)) == []
    heavy = in_batches([3, 3, 9, 1, 1, 1], 2, most=6, weigh=lambda item: item)
    assert list(heavy) == [[3, 3], [9], [1, 1], [1]]


@pytest.fixture
def no_collection() -> Iterator[None]:
    """Hypothesis times collections in Python code, which swallows an interrupt: the work would never end."""
    gc.disable()
    yield
    gc.enable()


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX timers")
@pytest.mark.usefixtures("no_collection")
def test_an_interrupt_at_any_moment_leaves_no_thread_waiting() -> None:
    """Locks in Python code would be left taken now and then, and this test would hang."""
    rng = random.Random(0)

    def work() -> None:
        numbers = prefetch(iter(int, 1), ahead=2)
        with Workers(2) as workers, Sink(len, ahead=2) as sink, contextlib.closing(numbers):
            answers = map_ahead(workers, str, numbers, most=3)
            next(answers).result()  # all threads are up
            signal.setitimer(signal.ITIMER_REAL, rng.uniform(0.001, 0.004))
            for pending in answers:
                sink.put(pending.result())

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for _ in range(400):
            with pytest.raises(KeyboardInterrupt):
                work()
    finally:
        signal.signal(signal.SIGALRM, before)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="needs POSIX timers")
@pytest.mark.usefixtures("no_collection")
def test_an_interrupt_while_stages_begin_ends_them_all() -> None:
    """It may strike while a thread is started: no stage may be closed while such a thread runs in it."""
    rng = random.Random(0)
    stages: list[prefetch[int]] = []

    def work() -> None:
        # Once more if Python drops it, as it does in a finalizer.
        signal.setitimer(signal.ITIMER_REAL, rng.uniform(0.0001, 0.002), 0.2)
        while True:
            first = prefetch(iter(int, 1), ahead=2)
            second = prefetch((number for number in first), ahead=2)
            third = prefetch((number for number in second), ahead=2)
            stages[:] = first, second, third
            with contextlib.closing(first), contextlib.closing(second), contextlib.closing(third):
                next(third)

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        for _ in range(400):
            with pytest.raises(KeyboardInterrupt):
                work()
            signal.setitimer(signal.ITIMER_REAL, 0)
            for stage in stages:  # it may have struck just before one was closed
                stage.close()
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def shares_at_work(log: pytest.LogCaptureFixture) -> dict[str, float]:
    """Of each stage that told of its work."""
    found = re.findall(r"^(.+): at work for ([\d.]+) of ([\d.]+) s", "\n".join(log.messages), re.M)
    return {name: float(work) / float(passed) for name, work, passed in found}


@pytest.mark.slow
def test_stages_tell_of_their_work_and_not_of_their_waiting(caplog: pytest.LogCaptureFixture) -> None:
    """One slow stage among others that do nothing: those above wait for room, those below for items."""
    caplog.set_level(logging.DEBUG, "deoldify_lite.system.work_time")

    def slowly(numbers: Iterable[int]) -> Iterator[int]:
        for number in numbers:
            time.sleep(0.1)  # far longer than a thread of a busy machine waits for its turn
            yield number

    first = prefetch(iter(range(10)), ahead=1, name="first")
    slow = prefetch(slowly(first), ahead=1, name="slow")
    third = prefetch(slow, ahead=1, name="third")
    with Sink(abs, ahead=1, name="last") as sink, at_work("here"):
        for number in third:
            sink.put(number)
    shares = shares_at_work(caplog)
    assert shares.keys() == {"first", "slow", "third", "last", "here"}
    assert shares.pop("slow") > 0.7
    assert max(shares.values()) < 0.3


def test_each_worker_tells_of_its_work(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "deoldify_lite.system.work_time")
    with Workers(2, name="sleeping") as workers, at_work("asking"):
        naps = [workers.submit(partial(time.sleep, 0.5)) for _ in range(2)]
        for nap in naps:
            nap.result()
    told = re.findall(r"^sleeping: at work for ([\d.]+)", "\n".join(caplog.messages), re.M)
    assert len(told) == 2 and all(0.5 <= float(seconds) < 1 for seconds in told)  # its own nap, not both
    assert shares_at_work(caplog)["asking"] < 0.3


def test_stages_without_a_name_tell_nothing(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "deoldify_lite.system.work_time")
    with Sink(abs, ahead=1) as sink:
        for number in prefetch(range(3), ahead=1):
            sink.put(number)
    assert not caplog.messages
