"""ICC profiles: of known colours, and of grey."""

import struct

import numpy as np
from PIL import ImageCms

SRGB_ICC = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def rgb_profile(primaries: tuple[tuple[float, float], ...], gamma: float) -> bytes:
    """An ICC profile of an RGB space with the white of D50; primaries as x and y, as they are under it."""
    white = np.array([0.9642, 1.0, 0.8249])
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in primaries]).T
    colorants = columns * np.linalg.solve(columns, white)

    def xyz(values: np.ndarray) -> bytes:
        return b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(float(v) * 65536) for v in values))

    curve = b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"
    tags = [
        (b"desc", b"desc\0\0\0\0" + struct.pack(">I", 5) + b"Test\0" + bytes(79)),
        (b"cprt", b"text\0\0\0\0x\0\0\0"),
        (b"wtpt", xyz(white)),
        *((name, xyz(column)) for name, column in zip((b"rXYZ", b"gXYZ", b"bXYZ"), colorants.T, strict=True)),
        *((name, curve) for name in (b"rTRC", b"gTRC", b"bTRC")),
    ]
    table, body, start = b"", b"", 132 + 12 * len(tags)
    for tag, content in tags:
        table += tag + struct.pack(">II", start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    header = struct.pack(">I4sI4s4s4s", start + len(body), b"test", 0x02100000, b"mntr", b"RGB ", b"XYZ ")
    header += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061) + bytes(48)
    return header + struct.pack(">I", len(tags)) + table + body


def icc_profile(space: bytes, pcs: bytes, name: bytes, data: bytes) -> bytes:
    """A minimal ICC profile with one curve or table."""
    tags = [
        (b"desc", b"desc\0\0\0\0" + struct.pack(">I", 5) + b"Test\0" + bytes(78)),
        (b"wtpt", b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)),
        (name, data),
        (b"cprt", b"text\0\0\0\0x\0"),
    ]
    table, body, start = b"", b"", 132 + 12 * len(tags)
    for tag, content in tags:
        table += tag + struct.pack(">II", start + len(body), len(content))
        body += content + bytes(-len(content) % 4)
    kind = b"prtr" if space == b"CMYK" else b"mntr"
    header = struct.pack(">I4sI4s4s4s", start + len(body), b"test", 0x02100000, kind, space, pcs)
    header += bytes(12) + b"acsp" + bytes(28) + struct.pack(">3i", 63190, 65536, 54061) + bytes(48)
    return header + struct.pack(">I", len(tags)) + table + body


def grey_printer_icc() -> bytes:
    """The profile of a press whose four inks are all the same grey."""
    lut = b"mft1\0\0\0\0" + bytes([4, 3, 2, 0]) + struct.pack(">9i", *(np.eye(3, dtype=int).ravel() * 65536))
    lut += bytes(range(256)) * 4
    for corner in range(16):
        lut += bytes([255 - 255 * corner.bit_count() // 4, 128, 128])
    return icc_profile(b"CMYK", b"Lab ", b"A2B0", lut + bytes(range(256)) * 3)


GREY_ICC = icc_profile(b"GRAY", b"XYZ ", b"kTRC", b"curv\0\0\0\0" + struct.pack(">IH", 1, round(1.8 * 256)))


def srgb_of_gamma(grey: np.ndarray, gamma: float) -> np.ndarray:
    """What sRGB number looks like a grey in [0, 1] of a pure gamma curve."""
    light = grey**gamma
    return np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
