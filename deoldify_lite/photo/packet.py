"""Reads an XMP packet tag by tag, with the place of each in its bytes, so that all else can stay."""

import re
from xml.parsers import expat


class PacketReader:
    """Calls `start` and `finish` for the tags of a packet.

    Args:
        xmp: the packet.
        with_prefixes: names have a third word, the prefix, after namespace and local name.
    """

    def __init__(self, xmp: bytes, *, with_prefixes: bool = False) -> None:
        self.xmp = xmp
        parser = expat.ParserCreate("utf-8", namespace_separator=" ")
        parser.namespace_prefixes = with_prefixes
        parser.StartDoctypeDeclHandler = self._refuse
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.finish
        self._parser = parser

    def read(self) -> None:
        """Read the whole packet.

        Raises:
            ValueError: it is not XML in UTF-8, or has a document type.
        """
        try:
            self._parser.Parse(self.xmp.rstrip(b"\0 \r\n\t"), True)
        except expat.ExpatError as error:
            raise ValueError(str(error)) from error

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Take the tag that begins an element."""
        raise NotImplementedError

    def finish(self, name: str) -> None:
        """Take the tag that ends an element."""
        raise NotImplementedError

    @property
    def at(self) -> int:
        """Where the tag begins that is being read."""
        return self._parser.CurrentByteIndex

    def tag_end(self, at: int) -> int:
        """Return where the tag that begins at a place ends; its values may contain `>`."""
        match = re.compile(rb"<(?:[^>\"']|\"[^\"]*\"|'[^']*')*>").match(self.xmp, at)
        if match is None:
            raise ValueError("it has a tag without end")
        return match.end()

    def _refuse(self, *_: object) -> None:
        raise ValueError("it has a document type, which XMP may not have")
