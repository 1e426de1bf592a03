"""An engine that does no work: it says what another one would do, and how long that takes here."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property

from deoldify_lite.render.rendering import Rendering
from deoldify_lite.run.dry.network import Gauge
from deoldify_lite.run.dry.photos import plan_photos
from deoldify_lite.run.engine import Engine, Runner
from deoldify_lite.run.items import Item, Progress
from deoldify_lite.run.settings import FilmSettings, PhotoSettings
from deoldify_lite.run.task import Task


@dataclass(frozen=True)
class DryRun:
    """A `run.engine.Engine` for a dry run of another one: its items are planned, skipped or failed."""

    engine: Engine

    @contextmanager
    def open(self, rendering: Rendering, *, batch_size: int | None = None) -> Iterator["_DryRunner"]:
        """Open a runner; see `Engine.open`."""
        with self.engine.open(rendering, batch_size=batch_size) as runner:
            yield _DryRunner(runner, batch_size)


class _DryRunner:
    def __init__(self, runner: Runner, batch_size: int | None) -> None:
        self.runner = runner
        self.batch_size = batch_size
        self.rendering = runner.rendering
        self.is_here = runner.is_here

    @cached_property
    def _gauge(self) -> Gauge | None:
        if not self.runner.is_here:
            return None
        rendering = self.rendering
        on_cpu = rendering.device == "cpu"
        return Gauge(rendering.load(), rendering.batch_size(self.batch_size), on_cpu)

    def colorize_photos(
        self, tasks: Sequence[Task], settings: PhotoSettings, *, overwrite: bool = False
    ) -> Generator[Item, None, None]:
        """Yield what would become of photos; see `plan_photos`."""
        return plan_photos(tasks, settings, lambda: self._gauge, overwrite=overwrite)

    def colorize_films(
        self,
        tasks: Sequence[Task],
        settings: FilmSettings,
        *,
        overwrite: bool = False,
        progress: Progress | None = None,
    ) -> Generator[Item, None, None]:
        """Yield what would become of films; see `plan_films`."""
        from deoldify_lite.run.dry.films import plan_films  # see run.engine

        return plan_films(tasks, settings, lambda: self._gauge, overwrite=overwrite)
