"""How many frames a second a film has: by its header or, where that is in doubt, by all its timestamps."""

import array
import logging
import re
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.errors import VideoError
from deoldify_lite.film.ffmpeg import start_ffprobe
from deoldify_lite.film.pictures import stream_seconds

log = logging.getLogger(__name__)

# Rates that films are shot and shown at; a measured rate is snapped to one of them.
COMMON_RATES = (
    *(Fraction(rate) for rate in (12, 15, 16, 18, 20, 24, 25, 30, 48, 50, 60, 100, 120)),
    *(Fraction(rate * 1000, 1001) for rate in (24, 30, 48, 60, 120)),
)
# The finest grid for a film of variable rate. Jitter can ask for any rate, up to 90000; few screens show
# more than 120 frames a second, and every repeated frame costs decoding and encoding time.
MAX_VARIABLE_RATE = Fraction(120)


def measure_rate(
    path: Path, picture: dict[str, Any], container: dict[str, Any], offset_s: Fraction
) -> tuple[Fraction, bool, int]:
    """The constant rate at which a film is read and written.

    Args:
        path: of the film.
        picture: the stream of its picture as ffprobe describes it.
        container: its file, likewise.
        offset_s: the first frame is shown this long after the file's start.

    Returns:
        The rate, whether the film's own rate varies, and the number of frames expected at that rate.

    Raises:
        VideoError: ffprobe hung or crashed over the timestamps.
    """
    hints = [read_fraction(picture.get(name)) for name in ("r_frame_rate", "avg_frame_rate")]
    known = [rate for rate in hints if rate]
    stated_s = _stated_duration(picture, container, offset_s)
    tabled = "mov" in container["format_name"] and "nb_frames" in picture
    # mp4 has a table of all durations: equal rates mean that there is only one duration in it.
    if tabled and stated_s and len(known) == 2 and abs(known[0] - known[1]) < 2e-4 * known[1]:
        return known[0], False, round(stated_s * known[0])
    time_base = Fraction(picture["time_base"])
    ticks = _read_timestamps(path, picture["index"])
    if len(ticks) < 2:
        rate = known[0] if known else Fraction(25)
        return rate, False, max(round(stated_s * rate), 1)
    rate, variable = choose_rate(ticks, time_base, known)
    if variable and rate == MAX_VARIABLE_RATE:
        log.info("%s: its rate varies freely; frames keep their times to 1/%d s", path, rate)
    counted = round(int(ticks[-1] - ticks[0]) * time_base * rate) + 1
    return rate, variable, max(counted, round(stated_s * rate))


def _read_timestamps(path: Path, index: int) -> NDArray[np.int64]:
    """When each packet of a stream is shown, sorted; empty if the file does not say.

    This reads the whole file once but decodes nothing, and keeps 8 bytes a frame.

    Raises:
        VideoError: ffprobe hung or crashed.
    """
    shown, decoded = array.array("q"), array.array("q")
    entries = ("-select_streams", str(index), "-show_entries", "packet=pts,dts,flags", "-of", "csv=p=0")
    process = start_ffprobe(path, *entries)
    try:
        for line in process.stdout.lines():
            pts, dts, flags = [*line.decode().strip().split(","), "", "", ""][:3]
            # Lines without flags are of other things; D is cut away by an edit list, thus never shown.
            if not flags or "D" in flags:
                continue
            if pts != "N/A":
                shown.append(int(pts))
            if dts != "N/A":
                decoded.append(int(dts))
        process.wait()  # An error is no matter: of a damaged film the timestamps that could be read will do.
        if process.was_ended:
            raise VideoError(f"{path}: its timestamps cannot be read: {process.words()}")
    finally:
        process.stop()
    # An avi names only when to decode, which on its even grid is as good.
    return np.sort(np.array(shown if len(shown) >= len(decoded) else decoded, dtype=np.int64))


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
    for rate, (slots, deviation) in placed.items():
        if deviation <= slack and np.all(np.diff(slots) > 0):
            return rate, True
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
