"""What lies beside a photo's main picture is told of, and no result claims to have it."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features

from deoldify_lite.photo.boxes import parts_of_heif
from deoldify_lite.photo.claims import true_xmp, without_more_xmp
from deoldify_lite.photo.io import read_photo, write_photo
from deoldify_lite.photo.jpeg import MORE_XMP, XMP
from deoldify_lite.photo.photo import Photo
from helpers.photos import NO_WARNINGS, chunk, png_bytes, save, smooth

pytestmark = NO_WARNINGS

NOISE = np.random.default_rng(3).integers(0, 256, (400, 500, 3), dtype=np.uint8)
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


VIDEO = box(b"ftyp", b"mp42\0\0\0\0mp42isom") + box(b"mdat", bytes(300_000))


def jpeg(pixels: np.ndarray = NOISE, **options: object) -> bytes:
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, "JPEG", quality=95, **options)
    return data.getvalue()


def with_segments(data: bytes, *bodies: bytes, marker: int = 0xE1) -> bytes:
    segments = (b"\xff" + bytes([marker]) + struct.pack(">H", 2 + len(body)) + body for body in bodies)
    return data[:2] + b"".join(segments) + data[2:]


def packet(attributes: str = "", elements: str = "") -> bytes:
    """XMP with a title, and with properties in either form."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF xmlns:rdf="{RDF}"><rdf:Description rdf:about="" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" '
        f'dc:source="Oma > Opa" {attributes}><dc:title>Großmutter</dc:title>{elements}</rdf:Description>'
        '</rdf:RDF></x:xmpmeta>  <?xpacket end="w"?>'
    ).encode()


CAMERA = 'xmlns:GCamera="http://ns.google.com/photos/1.0/camera/"'
CONTAINER = (
    'xmlns:Container="http://ns.google.com/photos/1.0/container/" '
    'xmlns:Item="http://ns.google.com/photos/1.0/container/item/"'
)
DIRECTORY = (
    '<Container:Directory><rdf:Seq><rdf:li rdf:parseType="Resource"><Container:Item Item:Mime="image/jpeg" '
    'Item:Semantic="Primary"/></rdf:li><rdf:li rdf:parseType="Resource"><Container:Item '
    'Item:Mime="video/mp4" Item:Semantic="MotionPhoto" Item:Length="2048"/></rdf:li></rdf:Seq>'
    "</Container:Directory>"
)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize(
    ("tail", "words"),
    [
        (b"", None),
        (bytes(100_000), None),
        (b"\r\n", None),
        (VIDEO, "a video"),
        (b"SEFH" + b"MotionPhoto_Data" + VIDEO + b"SEFT", "a video"),
        (jpeg(), "a further picture"),
        (jpeg() * 2 + bytes(9), "a further picture (2 times)"),
        (
            with_segments(jpeg(), XMP + packet('xmlns:hdrgm="http://ns.adobe.com/hdr-gain-map/1.0/"')),
            "a gain map",
        ),
        (with_segments(jpeg(), b"urn:iso:std:iso:ts:21496:-1\0\0\0\0\0", marker=0xE2), "a gain map"),
        (with_segments(jpeg(), XMP + b"http://ns.apple.com/HDRGainMap/1.0/"), "a gain map"),
        (with_segments(jpeg(), XMP + b"http://ns.apple.com/depthData/1.0/") + VIDEO, "a depth map, a video"),
        (b"PK\3\4" + b"z" * 96, "100 bytes of other data"),
    ],
)
def test_what_is_appended_to_a_jpeg_is_told_of(
    tmp_path: Path, progressive: bool, tail: bytes, words: str | None
) -> None:
    (tmp_path / "a.jpg").write_bytes(jpeg(progressive=progressive) + tail)
    warnings = read_photo(tmp_path / "a.jpg").warnings
    assert len(warnings) == (words is not None)
    if words:
        assert f"also holds {words}" in warnings[0]


