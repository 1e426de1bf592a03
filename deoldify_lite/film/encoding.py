"""How a colorized film is stored: container, encoder, pixel format, and which of its streams fit in.

What a container or an encoder can hold differs between builds of ffmpeg, so ffmpeg itself is asked: a
rehearsal encodes one frame and muxes the first packets of all streams before any real work begins.
"""

import json
import logging
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from deoldify_lite.errors import OptionError
from deoldify_lite.film.encoders import (
    ENCODERS,
    HOLDS_CAPTIONS,
    LARGE_PIXELS,
    MARKS_FIELDS,
    TAKES_ODD_SIZES,
    TRANSFER_OPTIONS,
    X264_LARGE,
    encoder_pix_fmts,
    nvenc_works,
)
from deoldify_lite.film.ffmpeg import open_file, open_test_picture, run_ffprobe
from deoldify_lite.film.hdr10 import hdr10_option
from deoldify_lite.film.kinds import CONTAINERS
from deoldify_lite.film.mux import mux
from deoldify_lite.film.probe import Film, Stream
from deoldify_lite.film.process import last_words, run_arguments
from deoldify_lite.film.timecode import advance_timecode

log = logging.getLogger(__name__)

# Containers that write their own, and what muxers and encoders sign with.
_TAGS_OF_FILE = {"major_brand", "minor_version", "compatible_brands", "encoder", "duration", "timecode"}


@dataclass(frozen=True)
class Encoding:
    """How the picture is encoded. None: the default for the container and the film."""

    codec: str | None = None  # an encoder of ffmpeg, such as libx264 or ffv1
    crf: int | None = None  # constant quality on the encoder's own scale, lower is better
    pix_fmt: str | None = None  # such as yuv420p10le
    on_gpu: bool = False  # by an Nvidia GPU, where no codec is named and its encoder does as well

    def codec_for(self, film: Film, suffix: str) -> str:
        """The encoder used for a film in a container, by its suffix."""
        if self.codec:
            return self.codec
        if suffix == ".webm":
            return "libvpx-vp9"
        if film.colors.is_hdr:
            return "libx265"  # Hardly any screen shows HDR of another codec.
        # Its quality has a scale of its own, and it has no more than 8 bits for H.264, and 4:2:0.
        plain = self.crf is None and self.pix_fmt is None and (film.depth, film.sampling) == (8, "420")
        plain = plain and not film.interlaced
        return "h264_nvenc" if self.on_gpu and plain and nvenc_works(film.width, film.height) else "libx264"


DEFAULT_ENCODING = Encoding()


def default_container(film: Film, encoding: Encoding = DEFAULT_ENCODING) -> str:
    """Suffix for the result: the source's own if we write that well and all streams fit, or else .mkv."""
    suffix = film.path.suffix.lower()
    if suffix not in CONTAINERS:
        return ".mkv"
    try:
        fit_into(film, suffix, encoding)
    except OptionError:
        return ".mkv"
    return suffix


class Fit(NamedTuple):
    """What a result can hold of its source."""

    streams: tuple[Stream, ...]
    """All but those that are not kept, in the file's order."""
    losses: tuple[str, ...]
    """What is not kept, each in a sentence with its remedy, if there is one."""


