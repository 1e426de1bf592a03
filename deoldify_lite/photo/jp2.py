"""JPEG 2000: what Pillow does not tell of it, which is depth, colour profile, metadata and boxes left out."""

import struct
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, BinaryIO

from deoldify_lite.photo.attached import PICTURE, warn_of_parts
from deoldify_lite.photo.boxes import Box, boxes_of
from deoldify_lite.photo.tiff_tags import tags_of_exif
from deoldify_lite.system.library_warnings import Warn

_CODESTREAM = b"\xff\x4f\xff\x51"  # its first two markers
_METRE_PER_INCH = 0.0254
# What boxes of the kind `uuid` hold, by the UUID that they begin with: EXIF is Adobe's, or ExifTool's.
_UUIDS = {
    bytes.fromhex("be7acfcb97a942e89c71999491e3afac"): "xmp",
    b"JpgTiffExif->JP2": "exif",
    bytes.fromhex("0537cdab9d0c4431a72afa561f2a113e"): "exif",
    bytes.fromhex("33c7a4d2b81d47239ba0f1a3e097ad38"): "iptc",
    bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38"): "iptc",
    bytes.fromhex("b14bf8bd083d4b43a5ae8cd7d5a6ce03"): "geo",  # a TIFF of one pixel, with GeoTIFF's tags
}
# Boxes that store the picture, or say what a reader must know.
_LAYOUT = (b"jP  ", b"ftyp", b"rreq", b"jpch", b"jplh", b"ftbl", b"flst", b"free", b"mdat", b"\0\0\0\0")
# What a file that was made to harm may cost.
_MOST_BOXES, _MOST_BYTES = 1_000, 1 << 26
# Methods of a colour box: a number for the colour space, or a profile.
_BY_NUMBER, _BY_PROFILE = 1, 2
_SRGB, _GREY = 16, 17


@dataclass
class _Header:
    """What stands in front of the picture, as far as it was read."""

    bits: int = 8  # of a sample, at most
    is_plain: bool = True  # grey or RGB, as far as it says
    found: dict[str, Any] = field(default_factory=dict)  # by the names of Pillow's `info`
    parts: list[str] = field(default_factory=list)  # what is left out
    pictures: int = 0


def read_jp2(file: BinaryIO, warn: Warn) -> dict[str, Any]:
    """Read what stands beside the picture in an open JPEG 2000; of a damaged one as much as there is.

    Returns:
        Metadata, named as in `info`; `most` is the largest value of a sample.
    """
    header = _Header()
    file.seek(0)
    if file.read(4) == _CODESTREAM:
        header.bits = _bits_at(file, 0)
    else:
        for box in islice(boxes_of(file), _MOST_BOXES):
            if box.kind == b"jp2h":
                for inner in islice(boxes_of(file, box.start, box.end), _MOST_BOXES):
                    _read_header_box(file, inner, header)
            else:
                _read_box(file, box, header)
    parts = [*header.parts, *[PICTURE] * (header.pictures - 1)]
    warn_of_parts(parts, warn)
    if header.bits > 8 and not header.is_plain:
        warn(f"has {header.bits} bits, of which 8 are read")
    found = header.found
    if geo := found.pop("geo", None):
        try:
            found["tags"] = tags_of_exif(geo, warn)
        except (KeyError, struct.error):
            warn("its place on earth (GeoJP2) is damaged and is left out")
    return {**found, "most": (1 << header.bits) - 1 if header.is_plain else 255}


def _read_header_box(file: BinaryIO, box: Box, header: _Header) -> None:
    if box.kind == b"colr" and "icc_profile" not in header.found:
        body = _body(file, box)
        if body[:1] == bytes([_BY_PROFILE]):
            header.found["icc_profile"] = body[3:]
        elif body[:1] == bytes([_BY_NUMBER]) and len(body) >= 7:
            header.is_plain = struct.unpack_from(">I", body, 3)[0] in (_SRGB, _GREY)
    elif box.kind == b"res ":
        kinds = {one.kind: one for one in islice(boxes_of(file, box.start, box.end), _MOST_BOXES)}
        for kind in (b"resc", b"resd"):  # as it was scanned counts before as it is to be shown
            if kind in kinds and (dpi := _dpi_of(_body(file, kinds[kind]))):
                header.found.setdefault("dpi", dpi)


def _read_box(file: BinaryIO, box: Box, header: _Header) -> None:
    if box.kind == b"jp2c":
        header.pictures += 1
        if header.pictures == 1:
            header.bits = _bits_at(file, box.start)
    elif box.kind == b"uuid":
        body = _body(file, box)
        name = _UUIDS.get(body[:16])
        if name is None:
            header.parts.append(f"a box 'uuid' ({body[:16].hex()})")
        elif body[16:]:
            header.found.setdefault(name, body[16:])
    elif box.kind not in _LAYOUT:
        header.parts.append(f"a box {box.kind.decode('latin-1')!r}")


def _body(file: BinaryIO, box: Box) -> bytes:
    file.seek(box.start)
    return file.read(min(box.end - box.start, _MOST_BYTES))


def _dpi_of(body: bytes) -> tuple[float, float] | None:
    """Return pixels an inch, across and down; the box has them by the metre, as fractions and powers."""
    if len(body) < 10:
        return None
    down, below, across, under, power_down, power_across = struct.unpack_from(">4H2b", body)
    if not (below and under):
        return None
    return (
        across / under * 10.0**power_across * _METRE_PER_INCH,
        down / below * 10.0**power_down * _METRE_PER_INCH,
    )


def _bits_at(file: BinaryIO, start: int) -> int:
    """Read the bits of a sample from the codestream that begins at a place."""
    file.seek(start)
    head = file.read(1024)
    if not head.startswith(_CODESTREAM) or len(head) < 43:
        return 8
    (channels,) = struct.unpack_from(">H", head, 40)
    return max(((depth & 0x7F) + 1 for depth in head[42 : 42 + 3 * channels : 3]), default=8)
