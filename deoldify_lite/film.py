"""What a film is: its size as shown, its rate, colours and streams, told by ffprobe."""

import array
import json
import logging
import re
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.errors import InputError, VideoError
from deoldify_lite.ffmpeg_process import SOURCE_OPTIONS, file_url, find_program, last_words, run_program
from deoldify_lite.film_chroma import MATRICES
from deoldify_lite.frame_rate import MAX_VARIABLE_RATE, choose_rate

log = logging.getLogger(__name__)

# What primaries say about an untagged matrix; anything else is taken for BT.709.
_MATRIX_OF_PRIMARIES = {"bt2020": "bt2020nc", "smpte170m": "smpte170m", "bt470bg": "bt470bg"}
_PLANAR = re.compile(r"(?:yuv[aj]?(?P<sampling>4\d\d)p|gray)(?P<depth>\d+)?(?:le)?")


@dataclass(frozen=True)
class Stream:
    """One stream of a film other than the picture that is colorized."""

    index: int  # in the file
    kind: str  # video, audio, subtitle, attachment, data
    codec: str
    attached_pic: bool = False  # cover art, which ffmpeg calls video


@dataclass(frozen=True)
class Colors:
    """How the numbers of a film are to be shown, in ffprobe's words. None: the film does not say."""

    range: str  # tv (limited) or pc (full); settled
    matrix: str  # settled: BT.709 where the film does not say
    primaries: str | None
    transfer: str | None
    chroma_location: str | None


@dataclass(frozen=True)
class Film:
    """What the reader and the writer must know about a film."""

    path: Path
    width: int  # px, as shown: after the turn that the film asks for
    height: int
    rate: Fraction  # frames per second, constant, on both pipes
    variable: bool  # True: the source's own rate varies, so frames are repeated to fill the grid
    frame_count: int  # estimate, at `rate`
    offset_s: Fraction  # the first frame is shown this long after the file's start
    codec: str
    pix_fmt: str
    colors: Colors
    pixel_aspect: Fraction | None  # width / height of a pixel as shown; None: unknown
    index: int  # of the picture's stream
    picture_tags: dict[str, str]  # language, title and the like of that stream
    picture_dispositions: tuple[str, ...]
    streams: tuple[Stream, ...]  # all others, in the file's order

    @property
    def duration_s(self) -> float:
        """Seconds that the picture lasts."""
        return float(self.frame_count / self.rate)

    @property
    def planar(self) -> bool:
        """Luma is a plane of its own, so it can be taken as it is."""
        return _PLANAR.fullmatch(self.pix_fmt) is not None

    @property
    def is_rgb(self) -> bool:
        """Its samples are red, green and blue, a palette, or black and white."""
        return _is_rgb(self.pix_fmt)

    @property
    def sampling(self) -> str:
        """Chroma subsampling: 420, 422 or 444; 420 for grey, RGB and what few players know."""
        found = _PLANAR.fullmatch(self.pix_fmt)
        sampling = found["sampling"] if found else None
        return sampling if sampling in ("422", "444") else "420"

    @property
    def depth(self) -> int:
        """Bits of a sample."""
        if found := _PLANAR.fullmatch(self.pix_fmt):
            return int(found["depth"] or 8)
        # Packed and big-endian formats: p010le, gbrp12le, yuv420p10be, x2rgb10le, rgb48le, ya16le ...
        found = re.search(r"(?:p0|p2|p4|p|gray|y2|rgb|bgr|ya|rgba|xyz)(\d\d)(?:le|be)$", self.pix_fmt)
        bits = int(found[1]) if found else 8
        return {48: 16, 64: 16}.get(bits, bits)


