"""One network in memory at a time, kept from one piece of work to the next."""

from dataclasses import dataclass

from deoldify_lite.api import Rendering
from deoldify_lite.render.colorizer import Backend, Colorizer


class OneNetwork:
    """Keeps only the network that was used last."""

    def __init__(self) -> None:
        self._key: tuple[str, ...] = ()
        self._backend: Backend | None = None

    def load(self, rendering: Rendering) -> Colorizer:
        """Return a colorizer, with the kept network if it is the right one; errors as in `Rendering.load`."""
        key = (rendering.sha256, rendering.device, rendering.precision, rendering.backend)
        if self._backend is None or key != self._key:
            self._backend = None  # free its memory before the next one is loaded
            self._backend = rendering.load_backend()
            self._key = key
        return rendering.around(self._backend)


@dataclass(frozen=True)
class KeptRendering(Rendering):
    """A rendering that takes its network from a `OneNetwork`."""

    network: OneNetwork

    def load(self) -> Colorizer:
        return self.network.load(self)
