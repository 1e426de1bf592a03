"""Photos of known pixels and metadata, and the files they are written to."""

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from deoldify_lite.photo.photo import Photo
from deoldify_lite.photo.xmp import DIGITAL_SOURCE_TYPE
from deoldify_lite.system.library_warnings import DECODER
from helpers.profiles import SRGB_ICC

# Good files make no noise; only the tests themselves are careless with Image.open.
NO_WARNINGS = pytest.mark.filterwarnings("error", "ignore::ResourceWarning")

RANDOM = np.random.default_rng(7)
RGB8 = RANDOM.integers(0, 256, (23, 31, 3), dtype=np.uint8)
GREY8, ALPHA8 = RGB8[..., 0], RGB8[..., 1]
RGB16 = RANDOM.integers(0, 65536, (23, 31, 3), dtype=np.uint16)
GREY16, ALPHA16 = RGB16[..., 0], RGB16[..., 1]
RGBA16 = np.dstack([RGB16, ALPHA16])
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:Description tiff:Orientation="6" dc:title="Oma"/></x:xmpmeta>'
)


def smooth(height: int = 40, width: int = 56) -> np.ndarray:
    """A picture that JPEG keeps well."""
    y, x = np.mgrid[0:height, 0:width]
    return np.dstack([60 + 3 * x, 40 + 4 * y, 200 - 2 * x]).clip(0, 255).astype(np.uint8)


def png_bytes(samples: np.ndarray, kind: int, depth: int, extra: bytes = b"") -> bytes:
    """A PNG of exactly this colour type and depth; packed rows of samples below 8 bits."""
    rows = samples.reshape(samples.shape[0], -1)
    if depth < 8:
        bits = np.unpackbits(rows[..., None], axis=2)[..., 8 - depth :]
        rows = np.packbits(bits.reshape(rows.shape[0], -1), axis=1)
    raw = b"".join(b"\0" + (row.astype(">u2") if depth == 16 else row).tobytes() for row in rows)
    header = struct.pack(">IIBBBBB", samples.shape[1], samples.shape[0], depth, kind, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + extra
        + chunk(b"IDAT", zlib.compress(raw))
        + chunk(b"IEND", b"")
    )


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def grey_rgb(grey: np.ndarray) -> np.ndarray:
    return np.dstack([grey] * 3)


def check(photo: Photo, rgb: np.ndarray, alpha: np.ndarray | None = None, tolerance: int = 0) -> None:
    assert not any(text.startswith(DECODER) for text in photo.warnings)
    assert photo.rgb.dtype == rgb.dtype and photo.rgb.shape == rgb.shape
    assert np.abs(photo.rgb.astype(int) - rgb).max() <= tolerance
    assert (photo.alpha is None) == (alpha is None)
    if alpha is not None:
        assert photo.alpha.dtype == rgb.dtype and np.array_equal(photo.alpha, alpha)
    assert photo.rgb.flags.c_contiguous


def turned(pixels: np.ndarray, orientation: int) -> np.ndarray:
    """What a viewer shows of pixels with this EXIF orientation."""
    quarter_turns = {1: 0, 2: 0, 3: 2, 4: 2, 5: 1, 6: 3, 7: 3, 8: 1}[orientation]
    return np.rot90(pixels[:, ::-1] if orientation in (2, 4, 5, 7) else pixels, quarter_turns)


def save(path: Path, pixels: np.ndarray | Image.Image, **options: object) -> Path:
    image = pixels if isinstance(pixels, Image.Image) else Image.fromarray(pixels)
    image.save(path, **options)
    return path


def exif_block(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[274], exif[271], exif[315] = orientation, "Agfa", "Gro\u00dfmutter".encode().decode("latin-1")
    exif[0x8769] = {36867: "1936:05:01 12:00:00", 37500: b"maker note \x00\x01\x02"}
    exif[0x8825] = {1: "N"}
    return exif


def has_mark(xmp: bytes | None) -> bool:
    """Whether XMP says that the photo was coloured by AI."""
    return xmp is not None and DIGITAL_SOURCE_TYPE.encode() in xmp


def sample_photo(path: Path, depth: int, alpha: bool) -> Photo:
    rgb = (
        smooth()
        if depth == 8
        else smooth().astype(np.uint16) * 257 + RANDOM.integers(0, 99, (40, 56, 3), np.uint16)
    )
    veil = np.linspace(0, 2**depth - 1, 40 * 56).reshape(40, 56).astype(rgb.dtype) if alpha else None
    block = exif_block(1).tobytes()[6:]
    return Photo(path, rgb, veil, SRGB_ICC, block, XMP.replace(b'"6"', b'"1"'), (300.0, 600.0))


def several_pages(path: Path) -> Path:
    """A TIFF of a 16-bit grey page, one in 8-bit RGB, a preview, and one that lies on its side."""
    with tifffile.TiffWriter(path) as writer:
        options: dict = {"metadata": None, "resolutionunit": 2}
        writer.write(GREY16, photometric="minisblack", resolution=(300, 300), **options)
        writer.write(RGB8, photometric="rgb", compression="zlib", resolution=(150, 150), **options)
        writer.write(RGB8[::2, ::2], photometric="rgb", subfiletype=1, **options)
        turn = [(274, "H", 1, 6, True)]
        writer.write(smooth(), photometric="rgb", extratags=turn, resolution=(200, 400), **options)
    return path


def good_files(folder: Path) -> list[Path]:
    big = np.tile(RGB8, (8, 8, 1))
    image = Image.fromarray(big)
    names = [
        "a.jpg",
        "p.jpg",
        "a.png",
        "a.tif",
        "lzw.tif",
        "a.webp",
        "a.bmp",
        "a.gif",
        "16.png",
        "16.tif",
        "lzw16.tif",
    ]
    paths = [folder / name for name in names]
    for path in paths[:-3]:
        options = {"progressive": True} if path.stem == "p" else {}
        image.save(path, **options, **({"compression": "tiff_lzw"} if path.stem == "lzw" else {}))
    big16 = np.tile(RGB16, (8, 8, 1))
    cv2.imwrite(str(paths[-3]), big16)
    tifffile.imwrite(paths[-2], big16, photometric="rgb", compression="zlib")
    cv2.imwrite(str(paths[-1]), big16)  # LZW by default
    return paths
