"""Workers that come to grief, in a module that Ray's processes find."""

import hashlib
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

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
        rendering = replace(self._order.rendering, weights=Path("/nowhere/tiny.safetensors"))
        self._order = replace(self._order, rendering=rendering)
        answer = super().ready(weights)
        assert hashlib.sha256(weights.open()).hexdigest() == rendering.sha256  # what was written there
        self._colorizer.backend = Small(self._colorizer.backend)
        return answer

    def photos(self, errands: Any, *rest: Any) -> Any:
        if any(errand.source.name == "b.png" for errand in errands):
            os._exit(1)
        yield from super().photos(errands, *rest)
