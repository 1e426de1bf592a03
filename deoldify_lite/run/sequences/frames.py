"""A sequence that is to be colorized, what the user says of it, and its footage, once that is examined."""

import hashlib
import logging
import os
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

from deoldify_lite.errors import InputError
from deoldify_lite.sequence.names import Sequence

log = logging.getLogger(__name__)

# What to do about frames that have no picture.
MISSING = ("fail", "hold", "skip")


@dataclass(frozen=True)
class Frames:
    """A sequence to colorize."""

    sequence: Sequence
    missing: str = "fail"  # one of MISSING
    rate: Fraction | None = None  # frames a second; None: the header's, or else the usual one
    sound: Path | None = None  # for a film that is made of it

    def digest(self) -> dict[str, Any]:
        """What changes when a file or a choice does; of the files by names, sizes and times.

        Raises:
            InputError: the folder cannot be listed any more.
            OSError: the sound is gone.
        """
        digest = hashlib.sha256()
        for line in _stamps(self.sequence):
            digest.update(line.encode("utf-8", "surrogateescape"))
        facts: dict[str, Any] = {"files": digest.hexdigest()}
        facts |= {} if self.missing == "fail" else {"missing": self.missing}
        if self.sound is not None:
            stat = self.sound.stat()
            facts["sound"] = [str(self.sound), stat.st_size, stat.st_mtime_ns]
        return facts | ({} if self.rate is None else {"rate": str(self.rate)})


def _stamps(sequence: Sequence) -> list[str]:
    """A line for each file, from one look at the folder."""
    try:
        with os.scandir(sequence.folder) as entries:
            there = {entry.name: entry for entry in entries}
            lines = []
            for number in sequence.numbers():
                entry = there.get(sequence.name(number))
                if entry is None:
                    lines.append(f"{number} gone\n")
                    continue
                stat = entry.stat()
                lines.append(f"{number} {stat.st_size} {stat.st_mtime_ns}\n")
            return lines
    except OSError as error:
        raise InputError(
            f"{sequence.folder}: cannot be listed ({error.strerror}): check its disk and its permissions"
        ) from error
