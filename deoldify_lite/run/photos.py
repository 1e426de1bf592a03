"""Colorize many photos: skip what is done, overlap the rest.

A photo of several pages goes through as so many photos, which `run.pages` binds again.
"""

import logging
import os
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence, Set
from contextlib import ExitStack
from dataclasses import dataclass, replace
from functools import partial
from itertools import groupby
from pathlib import Path

import numpy as np

from deoldify_lite.color.arrays import Picture, Square, shrink
from deoldify_lite.color.hinting import hint_photo
from deoldify_lite.errors import DeoldifyError
from deoldify_lite.photo.io import pages_of, read_photo, write_photo
from deoldify_lite.photo.kinds import holds_xmp, is_fallback
from deoldify_lite.photo.photo import Photo
from deoldify_lite.photo.samples import to_depth
from deoldify_lite.photo.watermark import add_watermark
from deoldify_lite.photo.xmp import with_mark
from deoldify_lite.render.colorizer import Colorizer, OutOfMemoryError, Prediction, is_grey
from deoldify_lite.run.failure import failed
from deoldify_lite.run.items import Item, warnings_of
from deoldify_lite.run.pages import Book, Keep
from deoldify_lite.run.settings import PhotoSettings
from deoldify_lite.run.task import Task, check_output, find_done, record
from deoldify_lite.system.files import clear_parts
from deoldify_lite.system.lock import sole_run
from deoldify_lite.system.machine import cores
from deoldify_lite.system.threads import Pending, Workers, in_batches, map_ahead
from deoldify_lite.system.work_time import at_work

log = logging.getLogger(__name__)

# In a folder of results while photos are colorized into it.
LOCK = ".deoldify_lite.lock"

# Pixels being read ahead, in a batch, and being written behind, each; or one photo, where it has more.
MOST_PIXELS = 64_000_000
# What a photo counts for at least, so that ever so many small ones do not pile up.
LEAST_PIXELS = 1_000_000


def colorize_photos(
    tasks: Sequence[Task],
    load_colorizer: Callable[[], Colorizer],
    settings: PhotoSettings,
    *,
    batch_size: int,
    overwrite: bool = False,
) -> Generator[Item, None, None]:
    """Colorize photos one after the other and tell of each what became of it.

    Photos that are done are skipped; one that fails does not stop the others. Reading, predicting and
    writing overlap. The network is loaded only if something is left to do.

    Raises:
        InputError: another run colorizes photos into the same folder.
        OSError: a folder for results cannot be made or written to.
    """
    keep = partial(keep_result, settings)

    def render(todo: Sequence[Task], outputs: Set[str]) -> Iterator[Item]:
        colorizer = load_colorizer()
        return render_photos(
            todo, colorizer, settings, outputs, keep=keep, batch_size=batch_size, overwrite=overwrite
        )

    yield from run_photos(tasks, settings, render, overwrite=overwrite)


# Colorizes tasks that are to be done; is also told the names of all results, in lower case.
Render = Callable[[Sequence[Task], Set[str]], Iterator[Item]]


def run_photos(
    tasks: Sequence[Task], settings: PhotoSettings, render: Render, *, overwrite: bool
) -> Iterator[Item]:
    """Skip what is done, refuse what must not be replaced, and have the rest rendered, as the only run.

    Errors as in `colorize_photos`.
    """
    todo: list[Task] = []
    for task in tasks:
        try:
            if not overwrite and (done := find_done(task, settings)):
                yield Item(task.source, done, "skipped", "already done")
                continue
            check_output(task, overwrite)
        except (DeoldifyError, OSError) as error:
            yield failed(task, error)
            continue
        todo.append(task)
    if not todo:
        return

    with ExitStack() as locks:
        for folder in {task.manifest.folder for task in todo}:
            folder.mkdir(parents=True, exist_ok=True)
            locks.enter_context(sole_run(folder / LOCK, folder))
        clear_parts(path for task in todo for path in (task.output, task.comparison) if path)
        outputs = {str(path).casefold() for task in tasks for path in (task.output, task.comparison) if path}
        yield from render(todo, outputs)


def keep_result(
    settings: PhotoSettings, task: Task, factor: int, extras: Sequence[Path], part: Path | None
) -> None:
    """Record a result, and only then give it its name.

    Raises:
        OSError: one of the two cannot be done.
    """
    record(task, settings, factor, extras, part=part)
    if part is not None:
        os.replace(part, task.output)


