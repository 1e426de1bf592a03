"""Waiting until something changes in a folder."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from deoldify_lite.errors import OptionError

log = logging.getLogger(__name__)

# Events come in swarms; so long after the first one, all of a swarm are there.
GATHER_S = 0.5
# Where the system tells of changes, the folder is looked through so often all the same: events get lost.
LOOK_S = 300.0
# Where it does not.
POLL_S = 10.0
_CHANGES = {"created", "modified", "moved", "deleted", "closed"}


class Bell:
    """Rings when something changes. To be had by `bell`."""

    def __init__(self, most_s: float) -> None:
        self.most_s = most_s
        self._event = threading.Event()

    def ring(self) -> None:
        """End the present wait, or the next one."""
        self._event.set()

    def wait(self, seconds: float | None = None) -> None:
        """Wait until it rings, for so many seconds, or as long as a look may wait."""
        if self._event.wait(self.most_s if seconds is None else min(seconds, self.most_s)):
            threading.Event().wait(GATHER_S)
        self._event.clear()


@contextmanager
def bell(folder: Path, poll_s: float | None) -> Iterator[Bell]:
    """Yield a bell for a folder and all folders in it.

    Args:
        folder: to watch.
        poll_s: look so often instead of being told by the system, as network drives need it.

    Raises:
        OptionError: the package that listens to the system is not installed.
    """
    if poll_s is not None:
        yield Bell(poll_s)
        return
    try:
        from watchdog.events import FileSystemEvent, FileSystemEventHandler
        from watchdog.observers import Observer
    except ImportError as error:
        raise OptionError(
            'watching needs a package that is not installed: pip install "deoldify_lite[watch]"; or look '
            "through the folder every few seconds with --poll SECONDS"
        ) from error
    found = Bell(LOOK_S)

    class Handler(FileSystemEventHandler):
        def on_any_event(self, event: FileSystemEvent) -> None:
            if event.event_type in _CHANGES:
                found.ring()

    observer = Observer()
    try:
        observer.schedule(Handler(), str(folder), recursive=True)
        observer.start()
    except OSError as error:  # such as too many folders for the system
        log.warning("%s: the system tells of no changes (%s): looking every %.0f s", folder, error, POLL_S)
        yield Bell(POLL_S)
        return
    try:
        yield found
    finally:
        observer.stop()
        observer.join()
