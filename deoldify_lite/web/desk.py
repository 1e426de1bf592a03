"""What the buttons of the page do, without the page."""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from deoldify_lite import api
from deoldify_lite.api import Rendering
from deoldify_lite.color.arrays import fit_size, resize
from deoldify_lite.errors import DeoldifyError
from deoldify_lite.film.kinds import FILM_SUFFIXES
from deoldify_lite.film.probe import probe_film
from deoldify_lite.photo.io import read_photo
from deoldify_lite.photo.kinds import PHOTO_SUFFIXES
from deoldify_lite.render.modes import RENDER_FACTORS, check_render_factor
from deoldify_lite.run.items import Item
from deoldify_lite.storage.url import Place
from deoldify_lite.web.copies import (
    SLIDER_PX,
    THUMB_PX,
    film_still,
    middle_frames,
    playable,
    small_copy,
    small_photo,
)
from deoldify_lite.web.network import KeptRendering, OneNetwork
from deoldify_lite.web.outcome import Outcome, outcome_of
from deoldify_lite.web.session import Session, Sessions, gather

log = logging.getLogger(__name__)

# Of a sheet to choose from, as shares of the usual render factor.
SHEET = (0.5, 0.75, 1, 1.33, 1.67, 2)
SHEET_PX = 480
# Thumbnails on the page; what comes after them is in the zip file.
MOST_SHOWN = 60
STOPPED = "stopped before it was finished"

# Called with the share of the work that is done, and words for it.
Tell = Callable[[float, str], None]


@dataclass(frozen=True)
class Wish:
    """What a visitor has chosen."""

    mode: str
    render_factor: int
    saturation: float
    steadiness: float
    recolor_all: bool = False


@dataclass(frozen=True)
class Result:
    """A photo or film before and after."""

    name: str
    source: Path
    output: Path
    thumb: Path | None = None  # of a photo, in colour


@dataclass(frozen=True)
class Work:
    """What came out of one press of a button."""

    outcomes: list[Outcome]
    photos: list[Result]
    films: list[Result]
    folder: Path  # of all that belongs to it


class Stopped(DeoldifyError):
    """The visitor has stopped the work, or left."""


