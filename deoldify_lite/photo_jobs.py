"""Colorize many photos: skip what is done, overlap the rest."""

import logging
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace

import numpy as np

from deoldify_lite.colorizer import Colorizer, OutOfMemoryError, Picture, Prediction, Square
from deoldify_lite.engine import in_batches, map_ahead
from deoldify_lite.errors import DeoldifyError
from deoldify_lite.manifest import fingerprint_of
from deoldify_lite.photo_io import Photo, read_photo, write_photo
from deoldify_lite.plan import Task, check_output, failed
from deoldify_lite.report import Item

log = logging.getLogger(__name__)

# Chroma below half a level everywhere rounds to nothing: such a picture is grey.
GREY_BELOW = 0.5 / 255
# When memory runs out, the next render factor to try, as a share of the last.
SHRINK = 0.75
SMALLEST_RENDER_FACTOR = 4


@dataclass(frozen=True)
class PhotoSettings:
    """Everything that decides what a result looks like; part of its fingerprint."""

    weights: str  # sha256 of the weights
    render_factor: int
    saturation: float
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
    todo: list[tuple[Task, str]] = []
    for task in tasks:
        try:
            fingerprint = fingerprint_of(task.source, asdict(settings))
            if not overwrite and task.manifest.is_done(task.output, fingerprint):
                yield Item(task.source, task.output, "skipped", "already done")
                continue
            check_output(task, overwrite)
        except (DeoldifyError, OSError) as error:
            yield failed(task, error)
            continue
        todo.append((task, fingerprint))
    if not todo:
        return

    colorizer = load_colorizer()
    writing: deque[Future[Item]] = deque()
    with ThreadPoolExecutor(2) as readers, ThreadPoolExecutor(2) as writers:
        try:
            loads = map_ahead(readers, lambda item: _load(item[0], colorizer), todo, ahead=2 * batch_size)
            for batch in in_batches(zip(todo, loads, strict=True), batch_size):
                loaded: list[tuple[Task, str, _Loaded]] = []
                for (task, fingerprint), future in batch:
                    try:
                        loaded.append((task, fingerprint, future.result()))
                    except Exception as error:
                        yield failed(task, error)
                if not loaded:
                    continue
                try:
                    colorizer, predictions = _predict(colorizer, [photo for *_, photo in loaded])
                except DeoldifyError as error:
                    yield from (failed(task, error) for task, *_ in loaded)
                    continue
                for (task, fingerprint, photo), prediction in zip(loaded, predictions, strict=True):
                    writing.append(
                        writers.submit(_finish, task, fingerprint, photo, prediction, colorizer, settings)
                    )
                while len(writing) > batch_size:
                    yield writing.popleft().result()
            while writing:
                yield writing.popleft().result()
        finally:
            readers.shutdown(cancel_futures=True)
            writers.shutdown(cancel_futures=True)


@dataclass(frozen=True)
class _Loaded:
    photo: Photo
    square: Square
    render_factor: int
    seconds: float


def _load(task: Task, colorizer: Colorizer) -> _Loaded:
    began = time.perf_counter()
    photo = read_photo(task.source)
    square = colorizer.prepare(photo.rgb)
    return _Loaded(photo, square, colorizer.render_factor, time.perf_counter() - began)


def _predict(colorizer: Colorizer, photos: list[_Loaded]) -> tuple[Colorizer, list[Prediction]]:
    """Predict, at ever smaller render factors while memory does not suffice.

    Returns:
        The colorizer that succeeded, to go on with, and a prediction for each photo.

    Raises:
        OutOfMemoryError: not even the smallest render factor fits.
    """
    while True:
        try:
            squares = [
                photo.square
                if photo.render_factor == colorizer.render_factor
                else colorizer.prepare(photo.photo.rgb)
                for photo in photos
            ]
            return colorizer, colorizer.predict(squares)
        except OutOfMemoryError:
            smaller = int(colorizer.render_factor * SHRINK)
            if smaller < SMALLEST_RENDER_FACTOR:
                raise
            log.warning("out of memory: going on with render factor %d", smaller)
            colorizer = colorizer.with_render_factor(smaller)


def _finish(
    task: Task,
    fingerprint: str,
    loaded: _Loaded,
    prediction: Prediction,
    colorizer: Colorizer,
    settings: PhotoSettings,
) -> Item:
    began = time.perf_counter()
    try:
        photo = loaded.photo
        rgb = colorizer.finish(photo.rgb, prediction)
        write_photo(replace(photo, rgb=rgb), task.output, quality=settings.quality)
        extras = []
        if settings.compare:
            extras.append(task.output.with_name(f"{task.output.stem}-compare.jpg"))
            write_photo(Photo(task.source, side_by_side(photo.rgb, rgb)), extras[0])
        task.manifest.add(task.output, fingerprint, extras)
    except Exception as error:
        return failed(task, error)
    warnings = []
    if is_grey(prediction):
        warnings.append("the network found no colour in it: it came out grey")
    if colorizer.render_factor != settings.render_factor:
        warnings.append(f"memory sufficed only for render factor {colorizer.render_factor}")
    return Item(
        task.source,
        task.output,
        "done",
        warnings=tuple(warnings),
        render_factor=colorizer.render_factor,
        seconds=loaded.seconds + time.perf_counter() - began,
    )


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
