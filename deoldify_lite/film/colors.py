"""How a film's samples are shown: its range, matrix, primaries and transfer, with gaps filled."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deoldify_lite.errors import VideoError
from deoldify_lite.film.chroma import MATRICES

# The matrix of films that name only their primaries; BT.709 for all others.
_MATRIX_OF_PRIMARIES = {"bt2020": "bt2020nc", "smpte170m": "smpte170m", "bt470bg": "bt470bg"}


@dataclass(frozen=True)
class Colors:
    """How a film's samples are shown, by ffprobe's names. None: the film does not say."""

    range: str  # tv (limited) or pc (full); chosen where the film does not say
    matrix: str  # likewise
    primaries: str | None
    transfer: str | None
    chroma_location: str | None

    @property
    def is_hdr(self) -> bool:
        """Whether its transfer is PQ or HLG, of ITU-R BT.2100."""
        return self.transfer in ("smpte2084", "arib-std-b67")


def settle_colors(path: Path, frame: dict[str, Any], picture: dict[str, Any]) -> Colors:
    """A film's colour tags; the missing ones as the luma will be written.

    Args:
        path: of the film, for messages.
        frame: a frame as ffprobe describes it.
        picture: its stream, likewise.

    Raises:
        VideoError: we cannot write the film's colour matrix.
    """
    pix_fmt = frame["pix_fmt"]
    tags = {
        name: None if value in (None, "unknown", "unspecified", "reserved", "gbr") else str(value)
        for name in ("color_range", "color_space", "color_primaries", "color_transfer", "chroma_location")
        for value in [frame.get(name, picture.get(name))]
    }
    if pix_fmt.startswith("yuvj"):
        color_range = "pc"
    elif is_rgb(pix_fmt):
        color_range = "tv"  # It becomes YUV here, and this is the range that all players know.
    elif is_grey(pix_fmt) and picture.get("codec_name") not in ("h264", "hevc", "vp9", "av1"):
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


def is_grey(pix_fmt: str) -> bool:
    """Whether samples of a pixel format are greys, with or without transparency."""
    return re.match(r"gray|ya\d", pix_fmt) is not None


def is_rgb(pix_fmt: str) -> bool:
    """Whether samples of a pixel format are red, green and blue, a palette, or black and white."""
    return re.search(r"rgb|bgr|gbr|pal8|mono|xyz|bayer", pix_fmt) is not None
