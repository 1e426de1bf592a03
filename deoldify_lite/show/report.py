"""The run as a page of HTML to look through: before and after of every photo, under one slider each.

Everything is inside the file, so that it can be mailed and opened anywhere. It is written photo by photo, and
at no time are more than a few of them in memory.
"""

import html
import logging
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import quote

from deoldify_lite.errors import DeoldifyError, OptionError
from deoldify_lite.photo.io import pages_of, pixels_of
from deoldify_lite.photo.thumbnail import fit_size, jpeg_uri, look_of, read_small, shrink
from deoldify_lite.render.certainty import doubts_on
from deoldify_lite.render.colorizer import Colorizer, Square
from deoldify_lite.run.items import Item, summary
from deoldify_lite.show.report_template import GENERATOR, NAVIGATION, SCRIPT, head
from deoldify_lite.storage.url import Place, Url
from deoldify_lite.system.files import atomic_path
from deoldify_lite.system.machine import cores
from deoldify_lite.system.threads import Workers, in_batches, map_ahead

log = logging.getLogger(__name__)

NAME = "report.html"
# Longest side of a picture by the number of photos: the page stays near 100 MB at a few thousand of them.
THUMBNAILS_PX = ((300, 480), (1500, 360))
MANY_THUMBNAILS_PX = 240
LEAST_SIDE_PX = 200  # or there is no room for a slider
QUALITY = 78  # of their JPEG
# Pixels of photos being read; one that has more goes alone.
MOST_PIXELS, LEAST_PIXELS = 64_000_000, 1_000_000
BATCH = 8  # photos that are doubted at once


def report_path(wanted: Path | None, inputs: Sequence[Place], out: Place | None) -> Path:
    """Where the page goes: as asked for, or to the results.

    Args:
        wanted: what the user named, if anything.
        inputs: folders and photos of the run.
        out: what the user named for the results, if anything.

    Raises:
        OptionError: it cannot be written there, or there is a file that is not such a page.
    """
    if wanted is not None:
        path = wanted
    elif isinstance(out, Url) or (out is None and isinstance(inputs[0], Url)):
        raise OptionError(
            "--report: the results lie elsewhere: name a file on this machine, --report FILE.html"
        )
    elif out is not None:
        path = (out.parent if out.suffix else out) / NAME
    else:
        first = Path(inputs[0]).resolve()
        path = (first.with_name(f"{first.name}-colorized") if first.is_dir() else first.parent) / NAME
    if path.is_dir() or (wanted is not None and not path.parent.is_dir()):
        raise OptionError(f"--report {path}: name a file in a folder that is there")
    try:
        with open(path, "rb") as file:
            ours = GENERATOR.encode() in file.read(1000)
    except FileNotFoundError:
        return path
    except OSError as error:
        raise OptionError(f"--report {path}: cannot be written there: {error.strerror}") from error
    if not ours:
        raise OptionError(f"--report {path}: exists and is no report of an earlier run: choose another name")
    return path


def write_report_page(
    path: Path,
    items: Sequence[Item],
    *,
    settings: Mapping[str, Any],
    colorizer: Colorizer | None = None,
    second: Colorizer | None = None,
) -> None:
    """Write the page; it reads the photos and their results once more, at a small size where that is faster.

    Args:
        path: of the page, see `report_path`.
        items: what became of each photo, whatever made it.
        settings: of the run, to be shown; None is shown as `default`.
        colorizer: of the run, to tell of its doubts about each photo; None: nothing is told.
        second: of another mode, see `certainty.doubts_on`.

    Raises:
        OSError: it cannot be written.
    """
    side = next((px for most, px in THUMBNAILS_PX if len(items) <= most), MANY_THUMBNAILS_PX)
    root = _common_folder([item.source for item in items])
    title = f"Colorized: {root.name or root}"
    counts = f"{len(items)} photo{'s' * (len(items) != 1)}: {summary(list(items))}"
    # A name may hold bytes that are no letters.
    with atomic_path(path) as part, open(part, "w", encoding="utf-8", errors="replace") as page:
        page.write(head(html.escape(title)))
        page.write(f'<header><h1>{html.escape(title)}</h1><p class="counts">{html.escape(counts)}</p>')
        page.write(f"<details><summary>Settings of this run</summary><dl>{_listed(settings)}</dl></details>")
        page.write(f'</header>\n{NAVIGATION}<main id="photos">\n')
        for number, look in enumerate(_looks(items, side, colorizer, second)):
            page.write(_card(look, number, root, path.absolute().parent))
        page.write('</main>\n<footer><p id="nothing" hidden>No photo is of this kind and name.</p>')
        page.write(_about_doubts(second is not None) if colorizer else "")
        page.write(f"</footer>\n<script>{SCRIPT}</script>\n</body>\n</html>\n")


@dataclass(frozen=True)
class _Look:
    """What there is to see of an item."""

    item: Item
    before: str = ""  # data URI; empty where the photo cannot be read
    after: str = ""
    size: tuple[int, int] = (3, 4)  # height and width of the small pictures
    square: Square | None = None  # the photo as the network sees it
    doubt: float | None = None


