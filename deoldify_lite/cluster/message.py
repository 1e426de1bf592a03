"""What the driver of a run and its workers say to each other: plain data, which travels by pickle."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from deoldify_lite.render.rendering import Rendering
from deoldify_lite.run.hint_file import HintFile

# Orders of photos that each worker has at a time: while it reads and writes those of one, the network has
# those of the other.
ORDERS_AT_HAND = 2


@dataclass(frozen=True)
class Order:
    """What every worker is told first."""

    version: str  # of deoldify_lite, where the order is given
    folder: Path  # in which relative paths begin
    rendering: Rendering
    batch_size: int | None  # asked for
    cores: int  # that it may keep busy
    log_level: int


@dataclass(frozen=True)
class Ready:
    """A worker that can begin."""

    host: str
    batch_size: int


class Told(NamedTuple):
    """An answer, and what was logged up to it."""

    value: Any
    log: list[tuple[str, int, str]]  # name of the logger, level, message


@dataclass(frozen=True)
class Errand:
    """A photo and where its result goes; a `plan.Task` without its manifest."""

    source: Path
    output: Path
    comparison: Path | None
    folder: Path  # of the manifest
    hints: HintFile | None = None


@dataclass(frozen=True)
class Finished:
    """A photo that stands, but for its record and, unless it has several pages, its name."""

    render_factor: int
    extras: tuple[Path, ...]  # other files that were made for it
    part: Path | None  # that is to get its name


@dataclass(frozen=True)
class Piece:
    """A segment of a film."""

    first: int  # frame of the film
    frames: int
    digest: bytes  # of its small frames, as they came when the film was read
    is_last: bool
    read_from: int  # frame of the film at which that reading began


@dataclass(frozen=True)
class Encoded:
    """The picture of a segment in a file."""

    path: Path
    frames: int  # in the file
    colorized: int  # of the whole result, up to the segment's end


def logged(told: Told) -> Any:
    """The value of an answer; what was logged is logged again here."""
    for name, level, message in told.log:
        logging.getLogger(name).log(level, "%s", message)
    return told.value
