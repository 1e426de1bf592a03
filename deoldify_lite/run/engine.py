"""Who does the work of a run: this process, or others; `cluster.engine` has the one of Ray workers."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from typing import Protocol

from deoldify_lite.render.rendering import Rendering
from deoldify_lite.run.items import Item, Progress
from deoldify_lite.run.photos import colorize_photos
from deoldify_lite.run.settings import FilmSettings, PhotoSettings
from deoldify_lite.run.task import Task


class Runner(Protocol):
    """An engine that is open for one run. Both methods may be called several times."""

    @property
    def rendering(self) -> Rendering:
        """How it renders; on a cluster, by the devices that are there."""

    @property
    def is_here(self) -> bool:
        """Whether this machine alone does the work, so that what it takes can be measured here."""

    def colorize_photos(
        self, tasks: Sequence[Task], settings: PhotoSettings, *, overwrite: bool = False
    ) -> Generator[Item, None, None]:
        """Colorize photos and yield the outcome of each; see `run.photos.colorize_photos`."""

    def colorize_films(
        self,
        tasks: Sequence[Task],
        settings: FilmSettings,
        *,
        overwrite: bool = False,
        progress: Progress | None = None,
    ) -> Generator[Item, None, None]:
        """Colorize films and yield the outcome of each; see `run.films.colorize_films`."""


class Engine(Protocol):
    """Who does the work of a run."""

    def open(self, rendering: Rendering, *, batch_size: int | None = None) -> AbstractContextManager[Runner]:
        """Get ready for one run. The network is loaded only once there is something to do.

        Args:
            rendering: how to render.
            batch_size: pictures predicted at once; None for what suits the device.

        Raises:
            OptionError: the batch size or an option of the engine makes no sense, or what it needs is not
                there.
        """


class ThisProcess:
    """The engine that works in this process."""

    @contextmanager
    def open(self, rendering: Rendering, *, batch_size: int | None = None) -> Iterator[Runner]:
        """Open a runner; see `Engine.open`."""
        yield _ProcessRunner(rendering, rendering.batch_size(batch_size))


THIS_PROCESS = ThisProcess()


class KeptProcess(ThisProcess):
    """This process, which keeps its network from run to run; all must ask for the same rendering."""

    def __init__(self) -> None:
        self._runner: Runner | None = None

    @contextmanager
    def open(self, rendering: Rendering, *, batch_size: int | None = None) -> Iterator[Runner]:
        """Open the runner of the first run again; see `Engine.open`."""
        if self._runner is None:
            self._runner = _ProcessRunner(rendering, rendering.batch_size(batch_size))
        yield self._runner


class _ProcessRunner:
    is_here = True

    def __init__(self, rendering: Rendering, batch_size: int) -> None:
        self.rendering = rendering
        self._load_colorizer = cache(rendering.load)
        self._batch_size = batch_size

    def colorize_photos(
        self, tasks: Sequence[Task], settings: PhotoSettings, *, overwrite: bool = False
    ) -> Generator[Item, None, None]:
        return colorize_photos(
            tasks, self._load_colorizer, settings, batch_size=self._batch_size, overwrite=overwrite
        )

    def colorize_films(
        self,
        tasks: Sequence[Task],
        settings: FilmSettings,
        *,
        overwrite: bool = False,
        progress: Progress | None = None,
    ) -> Generator[Item, None, None]:
        # The shot detector comes with films; photos need not wait half a second for it.
        from deoldify_lite.run.films import colorize_films

        return colorize_films(
            tasks,
            self._load_colorizer,
            settings,
            batch_size=self._batch_size,
            overwrite=overwrite,
            progress=progress,
        )
