"""How a colorized film is stored: container, encoder, pixel format, and which of its streams fit in.

What a container or an encoder can hold differs between builds of ffmpeg, so ffmpeg itself is asked: a
rehearsal encodes one frame and muxes the first packets of all streams before any real work begins.
"""

import functools
import logging
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ffmpeg

from deoldify_lite.errors import OptionError, VideoError
from deoldify_lite.ffmpeg_process import (
    SOURCE_OPTIONS,
    compile_arguments,
    encoder_pix_fmts,
    file_url,
    last_words,
    run_arguments,
)
from deoldify_lite.film import Film, Stream

log = logging.getLogger(__name__)

CONTAINERS = (".mp4", ".m4v", ".mov", ".mkv", ".webm")
# Flag of constant quality, its default, and what else the encoder needs. The defaults aim at a result
# that cannot be told from the source at normal viewing; every scale has its own. Chroma, smooth and our
# work, is coded finer than x264 would, or its noise would undo a part of the steadying: 5 % more bytes.
_ENCODERS: dict[str, tuple[str, int, dict[str, Any]]] = {
    "libx264": ("crf", 16, {"preset": "medium", "x264-params": "chroma-qp-offset=-6"}),
    "libx265": ("crf", 18, {"preset": "medium", "x265-params": "log-level=error"}),
    "libvpx-vp9": ("crf", 22, {"b:v": 0, "row-mt": 1, "cpu-used": 3}),
    "libaom-av1": ("crf", 22, {"b:v": 0, "row-mt": 1, "cpu-used": 6}),
    "libsvtav1": ("crf", 22, {"preset": 8}),
    "h264_nvenc": ("cq", 19, {"preset": "p5", "rc": "vbr", "b:v": 0}),
    "hevc_nvenc": ("cq", 21, {"preset": "p5", "rc": "vbr", "b:v": 0}),
}
# These halve the chroma of an odd size by rounding up; the others refuse such a size.
_TAKES_ODD_SIZES = {"ffv1", "libvpx-vp9", "libaom-av1"}
# ffprobe's words for two transfer curves are not those that the encoders' options know.
_TRANSFER_OPTIONS = {"bt470m": "gamma22", "bt470bg": "gamma28", "log100": "log", "log316": "log_sqrt"}


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
        # Its quality has a scale of its own, and it has no more than 8 bits for H.264, and 4:2:0.
        plain = self.crf is None and self.pix_fmt is None and (film.depth, film.sampling) == (8, "420")
        return "h264_nvenc" if self.on_gpu and plain and _nvenc_works(film.width, film.height) else "libx264"


DEFAULT_ENCODING = Encoding()


@functools.lru_cache
def _nvenc_works(width: int, height: int) -> bool:
    """Whether this ffmpeg and this GPU encode H.264 of that size: some GPUs have no encoder, such as H100."""
    still = ffmpeg.input(f"color=s={width}x{height}:d=1", f="lavfi")
    output = still.output("pipe:1", f="null", vframes=1, pix_fmt="yuv420p", **{"c:v": "h264_nvenc"})
    return run_arguments(compile_arguments(output)).returncode == 0


def default_container(film: Film, encoding: Encoding = DEFAULT_ENCODING) -> str:
    """Suffix for the result: the source's own if we write that well and all streams fit, or else .mkv."""
    suffix = film.path.suffix.lower()
    if suffix not in CONTAINERS:
        return ".mkv"
    try:
        streams_that_fit(film, suffix, encoding)
    except OptionError:
        return ".mkv"
    return suffix


