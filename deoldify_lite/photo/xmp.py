"""The mark of AI in a photo's XMP: a trained model made its colours.

It is the property DigitalSourceType of the IPTC Photo Metadata Standard, with the term for photos that AI has
edited: https://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia.

Existing XMP is not serialized anew, which would change its prefixes, comments and padding: the mark is
inserted between its bytes. The parser is the standard library's expat, which opens no files; document types
are refused, and with them all entities that a file could define.
"""

import re

from deoldify_lite.photo.packet import PacketReader

_TERMS = "http://cv.iptc.org/newscodes/digitalsourcetype/"
DIGITAL_SOURCE_TYPE = f"{_TERMS}compositeWithTrainedAlgorithmicMedia"
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_IPTC = "http://iptc.org/std/Iptc4xmpExt/2008-02-29/"
_NAME = "DigitalSourceType"
_MARK = (
    f'<rdf:Description rdf:about="%s" xmlns:rdf="{_RDF}" xmlns:Iptc4xmpExt="{_IPTC}" '
    f'Iptc4xmpExt:{_NAME}="%s"/>'
)
# By which a layer of ours is known, also after an editor has saved it.
_LAYER_SPACE = "urn:deoldify_lite:layer"
_LAYER = (
    f'<rdf:Description rdf:about="" xmlns:rdf="{_RDF}" xmlns:layer="{_LAYER_SPACE}" '
    'layer:Holds="colour on middle grey"/>'
)
_ALONE = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
    f'<rdf:RDF xmlns:rdf="{_RDF}">%s</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
)


def with_mark(xmp: bytes | None) -> bytes:
    """Return XMP that says the photo was coloured by AI, and everything that it said before.

    Raises:
        ValueError: it cannot be parsed, or not safely.
    """
    if not xmp:
        return (_ALONE % _mark("")).encode()
    found = _Finder(xmp)
    if found.places:  # from the last to the first, so that the places hold
        for start, end in sorted(found.places, reverse=True):
            xmp = xmp[:start] + DIGITAL_SOURCE_TYPE.encode() + xmp[end:]
        return xmp
    return xmp[: found.end] + _mark(found.about).encode() + xmp[found.end :]


def layer_packet(*, mark: bool) -> bytes:
    """Return the XMP of a picture's colour as a layer.

    Args:
        mark: say, too, that AI made the colours.
    """
    return (_ALONE % (_LAYER + (_mark("") if mark else ""))).encode()


def says_layer(xmp: bytes | None) -> bool:
    """Return whether XMP says that a picture is the colour of another one as a layer."""
    return xmp is not None and _LAYER_SPACE.encode() in xmp


def _mark(about: str) -> str:
    return _MARK % (about, DIGITAL_SOURCE_TYPE)


class _Finder(PacketReader):
    """Finds where in a packet the mark belongs.

    Raises:
        ValueError: the packet is not XMP in UTF-8, or has a document type.
    """

    def __init__(self, xmp: bytes) -> None:
        super().__init__(xmp)
        self.end = -1  # where `</rdf:RDF>` begins
        self.about = ""  # the subject that all descriptions of a packet share; escaped
        self.places: list[tuple[int, int]] = []  # starts and ends of the property's values, if it is there
        self._open_at: int | None = None
        self.read()
        if self.end < 0:
            raise ValueError("it has no rdf:RDF")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        at = self.at
        if name == f"{_RDF} RDF" and self.xmp[at : self.tag_end(at)].endswith(b"/>"):
            raise ValueError("its rdf:RDF is empty")
        if name == f"{_RDF} Description" and attributes.get(f"{_RDF} about"):
            about = attributes[f"{_RDF} about"]
            self.about = about.replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
        if f"{_IPTC} {_NAME}" in attributes:
            tag = self.xmp[at : self.tag_end(at)]
            match = re.search(rb"[\s:]" + _NAME.encode() + rb"\s*=\s*(\"[^\"]*\"|'[^']*')", tag)
            if match is None:
                raise ValueError("its DigitalSourceType is spelled in an unusual way")
            self.places.append((at + match.start(1) + 1, at + match.end(1) - 1))
        if name == f"{_IPTC} {_NAME}":
            end = self.tag_end(at)
            tag = self.xmp[at:end]
            match = re.search(rb"[\s:]resource\s*=\s*(\"[^\"]*\"|'[^']*')", tag)
            if match:
                self.places.append((at + match.start(1) + 1, at + match.end(1) - 1))
            elif tag.endswith(b"/>"):
                raise ValueError("its DigitalSourceType is empty")
            else:
                self._open_at = end

    def finish(self, name: str) -> None:
        at = self.at
        if name == f"{_IPTC} {_NAME}" and self._open_at is not None:
            self.places.append((self._open_at, at))
            self._open_at = None
        if name == f"{_RDF} RDF":
            self.end = at
