"""TIFF written: pages of any depth with all their tags, strip by strip, as BigTIFF if the file needs it.

It is laid out here, since no library writes 16-bit RGB together with EXIF. The directories come last, when
sizes are known; sixteen bytes in front are kept free for the header of either kind.
"""

import struct
import threading
import zlib
from dataclasses import replace
from typing import Any, BinaryIO

import numpy as np
from PIL import Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from deoldify_lite.photo.exif import (
    ICC_TAG,
    IPTC_TAG,
    RESOLUTION_UNIT,
    X_RESOLUTION,
    XMP_TAG,
    Y_RESOLUTION,
    descriptive_tags,
)
from deoldify_lite.photo.photo import Photo
from deoldify_lite.photo.samples import to_depth, with_alpha
from deoldify_lite.photo.tiff_tags import RESOURCES_TAG, Tag, tags_of_exif
from deoldify_lite.system.library_warnings import ENCODER, Warn, collected_warnings

_STRIP_BYTES = 1 << 20
_OFFSETS, _SIZES = 273, 279  # tags: where strips are, and how long
_LONG, _LONG8, _UNDEFINED = 4, 16, 7  # types of values
# In a longer file offsets do not fit into 32 bits.
CLASSIC_BYTES = (1 << 32) - 1


class TiffWriter:
    """Writes pages into an open, empty file; threads may add pages at the same time.

    Args:
        file: must be seekable.
        classic_bytes: a file that would become longer is made a BigTIFF.
        deflate: whether pixels are packed; packing takes most of the time.
    """

    warnings: dict[int, list[str]]
    """By the number of a page, what could not be written of it; complete once the writer is closed."""

    def __init__(self, file: BinaryIO, *, classic_bytes: int = CLASSIC_BYTES, deflate: bool = True) -> None:
        self._file = file
        self._deflate = deflate
        self._classic_bytes = classic_bytes
        self._lock = threading.Lock()
        self.warnings = {}
        self._pages: dict[int, tuple[Photo, dict[int, Any]]] = {}  # by number: photo without pixels, and tags
        file.write(bytes(16))

    def add(self, photo: Photo, number: int = 0) -> None:
        """Write the pixels of a page: if deflated, with horizontal differencing.

        Args:
            number: decides the place of the page among the others.
        """
        height, width = photo.rgb.shape[:2]
        others = 0 if photo.extra is None else photo.extra.shape[2]
        channels = 3 + (photo.alpha is not None) + others
        rows = max(1, _STRIP_BYTES // (width * channels * photo.rgb.itemsize))
        offsets, sizes = [], []
        for top in range(0, height, rows):
            strip = _packed(photo, slice(top, top + rows), deflate=self._deflate)
            with self._lock:
                offsets.append(self._file.tell())
                self._file.write(strip)
            sizes.append(len(strip))
        tags: dict[int, Any] = {
            256: width,
            257: height,
            258: (photo.rgb.itemsize * 8,) * channels,  # bits a sample
            259: 8 if self._deflate else 1,  # compression: deflate, or none
            262: 2,  # photometric interpretation: RGB
            277: channels,  # samples a pixel
            278: rows,  # in a strip
            284: 1,  # planes: interleaved
            _OFFSETS: tuple(offsets),
            _SIZES: tuple(sizes),
        }
        if self._deflate:
            tags[317] = 2  # predictor: horizontal differencing
        if channels > 3:  # extra samples: alpha, not premultiplied, and what is not described
            tags[338] = (2,) * (photo.alpha is not None) + (0,) * others
        if photo.dpi:
            tags |= {X_RESOLUTION: photo.dpi[0], Y_RESOLUTION: photo.dpi[1], RESOLUTION_UNIT: 2}  # inches
        if photo.icc:
            tags[ICC_TAG] = photo.icc
        if photo.xmp:
            tags[XMP_TAG] = photo.xmp
        if photo.iptc:
            tags[IPTC_TAG] = photo.iptc
        if photo.resources:
            tags[RESOURCES_TAG] = photo.resources
        self._pages[number] = (photo_without_pixels(photo), tags)

    def close(self) -> None:
        """Write the directories, in the order of the pages' numbers, and the header."""
        end = self._file.tell()
        # What the directories will take, generously.
        directories = sum(
            len(photo.exif or b"") + len(photo.icc or b"") + len(photo.xmp or b"") + len(photo.iptc or b"")
            + len(photo.resources or b"") + sum(20 + 16 * len(tag.value) for tag in photo.tags)
            + 16 * len(tags[_OFFSETS]) + 4096
            for photo, tags in self._pages.values()
        )  # fmt: skip
        big = end + directories > self._classic_bytes
        links = "<Q" if big else "<I"
        header = struct.pack("<2sHHHQ", b"II", 43, 8, 0, 0) if big else struct.pack("<2sHI", b"II", 42, 0)
        self._file.seek(0)
        self._file.write(header)
        link_at = 8 if big else 4  # where the place of the next directory is to be written
        at = end
        for number, (photo, tags) in sorted(self._pages.items()):
            at += at % 2
            with collected_warnings(ENCODER) as self.warnings[number]:
                directory, own_link = _directory(photo, tags, at, big, self.warnings[number].append)
            self._file.seek(link_at)
            self._file.write(struct.pack(links, at))
            self._file.seek(at)
            self._file.write(directory)
            link_at = at + own_link
            at += len(directory)


def photo_without_pixels(photo: Photo) -> Photo:
    """Return a photo with one pixel and what its directory needs: all that takes little memory."""
    return replace(photo, rgb=photo.rgb[:1, :1].copy(), alpha=None, extra=None)


def _packed(photo: Photo, rows: slice, *, deflate: bool) -> bytes:
    pixels = with_alpha(photo.rgb[rows], None if photo.alpha is None else photo.alpha[rows])
    if photo.extra is not None:
        pixels = np.dstack([pixels, to_depth(photo.extra[rows], pixels.dtype)])
    strip = pixels.astype(pixels.dtype.newbyteorder("<"))
    if not deflate:
        return strip.tobytes()
    strip[:, 1:] -= pixels[:, :-1]
    return zlib.compress(strip.tobytes(), 1)


def _directory(photo: Photo, tags: dict[int, Any], at: int, big: bool, warn: Warn) -> tuple[bytes, int]:
    """Make a directory for a place in the file; also return where in it the link to the next one is."""
    if photo.exif:
        try:
            exif = Image.Exif()
            exif.load(b"Exif\0\0" + photo.exif)
            others = (*tags_of_exif(photo.exif, warn), *photo.tags)
            return _laid_out(tags | descriptive_tags(exif), others, at, big)
        except Exception as error:  # Pillow packs what it could read, and not all of that can be packed
            warn(f"its EXIF cannot be written as TIFF and is left out ({error})")
    return _laid_out(tags, photo.tags, at, big)


def _laid_out(tags: dict[int, Any], others: tuple[Tag, ...], at: int, big: bool) -> tuple[bytes, int]:
    directory = ImageFileDirectory_v2(b"II+\0\x08\0\0\0" + bytes(8) if big else b"II*\0\0\0\0\0")
    directory.tagtype |= {_OFFSETS: _LONG8 if big else _LONG, _SIZES: _LONG, IPTC_TAG: _UNDEFINED}
    directory.tagtype |= {RESOURCES_TAG: _UNDEFINED, **{tag.code: tag.type for tag in others}}
    for tag, value in ({tag.code: tag.value for tag in others} | tags).items():
        directory[tag] = value
    # Pillow would add the end of the directory to the places of strips, so they are filled in below.
    directory[_OFFSETS] = (0,) * len(tags[_OFFSETS])
    data = bytearray(directory.tobytes(at))
    entry, count_size, room = ("<HHQ", 8, 8) if big else ("<HHI", 2, 4)
    size = struct.calcsize(entry) + room
    (count,) = struct.unpack_from("<Q" if big else "<H", data)
    place = next(
        p for p in range(count_size, count_size + size * count, size)
        if struct.unpack_from("<H", data, p)[0] == _OFFSETS
    )  # fmt: skip
    packed = struct.pack(f"<{len(tags[_OFFSETS])}{'Q' if big else 'I'}", *tags[_OFFSETS])
    value_at = place + struct.calcsize(entry)
    if len(packed) > room:
        (pointer,) = struct.unpack_from("<Q" if big else "<I", data, value_at)
        value_at = pointer - at
    data[value_at : value_at + len(packed)] = packed
    return bytes(data), count_size + size * count
