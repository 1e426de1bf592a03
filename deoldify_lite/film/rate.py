"""How many frames a second a film has: by its header or, where that is in doubt, by all its timestamps."""

import array
import logging
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.errors import VideoError
from deoldify_lite.film.clock import JUMPING_FORMATS, Jump, without_jumps
from deoldify_lite.film.ffmpeg import start_ffprobe
from deoldify_lite.film.pictures import stream_seconds
from deoldify_lite.film.times import Times

log = logging.getLogger(__name__)

# Rates that films are shot and shown at; a measured rate is snapped to one of them.
COMMON_RATES = (
    *(Fraction(rate) for rate in (12, 15, 16, 18, 20, 24, 25, 30, 48, 50, 60, 100, 120)),
    *(Fraction(rate * 1000, 1001) for rate in (24, 30, 48, 60, 120)),
)
# The finest grid for a film of variable rate. Jitter can ask for any rate, up to 90000; few screens show
# more than 120 frames a second, and every repeated frame costs decoding and encoding time.
MAX_VARIABLE_RATE = Fraction(120)
# Two times that are rounded to milliseconds, as in Matroska, lie so far from where they would be.
_EXACT_S = 0.00105


# Codecs of few key frames, whose size may change at one of these.
_SPARSE_KEYS = {
    *("mpeg1video", "mpeg2video", "mpeg4", "h264", "hevc", "vc1", "wmv3", "vp8", "vp9", "av1", "theora"),
    *("flv1", "vp6f", "h263"),
}


class Look(NamedTuple):
    """How frames are shown, from one of them on."""

    frame: int
    """Number of this frame."""
    width: int
    """As encoded, px."""
    height: int
    pixel_aspect: Fraction | None
    """Width / height of a pixel."""


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


def measure_rate(
    path: Path, picture: dict[str, Any], container: dict[str, Any], offset_s: Fraction
) -> Timing:
    """The constant rate at which a film is read and written, or the times of its frames.

    Args:
        path: of the film.
        picture: the stream of its picture as ffprobe describes it.
        container: its file, likewise.
        offset_s: the first frame is shown this long after the file's start, if that is known.

    Raises:
        VideoError: ffprobe hung or crashed over the timestamps.
    """
    hints = [read_fraction(picture.get(name)) for name in ("r_frame_rate", "avg_frame_rate")]
    known = [rate for rate in hints if rate]
    may_jump = container["format_name"] in JUMPING_FORMATS
    # Such a file's header states no length; ffprobe takes it from the last time, on whatever clock.
    stated_s = Fraction(0) if may_jump else _stated_duration(picture, container, offset_s)
    tabled = "mov" in container["format_name"] and "nb_frames" in picture
    # mp4 has a table of all durations: equal rates mean that there is only one duration in it.
    if tabled and stated_s and len(known) == 2 and abs(known[0] - known[1]) < 2e-4 * known[1]:
        return Timing(known[0], False, round(stated_s * known[0]), offset_s)
    time_base = Fraction(picture["time_base"])
    packets = _read_packets(path, picture)
    ticks, jumps = packets.ticks, tuple[Jump, ...]()
    if may_jump:
        ticks, jumps = without_jumps(ticks, time_base, may_jump=True, reordered=True)
    ticks = np.sort(ticks)
    if len(ticks) < 2:
        rate = known[0] if known else Fraction(25)
        return Timing(rate, False, max(round(stated_s * rate), len(ticks), 1), offset_s)
    rate, variable = choose_rate(ticks, time_base, known)
    is_even = not (jumps or packets.untimed or packets.changes) and _is_exact(ticks, time_base, rate)
    if not is_even and (timing := _count_frames(path, picture, container, known)):
        return timing
    counted = round(int(ticks[-1] - ticks[0]) * time_base * rate) + 1
    return Timing(rate, variable, max(counted, round(stated_s * rate)), offset_s)


