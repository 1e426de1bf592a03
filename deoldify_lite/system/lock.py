"""One run at a time: a second one on the same results says so and stops."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from deoldify_lite.errors import InputError

log = logging.getLogger(__name__)


@contextmanager
def sole_run(lock: Path, results: Path | str, *, needs_lock: bool = False) -> Iterator[None]:
    """Hold a lock, which the system takes back from a process that dies.

    Args:
        lock: the lock's file; its folder must exist.
        results: what the lock is for, for the message.
        needs_lock: raise an error if the file system has no locks, instead of a warning.

    Raises:
        InputError: another run holds it.
        OSError: the file cannot be made.
    """
    lock.touch()  # an error from here on is about the lock, not about its file
    # Not the library's substitute for locks: a killed run would leave it, and it would stop the next one.
    held = FileLock(lock, fallback_to_soft=False)
    try:
        held.acquire(timeout=0)
    except Timeout:
        raise InputError(
            f"{results}: another run is at work on it; wait until it ends, or name another result with -o"
        ) from None
    except OSError as error:
        if needs_lock:
            raise
        # Some NFS, SMB and FUSE have no locks.
        log.warning(
            "%s: this folder's file system has no locks (%s): start no second run on %s before this one ends",
            *(lock.parent, error.strerror or error, results),
        )
    try:
        yield
    finally:
        # Removed while it is held: afterwards it might be another run's. Windows cannot, and the file stays.
        with suppress(OSError):
            lock.unlink()
        held.release()
