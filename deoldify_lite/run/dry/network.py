"""How fast a network is here, measured in about half a second."""

import time
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from deoldify_lite.render.colorizer import Colorizer

# For each of two measurements: of the network, and of what is around it.
BUDGET_S = 0.5


@dataclass(frozen=True)
class Gauge:
    """A network to measure; it is measured once, when that is first asked for."""

    colorizer: Colorizer
    batch_size: int
    on_cpu: bool  # where it runs

    @cached_property
    def picture_s(self) -> float:
        """Seconds for a picture.

        Raises:
            RenderError, OutOfMemoryError: the network failed.
        """
        side = self.colorizer.render_size
        square = np.linspace(0, 255, side, dtype=np.uint8)[:, None].repeat(side, axis=1)
        began = time.perf_counter()
        self.colorizer.predict([square])
        # The first one also prepares the network; where even so it is slow, another one would take too long.
        passed = time.perf_counter() - began
        if passed > BUDGET_S:
            began = time.perf_counter()
            self.colorizer.predict([square])
            return time.perf_counter() - began
        pictures, began = 0, time.perf_counter()
        while (passed := time.perf_counter() - began) < BUDGET_S:
            self.colorizer.predict([square] * self.batch_size)
            pictures += self.batch_size
        return passed / pictures
