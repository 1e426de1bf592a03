"""The mark of AI: put into XMP without a byte of it lost, and into no XMP that is not to be trusted."""

from xml.etree import ElementTree

import pytest

from deoldify_lite.photo.xmp import DIGITAL_SOURCE_TYPE, with_mark
from helpers.photos import has_mark

RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
KEY = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}DigitalSourceType"
OLD = "http://cv.iptc.org/newscodes/digitalsourcetype/print"
HEAD = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n<x:xmpmeta xmlns:x="adobe:ns:meta/">'
    "<!-- é -->"
    '<r:RDF xmlns:r="http://www.w3.org/1999/02/22-rdf-syntax-ns#" '
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:e="http://iptc.org/std/Iptc4xmpExt/2008-02-29/">'
)
TAIL = '</r:RDF></x:xmpmeta>\n                    \n<?xpacket end="w"?>'
PLAIN = (
    '<r:Description r:about="uuid:1 &lt;&quot;&amp;" dc:source="a &gt; b">'
    "<dc:title>Großmutter</dc:title></r:Description>"
)
IN_ATTRIBUTE = f"<r:Description r:about='' dc:a='>' e:DigitalSourceType = '{OLD}' dc:b='2'/>"
IN_ELEMENT = f'<r:Description r:about=""><e:DigitalSourceType>{OLD}</e:DigitalSourceType></r:Description>'
AS_RESOURCE = f'<r:Description r:about=""><e:DigitalSourceType r:resource="{OLD}"/></r:Description>'


def source_types(xmp: bytes) -> list[str]:
    """Every value of the property, by another parser."""
    found = []
    for element in ElementTree.fromstring(xmp.decode("utf-8").replace("\ufeff", "")).iter():
        if KEY in element.attrib:
            found.append(element.attrib[KEY])
        if element.tag == KEY:
            found.append(element.attrib.get(f"{RDF}resource") or (element.text or ""))
    return found


def test_without_xmp_there_is_the_mark_alone() -> None:
    assert source_types(with_mark(None)) == source_types(with_mark(b"")) == [DIGITAL_SOURCE_TYPE]
    assert has_mark(with_mark(None)) and not has_mark(None)


def test_all_that_was_there_is_there_still() -> None:
    xmp = (HEAD + PLAIN + TAIL).encode()
    marked = with_mark(xmp)
    assert source_types(marked) == [DIGITAL_SOURCE_TYPE]
    start, end = marked.split(b"<rdf:Description", 1)
    assert start + end.split(b"/>", 1)[1] == xmp  # what lies around the mark is the packet, byte for byte
    abouts = {
        element.attrib[f"{RDF}about"] for element in ElementTree.fromstring(marked).iter(f"{RDF}Description")
    }
    assert abouts == {'uuid:1 <"&'}  # all descriptions of a packet are of one thing


@pytest.mark.parametrize("body", [IN_ATTRIBUTE, IN_ELEMENT, AS_RESOURCE, IN_ELEMENT + IN_ATTRIBUTE])
def test_another_source_type_is_replaced(body: str) -> None:
    xmp = (HEAD + body + TAIL).encode()
    marked = with_mark(xmp)
    assert marked == xmp.replace(OLD.encode(), DIGITAL_SOURCE_TYPE.encode())
    assert set(source_types(marked)) == {DIGITAL_SOURCE_TYPE}
    assert with_mark(marked) == marked


@pytest.mark.parametrize("end", [b"\0", b"\n\0\0", b"  \r\n"])
def test_what_follows_the_packet_stays(end: bytes) -> None:
    xmp = (HEAD + PLAIN + TAIL).encode() + end
    assert with_mark(xmp).endswith(end) and len(source_types(with_mark(xmp).rstrip(b"\0"))) == 1


@pytest.mark.parametrize(
    ("xmp", "reason"),
    [
        (b"no xml", "syntax error"),
        ((HEAD + PLAIN).encode(), "no element|unclosed"),
        (b'<x:xmpmeta xmlns:x="adobe:ns:meta/"/>', "no rdf:RDF"),
        (b'<a xmlns:x="b" y:c="1"/>', "unbound prefix"),
        ((HEAD + PLAIN + TAIL).encode("utf-16"), "."),
        (HEAD.replace("<x:xmpmeta", "<!DOCTYPE x><x:xmpmeta").encode(), "document type"),
        (
            b'<!DOCTYPE a [<!ENTITY b "' + b"c" * 1000 + b'">]><a>' + b"&b;" * 1000 + b"</a>",
            "document type",
        ),
        (b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', "document type"),
        ((HEAD[:-1] + "/></x:xmpmeta>").encode(), "empty"),
        (HEAD.encode() + b"<a>" * 5, "."),
    ],
)
def test_what_is_no_xmp_is_refused(xmp: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        with_mark(xmp)
