"""The process of a worker, as Ray starts it.

A worker knows nothing of Ray but where the weights are stored, and it gives no result its name: it writes
beside it, and the driver, who gave the order, records it and moves it there.
"""

import os
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

import cv2
import psutil

from deoldify_lite.cluster.message import Answer, Ready, Setup, Stored
from deoldify_lite.cluster.worker.log import KeptLog
from deoldify_lite.cluster.worker.station import Station, load_colorizer
from deoldify_lite.errors import OptionError
from deoldify_lite.system.machine import keep_heap, limit_cores
from deoldify_lite.system.native_lines import catch_lines
from deoldify_lite.version import __version__


class Worker:
    """A network on one machine. Its methods may be called by several threads at once.

    Its work are the functions of `worker.photos` and `worker.films`; each gets this worker's station first.
    """

    def __init__(self, setup: Setup) -> None:
        self.setup = setup
        self._log = KeptLog()
        self._station: Station | None = None

    @property
    def station(self) -> Station:
        """What the work needs; there once the worker is ready."""
        assert self._station is not None, "call `ready` first"
        return self._station

    def ready(self, weights: Stored) -> Answer:
        """Load the network.

        Args:
            weights: bytes of their file, fetched only where the file is not.

        Returns:
            `Ready`.

        Raises:
            OptionError: another version of deoldify_lite is installed here, or a package is missing.
            WeightsError, OptionError: see `Rendering.load`.
        """
        setup, host = self.setup, socket.gethostname()
        if setup.version != __version__:
            raise OptionError(
                f"{host} has deoldify_lite {__version__}, and here it is {setup.version}: "
                "install the same version on all machines"
            )
        self._log.install(setup.log_level)
        with suppress(OSError):  # matters for relative paths only; a missing one is reported with its photo
            os.chdir(setup.folder)
        keep_heap()
        catch_lines()  # what Python writes here is in the log that the driver gets
        limit_cores(setup.cores)
        cv2.setNumThreads(setup.cores)
        try:
            self._station = Station(host, load_colorizer(setup.rendering, weights))
        except ImportError as error:
            raise OptionError(
                f"{host}: {error}; install the same packages on all machines of the cluster"
            ) from error
        return self._answer(Ready(host, setup.rendering.batch_size(setup.batch_size)))

    def call(self, work: Callable[..., Any], *arguments: Any, **options: Any) -> Answer:
        """Do some work that has one answer; errors as in `work`."""
        return self._answer(work(self.station, *arguments, **options))

    def stream(self, work: Callable[..., Iterable[Any]], *arguments: Any, **options: Any) -> Iterator[Answer]:
        """Do some work that has many answers; errors as in `work`."""
        for value in work(self.station, *arguments, **options):
            yield self._answer(value)

    def drop(self, key: str) -> None:
        """Forget a segment of a film."""
        self.station.drop(key)

    def halt(self) -> None:
        """End the programs that run for this worker, which is about to be ended itself."""
        for process in psutil.Process().children(recursive=True):
            with suppress(psutil.Error):
                process.kill()

    def _answer(self, value: Any) -> Answer:
        return Answer(value, self._log.take())
