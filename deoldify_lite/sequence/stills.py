"""Frames that photos can be, too: TIFF and PNG, read and written as photos are."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.photo.io import read_photo, write_photo
from deoldify_lite.photo.photo import Photo
from deoldify_lite.sequence.frame import Facts, Frame


def read_still(path: Path, kind: str) -> Frame:
    """Read a frame with all that a photo keeps.

    Raises:
        InputError: see `read_photo`.
    """
    photo = read_photo(path)
    height, width = photo.rgb.shape[:2]
    facts = Facts(kind, width, height, 3, photo.alpha is not None, 8 * photo.rgb.itemsize)
    bare = replace(photo, rgb=photo.rgb[:1, :1], alpha=None)
    return Frame(path, facts, photo.rgb, photo.alpha, bare, photo.warnings)


def write_still(path: Path, frame: Frame) -> tuple[str, ...]:
    """Write a frame as a photo, and return warnings.

    Raises:
        InputError: see `write_photo`.
    """
    pixels: Any = frame.pixels
    if pixels.shape[2] == 1:
        pixels = np.repeat(pixels, 3, 2)
    return write_photo(replace(frame.source, rgb=pixels, alpha=frame.alpha), path)


def new_still(path: Path, kind: str, pixels: NDArray[Any], bits: int) -> Frame:
    """See `frames.new_frame`."""
    height, width = pixels.shape[:2]
    facts = Facts(kind, width, height, 3, False, bits)
    return Frame(path, facts, pixels, source=Photo(path, pixels[:1, :1]))