def probe_film(path: Path) -> Film:
    """Look at a film: reads its header, its first frame and, where its rate is in doubt, all timestamps.

    Raises:
        InputError: there is no such file, it is empty, or it is not a film that ffmpeg can read.
        VideoError: ffmpeg is missing, or the film's colour matrix is one that we cannot write.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file; check the name")
    try:
        with open(path, "rb") as file:
            empty = not file.read(1)
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); check its permissions") from error
    if empty:
        raise InputError(f"{path}: the file is empty; copy or download it again")
    header = _probe(path, "-show_format", "-show_streams")
    container = header["format"]
    if container["format_name"].endswith("_pipe") or container["format_name"] == "image2":
        raise InputError(f"{path}: this is a photo, not a film; colorize it as a photo")
    pictures = [s for s in header["streams"] if s["codec_type"] == "video" and not _is_cover(s)]
    if not pictures:
        raise InputError(f"{path}: there is no picture in this file (only sound, text or cover art)")
    # The picture that a player would choose: the default one, or else the first.
    picture = max(pictures, key=lambda s: s.get("disposition", {}).get("default", 0))
    frame = _first_frame(path, picture["index"])
    time_base = Fraction(picture["time_base"])
    start = Fraction(container.get("start_time", "0"))
    offset_s = max(int(frame.get("best_effort_timestamp", 0)) * time_base - start, Fraction(0))
    rate, variable, count = _measure_rate(path, picture, container, offset_s)
    turned = _turned_sideways(picture)
    width, height = int(frame["width"]), int(frame["height"])
    tags = {name.lower(): value for name, value in picture.get("tags", {}).items()}
    return Film(
        path=path,
        width=height if turned else width,
        height=width if turned else height,
        rate=rate,
        variable=variable,
        frame_count=max(count, 1),
        offset_s=offset_s,
        codec=picture.get("codec_name", "unknown"),
        pix_fmt=frame["pix_fmt"],
        colors=_settle_colors(path, frame, picture),
        pixel_aspect=_pixel_aspect(picture, turned=turned),
        index=picture["index"],
        picture_tags={name: tags[name] for name in ("language", "title", "handler_name") if name in tags},
        picture_dispositions=tuple(name for name, on in picture.get("disposition", {}).items() if on),
        streams=tuple(
            Stream(s["index"], s["codec_type"], s.get("codec_name", "unknown"), _is_cover(s))
            for s in header["streams"]
            if s["index"] != picture["index"] and "codec_type" in s
        ),
    )


def _probe(path: Path, *arguments: str) -> dict[str, Any]:
    """What ffprobe says about a film, as a dict."""
    options = [part for name, value in SOURCE_OPTIONS.items() for part in (f"-{name}", value)]
    done = run_program("ffprobe", ["-v", "error", *options, "-of", "json", *arguments, "-i", file_url(path)])
    if done.returncode != 0:
        raise InputError(
            f"{path}: not a film that ffmpeg can read; check that it plays, or copy it again. "
            f"ffprobe said: {last_words(done.stderr)}"
        )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _first_frame(path: Path, index: int) -> dict[str, Any]:
    """The first frame that can be decoded."""
    fields = "best_effort_timestamp,width,height,pix_fmt,color_range,color_space,color_primaries"
    fields += ",color_transfer,chroma_location"
    # The decoder has to be warm: in an avi with B-frames one packet alone would be given another time than
    # in a run. And a film cut off in front starts with packets that give no frame.
    for packets in (20, 500):
        found = _probe(
            path,
            *("-select_streams", str(index), "-read_intervals", f"%+#{packets}"),
            *("-show_entries", f"frame={fields}"),
        )
        if frames := found.get("frames"):
            first: dict[str, Any] = frames[0]
            return first
    raise InputError(f"{path}: no frame of its picture can be decoded; check that it plays, or copy it again")


def _measure_rate(
    path: Path, picture: dict[str, Any], container: dict[str, Any], offset_s: Fraction
) -> tuple[Fraction, bool, int]:
    """Constant rate, whether the film's own rate varies, and the number of frames expected at that rate."""
    hints = [_fraction(picture.get(name)) for name in ("r_frame_rate", "avg_frame_rate")]
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
    there = round(int(ticks[-1] - ticks[0]) * time_base * rate) + 1
    return rate, variable, max(there, round(stated_s * rate))


