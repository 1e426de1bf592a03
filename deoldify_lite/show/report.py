"""The report of a run: an HTML page with before and after of every photo under a slider.

The page is one file that can be mailed and opened anywhere. It is written photo by photo, with few of them in
memory.
"""

import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from deoldify_lite.color.arrays import Square, fit_size, resize
from deoldify_lite.errors import DeoldifyError, OptionError
from deoldify_lite.photo.io import pages_of, pixels_of
from deoldify_lite.photo.kinds import PHOTO_SUFFIXES
from deoldify_lite.photo.thumbnail import jpeg_uri, look_of, read_small
from deoldify_lite.render.certainty import doubts_on
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.run.items import Item, summary
from deoldify_lite.run.layers import LAYER_MARK
from deoldify_lite.run.manifest import Manifest
from deoldify_lite.storage.url import Place, Url
from deoldify_lite.system.destination import check_destination, is_regular, is_stdout, writing_to
from deoldify_lite.system.machine import cores
from deoldify_lite.system.selection import LeftOut
from deoldify_lite.system.threads import Workers, in_batches, map_ahead
from deoldify_lite.templates.environment import render_pieces

log = logging.getLogger(__name__)

NAME = "report.html"
# Marks our own pages, so that no other file is replaced.
GENERATOR = "deoldify_lite report"
# Longest side of a picture by the number of photos: the page stays near 100 MB at a few thousand of them.
THUMBNAILS_PX = ((300, 480), (1500, 360))
MANY_THUMBNAILS_PX = 240
LEAST_SIDE_PX = 200  # or there is no room for a slider
QUALITY = 78  # of their JPEG
# Pixels of photos being read; one that has more goes alone.
MOST_PIXELS, LEAST_PIXELS = 64_000_000, 1_000_000
BATCH = 8  # photos that are doubted at once


def report_path(wanted: Path | None, inputs: Sequence[Place], out: Place | None) -> Path:
    """Return where the page goes: to `wanted`, or next to the results.

    Args:
        wanted: what the user named, if anything.
        inputs: folders and photos of the run.
        out: what the user named for the results, if anything.

    Raises:
        OptionError: the page cannot be written there, or another kind of file is there.
    """
    if wanted is not None:
        path = wanted
    elif isinstance(out, Url) or (out is None and isinstance(inputs[0], Url)):
        raise OptionError(
            "--report: the results are not on this machine: name a file that is, --report FILE.html"
        )
    elif out is not None:
        path = (out.parent if out.suffix else out) / NAME
    else:
        first = Path(inputs[0]).resolve()
        path = (first.with_name(f"{first.name}-colorized") if first.is_dir() else first.parent) / NAME
    if path.is_dir() or (wanted is not None and not is_stdout(path) and not path.parent.is_dir()):
        raise OptionError(f"--report {path}: name a file in a folder that exists")
    try:
        if wanted is not None:
            check_destination(path)
        if not is_regular(path):
            return path
        with open(path, "rb") as file:
            ours = f'<meta name="generator" content="{GENERATOR}">'.encode() in file.read(1000)
    except FileNotFoundError:
        return path
    except OSError as error:
        raise OptionError(f"--report {path}: cannot be written there: {error.strerror}") from error
    if not ours:
        raise OptionError(f"--report {path}: is not a report of an earlier run: choose another name")
    return path


def items_of(manifest: Manifest) -> list[Item]:
    """Return an item for each photo that is recorded as done, in the order of results' names."""
    return [
        Item(Path(record.source), manifest.folder / record.output, "done")
        for record in manifest.records()
        if Path(record.output).suffix.lower() in PHOTO_SUFFIXES
        and not Path(record.output).stem.endswith(LAYER_MARK)
        and Path(record.source).is_file()
        and (manifest.folder / record.output).is_file()
    ]


