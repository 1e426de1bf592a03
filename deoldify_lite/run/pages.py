"""The pages of a photo: each goes through the network by itself, and together they make one result."""

import os
import threading
from collections.abc import Iterator, Set
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from deoldify_lite.color.arrays import Square
from deoldify_lite.errors import DeoldifyError, InputError
from deoldify_lite.photo.io import tiff_writer, write_photo
from deoldify_lite.photo.kinds import holds_pages
from deoldify_lite.photo.photo import Photo
from deoldify_lite.photo.tiff_write import TiffWriter
from deoldify_lite.run.delivery import DeliveryOf
from deoldify_lite.run.failure import failed
from deoldify_lite.run.items import Item
from deoldify_lite.run.settings import PhotoSettings
from deoldify_lite.run.task import Task
from deoldify_lite.run.versions import Taken
from deoldify_lite.system.files import part_beside

# Pixels that are in memory at a time, each, being read, predicted and written; a page with more goes alone.
MOST_PIXELS = 64_000_000
# What a page counts for at least, so that ever so many small ones do not pile up.
LEAST_PIXELS = 1_000_000
# Pages that one warning names.
NAMED = 10


class PagedResult:
    """The result of several pages: one TIFF, or if the format holds no pages, a file for each.

    `add` may be called by any thread, the other methods by one alone.

    Args:
        task: its output is the TIFF, or the file of the first page.
        settings: of the run.
        pages: how many will come.
        notes: warnings about pages that are left out.
        delivery: of the result.
        overwrite: replace files of further pages that no run of ours has made.
        outputs: names of all results of the run, in lower case; no further page gets one of them.
    """

    def __init__(
        self,
        task: Task,
        settings: PhotoSettings,
        pages: int,
        notes: tuple[str, ...] = (),
        *,
        delivery: DeliveryOf,
        overwrite: bool = False,
        outputs: Set[str] = frozenset(),
    ) -> None:
        self.task = task
        self._settings = settings
        self._notes = notes
        self._delivery = delivery
        self._overwrite = overwrite
        self._outputs = outputs
        self.pages = pages
        self._items: dict[int, Item | None] = dict.fromkeys(range(1, pages + 1))
        self._lock = threading.Lock()
        self._context: AbstractContextManager[TiffWriter] | None = None
        self._writer: TiffWriter | None = None
        self._part: Path | None = None  # finished, and about to get the result's name

    def add(self, photo: Photo, number: int) -> tuple[str, ...]:
        """Write a page; return warnings about it, which a TIFF may add to once it is closed.

        Raises:
            InputError: it cannot be written.
        """
        if not holds_pages(self.task.output):
            path = self.page_path(self.task.output, number)
            self._check(path, number)
            deliver = self._set_aside if number == 1 else os.replace
            return write_photo(
                photo, path, quality=self._settings.quality, effort=self._settings.effort, deliver=deliver
            )
        with self._lock:
            if self._writer is None:
                self._context = tiff_writer(self.task.source, self.task.output, deliver=self._set_aside)
                self._writer = self._context.__enter__()
        try:
            self._writer.add(photo, number)
        except OSError as error:
            raise InputError(f"{self.task.output}: cannot be written: {error.strerror or error}") from error
        return ()

    def page_path(self, path: Path, number: int) -> Path:
        """Return the name of a file for one page: that of the first is `path` itself."""
        if number == 1:
            return path
        short = path.with_name(f"{path.stem}-page{number}{path.suffix}")
        full = path.with_name(f"{self.task.source.name}-page{number}{path.suffix}")
        return full if str(short).casefold() in self._outputs else short

    def comparison(self, number: int) -> Path | None:
        """Return where before and after of a page go, side by side.

        Raises:
            InputError: a file that no run of ours has made is there.
        """
        if self.task.comparison is None:
            return None
        path = self.page_path(self.task.comparison, number)
        self._check(path, number)
        return path

    def end_page(self, number: int, item: Item) -> Item | None:
        """Take the outcome of a page; return that of the photo once it was the last page, or else None."""
        self._items[number] = item
        items = [item for item in self._items.values() if item is not None]
        return self._bind(items) if len(items) == len(self._items) else None

    def drop(self) -> None:
        """Remove what is left of a result that was not delivered."""
        if self._context is not None:
            stopped = InputError(f"{self.task.output}: was not finished")
            self._context.__exit__(type(stopped), stopped, None)
        self._context = self._writer = None
        if self._part is not None:
            self._part.unlink(missing_ok=True)

    def _set_aside(self, part: Path, output: Path) -> None:
        """Keep a finished file under another hidden name, until all pages are done."""
        self._part = part_beside(output)
        os.replace(part, self._part)

    def _bind(self, items: list[Item]) -> Item:
        """Make one result of the pages that were done, and one outcome of all."""
        task, done = self.task, [item for item in items if item.status == "done"]
        if not done:
            self.drop()
            return replace(items[0], reason=f"{items[0].reason} (page 1, and no other page can be read)")
        missing: list[str] = []
        warnings: dict[str, list[int]] = {}  # about pages, with the numbers of those
        extras: list[Path] = []
        for number, item in enumerate(items, 1):
            if item.status != "done":
                missing.append(f"page {number} is not in the result: {item.reason}")
                continue
            for warning in item.warnings:
                warnings.setdefault(warning, []).append(number)
            if not holds_pages(task.output) and number > 1:
                extras.append(self.page_path(task.output, number))
            if task.comparison is not None:
                extras.append(self.page_path(task.comparison, number))
        factor = min(item.render_factor or 0 for item in done)
        try:
            if self._context is not None:
                context, self._context = self._context, None
                context.__exit__(None, None, None)
            if self._writer is not None:
                for number, lost in sorted(self._writer.warnings.items()):
                    for warning in lost:
                        warnings.setdefault(warning, []).append(number)
            if self._part is None:
                raise InputError(f"{task.output}: its first page could not be made: {items[0].reason}")
            self._delivery(task, factor, extras)(self._part, task.output)
        except (DeoldifyError, OSError) as error:
            return failed(task, error)
        seconds = sum(item.seconds for item in done)
        shares = None if task.colors is None else [item.colors_share or 0 for item in done]
        told = (f"{_pages(numbers, len(items))}: {text}" for text, numbers in warnings.items())
        return Item(
            task.source,
            task.output,
            "done",
            warnings=(*self._notes, *missing, *told),
            render_factor=factor,
            seconds=seconds,
            layer=task.layer,
            colors_from=done[0].colors_from,
            colors_share=None if shares is None else sum(shares) / len(shares),
        )

    def _check(self, path: Path, number: int) -> None:
        """Refuse to replace a file that is not ours; those of the first page were checked before the run."""
        foreign = number > 1 and path.exists() and not self.task.manifest.made(path)
        if foreign and not self._overwrite:
            raise InputError(
                f"{path}: exists and is not a result of an earlier run: "
                "move it away, name another folder with -o, or allow --overwrite"
            )


