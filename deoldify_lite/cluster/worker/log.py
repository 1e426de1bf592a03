"""What a worker puts around the steps: its log, its turn at the network, names fetched when asked."""

import logging
import threading
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.render.colorizer import Backend
from deoldify_lite.run.manifest import Manifest


class Box(Protocol):
    """Something that lies in the cluster's store and is fetched when it is needed."""

    def open(self) -> Any:
        """What is in it."""


class _InTurn:
    """A backend that several threads may ask."""

    def __init__(self, backend: Backend) -> None:
        self.predicts_rgb = backend.predicts_rgb
        self.chroma_stride = backend.chroma_stride
        self._backend = backend
        self._lock = threading.Lock()

    def predict(self, lumas: NDArray[np.uint8]) -> NDArray[np.float32]:
        """As `colorizer.Backend` says."""
        with self._lock:
            return self._backend.predict(lumas)


class _Log(logging.Handler):
    """Keeps what is logged until somebody asks."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: list[tuple[str, int, str]] = []

    def install(self, level: int) -> None:
        """Take all that this package logs from that level on."""
        log = logging.getLogger("deoldify_lite")
        log.setLevel(level)
        log.propagate = False
        log.addHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        """As `logging.Handler` says."""
        self._kept.append((record.name, record.levelno, record.getMessage()))

    def take(self) -> list[tuple[str, int, str]]:
        """What was logged since the last time."""
        with self.lock or threading.Lock():
            kept, self._kept = self._kept, []
        return kept


class _Records:
    """The manifest of a folder, read only if it is asked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._manifest: Manifest | None = None

    def made(self, path: Path) -> bool:
        """As `Manifest.made`."""
        self._manifest = self._manifest or Manifest(self._folder)
        return self._manifest.made(path)


class _Names(frozenset[str]):
    """Names of all results, fetched only if they are asked for."""

    _box: Box

    def __new__(cls, box: Box) -> "_Names":
        names = super().__new__(cls)
        names._box = box
        return names

    def __contains__(self, name: object) -> bool:
        return name in self._box.open()
