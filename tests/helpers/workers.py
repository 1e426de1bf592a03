"""Workers that come to grief, in a module that Ray's processes find."""

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

from deoldify_lite.cluster.worker import photos
from deoldify_lite.cluster.worker.actor import Worker


class Small:
    """A network that has memory for small squares alone."""

    def __init__(self, backend: Any) -> None:
        self._backend = backend
        self.predicts_rgb, self.chroma_stride = backend.predicts_rgb, backend.chroma_stride

    def predict(self, lumas: Any) -> Any:
        if lumas.shape[1] > 100:
            raise MemoryError("no room")
        return self._backend.predict(lumas)


class Poisoned(Worker):
    """One on a machine without the weights and with little memory, which a certain photo kills."""

    def ready(self, weights: Any) -> Any:
        rendering = replace(self.setup.rendering, weights=Path("/nowhere/tiny.safetensors"))
        self.setup = replace(self.setup, rendering=rendering)
        answer = super().ready(weights)
        assert hashlib.sha256(weights.fetch()).hexdigest() == rendering.sha256  # what was written there
        self.station.colorizer.backend = Small(self.station.colorizer.backend)
        return answer

    def stream(self, work: Any, *arguments: Any, **options: Any) -> Any:
        if work is photos.colorize and any(task.source.name == "b.png" for task in arguments[0]):
            os._exit(1)
        yield from super().stream(work, *arguments, **options)
