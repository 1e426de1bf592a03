"""The shots of a film as an edit decision list (CMX 3600), which editing programs read."""

import logging
from collections.abc import Sequence
from typing import Any

from deoldify_lite.errors import OptionError
from deoldify_lite.film.probe import Film
from deoldify_lite.run.shots.survey import FoundShot

log = logging.getLogger(__name__)

EDL = "shots.edl"
# CMX 3600 has room for so many events, and names reels in eight letters.
MOST_EVENTS = 999


def check_edl(film: Film) -> None:
    """Check that a list of a film can be written.

    Raises:
        OptionError: what writes it is not installed, or there is no timecode for the film's rate.
    """
    try:
        import opentimelineio

        found = "cmx_3600" in opentimelineio.adapters.available_adapter_names()
    except ImportError:
        found = False
    if not found:
        raise OptionError(
            "--edl needs OpenTimelineIO and its adapter: run: pip install opentimelineio otio-cmx3600-adapter"
        )
    _start_of(film)


def edl_of(film: Film, shots: Sequence[FoundShot]) -> str:
    """The list as text: an event for each shot, on the film's own timecode.

    Args:
        film: the film. Without a timecode of its own it counts from 00:00:00:00.
        shots: in order.

    Raises:
        OptionError: there is no timecode for the film's rate.
    """
    from opentimelineio import adapters, opentime, schema

    start = _start_of(film)
    rate = start.rate
    if len(shots) > MOST_EVENTS:
        log.warning(
            "%s: has %d shots, and some programs read only the first %d of such a list",
            *(film.path, len(shots), MOST_EVENTS),
        )
    timeline = schema.Timeline(film.path.stem)
    timeline.global_start_time = start
    track = schema.Track("V", kind=schema.TrackKind.Video)
    timeline.tracks.append(track)
    media = schema.ExternalReference(film.path.name)
    for shot in shots:
        first = opentime.RationalTime(start.value + shot.first, rate)
        clip = schema.Clip(
            f"shot-{shot.number:04}",
            media_reference=media,
            source_range=opentime.TimeRange(first, opentime.RationalTime(shot.frames, rate)),
        )
        clip.metadata["cmx_3600"] = {"reel": "AX", "comments": [f"SCENE: {shot.scene}"]}
        track.append(clip)
    return str(adapters.write_to_string(timeline, "cmx_3600", rate=rate))


def _start_of(film: Film) -> Any:
    """The timecode of the first frame, as OpenTimelineIO has it.

    Raises:
        OptionError: there is no timecode for the film's rate.
    """
    from opentimelineio import opentime

    timecode = (film.timecode or "00:00:00:00").replace(".", ";")
    # Without drop-frame, timecode counts frames of 30000/1001 a second as of 30.
    rate = float(film.rate) if ";" in timecode else float(round(film.rate))
    try:
        return opentime.from_timecode(timecode, rate)
    except ValueError as error:
        raise OptionError(
            f"--edl: {film.path} has {float(film.rate):g} frames a second and begins at {timecode}, and such "
            "a list holds no such timecode: leave out --edl"
        ) from error