def streams_that_fit(film: Film, suffix: str, encoding: Encoding) -> tuple[Stream, ...]:
    """The film's other streams, all of which can be stored in a container; but data may be left out.

    Raises:
        OptionError: a stream, or the encoder's output, does not fit into this container.
        VideoError: the encoder is missing or does not work here.
    """
    if suffix not in CONTAINERS:
        raise OptionError(
            f"a film cannot be written as {suffix or 'a file without suffix'}; use "
            f"{', '.join(CONTAINERS)} (.mkv holds every stream)"
        )
    if not _rehearse(film, suffix, encoding, film.streams):
        return film.streams
    if trouble := _rehearse(film, suffix, encoding, ()):
        codec, options = encoding.codec_for(film, suffix), encoder_options(film, suffix, encoding)
        raise OptionError(
            f"{film.path}: {codec} with {options} does not work or does not fit into {suffix}; "
            f"choose another --codec or container. ffmpeg said: {trouble}"
        )
    kept = []
    for stream in film.streams:
        trouble = _rehearse(film, suffix, encoding, (stream,))
        if not trouble:
            kept.append(stream)
        elif stream.kind == "data":
            log.info(
                "%s: data stream %d does not fit into %s and is left out", film.path, stream.index, suffix
            )
        else:
            remedy = (
                "name the result .mkv to keep it"
                if suffix != ".mkv"
                else (
                    f"make a copy without it: ffmpeg -i FILM -map 0 -map -0:{stream.index} -c copy COPY.mkv"
                )
            )
            raise OptionError(
                f"{film.path}: stream {stream.index} ({stream.kind}, {stream.codec}) does not fit into "
                f"{suffix}; {remedy}"
            )
    return tuple(kept)


