"""EXIF: kept as bytes, set to upright, and moved to and from the directory of a TIFF file."""

import struct
from mmap import mmap
from typing import Any, NamedTuple

from PIL import Image

from deoldify_lite.system.library_warnings import Warn

# Tags of a TIFF's directory; EXIF is laid out as one.
ORIENTATION, EXIF_IFD, GPS_IFD, INTEROP_IFD = 274, 0x8769, 0x8825, 0xA005
X_RESOLUTION, Y_RESOLUTION, RESOLUTION_UNIT = 282, 283, 296
XMP_TAG, ICC_TAG, IPTC_TAG = 700, 34675, 33723
# Tags of a TIFF's first directory that describe the photo rather than how its pixels are stored.
DESCRIPTIVE_TAGS = (
    269,  # document name
    270,  # image description
    271,  # make
    272,  # model
    285,  # page name
    297,  # page number
    305,  # software
    306,  # date and time
    315,  # artist
    316,  # host computer
    18246,  # rating
    18249,  # rating in percent
    33432,  # copyright
    *range(40091, 40096),  # Windows' title, comment, author, keywords and subject
)

Buffer = bytes | memoryview | mmap
_MOST_SWELLING = 1 << 24  # bytes of values that share their place, which cost nothing
# Bytes of a value, by its type's number in TIFF.
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_SIZES |= {16: 8, 17: 8, 18: 8}  # in a BigTIFF alone


class Entry(NamedTuple):
    """A tag as it stands in a directory."""

    code: int
    type: int  # of its values, by TIFF's number
    value: bytes | None  # None where it was not read


def upright_exif(block: bytes, warn: Warn) -> bytes | None:
    """Return EXIF that says upright and has no thumbnail, or None, with a warning, if it is damaged.

    Values stay where they are: maker notes hold offsets, and would become unreadable if they moved.
    """
    try:
        block = block.removeprefix(b"Exif\0\0")
        if swells(block):
            raise struct.error
        copy = without_orientation(block)
        number = _byte_order(copy) + "I"
        _, link = _directory(copy, *struct.unpack_from(number, copy, 4))
        (second,) = struct.unpack_from(number, copy, link)
        if second:  # the directory of the thumbnail, which shows the old grey picture
            struct.pack_into(number, copy, link, 0)
            places, _ = _directory(copy, second)
            if 513 in places and 514 in places:
                (first,) = struct.unpack_from(number, copy, places[513])
                (length,) = struct.unpack_from(number, copy, places[514])
                copy[first : first + length] = bytes(len(copy[first : first + length]))
        return bytes(copy)
    except (KeyError, struct.error):
        warn("its EXIF is damaged and is left out")
        return None


def exif_of_tiff(tags: Image.Exif, warn: Warn) -> bytes | None:
    """Return what a TIFF's first directory says of the photo as an EXIF block."""
    try:
        kept = Image.Exif()
        for tag, value in descriptive_tags(tags).items():
            kept[tag] = value
        return kept.tobytes().removeprefix(b"Exif\0\0") if len(kept) else None
    except Exception as error:  # Pillow packs what it could read, and not all of that can be packed
        warn(f"its EXIF is damaged and is left out ({error})")
        return None


def descriptive_tags(exif: Image.Exif) -> dict[int, Any]:
    """Return the tags that describe the photo, with the EXIF and GPS directories as dicts."""
    tags = {tag: exif[tag] for tag in DESCRIPTIVE_TAGS if tag in exif}
    for pointer in (EXIF_IFD, GPS_IFD):
        values = dict(exif.get_ifd(pointer))
        if values.pop(INTEROP_IFD, None) and (interop := exif.get_ifd(INTEROP_IFD)):
            values[INTEROP_IFD] = dict(interop)  # what is there, not its place, which will change
        if values:
            tags[pointer] = values
    return tags


def swells(data: Buffer, first: int | None = None) -> bool:
    """Whether values of tags take many times the bytes that are there, as only in a file made to harm.

    Args:
        data: a TIFF, or EXIF.
        first: where its directory is; None for the first one.

    Raises:
        KeyError, struct.error: it is damaged.
    """
    order = _byte_order(data[:2])
    is_big = struct.unpack_from(order + "H", data, 2)[0] == 43
    # how the number of tags is stored, how a tag and its place are, and the length of a tag
    count_as, tag_as, place_as, step = ("Q", "HHQ", "Q", 20) if is_big else ("H", "HHI", "I", 12)
    count_size, place_at = struct.calcsize(count_as), struct.calcsize("=" + tag_as)
    if first is None:
        (first,) = struct.unpack_from(order + place_as, data, 8 if is_big else 4)
    todo, seen, total = [first], set(), 0
    while todo:
        start = todo.pop()
        if start in seen or start + count_size > len(data):
            continue
        seen.add(start)
        (count,) = struct.unpack_from(order + count_as, data, start)
        start += count_size
        for at in range(start, min(start + step * count, len(data) - step + 1), step):
            code, type, number = struct.unpack_from(order + tag_as, data, at)
            length = number * _SIZES.get(type, 0)
            total += length if length <= len(data) else 0  # which nobody can read
            if code in (EXIF_IFD, GPS_IFD, INTEROP_IFD):
                todo += struct.unpack_from(order + place_as, data, at + place_at)
    return total > _MOST_SWELLING + 2 * len(data)


def directory_of(block: bytes) -> tuple[str, int, list[Entry]]:
    """Read the first directory of EXIF.

    Returns:
        The order of bytes, where the directory is, and its tags. Types that TIFF does not know have no value.

    Raises:
        struct.error: it is damaged.
    """
    order = _byte_order(block)
    (start,) = struct.unpack_from(order + "I", block, 4)
    (count,) = struct.unpack_from(order + "H", block, start)
    entries = []
    for at in range(start + 2, start + 2 + 12 * count, 12):
        code, type, number = struct.unpack_from(order + "HHI", block, at)
        length, place = number * _SIZES.get(type, 0), at + 8
        if length > 4:
            (place,) = struct.unpack_from(order + "I", block, place)
        value = block[place : place + length]
        entries.append(Entry(code, type, value if length and len(value) == length else None))
    return order, start, entries


def without_orientation(data: bytes) -> bytearray:
    """Return a copy of a TIFF structure whose first directory says upright; all else stays in place."""
    copy, order = bytearray(data), _byte_order(data)
    places, _ = _directory(copy, *struct.unpack_from(order + "I", copy, 4))
    if ORIENTATION in places:
        struct.pack_into(order + "H", copy, places[ORIENTATION], 1)
    return copy


def first_directory_at(data: bytes, place: int) -> bytes:
    """Return a TIFF structure whose first directory is the one at `place`, that of some page."""
    return data[:4] + struct.pack(_byte_order(data) + "I", place) + data[8:]


def _directory(data: bytes | bytearray, start: int) -> tuple[dict[int, int], int]:
    """Find where a directory of a TIFF structure has the value of each tag, and where the directory ends."""
    order = _byte_order(data)
    (count,) = struct.unpack_from(order + "H", data, start)
    end = start + 2 + 12 * count
    return {struct.unpack_from(order + "H", data, at)[0]: at + 8 for at in range(start + 2, end, 12)}, end


def _byte_order(data: bytes | bytearray | memoryview) -> str:
    return {b"II": "<", b"MM": ">"}[bytes(data[:2])]
