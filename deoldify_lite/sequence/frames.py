"""Frames in and out, of any kind: `look` reads a header, `read` and `write` whole files."""

import os
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.sequence.dpx import look_dpx, new_dpx, read_dpx, write_dpx
from deoldify_lite.sequence.dpx_header import at_place as dpx_at_place
from deoldify_lite.sequence.exr import exr_at_place, look_exr, new_exr, read_exr, write_exr
from deoldify_lite.sequence.frame import Facts, Frame
from deoldify_lite.sequence.jp2 import look_jp2, new_jp2, read_jp2, write_jp2
from deoldify_lite.sequence.names import KINDS, KNOWN
from deoldify_lite.sequence.stills import look_still, new_still, read_still, write_still


def look(path: Path) -> Facts:
    """Read the header of a frame.

    Raises:
        InputError: it is missing, empty, cut short, damaged or of no known kind.
    """
    kind = kind_of(path)
    try:
        if kind == "DPX":
            return look_dpx(path)
        if kind == "EXR":
            return look_exr(path)
        if kind == "JPEG 2000":
            return look_jp2(path)
        return look_still(path, kind)
    except OSError as error:
        raise InputError(f"{path}: cannot be opened: {error.strerror or error}") from error


def read(path: Path, transfer: str | None = None) -> Frame:
    """Read a frame.

    Args:
        path: of a file whose suffix is one of `KINDS`.
        transfer: one of `frame.TRANSFERS`, if the user knows better than the header.

    Raises:
        InputError: it is missing, empty, cut short, damaged or of no known kind.
    """
    kind = kind_of(path)
    try:
        if kind == "DPX":
            frame = read_dpx(path)
        elif kind == "EXR":
            frame = read_exr(path)
        elif kind == "JPEG 2000":
            frame = read_jp2(path)
        else:
            frame = read_still(path, kind)
    except OSError as error:
        raise InputError(f"{path}: cannot be opened: {error.strerror or error}") from error
    return replace(frame, facts=replace(frame.facts, transfer=transfer)) if transfer else frame


def write(path: Path, frame: Frame) -> tuple[str, ...]:
    """Write a frame, whole or not at all; return its warnings, and those of what could not be kept.

    It has the kind, depth and packing of the file that it was read from, and the fields of its header.

    Raises:
        InputError: it cannot be written.
        OptionError: `path` is the frame's own file, or of another kind.
    """
    if KINDS.get(path.suffix.lower()) != frame.facts.kind:
        raise OptionError(f"{path}: a frame of {frame.facts.kind} is written as such; keep its suffix")
    try:
        if path.exists() and frame.path.exists() and os.path.samefile(path, frame.path):
            raise OptionError(f"{path}: is the source itself; choose another folder or name")
        if frame.facts.kind == "DPX":
            write_dpx(path, frame)
            return frame.warnings
        if frame.facts.kind == "EXR":
            return *frame.warnings, *write_exr(path, frame)
        if frame.facts.kind == "JPEG 2000":
            return *frame.warnings, *write_jp2(path, frame)
        return *frame.warnings, *write_still(path, frame)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from error


def at_place(frame: Frame, timecode: str | None, frames: int) -> Frame:
    """Return a frame that is shown again, so many frames later: what counts frames in its header follows.

    The keycode stays, as it names the place on the film that the picture shows.

    Args:
        frame: as read; not to be used any more.
        timecode: of the later frame; None if it cannot be told.
        frames: how many later; below 0: earlier.
    """
    if frame.facts.kind == "DPX":
        header = dpx_at_place(frame.source.header, timecode, frames)
        return replace(frame, facts=header.facts, source=replace(frame.source, header=header))
    if frame.facts.kind == "EXR" and timecode:
        return exr_at_place(frame, timecode)
    return frame


def new_frame(
    path: Path,
    pixels: NDArray[Any],
    *,
    bits: int,
    rate: Fraction | None = None,
    timecode: str | None = None,
    aspect: Fraction | None = None,
) -> Frame:
    """Make a frame of pixels that come from no picture file, such as those of a film.

    Args:
        path: where it is to be written; its suffix is one of `KINDS`.
        pixels: (H, W, 3) RGB as a screen shows it: uint8 for 8 bits, else uint16 of as many bits as told.
        bits: 8, 10, 12 or 16 for DPX and JPEG 2000, 8 or 16 for TIFF and PNG, 16 for EXR.
        rate: frames a second, for kinds that hold it.
        timecode: of this frame, for kinds that hold it.
        aspect: of a pixel, width / height, likewise; None: square.
    """
    kind = kind_of(path)
    if kind == "DPX":
        return new_dpx(path, pixels, bits, rate, timecode, aspect)
    if kind == "EXR":
        return new_exr(path, pixels, rate, timecode, aspect)
    if kind == "JPEG 2000":
        return new_jp2(path, pixels, bits)
    return new_still(path, kind, pixels, bits)


def kind_of(path: Path) -> str:
    """Return the kind of a frame by its name.

    Raises:
        InputError: it is of none.
    """
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise InputError(f"{path}: no frame of a kind that is known; sequences are {KNOWN} files")
    return kind
