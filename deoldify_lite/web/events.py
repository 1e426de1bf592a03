"""From what happens on the page to the desk's work, and back to what the page shows.

What is returned goes to the page's parts in order; the first is always the line that tells how things are.
"""

import logging
import zipfile
from collections.abc import Callable, Sequence
from functools import wraps
from pathlib import Path
from typing import Any

import gradio as gr

from deoldify_lite.errors import DeoldifyError, InputError
from deoldify_lite.film.kinds import FILM_SUFFIXES
from deoldify_lite.film.probe import probe_film
from deoldify_lite.photo.kinds import PHOTO_SUFFIXES
from deoldify_lite.web.desk import Desk, Result, Tell, Wish, Work
from deoldify_lite.web.html import (
    cells_html,
    compare_html,
    error_html,
    message_html,
    outcomes_html,
    player_html,
)
from deoldify_lite.web.outcome import words_for_page

log = logging.getLogger(__name__)

_PROGRESS = gr.Progress()
Parts = list[Any]


def told(parts: int) -> Callable[[Callable[..., Parts]], Callable[..., Parts]]:
    """Turn an error into a message on the page, whose other parts, of so many in all, stay as they are."""

    def wrap(function: Callable[..., Parts]) -> Callable[..., Parts]:
        @wraps(function)
        def call(self: "Events", *args: Any) -> Parts:
            try:
                return function(self, *args)
            except (DeoldifyError, OSError, MemoryError) as error:
                log.info("%s", error)
                words = str(error) or "out of memory: close other programs and try again"
            except Exception as error:
                log.error("a button of the page failed", exc_info=error)
                words = f"{type(error).__name__}: {error}; unexpected error; please report it with the log"
            words = words_for_page(words, self.desk.sessions.folder)
            return [error_html(words), *[gr.skip()] * (parts - 1)]

        return call

    return wrap


class Events:
    """What the page calls.

    Args:
        desk: does the work.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    @told(8)
    def bring(self, uploads: list[str] | None, mode: str, request: gr.Request) -> Parts:
        """Files came or went -> status, mode and its three values, film box, start, no sheet."""
        paths = _paths(uploads)
        self.desk.sessions.set_uploads(visitor(request), paths)
        films, photos = _films(paths), _photos(paths)
        suited = mode
        if films and not photos and mode == "artistic":
            suited = "video"
        if photos and not films and mode == "video":
            suited = "artistic"
        seconds, status = 0.0, message_html(_ready(len(photos), len(films), len(paths)))
        if films:
            try:
                seconds = probe_film(films[0]).duration_s
            except DeoldifyError as error:
                words = words_for_page(str(error), self.desk.sessions.folder)
                status += error_html(words)
        return [
            status,
            suited,
            *(self._values(suited) if suited != mode else [gr.skip()] * 3),
            gr.update(visible=seconds > 0),
            gr.update(maximum=max(round(seconds, 1), 0.1), value=0),
            "",
        ]

    @told(4)
    def choose_mode(self, mode: str) -> Parts:
        """Another mode -> status, and the mode's render factor, saturation and steadiness."""
        return [gr.skip(), *self._values(mode)]

    def begin(self, request: gr.Request) -> Parts:
        """A button that works was pressed -> status, those that work rest, Stop appears."""
        self.desk.sessions[visitor(request)].stopped.clear()
        return ["", *[gr.update(interactive=False)] * 3, gr.update(visible=True)]

    def end(self) -> Parts:
        """The work has ended -> the buttons as before."""
        return [*[gr.update(interactive=True)] * 3, gr.update(visible=False)]

    def stop(self, request: gr.Request) -> None:
        """Stop was pressed."""
        self.desk.sessions[visitor(request)].stopped.set()

    def leave(self, request: gr.Request) -> None:
        """The page was closed or loaded again."""
        self.desk.sessions.end(visitor(request))

    @told(7)
    def colorize(
        self,
        uploads: list[str] | None,
        mode: str,
        render_factor: int,
        saturation: float,
        steadiness: float,
        recolor_all: bool,
        request: gr.Request,
        progress: gr.Progress = _PROGRESS,
    ) -> Parts:
        """Colorize -> status, results, slider, thumbnails, player, download, the work."""
        wish = Wish(mode, int(render_factor), saturation, steadiness, recolor_all)
        work = self.desk.colorize(visitor(request), _needed(uploads), wish, _teller(progress))
        if not work.photos and not work.films:
            return _nothing(work)
        cells = [(photo.thumb, photo.name) for photo in work.photos if photo.thumb]
        return [
            outcomes_html(work.outcomes),
            gr.update(visible=True),
            self._compared([*work.photos, *work.films][0], work),
            cells_html("Click a photo to compare it.", cells) if len(cells) > 1 else "",
            "".join(player_html(film.output, film.name) for film in work.films),
            _download(work),
            work,
        ]

    @told(7)
    def preview(
        self,
        uploads: list[str] | None,
        mode: str,
        render_factor: int,
        saturation: float,
        steadiness: float,
        recolor_all: bool,
        start_s: float,
        length_s: float,
        request: gr.Request,
        progress: gr.Progress = _PROGRESS,
    ) -> Parts:
        """Preview -> as `colorize`."""
        wish = Wish(mode, int(render_factor), saturation, steadiness, recolor_all)
        film = _films(_needed(uploads))[0]
        work, shown = self.desk.preview(
            visitor(request), film, wish, start_s=start_s, length_s=length_s, tell=_teller(progress)
        )
        if shown is None:
            return _nothing(work)
        result = work.films[0]
        compared, still = self._compared(result, work, start_s), work.folder / "after.png"
        return [
            outcomes_html(work.outcomes),
            gr.update(visible=True),
            compared,
            "",
            player_html(shown, result.name, still if still.is_file() else None),
            _download(work),
            work,
        ]

    @told(3)
    def sheet(
        self,
        uploads: list[str] | None,
        mode: str,
        render_factor: int,
        saturation: float,
        steadiness: float,
        recolor_all: bool,
        start_s: float,
        request: gr.Request,
        progress: gr.Progress = _PROGRESS,
    ) -> Parts:
        """Show render factors -> status, the sheet, its render factors."""
        wish = Wish(mode, int(render_factor), saturation, steadiness, recolor_all)
        paths = _needed(uploads)
        upload = [*_photos(paths), *_films(paths), *paths][0]
        cells = self.desk.sheet(visitor(request), upload, wish, start_s=start_s, tell=_teller(progress))
        usual = self.desk.usual(mode).render_factor
        named = [(path, f"{factor} (default)" if factor == usual else str(factor)) for factor, path in cells]
        return [
            message_html("Choose the one you like best, then press Colorize."),
            cells_html(f"{upload.name} at {len(cells)} render factors: click the one you like best.", named),
            [factor for factor, _ in cells],
        ]

    def choose_factor(self, factors: list[int], event: gr.SelectData) -> int:
        """A cell of the sheet was clicked -> its render factor."""
        return factors[event.index]

    @told(2)
    def choose_photo(self, work: Work, event: gr.SelectData) -> Parts:
        """A thumbnail was clicked -> status, slider."""
        photo = [photo for photo in work.photos if photo.thumb][event.index]
        return [gr.skip(), self._compared(photo, work)]

    def _compared(self, result: Result, work: Work, start_s: float = 0) -> str:
        try:
            if result in work.films:
                pair = self.desk.film_pair(result, work, start_s)
            else:
                pair = self.desk.pair(result, work)
        except (DeoldifyError, OSError) as error:  # the result itself is there
            return error_html(words_for_page(str(error), self.desk.sessions.folder))
        return compare_html(*pair, result.name)

    def _values(self, mode: str) -> Parts:
        rendering = self.desk.usual(mode)
        return [rendering.render_factor, rendering.saturation, rendering.steadiness]


