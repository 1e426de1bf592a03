"""Scan a film with ffprobe: the time of each packet, or the time and the look of each frame."""

import array
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.errors import VideoError
from deoldify_lite.film.ffmpeg import start_ffprobe

# Codecs of few key frames, whose size may change at one of these.
_SPARSE_KEYS = {
    *("mpeg1video", "mpeg2video", "mpeg4", "h264", "hevc", "vc1", "wmv3", "vp8", "vp9", "av1", "theora"),
    *("flv1", "vp6f", "h263"),
}
# Of frames, the fields that `_look` takes; ffprobe prints them in its own order, this one.
_LOOK = "frame=best_effort_timestamp,width,height,sample_aspect_ratio"
_FAST = ("-threads", "auto", "-skip_loop_filter", "all")


class Look(NamedTuple):
    """How frames are shown, from one of them on."""

    frame: int
    """Number of this frame."""
    width: int
    """As encoded, px."""
    height: int
    pixel_aspect: Fraction | None
    """Width / height of a pixel."""


class Packets(NamedTuple):
    """The packets of a stream, as they lie in the file."""

    ticks: NDArray[np.int64]
    """When each is shown; empty if the file does not say."""
    untimed: int
    """How many come before the first of these."""
    changes: bool
    """Whether key frames differ in size or aspect."""


class Frames(NamedTuple):
    """The frames of a stream, in the order in which they are decoded."""

    ticks: list[int | None]
    """When each is shown; None where the file does not say."""
    looks: tuple[Look, ...]
    """Where size or aspect change; the first is that of the first frame."""


def scan_packets(path: Path, picture: dict[str, Any]) -> Packets:
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
    return Packets(np.array(ticks, dtype=np.int64), untimed if len(ticks) else 0, len(looks) > 1)


def scan_frames(path: Path, picture: dict[str, Any]) -> Frames:
    """When each frame of a stream is shown, and how; all of it is decoded for that.

    Raises:
        VideoError: ffprobe hung or crashed.
    """
    ticks, looks = list[int | None](), list[Look]()
    for kind, time, *rest in _lines(path, picture["index"], _LOOK, *_FAST):
        if kind == "frame":
            look = _look(len(ticks), rest)
            if not looks or look[1:] != looks[-1][1:]:
                looks.append(look)
            ticks.append(None if time in ("N/A", "") else int(time))
    return Frames(ticks, tuple(looks))


def _look(frame: int, fields: Sequence[str]) -> Look:
    """Look of a frame from what ffprobe says after its time."""
    width, height, aspect = (*fields, "", "", "")[:3]
    numbers = [int(text) if text.isdecimal() else 0 for text in (width, height)]
    return Look(frame, numbers[0], numbers[1], read_fraction(aspect.replace(":", "/")))


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


def read_fraction(text: str | None) -> Fraction | None:
    """A positive fraction such as 24000/1001; None for none and for 0/0."""
    found = re.fullmatch(r"(\d+)/(\d+)", text or "")
    if not found or int(found[1]) == 0 or int(found[2]) == 0:
        return None
    return Fraction(int(found[1]), int(found[2]))