def test_pictures_of_an_mpo_are_told_of_but_not_its_previews(tmp_path: Path) -> None:
    others = [Image.fromarray(NOISE[:90, :90]), Image.fromarray(NOISE[:80, :80])]
    save(tmp_path / "a.jpg", NOISE, format="MPO", save_all=True, append_images=others)
    assert "a further picture (2 times)" in read_photo(tmp_path / "a.jpg").warnings[0]
    data = (tmp_path / "a.jpg").read_bytes()
    entries = data[: data.index(b"\xff\xdb")].rindex(struct.pack("<L", 0x030000))
    first = entries + 16  # attributes of the second picture
    (tmp_path / "b.jpg").write_bytes(data[:first] + struct.pack("<L", 0x010001) + data[first + 4 :])
    (warning,) = read_photo(tmp_path / "b.jpg").warnings
    assert "a further picture;" in warning


@pytest.mark.parametrize(
    ("attributes", "elements", "names"),
    [
        (f"{CAMERA} GCamera:MicroVideo='1' GCamera:MicroVideoOffset = \"300020\"", "", ["MicroVideo"]),
        (f'{CAMERA} GCamera:MotionPhoto="1" {CONTAINER}', DIRECTORY, ["MotionPhoto", "Directory"]),
        (
            f"{CAMERA}",
            "<GCamera:MotionPhoto>1</GCamera:MotionPhoto><GCamera:MotionPhotoVersion/>",
            ["MotionPhoto"],
        ),
        (
            'xmlns:h="http://ns.adobe.com/hdr-gain-map/1.0/" h:Version="1.0" h:GainMapMax="3 > 2"',
            "",
            ["h:Version"],
        ),
        (
            'xmlns:Device="http://ns.google.com/photos/dd/1.0/device/"',
            "<Device:Container><rdf:Seq><rdf:li>x</rdf:li></rdf:Seq></Device:Container>",
            ["Device:Container"],
        ),
        ('xmlns:O="http://ns.oplus.com/photos/1.0/camera/" O:VideoLength="3"', "", ["O:VideoLength"]),
    ],
)
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".tif", ".webp"])
def test_xmp_no_longer_tells_of_parts(
    tmp_path: Path, attributes: str, elements: str, names: list[str], suffix: str
) -> None:
    (tmp_path / "a.jpg").write_bytes(with_segments(jpeg(), XMP + packet(attributes, elements)) + VIDEO)
    photo = read_photo(tmp_path / "a.jpg")
    video, claims = photo.warnings
    assert "a video" in video and all(name in claims for name in names)
    write_photo(photo, tmp_path / f"b{suffix}")
    xmp = read_photo(tmp_path / f"b{suffix}").xmp
    assert xmp is not None and b'dc:source="Oma > Opa"' in xmp and "<dc:title>Großmutter<".encode() in xmp
    for word in (b"Motion", b"MicroVideo", b"Item:", b"<Container", b":Version=", b"rdf:Seq", b"Length="):
        assert word not in xmp


def test_xmp_without_such_claims_stays_byte_by_byte() -> None:
    told: list[str] = []
    plain = packet(f'{CAMERA} GCamera:BurstID="4"', "<dc:rights>MotionPhoto</dc:rights>")
    assert true_xmp(plain, has_profile=True, warn=told.append) == plain
    assert not told


def test_xmp_that_cannot_be_parsed_stays_with_a_warning() -> None:
    told: list[str] = []
    broken = b'<x:xmpmeta GCamera:MotionPhoto="1">'
    assert true_xmp(broken, has_profile=True, warn=told.append) == broken
    assert "cannot be parsed" in told[0]


def test_xmp_shows_no_old_picture_and_no_old_samples() -> None:
    spaces = (
        'xmlns:photoshop="http://ns.adobe.com/photoshop/1.0/" xmlns:tiff="http://ns.adobe.com/tiff/1.0/" '
        'xmlns:xmp="http://ns.adobe.com/xap/1.0/"'
    )
    old = (
        ' photoshop:ColorMode="1" tiff:SamplesPerPixel="1"',
        "<xmp:Thumbnails><rdf:Alt><rdf:li>QUJD</rdf:li></rdf:Alt></xmp:Thumbnails>",
    )
    profile = ' photoshop:ICCProfile="Dot Gain 20%"'
    told: list[str] = []
    given = packet(spaces + old[0] + profile, old[1])
    assert true_xmp(given, has_profile=True, warn=told.append) == packet(spaces + profile, "")
    assert true_xmp(given, has_profile=False, warn=told.append) == packet(spaces, "")
    assert not told


