"""Which of a file's pictures is the film: the one that a player shows."""

import re
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

# Codecs of photos. Where a file does not say how many frames they have, they are likely art or thumbnails.
_OF_PHOTOS = ("mjpeg", "png", "bmp", "gif", "tiff", "webp", "jpegls", "jpeg2000")
# Marks of streams that are not film: art, and the little pictures of a player's time line.
_MARKS_OF_STILLS = ("attached_pic", "still_image", "timed_thumbnails")


def choose_picture(pictures: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return the picture that moves and lasts; of several such, the default one, or else the first.

    Args:
        pictures: streams as ffprobe describes them, at least one; no cover art.
    """
    # A stream that ffmpeg cannot decode has no codec or no size.
    readable = [s for s in pictures if s.get("codec_name") and s.get("width")] or pictures
    moving = [stream for stream in readable if not is_still(stream)] or readable
    # A cover or a row of thumbnails has few frames, or does not last.
    for measure in (_frames, stream_seconds):
        sizes = [measure(stream) for stream in moving]
        if all(sizes):
            longest = max(size for size in sizes if size)
            moving = [s for s, size in zip(moving, sizes, strict=True) if size and 2 * size >= longest]
            break
    if measure is not _frames:
        moving = [s for s in moving if s.get("codec_name") not in _OF_PHOTOS] or moving
    return max(moving, key=lambda s: s.get("disposition", {}).get("default", 0))


def is_still(stream: dict[str, Any]) -> bool:
    """Return whether a picture is one frame, or is marked as art or thumbnails."""
    disposition = stream.get("disposition", {})
    return _frames(stream) == 1 or any(disposition.get(mark) for mark in _MARKS_OF_STILLS)


def note_on_pictures(pictures: Sequence[dict[str, Any]], chosen: dict[str, Any]) -> tuple[str, ...]:
    """Return a warning for each picture that is not colorized."""
    return tuple(
        f"stream {s['index']} ({s.get('codec_name', 'unknown')}, {s.get('width')} x {s.get('height')} px) is "
        f"{'a still' if is_still(s) else 'another picture'} beside the film: it is not colorized; to "
        f"colorize it, copy it into a file of its own: ffmpeg -i FILM -map 0:{s['index']} -c copy OTHER.mkv"
        for s in pictures
        if s is not chosen
    )


def _frames(stream: dict[str, Any]) -> int | None:
    tags = {name.upper(): value for name, value in stream.get("tags", {}).items()}
    # mkvmerge adds the language to the names of what it has counted.
    found = [stream.get("nb_frames"), *(v for k, v in tags.items() if k.startswith("NUMBER_OF_FRAMES"))]
    return next((int(count) for count in found if count and count.isdecimal() and int(count)), None)


def stream_seconds(stream: dict[str, Any]) -> Fraction | None:
    """Return how long a stream lasts, or when it ends, by its header; None if that does not say."""
    if "duration" in stream:
        return Fraction(stream["duration"])
    tag = next((v for k, v in stream.get("tags", {}).items() if k.upper() == "DURATION"), None)
    if tag and (found := re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", tag)):
        return int(found[1]) * 3600 + int(found[2]) * 60 + Fraction(found[3])
    return None
