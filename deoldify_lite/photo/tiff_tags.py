"""The tags of a TIFF page that are no EXIF: which go into the result, and which are named as left out.

Size and place of the pixels stay, and so does what texts and numbers say of them, such as where on earth they
lie. Left out is what describes grey samples, what may be an address in the old file, and blocks of bytes, in
which pictures may be.
"""

import re
from typing import Any, NamedTuple

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
)
from deoldify_lite.system.library_warnings import Warn

RESOURCES_TAG = 34377  # Photoshop's image resources

# How samples are stored: of no use to anybody but the decoder, or written anew.
_LAYOUT = frozenset(
    (
        *(254, 255, 256, 257, 258, 259, 262, 263, 264, 265, 266, 273, 274, 277, 278, 279, 280, 281, 282, 283),
        *(284, 288, 289, 292, 293, 296, 300, 317, 320, 322, 323, 324, 325, 326, 327, 328, 332, 334, 336, 338),
        *(339, 340, 341, 342, 343, 344, 345, 346, 347, 351, 434, 512, 513, 514, 515, 517, 518, 519, 520, 521),
        *(529, 530, 531, 532, 559, 32781, 32995, 32996, 32997, 32998, 33421, 33422, 50674),
    )
)
_KEPT_ELSEWHERE = frozenset(
    (*DESCRIPTIVE_TAGS, EXIF_IFD, GPS_IFD, INTEROP_IFD, ICC_TAG, IPTC_TAG, XMP_TAG, RESOURCES_TAG)
)
_ASCII, _SHORT, _RATIONAL, _SIGNED_SHORT, _SIGNED_RATIONAL, _FLOAT, _DOUBLE = 2, 3, 5, 8, 10, 11, 12
_SPEAKING = (_ASCII, _SHORT, _RATIONAL, _SIGNED_SHORT, _SIGNED_RATIONAL, _FLOAT, _DOUBLE)
# Curves and densities of grey samples.
_OF_GREY = (290, 291)
# White point, primaries and curves of RGB samples.
_OF_RGB = (301, 318, 319)
# Where on earth the pixels lie, which a picture that is turned no longer says.
_OF_PLACE = (33550, 33922, 34264)
_NO_DATA = 42113  # GDAL's: the sample that stands for no data
_MOST_BYTES = 1 << 24
_MOST_NAMES = 20  # in a warning
_WORDS = {330: "further pictures", 37724: "Photoshop's layers", 50255: "Photoshop's annotations"}


_DESCRIPTION = 270
# Descriptions in which programs keep how many samples, pages and channels a file has.
_OF_SAMPLES = re.compile(
    r"\s*(?:\{\"shape\": \[|ImageJ=|(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:\w+:)?OME\s)", re.DOTALL
)
# Of nothing else, as NumPy's arrays are written.
_OF_SHAPE = re.compile(r"\s*\{\"shape\": \[[\d, ]*\](?:, \"axes\": \"\w*\")?\}\s*")


class Tag(NamedTuple):
    """A tag as it goes into a directory."""

    code: int
    type: int  # of its values, by TIFF's number
    value: Any  # bytes of a text, or a tuple of numbers or of fractions


def tags_of_page(page: Any, *, is_turned: bool, warn: Warn) -> tuple[Tag, ...]:
    """Return the tags of a page that stay true, and name the others in a warning.

    Args:
        page: of tifffile.
        is_turned: whether its pixels are not stored upright.
        warn: takes the warning.
    """
    kept, lost = [], []
    is_rgb = page.photometric in (2, 6)  # as such, or as YCbCr
    for tag in page.tags:
        if tag.code in _LAYOUT | _KEPT_ELSEWHERE:
            continue
        value = _value_of(tag)
        is_false = (
            tag.code in _OF_GREY
            or (tag.code in _OF_RGB and not is_rgb)
            or (tag.code in _OF_PLACE and is_turned)
            or (tag.code == _NO_DATA and not _is_black_or_white(value, page.bitspersample))
        )
        if value is None or is_false:
            lost.append(tag)
        else:
            kept.append(Tag(tag.code, int(tag.dtype), value))
    if lost:
        names = ", ".join(f"{_WORDS.get(tag.code, tag.name)} ({tag.code})" for tag in lost[:_MOST_NAMES])
        names += f" and {len(lost) - _MOST_NAMES} more" if len(lost) > _MOST_NAMES else ""
        warn(f"these TIFF tags are left out, as they may no longer be true: {names}")
    return tuple(kept)


def drop_false_description(tags: Image.Exif, warn: Warn) -> None:
    """Take out an image description that tells how the old samples are laid out, with a warning."""
    text = str(tags.get(_DESCRIPTION, ""))
    if match := _OF_SAMPLES.match(text):
        del tags[_DESCRIPTION]
        if not _OF_SHAPE.fullmatch(text):
            program = "ImageJ" if "ImageJ" in match[0] else "OME" if "OME" in match[0] else "tifffile"
            warn(f"its description by {program} is left out, as it tells how the old samples are laid out")


def _value_of(tag: Any) -> Any:
    """Return the value of a tag of tifffile that is text or numbers; None for all others."""
    if int(tag.dtype) not in _SPEAKING or tag.valuebytecount > _MOST_BYTES:
        return None
    if int(tag.dtype) == _ASCII:
        file = tag.parent.filehandle
        file.seek(tag.valueoffset)
        return file.read(tag.valuebytecount).rstrip(b"\0")
    try:
        value = tag.value if isinstance(tag.value, tuple) else (tag.value,)
    except Exception:  # of a damaged tag tifffile raises nearly anything
        return None
    if int(tag.dtype) not in (_RATIONAL, _SIGNED_RATIONAL):
        return value
    if not all(value[1::2]):
        return None
    return tuple(IFDRational(*pair) for pair in zip(value[::2], value[1::2], strict=True))


def _is_black_or_white(value: Any, bits: int) -> bool:
    """Whether a sample, in text, is one of the two that keep their value."""
    try:
        return float(value) in (0, 2**bits - 1)
    except (TypeError, ValueError):
        return False
