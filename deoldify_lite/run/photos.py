"""Colorize photos: skip what is done, and have the rest rendered by the only run in its folder."""

import logging
from collections.abc import Callable, Generator, Iterator, Sequence, Set
from contextlib import ExitStack
from pathlib import Path

from deoldify_lite.errors import DeoldifyError
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.run.batches import render_photos
from deoldify_lite.run.delivery import Delivery, delivery_of
from deoldify_lite.run.failure import failed
from deoldify_lite.run.items import Item
from deoldify_lite.run.settings import PhotoSettings
from deoldify_lite.run.task import Task, check_output, find_done
from deoldify_lite.system.files import clear_parts
from deoldify_lite.system.lock import sole_run

log = logging.getLogger(__name__)

# In a folder of results while photos are colorized into it.
LOCK = ".deoldify_lite.lock"


def colorize_photos(
    tasks: Sequence[Task],
    load_colorizer: Callable[[], Colorizer],
    settings: PhotoSettings,
    *,
    batch_size: int,
    overwrite: bool = False,
) -> Generator[Item, None, None]:
    """Colorize photos, and yield the outcome of each.

    Photos that are done are skipped; one that fails does not stop the others. Reading, predicting and
    writing overlap. The network is loaded only if something is left to do.

    Raises:
        InputError: another run colorizes photos into the same folder.
        OSError: a folder for results cannot be made or written to.
    """

    def delivery(task: Task, render_factor: int, extras: Sequence[Path]) -> Delivery:
        return delivery_of(task, settings.with_render_factor(render_factor), extras)

    def render(todo: Sequence[Task], outputs: Set[str]) -> Iterator[Item]:
        colorizer = load_colorizer()
        return render_photos(
            todo, colorizer, settings, outputs, delivery=delivery, batch_size=batch_size, overwrite=overwrite
        )

    yield from run_photos(tasks, settings, render, overwrite=overwrite)


# Colorizes tasks, given also the names of all results, in lower case.
Render = Callable[[Sequence[Task], Set[str]], Iterator[Item]]


def run_photos(
    tasks: Sequence[Task], settings: PhotoSettings, render: Render, *, overwrite: bool
) -> Iterator[Item]:
    """Skip what is done, refuse to replace files that are not ours, and have the rest rendered.

    Errors as in `colorize_photos`.
    """
    todo = yield from left_to_do(tasks, settings, overwrite=overwrite)
    if not todo:
        return

    with ExitStack() as locks:
        for folder in {task.manifest.folder for task in todo}:
            folder.mkdir(parents=True, exist_ok=True)
            locks.enter_context(sole_run(folder / LOCK, folder))
        clear_parts(path for task in todo for path in task.files)
        outputs = {str(path).casefold() for task in tasks for path in task.files}
        yield from render(todo, outputs)


def left_to_do(
    tasks: Sequence[Task], settings: PhotoSettings, *, overwrite: bool
) -> Generator[Item, None, list[Task]]:
    """Yield the items of photos that are done already or must not be written; return the others."""
    todo: list[Task] = []
    for task in tasks:
        try:
            if not overwrite and (done := find_done(task, settings)):
                yield Item(task.source, done, "skipped", "already done", layer=task.layer)
                continue
            check_output(task, overwrite)
        except (DeoldifyError, OSError) as error:
            yield failed(task, error)
            continue
        todo.append(task)
    return todo
