"""DPX read and written: samples and header as they are, but for what colours change."""

from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.errors import InputError
from deoldify_lite.photo.samples import turn_upright
from deoldify_lite.sequence.dpx_header import (
    HEADER_BYTES,
    DpxHeader,
    for_color,
    make_header,
    parse_header,
    with_size,
)
from deoldify_lite.sequence.frame import Facts, Frame
from deoldify_lite.sequence.packing import pack, unpack
from deoldify_lite.system.files import atomic_path

# EXIF's number of the turn that undoes one.
_BACK = {6: 8, 8: 6}


@dataclass(frozen=True)
class DpxRest:
    """What a file holds beside its samples."""

    header: DpxHeader
    tail: bytes  # all bytes behind the picture


def look_dpx(path: Path) -> Facts:
    """See `frames.look`."""
    size = path.stat().st_size
    with open(path, "rb") as file:
        return parse_header(path, file.read(HEADER_BYTES), size).facts


def read_dpx(path: Path) -> Frame:
    """See `frames.read`."""
    data = path.read_bytes()
    header = parse_header(path, data, len(data))
    at, channels = len(header.head), header.channels
    samples = unpack(
        memoryview(data)[at:],
        header.packing,
        header.rows,
        header.columns * channels,
        is_grey=channels == 1,
    ).reshape(header.rows, header.columns, channels)
    if header.reverses:
        samples = samples[..., ::-1]
    samples = turn_upright(samples, header.turn)
    alpha = np.ascontiguousarray(samples[..., 3]) if channels == 4 else None
    pixels = np.ascontiguousarray(samples[..., :3])
    return Frame(path, header.facts, pixels, alpha, DpxRest(header, data[at + header.size :]))


def write_dpx(path: Path, frame: Frame) -> None:
    """See `frames.write`."""
    rest: DpxRest = frame.source
    header = for_color(rest.header) if frame.pixels.shape[2] == 3 else rest.header
    samples = frame.pixels if frame.alpha is None else np.dstack([frame.pixels, frame.alpha])
    samples = turn_upright(samples, _BACK.get(header.turn, header.turn))
    if header.reverses:
        samples = samples[..., ::-1]
    rows = samples.reshape(header.rows, -1)
    picture = pack(rows, header.packing, is_grey=header.channels == 1)
    head = header.head
    if len(picture) != rest.header.size:  # else even a wrong size of the file stays
        head = with_size(header, len(head) + len(picture) + len(rest.tail))
    with atomic_path(path) as part, open(part, "wb") as file:
        file.writelines((head, picture, rest.tail))


def new_dpx(
    path: Path,
    pixels: NDArray[Any],
    bits: int,
    rate: Fraction | None,
    timecode: str | None,
    aspect: Fraction | None = None,
) -> Frame:
    """See `frames.new_frame`."""
    if bits not in (8, 10, 12, 16):
        raise InputError(f"{path}: DPX holds 8, 10, 12 or 16 bits, not {bits}")
    height, width = pixels.shape[:2]
    header = make_header(path.name, width, height, bits, rate=rate, timecode=timecode, aspect=aspect)
    header = replace(header, head=with_size(header, len(header.head) + header.size))
    return Frame(path, header.facts, pixels, source=DpxRest(header, b""))
