"""The log of a worker, which goes to the driver with each answer."""

import logging
import threading


class KeptLog(logging.Handler):
    """Keeps what is logged until it is taken."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: list[tuple[str, int, str]] = []

    def install(self, level: int) -> None:
        """Keep all that this package logs from that level on."""
        log = logging.getLogger("deoldify_lite")
        log.setLevel(level)
        log.propagate = False
        log.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler`."""
        self._kept.append((record.name, record.levelno, record.getMessage()))

    def take(self) -> list[tuple[str, int, str]]:
        """What was logged since the last time: name of the logger, level, message."""
        with self.lock or threading.Lock():
            kept, self._kept = self._kept, []
        return kept
