"""Overlap: order, bounds, errors, and nothing left behind."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from deoldify_lite.engine import Sink, in_batches, map_ahead, prefetch


@pytest.fixture(autouse=True)
def no_thread_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= before


def test_map_ahead_keeps_order_and_bound() -> None:
    taken = 0

    def items() -> Iterator[int]:
        nonlocal taken
        for i in range(20):
            taken += 1
            yield i

    with ThreadPoolExecutor(3) as pool:
        for i, future in enumerate(map_ahead(pool, lambda x: x * x, items(), most=4)):
            assert future.result() == i * i
            assert taken <= i + 5


def test_map_ahead_counts_weights() -> None:
    """Of items that weigh 3, 3, 9, 1 at most 6 are ahead, or the one that is heavier alone."""
    started: list[int] = []
    with ThreadPoolExecutor(1) as pool:
        futures = map_ahead(pool, started.append, [3, 3, 9, 1], most=6, weigh=lambda item: item)
        for expected in ([3, 3], [3, 3], [3, 3, 9], [3, 3, 9, 1]):
            future = next(futures)
            future.result()
            pool.submit(len, ()).result()  # all that was started is done
            assert started == expected


def test_map_ahead_hands_errors_to_the_caller() -> None:
    def fragile(x: int) -> float:
        return 1 / x

    with ThreadPoolExecutor(1) as pool:
        futures = list(map_ahead(pool, fragile, [1, 0, 2], most=1))
    assert futures[0].result() == 1 and futures[2].result() == 0.5
    with pytest.raises(ZeroDivisionError):
        futures[1].result()


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
