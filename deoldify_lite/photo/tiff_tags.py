"""The tags of a TIFF directory that are not EXIF: which go into the result, and which are named as left out.

Size and place of the pixels stay, and so does what texts, numbers and blocks of bytes say of them, such as
where on earth they lie. Left out is what describes grey samples, old pages or layers, what shows the old
picture, and what may be an address in the old file.
"""

import json
import re
from collections.abc import Iterable
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from deoldify_lite.photo.exif import (
    DESCRIPTIVE_TAGS,
    EXIF_IFD,
    GPS_IFD,
    ICC_TAG,
    INTEROP_IFD,
    IPTC_TAG,
    XMP_TAG,
    Entry,
    directory_of,
)
from deoldify_lite.system.library_warnings import Warn

RESOURCES_TAG = 34377  # Photoshop's image resources

# How samples are stored, and filling: of no use to anybody but the decoder, or written anew.
_LAYOUT = frozenset(
    (
        *(254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 274, 277, 278, 279, 280, 281, 282, 283),
        *(284, 288, 289, 292, 293, 296, 300, 317, 320, 322, 323, 324, 325, 326, 327, 328, 332, 334, 336, 338),
        *(339, 340, 341, 342, 343, 344, 345, 346, 347, 351, 434, 512, 513, 514, 515, 517, 518, 519, 520, 521),
        *(529, 530, 531, 532, 559, 32781, 32995, 32996, 32997, 32998, 33421, 33422, 50674, 59932),
    )
)
_KEPT_ELSEWHERE = frozenset(
    (*DESCRIPTIVE_TAGS, EXIF_IFD, GPS_IFD, INTEROP_IFD, ICC_TAG, IPTC_TAG, XMP_TAG, RESOURCES_TAG)
)
# What speaks of samples, pages or layers that are no longer there, or lies elsewhere in the old file.
_OF_OLD_PIXELS = frozenset(
    (
        *(290, 291),  # curves and densities of grey samples
        *(330, 400, 33424, 33560, 33858, 34263, 34954, 40976, 50933),  # places of further directories
        37724,  # Photoshop's layers
        *range(20480, 20756),  # thumbnails and tables of Windows' GDI+
        *(33445, 33446, 33447, 33452),  # what grey samples of gels stand for
        *(33628, 33629, 33630, 33631, 34361, 34362, 34363, 34386, 34412, 43314),  # planes of microscopes
        *range(34017, 34033),  # inks of TIFF/IT
        *(50838, 50839),  # ImageJ's slices
        *range(48129, 48326),  # JPEG XR's own directory
        # DNG's, but for names of the camera: how raw samples become colours. A program that finds
        # its version takes the file for raw.
        *(50706, 50707, *range(50709, 50735), *range(50737, 50752), *range(50778, 50782)),
        *range(50828, 50835),
        *(*range(50931, 50943), *range(50964, 50976), 50981, 50982, 51008, 51009, 51022, 51041),
        *(*range(51089, 51092), *range(51107, 51115), 51125, 51182, *range(52525, 52556)),
        *(65324, 65325, 65426),  # Hamamatsu's index of compressed samples
    )
)
# White point, primaries and curves of RGB samples.
_OF_RGB = (301, 318, 319)
# Where on earth the pixels lie, and notes pinned to them, which a picture that is turned no longer says.
_OF_PLACE = (32932, 33550, 33922, 34264, 50255)
_NO_DATA = 42113  # GDAL's: the sample that stands for no data
_MOST_BYTES = 1 << 26  # of all tags together
_MOST_NAMES = 20  # in a warning
_HEADER_BYTES = 8  # in which nothing else is
_MOST_NUMBERS = 16  # of more numbers within the file we take all for addresses
_WORDS = {330: "further pictures", 37724: "Photoshop's layers", 50255: "Photoshop's annotations"}

_ASCII, _RATIONAL, _SIGNED_RATIONAL = 2, 5, 10
_BLOCKS = (1, 7)  # types of bytes, whatever they mean
# NumPy's letters for types of numbers. What is not here holds places of directories.
_NUMBERS = {3: "u2", 4: "u4", 6: "i1", 8: "i2", 9: "i4", 11: "f4", 12: "f8", 16: "u8", 17: "i8"}
_FRACTIONS = {_RATIONAL: "u4", _SIGNED_RATIONAL: "i4"}
_LONG, _SIGNED_LONG = 4, 9
_ADDRESSES = (_LONG, _SIGNED_LONG, 16, 17)  # types that addresses may have
_SHORTER = {16: _LONG, 17: _SIGNED_LONG}  # types of 64 bits only fit a BigTIFF
# How blocks of bytes begin that show the old picture.
_PICTURES = (b"\xff\xd8\xff", b"\x89PNG", b"II*\0", b"MM\0*", b"8BPS", b"Adobe Photoshop Document Data")

_DESCRIPTION = 270
# Descriptions in which programs keep how many samples, pages and channels a file has.
_OF_SAMPLES = re.compile(r"\s*(?:\{\"shape\": \[|ImageJ=|<(?:\w+:)?OME\s)")
# What may come before, in XML: a declaration or a comment.
_BEFORE = re.compile(r"\s*<(?:\?xml[^>]*|!--(?:(?!-->).)*--)>", re.DOTALL)


class Tag(NamedTuple):
    """A tag as it goes into a directory."""

    code: int
    type: int  # of its values, by TIFF's number
    value: Any  # bytes of a text or block, or a tuple of numbers or of fractions


