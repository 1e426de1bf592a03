"""One piece of work: what a visitor wishes for, how far it is, and its results."""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from deoldify_lite.errors import DeoldifyError
from deoldify_lite.film.kinds import FILM_SUFFIXES
from deoldify_lite.photo.kinds import PHOTO_SUFFIXES
from deoldify_lite.run.items import Item
from deoldify_lite.storage.url import Place
from deoldify_lite.web.copies import small_copy
from deoldify_lite.web.outcome import Outcome
from deoldify_lite.web.session import Session

log = logging.getLogger(__name__)

THUMB_PX = 320
# Thumbnails on the page; photos beyond them are in the zip file only.
MOST_SHOWN = 60

# Called with the share of the work that is done, and words for it.
OnProgress = Callable[[float, str], None]


@dataclass(frozen=True)
class Wish:
    """What a visitor has chosen on the page."""

    mode: str
    render_factor: int
    saturation: float
    steadiness: float
    recolor_all: bool = False
    start_s: float = 0.0  # the part of a film to preview
    length_s: float = 4.0


@dataclass(frozen=True)
class Result:
    """A photo or film before and after."""

    name: str
    source: Path
    output: Path
    thumb: Path | None = None  # of a photo, in colour
    start_s: float = 0.0  # of a film: where `output` begins in it
    shown: Path | None = None  # of a film: a copy that browsers play


@dataclass(frozen=True)
class Work:
    """Results of one press of a button."""

    outcomes: list[Outcome]
    photos: list[Result]
    films: list[Result]
    folder: Path  # of all that belongs to it

    @property
    def results(self) -> list[Result]:
        """Photos, then films."""
        return [*self.photos, *self.films]


@dataclass(frozen=True)
class Sheet:
    """One picture at several render factors."""

    name: str  # of the photo or film
    cells: list[tuple[int, Path]]  # render factors, and small pictures rendered with them


class Progress:
    """Collects what is finished, reports how far the rest is, and stops it when asked.

    Args:
        session: of the visitor.
        folder: for thumbnails.
        on_progress: called after each photo, film or frame.
        total: number of photos and films.
    """

    def __init__(self, session: Session, folder: Path, on_progress: OnProgress, total: int) -> None:
        self.items: list[Item] = []
        self.results: dict[Path, Result] = {}  # of those that are done, by their source
        self._session, self._folder, self._report, self._total = session, folder, on_progress, total

    def on_item(self, item: Item, _: int) -> None:
        """Take in a finished photo or film."""
        self.items.append(item)
        if item.status == "done":
            source, output = Path(item.source), Path(item.output)
            self.results[source] = Result(source.name, source, output, self._thumb(source, output))
        self._report(len(self.items) / self._total, f"{len(self.items)} of {self._total} done")
        self._session.check()

    def on_frames(self, film: Place, done: int, expected: int) -> None:
        """Report the frames of a film."""
        share = min(done / max(expected, 1), 1)
        self._report((len(self.items) + share) / self._total, f"{film.name}: {done} of {expected} frames")
        self._session.check()

    def _thumb(self, source: Path, output: Path) -> Path | None:
        if not photos_of([source]) or self._total == 1 or len(self.results) >= MOST_SHOWN:
            return None
        try:
            return small_copy(output, self._folder / f"{output.name}-thumb.jpg", THUMB_PX)
        except (DeoldifyError, OSError) as error:
            log.debug("%s: no thumbnail: %s", output, error)
            return None


def photos_of(paths: Iterable[Path]) -> list[Path]:
    """Those that are photos by their names."""
    return [path for path in paths if path.suffix.lower() in PHOTO_SUFFIXES]


def films_of(paths: Iterable[Path]) -> list[Path]:
    """Those that are films by their names."""
    return [path for path in paths if path.suffix.lower() in FILM_SUFFIXES]