def test_xmp_does_not_say_that_it_goes_on_where_it_does_not(tmp_path: Path) -> None:
    note = 'xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="0123"'
    photo = Photo(tmp_path / "a", smooth(), xmp=packet(note), segments=(MORE_XMP + b"0" * 40 + b"more",))
    for name, says in (("b.jpg", True), ("b.png", False)):
        write_photo(photo, tmp_path / name)
        found = read_photo(tmp_path / name).xmp
        assert found is not None and (b"HasExtendedXMP" in found) == says
    assert without_more_xmp(packet()) == packet()


def test_segments_that_are_left_out_have_names(tmp_path: Path) -> None:
    data = with_segments(jpeg(), b"JP\0\1" + bytes(20), b"JP\0\1" + bytes(9), marker=0xEB)
    data = with_segments(data, b"FLIR\0" + bytes(90))
    data = with_segments(data, b"\0\1\2", marker=0xEF)
    data = with_segments(data, b"Ducky\0\1", marker=0xEC)
    (tmp_path / "a.jpg").write_bytes(data)
    (warning,) = read_photo(tmp_path / "a.jpg").warnings
    assert "APP15, APP1 (thermal picture), APP11 (signed history" in warning and "APP12" not in warning


def test_channels_and_frames_of_a_jpeg_xl_that_are_left_out_are_told_of(tmp_path: Path) -> None:
    pytest.importorskip("pillow_jxl", reason="pillow-jxl-plugin is not installed")
    imagecodecs = pytest.importorskip("imagecodecs", reason="imagecodecs is not installed")
    grey = NOISE[..., 0]
    planes = np.stack([grey, grey[::-1], grey[:, ::-1]])
    for name, data, words in (
        ("plain", imagecodecs.jpegxl_encode(NOISE), None),
        ("alpha", imagecodecs.jpegxl_encode(np.dstack([NOISE, grey])), None),
        ("extra", imagecodecs.jpegxl_encode(planes, planar=True), "more channels"),
        ("frames", imagecodecs.jpegxl_encode(np.stack([NOISE, NOISE[::-1]])), "several frames"),
    ):
        path = tmp_path / f"{name}.jxl"
        path.write_bytes(data)
        warnings = read_photo(path).warnings
        assert len(warnings) == (words is not None) and (words is None or words in warnings[0]), name


def test_boxes_of_a_jpeg_xl_that_are_left_out_have_names(tmp_path: Path) -> None:
    pillow_jxl = pytest.importorskip("pillow_jxl", reason="pillow-jxl-plugin is not installed")
    encoder = pillow_jxl.Encoder(mode="RGB", use_container=True)
    data = encoder(NOISE.tobytes(), NOISE.shape[1], NOISE.shape[0], jpeg_encode=False)
    (tmp_path / "a.jxl").write_bytes(data + box(b"jhgm", bytes(9)) + box(b"jumb", bytes(9)))
    (warning,) = read_photo(tmp_path / "a.jxl").warnings
    assert "a gain map for HDR, a box 'jumb'" in warning


