"""What an examination finds."""

from typing import NamedTuple


class Finding(NamedTuple):
    """One thing that was looked at."""

    topic: str  # system, package, ffmpeg, device, memory, disk, cache, weights or environment
    name: str
    found: str
    problem: str = ""  # what is wrong with it; empty if nothing is
    remedy: str = ""  # how to mend that