def _read_timestamps(path: Path, index: int) -> NDArray[np.int64]:
    """When each packet of a stream is shown, sorted; empty if the file does not say.

    This reads the whole file once but decodes nothing, and keeps 8 bytes a frame.
    """
    options = [part for name, value in SOURCE_OPTIONS.items() for part in (f"-{name}", value)]
    entries = ("-show_entries", "packet=pts,dts,flags", "-of", "csv=p=0")
    process = subprocess.Popen(
        [
            *(find_program("ffprobe"), "-v", "quiet", *options),
            *("-select_streams", str(index), *entries, "-i", file_url(path)),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    shown, decoded = array.array("q"), array.array("q")
    assert process.stdout is not None
    try:
        for line in process.stdout:
            pts, dts, flags = [*line.decode().strip().split(","), "", "", ""][:3]
            # Lines without flags tell of other things; D is cut away by an edit list, thus never shown.
            if not flags or "D" in flags:
                continue
            if pts != "N/A":
                shown.append(int(pts))
            if dts != "N/A":
                decoded.append(int(dts))
    finally:
        process.kill()
        process.stdout.close()
        process.wait()
    # An avi names only when to decode, which on its even grid is as good.
    return np.sort(np.array(shown if len(shown) >= len(decoded) else decoded, dtype=np.int64))


def _stated_duration(picture: dict[str, Any], container: dict[str, Any], offset_s: Fraction) -> Fraction:
    """Seconds that the picture should last by the header; 0 if the header does not say.

    Of a film cut short the header tells more than the packets.
    """
    if "duration" in picture:
        return Fraction(picture["duration"])
    tag = next((v for k, v in picture.get("tags", {}).items() if k.upper() == "DURATION"), None)
    if tag and (found := re.fullmatch(r"(\d+):(\d+):(\d+(?:\.\d+)?)", tag)):
        seconds = int(found[1]) * 3600 + int(found[2]) * 60 + Fraction(found[3])
    elif container.get("nb_streams") == 1 and "duration" in container:
        seconds = Fraction(container["duration"])
    else:
        return Fraction(0)
    # Some programs write the time of the end there, others the length: the shorter gives no false alarm.
    return max(seconds - offset_s - max(Fraction(container.get("start_time", "0")), Fraction(0)), Fraction(0))


def _settle_colors(path: Path, frame: dict[str, Any], picture: dict[str, Any]) -> Colors:
    """Colour tags, with what is missing settled as the luma will be written."""
    pix_fmt = frame["pix_fmt"]
    tags = {
        name: None if value in (None, "unknown", "unspecified", "reserved", "gbr") else str(value)
        for name in ("color_range", "color_space", "color_primaries", "color_transfer", "chroma_location")
        for value in [frame.get(name, picture.get(name))]
    }
    if pix_fmt.startswith("yuvj"):
        color_range = "pc"
    elif _is_rgb(pix_fmt):
        color_range = "tv"  # It becomes YUV here, and this is the range that all players know.
    elif pix_fmt.startswith("gray") and picture.get("codec_name") not in ("h264", "hevc", "vp9", "av1"):
        # Grey pictures use all values, except in the film codecs, whose standards say limited.
        color_range = tags["color_range"] or "pc"
    else:
        color_range = tags["color_range"] or "tv"
    matrix, primaries, transfer = tags["color_space"], tags["color_primaries"], tags["color_transfer"]
    if not (matrix or primaries or transfer):
        matrix = primaries = transfer = "bt709"
    matrix = matrix or _MATRIX_OF_PRIMARIES.get(primaries or "", "bt709")
    if matrix not in MATRICES:
        raise VideoError(
            f"{path}: its colour matrix {matrix} is not supported; convert it first, for example with: "
            "ffmpeg -i FILM -vf scale=out_color_matrix=bt709 -colorspace bt709 -crf 12 CONVERTED.mkv"
        )
    return Colors(color_range, matrix, primaries, transfer, tags["chroma_location"])


def _is_rgb(pix_fmt: str) -> bool:
    return re.search(r"rgb|bgr|gbr|pal8|mono|^ya|xyz", pix_fmt) is not None


def _turned_sideways(picture: dict[str, Any]) -> bool:
    """True if the film asks to be turned by 90 or 270 degrees, which ffmpeg does and ffprobe does not."""
    turns = [data["rotation"] for data in picture.get("side_data_list", []) if "rotation" in data]
    return bool(turns) and round(abs(float(turns[0]))) % 180 == 90


def _pixel_aspect(picture: dict[str, Any], *, turned: bool) -> Fraction | None:
    aspect = _fraction(picture.get("sample_aspect_ratio", "").replace(":", "/"))
    return 1 / aspect if aspect and turned else aspect


def _fraction(text: str | None) -> Fraction | None:
    """A positive fraction such as 24000/1001; None for none and for 0/0."""
    found = re.fullmatch(r"(\d+)/(\d+)", text or "")
    if not found or int(found[1]) == 0 or int(found[2]) == 0:
        return None
    return Fraction(int(found[1]), int(found[2]))


def _is_cover(stream: dict[str, Any]) -> bool:
    return bool(stream.get("disposition", {}).get("attached_pic"))
