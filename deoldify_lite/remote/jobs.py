"""Photos and films that lie elsewhere, or whose results go there.

A few at a time are fetched into a private folder, while those before them are colorized there as any file
is, and results are put behind. What is done is skipped without being fetched.
"""

import logging
import threading
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path, PurePosixPath

from deoldify_lite.errors import DeoldifyError
from deoldify_lite.remote.outbox import Outbox
from deoldify_lite.remote.plan import Errand, Mirror
from deoldify_lite.remote.staging import staging
from deoldify_lite.run.items import Item
from deoldify_lite.run.manifest import Manifest, Record, fingerprint_of
from deoldify_lite.run.settings import Settings
from deoldify_lite.run.task import Task
from deoldify_lite.storage.store import fetch
from deoldify_lite.storage.url import Place, Url
from deoldify_lite.system.threads import Pending, Workers, map_ahead

log = logging.getLogger(__name__)

# What is colorized in one go, or one file that has more; up to twice that is fetched ahead meanwhile.
MOST_BYTES, MOST_FILES = 256 << 20, 64
AT_ONCE = 8

# Colorizes files that lie here: `colorize_photos` or `colorize_films`, with all but the tasks given.
Colorize = Callable[[Sequence[Task]], Iterator[Item]]


def colorize_elsewhere(
    mirrors: Sequence[Mirror],
    colorize: Colorize,
    settings: Settings,
    *,
    overwrite: bool = False,
    suffix_of: Callable[[Path], str] | None = None,
    places: dict[Path, Place] | None = None,
) -> Generator[Item, None, None]:
    """Colorize what `plan_mirrors` has planned, and tell of each what became of it, with URLs.

    An item is done once its result has arrived. Results and their manifest are put at least twice a minute,
    and when the run is stopped.

    Args:
        mirrors: what goes where.
        colorize: what is done with the copies; called again and again, with some of them each time.
        settings: all that decides what a result looks like.
        overwrite: render again what is done, and replace files that are not ours.
        suffix_of: for films, which go one by one: the suffix of the result, after a look into the source.
        places: is told of what each copy is one, before it is colorized.

    Raises:
        InputError: a store cannot be reached or refuses, or another run here is at work on the same results.
        OptionError: a URL is of no kind that we open, or its driver is not installed.
        OSError: there is no room for copies.
    """
    for mirror in mirrors:
        with staging(mirror.root) as folder:
            run = partial(
                _colorize, mirror, colorize, settings, folder / "in", overwrite, suffix_of,
                {} if places is None else places,
            )  # fmt: skip
            if isinstance(mirror.root, Path):
                manifest = Manifest(mirror.root)
                yield from run(manifest, partial(_stands, mirror.root), None)
                continue
            deep = any("/" in errand.output for errand in mirror.errands)
            with Outbox(mirror.root, folder / "out", deep=deep) as outbox:
                for item in run(outbox.manifest, outbox.holds, outbox):
                    if item.status == "done":
                        arrived = outbox.take(item)
                        yield from (_put_there(each, outbox) for each in arrived)
                    else:
                        yield _put_there(item, outbox)
                yield from (_put_there(each, outbox) for each in outbox.finish())


