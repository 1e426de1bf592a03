"""Functions that the page calls: they hand work to the desk, and return what the page shows then.

What they return goes to parts of the page in order; the first of them is the status line.
"""

import logging
import zipfile
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

import gradio as gr

from deoldify_lite.errors import DeoldifyError, InputError
from deoldify_lite.film.probe import probe_film
from deoldify_lite.web.desk import Desk
from deoldify_lite.web.html import (
    cells_html,
    compare_html,
    error_html,
    message_html,
    outcomes_html,
    player_html,
)
from deoldify_lite.web.outcome import words_for_page
from deoldify_lite.web.sides import sides_of, write_sides
from deoldify_lite.web.work import OnProgress, Result, Wish, Work, films_of, photos_of

log = logging.getLogger(__name__)

_PROGRESS = gr.Progress()
Parts = list[Any]


def errors_shown(parts: int) -> Callable[[Callable[..., Parts]], Callable[..., Parts]]:
    """Show an error in the status line; the function's other parts, `parts` in all, stay as they are."""

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
                words = f"unexpected error ({type(error).__name__}: {error}); please report it with the log"
            return [self.error(words), *[gr.skip()] * (parts - 1)]

        return call

    return wrap


class Events:
    """What the page calls.

    Args:
        desk: does the work.
    """

    def __init__(self, desk: Desk) -> None:
        self.desk = desk

    def error(self, text: str) -> str:
        """An error as HTML."""
        return error_html(words_for_page(text, self.desk.sessions.folder))

    @errors_shown(8)
    def bring(self, uploads: list[str] | None, mode: str, request: gr.Request) -> Parts:
        """Files came or went -> status, mode and its three values, film box, start, no sheet."""
        paths = [Path(upload) for upload in uploads or []]
        self.desk.sessions.set_uploads(_visitor(request), paths)
        films, photos = films_of(paths), photos_of(paths)
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
                status += self.error(str(error))
        return [
            status,
            suited,
            *(self._values(suited) if suited != mode else [gr.skip()] * 3),
            gr.update(visible=seconds > 0),
            gr.update(maximum=max(round(seconds, 1), 0.1), value=0),
            "",
        ]

    @errors_shown(4)
    def choose_mode(self, mode: str) -> Parts:
        """Another mode -> status, and the mode's render factor, saturation and steadiness."""
        return [gr.skip(), *self._values(mode)]

    def begin(self, request: gr.Request) -> Parts:
        """A button that starts work was pressed -> status, such buttons off, Stop visible."""
        self.desk.sessions[_visitor(request)].stopped.clear()
        return ["", *[gr.update(interactive=False)] * 3, gr.update(visible=True)]

    def end(self) -> Parts:
        """The work has ended -> such buttons on, Stop hidden."""
        return [*[gr.update(interactive=True)] * 3, gr.update(visible=False)]

    def stop(self, request: gr.Request) -> None:
        """Stop was pressed."""
        self.desk.sessions[_visitor(request)].stopped.set()

    def leave(self, request: gr.Request) -> None:
        """The page was closed or loaded again."""
        self.desk.sessions.end(_visitor(request))

    # Below, `inputs` are the uploads and the values of a `Wish`, in its order.

    @errors_shown(7)
    def colorize(self, request: gr.Request, progress: gr.Progress = _PROGRESS, *inputs: Any) -> Parts:
        """Colorize -> status, results, slider, thumbnails, player, download, the work."""
        return self._results(self.desk.colorize(*_job(request, progress, *inputs)))

    @errors_shown(7)
    def preview(self, request: gr.Request, progress: gr.Progress = _PROGRESS, *inputs: Any) -> Parts:
        """Preview -> as `colorize`."""
        return self._results(self.desk.preview(*_job(request, progress, *inputs)))

    @errors_shown(3)
    def sheet(self, request: gr.Request, progress: gr.Progress = _PROGRESS, *inputs: Any) -> Parts:
        """Compare render factors -> status, the sheet, its render factors."""
        visitor, uploads, wish, on_progress = _job(request, progress, *inputs)
        sheet = self.desk.sheet(visitor, uploads, wish, on_progress)
        default = self.desk.usual(wish.mode).render_factor
        cells = [
            (path, f"{factor} (default)" if factor == default else f"{factor}")
            for factor, path in sheet.cells
        ]
        return [
            message_html("Choose the one you like best, then press Colorize."),
            cells_html(f"{sheet.name} at {len(cells)} render factors: click the one you like best.", cells),
            [factor for factor, _ in sheet.cells],
        ]

    def choose_factor(self, factors: list[int], event: gr.SelectData) -> int:
        """A cell of the sheet was clicked -> its render factor."""
        return factors[event.index]

    @errors_shown(2)
    def choose_photo(self, work: Work, event: gr.SelectData) -> Parts:
        """A thumbnail was clicked -> status, slider."""
        photo = [photo for photo in work.photos if photo.thumb][event.index]
        return [gr.skip(), self._compared(photo, work)]

    def _results(self, work: Work) -> Parts:
        """What the page shows of a work; the parts are those of `colorize`."""
        status = outcomes_html(work.outcomes)
        if not work.results:
            return [status, gr.update(visible=False), "", "", "", gr.skip(), work]
        slider = self._compared(work.results[0], work)
        cells = [(photo.thumb, photo.name) for photo in work.photos if photo.thumb]
        return [
            status,
            gr.update(visible=True),
            slider,
            cells_html("Click a photo to compare it.", cells) if len(cells) > 1 else "",
            "".join(
                player_html(film.shown or film.output, film.name, sides_of(film, work.folder)[1])
                for film in work.films
            ),
            _download(work),
            work,
        ]

    def _compared(self, result: Result, work: Work) -> str:
        try:
            return compare_html(*write_sides(result, work.folder), result.name)
        except (DeoldifyError, OSError) as error:  # the result itself is there
            return self.error(str(error))

    def _values(self, mode: str) -> Parts:
        rendering = self.desk.usual(mode)
        return [rendering.render_factor, rendering.saturation, rendering.steadiness]


def _visitor(request: gr.Request) -> str:
    """The name that the page has given to its session."""
    return request.session_hash or ""


def _job(
    request: gr.Request,
    progress: gr.Progress,
    uploads: list[str] | None,
    mode: str,
    render_factor: int,
    *others: Any,
) -> tuple[str, list[Path], Wish, OnProgress]:
    """What the desk takes for a piece of work; `others` are the rest of a `Wish`.

    Raises:
        InputError: there are no uploads.
    """
    if not uploads:
        raise InputError("Nothing to colorize yet: drop photos or films into the box above.")

    def on_progress(share: float, words: str) -> None:
        progress(share, desc=words)

    wish = Wish(mode, int(render_factor), *others)
    return _visitor(request), [Path(upload) for upload in uploads], wish, on_progress


def _ready(photos: int, films: int, all: int) -> str:
    if not all:
        return ""
    counts = [
        f"{count} {name}{'s' if count > 1 else ''}"
        for count, name in ((photos, "photo"), (films, "film"), (all - photos - films, "other file"))
        if count
    ]
    return f"Ready: {', '.join(counts)}. Press Colorize."


def _download(work: Work) -> Any:
    """The button's file: the only result, or all of them in a zip file."""
    if len(work.results) == 1:
        output = work.results[0].output
        return gr.update(value=str(output), label=f"Download {output.name}")
    path = work.folder / "colorized.zip"
    with zipfile.ZipFile(path, "w") as archive:  # not compressed: photos and films are
        for result in work.results:
            archive.write(result.output, result.output.name)
    return gr.update(value=str(path), label=f"Download all {len(work.results)} in a zip file")
