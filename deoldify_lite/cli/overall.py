"""Frames of all films of a run, those to come among them: an estimate that gets better film by film."""

import sys
from collections.abc import Mapping

from tqdm import tqdm

from deoldify_lite.run.items import Item
from deoldify_lite.storage.url import Place


class Overall:
    """Counts frames that are rendered in this run.

    How many frames a film has is known once its turn has come; before that it is taken to have as many for
    its bytes as those that are known.

    Args:
        sizes: bytes of each film of the run.
    """

    def __init__(self, sizes: Mapping[Place, int]) -> None:
        self._sizes = sizes
        self._done: dict[Place, int] = {}  # frames of each film, with those of an earlier run
        self._before: dict[Place, int] = {}  # of these, those of an earlier run
        self._expected: dict[Place, int] = {}
        self._ended: set[Place] = set()

    @property
    def films(self) -> int:
        """How many films there are."""
        return len(self._sizes)

    def frames(self, film: Place, done: int, expected: int) -> None:
        """Take the progress of a film."""
        self._before.setdefault(film, done - 1)
        self._done[film], self._expected[film] = done, expected

    def end(self, item: Item) -> None:
        """Take the outcome of a film: nothing more comes of it."""
        self._ended.add(item.source)
        done = self._done.setdefault(item.source, item.frames or 0)
        self._expected[item.source] = done
        self._before.setdefault(item.source, done)

    @property
    def done(self) -> int:
        """Frames rendered so far."""
        return sum(max(0, done - self._before[film]) for film, done in self._done.items())

    @property
    def expected(self) -> int:
        """Frames that will have been rendered at the end, an estimate."""
        known = sum(max(0, all_of - self._before[film]) for film, all_of in self._expected.items())
        measured = [film for film, frames in self._expected.items() if frames and self._sizes.get(film)]
        size = sum(self._sizes[film] for film in measured)
        frames = sum(self._expected[film] for film in measured)
        to_come = sum(size for film, size in self._sizes.items() if film not in self._expected)
        return known + (round(to_come * frames / size) if size else 0)


class OverallBar:
    """A line below the bar of the present film, on a terminal, for several films: use it in `with`.

    Args:
        disable: show nothing.
    """

    def __init__(self, *, disable: bool) -> None:
        self._disable = disable or not sys.stderr.isatty()
        self._overall = Overall({})
        self._bar: tqdm[None] | None = None

    def begin(self, sizes: Mapping[Place, int]) -> None:
        """Take the bytes of each film."""
        self._overall = Overall(sizes)
        if self._overall.films > 1 and not self._disable:
            # Over all films the pace is steadier than within one.
            self._bar = tqdm(unit="frame", desc="all films, about", position=1, leave=False, smoothing=0.05)

    def frames(self, film: Place, done: int, expected: int) -> None:
        """Show the progress of a film."""
        if self._bar is not None:
            self._overall.frames(film, done, expected)
            self._show(self._bar)

    def end(self, item: Item) -> None:
        """Show that a film has ended."""
        if self._bar is not None:
            self._overall.end(item)
            self._show(self._bar)

    def _show(self, bar: "tqdm[None]") -> None:
        bar.total = self._overall.expected
        bar.update(self._overall.done - bar.n)

    def __enter__(self) -> "OverallBar":
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.close()
