"""The kinds of photo files: how each is recognised, what a result of it can hold, and which package it needs.

`KINDS` is the only place that knows this. It loads no package, not even Pillow: `--help` stays quick.
"""

import importlib
import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from deoldify_lite.errors import InputError, OptionError

# What a kind may hold beside pixels, by the field of `Photo`, and what warnings call it.
METADATA = {
    "icc": "colour profile, so its colours may look different",
    "exif": "EXIF",
    "xmp": "XMP",
    "iptc": "IPTC record",
    "dpi": "resolution",
    "comments": "comment",
    "segments": "XMP beyond the first 64 KB",
    "more_exif": "second block of EXIF",
    "resources": "paths and settings of Photoshop",
    "chunks": "PNG texts, gamma or other chunks",
    "tags": "TIFF tags beyond EXIF, such as GeoTIFF's",
}


def _always() -> bool:
    return True


def _never() -> bool:
    return False


def _if_heif_encoder() -> bool:
    """Pillow-HEIF may be missing, or built without an encoder."""
    try:
        return bool(importlib.import_module("pillow_heif").libheif_info().get("HEIF"))
    except ImportError:
        return False


def _if_pillow_has_avif() -> bool:
    return bool(importlib.import_module("PIL.features").check("avif"))


EFFORTS = ("fast", "small")  # of encoders that have a choice: quick work, or small files


@dataclass(frozen=True, eq=False)
class Kind:
    """A kind of photo file. One without `magic` and `brands` is recognised by Pillow."""

    name: str  # Pillow's name, where Pillow knows it
    label: str  # what people call it
    suffixes: tuple[str, ...]  # lower case, with the dot; the usual one first
    magic: tuple[bytes, ...] = ()  # first bytes of its files
    by_suffix: bool = False  # nearly any bytes pass for a file of it, so its name must have its suffix
    brands: tuple[bytes, ...] = ()  # in the `ftyp` box that its files begin with (ISO/IEC 14496-12)
    module: str = ""  # of the package that reads it, if that is not among those always there
    install: str = ""  # name to install that package by

    can_write: Callable[[], bool] = _always  # whether results can be of this kind, here and now
    fallback: str = ".png"  # suffix of the result for a source of this kind, where they cannot
    warns_of_fallback: bool = False
    is_choice: bool = False  # whether `--format` offers it
    quality: int = 95  # default of a lossy kind: the loss does not show
    max_side_px: float = math.inf
    max_pixels: float = math.inf
    bits: int = 8  # a sample, at most
    holds: frozenset[str] = frozenset()  # of METADATA
    holds_alpha: bool = True
    holds_extra: bool = False  # channels beyond alpha
    holds_pages: bool = False


