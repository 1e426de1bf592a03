"""What a worker has at hand: its network, and the segments of films that are under way in it."""

import tempfile
import threading
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, cast

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.cluster.message import Stored
from deoldify_lite.errors import InputError
from deoldify_lite.render.colorizer import Backend, Colorizer, Describing
from deoldify_lite.render.rendering import Rendering
from deoldify_lite.system.files import sha256_of


@dataclass
class Station:
    """What photos and films share in one worker.

    Between two steps a film's segment lies here, in files without a name, which go with the process.
    """

    host: str
    colorizer: Colorizer  # another one once memory has run out, or a film wants another render factor
    network: threading.Lock = field(default_factory=threading.Lock)  # one segment at a time goes through it
    predicted: dict[str, IO[bytes]] = field(default_factory=dict)  # by the segment's key
    steadied: dict[str, IO[bytes]] = field(default_factory=dict)  # likewise

    def colorizer_at(self, render_factor: int) -> Colorizer:
        """The colorizer at this render factor, which it keeps."""
        if self.colorizer.render_factor != render_factor:
            self.colorizer = self.colorizer.with_render_factor(render_factor)
        return self.colorizer

    def check_sight(self, *paths: Path) -> None:
        """Check that this machine sees files and folders.

        Raises:
            InputError: it does not see one.
        """
        for path in paths:
            if not path.exists():
                raise InputError(
                    f"{path}: {self.host} does not see it; share its folder under the same path with all "
                    "machines of the cluster"
                )

    def drop(self, key: str) -> None:
        """Forget a segment."""
        for files in (self.predicted, self.steadied):
            if file := files.pop(key, None):
                file.close()


def load_colorizer(rendering: Rendering, weights: Stored) -> Colorizer:
    """Load the network, so that several threads may use it; errors as in `Rendering.load`.

    Args:
        rendering: how to render; its file of weights need not be on this machine.
        weights: the bytes of that file.
    """
    scratch = None
    if rendering.weights.is_file() and sha256_of(rendering.weights) == rendering.sha256:
        colorizer = rendering.load()
    else:
        # It stays as long as the worker: the features are loaded only when they are needed.
        scratch = tempfile.TemporaryDirectory()
        copy = Path(scratch.name, rendering.weights.name)
        copy.write_bytes(weights.fetch())
        colorizer = replace(rendering, weights=copy).load()
    colorizer.backend = _InTurn(colorizer.backend, scratch)
    return colorizer


class _InTurn:
    """A backend that several threads may call."""

    def __init__(self, backend: Backend, scratch: "tempfile.TemporaryDirectory[str] | None" = None) -> None:
        self._scratch = scratch  # with the weights; removed with this
        self.describes = getattr(backend, "describes", False)
        self.predicts_rgb = backend.predicts_rgb
        self.chroma_stride = backend.chroma_stride
        self._backend = backend
        self._lock = threading.Lock()

    def predict(self, lumas: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See `Backend`."""
        with self._lock:
            return self._backend.predict(lumas)

    def predict_described(self, lumas: NDArray[np.uint8]) -> tuple[NDArray[np.float32], ...]:
        """See `Describing`."""
        with self._lock:
            return cast("Describing", self._backend).predict_described(lumas)
