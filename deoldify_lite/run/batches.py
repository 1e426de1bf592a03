"""Photos in batches through the network: the next ones are read, and the last ones written, meanwhile."""

import logging
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Set
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from itertools import groupby

from deoldify_lite.color.arrays import Square
from deoldify_lite.photo.io import pages_of, read_photo
from deoldify_lite.render.colorizer import Colorizer, OutOfMemoryError, Prediction
from deoldify_lite.run.delivery import DeliveryOf
from deoldify_lite.run.failure import failed
from deoldify_lite.run.finish import finish
from deoldify_lite.run.items import Item
from deoldify_lite.run.pages import LEAST_PIXELS, MOST_PIXELS, Page, PagedResult
from deoldify_lite.run.settings import PhotoSettings
from deoldify_lite.run.task import Task
from deoldify_lite.run.versions import read_version
from deoldify_lite.system.machine import cores
from deoldify_lite.system.threads import Pending, Workers, in_batches, map_ahead
from deoldify_lite.system.work_time import at_work

log = logging.getLogger(__name__)


def render_photos(
    todo: Iterable[Task],
    colorizer: Colorizer,
    settings: PhotoSettings,
    outputs: Set[str],
    *,
    delivery: DeliveryOf,
    batch_size: int,
    overwrite: bool,
    most_pixels: int | None = None,
) -> Generator[Item, None, Colorizer]:
    """Colorize photos batch by batch, and yield the outcome of each.

    Args:
        todo: the photos.
        colorizer: what gives the chroma.
        settings: of the run.
        outputs: names of all results of the run, in lower case; no further page gets one of them.
        delivery: of the result of each photo.
        batch_size: photos predicted at once.
        overwrite: replace files of further pages that no run of ours has made.
        most_pixels: in memory at a time, each, being read, predicted and written; None for MOST_PIXELS.

    Returns:
        The colorizer to go on with: if memory did not suffice, one with a smaller render factor.
    """
    most_pixels = most_pixels or MOST_PIXELS
    helpers = max(2, cores() // 2)
    with (
        ExitStack() as results,
        Workers(helpers, name="reading") as readers,
        Workers(helpers, name="writing") as writers,
        at_work("predicting"),
    ):
        pages = _pages(todo, settings, overwrite, outputs, delivery, results)
        # A page that fills the memory goes alone: all before it are written first, and none is read ahead. So
        # each such page is a group of its own, even if two follow each other; all others have the key None.
        for _, group in groupby(pages, lambda page: page if page.pixels > most_pixels else None):
            colorizer = yield from _overlap(
                group, colorizer, settings, delivery, batch_size, most_pixels, readers, writers
            )
    return colorizer


def _pages(
    todo: Iterable[Task],
    settings: PhotoSettings,
    overwrite: bool,
    outputs: Set[str],
    delivery: DeliveryOf,
    results: ExitStack,
) -> Iterator[Page]:
    """Yield all pages. Headers are read as pages are taken, not those of a whole archive at once."""
    for task in todo:
        found, notes = pages_of(task.source)
        result = layers = None
        if len(found) > 1:
            paged = partial(
                PagedResult,
                settings=settings,
                pages=len(found),
                notes=tuple(notes),
                delivery=delivery,
                overwrite=overwrite,
                outputs=outputs,
            )
            result = paged(task)
            results.callback(result.drop)
            if task.layer is not None:
                layers = paged(task.of_layer())
                results.callback(layers.drop)
        for number, (index, pixels) in enumerate(found, 1):
            yield Page(task, max(pixels, LEAST_PIXELS), index, tuple(notes), result, layers, number)


def _overlap(
    pages: Iterable[Page],
    colorizer: Colorizer,
    settings: PhotoSettings,
    delivery: DeliveryOf,
    batch_size: int,
    most_pixels: int,
    readers: Workers,
    writers: Workers,
) -> Generator[Item, None, Colorizer]:
    """Read ahead, predict in batches, and write behind, with few pixels in memory at each of the three.

    Returns:
        The colorizer to go on with: if memory did not suffice, one with a smaller render factor.
    """
    first = colorizer
    reading = map_ahead(
        readers,
        lambda page: _read(page, first, settings),
        pages,
        most=most_pixels,
        weigh=lambda page: page.pixels,
    )
    finished = (pending.result() for pending in reading)
    writing: deque[tuple[Pending[Item], Page]] = deque()

    def written() -> Iterator[Item]:
        pending, page = writing.popleft()
        yield from page.ended(pending.result())

    for batch in in_batches(finished, batch_size, most=most_pixels, weigh=lambda page: page.pixels):
        for page in batch:
            if page.error:
                yield from page.ended(failed(page.task, page.error))
        good = [page for page in batch if not page.error]
        if not good:
            continue
        try:
            colorizer, predictions = _predict(colorizer, good)
        except Exception as error:
            for page in good:
                yield from page.ended(failed(page.task, error))
            continue
        for page, prediction in zip(good, predictions, strict=True):
            pending = writers.submit(partial(finish, page, prediction, colorizer, settings, delivery))
            # Only the writer holds the pixels from now on, so that they are freed once it is done.
            writing.append((pending, replace(page, photo=None, square=None, taken=None)))
            while len(writing) > 1 and sum(page.pixels for _, page in writing) > most_pixels:
                yield from written()
        del batch, good, page, pending
        while writing and writing[0][0].done():
            yield from written()
    while writing:
        yield from written()
    return colorizer


def _read(page: Page, colorizer: Colorizer, settings: PhotoSettings) -> Page:
    began = time.perf_counter()
    try:
        photo = read_photo(page.task.source, page=page.index, damaged=settings.damaged)
        taken = read_version(page.task, photo, page.number, page.result.pages if page.result else 1)
        square = colorizer.prepare(photo.rgb)
    except Exception as error:
        return replace(page, error=error)
    spent = time.perf_counter() - began
    factor = colorizer.render_factor
    return replace(page, photo=photo, square=square, square_factor=factor, taken=taken, seconds=spent)


def _predict(colorizer: Colorizer, pages: list[Page]) -> tuple[Colorizer, list[Prediction | None]]:
    """Predict, at smaller and smaller render factors while memory does not suffice.

    Args:
        colorizer: the one to begin with.
        pages: with their photos.

    Returns:
        The colorizer that succeeded, to go on with, and a prediction for each page that needs one.

    Raises:
        OutOfMemoryError: not even the smallest render factor fits.
    """
    while True:
        try:
            squares = [_square_of(page, colorizer) for page in pages if page.needs_network]
            found = iter(colorizer.predict(squares) if squares else ())
            return colorizer, [next(found) if page.needs_network else None for page in pages]
        except OutOfMemoryError:
            smaller = colorizer.shrunk()
            if smaller is None:
                raise
            log.warning("out of memory: going on with render factor %d", smaller.render_factor)
            colorizer = smaller


def _square_of(page: Page, colorizer: Colorizer) -> Square:
    assert page.photo is not None and page.square is not None
    fits = page.square_factor == colorizer.render_factor
    return page.square if fits else colorizer.prepare(page.photo.rgb)