def encoder_options(film: Film, suffix: str, encoding: Encoding) -> dict[str, Any]:
    """Options of ffmpeg for encoding the picture, with the colour tags of what is written.

    Raises:
        OptionError: the encoder has no such quality scale or pixel format.
        VideoError: this ffmpeg has no such encoder.
    """
    codec = encoding.codec_for(film, suffix)
    options: dict[str, Any] = {"c:v": codec, "pix_fmt": choose_pix_fmt(film, codec, encoding.pix_fmt)}
    if codec in _ENCODERS:
        flag, default, more = _ENCODERS[codec]
        if not 0 <= (encoding.crf or 0) <= 63:
            raise OptionError(f"--crf is {encoding.crf}, but it goes from 0 (best) to 51 or 63")
        options |= {flag: default if encoding.crf is None else encoding.crf, **more}
    elif encoding.crf is not None:
        raise OptionError(f"--crf means nothing to {codec}; it is for {', '.join(_ENCODERS)}")
    if codec in ("libx265", "hevc_nvenc") and suffix not in (".mkv", ".webm"):
        options["tag:v"] = "hvc1"  # The name under which Apple's players look for HEVC.
    colors = film.colors
    tags = {
        "color_range": colors.range,
        "colorspace": colors.matrix,
        "color_primaries": colors.primaries,
        "color_trc": _TRANSFER_OPTIONS.get(colors.transfer or "", colors.transfer),
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
    if (film.width % 2 or film.height % 2) and (codec not in _TAKES_ODD_SIZES or depth > 8):
        sampling = "444"

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
    best = min(ours, key=loss)
    if ours[best][1] < depth:
        log.warning("%s: %s holds %d of its %d bits", film.path, codec, ours[best][1], depth)
    return best


def _yuv_formats() -> Iterable[tuple[tuple[str, int], str]]:
    for depth in (8, 9, 10, 12, 14, 16):
        for sampling in ("420", "422", "444"):
            yield (sampling, depth), yuv_format(sampling, depth)


def yuv_format(sampling: str, depth: int) -> str:
    """ffmpeg's name of a planar YUV format, such as yuv422p10le."""
    return f"yuv{sampling}p" + (f"{depth}le" if depth > 8 else "")


def mux(
    film: Film,
    picture: Any,
    source: Any,
    streams: Sequence[Stream],
    out_path: Path,
    *,
    covers: Sequence[Path] = (),
    **options: Any,
) -> list[str]:
    """Argument list that joins a colorized picture with the streams of its source, which are copied.

    Args:
        film: the source.
        picture: ffmpeg-python input whose only stream is the picture.
        source: ffmpeg-python input of the source; the second input of the command.
        streams: the streams to keep.
        out_path: its suffix names the container.
        covers: pictures that are attached, for .mkv, whose muxer would make a video track of cover art.
        options: more output options.
    """
    suffix = out_path.suffix
    mapped = [s for s in streams if not (s.attached_pic and suffix == ".mkv")]
    place = sum(s.index < film.index for s in mapped)  # The picture keeps its place.
    inputs = [source[str(s.index)] for s in mapped]
    inputs.insert(place, picture["v:0"])
    if not mapped:
        # Nothing that exists, but without a mapped stream there would be no second input to take the
        # metadata and the chapters from.
        inputs.append(source["9999?"])
    settings: dict[str, Any] = {
        "c": "copy",
        "map_metadata": 1,
        "map_chapters": 1,
        f"disposition:{place}": "+".join(film.picture_dispositions) or "0",
    }
    # Options that occur more than once, which ffmpeg-python has no words for.
    repeated = []
    for name, value in film.picture_tags.items():
        repeated += [f"-metadata:s:{place}", f"{name}={value}"]
    in_order: list[Stream | None] = [*mapped[:place], None, *mapped[place:]]
    for position, stream in enumerate(in_order):
        if stream and stream.codec == "mov_text" and suffix == ".mkv":
            settings[f"c:{position}"] = "srt"  # The same text; .mkv knows no mov_text.
    if suffix in (".mp4", ".m4v", ".mov"):
        settings["movflags"] = "+faststart"  # So that it plays while it is still being loaded.
    attached = sum(s.kind == "attachment" for s in mapped)
    for number, cover in enumerate(covers, attached):
        mime = "image/png" if cover.suffix == ".png" else "image/jpeg"
        repeated += ["-attach", file_url(cover), f"-metadata:s:t:{number}", f"mimetype={mime}"]
        repeated += [f"-metadata:s:t:{number}", f"filename=cover{cover.suffix}"]
    arguments = compile_arguments(ffmpeg.output(*inputs, file_url(out_path), **(settings | options)))
    before_name = arguments.index(file_url(out_path))
    return [*arguments[:before_name], *repeated, *arguments[before_name:]]


def _rehearse(film: Film, suffix: str, encoding: Encoding, streams: Sequence[Stream]) -> str:
    """Encode one frame and mux the first packets of streams; returns what ffmpeg complained about, or ''."""
    options = encoder_options(film, suffix, encoding)
    still = f"color=s={film.width}x{film.height}:r={film.rate}:d=1"
    with tempfile.TemporaryDirectory() as folder:
        arguments = mux(
            film,
            ffmpeg.input(still, f="lavfi"),
            ffmpeg.input(file_url(film.path), **SOURCE_OPTIONS),
            streams,
            Path(folder, f"rehearsal{suffix}"),
            # One byte is enough: a sparse stream of subtitles must not make it read the whole film.
            fs=1,
            t=0.1,
            **{
                name.replace("c:v", f"c:{sum(s.index < film.index for s in streams)}"): v
                for name, v in options.items()
            },
        )
        done = run_arguments(arguments)
    return last_words(done.stderr) if done.returncode != 0 else ""


def extract_cover(film: Film, stream: Stream, folder: Path) -> Path:
    """Write a film's cover art as a file of its own into a folder, as it is.

    Raises:
        VideoError: ffmpeg cannot read it.
    """
    out_path = folder / f"cover{stream.index}{'.png' if stream.codec == 'png' else '.jpg'}"
    source = ffmpeg.input(file_url(film.path), **SOURCE_OPTIONS)
    options = {"c": "copy", "f": "image2", "update": 1, "frames:v": 1}
    done = run_arguments(
        compile_arguments(ffmpeg.output(source[str(stream.index)], file_url(out_path), **options))
    )
    if done.returncode != 0:
        raise VideoError(f"{film.path}: its cover art cannot be read: {last_words(done.stderr)}")
    return out_path