def render_photos(
    todo: Iterable[Task],
    colorizer: Colorizer,
    settings: PhotoSettings,
    outputs: Set[str],
    *,
    keep: Keep,
    batch_size: int,
    overwrite: bool,
    most_pixels: int | None = None,
) -> Generator[Item, None, Colorizer]:
    """Colorize photos, one batch after the other, and tell of each what became of it.

    Args:
        todo: what is to be done.
        colorizer: what gives the chroma.
        settings: of the run.
        outputs: names of all results of the run, in lower case; none of them is taken for a further page.
        keep: records a result and gives it its name.
        batch_size: photos predicted at once.
        overwrite: replace files of further pages that no run of ours has made.
        most_pixels: in memory at a time, each, being read, predicted and written; None for MOST_PIXELS.

    Returns:
        The colorizer to go on with: if memory did not suffice, one with a smaller render factor.
    """
    most_pixels = most_pixels or MOST_PIXELS
    helpers = max(2, cores() // 2)
    with (
        ExitStack() as books,
        Workers(helpers, name="reading") as readers,
        Workers(helpers, name="writing") as writers,
        at_work("predicting"),
    ):
        loads = _loads(todo, settings, overwrite, outputs, keep, books)
        # One that fills the memory goes alone: all before it is written first, and nothing read ahead.
        for _, group in groupby(loads, lambda load: id(load) if load.pixels > most_pixels else None):
            colorizer = yield from _overlap(
                group, colorizer, settings, keep, batch_size, most_pixels, readers, writers
            )
    return colorizer


@dataclass(frozen=True)
class _Load:
    """A photo, or a page of one, on its way; what failed is kept in its place."""

    task: Task
    pixels: int
    index: int = 0  # of the page in the file
    notes: tuple[str, ...] = ()  # on pages that are left out
    book: Book | None = None  # of which it is a page
    number: int = 1  # of the page in the result
    photo: Photo | None = None
    square: Square | None = None  # the photo as the network sees it
    square_factor: int = 0  # render factor that the square was made for
    error: Exception | None = None
    seconds: float = 0.0  # spent on it so far

    def settled(self, result: Item) -> Iterator[Item]:
        """What is to be told now that this is done or failed: of a book nothing until its last page."""
        if self.book is None:
            yield replace(result, warnings=(*self.notes, *result.warnings))
        else:
            yield from self.book.settle(self.number, result)


def _loads(
    todo: Iterable[Task],
    settings: PhotoSettings,
    overwrite: bool,
    outputs: Set[str],
    keep: Keep,
    books: ExitStack,
) -> Iterator[_Load]:
    """Photos and pages, whose headers are read one by one, as there is room, and not for a whole archive."""
    for task in todo:
        pages, notes = pages_of(task.source)
        book = None
        if len(pages) > 1:
            book = Book(
                task, settings, len(pages), tuple(notes), keep=keep, overwrite=overwrite, outputs=outputs
            )
            books.callback(book.drop)
        for number, (index, pixels) in enumerate(pages, 1):
            yield _Load(task, max(pixels, LEAST_PIXELS), index, tuple(notes), book, number)


def _overlap(
    loads: Iterable[_Load],
    colorizer: Colorizer,
    settings: PhotoSettings,
    keep: Keep,
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
        readers, lambda load: _read(load, first), loads, most=most_pixels, weigh=lambda load: load.pixels
    )
    finished = (pending.result() for pending in reading)
    writing: deque[tuple[Pending[Item], _Load]] = deque()

    def written() -> Iterator[Item]:
        pending, load = writing.popleft()
        yield from load.settled(pending.result())

    for batch in in_batches(finished, batch_size, most=most_pixels, weigh=lambda load: load.pixels):
        for load in batch:
            if load.error:
                yield from load.settled(failed(load.task, load.error))
        good = [load for load in batch if not load.error]
        if not good:
            continue
        try:
            colorizer, predictions = _predict(colorizer, good)
        except Exception as error:
            for load in good:
                yield from load.settled(failed(load.task, error))
            continue
        for load, prediction in zip(good, predictions, strict=True):
            pending = writers.submit(partial(_finish, load, prediction, colorizer, settings, keep))
            # Pixels are the worker's now: held on to here, too, they would outlast their time.
            writing.append((pending, replace(load, photo=None, square=None)))
            while len(writing) > 1 and sum(load.pixels for _, load in writing) > most_pixels:
                yield from written()
        del batch, good, load, pending
        while writing and writing[0][0].done():
            yield from written()
    while writing:
        yield from written()
    return colorizer


def _read(load: _Load, colorizer: Colorizer) -> _Load:
    began = time.perf_counter()
    try:
        photo = read_photo(load.task.source, page=load.index)
        square = colorizer.prepare(photo.rgb)
    except Exception as error:
        return replace(load, error=error)
    spent = time.perf_counter() - began
    return replace(load, photo=photo, square=square, square_factor=colorizer.render_factor, seconds=spent)


def _predict(colorizer: Colorizer, loads: list[_Load]) -> tuple[Colorizer, list[Prediction]]:
    """Predict, at ever smaller render factors while memory does not suffice.

    Args:
        colorizer: the one to begin with.
        loads: photos that were read well.

    Returns:
        The colorizer that succeeded, to go on with, and a prediction for each photo.

    Raises:
        OutOfMemoryError: not even the smallest render factor fits.
    """
    while True:
        try:
            return colorizer, colorizer.predict([_square_of(load, colorizer) for load in loads])
        except OutOfMemoryError:
            smaller = colorizer.shrunk()
            if smaller is None:
                raise
            log.warning("out of memory: going on with render factor %d", smaller.render_factor)
            colorizer = smaller


def _square_of(load: _Load, colorizer: Colorizer) -> Square:
    assert load.photo is not None and load.square is not None
    fits = load.square_factor == colorizer.render_factor
    return load.square if fits else colorizer.prepare(load.photo.rgb)


def _finish(
    load: _Load, prediction: Prediction, colorizer: Colorizer, settings: PhotoSettings, keep: Keep
) -> Item:
    began = time.perf_counter()
    task, photo, book = load.task, load.photo, load.book
    assert photo is not None
    try:
        comparison = book.comparison(load.number) if book else task.comparison
        before = _for_comparison(photo.rgb) if comparison else None
        # Beside a huge picture there is no room for another one.
        in_place = photo.rgb.flags.writeable
        if task.hints is not None and load.index == 0:
            height, width = photo.rgb.shape[:2]
            prediction = hint_photo(prediction, photo.rgb, task.hints.on(width, height))
        result = replace(photo, rgb=colorizer.finish(photo.rgb, prediction, in_place=in_place))
        if settings.watermark:
            add_watermark(result.rgb)
        warnings = warnings_of(is_grey(prediction), settings.render_factor, colorizer.render_factor)
        if settings.format == "keep" and is_fallback(task.source, task.output):
            warnings += (
                f"written as {task.output.suffix}, since {task.source.suffix} cannot be written well",
            )
        if settings.mark:
            result, unmarked = _marked(result, task)
            warnings += unmarked
        if comparison is not None and before is not None:  # first, so that the result stands for all of it
            pair = side_by_side(before, _for_comparison(result.rgb))
            xmp = with_mark(None) if settings.mark else None
            write_photo(Photo(task.source, pair, icc=photo.icc, xmp=xmp), comparison)
        if book:
            book.add(result, load.number)
        else:
            extras = [comparison] if comparison else []
            write_photo(
                result,
                task.output,
                quality=settings.quality,
                rename=lambda part, _: keep(task, colorizer.render_factor, extras, part),
            )
    except Exception as error:
        return failed(task, error)
    return Item(
        task.source,
        task.output,
        "done",
        warnings=warnings,
        render_factor=colorizer.render_factor,
        seconds=load.seconds + time.perf_counter() - began,
    )


def _marked(photo: Photo, task: Task) -> tuple[Photo, tuple[str, ...]]:
    """The photo with the mark of AI, and what must be said where that cannot be."""
    if not holds_xmp(task.output):
        return photo, (f"{task.output.suffix} holds no XMP, so it is not marked as coloured by AI",)
    try:
        return replace(photo, xmp=with_mark(photo.xmp)), ()
    except ValueError as error:
        return photo, (f"its XMP is kept as it is, without the mark of AI: {error}",)


def side_by_side(before: Picture, after: Picture) -> Picture:
    """Before on the left in grey, after on the right: (H, W, 3) twice -> (H, 2W, 3) uint8."""
    return np.concatenate([to_depth(picture, np.uint8) for picture in (before, after)], axis=1)


def _for_comparison(picture: Picture) -> Picture:
    """A copy in 8 bits, smaller where the picture is huge."""
    height, width = picture.shape[:2]
    share = (MOST_PIXELS / (height * width)) ** 0.5
    if share < 1:
        picture = shrink(picture, (max(1, int(share * height)), max(1, int(share * width))))
    return picture.copy() if picture.dtype == np.uint8 else to_depth(picture, np.uint8)
