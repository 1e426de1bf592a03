"""Photos in a worker: colorized as in one process, but for record and name, which the driver gives."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from deoldify_lite.cluster.message import ORDERS_AT_HAND, Finished, Stored
from deoldify_lite.cluster.worker.station import Station
from deoldify_lite.run.batches import render_photos
from deoldify_lite.run.items import Item
from deoldify_lite.run.manifest import Manifest
from deoldify_lite.run.pages import MOST_PIXELS
from deoldify_lite.run.settings import PhotoSettings
from deoldify_lite.run.task import Task
from deoldify_lite.system.files import Deliver, part_beside


def for_worker(task: Task) -> Task:
    """A task that can travel: its manifest is read where it is needed."""
    records: Any = _Records(task.manifest.folder)
    return replace(task, manifest=records)


def colorize(
    station: Station,
    tasks: Sequence[Task],
    settings: PhotoSettings,
    outputs: Stored,
    batch_size: int,
    overwrite: bool,
) -> Iterator[tuple[Item, list[Finished]]]:
    """Colorize photos.

    Args:
        station: of this worker.
        tasks: made by `for_worker`.
        settings: of the run.
        outputs: names of all results of the run, in lower case.
        batch_size: photos predicted at once.
        overwrite: replace files of further pages that no run of ours has made.

    Yields:
        The outcome of each photo, and what the records of its layer and its result need, in this order.

    Raises:
        InputError: a folder is not seen from this machine.
    """
    for task in tasks:
        given = [task.colors.path.parent] if task.colors else []
        station.check_sight(task.source.parent, task.output.parent, *given)
    finished: dict[object, Finished] = {}  # by output
    layers: dict[object, Path | None] = {task.output: task.layer for task in tasks}

    def delivery(task: Task, render_factor: int, extras: Sequence[Path]) -> Deliver:
        def set_aside(part: Path, output: Path) -> None:
            aside = part_beside(output)
            os.replace(part, aside)
            finished[output] = Finished(output, render_factor, tuple(extras), aside)

        return set_aside

    run = render_photos(
        tasks,
        station.colorizer,
        settings,
        _Names(outputs),
        delivery=delivery,
        batch_size=batch_size,
        overwrite=overwrite,
        most_pixels=MOST_PIXELS // ORDERS_AT_HAND,
    )
    while True:
        try:
            item = next(run)
        except StopIteration as end:
            station.colorizer = end.value
            return
        made = [finished.pop(name, None) for name in (layers[item.output], item.output)]
        yield item, [one for one in made if one is not None]


class _Records:
    """The manifest of a folder, read only if it is asked."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._manifest: Manifest | None = None

    def made(self, path: Path) -> bool:
        """See `Manifest.made`."""
        self._manifest = self._manifest or Manifest(self.folder)
        return self._manifest.made(path)


class _Names(frozenset[str]):
    """Names of all results, fetched only if they are asked for."""

    _stored: Stored

    def __new__(cls, stored: Stored) -> "_Names":
        names = super().__new__(cls)
        names._stored = stored
        return names

    def __contains__(self, name: object) -> bool:
        return name in self._stored.fetch()
