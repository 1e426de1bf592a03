"""Turn interlaced films into films of whole frames."""

import logging
import re
from dataclasses import replace

from deoldify_lite.film.ffmpeg import find_program, input_arguments
from deoldify_lite.film.probe import Film
from deoldify_lite.film.process import run_arguments
from deoldify_lite.film.timecode import double_timecode

log = logging.getLogger(__name__)

_FRAMES = 250  # examined where a film does not say whether it is interlaced


def deinterlaced(film: Film) -> Film:
    """Describe the film as reader and writer will see it: each field a frame, at twice the rate.

    So all motion is kept. ffmpeg's `bwdif` makes the missing lines, the same for reader and writer.

    Args:
        film: if it does not say that it is interlaced, its first frames are examined, since many transfers
            from tape do not say so.

    Returns:
        The same film if it is not interlaced.
    """
    first_field = film.first_field or _look_for_fields(film)
    if first_field is None:
        log.info("%s: is not interlaced, so there is nothing to deinterlace", film.path)
        return film
    log.info("%s: deinterlaced, each field becomes a frame: %g a second", film.path, 2 * film.rate)
    return replace(
        film,
        first_field=first_field,
        deinterlace=True,
        rate=2 * film.rate,
        frame_count=2 * film.frame_count,
        times=film.times and film.times.doubled(),
        timecode=film.timecode and double_timecode(film.timecode),
    )


def _look_for_fields(film: Film) -> str | None:
    """tff or bff by how frames look; None if most look whole, or too little moves."""
    done = run_arguments(
        [
            *(find_program(), "-hide_banner", "-nostats", *input_arguments(film.path)),
            *("-map", f"0:{film.index}", "-vf", "idet", "-frames:v", str(_FRAMES), "-f", "null", "-"),
        ]
    )
    found = re.findall(rb"Multi frame detection: TFF: *(\d+) BFF: *(\d+) Progressive: *(\d+)", done.stderr)
    if not found:
        return None
    top, bottom, whole = (int(count) for count in found[-1])
    return None if top + bottom <= whole else "tff" if top >= bottom else "bff"