def test_chunks_of_a_png_stay_or_have_names(tmp_path: Path) -> None:
    """A small last letter says that a chunk may be copied whatever happens to the pixels."""
    kept = chunk(b"vpAg", b"canvas"), chunk(b"oFFs", bytes(9))
    lost = chunk(b"caBX", b"signed"), chunk(b"sCAL", b"1"), chunk(b"mkBF", bytes(4)), chunk(b"caBX", b"again")
    usual = chunk(b"tIME", bytes(7)), chunk(b"bKGD", bytes(6)), chunk(b"sBIT", b"\x08" * 3)
    (tmp_path / "a.png").write_bytes(png_bytes(NOISE, 2, 8, b"".join(kept + lost + usual)))
    photo = read_photo(tmp_path / "a.png")
    assert photo.chunks == ((b"vpAg", b"canvas"), (b"oFFs", bytes(9)))
    (warning,) = photo.warnings
    assert warning.endswith(": caBX, sCAL, mkBF")
    assert write_photo(photo, tmp_path / "b.png") == ()
    again = read_photo(tmp_path / "b.png")
    assert again.chunks == photo.chunks and not again.warnings


@pytest.mark.parametrize(("tail", "words"), [(bytes(9), None), (VIDEO, "a video"), (b"z" * 99, "99 bytes")])
@pytest.mark.parametrize("suffix", [".png", ".webp"])
def test_what_is_appended_to_a_png_or_webp_is_told_of(
    tmp_path: Path, suffix: str, tail: bytes, words: str | None
) -> None:
    path = save(tmp_path / f"a{suffix}", NOISE)
    path.write_bytes(path.read_bytes() + tail)
    warnings = read_photo(path).warnings
    assert len(warnings) == (words is not None) and (words is None or words in warnings[0])


def test_chunks_of_a_webp_that_are_left_out_have_names(tmp_path: Path) -> None:
    path = save(tmp_path / "a.webp", NOISE, xmp=packet(), exif=b"Exif\0\0II*\0\x08\0\0\0\0\0")
    assert not [warning for warning in read_photo(path).warnings if "chunk" in warning]
    data = path.read_bytes() + b"C2PA" + struct.pack("<I", 3) + b"abc\0"
    path.write_bytes(data[:4] + struct.pack("<I", len(data) - 8) + data[8:])
    assert "a chunk 'C2PA'" in " ".join(read_photo(path).warnings)


@pytest.mark.parametrize("suffix", [".heic", ".avif"])
def test_a_video_in_a_heic_or_avif_is_told_of(tmp_path: Path, suffix: str) -> None:
    if suffix == ".heic":
        pytest.importorskip("pillow_heif").register_heif_opener()
    elif not features.check("avif"):
        pytest.skip("this Pillow was built without AVIF")
    path = save(tmp_path / f"a{suffix}", NOISE)
    assert read_photo(path).warnings == ()
    path.write_bytes(path.read_bytes() + box(b"mpvd", VIDEO) + box(b"sefd", b"more"))
    (warning,) = read_photo(path).warnings
    assert "a video" in warning and "'sefd'" in warning


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (b"urn:com:apple:photo:2020:aux:hdrgainmap", "a gain map for HDR"),
        (b"urn:mpeg:hevc:2015:auxid:2", "a depth map"),
        (b"urn:mpeg:mpegB:cicp:systems:auxiliary:depth", "a depth map"),
        (b"urn:com:apple:photo:2018:aux:portraiteffectsmatte", "a matte"),
        (b"urn:com:apple:photo:2023:aux:styledeltamap", "an auxiliary picture"),
        (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", None),
        (b"urn:mpeg:hevc:2015:auxid:1", None),
    ],
)
def test_auxiliary_pictures_of_a_heic_have_names(name: bytes, words: str | None) -> None:
    properties = box(b"ipco", box(b"ispe", bytes(12)) + box(b"auxC", bytes(4) + name + b"\0"))
    data = box(b"ftyp", b"heic\0\0\0\0") + box(b"meta", bytes(4) + box(b"iprp", properties))
    parts = parts_of_heif(io.BytesIO(data))
    assert len(parts) == (words is not None) and (words is None or words in parts[0])


def test_a_derived_picture_of_hdr_is_a_gain_map() -> None:
    item = box(b"infe", b"\2\0\0\0\0\1\0\0tmap\0")
    data = box(b"ftyp", b"heic\0\0\0\0") + box(b"meta", bytes(4) + box(b"iinf", bytes(6) + item))
    assert parts_of_heif(io.BytesIO(data)) == ["a gain map for HDR"]