def tags_of_page(page: Any, file: BinaryIO, *, is_turned: bool, warn: Warn) -> tuple[Tag, ...]:
    """Return the tags of a page that stay true, and name the others in a warning.

    Args:
        page: of tifffile.
        file: the photo.
        is_turned: whether its pixels are not stored upright.
        warn: takes the warning.
    """
    false = _OF_OLD_PIXELS.union(
        () if page.photometric in (2, 6) else _OF_RGB,  # RGB, as such or as YCbCr
        _OF_PLACE if is_turned else (),
    )
    size = page.parent.filehandle.size
    room = min(size, _MOST_BYTES)  # values that overlap would take more
    entries = []
    for tag in page.tags:
        value = None
        if tag.code not in false | _LAYOUT | _KEPT_ELSEWHERE and tag.valuebytecount <= room:
            room -= tag.valuebytecount
            file.seek(tag.valueoffset)
            value = file.read(tag.valuebytecount)
            if tag.code == _NO_DATA and not _is_black_or_white(value, page.bitspersample):
                value = None
        entries.append(Entry(tag.code, int(tag.dtype), value))
    segments = zip(page.dataoffsets, page.databytecounts, strict=False)
    taken = [(page.offset, page.offset + 12 * len(entries)), *((at, at + count) for at, count in segments)]
    return _true_tags(entries, page.parent.byteorder, _Places(size, np.array(taken)), warn)


def tags_of_exif(block: bytes, warn: Warn) -> tuple[Tag, ...]:
    """Return the tags in the first directory of EXIF that are none of EXIF's own, as of `tags_of_page`.

    Args:
        block: as of `Photo.exif`.
        warn: takes a warning that names those that are left out.

    Raises:
        struct.error: it is damaged.
    """
    order, start, entries = directory_of(block)
    entries = [one._replace(value=None) if one.code in _OF_OLD_PIXELS else one for one in entries]
    taken = np.array([(start, start + 12 * len(entries))])
    return _true_tags(entries, order, _Places(len(block), taken), warn)


def drop_false_description(tags: Image.Exif, warn: Warn) -> None:
    """Take out an image description that tells how the old samples are laid out, with a warning."""
    text = str(tags.get(_DESCRIPTION, ""))
    start = 0
    while match := _BEFORE.match(text, start):
        start = match.end()
    match, array = _OF_SAMPLES.match(text, start), _array_of(text)
    if match or array:
        del tags[_DESCRIPTION]
        # Nothing is lost if it tells of nothing else, as NumPy's arrays are written.
        if not array or array.keys() - {"shape", "axes"}:
            kind = match[0] if match else ""
            program = "ImageJ" if "ImageJ" in kind else "OME" if "OME" in kind else "tifffile"
            warn(f"its description by {program} is left out, as it tells how the old samples are laid out")


def _array_of(text: str) -> dict[str, object]:
    """Return what tifffile has written of an array, in whatever order; nothing of other texts."""
    if not text.lstrip().startswith("{"):
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found.get("shape"), list) else {}


class _Places(NamedTuple):
    """What is where in a file, to tell numbers from addresses."""

    size: int  # of the file
    taken: NDArray[Any]  # (N, 2) starts and ends of its directory and samples, in which nothing else is

    def may_have(self, values: NDArray[Any]) -> bool:
        """Whether one of some numbers may be the address of something."""
        within = values[(values >= _HEADER_BYTES) & (values < self.size)].astype(np.int64)
        if len(within) > _MOST_NUMBERS:  # an index, maybe of samples
            return True
        starts, ends = self.taken.T
        return not all(((starts < one) & (one < ends)).any() for one in within)


def _true_tags(entries: Iterable[Entry], order: str, places: _Places, warn: Warn) -> tuple[Tag, ...]:
    kept, lost = [], []
    for code, type, data in entries:
        if code in _LAYOUT or code in _KEPT_ELSEWHERE:
            continue
        value = None if data is None else _value_of(type, data, order, places)
        if value is None:
            lost.append(f"{_WORDS.get(code) or tifffile.TIFF.TAGS.get(code, 'private')} ({code})")
        else:
            kept.append(Tag(code, _SHORTER.get(type, type), value))
    if lost:
        names = ", ".join(lost[:_MOST_NAMES])
        names += f" and {len(lost) - _MOST_NAMES} more" if len(lost) > _MOST_NAMES else ""
        warn(f"these TIFF tags are left out, as they may no longer be true: {names}")
    return tuple(kept)


def _value_of(type: int, data: bytes, order: str, places: _Places) -> Any:
    """Return a value as a `Tag` has it; None if it may be an address, a picture or damaged."""
    if type == _ASCII:
        return data.rstrip(b"\0")
    if type in _BLOCKS:
        return None if data.startswith(_PICTURES) else data
    letters = _NUMBERS.get(type) or _FRACTIONS.get(type)
    if letters is None or len(data) % np.dtype(letters).itemsize:
        return None
    numbers: NDArray[Any] = np.frombuffer(data, order + letters)
    if type in _FRACTIONS:
        if len(numbers) % 2 or not numbers[1::2].all():
            return None
        pairs = numbers.reshape(-1, 2).tolist()
        return tuple(IFDRational(*pair) for pair in pairs)
    if type in _ADDRESSES and places.may_have(numbers):
        return None
    if type in _SHORTER and (numbers >> 31).any():
        return None
    return tuple(numbers.tolist())


def _is_black_or_white(value: Any, bits: int) -> bool:
    """Whether a sample, in text, is one of the two that keep their value."""
    try:
        return float(value.rstrip(b"\0")) in (0, 2**bits - 1)
    except ValueError:
        return False