def _looks(
    items: Sequence[Item], side: int, colorizer: Colorizer | None, second: Colorizer | None
) -> Iterator[_Look]:
    """Look at all items, with few in memory; reading goes on while the network doubts."""

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
    """A doubt for each square, None for one that is missing, and for all if the network fails."""
    there = [square for square in squares if square is not None]
    try:
        found = iter(doubts_on(colorizer, there, second=second))
    except DeoldifyError as error:
        log.warning("the report cannot tell of doubts: %s", error)
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
    before = jpeg_uri(look_of(photo, shrink(photo.rgb, size)), quality=QUALITY)
    if item.status == "failed":
        return _Look(item, before, size=size)
    square = None if colorizer is None else colorizer.prepare(photo.rgb)
    try:
        result = read_small(item.output, side)
    except (DeoldifyError, MemoryError) as error:
        log.warning("%s: not shown in the report: %s", item.output, error)
        return _Look(item, before, size=size)
    return _Look(
        item, before, jpeg_uri(look_of(result, shrink(result.rgb, size)), quality=QUALITY), size, square
    )


def _card(look: _Look, number: int, root: Path, here: Path) -> str:
    """One photo of the page; whatever its name is, it stays text."""
    item = look.item
    name = _name(item.source, root)
    facts = [_link(item.source, here, "photo")]
    if item.status != "failed":
        facts.append(_link(item.output, here, "result"))
    facts += ["done earlier"] * (item.status == "skipped")
    facts += [f"{item.seconds:.1f} s"] * (item.seconds > 0)
    if look.doubt is not None:
        facts.append(f'doubt {look.doubt:.1f} <b class="place"></b>')
    notes = [f'<p class="warned">{html.escape(warning)}</p>' for warning in item.warnings]
    if item.status == "failed":
        notes.insert(0, f'<p class="failed">{html.escape(item.reason)}</p>')
    marks = "".join(
        f' data-{key}="{html.escape(str(value))}"'
        for key, value in (
            ("number", number),
            ("status", item.status),
            ("name", name),
            ("seconds", f"{item.seconds:.3f}"),
            ("warned", "" if item.warnings else None),
            ("doubt", None if look.doubt is None else f"{look.doubt:.4f}"),
        )
        if value is not None
    )
    return (
        f'<article{marks}><div class="pair">{_slider(look, name)}</div><div class="text">'
        f'<h2>{html.escape(name)}</h2><p class="facts">{" · ".join(facts)}</p>{"".join(notes)}'
        "</div></article>\n"
    )


def _name(source: Place, root: Path) -> str:
    return str(source) if isinstance(source, Url) else os.path.relpath(source.absolute(), root)


def _slider(look: _Look, name: str) -> str:
    if not look.before:
        return '<p class="none">no picture: it cannot be read here</p>'
    name = html.escape(name)
    height, width = look.size

    def image(source: str, about: str) -> str:
        return f'<img data-src="{source}" width="{width}" height="{height}" alt="{about}" decoding="async">'

    before = image(look.before, f"before: {name}")
    if not look.after:
        return f'<span class="stack alone">{before}</span>'
    return (
        f'<span class="stack">{image(look.after, f"after: {name}")}{before}'
        '<span class="knob" aria-hidden="true">&#8596;</span>'
        f'<input type="range" min="0" max="100" value="50" aria-label="share of before: {name}"></span>'
        '<span class="word before">before</span><span class="word after">after</span>'
    )


def _link(path: Place, here: Path, text: str) -> str:
    """A link that holds as long as the page and the file are moved together."""
    if isinstance(path, Url):
        return f"{text}: {html.escape(path)}"
    try:
        target = os.path.relpath(path.absolute(), here)
    except ValueError:  # on another drive of Windows
        return f'<a href="{html.escape(path.absolute().as_uri())}">{text}</a>'
    # All but plain letters as %XX: no name can be taken for a protocol, a query or a fragment.
    return f'<a href="{quote(os.fsencode(target.replace(os.sep, "/")))}">{text}</a>'


def _listed(settings: Mapping[str, Any]) -> str:
    """Names and values, for a <dl>."""

    def told(value: Any) -> str:
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, list | tuple):
            return ", ".join(map(str, value))
        return "default" if value is None else str(value)

    return "".join(
        f"<dt>{html.escape(name.replace('_', ' '))}</dt><dd>{html.escape(told(value))}</dd>"
        for name, value in settings.items()
    )


def _about_doubts(with_second: bool) -> str:
    opinions = "for the photo and for its mirror image"
    if with_second:
        opinions += ", and of the network of another mode"
    return (
        f"<p>Doubt is how far the colours that the network gives {opinions} lie apart, as a distance in CIE "
        "Lab. No truth is known, so it only sorts: look at the least certain first, and do not take the "
        "others for right.</p>"
    )


def _common_folder(sources: Iterable[Place]) -> Path:
    parents = [source.absolute().parent for source in sources if isinstance(source, Path)]
    try:
        return Path(os.path.commonpath(parents))
    except ValueError:  # none, or on several drives of Windows
        return parents[0] if parents else Path.cwd()
