"""What a dry run expects of the run: pixels and frames, and estimates of time and room."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deoldify_lite.storage.url import Place


@dataclass(frozen=True)
class Outlook:
    """What is expected of one photo or film; None is what cannot be known beforehand."""

    pixels: int | None = None  # to render, on all pages of a photo or in all frames of a film
    frames: int | None = None  # of a film to render
    seconds: float | None = None  # it takes on this machine, an estimate
    bytes: int | None = None  # of all that is written for it, an estimate
    fetched_bytes: int = 0  # of a source that is elsewhere


@dataclass(frozen=True)
class Total:
    """What is expected of a run; sums leave out what is not known."""

    pixels: int
    frames: int
    seconds: float  # an estimate
    bytes: int  # an estimate
    fetched_bytes: int
    without_seconds: int  # photos and films whose time is not known
    without_bytes: int  # photos and films whose results' size is not known


def total_of(outlooks: Sequence[Outlook]) -> Total:
    """Add up."""
    return Total(
        pixels=sum(one.pixels or 0 for one in outlooks),
        frames=sum(one.frames or 0 for one in outlooks),
        seconds=sum(one.seconds or 0.0 for one in outlooks),
        bytes=sum(one.bytes or 0 for one in outlooks),
        fetched_bytes=sum(one.fetched_bytes for one in outlooks),
        without_seconds=sum(one.seconds is None for one in outlooks),
        without_bytes=sum(one.bytes is None for one in outlooks),
    )


def outlook_lines(planned: Sequence[tuple[Place, Outlook]]) -> list[str]:
    """Say what a run would take, a line each.

    Args:
        planned: result and outlook of each photo or film.
    """
    if not planned:
        return []
    total = total_of([outlook for _, outlook in planned])
    frames = f" in {total.frames} frames" if total.frames else ""
    lines = [f"{total.pixels / 1e6:,.1f} megapixels{frames}"] if total.pixels else []
    if total.fetched_bytes:
        lines.append(f"{in_bytes(total.fetched_bytes)} to fetch, in a time that is not estimated")
    but = _without(total.without_seconds, len(planned))
    if total.without_seconds < len(planned):
        lines.append(f"about {in_time(total.seconds)} here, by an estimate from a short sample{but}")
    else:
        lines.append("the time is not estimated")
    if total.without_bytes < len(planned):
        but = _without(total.without_bytes, len(planned))
        lines.append(f"results of about {in_bytes(total.bytes)}, by the same estimate{but}")
        lines += _room([output for output, _ in planned], total.bytes)
    return lines


def in_time(seconds: float) -> str:
    """Return a length of time for people, such as `40 s` or `3.5 hours`."""
    for most, unit_s, unit in ((100, 1, "s"), (100 * 60, 60, "minutes"), (72 * 3600, 3600, "hours")):
        if seconds < most:
            return f"{seconds / unit_s:.{0 if seconds >= 10 * unit_s else 1}f} {unit}"
    return f"{seconds / 86400:.1f} days"


def in_bytes(count: int) -> str:
    """Return a number of bytes for people, such as `3.4 MB`."""
    for unit_bytes, unit in ((10**12, "TB"), (10**9, "GB"), (10**6, "MB")):
        if count >= unit_bytes:
            return f"{count / unit_bytes:.1f} {unit}"
    return f"{count / 1000:.0f} kB"


def _without(missing: int, all_of_them: int) -> str:
    return f", without {missing} of {all_of_them}" if missing else ""


def _room(outputs: Sequence[Place], needed: int) -> list[str]:
    """Say how much room the disk of the results has."""
    here = [output for output in outputs if isinstance(output, Path)]
    if not here:
        return []
    folder = next((each for each in here[0].absolute().parents if each.is_dir()), None)
    if folder is None:
        return []
    free = shutil.disk_usage(folder).free
    few = "too little, " if free < needed else ""
    return [f"{few}{in_bytes(free)} are free in {folder}"]
