"""How the picture of a result is encoded: encoder, quality, and pixel format."""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from deoldify_lite.errors import OptionError
from deoldify_lite.film.encoders import (
    ENCODERS,
    LARGE_PIXELS,
    LOSSLESS,
    MARKS_FIELDS,
    TAKES_ODD_SIZES,
    TRANSFER_OPTIONS,
    X264_LARGE,
    encoder_pix_fmts,
    nvenc_works,
)
from deoldify_lite.film.hdr10 import hdr10_option
from deoldify_lite.film.kinds import FALLBACK_CONTAINER
from deoldify_lite.film.probe import Film
from deoldify_lite.film.purposes import PURPOSES, purpose_options

LAYER_CODEC = "ffv1"
# Codecs that film editors read best, and in .mov.
EDITED = ("prores", "prores_aw", "prores_ks")


@dataclass(frozen=True)
class Encoding:
    """How the picture is encoded. None: the default for the container and the film."""

    codec: str | None = None  # an encoder of ffmpeg, such as libx264 or ffv1
    crf: int | None = None  # constant quality on the encoder's own scale, lower is better
    pix_fmt: str | None = None  # such as yuv420p10le
    on_gpu: bool = False  # use an Nvidia GPU if no codec is named and its encoder does as well
    layer: str | None = None  # the colour as a layer: `beside` the result, or `only` that
    purpose: str | None = None  # key of film.purposes.PURPOSES: chooses what is not named here

    def of_layer(self) -> "Encoding":
        """How the layer is encoded: without loss, unless a codec is named that editors prefer."""
        if self._named_codec in EDITED or (self._named_codec and self.layer == "only"):
            return self
        if self.layer == "only":
            return replace(self, codec=LAYER_CODEC)
        return replace(self, codec=LAYER_CODEC, crf=None, pix_fmt=None)  # what is said is about the result

    @property
    def layer_suffix(self) -> str:
        """The container of the layer."""
        return ".mov" if self._named_codec in EDITED else FALLBACK_CONTAINER

    @property
    def _named_codec(self) -> str | None:
        """The encoder that the user chose, by its name or by the purpose."""
        return self.codec or (PURPOSES[self.purpose].codec if self.purpose else None)

    def codec_for(self, film: Film, suffix: str) -> str:
        """The encoder for a film in a container, which is named by its suffix."""
        if self._named_codec:
            return self._named_codec
        if suffix == ".webm":
            return "libvpx-vp9"
        if film.colors.is_hdr:
            return "libx265"  # Hardly any screen shows HDR of another codec.
        # The GPU's encoder has its own scale of quality and, for H.264, only 8 bits and 4:2:0.
        plain = self.crf is None and self.pix_fmt is None and (film.depth, film.sampling) == (8, "420")
        plain = plain and not film.interlaced
        return "h264_nvenc" if self.on_gpu and plain and nvenc_works(film.width, film.height) else "libx264"

    def written(self, film: Film, suffix: str) -> Film:
        """The film as it is written into a container.

        What is stored as RGB gets full range if the codec is lossless, so that no level is lost. Other codecs
        lose more, and all players know limited range. .mkv alone marks full range for such codecs.
        """
        if film.is_rgb and self._named_codec in LOSSLESS and suffix == FALLBACK_CONTAINER:
            return replace(film, colors=replace(film.colors, range="pc"))
        return film


class YuvFormat(NamedTuple):
    """A planar pixel format that we write."""

    sampling: str  # of chroma: 420, 422 or 444
    depth: int  # bits of a sample
    has_alpha: bool = False


def yuv_format(sampling: str, depth: int, *, has_alpha: bool = False) -> str:
    """ffmpeg's name for a planar YUV format, such as yuv422p10le."""
    return f"yuv{'a' * has_alpha}{sampling}p" + (f"{depth}le" if depth > 8 else "")


# By name; ffmpeg lacks some with alpha, and encoders then do not offer them.
YUV_FORMATS = {
    yuv_format(sampling, depth, has_alpha=has_alpha): YuvFormat(sampling, depth, has_alpha)
    for depth in (8, 9, 10, 12, 14, 16)
    for sampling in ("420", "422", "444")
    for has_alpha in (False, True)
}


def encoder_options(film: Film, suffix: str, encoding: Encoding) -> dict[str, Any]:
    """ffmpeg's options for encoding the picture, with its colour tags.

    Raises:
        OptionError: the encoder has no such quality scale or pixel format.
        VideoError: this ffmpeg has no such encoder.
    """
    film = encoding.written(film, suffix)
    codec = encoding.codec_for(film, suffix)
    purpose = PURPOSES[encoding.purpose] if encoding.purpose else None
    plain = purpose is not None and purpose.plain and codec == purpose.codec
    pix_fmt = choose_pix_fmt(film, codec, encoding.pix_fmt, plain=plain)
    options: dict[str, Any] = {"c:v": codec, "pix_fmt": pix_fmt}
    if encoding.purpose:
        options |= purpose_options(encoding.purpose, codec, pix_fmt)
    if codec in ENCODERS:
        flag, default, more = ENCODERS[codec]
        if purpose and purpose.crf is not None and codec == purpose.codec:
            default = purpose.crf
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


def choose_pix_fmt(film: Film, codec: str, wanted: str | None = None, *, plain: bool = False) -> str:
    """The pixel format of the result: the film's depth and subsampling, or the nearest that loses least.

    Args:
        film: the film.
        codec: the encoder.
        wanted: the format that the user named.
        plain: take 8 bits and 4:2:0 in place of the film's, if its size allows it.

    Raises:
        OptionError: the encoder has no such format, or none that is planar YUV.
    """
    offered = encoder_pix_fmts(codec)
    # An encoder that does not say what it takes is not asked for transparency.
    ours = {
        name: form
        for name, form in YUV_FORMATS.items()
        if (film.has_alpha and name in offered if form.has_alpha else not offered or name in offered)
    }
    if wanted is not None:
        if wanted not in ours:
            raise OptionError(f"{codec} cannot write {wanted}; it can write {', '.join(ours) or 'no YUV'}")
        return wanted
    sampling, depth = ("420", 8) if plain else (film.sampling, film.depth)
    if film.is_rgb and codec in LOSSLESS:
        sampling = "444"
    # Beyond 8 bits ffmpeg cannot put planes of odd sizes together but in 4:4:4 (seen with 5.1).
    if (film.width % 2 or film.height % 2) and (codec not in TAKES_ODD_SIZES or depth > 8):
        sampling = "444"
    elif film.interlaced and film.height % 4 and sampling == "420" and codec not in TAKES_ODD_SIZES:
        sampling = "422"  # Half the lines of each field would be no whole number.

    def loss(name: str) -> tuple[bool, bool, bool, int, int]:
        # Lost transparency weighs most, then lost bits of luma, lost chroma detail, and the distance.
        its = ours[name]
        return (
            its.has_alpha < film.has_alpha,
            its.depth < depth,
            int(its.sampling) < int(sampling),
            abs(its.depth - depth),
            abs(int(its.sampling) - int(sampling)),
        )

    if not ours:
        raise OptionError(f"{codec} writes no planar YUV; choose another --codec")
    return min(ours, key=loss)
