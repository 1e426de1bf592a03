"""OpenEXR read and written through the library of the format itself: channels, parts and header are kept."""

import contextlib
import importlib
import io
import re
import threading
from dataclasses import dataclass, replace
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.errors import InputError
from deoldify_lite.sequence.exr_header import LOSSY, ZIP, ExrHeader, parse_exr
from deoldify_lite.sequence.frame import Facts, Frame
from deoldify_lite.system.files import atomic_path
from deoldify_lite.system.native_lines import with_lines

# Colour differences of a picture in luminance, which RGB replaces.
_DIFFERENCES = ("RY", "BY")
# The library prints what is wrong with a file to standard output, of which there is one.
_printing = threading.Lock()


@dataclass(frozen=True, eq=False)
class ExrRest:
    """What a file holds beside its picture."""

    header: ExrHeader
    parts: list[Any]  # of the library


def look_exr(path: Path) -> Facts:
    """See `frames.look`."""
    _library(path)
    with open(path, "rb") as file:
        return parse_exr(path, file, path.stat().st_size).facts


def read_exr(path: Path) -> Frame:
    """See `frames.read`."""
    library = _library(path)
    with open(path, "rb") as file:
        header = parse_exr(path, file, path.stat().st_size)

    def decoded() -> tuple[list[Any], str]:
        printed = io.StringIO()
        with _printing, contextlib.redirect_stdout(printed):
            try:
                return library.File(str(path), separate_channels=True).parts, printed.getvalue()
            except Exception as error:  # of any kind, on damaged files
                return [], str(error)

    (parts, words), _ = with_lines(decoded)
    channels = parts[header.part].channels if header.part < len(parts) else {}
    size = header.facts.height, header.facts.width
    planes = [channels[name].pixels for name in header.names if name in channels]
    if len(planes) < len(header.names) or any(plane is None or plane.shape != size for plane in planes):
        reason = words.rpartition(" - ")[2].strip() or "its samples are not there"
        raise InputError(f"{path}: damaged ({reason}); copy the file anew")
    alpha = channels["A"].pixels if "A" in channels else None
    return Frame(path, header.facts, np.dstack(planes), alpha, ExrRest(header, parts))


def write_exr(path: Path, frame: Frame) -> tuple[str, ...]:
    """See `frames.write`."""
    library = _library(path)
    rest: ExrRest = frame.source
    warnings = []
    parts = []
    for number, part in enumerate(rest.parts):
        header = {name: value for name, value in part.header.items() if name != "channels"}
        channels = dict(part.channels)
        if number == rest.header.part:
            if rest.header.names == ("Y",) and frame.pixels.shape[2] == 3:
                for name in ("Y", *_DIFFERENCES):
                    channels.pop(name, None)
            names = ("R", "G", "B") if frame.pixels.shape[2] == 3 else ("Y",)
            for place, name in enumerate(names):
                plane = np.ascontiguousarray(frame.pixels[..., place])
                is_perceptual = name in channels and channels[name].pLinear
                channels[name] = library.Channel(name, plane, 1, 1, is_perceptual)
            if rest.header.compression in LOSSY:
                header["compression"] = library.Compression(ZIP)
                lossy = LOSSY[rest.header.compression]
                warnings.append(f"is written with ZIP, as its compression {lossy} would change luma")
            if header.pop("preview", None) is not None:
                warnings.append("its preview is left out, as it shows the picture without these colours")
        parts.append(library.Part(header, channels, _name_of(part)))
    with atomic_path(path) as part_path:
        try:
            library.File(parts).write(str(part_path))
        except (RuntimeError, ValueError, TypeError) as error:
            raise InputError(f"{path}: cannot be written: {error}") from error
    return tuple(warnings)


def exr_at_place(frame: Frame, timecode: str) -> Frame:
    """See `frames.at_place`; of a file that has a timecode."""
    rest: ExrRest = frame.source
    code = rest.parts[rest.header.part].header.get("timeCode")
    if code is not None:  # flags and the user's groups stay
        code.hours, code.minutes, code.seconds, code.frame = (
            int(timecode[at : at + 2]) for at in (0, 3, 6, 9)
        )
    return replace(frame, facts=replace(frame.facts, timecode=timecode))


def new_exr(
    path: Path,
    pixels: NDArray[Any],
    rate: Fraction | None,
    timecode: str | None,
    aspect: Fraction | None = None,
) -> Frame:
    """See `frames.new_frame`: (H, W, 3) uint8 or uint16 of a screen become light, as half."""
    library = _library(path)
    height, width = pixels.shape[:2]
    light = (pixels / np.float32(np.iinfo(pixels.dtype).max)) ** np.float32(2.2)
    facts = Facts("EXR", width, height, 3, False, 16, is_float=True, transfer="linear")
    header: dict[str, Any] = {"compression": library.ZIP_COMPRESSION, "type": library.scanlineimage}
    if rate:
        header["framesPerSecond"] = rate
    if aspect:
        header["pixelAspectRatio"] = float(aspect)
    if digits := re.fullmatch(r"(\d\d):(\d\d):(\d\d)([:;.])(\d\d)", timecode or ""):
        hours, minutes, seconds, frames = (int(digits[at]) for at in (1, 2, 3, 5))
        # Flags, of which the first says drop-frame, and eight groups for the user.
        flags = (int(digits[4] != ":"), *([0] * 13))
        header["timeCode"] = library.TimeCode(hours, minutes, seconds, frames, *flags)
    halves = light.astype(np.float16)
    planes = {name: np.ascontiguousarray(halves[..., place]) for place, name in enumerate("RGB")}
    rest = ExrRest(ExrHeader(0, ("R", "G", "B"), ZIP, facts), [library.Part(header, planes, "")])
    return Frame(path, facts, halves, source=rest)


def _name_of(part: Any) -> str:
    name = part.name() if callable(part.name) else part.name
    return str(name or "")


def _library(path: Path) -> Any:
    if find_spec("OpenEXR") is None:
        raise InputError(
            f"{path}: to read and write OpenEXR run: pip install OpenEXR   (or all formats: "
            'pip install "deoldify_lite[formats]")'
        )
    return importlib.import_module("OpenEXR")
