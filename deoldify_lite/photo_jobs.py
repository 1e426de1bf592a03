"""Colorize many photos: skip what is done, overlap the rest."""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from deoldify_lite.colorizer import Colorizer, OutOfMemoryError, Picture, Prediction, Square
from deoldify_lite.engine import Pending, Workers, in_batches, map_ahead
from deoldify_lite.errors import DeoldifyError
from deoldify_lite.photo import Photo
from deoldify_lite.photo_io import pixels_of, read_photo, write_photo
from deoldify_lite.plan import Task, check_output, failed, is_done, record
from deoldify_lite.report import Item

log = logging.getLogger(__name__)

# Chroma below half a level everywhere rounds to nothing: such a picture is grey.
GREY_BELOW = 0.5 / 255
# Pixels being read ahead, in a batch, and being written behind, each; or one photo, where it has more.
MOST_PIXELS = 64_000_000
# What a photo counts for at least, so that ever so many small ones do not pile up.
LEAST_PIXELS = 1_000_000


@dataclass(frozen=True)
class PhotoSettings:
    """Everything that decides what a result looks like; part of its fingerprint."""

    weights: str  # sha256 of the weights
    render_factor: int
    saturation: float
    precision: str
    format: str = "keep"  # keep, jpg, png, tif or webp
    quality: int | None = None  # 1 to 100 for JPEG and WebP; None for one that does not show
    compare: bool = False  # also write before and after, side by side


def colorize_photos(
    tasks: Sequence[Task],
    load_colorizer: Callable[[], Colorizer],
    settings: PhotoSettings,
    *,
    batch_size: int,
    overwrite: bool = False,
) -> Iterator[Item]:
    """Colorize photos one after the other and tell of each what became of it.

    Photos that are done are skipped; one that fails does not stop the others. Reading, predicting and
    writing overlap. The network is loaded only if something is left to do.
    """
    todo: list[Task] = []
    for task in tasks:
        try:
            if not overwrite and is_done(task, settings):
                yield Item(task.source, task.output, "skipped", "already done")
                continue
            check_output(task, overwrite)
        except (DeoldifyError, OSError) as error:
            yield failed(task, error)
            continue
        todo.append(task)
    if not todo:
        return

    colorizer = load_colorizer()
    with Workers(2) as readers, Workers(2) as writers:
        yield from _overlap(todo, colorizer, settings, batch_size, readers, writers)


@dataclass(frozen=True)
class _Load:
    """A photo on its way; what failed is kept in its place."""

    task: Task
    pixels: int
    photo: Photo | None = None
    square: Square | None = None  # the photo as the network sees it
    error: Exception | None = None
    seconds: float = 0.0  # spent on it so far


def _overlap(
    todo: Sequence[Task],
    colorizer: Colorizer,
    settings: PhotoSettings,
    batch_size: int,
    readers: Workers,
    writers: Workers,
) -> Iterator[Item]:
    """Read ahead, predict in batches, and write behind, with few pixels in memory at each of the three."""
    # The headers are read one by one, as there is room, and not for a whole archive before it begins.
    loads = (_Load(task, max(pixels_of(task.source), LEAST_PIXELS)) for task in todo)
    first = colorizer
    reading = map_ahead(
        readers, lambda load: _read(load, first), loads, most=MOST_PIXELS, weigh=lambda load: load.pixels
    )
    finished = (pending.result() for pending in reading)
    writing: deque[tuple[Pending[Item], int]] = deque()
    for batch in in_batches(finished, batch_size, most=MOST_PIXELS, weigh=lambda load: load.pixels):
        yield from (failed(load.task, load.error) for load in batch if load.error)
        good = [load for load in batch if not load.error]
        if not good:
            continue
        try:
            colorizer, predictions = _predict(colorizer, first.render_factor, good)
        except DeoldifyError as error:
            yield from (failed(load.task, error) for load in good)
            continue
        for load, prediction in zip(good, predictions, strict=True):
            pending = writers.submit(partial(_finish, load, prediction, colorizer, settings))
            writing.append((pending, load.pixels))
            while len(writing) > 1 and sum(pixels for _, pixels in writing) > MOST_PIXELS:
                yield writing.popleft()[0].result()
        while writing and writing[0][0].done():
            yield writing.popleft()[0].result()
    while writing:
        yield writing.popleft()[0].result()


