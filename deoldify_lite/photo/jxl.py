"""JPEG XL: read by pillow-jxl-plugin, which is loaded only where such a photo is met.

The plugin decodes the whole picture when it opens a file. A small file can claim more pixels than memory
holds, so the header is read here first, bit by bit.
"""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

from deoldify_lite.photo.attached import GAIN_MAP, warn_of_parts
from deoldify_lite.photo.boxes import boxes_of
from deoldify_lite.photo.exif import ORIENTATION, upright_exif
from deoldify_lite.photo.kinds import JXL, load_package
from deoldify_lite.photo.limits import check_size, open_image
from deoldify_lite.photo.photo import Decoded
from deoldify_lite.photo.profiles import samples_and_profile
from deoldify_lite.system.library_warnings import Warn

# What a file that was made to harm may cost.
_MOST_BOXES, _MOST_XMP_BYTES = 10_000, 1 << 26
# Of a codestream: more than its first fields take, with its mark and the number of a part.
_BEGINNING_BYTES = 80
_CODESTREAM = JXL.magic[0]
# Boxes of the picture, of a JPEG that it was once, and of metadata that are read.
_LAYOUT = (
    *(b"JXL ", b"ftyp", b"jxlc", b"jxlp", b"jxll", b"jxli", b"jbrd", b"Exif", b"xml ", b"free", b"skip"),
)


def jxl_size(path: Path, file: BinaryIO) -> tuple[int, int]:
    """Return width and height of an open JPEG XL; errors as of `jxl_header`."""
    header = jxl_header(file)
    return header.width, header.height


def decode_jxl(path: Path, file: BinaryIO, warn: Warn) -> Decoded:
    """Decode an open JPEG XL: 16 bits in grey, 8 in colour; `path` names it in errors.

    Raises:
        InputError: it is too large, or its package is missing.
        Exception: of any kind, if it is damaged.
    """
    load_package(JXL, path)
    header = jxl_header(file)
    check_size(path, header.width, header.height)
    boxes = list(islice(_boxes(file), _MOST_BOXES))
    warn_of_parts(_parts_of(boxes), warn)
    xmp = dict(boxes).get(b"xml ")
    file.seek(0)
    image = open_image(file, ("JXL",))
    check_size(path, *image.size)
    image.load()
    if header.bits > 8 and image.mode != "I;16":
        warn(f"has {header.bits} bits, of which 8 are read")
    if header.is_animation:
        warn("holds several frames; only one is used")
    if header.extra_channels > image.mode.endswith("A"):
        warn("has more channels than colours and alpha, such as infrared; they are left out")
    # The decoder turns every picture upright, but for one that was a JPEG once, whose EXIF says how it lies.
    orientation = image.getexif().get(ORIENTATION, 1) if getattr(image, "jpeg", False) else 1
    exif = image.info.get("exif")
    samples, icc = samples_and_profile(image, image.info.get("icc_profile"), warn)
    return Decoded("JXL", samples, icc, orientation, upright_exif(exif, warn) if exif else None, xmp)


def _parts_of(boxes: list[tuple[bytes, bytes]]) -> list[str]:
    """Name what the boxes of a container hold beside the picture and the metadata that are read."""
    if not boxes or boxes[0][0] != b"JXL ":
        return []
    names = {b"jhgm": GAIN_MAP, b"brob": "compressed metadata"}
    parts = (names.get(kind, f"a box {kind.decode('latin-1')!r}") for kind, _ in boxes if kind not in _LAYOUT)
    return list(dict.fromkeys(parts))


class JxlHeader(NamedTuple):
    """What stands in front of the picture."""

    width: int
    height: int
    bits: int = 8  # a sample
    extra_channels: int = 0  # beside colours; alpha is one
    is_animation: bool = False


def jxl_header(file: BinaryIO) -> JxlHeader:
    """Read the first fields of an open JPEG XL.

    Bits and extra channels are unknown, and as above, where other fields stand between them and the size.

    Raises:
        ValueError: there is no such header.
    """
    fields = _Fields(_codestream(file))
    # SizeHeader
    is_small = bool(fields.take(1))  # both sides are multiples of 8, up to 256
    height = fields.take_side(is_small)
    ratio = fields.take(3)
    if ratio:
        over, under = _RATIOS[ratio - 1]
        width = height * over // under
    else:
        width = fields.take_side(is_small)
    # ImageMetadata
    all_default = fields.take(1)
    if all_default:
        return JxlHeader(width, height)
    extra_fields = fields.take(1)
    if extra_fields:
        fields.take(3)  # orientation
        others_follow = fields.take(3)  # an intrinsic size, a preview, an animation: a bit for each
        if others_follow:
            return JxlHeader(width, height, is_animation=bool(others_follow & 4))
    # BitDepth
    is_float = fields.take(1)
    if is_float:
        return JxlHeader(width, height, 32)
    choice = fields.take(2)
    bits = (8, 10, 12)[choice] if choice < 3 else fields.take(6) + 1
    fields.take(1)  # whether 16 bits are enough while it is decoded
    choice = fields.take(2)
    extra_channels = (0, 1)[choice] if choice < 2 else (2, 1)[choice - 2] + fields.take((4, 12)[choice - 2])
    return JxlHeader(width, height, bits, extra_channels)


# Width to height, by the field `ratio` less one.
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))


class _Fields:
    """Fields of a codestream's header (ISO/IEC 18181-1, annex D).

    They are of so many bits each and do not begin at bytes. Bytes are filled from their lowest bit up, so the
    header is one little-endian number, and the next field its lowest bits.
    """

    def __init__(self, header: bytes) -> None:
        self._bits = int.from_bytes(header, "little")

    def take(self, count: int) -> int:
        """Return the next field, of so many bits."""
        value = self._bits & ((1 << count) - 1)
        self._bits >>= count
        return value

    def take_side(self, is_small: bool) -> int:
        """Return a height or width: of a small picture in units of 8; two bits say how long others are."""
        if is_small:
            return 8 * (self.take(5) + 1)
        return self.take((9, 13, 18, 30)[self.take(2)]) + 1


def _codestream(file: BinaryIO) -> bytes:
    """The first fields of an open JPEG XL, without the mark before them.

    Raises:
        ValueError: there are none.
    """
    file.seek(0)
    start = file.read(2)
    if start == _CODESTREAM:
        start += file.read(_BEGINNING_BYTES)
    else:  # in one box, or in parts, each of which begins with its number
        boxes = islice(_boxes(file), _MOST_BOXES)
        start = b"".join(
            body[4 if kind == b"jxlp" else 0 :] for kind, body in boxes if kind in (b"jxlc", b"jxlp")
        )
    if start[:2] != _CODESTREAM or len(start) < 4:
        raise ValueError("no header of a JPEG XL")
    return start[2:]


def _boxes(file: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    """Kinds and bodies of the boxes of an open container: of XMP whole bodies, of others their beginnings."""
    for box in boxes_of(file):
        file.seek(box.start)
        most = _MOST_XMP_BYTES if box.kind == b"xml " else _BEGINNING_BYTES
        yield box.kind, file.read(min(box.end - box.start, most))