class _Packets(NamedTuple):
    """The packets of a stream, as they lie in the file."""

    ticks: NDArray[np.int64]
    """When each is shown; empty if the file does not say."""
    untimed: int
    """How many come before the first of these."""
    changes: bool
    """Whether key frames differ in size or aspect."""


def _read_packets(path: Path, picture: dict[str, Any]) -> _Packets:
    """When each packet of a stream is shown.

    This reads the whole file once but decodes only key frames, and keeps 8 bytes a frame.

    Raises:
        VideoError: ffprobe hung or crashed.
    """
    shown, decoded, untimed = array.array("q"), array.array("q"), 0
    looks: set[Look] = set()
    entries, options = "packet=pts,dts,flags", list[str]()
    if picture.get("codec_name") in _SPARSE_KEYS:
        entries, options = f"{entries}:{_LOOK}", ["-skip_frame", "nokey", *_FAST]
    for kind, pts, *rest in _lines(path, picture["index"], entries, *options):
        if kind == "frame":
            looks.add(_look(0, rest))
        dts, flags = rest[:2]
        # D is cut away by an edit list, thus never shown.
        if kind != "packet" or "D" in flags:
            continue
        untimed += pts == dts == "N/A" and not shown and not decoded
        if pts != "N/A":
            shown.append(int(pts))
        if dts != "N/A":
            decoded.append(int(dts))
    # An avi names only when to decode, which on its even grid is as good.
    ticks = shown if len(shown) >= len(decoded) else decoded
    return _Packets(np.array(ticks, dtype=np.int64), untimed if len(ticks) else 0, len(looks) > 1)


# Of frames, the fields that `_look` takes; ffprobe prints them in its own order, this one.
_LOOK = "frame=best_effort_timestamp,width,height,sample_aspect_ratio"
_FAST = ("-threads", "auto", "-skip_loop_filter", "all")


def _look(frame: int, fields: Sequence[str]) -> Look:
    """Look of a frame from what ffprobe says after its time."""
    width, height, aspect = (*fields, "", "", "")[:3]
    numbers = [int(text) if text.isdecimal() else 0 for text in (width, height)]
    return Look(frame, numbers[0], numbers[1], read_fraction(aspect.replace(":", "/")))


