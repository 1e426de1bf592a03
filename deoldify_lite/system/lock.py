"""One run at a time: a second one on the same results says so and stops."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from deoldify_lite.errors import InputError


@contextmanager
def sole_run(lock: Path, results: Path | str) -> Iterator[None]:
    """Hold a lock, which the system takes back from a process that dies.

    Args:
        lock: the lock's file; its folder must exist.
        results: what the lock is for, for the message.

    Raises:
        InputError: another run holds it.
        OSError: the file cannot be made.
    """
    held = FileLock(lock)
    try:
        held.acquire(timeout=0)
    except Timeout:
        raise InputError(
            f"{results}: another run is at work on it; wait until it ends, or name another result with -o"
        ) from None
    try:
        yield
    finally:
        # Removed while it is held: afterwards it might be another run's. Windows cannot, and the file stays.
        with suppress(OSError):
            lock.unlink()
        held.release()
