"""A dry run of photos: what is left to do by their headers, and what a few of them take, from a sample."""

import logging
import os
import tempfile
from collections import defaultdict
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean

from deoldify_lite.errors import DeoldifyError
from deoldify_lite.photo.io import pages_of, read_photo
from deoldify_lite.run.batches import render_photos
from deoldify_lite.run.dry.network import BUDGET_S, Gauge
from deoldify_lite.run.failure import failed
from deoldify_lite.run.items import Item
from deoldify_lite.run.outlook import Outlook
from deoldify_lite.run.photos import left_to_do
from deoldify_lite.run.settings import PhotoSettings
from deoldify_lite.run.task import Task
from deoldify_lite.system.machine import cores

log = logging.getLogger(__name__)

# Larger photos are not samples: each would take seconds.
MOST_PIXELS = 32_000_000


@dataclass(frozen=True)
class _Seen:
    """A photo by its header."""

    task: Task
    pages: int
    pixels: int  # of all pages
    notes: tuple[str, ...]  # on pages that are left out


@dataclass(frozen=True)
class _Pace:
    """What a pixel takes beside the network, and what is written for it."""

    seconds: float  # to read and write it, on one core
    bytes: float


def plan_photos(
    tasks: Sequence[Task],
    settings: PhotoSettings,
    load_gauge: Callable[[], Gauge | None],
    *,
    overwrite: bool = False,
) -> Generator[Item, None, None]:
    """Yield what would become of each photo; nothing is written but a sample, in a temporary folder.

    Args:
        tasks: the photos.
        settings: of the run.
        load_gauge: gives the network to measure; None: others do the work. It is called if something is left
            to do.
        overwrite: as of the run.
    """
    todo = yield from left_to_do(tasks, settings, overwrite=overwrite)
    seen = []
    for task in todo:
        try:
            seen.append(_look(task, settings))
        except (DeoldifyError, MemoryError) as error:
            yield failed(task, error)
    if not seen:
        return
    gauge = load_gauge()
    paces = _sample(seen, settings, gauge) if gauge else {}
    for one in seen:
        outlook = Outlook(one.pixels)
        if gauge and paces:
            pace = paces.get(one.task.source.suffix.lower()) or _mean(paces)
            outlook = replace(
                outlook, seconds=_seconds(one, pace, gauge), bytes=round(one.pixels * pace.bytes)
            )
        task = one.task
        yield Item(task.source, task.output, "planned", warnings=one.notes, layer=task.layer, outlook=outlook)


def _look(task: Task, settings: PhotoSettings) -> _Seen:
    """Look at the header of a photo.

    Raises:
        InputError: it cannot be read.
    """
    pages, notes = pages_of(task.source)
    if all(pixels for _, pixels in pages):
        return _Seen(task, len(pages), sum(pixels for _, pixels in pages), tuple(notes))
    rgb = read_photo(task.source, damaged=settings.damaged).rgb  # says why its header cannot be read
    return _Seen(task, len(pages), rgb.shape[0] * rgb.shape[1], tuple(notes))


def _sample(seen: Sequence[_Seen], settings: PhotoSettings, gauge: Gauge) -> dict[str, _Pace]:
    """Colorize a photo of each kind of file, the frequent kinds first, until half a second is over.

    Returns:
        The pace of each kind, by suffix; none if no sample could be made.
    """
    kinds: dict[str, list[_Seen]] = defaultdict(list)
    for one in seen:
        kinds[one.task.source.suffix.lower()].append(one)
    paces: dict[str, _Pace] = {}
    spent = 0.0
    for suffix, alike in sorted(kinds.items(), key=lambda pair: -len(pair[1])):
        # The one of middle size.
        alike = sorted((one for one in alike if one.pixels <= MOST_PIXELS), key=lambda one: one.pixels)
        if spent < BUDGET_S and alike and (pace := _pace_of(alike[len(alike) // 2], settings, gauge)):
            paces[suffix] = pace
            spent += pace.seconds * alike[len(alike) // 2].pixels
    return paces


def _pace_of(one: _Seen, settings: PhotoSettings, gauge: Gauge) -> _Pace | None:
    """Colorize one photo into a temporary folder; None if it fails, which the run will say."""
    with tempfile.TemporaryDirectory(prefix="deoldify-lite-") as name:
        folder = Path(name)

        def there(path: Path | None) -> Path | None:
            return None if path is None else folder / path.name

        task = one.task
        sample = replace(
            task,
            output=folder / task.output.name,
            comparison=there(task.comparison),
            layer=there(task.layer),
        )
        items = render_photos(
            [sample],
            gauge.colorizer,
            settings,
            frozenset(),
            delivery=lambda *_: os.replace,
            batch_size=1,
            overwrite=True,
        )
        (item,) = items
        if item.status != "done":
            log.debug("%s: no sample: %s", task.source, item.reason)
            return None
        written = sum(path.stat().st_size for path in folder.iterdir())
    return _Pace(item.seconds / one.pixels, written / one.pixels)


def _mean(paces: Mapping[str, _Pace]) -> _Pace:
    return _Pace(fmean(one.seconds for one in paces.values()), fmean(one.bytes for one in paces.values()))


def _seconds(one: _Seen, pace: _Pace, gauge: Gauge) -> float:
    """Estimate the seconds of a photo among others: the cores read and write several at a time."""
    around_s = one.pixels * pace.seconds / cores()
    network_s = one.pages * gauge.picture_s
    # On a CPU the network takes the cores for itself; beside a GPU, the slower of the two decides.
    return network_s + around_s if gauge.on_cpu else max(network_s, around_s)
