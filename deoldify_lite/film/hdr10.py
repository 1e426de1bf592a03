"""Metadata of HDR10 for a whole film: the display it was graded on, and its brightest light. Pure.

SMPTE ST 2086 and CTA-861.3, as in ITU-T H.265, D.3.28 and D.3.35. ffmpeg's encoders do not take it
from the frames (seen with 5.1), so each gets it as an option.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

# ffprobe's names.
MASTERING, LIGHT_LEVEL = "Mastering display metadata", "Content light level metadata"


@dataclass(frozen=True)
class Hdr10:
    """Metadata of HDR10. None: the film does not say."""

    mastering: tuple[Fraction, ...] | None
    """x and y of red, green, blue and white; least and greatest luminance, cd/m²."""
    light_level: tuple[int, int] | None
    """The brightest pixel, and the brightest mean of a frame, cd/m²."""


def read_hdr10(side_data: Iterable[Mapping[str, Any]]) -> Hdr10 | None:
    """Read HDR10 from ffprobe's side data; None if there is none."""
    mastering = light_level = None
    names = [f"{color}_{axis}" for color in ("red", "green", "blue", "white_point") for axis in "xy"]
    for data in side_data:
        if data.get("side_data_type") == MASTERING:
            values = [data.get(name) for name in (*names, "min_luminance", "max_luminance")]
            # No encoder takes a part of it, such as the primaries alone.
            if all(value and not str(value).endswith("/0") for value in values):
                mastering = tuple(Fraction(str(value)) for value in values)
        elif data.get("side_data_type") == LIGHT_LEVEL:
            light_level = int(data.get("max_content", 0)), int(data.get("max_average", 0))
    return Hdr10(mastering, light_level) if mastering or light_level else None


def hdr10_option(codec: str, hdr10: Hdr10) -> tuple[str, str] | None:
    """The option that gives an encoder the metadata, and its value; None if it takes none."""
    if codec not in _ENCODERS:
        return None
    option, mastering_name, light_name = _ENCODERS[codec]
    parts = []
    if hdr10.mastering:
        # x264 and x265 count in steps of 1/50000, and of 1/10000 cd/m²; SVT-AV1 takes plain numbers.
        *points, darkest, brightest = hdr10.mastering
        if codec == "libsvtav1":
            colors, light = [f"{float(p):.6f}" for p in points], f"({float(brightest)},{float(darkest)})"
        else:
            colors, light = (
                [str(round(p * 50000)) for p in points],
                f"({round(brightest * 10000)},{round(darkest * 10000)})",
            )
        red, green, blue, white = (f"({x},{y})" for x, y in zip(colors[::2], colors[1::2], strict=True))
        parts.append(f"{mastering_name}=G{green}B{blue}R{red}WP{white}L{light}")
    if hdr10.light_level:
        parts.append("{}={},{}".format(light_name, *hdr10.light_level))
    return option, ":".join(parts)


_ENCODERS = {
    "libx264": ("x264-params", "mastering-display", "cll"),
    "libx265": ("x265-params", "master-display", "max-cll"),
    "libsvtav1": ("svtav1-params", "mastering-display", "content-light"),
}