def _pages(numbers: list[int], count: int) -> str:
    """The pages of a photo that a warning is about, few of them by number."""
    if len(numbers) == count:
        return "every page"
    if len(numbers) == 1:
        return f"page {numbers[0]}"
    if len(numbers) <= NAMED:
        return f"pages {', '.join(map(str, numbers))}"
    return f"{len(numbers)} pages, such as {', '.join(map(str, numbers[:3]))}"


@dataclass(frozen=True, eq=False)
class Page:
    """A page of a photo on its way through the network; most photos have one. It also carries a failure."""

    task: Task
    pixels: int
    index: int = 0  # in the file
    notes: tuple[str, ...] = ()  # on pages that are left out
    result: PagedResult | None = None  # if the photo has several pages
    layers: PagedResult | None = None  # likewise, of the layers beside the result
    number: int = 1  # in the result
    photo: Photo | None = None
    square: Square | None = None  # the photo as the network sees it
    square_factor: int = 0  # render factor that the square was made for
    taken: Taken | None = None  # the colours of a version
    error: Exception | None = None
    seconds: float = 0.0  # spent on it so far

    @property
    def needs_network(self) -> bool:
        """Whether a part of its colour is the network's."""
        return self.taken is None or self.taken.given.needs_network

    def ended(self, item: Item) -> Iterator[Item]:
        """Yield the photo's outcome, if this page was its last; `item` is that of the page."""
        if self.result is None:
            yield replace(item, warnings=tuple(dict.fromkeys((*self.notes, *item.warnings))))
            return
        # The layers first, so that the result stands for all of it.
        layers = self.layers.end_page(self.number, item) if self.layers else None
        whole = self.result.end_page(self.number, item)
        if whole:
            yield layers if layers and layers.status == "failed" else whole
