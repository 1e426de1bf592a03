"""Probe a film: its size as shown, its rate, colours and streams, by ffprobe."""

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import floor
from pathlib import Path
from typing import Any

from deoldify_lite.errors import InputError, VideoError
from deoldify_lite.film.clock import Jump, note_on_jumps
from deoldify_lite.film.colors import Colors, is_rgb, settle_colors
from deoldify_lite.film.hdr10 import LIGHT_LEVEL, MASTERING, Hdr10, read_hdr10
from deoldify_lite.film.kinds import JPEG_SUFFIXES
from deoldify_lite.film.pictures import choose_picture, note_on_pictures
from deoldify_lite.film.pixels import TRANSPARENT_PALETTES, PixelFormat, describe_pixels, has_decoder
from deoldify_lite.film.scan import Look, ask_ffprobe, read_fraction, scan_start
from deoldify_lite.film.times import Times
from deoldify_lite.film.timing import measure_rate

log = logging.getLogger(__name__)

_CAPTIONS, _GOP_TIMECODE = "ATSC A53 Part 4 Closed Captions", "GOP timecode"
# Side data that is kept, or that belongs to the encoding and not to the film.
_NOT_LOST = {
    *(MASTERING, LIGHT_LEVEL, _CAPTIONS, _GOP_TIMECODE, "SMPTE 12-1 timecode"),
    *("Display Matrix", "3x3 displaymatrix", "CPB properties", "AVPanScan", "QP table properties"),
    *("Video encoding parameters", "H.26[45] User Data Unregistered SEI message", "Film grain parameters"),
}
# ffmpeg's decoders that give the transparency of a codec, of 8 bits in 4:2:0, where its usual one does not.
_ALPHA_DECODERS = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
# Tags of a picture's stream that belong to its encoding, or are written anew.
_TAGS_OF_ENCODING = re.compile(
    r"(encoder|duration|bps|number_of_\w+|_statistics_\w+|vendor_id|rotate|timecode|alpha_mode)(-\w+)?"
)


@dataclass(frozen=True)
class Stream:
    """One stream of a film other than the picture that is colorized."""

    index: int  # in the file
    kind: str  # video, audio, subtitle, attachment, data
    codec: str
    attached_pic: bool = False  # cover art, which ffmpeg calls video
    sample_fmt: str = ""  # of sound, as it is decoded: s16, s32, flt ...; without the p of planar
    bits: int = 0  # of such a sample that are used; 0: unknown
    channels: int = 0
    is_known: bool = True  # to ffmpeg, by its codec
    encoder: str = "copy"  # that ffmpeg writes it with


@dataclass(frozen=True)
class Part:
    """A part of a film whose size or pixel aspect is another than before."""

    first: int  # number of its first frame
    width: int  # px, as shown
    height: int
    pixel_aspect: Fraction | None


@dataclass(frozen=True)
class Film:
    """What reader and writer need to know about a film."""

    path: Path
    width: int  # px, as shown: after the turn that the film asks for
    height: int
    rate: Fraction  # frames per second, constant, on both pipes; nominal where there are `times`
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
    streams: tuple[Stream, ...]  # all others, in the file's order, but those that containers write anew
    first_field: str | None = None  # tff (top) or bff (bottom) if it is interlaced; None: whole frames
    deinterlace: bool = False  # make a frame of each field; see film.fields.deinterlaced
    hdr10: Hdr10 | None = None
    timecode: str | None = None  # of the first frame
    captions: bool = False  # its frames hold closed captions
    tags: tuple[str, ...] = ()  # names of the file's metadata
    decoder: str | None = None  # of the picture, if ffmpeg's usual one does not give all
    lost: tuple[str, ...] = ()  # side data of its picture that is not kept, by ffprobe's names
    container: str = ""  # ffmpeg's name of the file's format
    timed: bool = True  # the file says when frames are shown, so that they can be found
    times: Times | None = None  # of its frames, where the grid of no rate shows them
    parts: tuple[Part, ...] = ()  # where its size or pixel aspect change; empty if neither is known to
    jumps: tuple[Jump, ...] = ()  # of the file's clock
    notes: tuple[str, ...] = ()  # warnings: a sentence for each thing that is not as a user would expect

    @property
    def duration_s(self) -> float:
        """Seconds that the picture lasts."""
        return float(self.seconds(self.frame_count))

    def seconds(self, frame: int) -> Fraction:
        """When a frame is shown, in seconds after the first."""
        return self.times.seconds(frame) if self.times else frame / self.rate

    def nearest_frame(self, time_s: Fraction) -> int:
        """The number of the frame nearest to a time, in seconds as a player shows it."""
        after_first_s = time_s - self.offset_s
        if self.times:
            return self.times.nearest(after_first_s)
        return floor(after_first_s * self.rate + Fraction(1, 2))

    def on_its_clock(self, time_s: Fraction) -> Fraction:
        """The time that the file gives for a time as a player shows it, both in seconds after its start."""
        passed = [jump for jump in self.jumps if jump.time_s + self.offset_s <= time_s]
        return time_s + sum((jump.ahead_s for jump in passed), Fraction(0))

    @property
    def interlaced(self) -> bool:
        """Whether its frames are made of two fields, and stay so."""
        return self.first_field is not None and not self.deinterlace

    @property
    def per_frame(self) -> int:
        """Frames of the result for one of the file."""
        return 2 if self.deinterlace else 1

    @property
    def pixels(self) -> PixelFormat:
        """Its pixel format."""
        return describe_pixels(self.pix_fmt)

    @property
    def planar(self) -> bool:
        """Whether luma is a plane of its own, so that it can be copied."""
        return self.pixels.planar

    @property
    def is_rgb(self) -> bool:
        """Whether its samples are red, green and blue, a palette, or black and white."""
        return is_rgb(self.pix_fmt)

    @property
    def sampling(self) -> str:
        """Chroma subsampling: 420, 422 or 444; 420 for grey, RGB and whatever few players know."""
        return self.pixels.sampling

    @property
    def depth(self) -> int:
        """Bits per sample of its result, if the codec holds so many."""
        return self.pixels.depth

    @property
    def has_alpha(self) -> bool:
        """Whether its frames can be transparent."""
        palette = self.pix_fmt == "pal8" and self.codec in TRANSPARENT_PALETTES
        return palette or self.pixels.has_alpha


