"""What a photo's XMP says that is no longer true of the result, taken out.

A video, gain map or depth map beside the main picture is left out, so XMP may not send a viewer there. Nor
may it show the old picture, or say how its samples were stored. As in `photo.xmp`, all else stays byte by
byte.
"""

import re

from deoldify_lite.photo.packet import PacketReader
from deoldify_lite.system.library_warnings import Warn

_GOOGLE, _XAP = "http://ns.google.com/photos/", "http://ns.adobe.com/xap/1.0/"
_TIFF, _PHOTOSHOP = "http://ns.adobe.com/tiff/1.0/", "http://ns.adobe.com/photoshop/1.0/"
# Namespaces that speak of nothing but parts beside the picture; longer ones that begin so are meant, too.
_OF_PARTS = (
    f"{_GOOGLE}1.0/container/",
    f"{_GOOGLE}dd/1.0/",  # depth and more, as further pictures
    "http://ns.adobe.com/hdr-gain-map/1.0/",
    "http://ns.apple.com/HDRGainMap/1.0/",
    "http://ns.apple.com/pixeldatainfo/1.0/",
    "http://ns.apple.com/depthData/1.0/",
    "http://ns.oplus.com/photos/1.0/camera/",
    "http://ns.xiaomi.com/photos/1.0/camera/",
)
# Beginnings of names, in any namespace.
_PART_NAMES = ("MotionPhoto", "MicroVideo")
# A signed history, which lies outside XMP and would not fit new pixels.
_PROVENANCE = "http://purl.org/dc/terms/ provenance"
_OF_OLD_PIXELS = frozenset(
    (
        f"{_XAP} Thumbnails",
        f"{_PHOTOSHOP} ColorMode",
        f"{_TIFF} BitsPerSample",
        f"{_TIFF} PhotometricInterpretation",
        f"{_TIFF} SamplesPerPixel",
    )
)
_ICC_NAME = f"{_PHOTOSHOP} ICCProfile"
_MORE_XMP = "http://ns.adobe.com/xmp/note/ HasExtendedXMP"
# One of these is in every XMP that has something to take out.
_SIGNS = re.compile(
    b"|".join(
        re.escape(sign.encode())
        for sign in (
            *_OF_PARTS,
            *_PART_NAMES,
            *("provenance", "Thumbnails", "ColorMode", "BitsPerSample", "PhotometricInterpretation"),
            *("SamplesPerPixel", "ICCProfile"),
        )
    )
)


def true_xmp(xmp: bytes, *, has_profile: bool, warn: Warn) -> bytes:
    """Return XMP without what is no longer true.

    Args:
        xmp: a packet.
        has_profile: whether the result has a colour profile, whose name may stand in XMP.
        warn: takes a warning if it told of parts that are left out, or cannot be parsed.
    """
    if not _SIGNS.search(xmp):
        return xmp
    old = _OF_OLD_PIXELS if has_profile else _OF_OLD_PIXELS | {_ICC_NAME}
    try:
        found = _Places(xmp, old)
    except ValueError as error:
        warn(f"its XMP cannot be parsed and is kept as it is, with what is no longer true ({error})")
        return xmp
    if found.parts:
        names = ", ".join(dict.fromkeys(found.parts))
        warn(f"its XMP told of parts that are left out, and no longer does: {names}")
    return _without(xmp, found.places)


def without_more_xmp(xmp: bytes) -> bytes:
    """Return XMP that does not say that it goes on after the first 64 KB."""
    try:
        return _without(xmp, _Places(xmp, frozenset([_MORE_XMP])).places) if b"HasExtended" in xmp else xmp
    except ValueError:
        return xmp


def _without(xmp: bytes, places: list[tuple[int, int]]) -> bytes:
    for start, end in sorted(places, reverse=True):  # from the last to the first, so that the places hold
        xmp = xmp[:start] + xmp[end:]
    return xmp


class _Places(PacketReader):
    """Finds the starts and ends of properties to take out of a packet, be they attributes or elements.

    Raises:
        ValueError: the packet is not XML in UTF-8, or has a document type.
    """

    def __init__(self, xmp: bytes, old: frozenset[str]) -> None:
        super().__init__(xmp, with_prefixes=True)  # which are in the bytes, too
        self.places: list[tuple[int, int]] = []
        self.parts: list[str] = []  # names of properties that tell of parts beside the picture
        self._old = old
        self._depth = 0
        self._inside: tuple[int, int] | None = None  # depth and start of the element that is taken out
        self.read()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        at = self.at
        self._depth += 1
        if self._inside is not None:
            return
        if self._goes(name):
            self._inside = (self._depth, at)
            return
        for attribute in attributes:
            if not self._goes(attribute):
                continue
            _, local, prefix = attribute.split(" ")
            named = re.escape(f"{prefix}:{local}".encode())
            value = re.compile(rb"\s+" + named + rb"\s*=\s*(?:\"[^\"]*\"|'[^']*')")
            if match := value.search(self.xmp, at, self.tag_end(at)):
                self.places.append(match.span())

    def finish(self, name: str) -> None:
        at = self.at
        if self._inside is not None and self._inside[0] == self._depth:
            self.places.append((self._inside[1], self.tag_end(at)))
            self._inside = None
        self._depth -= 1

    def _goes(self, name: str) -> bool:
        """Return whether an element or attribute is to be taken out, and keep the name of a part's."""
        words = name.split(" ")
        if len(words) < 3:  # without a prefix: not a property
            return False
        space, local, prefix = words
        full = f"{space} {local}"
        if space.startswith(_OF_PARTS) or local.startswith(_PART_NAMES) or full == _PROVENANCE:
            self.parts.append(f"{prefix}:{local}")
            return True
        return full in self._old
