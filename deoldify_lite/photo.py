"""A photo in memory: what its viewer sees of it, and what goes with it into the result."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

Samples = NDArray[Any]  # (H, W, C) uint8 or uint16; C = 1 grey, 2 grey + alpha, 3 RGB, 4 RGBA


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo as its viewer sees it; `dataclasses.replace(photo, rgb=...)` gives it new colours."""

    path: Path  # where it was read
    rgb: Samples  # (H, W, 3) uint8 or uint16, upright
    alpha: Samples | None = None  # (H, W), same dtype; not premultiplied
    icc: bytes | None = None  # profile that the numbers in rgb follow; None means sRGB
    exif: bytes | None = None  # TIFF structure without "Exif" prefix, upright, without thumbnail
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None  # along width and height
    format: str | None = None  # as found in the file, whatever its name says: one of photo_decode.READABLE
