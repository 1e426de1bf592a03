"""The page's HTML around photos, films and messages."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote

from deoldify_lite.run.items import Item

# What the choice is called that has also shots in colour colorized.
RECOLOR = "Also what is in colour already"


# What browsers play, as far as the name tells.
_PLAYABLE = frozenset({".mp4", ".m4v", ".webm"})


@dataclass(frozen=True)
class Outcome:
    """What became of one photo or film, in words for the page."""

    name: str  # as the visitor knows it
    status: str  # done or failed
    words: tuple[str, ...] = ()  # why it failed, or what is to be said of the result


def words_for_page(text: str, uploads: Path) -> str:
    """A message without the folders that `uploads` is made of and the options of the command line."""
    inside = re.escape(f"{uploads}{os.sep}") + r"[^/\\]+[/\\](files[/\\])?"
    text = re.sub(inside, "", text)
    return text.replace("--recolor-all colours them too", f"tick \u201c{RECOLOR}\u201d to colour them")


def outcome_of(item: Item, uploads: Path) -> Outcome:
    """An item in words for the page."""
    name = item.source.name
    words = (item.reason,) if item.status == "failed" else item.warnings
    told = tuple(words_for_page(text, uploads).removeprefix(f"{name}: ") for text in words)
    return Outcome(name, "failed" if item.status == "failed" else "done", told)


def url_of(path: Path) -> str:
    """Where the page finds a file of ours."""
    return f"gradio_api/file={quote(str(path))}"


def compare_html(before: Path, after: Path, name: str) -> str:
    """Two pictures of one size over each other, and a slider that moves the border between them."""
    label = f"Before and after of {name}: how much is shown as it was, in percent"
    return (
        '<div class="compare" style="--at: 50%">'
        f'<img class="after" src="{url_of(after)}" alt="{escape(name)}, in colour">'
        f'<img class="before" src="{url_of(before)}" alt="{escape(name)}, as it was">'
        '<span class="tag left" aria-hidden="true">before</span>'
        '<span class="tag right" aria-hidden="true">after</span>'
        f'<input type="range" min="0" max="100" step="0.5" value="50" aria-label="{escape(label)}" '
        "oninput=\"this.parentElement.style.setProperty('--at', this.value + '%')\">"
        '</div><p class="hint">Slide over the picture, or use the arrow keys.</p>'
    )


def cells_html(title: str, cells: Sequence[tuple[Path, str]]) -> str:
    """Pictures to choose from, each a button with its words under it; the page's script tells of clicks."""
    buttons = "".join(
        f'<button type="button" class="cell" data-index="{index}" aria-pressed="false">'
        f'<img src="{url_of(picture)}" alt=""><span>{escape(words)}</span></button>'
        for index, (picture, words) in enumerate(cells)
    )
    return (
        f'<p class="hint">{escape(title)}</p>'
        f'<div class="cells" role="group" aria-label="{escape(title)}">{buttons}</div>'
    )


def player_html(film: Path, name: str, poster: Path | None = None) -> str:
    """A film in the browser's own player, with a picture for its start, or words on why it is not shown."""
    if film.suffix.lower() not in _PLAYABLE:
        return f'<p class="hint">Browsers do not play {escape(film.suffix)} films: download it to see it.</p>'
    label = escape(f"{name}, in colour")
    still = f'poster="{url_of(poster)}" ' if poster else ""
    return (
        f'<video class="player" controls playsinline preload="metadata" src="{url_of(film)}" '
        f'{still}aria-label="{label}">Your browser does not play this film: download it to see it.</video>'
    )


def outcomes_html(outcomes: list[Outcome]) -> str:
    """What became of each, failures first, and one line for those that simply went well."""
    done = sum(outcome.status == "done" for outcome in outcomes)
    failed = len(outcomes) - done
    counts = (
        "Done."
        if len(outcomes) == done == 1
        else f"{done} done, {failed} failed."
        if failed
        else f"{done} done."
    )
    told = sorted((o for o in outcomes if o.words), key=lambda outcome: outcome.status == "done")
    lines = "".join(
        f'<li class="{one.status}"><b>{escape(one.name)}</b> '
        f"{'could not be done: ' if one.status == 'failed' else ''}{escape('; '.join(one.words))}</li>"
        for one in told
    )
    kind = "alert" if failed else "status"
    return f'<div role="{kind}"><p class="counts">{counts}</p><ul class="outcomes">{lines}</ul></div>'


def message_html(text: str, *, error: bool = False) -> str:
    """One message."""
    if error:
        return f'<div role="alert"><ul class="outcomes"><li class="failed">{escape(text)}</li></ul></div>'
    return f'<div role="status"><p class="counts">{escape(text)}</p></div>'
