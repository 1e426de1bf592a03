"""JPEGs that Pillow does not read, but imagecodecs: of more than 8 bits, lossless ones, and JPEG-LS."""

import io
import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np

from deoldify_lite.errors import InputError
from deoldify_lite.photo.kinds import JPEG, load_package
from deoldify_lite.photo.limits import check_size
from deoldify_lite.photo.samples import Samples, stretched

_SCAN = 0xDA
_BASELINE, _LOSSLESS, _LS = 0xC0, 0xC3, 0xF7
# Markers of frames: how the picture is coded.
_FRAMES = (*(0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF), _LS)


@dataclass(frozen=True)
class Frame:
    """What the header of a JPEG says of the picture."""

    at: int  # place of its marker in the file
    marker: int
    bits: int
    height: int
    width: int

    @property
    def label(self) -> str:
        """What people call a JPEG with such a frame; empty for those that everybody reads."""
        if self.marker == _LS:
            return "JPEG-LS"
        if self.marker == _LOSSLESS:
            return "lossless JPEG"
        return f"JPEG of {self.bits} bits" if self.bits > 8 else ""


def frame_of(data: bytes) -> Frame | None:
    """Find the frame of a JPEG; None if there is none."""
    at = 2
    while data.startswith(b"\xff\xd8") and at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _FRAMES:
            return Frame(at, marker, *struct.unpack_from(">BHH", data, at + 4))
        if marker == _SCAN:
            return None
        at += 1 if marker == 0xFF else 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def decode_rare_jpeg(path: Path, file: BinaryIO) -> tuple[Samples, io.BytesIO] | None:
    """Decode an open JPEG of a kind that Pillow does not know.

    Returns:
        Grey or RGB samples, and a copy of the file that Pillow opens for the metadata, but cannot decode.
        None if it is no such JPEG.

    Raises:
        InputError: it is too large, or of inks, or imagecodecs is missing.
        Exception: of any kind, if it is damaged.
    """
    file.seek(0)
    data = file.read()
    frame = frame_of(data)
    if frame is None or not frame.label:
        return None
    check_size(path, frame.width, frame.height)
    package = load_package(
        replace(JPEG, label=frame.label, module="imagecodecs", install="imagecodecs"), path
    )
    decode = package.jpegls_decode if frame.marker == _LS else package.jpeg8_decode
    samples = np.asarray(decode(data))
    samples = samples.reshape(*samples.shape[:2], -1)
    if samples.shape[2] not in (1, 3):
        raise InputError(f"{path}: a {frame.label} of inks: open it in an image editor and save it as TIFF")
    if samples.dtype == np.uint16 and frame.bits < 16:
        samples = stretched(samples, (1 << frame.bits) - 1)
    copy = bytearray(data)
    copy[frame.at + 1], copy[frame.at + 4] = _BASELINE, 8
    return samples, io.BytesIO(copy)
