"""The pages of a TIFF: where each is and how large, found once for all readers of a file.

Both tifffile and Pillow walk to a page through all before it: of thousands of pages that takes thousands
times thousands of steps.
"""

import io
import os
import struct
from itertools import islice
from mmap import ACCESS_READ, mmap
from typing import Any, BinaryIO

import tifffile

from deoldify_lite.photo.exif import swells

MOST_PAGES = 10_000
# Of all pages together: a floor, and what scans have for each byte. Pages that share their bytes have more.
MOST_PIXELS, MOST_PIXELS_A_BYTE = 4_000_000_000, 1_000
MASK = 4  # bit of NewSubfileType: the page says which pixels of another page are opaque


def page_sizes(file: BinaryIO) -> tuple[list[tuple[int, int]], list[str]]:
    """Find the pages of an open TIFF by its directories alone.

    Returns:
        Index and pixels of each page that is a picture, and notes on pages that are left out. If all are
        previews or masks, the first counts as the picture.

    Raises:
        Exception: of any kind, if it is damaged.
    """
    sizes: list[tuple[int, int]] = []
    notes: list[str] = []
    places: list[int] = []
    with tifffile.TiffFile(file) as tiff:
        room = MOST_PIXELS + MOST_PIXELS_A_BYTE * tiff.filehandle.size
        known = set()
        for index, page in enumerate(islice(tiff.pages, MOST_PAGES + 1)):
            pixels = int(page.imagewidth) * int(page.imagelength)  # a tag may hold several
            if page.offset in known:
                notes.append(f"after page {index} its pages begin again, as it is damaged")
                break
            known.add(page.offset)
            places.append(page.offset)
            room -= pixels
            if index == MOST_PAGES:
                notes.append(f"it has more than {MOST_PAGES} pages; those beyond are left out")
            elif room < 0 and sizes:
                notes.append(
                    f"its pages up to {index} have {sum(one for _, one in sizes) // 1_000_000} megapixels, "
                    "though the file is small; those beyond are left out: save them in files of their own"
                )
                break
            elif page.is_reduced:
                notes.append(f"page {index + 1} is a mere preview and is left out")
            elif page.subfiletype & MASK:
                notes.append(f"page {index + 1} is a mask of another page and is left out")
            else:
                sizes.append((index, pixels))
        _remember(file, places)
        if not sizes and (first := tiff.pages.first):
            return [(0, int(first.imagewidth) * int(first.imagelength))], notes[1:]
    return sizes, notes


# Where the pages of the last few files are: without it each page would be searched for from the first on.
_places: dict[tuple[int, ...], list[int]] = {}
_MOST_FILES = 16


def _remember(file: BinaryIO, places: list[int]) -> None:
    if (identity := _identity_of(file)) is not None and len(places) > 1:
        for old in list(_places)[: 1 - _MOST_FILES]:
            _places.pop(old, None)
        _places[identity] = places


def _identity_of(file: BinaryIO) -> tuple[int, ...] | None:
    try:
        stat = os.fstat(file.fileno())
    except OSError:  # a file in memory
        return None
    return stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns


def page_at(tiff: tifffile.TiffFile, file: BinaryIO, index: int) -> Any:
    """Return a page of tifffile by its index; without a walk if `page_sizes` has seen the file."""
    identity = _identity_of(file)
    places = _places.get(identity, []) if identity else []
    if not 0 < index < len(places):
        return tiff.pages[index]
    tiff.filehandle.seek(places[index])
    return tifffile.TiffPage(tiff, index)


def check_tags(file: BinaryIO, page: Any) -> None:
    """Refuse a page whose tags share their bytes, of which each reader makes a copy for each tag.

    Raises:
        ValueError: it has such tags.
    """
    try:
        with mmap(file.fileno(), 0, access=ACCESS_READ) as data:
            is_swollen = swells(data, page.offset)
    except OSError:  # a file in memory
        file.seek(0)
        is_swollen = swells(file.read(), page.offset)
    if is_swollen:
        raise ValueError("its tags take many times the bytes of the file")


class FromPage(io.RawIOBase):
    """An open TIFF whose header names some page as the first: Pillow would walk to it through all before."""

    def __init__(self, file: BinaryIO, page: Any) -> None:
        self._file = file
        file.seek(0)
        is_big = page.parent.is_bigtiff
        start = file.read(8 if is_big else 4)
        self._head = start + struct.pack(page.parent.byteorder + ("Q" if is_big else "I"), page.offset)
        file.seek(0)

    def read(self, size: int = -1) -> bytes:
        at = self._file.tell()
        data = self._file.read(size)
        return self._head[at : at + len(data)] + data[max(0, len(self._head) - at) :]

    def seek(self, place: int, whence: int = os.SEEK_SET) -> int:
        return self._file.seek(place, whence)

    def tell(self) -> int:
        return self._file.tell()

    def seekable(self) -> bool:
        return True

    def fileno(self) -> int:
        """Return what libtiff reads, which is told separately where the page is."""
        return self._file.fileno()
