"""Kinds of photos: their suffixes, how a file is known by its content, and what each format holds."""

import struct
from pathlib import Path
from typing import BinaryIO

from PIL import features

from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.photo.exif import TIFF_MAGIC
from deoldify_lite.photo.optional import JXL_BOX, JXL_CODESTREAM, can_write_heif

# What each format holds of a photo beside its pixels, and what each of these is called.
HOLDS = {
    "JPEG": {"icc", "exif", "xmp", "iptc", "dpi", "comment", "segments"},
    "PNG": {"icc", "exif", "xmp", "iptc", "dpi", "comment", "chunks"},
    "TIFF": {"icc", "exif", "xmp", "iptc", "dpi"},
    "WEBP": {"icc", "exif", "xmp"},
    "AVIF": {"icc", "exif", "xmp"},
    "HEIF": {"icc", "exif", "xmp"},
    "BMP": {"dpi"},
}


CALLED = {
    "icc": "colour profile, so its colours may look different",
    "exif": "EXIF",
    "xmp": "XMP",
    "iptc": "IPTC record",
    "dpi": "resolution",
    "comment": "comment",
    "segments": "XMP beyond the first 64 KB",
    "chunks": "PNG texts or gamma",
}


# Camera RAW of Adobe, Canon, Nikon, Sony, Fuji, Olympus, Panasonic, Pentax, Samsung, Leica and others.
RAW_SUFFIXES = frozenset(
    {".dng", ".cr2", ".cr3", ".crw", ".nef", ".nrw", ".arw", ".sr2", ".srf", ".raf", ".orf", ".rw2"}
    | {".pef", ".srw", ".rwl", ".3fr", ".fff", ".iiq", ".mos", ".erf", ".kdc", ".dcr", ".mrw", ".x3f"}
)


PHOTO_SUFFIXES = RAW_SUFFIXES | {
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".tif", ".tiff", ".webp", ".bmp", ".gif"),
    *(".heic", ".heif", ".hif", ".avif", ".jxl"),
}


HEIF_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")


# Beginnings of RAW files that are no TIFF, and of those TIFFs that are surely RAW: Fuji, Olympus, Panasonic.
RAW_MAGIC = (b"FUJIFILMCCD-RAW", b"IIRO", b"IIRS", b"MMOR", b"IIU\0")


def kind_of(path: Path, file: BinaryIO) -> str | None:
    """TIFF, HEIF, AVIF, JXL or RAW by the beginning of an open file, None for all else; leaves it there.

    Most RAW files are TIFFs too, so for these the name decides, or Canon's mark.
    """
    file.seek(0)
    head = file.read(64)
    file.seek(0)
    if not head:
        raise InputError(f"{path}: the file is empty; copy it again from where it came")
    if head[:4] in TIFF_MAGIC:
        return "RAW" if path.suffix.lower() in RAW_SUFFIXES or head[8:10] == b"CR" else "TIFF"
    if head.startswith(RAW_MAGIC) or head[4:12] == b"ftypcrx ":
        return "RAW"
    if head.startswith((JXL_CODESTREAM, JXL_BOX)):
        return "JXL"
    if head[4:8] == b"ftyp":
        (size,) = struct.unpack_from(">I", head)
        brands = [head[at : at + 4] for at in (8, *range(16, min(size, 64), 4))]
        if b"avif" in brands or b"avis" in brands:
            return "AVIF"
        if any(brand in HEIF_BRANDS for brand in brands):
            return "HEIF"
    return None


OUTPUT_FORMATS = ("keep", "jpg", "png", "tif", "webp")


FORMATS = {
    **dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif"), "JPEG"),
    **dict.fromkeys((".tif", ".tiff"), "TIFF"),
    **dict.fromkeys((".heic", ".heif", ".hif"), "HEIF"),
    **{".png": "PNG", ".webp": "WEBP", ".bmp": "BMP", ".avif": "AVIF"},
}


FORMAT_MAX_SIDE_PX = {"JPEG": 65_500, "WEBP": 16_383, "HEIF": 16_384, "AVIF": 65_536}


def output_suffix(path: Path, format: str) -> str:
    """Suffix of the result for the photo at `path`, known before it is read.

    Args:
        path: the source; only its name is looked at.
        format: one of OUTPUT_FORMATS. "keep" keeps the suffix as spelled, or gives ".tif" for camera RAW and
            ".png" where no colour photo can be written well under it: GIF, JPEG XL, whose encoder takes no
            profile, and HEIC and AVIF without encoder.
    """
    if format not in OUTPUT_FORMATS:
        raise OptionError(f"unknown photo format {format!r}; choose one of {', '.join(OUTPUT_FORMATS)}")
    if format != "keep":
        return f".{format}"
    kind = FORMATS.get(path.suffix.lower())
    writes = {"HEIF": can_write_heif, "AVIF": lambda: features.check("avif")}
    if kind and writes.get(kind, lambda: True)():
        return path.suffix
    return ".tif" if path.suffix.lower() in RAW_SUFFIXES else ".png"


def is_fallback(source: Path, output: Path) -> bool:
    """Whether a result has another format than its source for want of an encoder; of RAW that is plain."""
    wanted, written = source.suffix.lower(), output.suffix.lower()
    modern = (".jxl", ".heic", ".heif", ".hif", ".avif")
    return wanted in modern and FORMATS.get(wanted) != FORMATS.get(written)


def holds_xmp(path: Path) -> bool:
    """Whether photos of a name's suffix hold XMP, and with it the mark of AI."""
    return "xmp" in HOLDS.get(FORMATS.get(path.suffix.lower(), ""), ())


def holds_pages(path: Path) -> bool:
    """Whether photos of a name's suffix hold several pages."""
    return FORMATS.get(path.suffix.lower()) == "TIFF"
