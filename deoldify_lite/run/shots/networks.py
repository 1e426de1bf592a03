"""The colorizers of a film's shots: each network is loaded once, and most shots share one."""

from collections import OrderedDict
from collections.abc import Callable

from deoldify_lite.render.colorizer import Backend, Colorizer
from deoldify_lite.render.look import Look
from deoldify_lite.render.rendering import Rendering

# Colorizers that are kept: with a reference, one takes seconds to make.
MOST_COLORIZERS = 8


class Networks:
    """The networks of one film.

    Args:
        rendering: of the film.
        load: loads its colorizer; called once it is needed.
    """

    def __init__(self, rendering: Rendering, load: Callable[[], Colorizer]) -> None:
        self._rendering = rendering
        self._load = load
        self._backends: dict[str, Backend] = {}  # by the hash of their weights
        self._colorizers: OrderedDict[Look, Colorizer] = OrderedDict()

    def colorizer(self, rendering: Rendering) -> Colorizer:
        """The colorizer of a shot; errors as in `Rendering.load`."""
        look = rendering.look
        if look not in self._colorizers:
            self._colorizers[look] = self._make(rendering)
            if len(self._colorizers) > MOST_COLORIZERS:
                self._colorizers.popitem(last=False)
        self._colorizers.move_to_end(look)
        return self._colorizers[look]

    def _make(self, rendering: Rendering) -> Colorizer:
        if rendering.look == self._rendering.look:
            return self._load()
        if rendering.sha256 not in self._backends:
            same = rendering.sha256 == self._rendering.sha256
            self._backends[rendering.sha256] = self._load().backend if same else rendering.load_backend()
        return rendering.around(self._backends[rendering.sha256])
