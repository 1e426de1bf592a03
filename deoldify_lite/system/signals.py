"""Signals: which ask a run to end, and who handles them."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Of a terminal that is closed and a system that shuts down. Windows lacks SIGHUP, all others SIGBREAK.
_ENDINGS = ("SIGTERM", "SIGHUP", "SIGBREAK")


def end_as_on_interrupt() -> None:
    """Let signals that ask a run to end do what Ctrl-C does, so that it cleans up.

    A signal that nohup has made the process ignore stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for name in _ENDINGS:
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler)


def ignore_interrupts() -> None:
    """Ignore Ctrl-C, which reaches all processes at once: the main one stops this worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextmanager
def own_handlers() -> Iterator[None]:
    """Keep the handlers of this process in a block that puts others in their place."""
    handlers = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}
    yield
    if threading.current_thread() is threading.main_thread():
        for name, handler in handlers.items():
            signal.signal(name, handler)
