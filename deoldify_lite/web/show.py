"""What the page shows of photos and films: copies that a browser can show, and HTML around them."""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from urllib.parse import quote

import ffmpeg
import numpy as np
from PIL import Image

from deoldify_lite.errors import VideoError
from deoldify_lite.ffmpeg_process import (
    SOURCE_OPTIONS,
    compile_arguments,
    file_url,
    last_words,
    run_arguments,
)
from deoldify_lite.film import Film
from deoldify_lite.film_cut import Cut
from deoldify_lite.photo import Photo
from deoldify_lite.photo_samples import Samples
from deoldify_lite.report import Item
from deoldify_lite.thumbnail import fit_size, look_of, read_small, shrink

SLIDER_PX, THUMB_PX, PREVIEW_PX = 1600, 320, 854
_QUALITY = 88
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


def small_photo(photo: Photo, rgb: Samples, target: Path, side_px: int) -> Path:
    """Write a picture in a photo's colours, such as its own pixels, as a JPEG of at most so long a side."""
    look = look_of(photo, shrink(rgb, fit_size(rgb.shape, side_px)))
    Image.fromarray(np.ascontiguousarray(look)).save(target, "JPEG", quality=_QUALITY, subsampling=0)
    return target


def small_copy(source: Path, target: Path, side_px: int) -> Path:
    """A photo's file as a small JPEG; errors as in `read_photo`."""
    photo = read_small(source, side_px)
    return small_photo(photo, photo.rgb, target, side_px)


def film_still(film: Film, frame: int, target: Path) -> Path:
    """Write a frame of a film as a picture, in the pixels that it has.

    Raises:
        VideoError: there is no such frame, or it cannot be read.
    """
    picture = Cut(film, frame, frame + 1).open_picture()
    picture = picture.filter("scale", "trunc(iw*max(sar,1)/2)*2", "ih").filter("setsar", "1")
    done = run_arguments(
        compile_arguments(ffmpeg.output(picture, file_url(target), vframes=1, pix_fmt="rgb24"))
    )
    if done.returncode or not target.is_file():
        raise VideoError(f"{film.path}: frame {frame} cannot be read: {last_words(done.stderr)}")
    return target


def playable(source: Path, target: Path) -> Path:
    """Write a film, made small, as any browser plays it.

    Raises:
        VideoError: ffmpeg failed.
    """
    whole = ffmpeg.input(file_url(source), **SOURCE_OPTIONS)
    size = f"min({PREVIEW_PX},trunc(iw*max(sar,1)/2)*2)"
    picture = whole["v:0"].filter("scale", size, "-2").filter("setsar", "1")
    output = ffmpeg.output(
        *(picture, whole["a:0?"], file_url(target)),
        **{"c:v": "libx264", "pix_fmt": "yuv420p", "preset": "veryfast", "crf": 20, "c:a": "aac", "ac": 2},
        movflags="+faststart",
    )
    done = run_arguments(compile_arguments(output))
    if done.returncode:
        raise VideoError(f"{source}: no preview could be made for the browser: {last_words(done.stderr)}")
    return target


def middle_frames(before: Film, after: Film, start_s: float) -> tuple[int, int]:
    """The frame in the middle of a film's colorized part: its number in the film, and in the part."""
    middle = after.frame_count // 2
    return Cut.between(before, start_s, None).first + middle, middle


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
