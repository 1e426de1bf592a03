"""What ffmpeg's pixel formats hold: bits, chroma, transparency."""

import functools
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from deoldify_lite.film.ffmpeg import find_program
from deoldify_lite.film.process import run_arguments

_PLANAR = re.compile(r"(?:yuv(?P<alpha>a)?j?(?P<sampling>4\d\d)p|gray)(?P<bits>\d+)?(?:[lb]e)?")
_WRITTEN_DEPTHS = (8, 9, 10, 12, 14, 16)
# ffmpeg makes YUV of these by a palette, whatever matrix and range it is told, or with a white of 248.
_FEW_COLORS = re.compile(r"pal8|(rgb|bgr)(8|4_byte|(444|555|565)[lb]e)")
# Their palettes can be transparent; in other codecs with palettes all colours are opaque.
TRANSPARENT_PALETTES = {"png", "apng", "gif"}


@dataclass(frozen=True)
class PixelFormat:
    """A pixel format of ffmpeg."""

    name: str
    bits: int  # of a sample, at most; 32: floating point
    sampling: str  # of chroma: 420, 422 or 444; 420 for grey, RGB and whatever few players know
    planar: bool  # luma is a plane of its own, of whole numbers, so that it can be copied
    has_alpha: bool

    @property
    def depth(self) -> int:
        """The fewest bits of a sample that we write and that hold its own, or 16."""
        return next((depth for depth in _WRITTEN_DEPTHS if depth >= self.bits), 16)

    @property
    def few_colors(self) -> bool:
        """Whether frames must become RGB of 8 bits before anything else."""
        return _FEW_COLORS.fullmatch(self.name) is not None

    @property
    def little_endian(self) -> str:
        """The same format in the byte order that filters take."""
        return f"{self.name[:-2]}le" if self.name.endswith("be") else self.name


@functools.lru_cache
def describe_pixels(name: str) -> PixelFormat:
    """Describe a pixel format by its name; ffmpeg is asked only about unusual ones.

    Raises:
        VideoError: ffmpeg is missing.
    """
    if found := _PLANAR.fullmatch(name):
        sampling = found["sampling"] if found["sampling"] in ("422", "444") else "420"
        return PixelFormat(name, int(found["bits"] or 8), sampling, True, found["alpha"] is not None)
    known = _known_formats().get(name, {})
    flags = known.get("flags", {})
    bits = max((part["bit_depth"] for part in known.get("components", ())), default=8)
    if name.startswith("bayer"):  # ffprobe counts the bits that a pixel has of each colour.
        bits *= 2
    is_yuv = not flags.get("rgb") and len(known.get("components", ())) >= 3 and not name.startswith("xyz")
    wide, high = known.get("log2_chroma_w", 0), known.get("log2_chroma_h", 0)
    sampling = {(0, 0): "444", (1, 0): "422"}.get((wide, high), "420") if is_yuv else "420"
    return PixelFormat(name, bits, sampling, False, bool(flags.get("alpha")) and name != "pal8")


@functools.lru_cache
def _known_formats() -> Mapping[str, dict[str, Any]]:
    """What ffprobe says about each pixel format, by name."""
    done = run_arguments([find_program("ffprobe"), "-v", "error", "-show_pixel_formats", "-of", "json"])
    return {each["name"]: each for each in json.loads(done.stdout or "{}").get("pixel_formats", ())}


@functools.lru_cache
def has_filter(name: str) -> bool:
    """Whether the installed ffmpeg has a filter."""
    done = run_arguments([find_program(), "-hide_banner", "-h", f"filter={name}"])
    return done.stdout.decode().startswith(f"Filter {name}")


@functools.lru_cache
def has_decoder(name: str) -> bool:
    """Whether the installed ffmpeg has a decoder."""
    done = run_arguments([find_program(), "-hide_banner", "-h", f"decoder={name}"])
    return done.stdout.decode().startswith(f"Decoder {name}")
