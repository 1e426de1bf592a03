"""The settings of each shot of a list, settled and checked before any work."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any

from deoldify_lite.errors import DeoldifyError
from deoldify_lite.render.rendering import Rendering
from deoldify_lite.run.hint_file import HintFile, read_hints
from deoldify_lite.run.key_files import KeyFolder, keys_in
from deoldify_lite.run.shots.list import Shot, ShotList

# Columns that are arguments of `settle`.
_LOOKS = ("mode", "render_factor", "saturation", "temperature", "tint", "reference")


@dataclass(frozen=True)
class SettledShot:
    """A shot, and how it is rendered."""

    shot: Shot
    rendering: Rendering
    steadiness: float
    hints: HintFile | None
    keys: KeyFolder | None


@dataclass(frozen=True)
class SettledShots:
    """A list of shots, ready to render by; to be had by `settle_shots`."""

    path: Path  # of the list
    rendering: Rendering  # of the film
    shots: tuple[SettledShot, ...]

    @cached_property
    def digest(self) -> str:
        """A hash of all that the list says about the result, for its fingerprint."""
        lines = [
            [
                *(one.shot.first, one.shot.end, one.shot.telling_frame, one.shot.scene, one.shot.leave),
                *(asdict(one.rendering.look), one.steadiness, one.hints and one.hints.digest),
                *([one.keys.digest] if one.keys else []),
            ]
            for one in self.shots
        ]
        return hashlib.sha256(json.dumps(lines).encode()).hexdigest()


def settle_shots(listed: ShotList, rendering: Rendering, steadiness: float | None) -> SettledShots:
    """Settle how each shot of a list is rendered.

    Args:
        listed: the list.
        rendering: of the film; a shot's own settings replace those that it was asked for.
        steadiness: of the film; None for the default of each shot's mode.

    Raises:
        OptionError: a shot asks for what makes no sense; the error names the line.
    """

    @cache
    def settled(changes: tuple[tuple[str, Any], ...]) -> Rendering:
        return rendering.settled_with(**dict(changes)) if changes else rendering

    read = cache(partial(read_hints, film=True))

    def settle(shot: Shot) -> SettledShot:
        if shot.leave and shot.keys:
            raise shot.row.error("leave is yes, so key frames mean nothing: empty one of the two")
        try:
            own = settled(tuple(_changes(shot).items()))
            return SettledShot(
                shot,
                own,
                own.steadiness if steadiness is None else steadiness,
                None if shot.hints is None else read(shot.hints),
                keys_in(listed.path.parent, shot.keys) if shot.keys else None,
            )
        except DeoldifyError as error:
            raise shot.row.error(str(error)) from error

    return SettledShots(listed.path, rendering, tuple(map(settle, listed.shots)))


def _changes(shot: Shot) -> Mapping[str, Any]:
    """What a shot's own cells ask of `settle`."""
    found = {name: value for name in _LOOKS if (value := getattr(shot, name)) is not None}
    if isinstance(mode := found.get("mode"), str):
        found["mode"] = mode.casefold()
    return found