def probe_film(path: Path, *, every_frame: bool = False) -> Film:
    """Probe a film.

    This starts ffprobe once for the header, which says where the picture is, once for the picture's first
    frames and a few others, and once more for all timestamps if the header leaves the rate in doubt.

    Args:
        path: of the film.
        every_frame: decode all of it, to find each change of size or pixel aspect: the film then has parts,
            or a single one. Without it, changes are found where they cost little to find.

    Raises:
        InputError: there is no such file, it is empty, or it is not a film that ffmpeg can read.
        VideoError: ffmpeg is missing or hung, we cannot write the film's colour matrix, or the film is
            interlaced and asks to be turned.
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
    header = ask_ffprobe(path, "-show_format", "-show_streams")
    container = header["format"]
    is_photo = container["format_name"].endswith("_pipe") or container["format_name"] == "image2"
    if is_photo and path.suffix.lower() not in JPEG_SUFFIXES:
        raise InputError(f"{path}: this is a photo, not a film; colorize it as a photo")
    pictures = [s for s in header["streams"] if s.get("codec_type") == "video" and not _is_cover(s)]
    if not pictures:
        raise InputError(f"{path}: there is no picture in this file (only sound, text or cover art)")
    picture = choose_picture(pictures)
    frames, changes = scan_start(path, picture, container)
    frame = frames[0]
    time_base = Fraction(picture["time_base"])
    start = Fraction(container.get("start_time", "0"))
    offset_s = max(int(frame.get("best_effort_timestamp", 0)) * time_base - start, Fraction(0))
    timing = measure_rate(
        path,
        picture,
        container,
        offset_s,
        first_ticks=[int(f["best_effort_timestamp"]) for f in frames if "best_effort_timestamp" in f],
        every_frame=every_frame or changes,
    )
    rotation = _rotation(picture)
    turned = rotation % 180 == 90
    width, height = int(frame["width"]), int(frame["height"])
    side_data = [data for part in (picture, *frames) for data in part.get("side_data_list", ())]
    kinds = [data.get("side_data_type", "") for data in side_data]
    others = [s for s in header["streams"] if s["index"] != picture["index"]]
    lost = [kind for kind in kinds if kind and kind not in _NOT_LOST]
    decoder = _alpha_decoder(picture)
    if decoder and frame["pix_fmt"] == "yuv420p" and has_decoder(decoder):
        frame["pix_fmt"] = "yuva420p"
    elif decoder:
        lost, decoder = [*lost, "transparency, which this ffmpeg does not decode,"], None
    first_field = _first_field(frames)
    if first_field and rotation % 360:
        raise VideoError(
            f"{path}: it is interlaced and asks to be turned by {rotation} degrees, which would tear its "
            "fields apart; deinterlace it first: ffmpeg -noautorotate -i FILM -map 0 -c copy -vf bwdif "
            "-c:v libx264 -crf 12 DEINTERLACED.mov"
        )
    return Film(
        path=path,
        width=height if turned else width,
        height=width if turned else height,
        rate=timing.rate,
        variable=timing.variable,
        frame_count=max(timing.frame_count, 1),
        offset_s=timing.offset_s,
        codec=picture.get("codec_name", "unknown"),
        pix_fmt=frame["pix_fmt"],
        colors=settle_colors(path, frame, picture),
        pixel_aspect=_pixel_aspect(picture, turned=turned),
        index=picture["index"],
        picture_tags={
            name.lower(): value
            for name, value in picture.get("tags", {}).items()
            if not _TAGS_OF_ENCODING.fullmatch(name.lower())
        },
        picture_dispositions=tuple(name for name, on in picture.get("disposition", {}).items() if on),
        streams=tuple(describe_stream(s) for s in others if not _is_written_anew(s)),
        first_field=first_field,
        hdr10=read_hdr10(side_data),
        timecode=_timecode([picture, *others, container], side_data),
        captions=_CAPTIONS in kinds,
        tags=tuple(container.get("tags", ())),
        decoder=decoder,
        lost=tuple(dict.fromkeys(lost)),
        container=container["format_name"],
        timed=timing.timed,
        times=timing.times,
        parts=_parts(timing.looks, turned=turned, keep_one=every_frame),
        jumps=timing.jumps,
        notes=(*note_on_pictures(pictures, picture), *note_on_jumps(timing.jumps, container["format_name"])),
    )


def _first_field(frames: Sequence[dict[str, Any]]) -> str | None:
    """tff or bff if any of some frames is interlaced."""
    first = [frame.get("top_field_first") for frame in frames if frame.get("interlaced_frame")]
    return ("tff" if first[0] else "bff") if first else None


def _timecode(tagged: Sequence[dict[str, Any]], side_data: Sequence[dict[str, Any]]) -> str | None:
    """The timecode of the first frame: from the first stream or file that has one, or else from the frame."""
    for tags in (each.get("tags", {}) for each in tagged):
        if found := next((value for name, value in tags.items() if name.lower() == "timecode"), None):
            return str(found)
    in_frames = [data.get("timecode") for data in side_data if data.get("side_data_type") == _GOP_TIMECODE]
    # Every MPEG-2 film has one there, and nearly all count from 0, which means nothing.
    return in_frames[0] if in_frames and in_frames[0] and re.search("[1-9]", in_frames[0]) else None


def describe_stream(found: dict[str, Any]) -> Stream:
    """A stream other than the picture, as ffprobe describes it."""
    return Stream(
        found["index"],
        found.get("codec_type", "data"),
        found.get("codec_name") or found["codec_tag_string"],
        _is_cover(found),
        sample_fmt=found.get("sample_fmt", "").removesuffix("p"),
        bits=int(found.get("bits_per_raw_sample", 0)),
        channels=int(found.get("channels", 0)),
        is_known="codec_name" in found,
    )


def _is_written_anew(stream: dict[str, Any]) -> bool:
    """Whether a stream is the timecode of a mov or mp4, metadata to ffmpeg, or the titles of its chapters."""
    tag = stream.get("codec_tag_string")
    return stream.get("codec_type") == "data" and (
        tag == "tmcd" or (tag == "text" and stream.get("codec_name") == "bin_data")
    )


def _alpha_decoder(picture: dict[str, Any]) -> str | None:
    """The decoder that gives a picture's transparency, where that is apart from its frames."""
    tags = {name.lower(): value for name, value in picture.get("tags", {}).items()}
    return _ALPHA_DECODERS.get(picture.get("codec_name", "")) if tags.get("alpha_mode") == "1" else None


def _rotation(picture: dict[str, Any]) -> int:
    """Degrees by which the film asks to be turned; ffmpeg does so, ffprobe does not."""
    turns = [data["rotation"] for data in picture.get("side_data_list", []) if "rotation" in data]
    return round(float(turns[0])) if turns else 0


def _parts(looks: Sequence[Look], *, turned: bool, keep_one: bool) -> tuple[Part, ...]:
    """The parts of a film that looks different in some; empty if it does not, unless one is to be kept."""
    parts = [
        Part(look.frame, look.height, look.width, look.pixel_aspect and 1 / look.pixel_aspect)
        if turned
        else Part(*look)
        for look in looks
        if look.width and look.height
    ]
    return (replace(parts[0], first=0), *parts[1:]) if len(parts) > (0 if keep_one else 1) else ()


def _pixel_aspect(picture: dict[str, Any], *, turned: bool) -> Fraction | None:
    aspect = read_fraction(picture.get("sample_aspect_ratio", "").replace(":", "/"))
    return 1 / aspect if aspect and turned else aspect


def _is_cover(stream: dict[str, Any]) -> bool:
    return bool(stream.get("disposition", {}).get("attached_pic"))
