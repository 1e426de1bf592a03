"""Photos of rare kinds, which no library writes."""

import struct

import numpy as np
from numpy.typing import NDArray


def psd(
    planes: NDArray[np.uint8] | NDArray[np.uint16],
    mode: int,
    resources: bytes = b"",
    *,
    layers: int = 0,
    version: int = 1,
) -> bytes:
    """A Photoshop file of (C, H, W) planes.

    Args:
        planes: of the flattened picture.
        mode: 1 grey, 3 RGB, 4 CMYK, 9 Lab.
        resources: made by `psd_resource`.
        layers: their number; below zero if the last plane is transparency.
        version: 2 for the large kind.
    """
    head = struct.pack(">4sH6xHIIHH", b"8BPS", version, *planes.shape, 8 * planes.itemsize, mode)
    info = struct.pack(">h", layers) + bytes(60) if layers else b""
    section = struct.pack(">I", len(info)) + info if info else b""
    parts = (b"", resources, section)
    sections = b"".join(struct.pack(">I", len(part)) + part for part in parts)
    return head + sections + b"\0\0" + planes.astype(planes.dtype.newbyteorder(">")).tobytes()


def psd_resource(number: int, data: bytes) -> bytes:
    """An image resource of a Photoshop file."""
    return b"8BIM" + struct.pack(">HHI", number, 0, len(data)) + data + bytes(len(data) % 2)