def _colorize(
    mirror: Mirror,
    colorize: Colorize,
    settings: Settings,
    folder: Path,
    overwrite: bool,
    suffix_of: Callable[[Path], str] | None,
    places: dict[Path, Place],
    manifest: Manifest,
    stands: Callable[[Record], bool],
    outbox: Outbox | None,
) -> Iterator[Item]:
    """Items whose sources are told by URL, and whose outputs are in the manifest's folder."""
    records = {} if overwrite else {record.output: record for record in manifest.records()}
    todo = []
    for errand in mirror.errands:
        output = manifest.folder / errand.output
        try:
            done = None if errand.problem else _done(errand, records, stands, settings, suffix_of is not None)
        except OSError as error:
            yield _item(errand, output, "failed", f"{errand.place}: {error.strerror or error}")
            continue
        if errand.problem:
            yield _item(errand, output, "failed", f"{errand.place}: {errand.problem}")
        elif done is not None:
            yield _item(errand, manifest.folder / done, "skipped", "already done")
        else:
            todo.append(errand)

    if outbox is not None and todo:
        outbox.begin()
    taken = {errand.output.casefold() for errand in mirror.errands}
    for window in _windows(todo, folder, alone=suffix_of is not None):
        copies: dict[Path, Errand] = {}
        tasks = []
        for errand, local in window:
            if isinstance(local, Exception):
                yield _item(errand, manifest.folder / errand.output, "failed", str(local))
                continue
            copies[local] = errand
            places[local] = errand.place
            name = errand.output if suffix_of is None else _settled(errand, suffix_of(local), taken)
            task = Task(
                local,
                manifest.folder / name,
                manifest,
                manifest.folder / errand.comparison if errand.comparison else None,
                str(errand.place) if isinstance(errand.place, Url) else "",
            )
            if outbox is not None:
                outbox.mark_foreign(task)
            tasks.append(task)
        for item in colorize(tasks) if tasks else ():
            errand = copies[Path(item.source)]
            yield replace(
                item,
                source=errand.place,
                reason=item.reason.replace(str(item.source), str(errand.place)),
                warnings=tuple(
                    warning.replace(str(item.source), str(errand.place)) for warning in item.warnings
                ),
            )
        for local, errand in copies.items():
            places.pop(local)
            if not isinstance(errand.source, Path):
                local.unlink(missing_ok=True)


def _done(
    errand: Errand,
    records: Mapping[str, Record],
    stands: Callable[[Record], bool],
    settings: Settings,
    is_film: bool,
) -> str | None:
    """The name of the very result that is asked for, if it exists already, whole.

    Raises:
        OSError: the source cannot be looked at.
    """
    names = _names_of(errand) if is_film else [errand.output]
    found = [records[name] for name in names if name in records]
    if not found:
        return None
    source = errand.source
    wanted = fingerprint_of(source, settings.as_dict())
    origin = str(source.absolute() if isinstance(source, Path) else source.url)
    for record in found:
        # Under a name that was not planned, it might be the result of another film.
        ours = record.output == errand.output or record.source == origin
        if ours and record.fingerprint == wanted and stands(record):
            return record.output
    return None


def _names_of(errand: Errand) -> list[str]:
    """What a film's result may be called: its container is chosen after a look into the film."""
    output = PurePosixPath(errand.output)
    others = [output.with_suffix(".mkv"), output.with_name(f"{errand.place.name}.mkv")]
    return [errand.output, *map(str, others)]


def _settled(errand: Errand, suffix: str, taken: set[str]) -> str:
    """The name of a film's result, whose suffix is known now; the source's full name if it is taken."""
    output = PurePosixPath(errand.output)
    if suffix == output.suffix or errand.named:
        return errand.output
    name = str(output.with_suffix(suffix))
    if name.casefold() in taken:
        name = str(output.with_name(f"{errand.place.name}{suffix}"))
    taken.add(name.casefold())
    return name


_Copy = tuple[Errand, "Path | Exception"]


def _windows(todo: Sequence[Errand], folder: Path, *, alone: bool) -> Iterator[list[_Copy]]:
    """What is colorized in one go, with a copy of each here, or why there is none; the next are fetched
    meanwhile."""
    stop = threading.Event()

    def weigh(numbered: tuple[int, Errand]) -> int:
        source = numbered[1].source
        size = 0 if isinstance(source, Path) else source.size
        return MOST_BYTES if alone else min(MOST_BYTES, max(size, MOST_BYTES // MOST_FILES))

    def copy(numbered: tuple[int, Errand]) -> Path:
        number, errand = numbered
        # In a folder of its own: names of files in many folders may be alike.
        source = errand.source
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


def _stands(root: Path, record: Record) -> bool:
    path = root / record.output
    return path.is_file() and path.stat().st_size == record.size


def _item(errand: Errand, output: Path, status: str, reason: str) -> Item:
    return Item(errand.place, output, status, reason)


def _put_there(item: Item, outbox: Outbox) -> Item:
    """The item with the URL of its output, and told of by it."""
    here, there = str(outbox.folder), str(outbox.root)
    return replace(
        item,
        output=outbox.root / outbox.manifest.key(Path(item.output)),
        reason=item.reason.replace(here, there),
        warnings=tuple(warning.replace(here, there) for warning in item.warnings),
    )
