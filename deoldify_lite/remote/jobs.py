"""Colorize photos and films that have a URL, or whose results get one.

A few at a time are fetched into a private folder, while those before them are colorized there as any file
is, and finished results are put to their URLs. What is done is skipped without being fetched.
"""

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from deoldify_lite.errors import DeoldifyError
from deoldify_lite.remote.outbox import Outbox
from deoldify_lite.remote.staging import staging
from deoldify_lite.run.items import Item
from deoldify_lite.run.manifest import Manifest, Record, fingerprint_of
from deoldify_lite.run.planned import Planned
from deoldify_lite.run.settings import Settings
from deoldify_lite.run.task import Task
from deoldify_lite.storage.store import fetch
from deoldify_lite.storage.url import Place
from deoldify_lite.system.threads import Pending, Workers, map_ahead

# What is colorized in one go, or one file that has more; up to twice that is fetched ahead meanwhile.
MOST_BYTES, MOST_FILES = 256 << 20, 64
AT_ONCE = 8

# Colorizes files on this machine: `colorize_photos` or `colorize_films`, with all but the tasks given.
Colorize = Callable[[Sequence[Task]], Iterator[Item]]


def colorize_elsewhere(
    planned: Sequence[Planned],
    colorize: Colorize,
    settings: Settings,
    *,
    overwrite: bool = False,
    one_by_one: bool = False,
    places: dict[Path, Place] | None = None,
) -> Generator[Item, None, None]:
    """Colorize photos or films whose source or result has a URL, and yield an item for each, with URLs.

    An item is done once its result has arrived. Results and their manifest are put at least twice a minute,
    and when the run is stopped.

    Args:
        planned: the sources, and the names of their results.
        colorize: colorizes copies on this machine; called again and again, with some of them each time.
        settings: all that decides what a result looks like.
        overwrite: render again what is done, and replace files that are not ours.
        one_by_one: colorize a single copy each time, as suits films.
        places: gets the place of each source, under the path of its copy, before the copy is colorized.

    Raises:
        InputError: a store cannot be reached or refuses, or another run here is at work on the same results.
        OptionError: a URL is of a kind that we do not open, or its driver is not installed.
        OSError: there is no room for copies.
    """
    places = {} if places is None else places
    roots: dict[Place, list[Planned]] = {}
    for one in planned:
        roots.setdefault(one.root, []).append(one)
    for root, below in roots.items():
        with staging(root) as folder:
            run = partial(_colorize, colorize, folder / "in", places, one_by_one)
            if isinstance(root, Path):
                manifest = Manifest(root)
                todo = yield from skip_done(below, settings, manifest, overwrite=overwrite)
                yield from run(todo, manifest)
                continue
            deep = any("/" in one.output for one in below)
            with Outbox(root, folder / "out", deep=deep) as outbox:
                manifest = outbox.manifest
                todo = yield from skip_done(
                    below, settings, manifest, overwrite=overwrite, is_whole=outbox.holds
                )
                if todo:
                    outbox.begin()
                for item in run(todo, manifest, before=outbox.mark_foreign):
                    arrived = outbox.take(item) if item.status == "done" else [item]
                    yield from (_put_there(each, outbox) for each in arrived)
                yield from (_put_there(each, outbox) for each in outbox.finish())


def skip_done(
    planned: Sequence[Planned],
    settings: Settings,
    manifest: Manifest,
    *,
    overwrite: bool,
    is_whole: Callable[[Record], bool] | None = None,
) -> Generator[Item, None, list[Planned]]:
    """Yield the items of what is done already or cannot be done, without fetching it; return the rest."""
    todo = []
    for one in planned:
        done, problem = None, one.problem
        if not problem and not overwrite:
            try:
                wanted = fingerprint_of(one.source, settings.as_dict())
                done = manifest.find((one.output, *one.aliases), wanted, one.origin, is_whole=is_whole)
            except OSError as error:
                problem = error.strerror or str(error)
        if problem:
            yield Item(one.place, one.root / one.output, "failed", f"{one.place}: {problem}")
        elif done:
            yield Item(one.place, one.root / done, "skipped", "already done")
        else:
            todo.append(one)
    return todo


def _colorize(
    colorize: Colorize,
    folder: Path,
    places: dict[Path, Place],
    one_by_one: bool,
    todo: Sequence[Planned],
    manifest: Manifest,
    *,
    before: Callable[[Task], None] = lambda task: None,
) -> Iterator[Item]:
    """Fetch sources into `folder` and colorize them into the folder of `manifest`.

    Args:
        before: called with each task before it is colorized.

    Yields:
        Items with the places of the sources, and outputs in the folder of `manifest`.
    """
    for window in _windows(todo, folder, one_by_one=one_by_one):
        copies: dict[Path, Planned] = {}
        tasks = []
        for one, copy in window:
            if isinstance(copy, Exception):
                yield Item(one.place, manifest.folder / one.output, "failed", str(copy))
                continue
            copies[copy], places[copy] = one, one.place
            tasks.append(one.task(copy, manifest))
            before(tasks[-1])
        for item in colorize(tasks) if tasks else ():
            place = copies[Path(item.source)].place
            yield replace(_reworded(item, str(item.source), str(place)), source=place)
        for copy, one in copies.items():
            places.pop(copy)
            if not isinstance(one.source, Path):
                copy.unlink(missing_ok=True)


_Copy = tuple[Planned, "Path | Exception"]


def _windows(todo: Sequence[Planned], folder: Path, *, one_by_one: bool) -> Iterator[list[_Copy]]:
    """Sources to colorize in one go, each with its copy here, or the error in place of it.

    The next ones are fetched meanwhile.
    """
    stop = threading.Event()

    def weigh(numbered: tuple[int, Planned]) -> int:
        source = numbered[1].source
        size = 0 if isinstance(source, Path) else source.size
        return MOST_BYTES if one_by_one else min(MOST_BYTES, max(size, MOST_BYTES // MOST_FILES))

    def copy(numbered: tuple[int, Planned]) -> Path:
        number, one = numbered
        # In a folder of its own: names of files in many folders may be alike.
        source = one.source
        return source if isinstance(source, Path) else fetch(source, folder / str(number), stop=stop)

    numbered = list(enumerate(todo))
    with Workers(AT_ONCE, name="fetching") as fetchers:
        try:
            pending = map_ahead(fetchers, copy, numbered, most=2 * MOST_BYTES, weigh=weigh)
            window: list[_Copy] = []
            weight = 0
            for each, answer in zip(numbered, pending, strict=True):
                window.append((each[1], _answer(answer)))
                weight += weigh(each)
                if weight >= MOST_BYTES:
                    yield window
                    window, weight = [], 0
            if window:
                yield window
        finally:
            stop.set()


def _answer(pending: Pending[Path]) -> Path | Exception:
    try:
        return pending.result()
    except (DeoldifyError, OSError) as error:
        return error


def _put_there(item: Item, outbox: Outbox) -> Item:
    """The item with the URL of its output."""
    output = outbox.root / outbox.manifest.key(Path(item.output))
    return replace(_reworded(item, str(outbox.folder), str(outbox.root)), output=output)


def _reworded(item: Item, here: str, there: str) -> Item:
    """The item with one name in place of another in all that it says."""
    warnings = tuple(warning.replace(here, there) for warning in item.warnings)
    return replace(item, reason=item.reason.replace(here, there), warnings=warnings)