def fit_into(film: Film, suffix: str, encoding: Encoding) -> Fit:
    """What can be kept in a container. Only data streams may be left out.

    Raises:
        OptionError: another stream, or the encoder's output, does not fit into this container.
        VideoError: the encoder is missing or does not work here.
    """
    if suffix not in CONTAINERS:
        raise OptionError(
            f"a film cannot be written as {suffix or 'a file without suffix'}; use "
            f"{', '.join(CONTAINERS)} (.mkv holds every stream)"
        )
    streams = film.streams
    trouble, tags = _rehearse(film, suffix, encoding, streams)
    if trouble:
        trouble, tags = _rehearse(film, suffix, encoding, ())
        if trouble:
            codec, options = encoding.codec_for(film, suffix), encoder_options(film, suffix, encoding)
            raise OptionError(
                f"{film.path}: {codec} with {options} does not work or does not fit into {suffix}; "
                f"choose another --codec or container. ffmpeg said: {trouble}"
            )
        streams = tuple(s for s in streams if not _rehearse(film, suffix, encoding, (s,))[0])
    losses = list(_losses_of_picture(film, suffix, encoding))
    for stream in film.streams:
        if stream in streams:
            continue
        misfit = f"stream {stream.index} ({stream.kind}, {stream.codec}) does not fit into {suffix}"
        if stream.kind != "data":
            remedy = (
                "name the result .mkv to keep it"
                if suffix != ".mkv"
                else (
                    f"make a copy without it: ffmpeg -i FILM -map 0 -map -0:{stream.index} -c copy COPY.mkv"
                )
            )
            raise OptionError(f"{film.path}: {misfit}; {remedy}")
        losses.append(f"{misfit} and is left out")
    if lost_tags := [tag for tag in _own_tags(film) if tag.lower() not in tags]:
        losses.append(f"of its metadata {', '.join(lost_tags)} does not fit into {suffix}; .mkv holds all")
    return Fit(streams, tuple(losses))


def _own_tags(film: Film) -> list[str]:
    """Names of the metadata that belongs to the film and not to its file."""
    return [tag for tag in film.tags if tag.lower() not in _TAGS_OF_FILE]


def _losses_of_picture(film: Film, suffix: str, encoding: Encoding) -> Iterable[str]:
    """What the encoder does not hold."""
    codec = encoding.codec_for(film, suffix)
    pix_fmt = encoder_options(film, suffix, encoding)["pix_fmt"]
    sampling, depth = next(key for key, name in _yuv_formats() if name == pix_fmt)
    if depth < film.depth or int(sampling) < int(film.sampling):
        yield f"{codec} stores it as {pix_fmt}, which holds less than {film.pix_fmt}; --codec ffv1 holds all"
    if film.hdr10 and not hdr10_option(codec, film.hdr10):
        yield f"{codec} takes no HDR10 metadata, which is not kept; --codec libx265 does"
    if film.interlaced and codec not in MARKS_FIELDS:
        yield (
            f"it is interlaced, and {codec} does not mark that, so players may show two fields at once; "
            "deinterlace it, or use --codec libx264 or ffv1"
        )
    if film.captions and film.deinterlace:
        yield "its closed captions are not kept when it is deinterlaced"
    elif film.captions and codec not in HOLDS_CAPTIONS:
        yield f"{codec} takes no closed captions, which are not kept; --codec libx264 does"
    if film.timecode and advance_timecode(film.timecode, 0, film.rate) is None:
        yield f"its timecode {film.timecode} does not go with {film.rate} frames a second and is not kept"
    for what in film.lost:
        # Two pictures in one: H.264 tells it in the picture, and Matroska by a tag of the stream.
        in_tag = suffix in (".mkv", ".webm") and "stereo_mode" in film.picture_tags
        if what != "Stereo 3D" or not (in_tag or codec == "libx264"):
            yield f"its {what} cannot be kept"


def encoder_options(film: Film, suffix: str, encoding: Encoding) -> dict[str, Any]:
    """Options of ffmpeg for encoding the picture, with the colour tags of what is written.

    Raises:
        OptionError: the encoder has no such quality scale or pixel format.
        VideoError: this ffmpeg has no such encoder.
    """
    codec = encoding.codec_for(film, suffix)
    options: dict[str, Any] = {"c:v": codec, "pix_fmt": choose_pix_fmt(film, codec, encoding.pix_fmt)}
    if codec in ENCODERS:
        flag, default, more = ENCODERS[codec]
        if not 0 <= (encoding.crf or 0) <= 63:
            raise OptionError(f"--crf is {encoding.crf}, but it goes from 0 (best) to 51 or 63")
        options |= {flag: default if encoding.crf is None else encoding.crf, **more}
    elif encoding.crf is not None:
        raise OptionError(f"--crf means nothing to {codec}; it is for {', '.join(ENCODERS)}")
    if codec in ("libx265", "hevc_nvenc") and suffix not in (".mkv", ".webm"):
        options["tag:v"] = "hvc1"  # The name under which Apple's players look for HEVC.
    if codec == "libx264" and film.width * film.height > LARGE_PIXELS:
        options["x264-params"] += f":{X264_LARGE}"
    if film.interlaced and codec in MARKS_FIELDS:
        options["flags"] = "+ildct+ilme"
    if film.hdr10 and (hdr10 := hdr10_option(codec, film.hdr10)):
        name, value = hdr10
        options[name] = ":".join(filter(None, (options.get(name), value)))
    colors = film.colors
    tags = {
        "color_range": colors.range,
        "colorspace": colors.matrix,
        "color_primaries": colors.primaries,
        "color_trc": TRANSFER_OPTIONS.get(colors.transfer or "", colors.transfer),
        "chroma_sample_location": colors.chroma_location,
    }
    return options | {name: value for name, value in tags.items() if value}