JPEG = Kind(
    "JPEG",
    "JPEG",
    (".jpg", ".jpeg", ".jpe", ".jfif", ".mpo"),
    is_choice=True,
    max_side_px=65_500,  # libjpeg's limit
    holds=frozenset({"icc", "exif", "xmp", "iptc", "dpi", "comments", "segments", "more_exif", "resources"}),
    holds_alpha=False,
)
PNG = Kind(
    "PNG",
    "PNG",
    (".png", ".apng"),
    is_choice=True,
    bits=16,
    holds=frozenset({"icc", "exif", "xmp", "iptc", "dpi", "comments", "chunks"}),
)
TIFF = Kind(
    "TIFF",
    "TIFF",
    (".tif", ".tiff"),
    magic=(b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),  # TIFF and BigTIFF, in either order of bytes
    is_choice=True,
    bits=16,
    holds=frozenset({"icc", "exif", "xmp", "iptc", "dpi", "resources", "tags"}),
    holds_extra=True,
    holds_pages=True,
)
WEBP = Kind(
    "WEBP",
    "WebP",
    (".webp",),
    is_choice=True,
    max_side_px=16_383,
    holds=frozenset({"icc", "exif", "xmp"}),
)
BMP = Kind("BMP", "BMP", (".bmp", ".dib"), magic=(b"BM",), holds=frozenset({"dpi"}), holds_alpha=False)
GIF = Kind("GIF", "GIF", (".gif",), can_write=_never)
HEIF = Kind(
    "HEIF",
    "HEIC",
    (".heic", ".heif", ".hif"),
    brands=(b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"),
    module="pillow_heif",
    install="pillow-heif",
    can_write=_if_heif_encoder,
    warns_of_fallback=True,
    # Its numbers mean something else: on old photos its luma has 54 dB at 80, as JPEG's has at 95.
    quality=80,
    max_side_px=16_384,
    max_pixels=142_606_336,  # of level 7.2 of HEVC, at which x265 ends
    bits=10,
    holds=frozenset({"icc", "exif", "xmp"}),
)
AVIF = Kind(
    "AVIF",
    "AVIF",
    (".avif",),
    brands=(b"avif", b"avis"),
    can_write=_if_pillow_has_avif,
    warns_of_fallback=True,
    max_side_px=65_536,
    holds=frozenset({"icc", "exif", "xmp"}),
)
JXL = Kind(
    "JXL",
    "JPEG XL",
    (".jxl",),
    magic=(b"\xff\x0a", b"\0\0\0\x0cJXL \r\n\x87\n"),  # a bare codestream, and one in a container of boxes
    module="pillow_jxl",
    install="pillow-jxl-plugin",
    can_write=_never,  # its encoder takes no colour profile
    warns_of_fallback=True,
)
RAW = Kind(
    "RAW",
    "camera RAW",
    # Adobe, Canon, Nikon, Sony, Fuji, Olympus, Panasonic, Pentax, Samsung, Leica and others
    (
        *(".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".sr2", ".srf", ".raf", ".orf", ".rw2"),
        *(".pef", ".srw", ".rwl", ".3fr", ".fff", ".iiq", ".mos", ".erf", ".kdc", ".dcr", ".mrw", ".x3f"),
    ),
    # Fuji, Olympus and Panasonic; most others are TIFFs, see `kind_of`
    magic=(b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0"),
    brands=(b"crx ",),  # Canon
    module="rawpy",
    install="rawpy",
    can_write=_never,
    fallback=".tif",
)

# Pillow writes no profile or metadata of these, so that their results are of another kind.
JP2 = Kind(
    "JPEG2000",
    "JPEG 2000",
    (".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx"),
    magic=(b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"),  # in a container of boxes, and bare
    can_write=_never,
    warns_of_fallback=True,
)
PSD = Kind("PSD", "Photoshop", (".psd",), magic=(b"8BPS",), can_write=_never, warns_of_fallback=True)
NETPBM = Kind(
    "PPM",
    "Netpbm",
    (".pnm", ".ppm", ".pgm", ".pbm"),
    magic=tuple(b"P%d%c" % (number, end) for number in range(1, 7) for end in b"\n\r\t #"),
    can_write=_never,
    warns_of_fallback=True,
)
TGA = Kind("TGA", "TGA", (".tga",), by_suffix=True, can_write=_never, warns_of_fallback=True)
PCX = Kind("PCX", "PCX", (".pcx",), by_suffix=True, can_write=_never, warns_of_fallback=True)
SGI = Kind(
    "SGI",
    "SGI",
    (".sgi", ".rgb", ".rgba", ".bw"),
    magic=(b"\x01\xda\0", b"\x01\xda\1"),
    can_write=_never,
    warns_of_fallback=True,
)
SUN = Kind(
    "SUN", "Sun raster", (".ras",), magic=(b"\x59\xa6\x6a\x95",), can_write=_never, warns_of_fallback=True
)

# Where the brands of a file name several kinds, it is of the first.
KINDS = (JPEG, PNG, TIFF, WEBP, BMP, GIF, RAW, AVIF, HEIF, JXL, JP2, PSD, NETPBM, TGA, PCX, SGI, SUN)

PHOTO_SUFFIXES = frozenset(suffix for kind in KINDS for suffix in kind.suffixes)
OUTPUT_FORMATS = ("keep", *(kind.suffixes[0].removeprefix(".") for kind in KINDS if kind.is_choice))
_PILLOW_KINDS = tuple(kind for kind in KINDS if not kind.magic and not kind.brands and not kind.by_suffix)
# A BMP without the mark and sizes in front, as a clipboard has it: Pillow's name of it.
_BARE_BMP_SUFFIX, _BARE_BMP = ".dib", "DIB"
_BY_SUFFIX = {suffix: kind for kind in KINDS for suffix in kind.suffixes}


def kind_of(path: Path, file: BinaryIO) -> Kind | None:
    """Return the kind of an open file by its first bytes, or None for a file that Pillow has to recognise.

    Most camera RAW files are TIFFs, too: they are known by the suffix of `path`, or by Canon's mark. The file
    is left at its beginning.

    Raises:
        InputError: the file is empty.
    """
    file.seek(0)
    head = file.read(64)
    file.seek(0)
    if not head:
        raise InputError(f"{path}: the file is empty; copy it again from where it came")
    if head.startswith(TIFF.magic):
        return RAW if path.suffix.lower() in RAW.suffixes or head[8:10] == b"CR" else TIFF
    for kind in KINDS:
        if kind.magic and head.startswith(kind.magic):
            return kind
    if head[4:8] == b"ftyp":
        (size,) = struct.unpack_from(">I", head)
        brands = [head[at : at + 4] for at in (8, *range(16, min(size, 64), 4))]
        return next((kind for kind in KINDS if any(brand in kind.brands for brand in brands)), None)
    return None


def pillow_names(path: Path, kind: Kind | None) -> tuple[str, ...]:
    """Return Pillow's names of what a file may be, the likeliest first.

    Args:
        path: only its name counts.
        kind: as `kind_of` gave it.
    """
    if kind is not None:
        return (kind.name,)
    named = kind_named(path)
    kinds = (*_PILLOW_KINDS, named) if named is not None and named.by_suffix else _PILLOW_KINDS
    names = tuple(kind.name for kind in kinds)
    return (*names, _BARE_BMP) if path.suffix.lower() == _BARE_BMP_SUFFIX else names


def kind_named(path: Path) -> Kind | None:
    """Return the kind that the suffix of a name stands for; None where that is not a photo's."""
    return _BY_SUFFIX.get(path.suffix.lower())


def load_package(kind: Kind, path: Path) -> Any:
    """Import the package that reads a kind.

    Args:
        kind: one with a `module`.
        path: the photo, for the error message.

    Raises:
        InputError: the package is not installed; the message says how to install it.
    """
    try:
        return importlib.import_module(kind.module)
    except ImportError as error:
        raise InputError(
            f"{path}: to read {kind.label} run: pip install {kind.install}   (or all of them: "
            f'pip install "deoldify_lite[formats]")'
        ) from error


def output_suffix(path: Path, format: str) -> str:
    """Return the suffix of the result for the photo at `path`, before it is read.

    Args:
        path: the source; only its name counts.
        format: one of OUTPUT_FORMATS. "keep" keeps the suffix as spelled if results can be of that kind, and
            gives the kind's fallback if not.

    Raises:
        OptionError: there is no such format.
    """
    if format not in OUTPUT_FORMATS:
        raise OptionError(f"unknown photo format {format!r}; choose one of {', '.join(OUTPUT_FORMATS)}")
    if format != "keep":
        return f".{format}"
    kind = kind_named(path)
    if kind is None:
        return ".png"
    return path.suffix if kind.can_write() else kind.fallback


def layer_suffix(result: str) -> str:
    """Return the suffix of the colour as a layer, by the name of its result: a kind that holds 16 bits."""
    path = Path(result)
    return path.suffix if kind_named(path) is TIFF else PNG.suffixes[0]


def is_fallback(source: Path, output: Path) -> bool:
    """Return whether a result is of another kind than its source, and a user should know."""
    kind = kind_named(source)
    return kind is not None and kind.warns_of_fallback and kind is not kind_named(output)


def holds_xmp(path: Path) -> bool:
    """Return whether a result of this name holds XMP, and with it the mark of AI."""
    kind = kind_named(path)
    return kind is not None and "xmp" in kind.holds


def holds_pages(path: Path) -> bool:
    """Return whether a result of this name holds several pages."""
    kind = kind_named(path)
    return kind is not None and kind.holds_pages