def _read(load: _Load, colorizer: Colorizer) -> _Load:
    began = time.perf_counter()
    try:
        photo = read_photo(load.task.source)
        square = colorizer.prepare(photo.rgb)
    except Exception as error:
        return replace(load, error=error)
    return replace(load, photo=photo, square=square, seconds=time.perf_counter() - began)


def _predict(
    colorizer: Colorizer, prepared_factor: int, loads: list[_Load]
) -> tuple[Colorizer, list[Prediction]]:
    """Predict, at ever smaller render factors while memory does not suffice.

    Args:
        colorizer: the one to begin with.
        prepared_factor: the render factor for which the squares were made.
        loads: photos that were read well.

    Returns:
        The colorizer that succeeded, to go on with, and a prediction for each photo.

    Raises:
        OutOfMemoryError: not even the smallest render factor fits.
    """
    while True:
        try:
            if colorizer.render_factor == prepared_factor:
                squares = [load.square for load in loads if load.square is not None]
            else:
                squares = [colorizer.prepare(load.photo.rgb) for load in loads if load.photo is not None]
            return colorizer, colorizer.predict(squares)
        except OutOfMemoryError:
            smaller = colorizer.shrunk()
            if smaller is None:
                raise
            log.warning("out of memory: going on with render factor %d", smaller.render_factor)
            colorizer = smaller


def _finish(load: _Load, prediction: Prediction, colorizer: Colorizer, settings: PhotoSettings) -> Item:
    began = time.perf_counter()
    task, photo = load.task, load.photo
    assert photo is not None
    try:
        rgb = colorizer.finish(photo.rgb, prediction)
        extras = []
        if task.comparison is not None:  # first, so that the result stands for all of it
            write_photo(Photo(task.source, side_by_side(photo.rgb, rgb), icc=photo.icc), task.comparison)
            extras.append(task.comparison)
        write_photo(replace(photo, rgb=rgb), task.output, quality=settings.quality)
        record(task, settings, colorizer.render_factor, extras)
    except Exception as error:
        return failed(task, error)
    return Item(
        task.source,
        task.output,
        "done",
        warnings=warnings_of(is_grey(prediction), settings.render_factor, colorizer.render_factor),
        render_factor=colorizer.render_factor,
        seconds=load.seconds + time.perf_counter() - began,
    )


def warnings_of(grey: bool, wanted_factor: int, used_factor: int) -> tuple[str, ...]:
    """What must be said of a result that is not quite what was asked for."""
    warnings = []
    if grey:
        warnings.append("the network found no colour in it: it came out grey")
    if used_factor != wanted_factor:
        warnings.append(f"memory sufficed only for render factor {used_factor}")
    return tuple(warnings)


def is_grey(prediction: Prediction) -> bool:
    """Whether a prediction, chroma or an RGB square, holds no colour that could be seen."""
    if prediction.dtype == np.uint8:
        square = prediction.astype(np.int16)
        return bool(np.ptp(square, axis=-1).max() <= 1)
    return bool(np.abs(prediction).max() < GREY_BELOW)


def side_by_side(before: Picture, after: Picture) -> Picture:
    """Before on the left in grey, after on the right: (H, W, 3) twice -> (H, 2W, 3) uint8."""
    pictures = [before, after]
    if before.dtype == np.uint16:
        pictures = [(picture >> 8).astype(np.uint8) for picture in pictures]
    return np.concatenate(pictures, axis=1)
