"""SMPTE timecode, hh:mm:ss:ff. Pure."""

import re
from fractions import Fraction

_PATTERN = re.compile(r"(\d\d):(\d\d):(\d\d)([:;.])(\d+)")


def advance_timecode(timecode: str, frames: int, rate: Fraction) -> str | None:
    """The timecode of a later frame.

    Args:
        timecode: of the first frame, such as 01:00:00:00; with ; or . before the frames it is drop-frame: it
            skips numbers (not frames), so that it follows the clock at 30000/1001: SMPTE ST 12-1.
        frames: how many frames later.
        rate: frames per second.

    Returns:
        Its timecode, of the same kind; None if the text is not a timecode, or drop-frame does not exist at
        this rate.
    """
    found = _PATTERN.fullmatch(timecode)
    if not found:
        return None
    hours, minutes, seconds, number = (int(found[i]) for i in (1, 2, 3, 5))
    per_second = round(rate)
    dropped = 0 if found[4] == ":" else per_second // 15  # numbers a minute, except in every tenth
    if number >= per_second or (dropped and per_second % 30):
        return None
    minutes += hours * 60
    count = (minutes * 60 + seconds) * per_second + number - dropped * (minutes - minutes // 10) + frames
    if dropped:
        ten_minutes = 600 * per_second - 9 * dropped
        tens, rest = divmod(count, ten_minutes)
        # The first minute of ten has all its numbers.
        later_minutes = max(rest - dropped, 0) // (60 * per_second - dropped)
        count += dropped * (9 * tens + later_minutes)
    seconds, number = divmod(count, per_second)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours % 24:02}:{minutes:02}:{seconds:02}{found[4]}{number:02}"


def double_timecode(timecode: str) -> str:
    """The same time where each frame has become two; also for drop-frame."""
    found = _PATTERN.fullmatch(timecode)
    return f"{timecode[: found.start(5)]}{2 * int(found[5]):02}" if found else timecode