def visitor(request: gr.Request) -> str:
    """The name that the page has given to its session."""
    return request.session_hash or ""


def _paths(uploads: list[str] | None) -> list[Path]:
    return [Path(upload) for upload in uploads or []]


def _needed(uploads: list[str] | None) -> list[Path]:
    if not uploads:
        raise InputError("Nothing to colorize yet: drop photos or films into the box above.")
    return _paths(uploads)


def _films(paths: Sequence[Path]) -> list[Path]:
    return [path for path in paths if path.suffix.lower() in FILM_SUFFIXES]


def _photos(paths: Sequence[Path]) -> list[Path]:
    return [path for path in paths if path.suffix.lower() in PHOTO_SUFFIXES]


def _ready(photos: int, films: int, all: int) -> str:
    if not all:
        return ""
    counts = [
        f"{count} {name}{'s' if count > 1 else ''}"
        for count, name in ((photos, "photo"), (films, "film"), (all - photos - films, "other file"))
        if count
    ]
    return f"Ready: {', '.join(counts)}. Press Colorize."


def _teller(progress: gr.Progress) -> Tell:
    def tell(share: float, words: str) -> None:
        progress(share, desc=words)

    return tell


def _nothing(work: Work) -> Parts:
    """What the page shows where all has failed."""
    return [outcomes_html(work.outcomes), gr.update(visible=False), "", "", "", gr.skip(), work]


def _download(work: Work) -> Any:
    results = [*work.photos, *work.films]
    if len(results) == 1:
        return gr.update(value=str(results[0].output), label=f"Download {results[0].output.name}")
    path = work.folder / "colorized.zip"
    with zipfile.ZipFile(path, "w") as archive:  # not compressed: photos and films are
        for result in results:
            archive.write(result.output, result.output.name)
    return gr.update(value=str(path), label=f"Download all {len(results)} in a zip file")
