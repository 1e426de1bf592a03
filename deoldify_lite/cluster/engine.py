"""Ray workers as an engine: on this machine, or on a cluster."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from deoldify_lite.cluster.crew import Crew, RaySettings
from deoldify_lite.cluster.films import colorize_films
from deoldify_lite.cluster.photos import colorize_photos
from deoldify_lite.render.rendering import Rendering
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
        settings = RaySettings(self.address, self.cores_per_worker, self.device)
        with Crew(settings, rendering, batch_size=batch_size) as crew:
            yield RayRunner(crew)


@dataclass(frozen=True)
class RayRunner:
    """A `run.engine.Runner` with a crew of workers."""

    crew: Crew

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
