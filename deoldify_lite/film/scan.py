"""Scan a film with ffprobe: its first frames, the time of each packet, or time and look of each frame."""

import array
import json
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.errors import InputError, VideoError
from deoldify_lite.film.ffmpeg import run_ffprobe, start_ffprobe
from deoldify_lite.film.process import last_words

# Codecs of few key frames, whose size may change at one of these.
_SPARSE_KEYS = {
    *("mpeg1video", "mpeg2video", "mpeg4", "h264", "hevc", "vc1", "wmv3", "vp8", "vp9", "av1", "theora"),
    *("flv1", "vp6f", "h263"),
}
# Of frames, the fields that `_look` takes; ffprobe prints them in its own order, this one.
_LOOK_FIELDS = ("width", "height", "sample_aspect_ratio")
_LOOK = f"frame=best_effort_timestamp,{','.join(_LOOK_FIELDS)}"
_FAST = ("-threads", "auto", "-skip_loop_filter", "all")
_FIRST_FIELDS = (
    "best_effort_timestamp,width,height,sample_aspect_ratio,pix_fmt,color_range,color_space,color_primaries,"
    "color_transfer,chroma_location,interlaced_frame,top_field_first"
)
# Containers with an index, so that a place is found at once; ffmpeg's names of them.
_INDEXED = ("mov", "matroska", "avi")
_GLIMPSES = 4  # frames beside the first ones, spread over the film; the last is near its end


class Look(NamedTuple):
    """How frames are shown, from one of them on."""

    frame: int
    """Number of this frame."""
    width: int
    """As encoded, px."""
    height: int
    pixel_aspect: Fraction | None
    """Width / height of a pixel."""


class FirstFrames(NamedTuple):
    """The first frames of a stream, as ffprobe describes them."""

    frames: list[dict[str, Any]]
    """At least one."""
    changes: bool
    """Whether frames here and there differ in size or aspect."""


class Packets(NamedTuple):
    """The packets of a stream, as they lie in the file."""

    ticks: NDArray[np.int64]
    """When each is shown; empty if the file does not say."""
    total: int
    """How many are shown, timed or not."""
    untimed: int
    """How many come before the first that is timed."""
    mixed: bool
    """Whether the file says of some when they are shown, and of others when to decode them."""
    changes: bool
    """Whether key frames differ in size or aspect."""


class Frames(NamedTuple):
    """The frames of a stream, in the order in which they are decoded."""

    ticks: list[int | None]
    """When each is shown; None where the file does not say."""
    looks: tuple[Look, ...]
    """Where size or aspect change; the first is that of the first frame."""


def ask_ffprobe(path: Path, *arguments: str) -> dict[str, Any]:
    """What ffprobe says about a film.

    Raises:
        InputError: it cannot read the film.
    """
    done = run_ffprobe(path, "-of", "json", *arguments)
    if done.returncode != 0:
        # ffprobe refuses a whole file for one of its streams, and names that only if it says more.
        said = run_ffprobe(path, "-v", "warning").stderr.decode(errors="replace")
        if unopened := re.search(r"Could not open codec for input stream (\d+)", said):
            raise InputError(
                f"{path}: its stream {unopened[1]} cannot be decoded, for which ffprobe refuses the file. If "
                "that is not the picture, make a copy without it: "
                f"ffmpeg -i FILM -map 0 -map -0:{unopened[1]} -c copy COPY.mkv. "
                f"ffprobe said: {last_words(done.stderr)}"
            )
        raise InputError(
            f"{path}: not a film that ffmpeg can read; check that it plays, or copy it again. "
            f"ffprobe said: {last_words(done.stderr)}"
        )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def scan_start(path: Path, picture: dict[str, Any], container: dict[str, Any]) -> FirstFrames:
    """The first frames that can be decoded, and whether a few others look different.

    Args:
        path: of the film.
        picture: the stream of its picture as ffprobe describes it.
        container: its file, likewise.

    Raises:
        InputError: none can be decoded.
    """
    places = _places(container)
    # Not just one packet: in an avi with B-frames, a packet alone would get another time than in a run. And a
    # film that is cut off in front starts with packets that give no frame.
    for packets, beside in ((20, places), *([(20, [])] if places else []), (500, [])):
        intervals = ",".join([f"%+#{packets}", *(f"{place:.3f}%+#1" for place in beside)])
        try:
            found = ask_ffprobe(
                path,
                *("-select_streams", str(picture["index"]), "-read_intervals", intervals),
                *("-show_entries", f"frame={_FIRST_FIELDS}:frame_side_data_list:frame_side_data"),
            )
        except InputError:
            if beside:  # Not every file with an index can be searched.
                continue
            raise
        if frames := found.get("frames"):
            looks = {tuple(frame.get(name) for name in _LOOK_FIELDS) for frame in frames}
            return FirstFrames(frames[: max(len(frames) - len(beside), 1)], len(looks) > 1)
    raise InputError(f"{path}: no frame of its picture can be decoded; check that it plays, or copy it again")


def _places(container: dict[str, Any]) -> list[float]:
    """Seconds at which a film is looked at beside its start."""
    if not any(name in container["format_name"] for name in _INDEXED):
        return []
    length_s = float(container.get("duration", 0))
    start_s = float(container.get("start_time", 0))
    return [start_s + length_s * n / _GLIMPSES for n in range(1, _GLIMPSES + 1)] if length_s > 0 else []


def scan_packets(path: Path, picture: dict[str, Any]) -> Packets:
    """When each packet of a stream is shown.

    This reads the whole file once but decodes only key frames, and keeps 8 bytes a frame.

    Raises:
        VideoError: ffprobe hung or crashed.
    """
    shown, decoded = array.array("q"), array.array("q")
    total = untimed = 0
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
        total += 1
        untimed += pts == dts == "N/A" and not shown and not decoded
        if pts != "N/A":
            shown.append(int(pts))
        if dts != "N/A":
            decoded.append(int(dts))
    # An avi names only when to decode, which on its even grid is as good.
    ticks = shown if len(shown) >= len(decoded) else decoded
    return Packets(
        np.array(ticks, dtype=np.int64),
        total,
        untimed if len(ticks) else 0,
        mixed=0 < len(shown) < len(decoded),
        changes=len(looks) > 1,
    )


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
