"""When a film's frames are shown: by its header or, where that is in doubt, by all its timestamps."""

import logging
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from deoldify_lite.film.clock import JUMPING_FORMATS, Jump, without_jumps
from deoldify_lite.film.pictures import stream_seconds
from deoldify_lite.film.rate import COMMON_RATES, choose_rate, is_exact
from deoldify_lite.film.scan import Frames, Look, read_fraction, scan_frames, scan_packets
from deoldify_lite.film.times import Times

log = logging.getLogger(__name__)


class Timing(NamedTuple):
    """The rate at which a film is read and written."""

    rate: Fraction
    """Frames per second."""
    variable: bool
    """The film's own rate varies, so frames are repeated to fill the grid of that rate."""
    frame_count: int
    """Frames expected at that rate."""
    offset_s: Fraction
    """The first frame is shown this long after the file's start."""
    times: Times | None = None
    """Where no grid shows every frame in its time; the rate is then nominal."""
    jumps: tuple[Jump, ...] = ()
    """Of the file's clock; taken out of the times."""
    looks: tuple[Look, ...] = ()
    """Where size or aspect change; the first is that of the first frame. Empty if that is not known to be."""
    timed: bool = True
    """The file says when frames are shown, so that they can be found."""


def measure_rate(
    path: Path,
    picture: dict[str, Any],
    container: dict[str, Any],
    offset_s: Fraction,
    *,
    first_ticks: Sequence[int] = (),
    every_frame: bool = False,
) -> Timing:
    """The constant rate at which a film is read and written, or the times of its frames.

    Args:
        path: of the film.
        picture: the stream of its picture as ffprobe describes it.
        container: its file, likewise.
        offset_s: the first frame is shown this long after the file's start, if that is known.
        first_ticks: when the first frames are shown as they are decoded.
        every_frame: decode all of it, to know how each frame looks.

    Raises:
        VideoError: ffprobe hung or crashed over the timestamps.
    """
    hints = [read_fraction(picture.get(name)) for name in ("r_frame_rate", "avg_frame_rate")]
    known = [rate for rate in hints if rate]
    if every_frame:
        frames = scan_frames(path, picture)
        rate = known[0] if known else Fraction(25)
        untimed = Timing(rate, False, len(frames.ticks), offset_s, looks=frames.looks, timed=False)
        return _time_frames(frames, picture, container, known) or untimed
    may_jump = container["format_name"] in JUMPING_FORMATS
    # Such a file's header states no length; ffprobe takes it from the last time, on whatever clock.
    stated_s = Fraction(0) if may_jump else _stated_duration(picture, container, offset_s)
    tabled = "mov" in container["format_name"] and "nb_frames" in picture
    # mp4 has a table of all durations: equal rates mean that there is only one duration in it.
    if tabled and stated_s and len(known) == 2 and abs(known[0] - known[1]) < 2e-4 * known[1]:
        return Timing(known[0], False, round(stated_s * known[0]), offset_s)
    time_base = Fraction(picture["time_base"])
    packets = scan_packets(path, picture)
    ticks, jumps = packets.ticks, tuple[Jump, ...]()
    if may_jump:
        ticks, jumps = without_jumps(ticks, time_base, may_jump=True, reordered=True)
    ticks = np.sort(ticks)
    if len(ticks) < 2:
        rate = known[0] if known else Fraction(25)
        frame_count = max(round(stated_s * rate), packets.total, 1)
        return Timing(rate, False, frame_count, offset_s, timed=packets.total == len(ticks))
    rate, variable = choose_rate(ticks, time_base, known)
    is_even = not (jumps or packets.untimed or packets.changes) and is_exact(ticks, time_base, rate)
    if packets.mixed:
        # A frame that comes out of the decoder later than its packet went in may get the time of another.
        both = min(len(first_ticks), len(ticks))
        is_even = is_even and np.array_equal(np.diff(first_ticks[:both]), np.diff(ticks[:both]))
    # Not every packet gives a frame, so it is decoded.
    if not is_even and (timing := _time_frames(scan_frames(path, picture), picture, container, known)):
        log.info("%s: it has no constant rate; every frame keeps its own time", path)
        return timing
    counted = round(int(ticks[-1] - ticks[0]) * time_base * rate) + 1
    return Timing(rate, variable, max(counted, round(stated_s * rate)), offset_s)


def _time_frames(
    frames: Frames, picture: dict[str, Any], container: dict[str, Any], hints: Sequence[Fraction]
) -> Timing | None:
    """The times of all frames of a film.

    Args:
        frames: of the film.
        picture: the stream of its picture as ffprobe describes it.
        container: its file, likewise.
        hints: rates that the header names, best first.

    Returns:
        None if fewer than two frames have a time.
    """
    time_base = Fraction(picture["time_base"])
    shown, looks = frames
    timed = np.array([n for n, tick in enumerate(shown) if tick is not None], np.int64)
    if len(timed) < 2:
        return None
    known, jumps = without_jumps(
        np.array([tick for tick in shown if tick is not None], np.int64),
        time_base,
        may_jump=container["format_name"] in JUMPING_FORMATS,
        reordered=False,
    )
    # Frames without a time come evenly between their neighbours, or before the first of them.
    gap = float(np.median(np.diff(known) / np.diff(timed)))
    numbers = np.arange(len(shown))
    places = np.interp(numbers, timed, known)
    places[: timed[0]] = known[0] - gap * numbers[timed[0] : 0 : -1]
    places[timed[-1] :] = known[-1] + gap * (numbers[timed[-1] :] - timed[-1])
    ticks = np.rint(places).astype(np.int64)
    times = Times.of(ticks, time_base)
    usual = 1 / (Fraction(float(np.median(np.diff(times.ticks)))) * time_base)
    overall = (len(times) - 1) / times.seconds(len(times) - 1)
    likely = (*(rate for rate in hints if rate in COMMON_RATES), *COMMON_RATES)
    near = [
        rate for measured in (overall, usual) for rate in likely if abs(rate - measured) < 0.01 * measured
    ]
    rate = near[0] if near else usual.limit_denominator(1001)
    start_s = Fraction(container.get("start_time", "0"))
    offset_s = int(ticks[0]) * time_base - start_s
    return Timing(rate, False, len(times), max(offset_s, Fraction(0)), times, jumps, looks=looks)


def _stated_duration(picture: dict[str, Any], container: dict[str, Any], offset_s: Fraction) -> Fraction:
    """Seconds that the picture should last by the header; 0 if the header does not say.

    Of a film that was cut short, the header knows the whole length and the packets do not.
    """
    seconds = stream_seconds(picture)
    if seconds is None and container.get("nb_streams") == 1 and "duration" in container:
        seconds = Fraction(container["duration"])
    if seconds is None or "duration" in picture:
        return seconds or Fraction(0)
    # Some programs write the time of the end there, others the length: the shorter gives no false alarm.
    return max(seconds - offset_s - max(Fraction(container.get("start_time", "0")), Fraction(0)), Fraction(0))