class Desk:
    """Where visitors' work is done, a piece at a time.

    Args:
        sessions: the visitors.
        weights, device, precision, backend: as in `api.settle`.
    """

    def __init__(
        self,
        sessions: Sessions,
        *,
        weights: str = "lite",
        device: str = "auto",
        precision: str = "auto",
        backend: str = "auto",
    ) -> None:
        self.sessions = sessions
        self._weights, self._device, self._precision, self._backend = weights, device, precision, backend
        self._usual: dict[str, Rendering] = {}
        self._network = OneNetwork()
        self._turn = threading.Lock()

    def usual(self, mode: str) -> Rendering:
        """How a mode renders if nothing else is wished; errors as in `api.settle`."""
        if mode not in self._usual:
            self._usual[mode] = api.settle(
                mode,
                weights=self._weights,
                device=self._device,
                precision=self._precision,
                backend=self._backend,
            )
        return self._usual[mode]

    def colorize(self, visitor: str, uploads: Sequence[Path], wish: Wish, tell: Tell) -> Work:
        """Colorize photos and films; what fails is told of in the outcomes, and stops no other.

        Raises:
            DeoldifyError, OSError: nothing could be done at all.
        """
        session = self.sessions[visitor]
        with self._turn, session.new_folder("work") as folder:
            _check(session)
            rendering = self._rendering(wish)
            sources = gather(uploads, folder)
            photos = [path for path in sources if path.suffix.lower() in PHOTO_SUFFIXES]
            films = [path for path in sources if path.suffix.lower() in FILM_SUFFIXES]
            outcomes = [
                Outcome(path.name, "failed", ("not a photo or film of a supported format",))
                for path in sources
                if path not in photos and path not in films
            ]
            done = _Done(session, folder, tell, len(photos) + len(films))
            tell(0, "Getting ready")
            try:
                if photos:
                    api.colorize_folder(photos, rendering=rendering, on_item=done.on_item)
                if films:
                    api.colorize_video(
                        films,
                        rendering=rendering,
                        steadiness=wish.steadiness,
                        recolor_all=wish.recolor_all,
                        on_item=done.on_item,
                        on_frames=done.on_frames,
                    )
            except Stopped:
                told = {result.source for result in done.items}
                outcomes += [
                    Outcome(path.name, "failed", (STOPPED,)) for path in [*photos, *films] if path not in told
                ]
            outcomes += [outcome_of(item, self.sessions.folder) for item in done.items]
            finished = {Path(item.source): Path(item.output) for item in done.items if item.status == "done"}
            return Work(
                outcomes,
                [
                    Result(path.name, path, finished[path], done.thumbs.get(path))
                    for path in photos
                    if path in finished
                ],
                [Result(path.name, path, finished[path]) for path in films if path in finished],
                folder,
            )

    def preview(
        self, visitor: str, upload: Path, wish: Wish, *, start_s: float, length_s: float, tell: Tell
    ) -> tuple[Work, Path | None]:
        """Colorize some seconds of a film.

        Returns:
            What came out, and a copy that browsers play; None if it failed.
        """
        session = self.sessions[visitor]
        with self._turn, session.new_folder("preview") as folder:
            _check(session)
            rendering = self._rendering(wish)
            (source,) = gather([upload], folder)
            done = _Done(session, folder, tell, 1)
            tell(0, "Getting ready")
            items = api.colorize_video(
                source,
                rendering=rendering,
                steadiness=wish.steadiness,
                recolor_all=wish.recolor_all,
                start_s=start_s,
                end_s=start_s + length_s,
                on_item=done.on_item,
                on_frames=done.on_frames,
            )
            results = [Result(source.name, source, Path(i.output)) for i in items if i.status == "done"]
            shown = playable(results[0].output, folder / "shown.mp4") if results else None
            return Work(
                [outcome_of(item, self.sessions.folder) for item in items], [], results, folder
            ), shown

    def sheet(
        self, visitor: str, upload: Path, wish: Wish, *, start_s: float, tell: Tell
    ) -> list[tuple[int, Path]]:
        """One photo, or a film's frame at a time, at several render factors, to choose from.

        Returns:
            Render factors, and small pictures rendered with them.

        Raises:
            DeoldifyError, OSError: it cannot be read or rendered.
        """
        session = self.sessions[visitor]
        with self._turn, session.new_folder("sheet") as folder:
            rendering = self._rendering(wish)
            (source,) = gather([upload], folder)
            if source.suffix.lower() in FILM_SUFFIXES:
                film = probe_film(source)
                frame = min(round(start_s * film.rate), film.frame_count - 1)
                source = film_still(film, frame, folder / "frame.png")
            tell(0, "Getting ready")
            colorizer = rendering.load()
            photo = read_photo(source)
            small = resize(photo.rgb, fit_size(photo.rgb.shape, SHEET_PX))
            pictures: list[tuple[int, Path]] = []
            for factor in sheet_factors(self.usual(wish.mode).render_factor):
                _check(session)
                tell(len(pictures) / len(SHEET), f"Render factor {factor}")
                sized = colorizer.with_render_factor(factor)
                (prediction,) = sized.predict([sized.prepare(photo.rgb)])
                cell = sized.finish(small, prediction)
                target = folder / f"factor-{factor}.jpg"
                pictures.append((factor, small_photo(photo, cell, target, SHEET_PX)))
            return pictures

    def pair(self, result: Result, work: Work) -> tuple[Path, Path]:
        """A photo before and after, as pictures of one size that a browser shows."""
        before, after = (work.folder / f"{result.output.name}-{side}.jpg" for side in ("before", "after"))
        if not (before.is_file() and after.is_file()):
            small_copy(result.source, before, SLIDER_PX)
            small_copy(result.output, after, SLIDER_PX)
        return before, after

    def film_pair(self, result: Result, work: Work, start_s: float = 0) -> tuple[Path, Path]:
        """The middle frame of a film, or of its previewed part, before and after."""
        films = probe_film(result.source), probe_film(result.output)
        frames = middle_frames(*films, start_s)
        before, after = (work.folder / f"{side}.png" for side in ("before", "after"))
        return film_still(films[0], frames[0], before), film_still(films[1], frames[1], after)

    def close(self, patience_s: float = 10) -> None:
        """Stop all work, and wait for what is at hand to end."""
        self.sessions.stop_all()
        if self._turn.acquire(timeout=patience_s):
            self._turn.release()

    def _rendering(self, wish: Wish) -> Rendering:
        usual = self.usual(wish.mode)
        settled = replace(
            usual, render_factor=check_render_factor(wish.render_factor), saturation=wish.saturation
        )
        return KeptRendering(**vars(settled), network=self._network)


class _Done:
    """What is finished, and how far the rest is."""

    def __init__(self, session: Session, folder: Path, tell: Tell, total: int) -> None:
        self.items: list[Item] = []
        self.thumbs: dict[Path, Path] = {}
        self._session, self._folder, self._tell, self._total = session, folder, tell, total

    def on_item(self, item: Item, _: int) -> None:
        self.items.append(item)
        source, output = Path(item.source), Path(item.output)
        photo = source.suffix.lower() in PHOTO_SUFFIXES
        if photo and item.status == "done" and self._total > 1 and len(self.thumbs) < MOST_SHOWN:
            thumb = self._folder / f"{output.name}-thumb.jpg"
            try:
                self.thumbs[source] = small_copy(output, thumb, THUMB_PX)
            except (DeoldifyError, OSError) as error:
                log.debug("%s: no thumbnail: %s", output, error)
        self._tell(len(self.items) / self._total, f"{len(self.items)} of {self._total} done")
        _check(self._session)

    def on_frames(self, film: Place, done: int, expected: int) -> None:
        share = min(done / max(expected, 1), 1)
        self._tell((len(self.items) + share) / self._total, f"{film.name}: {done} of {expected} frames")
        _check(self._session)


def sheet_factors(usual: int) -> list[int]:
    """Render factors around the usual one."""
    wanted = {round(usual * share) for share in SHEET}
    return sorted({min(max(factor, RENDER_FACTORS[0]), RENDER_FACTORS[-1]) for factor in wanted})


def _check(session: Session) -> None:
    if session.stopped.is_set():
        raise Stopped(STOPPED)