def write_report_page(
    path: Path,
    items: Sequence[Item],
    *,
    settings: Mapping[str, Any],
    left_out: LeftOut | None = None,
    colorizer: Colorizer | None = None,
    second: Colorizer | None = None,
    stopped: bool = False,
) -> None:
    """Write the page; photos and results are read again, at a small size where that is faster.

    Args:
        path: of the page, see `report_path`.
        items: one per photo.
        settings: of the run, to be shown; None is shown as `default`.
        left_out: what is in the folders beside the photos.
        colorizer: of the run, to rate its uncertainty about each photo; None: the page has no ratings.
        second: of another mode, see `certainty.doubts_on`.
        stopped: the run was stopped, so that photos may be missing.

    Raises:
        OSError: the page cannot be written.
    """
    side = next((px for most, px in THUMBNAILS_PX if len(items) <= most), MANY_THUMBNAILS_PX)
    root = _common_folder([item.source for item in items])
    here = path.absolute().parent
    pieces = render_pieces(
        "report.html.j2",
        generator=GENERATOR,
        title=f"Colorized: {root.name or root}",
        counts=f"{len(items)} photo{'s' * (len(items) != 1)}: {summary(list(items), left_out)}",
        settings=[(name.replace("_", " "), _as_text(value)) for name, value in settings.items()],
        looks=_looks(items, side, colorizer, second),
        name_of=lambda place: str(place) if isinstance(place, Url) else os.path.relpath(place, root),
        target_of=lambda place: None if isinstance(place, Url) else _relative_link(place, here),
        judged=colorizer is not None,
        second=second is not None,
        stopped=stopped,
    )
    # A name may hold bytes that are not letters.
    with writing_to(path) as part, open(part, "w", encoding="utf-8", errors="replace") as page:
        page.writelines(pieces)


@dataclass(frozen=True)
class _Look:
    """What the page shows of an item."""

    item: Item
    before: str = ""  # data URI; empty where the photo cannot be read
    after: str = ""
    size: tuple[int, int] = (3, 4)  # height and width of the small pictures
    square: Square | None = None  # the photo as the network sees it
    doubt: float | None = None


def _looks(
    items: Sequence[Item], side: int, colorizer: Colorizer | None, second: Colorizer | None
) -> Iterator[_Look]:
    """Read the pictures of all items, with few in memory; reading goes on while the network works."""

    def weigh(item: Item) -> int:
        return LEAST_PIXELS if isinstance(item.source, Url) else max(LEAST_PIXELS, pixels_of(item.source))

    with Workers(max(2, cores() // 2), name="thumbnails") as workers:
        reading = map_ahead(
            workers, partial(_look_at, side=side, colorizer=colorizer), items, most=MOST_PIXELS, weigh=weigh
        )
        looks = (pending.result() for pending in reading)
        if colorizer is None:
            yield from looks
            return
        for batch in in_batches(looks, BATCH):
            known = _doubts([look.square for look in batch], colorizer, second)
            for look, doubt in zip(batch, known, strict=True):
                yield replace(look, square=None, doubt=doubt)


def _doubts(
    squares: Sequence[Square | None], colorizer: Colorizer, second: Colorizer | None
) -> list[float | None]:
    """Rate each square; None for one that is missing, and for all if the network fails."""
    there = [square for square in squares if square is not None]
    try:
        found = iter(doubts_on(colorizer, there, second=second))
    except DeoldifyError as error:
        log.warning("the report has no ratings of uncertainty: %s", error)
        return [None] * len(squares)
    return [None if square is None else next(found) for square in squares]


def _look_at(item: Item, *, side: int, colorizer: Colorizer | None) -> _Look:
    """Read photo and result at a small size; what cannot be read, or lies elsewhere, is not shown."""
    if isinstance(item.source, Url) or isinstance(item.output, Url):
        return _Look(item)
    least = side if colorizer is None else max(side, 2 * colorizer.render_size)
    try:
        photo = read_small(item.source, least, page=pages_of(item.source)[0][0][0])
    except (DeoldifyError, MemoryError):
        return _Look(item)
    size = fit_size(photo.rgb.shape, side, least_px=LEAST_SIDE_PX)
    before = jpeg_uri(look_of(photo, resize(photo.rgb, size)), quality=QUALITY)
    if item.status == "failed":
        return _Look(item, before, size=size)
    square = None if colorizer is None else colorizer.prepare(photo.rgb)
    try:
        result = read_small(item.output, side)
    except (DeoldifyError, MemoryError) as error:
        log.warning("%s: not shown in the report: %s", item.output, error)
        return _Look(item, before, size=size)
    return _Look(
        item, before, jpeg_uri(look_of(result, resize(result.rgb, size)), quality=QUALITY), size, square
    )


def _relative_link(path: Path, here: Path) -> str:
    """A link that holds as long as the page and the file are moved together."""
    try:
        target = os.path.relpath(path.absolute(), here)
    except ValueError:  # on another drive of Windows
        return path.absolute().as_uri()
    # All but plain letters as %XX: no name can be taken for a protocol, a query or a fragment.
    return quote(os.fsencode(target.replace(os.sep, "/")))


def _as_text(value: Any) -> str:
    """The value of a setting."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "none"
    return "default" if value is None else str(value)


def _common_folder(sources: Iterable[Place]) -> Path:
    parents = [source.absolute().parent for source in sources if isinstance(source, Path)]
    try:
        return Path(os.path.commonpath(parents))
    except ValueError:  # none, or on several drives of Windows
        return parents[0] if parents else Path.cwd()
