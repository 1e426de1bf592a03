"""The outcome of each photo or film, in words for the page."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

from deoldify_lite.film.parts import REMEDY
from deoldify_lite.run.items import RECOLOR_ADVICE, Item

# The label of the choice that is --recolor-all on the command line.
RECOLOR = "Recolour shots already in colour"


@dataclass(frozen=True)
class Outcome:
    """What happened to one photo or film."""

    name: str  # as the visitor knows it
    status: str  # done or failed
    words: tuple[str, ...] = ()  # why it failed, or warnings about the result


def outcome_of(item: Item, uploads: Path) -> Outcome:
    """An item in words for the page."""
    name = item.source.name
    texts = (item.reason,) if item.status == "failed" else item.warnings
    words = tuple(words_for_page(text, uploads).removeprefix(f"{name}: ") for text in texts)
    return Outcome(name, "failed" if item.status == "failed" else "done", words)


def words_for_page(text: str, uploads: Path) -> str:
    """A message without the folders below `uploads`; it says which options are the command line's."""
    inside = re.escape(f"{uploads}{os.sep}") + r"[^/\\]+[/\\](files[/\\])?"
    text = re.sub(inside, "", text).replace(REMEDY, f"on the command line, {REMEDY} with colorize-video")
    return text.replace(RECOLOR_ADVICE, f"tick \u201c{RECOLOR}\u201d to colour them")
