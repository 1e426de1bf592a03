"""What the driver of a run and its workers send each other: plain data, which travels by pickle."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from deoldify_lite.render.rendering import Rendering

# Orders of photos that each worker has at a time: while it reads and writes those of one, the network has
# those of the other.
ORDERS_AT_HAND = 2


@dataclass(frozen=True)
class Setup:
    """What every worker gets first."""

    version: str  # of deoldify_lite, where the driver runs
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


@dataclass(frozen=True)
class Stored:
    """A value in the cluster's object store. In a list its reference stays one, which Ray does not fetch."""

    references: list[Any]

    def fetch(self) -> Any:
        """The value."""
        import ray

        return ray.get(self.references[0])


class Answer(NamedTuple):
    """What a worker returns, and what it logged up to then."""

    value: Any
    log: list[tuple[str, int, str]]  # name of the logger, level, message

    def unpack(self) -> Any:
        """Log here what was logged there, and return the value."""
        for name, level, message in self.log:
            logging.getLogger(name).log(level, "%s", message)
        return self.value


@dataclass(frozen=True)
class Finished:
    """A result that is complete, but for its record and its name."""

    output: Path  # that name
    render_factor: int
    extras: tuple[Path, ...]  # other files that were made for it
    part: Path  # that is to get its name


@dataclass(frozen=True)
class Piece:
    """A segment of a film that is to be made."""

    first: int  # frame of the film
    frames: int
    digest: bytes  # of its small frames, as they came when the film was read
    is_last: bool
    read_from: int  # frame of the film at which that reading began
    warnings: tuple[str, ...] = ()  # of the last: what that reading has shown


@dataclass(frozen=True)
class Encoded:
    """The picture of a segment in a file."""

    path: Path
    frames: int  # in the file
    colorized: int  # of the whole result, up to the segment's end
    told: Mapping[str, Sequence[int]] = field(default_factory=dict)  # as of `run.making.Segment`
