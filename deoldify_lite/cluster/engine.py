"""Ray workers as an engine: on this machine, or on a cluster."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

from deoldify_lite.cluster.connection import Connection
from deoldify_lite.cluster.crew import Crew
from deoldify_lite.cluster.films import colorize_films
from deoldify_lite.cluster.photos import colorize_photos
from deoldify_lite.errors import OptionError
from deoldify_lite.render.rendering import Rendering, check_batch_size
from deoldify_lite.run.items import Item, Progress
from deoldify_lite.run.settings import FilmSettings, PhotoSettings
from deoldify_lite.run.task import Task


@dataclass(frozen=True)
class RayEngine:
    """A `run.engine.Engine`: Ray workers do the work. The results are the same as of one process."""

    address: str | None = None  # of a cluster, `auto` or HOST:PORT; None: one is made here, for this run
    cores_per_worker: int | None = None  # None: all of a machine, but 8 at most
    device: str = "auto"  # auto, cpu or cuda

    @contextmanager
    def open(self, rendering: Rendering, *, batch_size: int | None = None) -> Iterator["RayRunner"]:
        """Open a runner; see `Engine.open`. Its workers are started with the first work, and end with it."""
        if self.cores_per_worker is not None and self.cores_per_worker < 1:
            raise OptionError(f"--cores-per-worker {self.cores_per_worker}: choose 1 or more")
        if rendering.device == "intel":
            raise OptionError(
                "--device intel: Ray workers use CPUs and Nvidia's GPUs: leave out --engine ray, or use "
                "--device cpu"
            )
        check_batch_size(batch_size)
        connection = Connection(self.address)
        if self.address:
            connection.open()
            rendering = fit_rendering(rendering, self.device, connection.nodes())
        with Crew(
            connection, rendering, cores_per_worker=self.cores_per_worker, batch_size=batch_size
        ) as crew:
            yield RayRunner(crew, is_here=self.address is None)


@dataclass(frozen=True)
class RayRunner:
    """A `run.engine.Runner` with a crew of workers."""

    crew: Crew
    is_here: bool  # all workers are on this machine

    @property
    def rendering(self) -> Rendering:
        """How the workers render."""
        return self.crew.rendering

    def colorize_photos(
        self, tasks: Sequence[Task], settings: PhotoSettings, *, overwrite: bool = False
    ) -> Generator[Item, None, None]:
        """Colorize photos; see `cluster.photos.colorize_photos`."""
        return colorize_photos(tasks, settings, self.crew, overwrite=overwrite)

    def colorize_films(
        self,
        tasks: Sequence[Task],
        settings: FilmSettings,
        *,
        overwrite: bool = False,
        progress: Progress | None = None,
    ) -> Generator[Item, None, None]:
        """Colorize films; see `cluster.films.colorize_films`."""
        return colorize_films(tasks, settings, self.crew, overwrite=overwrite, progress=progress)


def fit_rendering(rendering: Rendering, device: str, nodes: Sequence[dict[str, Any]]) -> Rendering:
    """The rendering on the devices of a cluster, which this machine may lack.

    Args:
        rendering: as it was settled on this machine.
        device: auto, cpu or cuda, as asked for.
        nodes: as `ray.nodes` gives them.
    """
    gpus = any(node["Alive"] and node["Resources"].get("GPU", 0) for node in nodes)
    if device == "cuda" or (device == "auto" and gpus):
        return replace(rendering, device="cuda", backend="torch")
    return replace(rendering, device="cpu")