def choose_pix_fmt(film: Film, codec: str, wanted: str | None = None) -> str:
    """Pixel format of the result: the film's own depth and subsampling, or the nearest that loses least.

    Raises:
        OptionError: the encoder has no such format, or none that is planar YUV.
    """
    offered = encoder_pix_fmts(codec)
    ours = {name: key for key, name in _yuv_formats() if not offered or name in offered}
    if wanted is not None:
        if wanted not in ours:
            raise OptionError(f"{codec} cannot write {wanted}; it can write {', '.join(ours) or 'no YUV'}")
        return wanted
    sampling, depth = film.sampling, film.depth
    # Beyond 8 bits ffmpeg cannot put planes of odd sizes together but in 4:4:4 (seen with 5.1).
    if (film.width % 2 or film.height % 2) and (codec not in TAKES_ODD_SIZES or depth > 8):
        sampling = "444"
    elif film.interlaced and film.height % 4 and sampling == "420" and codec not in TAKES_ODD_SIZES:
        sampling = "422"  # Half the lines of each field would be no whole number.

    def loss(name: str) -> tuple[bool, bool, int, int]:
        # Bits of luma weigh most, then chroma detail; beyond that, what is nearest is smallest.
        its_sampling, its_depth = ours[name]
        return (
            its_depth < depth,
            int(its_sampling) < int(sampling),
            abs(its_depth - depth),
            abs(int(its_sampling) - int(sampling)),
        )

    if not ours:
        raise OptionError(f"{codec} writes no planar YUV; choose another --codec")
    return min(ours, key=loss)


def _yuv_formats() -> Iterable[tuple[tuple[str, int], str]]:
    for depth in (8, 9, 10, 12, 14, 16):
        for sampling in ("420", "422", "444"):
            yield (sampling, depth), yuv_format(sampling, depth)


def yuv_format(sampling: str, depth: int) -> str:
    """ffmpeg's name of a planar YUV format, such as yuv422p10le."""
    return f"yuv{sampling}p" + (f"{depth}le" if depth > 8 else "")


def _rehearse(
    film: Film, suffix: str, encoding: Encoding, streams: Sequence[Stream]
) -> tuple[str, frozenset[str]]:
    """Encode one frame and mux the first packets of streams.

    Returns:
        What ffmpeg complained about, or ''; and which metadata is in the result.
    """
    options = encoder_options(film, suffix, encoding)
    still = f"color=s={film.width}x{film.height}:r={film.rate}:d=1"
    with tempfile.TemporaryDirectory() as folder:
        result = Path(folder, f"rehearsal{suffix}")
        arguments = mux(
            film,
            open_test_picture(still),
            open_file(film.path),
            streams,
            result,
            # One byte is enough: a sparse stream of subtitles must not make it read the whole film.
            fs=1,
            t=0.1,
            **{
                name.replace("c:v", f"c:{sum(s.index < film.index for s in streams)}"): v
                for name, v in options.items()
            },
        )
        done = run_arguments(arguments)
        if done.returncode != 0:
            return last_words(done.stderr), frozenset()
        if not _own_tags(film):
            return "", frozenset()
        probed = run_ffprobe(result, "-show_entries", "format_tags", "-of", "json")
        tags = json.loads(probed.stdout or "{}").get("format", {}).get("tags", {})
    return "", frozenset(name.lower() for name in tags)
