"""The outcome of a run: an item for each photo or film."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from deoldify_lite.run.outlook import Outlook, outlook_lines, total_of
from deoldify_lite.storage.url import Place
from deoldify_lite.system.destination import STDOUT_NAME
from deoldify_lite.system.selection import LeftOut

# The end of a warning; the web page names its own choice instead.
RECOLOR_ADVICE = "--recolor-all colours them too"

# Why a result came out grey.
NO_COLOR_FOUND = "the network found no colour in it: it came out grey"
NO_GREYS = (
    "it is black and white without greys, as 1-bit scans are, and no colour fits these: it came out grey; "
    "scan the original again in greys"
)
# Why hints did nothing.
NO_HINTS = "its layer gives the colours as they are, so its hints have no effect where that covers it"
HARDLY_ANY = "hardly any colour shows in it: it came out grey"

_NAMES = re.compile(r"'[^']*'|\"[^\"]*\"|\d+(?:[.,]\d+)*")
_MOST_KINDS = 5  # of warnings in a summary
_MOST_FOLDERS = 3  # of results that a summary names

# Called with a film, its frames finished so far, and the frames expected, which is an estimate.
Progress = Callable[[Path, int, int], None]


@dataclass(frozen=True)
class ShotWork:
    """A piece of a film that is rendered by a list of its shots."""

    shot: int  # its number in the list
    line: int  # of the list
    first_frame: int
    frames: int
    why: str  # it is rendered; empty: it is kept


@dataclass(frozen=True)
class Item:
    """The outcome for one photo or film."""

    source: Place
    output: Place
    status: str  # done, skipped, failed, or, in a dry run, planned
    reason: str = ""  # why it was skipped or failed
    warnings: tuple[str, ...] = ()
    render_factor: int | None = None  # it was rendered with this one
    frames: int | None = None  # of a film
    seconds: float = 0.0
    layer: Place | None = None  # its colour as a layer, if that was written beside the result
    shots: tuple[ShotWork, ...] | None = None  # of a film that is rendered by a list
    colors_from: Place | None = None  # the version that was to give its colours
    colors_share: float | None = None  # of its colour that came from there, in [0, 1]
    numbers: str | None = None  # of the frames of a sequence, by range
    outlook: Outlook | None = None  # in a dry run


def summary(items: list[Item], left_out: LeftOut | None = None) -> str:
    """One line for people, such as `3 done, 1 failed; 2 files of other kinds left out: .psd 2`."""
    counts = Counter(item.status for item in items)
    statuses = ("planned", "done", "skipped", "failed")
    parts = [f"{counts[status]} {status}" for status in statuses if counts[status]]
    warned = sum(bool(item.warnings) for item in items)
    layers = sum(item.layer is not None for item in items)
    parts += [f"{layers} with a layer beside"] if layers else []
    given = sum(item.colors_from is not None for item in items)
    parts += [f"{given} with colours of a version"] if given else []
    parts += [f"{warned} with warnings"] if warned else []
    outcome = ", ".join(parts) or "nothing to do"
    return "; ".join(filter(None, [outcome, str(left_out or "")]))


def closing_lines(items: list[Item], left_out: LeftOut | None, seconds: float) -> list[str]:
    """What a run has come to, a line each: the summary, warnings by kind, speed, and where the results are.

    Args:
        items: of the run; without any there is nothing to say.
        left_out: what it found beside them.
        seconds: it took.
    """
    if not items:
        return []
    # Warnings that differ only in numbers or in names in quotes are of one kind.
    kinds = Counter(
        kind for item in items for kind in {_NAMES.sub("…", warning) for warning in item.warnings}
    )
    lines = [summary(items, left_out)]
    if len(items) > 1:
        lines += [f"warning of {number}: {kind}" for kind, number in kinds.most_common(_MOST_KINDS)]
        more = len(kinds) - _MOST_KINDS
        lines += [f"and {more} more kinds of warnings"] if more > 0 else []
    done = [item for item in items if item.status == "done"]
    if done:
        frames = sum(item.frames or 0 for item in done)
        count, unit = (frames, "frames") if frames else (len(done), "photos")
        rate = count / max(seconds, 1e-3)
        speed = f", {rate:.1f} {unit} a second" if rate >= 0.1 else f", {1 / rate:.0f} s a {unit.rstrip('s')}"
        lines.append(f"{seconds:.0f} s{speed if count > 1 else ''}")
        files = [item.output for item in done if item.output != STDOUT_NAME]
        lines += [f"result: {files[0]}"] if len(files) == 1 else []
        lines += [f"results in {_where(files)}"] if len(files) > 1 else []
    planned = [item for item in items if item.outlook is not None]
    return lines + outlook_lines([(item.output, item.outlook) for item in planned if item.outlook])


def _where(files: list[Place]) -> str:
    """Name the folders of files: the outermost three at most, or else the folder that these are in."""
    folders = dict.fromkeys(file.parent for file in files)
    outermost = [folder for folder in folders if not any(around in folders for around in folder.parents)]
    if len(outermost) > _MOST_FOLDERS:
        around = [
            folder for folder in outermost[0].parents if all(folder in one.parents for one in outermost)
        ]
        if not around:
            return f"{len(outermost)} folders, such as {outermost[0]}"
        outermost = around[:1]
    *names, last = ["the current folder" if str(folder) == "." else str(folder) for folder in outermost]
    return f"{', '.join(names)} and {last}" if names else last


def as_json(items: list[Item], settings: dict[str, Any], left_out: LeftOut | None = None) -> dict[str, Any]:
    """The run as plain data: settings, counts, every item, and the number of files that were left out.

    Of a dry run, also what all of it takes.
    """
    outlooks = [item.outlook for item in items if item.outlook is not None]
    return {
        "settings": settings,
        "counts": dict(Counter(item.status for item in items)),
        "items": list(map(item_as_json, items)),
        "left_out": (left_out or LeftOut()).as_json(),
        **({"outlook": asdict(total_of(outlooks))} if outlooks else {}),
    }


def item_as_json(item: Item) -> dict[str, Any]:
    """An item as plain data."""
    return {name: str(value) if isinstance(value, Path) else value for name, value in asdict(item).items()}


def warnings_of(why_grey: str, wanted_factor: int, used_factor: int) -> tuple[str, ...]:
    """The warnings for a result that is not quite what was asked for.

    Args:
        why_grey: empty if it shows colour.
        wanted_factor, used_factor: render factors.
    """
    warnings = []
    if why_grey:
        warnings.append(why_grey)
    if used_factor != wanted_factor:
        warnings.append(f"not enough memory: rendered at render factor {used_factor} instead")
    return tuple(warnings)
