"""A photo in memory: its pixels as a viewer sees them, and the metadata that go into the result."""

from dataclasses import dataclass
from pathlib import Path

from deoldify_lite.photo.samples import Samples
from deoldify_lite.photo.tiff_tags import Tag


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
    iptc: bytes | None = None  # captions and keywords of the press: an IIM record
    comments: tuple[bytes, ...] = ()  # of a JPEG
    segments: tuple[bytes, ...] = ()  # of a JPEG: XMP that goes on after the first 64 KB
    more_exif: tuple[bytes, ...] = ()  # of a JPEG: blocks after the first, which viewers read
    resources: bytes | None = None  # Photoshop's paths and settings: image resources without IPTC
    chunks: tuple[tuple[bytes, bytes], ...] = ()  # of a PNG: kinds and bodies of its texts, gamma and so on
    tags: tuple[Tag, ...] = ()  # of a TIFF: those that are not EXIF and stay true
    extra: Samples | None = None  # of a TIFF: (H, W, C) channels beyond alpha, such as infrared; dtype of rgb
    progressive: bool = False  # whether it was a progressive JPEG
    format: str | None = None  # as found in the file, whatever its name says: a name in photo.kinds.KINDS
    warnings: tuple[str, ...] = ()  # of what was wrong with the file, or could not be read of it


@dataclass(frozen=True, eq=False)
class Decoded:
    """A picture and its metadata as a decoder found them in a file.

    `photo.decode.photo_of` turns it upright, and keeps what fits together. What is not described here is as
    of `Photo`.
    """

    format: str
    samples: Samples  # (H, W, C) uint8 or uint16; C = 1 grey, 2 grey + alpha, 3 RGB, 4 RGBA
    icc: bytes | None = None  # of any colour space, and maybe not of these samples
    orientation: int = 1  # EXIF's number for how the samples are to be turned
    exif: bytes | None = None  # upright already
    xmp: bytes | None = None
    dpi: tuple[float, float] | None = None  # along width and height of the samples; any number
    iptc: bytes | None = None
    comments: tuple[bytes, ...] = ()
    segments: tuple[bytes, ...] = ()
    more_exif: tuple[bytes, ...] = ()
    resources: bytes | None = None
    chunks: tuple[tuple[bytes, bytes], ...] = ()
    tags: tuple[Tag, ...] = ()
    extra: Samples | None = None
    progressive: bool = False