def _count_frames(
    path: Path, picture: dict[str, Any], container: dict[str, Any], hints: Sequence[Fraction]
) -> Timing | None:
    """The times of all frames of a film, which is decoded for that: not every packet gives a frame.

    Args:
        path: of the film.
        picture: the stream of its picture as ffprobe describes it.
        container: its file, likewise.
        hints: rates that the header names, best first.

    Returns:
        None if fewer than two frames have a time.
    """
    time_base = Fraction(picture["time_base"])
    shown, looks = list[str](), list[Look]()
    for kind, time, *rest in _lines(path, picture["index"], _LOOK, *_FAST):
        if kind == "frame":
            look = _look(len(shown), rest)
            if not looks or look[1:] != looks[-1][1:]:
                looks.append(look)
            shown.append(time)
    timed = np.array([n for n, time in enumerate(shown) if time not in ("N/A", "")], np.int64)
    if len(timed) < 2:
        return None
    known, jumps = without_jumps(
        np.array([int(shown[n]) for n in timed], np.int64),
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
    log.info("%s: it has no constant rate; every frame keeps its own time", path)
    start_s = Fraction(container.get("start_time", "0"))
    offset_s = int(ticks[0]) * time_base - start_s
    return Timing(rate, False, len(times), max(offset_s, Fraction(0)), times, jumps, looks=tuple(looks))


def _lines(path: Path, index: int, entries: str, *options: str) -> Iterator[list[str]]:
    """Kind and four fields of each packet or frame of a stream, as ffprobe tells them; '' for none.

    Raises:
        VideoError: ffprobe hung or crashed.
    """
    wanted = ("-select_streams", str(index), "-show_entries", entries, "-of", "csv")
    process = start_ffprobe(path, *options, *wanted)
    try:
        for line in process.stdout.lines():
            yield [*line.decode().strip().split(","), "", "", "", ""][:5]
        process.wait()  # An error is no matter: of a damaged film the timestamps that could be read will do.
        if process.was_ended:
            raise VideoError(f"{path}: its timestamps cannot be read: {process.words()}")
    finally:
        process.stop()


def _is_exact(ticks: NDArray[np.int64], time_base: Fraction, rate: Fraction) -> bool:
    """Whether the grid of a rate shows each frame in its time, to a millisecond or a tick."""
    slots, deviation = _place((ticks - ticks[0]) * float(time_base), rate)
    return deviation <= max(1.05 * float(time_base), _EXACT_S) and bool(np.all(np.diff(slots) > 0))


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


def choose_rate(
    ticks: NDArray[np.int64], time_base: Fraction, hints: Sequence[Fraction]
) -> tuple[Fraction, bool]:
    """The constant rate whose grid shows every frame of a film in its time.

    Args:
        ticks: (N,) times at which the frames are shown, sorted, N >= 2, in units of `time_base`.
        time_base: seconds.
        hints: rates that the file's header names, best first.

    Returns:
        The rate, and whether the film's own rate varies. If it does not, frame i is nearest to i / rate.
    """
    times = (ticks - ticks[0]) * float(time_base)
    measured = (len(ticks) - 1) / max(float(times[-1]), float(time_base))
    # Both ends of an interval are rounded to the time base, by half of it or cut off.
    slack = max(1.05 * float(time_base), 2e-4)
    near = [rate for rate in COMMON_RATES if abs(rate - measured) < 0.01 * measured]
    likely = [rate for rate in hints if rate in COMMON_RATES] + near
    for candidates in (likely, hints, [Fraction(measured).limit_denominator(1001)]):
        constant: dict[Fraction, float] = {}
        for rate in candidates:
            if abs(rate - measured) < 0.01 * measured:
                slots, deviation = _place(times, rate)
                if deviation < 0.4 / rate and np.array_equal(slots, np.arange(len(slots))):
                    constant.setdefault(rate, max(deviation - slack, 0.0))
        if constant:
            # The closest fit; of equal ones the likeliest, which comes first.
            return min(constant, key=constant.__getitem__), False
    grids = sorted(
        {r for r in (*hints, *COMMON_RATES, *near) if 0.99 * measured <= r <= MAX_VARIABLE_RATE}
        | {MAX_VARIABLE_RATE}
    )
    placed = {rate: _place(times, rate) for rate in grids}
    exact = [
        r for r, (slots, deviation) in placed.items() if deviation <= slack and np.all(np.diff(slots) > 0)
    ]
    if exact:
        # Of a short film, times in a coarse time base fit several rates that are nearly the same.
        return next((r for r in hints if r in exact and abs(r - exact[0]) < 0.01 * exact[0]), exact[0]), True
    for rate, (slots, _) in placed.items():
        if len(slots) - len(np.unique(slots)) <= len(slots) // 1000:
            return rate, True
    return MAX_VARIABLE_RATE, True


def _place(times: NDArray[np.float64], rate: Fraction) -> tuple[NDArray[np.int64], float]:
    """Slots of a grid that times in seconds fall into, and the greatest distance from a slot, in seconds."""
    positions = times * float(rate)
    slots = np.floor(positions + 0.5)  # as ffmpeg's fps filter rounds
    return slots.astype(np.int64), float(np.abs(positions - slots).max()) / float(rate)


def read_fraction(text: str | None) -> Fraction | None:
    """A positive fraction such as 24000/1001; None for none and for 0/0."""
    found = re.fullmatch(r"(\d+)/(\d+)", text or "")
    if not found or int(found[1]) == 0 or int(found[2]) == 0:
        return None
    return Fraction(int(found[1]), int(found[2]))
