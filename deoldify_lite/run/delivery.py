"""Delivery of a result: the finished file is recorded in the manifest, and then gets its name."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from deoldify_lite.errors import InputError
from deoldify_lite.run.manifest import Manifest
from deoldify_lite.run.task import Task, fingerprint
from deoldify_lite.system.files import Deliver

if TYPE_CHECKING:  # see run.task
    from deoldify_lite.run.settings import Settings

# Returns what delivers the result of a task, given the render factor that was really used and the other files
# that were made for it.
DeliveryOf = Callable[[Task, int, Sequence[Path]], Deliver]


@dataclass(frozen=True)
class Delivery:
    """Delivers a result: to be called with the finished file and the name it is to get.

    It is recorded first. If we are killed between the two, no file of the recorded size has that name, and
    the next run renders it again. Recorded after, the result would pass for a file of the user's, which no
    run replaces.
    """

    manifest: Manifest
    fingerprint: str
    source: Path | str  # a path, or the URL of what was fetched
    extras: tuple[Path, ...] = ()  # other files that were made for it

    def __call__(self, part: Path, output: Path) -> None:
        """Record `part` as the file at `output`, and move it there; remove it if one of the two fails.

        Raises:
            OSError: one of the two cannot be done.
        """
        try:
            self.manifest.add(output, self.fingerprint, self.extras, source=self.source, part=part)
            os.replace(part, output)
        finally:
            part.unlink(missing_ok=True)


def delivery_of(task: Task, settings: "Settings", extras: Sequence[Path] = ()) -> Delivery:
    """Return what delivers the result of a task.

    Args:
        task: its source is looked at now.
        settings: with the render factor that was really used. If memory sufficed only for a smaller one than
            was asked for, the next run asks for another fingerprint than the recorded one, and tries again.
        extras: other files that were made for it.

    Raises:
        OSError: the source cannot be looked at.
    """
    return Delivery(task.manifest, fingerprint(task, settings), task.origin or task.source, tuple(extras))


def deliver_unchanged(task: Task, settings: "Settings", delivery: Delivery, part: Path, output: Path) -> None:
    """Deliver a result, unless its source is no longer what it was when the work began.

    Raises:
        InputError: the source was changed.
        OSError: see `Delivery`.
    """
    if fingerprint(task, settings) != delivery.fingerprint:
        raise InputError(f"{task.source}: was changed while it was colorized: run the same command again")
    delivery(part, output)
