"""HTML for the page's photos, films and messages, by the macros of web.html.j2."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from urllib.parse import quote

from deoldify_lite.templates.environment import call_macro
from deoldify_lite.web.outcome import Outcome

# What browsers play, as far as the name shows.
_PLAYABLE = frozenset({".mp4", ".m4v", ".webm"})

_html = partial(call_macro, "web.html.j2")


def header_html() -> str:
    """What the page is for."""
    return _html("header")


def compare_html(before: Path, after: Path, name: str) -> str:
    """A slider between two pictures of one size."""
    return _html("compare", name, _url_of(before), _url_of(after))


def cells_html(title: str, cells: Sequence[tuple[Path, str]]) -> str:
    """Pictures with labels to choose from; a click sends the index of its picture."""
    return _html("cells", title, [(_url_of(picture), label) for picture, label in cells])


def player_html(film: Path, name: str, poster: Path | None = None) -> str:
    """A film in the browser's own player, with a picture for its start, if that is there; or a hint."""
    if film.suffix.lower() not in _PLAYABLE:
        return _html("no_player", film.suffix)
    return _html("player", name, _url_of(film), _url_of(poster) if poster and poster.is_file() else "")


def outcomes_html(outcomes: Sequence[Outcome]) -> str:
    """How many are done and failed, and a line for each that has words, failures first."""
    failed = sum(outcome.status == "failed" for outcome in outcomes)
    with_words = sorted((o for o in outcomes if o.words), key=lambda outcome: outcome.status == "done")
    return _html("outcomes", len(outcomes) - failed, failed, with_words)


def message_html(text: str) -> str:
    """One message."""
    return _html("message", text)


def error_html(text: str) -> str:
    """One error."""
    return _html("error", text)


def _url_of(path: Path) -> str:
    """Where the page finds a file of ours."""
    return f"gradio_api/file={quote(str(path))}"
