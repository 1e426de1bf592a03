"""What goes with a photo: read from every format that has it, found again in every one that holds it."""

import struct
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, IptcImagePlugin

from deoldify_lite.photo.io import read_photo, write_photo
from deoldify_lite.photo.jpeg import LONGEST, MORE_XMP
from deoldify_lite.photo.photo import Photo
from deoldify_lite.photo.tiff_tags import Tag
from helpers.photos import NO_WARNINGS, RGB8, chunk, exif_block, png_bytes, save, smooth
from helpers.profiles import SRGB_ICC

pytestmark = NO_WARNINGS

# A caption and a keyword, as agencies write them.
CAPTION, KEYWORD = "Großmutter, 1936".encode(), b"family"
IPTC = struct.pack(">BBBH", 0x1C, 2, 120, len(CAPTION)) + CAPTION
IPTC += struct.pack(">BBBH", 0x1C, 2, 25, len(KEYWORD)) + KEYWORD
XMP = (
    b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/>'
    b"</x:xmpmeta>"
)


def resource(number: int, name: bytes, data: bytes) -> bytes:
    """An image resource of Photoshop's."""
    named = bytes([len(name)]) + name
    named += bytes(len(named) % 2)
    return (
        b"8BIM"
        + struct.pack(">H", number)
        + named
        + struct.pack(">I", len(data))
        + data
        + bytes(len(data) % 2)
    )


def jpeg_with(path: Path, *segments: tuple[int, bytes], **options: object) -> Path:
    """A JPEG with these segments behind its beginning."""
    data = save(path, smooth(), quality=95, **options).read_bytes()
    body = b"".join(b"\xff" + bytes([kind]) + struct.pack(">H", len(b) + 2) + b for kind, b in segments)
    path.write_bytes(data[:2] + body + data[2:])
    return path


def full_photo(path: Path) -> Photo:
    return Photo(
        path,
        smooth(),
        icc=SRGB_ICC,
        exif=exif_block(1).tobytes()[6:],
        xmp=XMP,
        iptc=IPTC,
        dpi=(300.0, 600.0),
        comments=(CAPTION, b"second"),
        chunks=((b"tEXt", b"Title\0Summer"), (b"gAMA", struct.pack(">I", 45455))),
        segments=(MORE_XMP + b"0" * 40 + b"more",),
        progressive=True,
        more_exif=(exif_block(1).tobytes()[6:],),
        resources=resource(0x07D0, b"outline", bytes(26)),
        tags=(Tag(33550, 12, (1.0, 1.0, 0.0)), Tag(34735, 3, (1, 1, 0, 1)), Tag(65000, 2, b"ours \xff")),
    )


@pytest.mark.parametrize(
    ("suffix", "kept"),
    [
        (
            ".jpg",
            {
                "icc",
                "exif",
                "xmp",
                "iptc",
                "dpi",
                "comments",
                "segments",
                "more_exif",
                "resources",
                "progressive",
            },
        ),
        (".png", {"icc", "exif", "xmp", "iptc", "dpi", "chunks"}),
        (".tif", {"icc", "exif", "xmp", "iptc", "dpi", "resources", "tags"}),
        (".webp", {"icc", "exif", "xmp"}),
        (".avif", {"icc", "exif", "xmp"}),
        (".bmp", {"dpi"}),
    ],
)
def test_every_format_keeps_what_it_holds_and_tells_the_rest(
    tmp_path: Path, suffix: str, kept: set[str]
) -> None:
    photo = full_photo(tmp_path / "source")
    warnings = "\n".join((*write_photo(photo, tmp_path / f"a{suffix}"), ""))
    again = read_photo(tmp_path / f"a{suffix}")
    expected = {name: getattr(photo, name) for name in kept}
    found = {name: getattr(again, name) for name in kept}
    if "exif" in kept:
        del expected["exif"], found["exif"]
        exif = Image.Exif()
        exif.load(b"Exif\0\0" + again.exif)
        assert exif[271] == "Agfa" and exif.get_ifd(0x8769)[37500] == b"maker note \x00\x01\x02"
    if "dpi" in kept:
        assert found.pop("dpi") == pytest.approx(expected.pop("dpi"), rel=1e-3)
    if suffix == ".png":  # the comment comes as a text; gamma gives way to the profile
        assert found.pop("chunks") == (
            (b"tEXt", b"Comment\0" + CAPTION.decode().encode("latin-1")),
            (b"tEXt", b"Comment\0second"),
            photo.chunks[0],
        )
        del expected["chunks"]
    assert found == expected
    told = {
        "icc": "colour profile", "exif": "no EXIF\n", "xmp": "no XMP\n", "iptc": "IPTC", "dpi": "resolution",
        "comments": "comment", "segments": "64 KB", "chunks": "PNG texts", "more_exif": "second block",
        "resources": "Photoshop", "tags": "TIFF tags",
    }  # fmt: skip
    held = kept | ({"comments"} if suffix == ".png" else set())
    for name, word in told.items():
        assert (word in warnings) == (name not in held), name


@pytest.mark.parametrize("name", [b"", b"ab", b"abc"])
def test_iptc_of_a_jpeg(tmp_path: Path, name: bytes) -> None:
    resources = (
        resource(0x03ED, b"", bytes(16)) + resource(0x0404, name, IPTC) + resource(0x0425, b"", bytes(16))
    )
    path = jpeg_with(tmp_path / "a.jpg", (0xED, b"Photoshop 3.0\0" + resources))
    assert read_photo(path).iptc == IPTC
    write_photo(read_photo(path), tmp_path / "b.jpg")
    with Image.open(tmp_path / "b.jpg") as image:
        assert IptcImagePlugin.getiptcinfo(image) == {(2, 120): CAPTION, (2, 25): KEYWORD}


@pytest.mark.parametrize("code", [33723, 34377])
@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_iptc_of_a_tiff(tmp_path: Path, code: int, byteorder: str) -> None:
    value = IPTC if code == 33723 else resource(0x0404, b"", IPTC)
    extra = [(code, "B", len(value), value, True)]
    tifffile.imwrite(tmp_path / "a.tif", RGB8, photometric="rgb", extratags=extra, byteorder=byteorder)
    assert read_photo(tmp_path / "a.tif").iptc == IPTC
    write_photo(read_photo(tmp_path / "a.tif"), tmp_path / "b.tif")
    with Image.open(tmp_path / "b.tif") as image:
        assert IptcImagePlugin.getiptcinfo(image) == {(2, 120): CAPTION, (2, 25): KEYWORD}


def test_iptc_of_a_tiff_as_long_numbers(tmp_path: Path) -> None:
    """Many programs claim it to be of 32-bit numbers; its bytes are in their own order all the same."""
    padded = IPTC + bytes(-len(IPTC) % 4)
    for byteorder in "<>":
        numbers = tuple(np.frombuffer(padded, f"{byteorder}u4").tolist())
        extra = [(33723, "I", len(numbers), numbers, True)]
        tifffile.imwrite(tmp_path / "a.tif", RGB8, photometric="rgb", extratags=extra, byteorder=byteorder)
        assert read_photo(tmp_path / "a.tif").iptc == padded


def png_with(path: Path, *chunks: tuple[bytes, bytes], after: bool = False) -> Path:
    data = png_bytes(RGB8, 2, 8)
    at = len(data) - 12 if after else 33
    path.write_bytes(data[:at] + b"".join(chunk(*one) for one in chunks) + data[at:])
    return path


@pytest.mark.parametrize("after", [False, True])
def test_texts_of_a_png_stay_as_they_are(tmp_path: Path, after: bool) -> None:
    texts = (
        (b"tEXt", b"Title\0Gro\xdfmutter"),
        (b"zTXt", b"Description\0\0" + zlib.compress(b"at the sea")),
        (b"iTXt", b"Author\0\0\0de\0Urheber\0" + CAPTION),
    )
    photo = read_photo(png_with(tmp_path / "a.png", *texts, after=after))
    assert photo.chunks == texts
    write_photo(photo, tmp_path / "b.png")
    assert read_photo(tmp_path / "b.png").chunks == texts
    with Image.open(tmp_path / "b.png") as image:
        image.load()
        assert image.text["Description"] == "at the sea" and image.text["Author"] == CAPTION.decode()


def test_gamma_of_a_png_without_profile_stays(tmp_path: Path) -> None:
    gamma = ((b"gAMA", struct.pack(">I", 100_000)), (b"cHRM", struct.pack(">8I", *range(8))))
    write_photo(read_photo(png_with(tmp_path / "a.png", *gamma)), tmp_path / "b.png")
    assert read_photo(tmp_path / "b.png").chunks == gamma


@pytest.mark.parametrize("compressed", [False, True])
def test_iptc_of_a_png_as_imagemagick_writes_it(tmp_path: Path, compressed: bool) -> None:
    data = resource(0x0404, b"", IPTC)
    text = f"\niptc\n{len(data):8}\n{data.hex()}\n".encode()
    keyword = b"Raw profile type iptc\0"
    one = (b"zTXt", keyword + b"\0" + zlib.compress(text)) if compressed else (b"tEXt", keyword + text)
    photo = read_photo(png_with(tmp_path / "a.png", one))
    assert photo.iptc == IPTC and photo.chunks == ()


@pytest.mark.parametrize("body", [b"\0nonsense", b"", b"\0" + zlib.compress(b"\niptc\n 99\nzz\n")])
def test_a_damaged_iptc_text_stays_a_text(tmp_path: Path, body: bytes) -> None:
    one = (b"zTXt", b"Raw profile type iptc\0" + body)
    try:
        photo = read_photo(png_with(tmp_path / "a.png", one))
    except ValueError:
        return  # Pillow refuses some
    assert photo.iptc is None and photo.chunks == (one,)


def test_a_text_that_swells_is_not_unpacked_without_end(tmp_path: Path) -> None:
    bomb = zlib.compress(b"\niptc\n  60000000\n" + b"0" * 60_000_000)
    try:
        photo = read_photo(png_with(tmp_path / "a.png", (b"zTXt", b"Raw profile type iptc\0\0" + bomb)))
    except ValueError:
        return  # Pillow refuses it
    assert photo.iptc is None


def test_comment_of_a_jpeg(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", smooth(), comment=CAPTION)
    assert read_photo(path).comments == (CAPTION,)
    write_photo(replace(read_photo(path), comments=("Ω".encode(),)), tmp_path / "b.png")
    assert read_photo(tmp_path / "b.png").chunks == ((b"iTXt", b"Comment\0\0\0\0\0" + "Ω".encode()),)
    write_photo(replace(read_photo(path), comments=(b"\xff\xfe",)), tmp_path / "b.png")
    assert read_photo(tmp_path / "b.png").chunks == ((b"tEXt", b"Comment\0\xff\xfe"),)


@pytest.mark.parametrize("progressive", [False, True])
def test_a_progressive_jpeg_stays_one(tmp_path: Path, progressive: bool) -> None:
    photo = read_photo(save(tmp_path / "a.jpg", smooth(), progressive=progressive))
    assert photo.progressive == progressive
    write_photo(photo, tmp_path / "b.jpg")
    assert bool(Image.open(tmp_path / "b.jpg").info.get("progressive")) == progressive
    assert np.abs(read_photo(tmp_path / "b.jpg").rgb.astype(int) - photo.rgb).max() <= 8


def test_a_long_profile_takes_several_segments(tmp_path: Path) -> None:
    profile = SRGB_ICC + np.random.default_rng(0).bytes(150_000)
    photo = Photo(tmp_path / "s", smooth(), icc=profile)
    write_photo(photo, tmp_path / "a.jpg")
    assert read_photo(tmp_path / "a.jpg").icc == profile


def test_a_segment_may_be_full(tmp_path: Path) -> None:
    for length, fits in ((LONGEST, True), (LONGEST + 1, False)):
        photo = Photo(tmp_path / "s", smooth(), comments=(b"c" * length,))
        warnings = write_photo(photo, tmp_path / "a.jpg")
        assert bool(read_photo(tmp_path / "a.jpg").comments) == fits == (not warnings)


# Kinds of the channels beside colours: of film scanners, and of editors that keep selections.
INFRARED, ALPHA, PREMULTIPLIED = "unspecified", "unassalpha", "assocalpha"


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("photometric", ["rgb", "minisblack", "miniswhite"])
@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize(
    "kinds", [[INFRARED], [INFRARED, ALPHA], [ALPHA, INFRARED], [PREMULTIPLIED, INFRARED, INFRARED]]
)
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_channels_beyond_alpha_stay_in_a_tiff(
    tmp_path: Path, dtype: type, photometric: str, planar: str, kinds: list[str], compression: str | None
) -> None:
    colors = (3 if photometric == "rgb" else 1) + len(kinds)
    pixels = np.random.default_rng(1).integers(0, np.iinfo(dtype).max, (20, 30, colors), dtype)
    stored = pixels if planar == "contig" else np.moveaxis(pixels, 2, 0)
    options = {"photometric": photometric, "planarconfig": planar, "compression": compression}
    turn = [(274, "H", 1, 6, True)]
    tifffile.imwrite(tmp_path / "a.tif", stored, extrasamples=kinds, extratags=turn, **options)
    photo = read_photo(tmp_path / "a.tif")
    assert not photo.warnings and (photo.alpha is None) == (kinds == [INFRARED])
    others = [number for number, kind in enumerate(kinds, colors - len(kinds)) if kind == INFRARED]
    assert np.array_equal(photo.extra, np.rot90(pixels[..., others], 3))
    assert write_photo(photo, tmp_path / "b.tif") == ()
    again = read_photo(tmp_path / "b.tif")
    assert not again.warnings and again.extra.dtype == dtype
    for name in ("rgb", "alpha", "extra"):
        assert np.array_equal(getattr(again, name), getattr(photo, name)), name
    (warning,) = write_photo(replace(photo, alpha=None), tmp_path / "b.png")
    assert "infrared" in warning


def test_channels_beyond_alpha_that_cannot_be_kept_are_told_of(tmp_path: Path) -> None:
    """A spot colour belongs to the inks beside it, which become RGB."""
    inks = np.dstack([RGB8, RGB8[..., :2]])
    tifffile.imwrite(tmp_path / "a.tif", inks, photometric="separated", extrasamples=[INFRARED])
    (warning,) = read_photo(tmp_path / "a.tif").warnings
    assert "more channels" in warning


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("bigtiff", [False, True])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_tags_that_stay_true_are_kept_and_the_others_named(
    tmp_path: Path, byteorder: str, bigtiff: bool, dtype: type
) -> None:
    tags = [
        (33550, "d", 3, (1.0, 1.0, 0.0), True),  # GeoTIFF: the size of a pixel, and where one is
        (33922, "d", 6, (0.0, 0.0, 0.0, 400000.0, 5000000.0, 0.0), True),
        (34735, "H", 8, (1, 1, 0, 1, 1024, 0, 1, 1), True),
        (42113, "s", 0, "0", True),
        (65000, "s", 0, "private", True),
        (65001, "2I", 1, (2, 3), True),
        (65003, "I", 1, 7, True),
        (65004, "B", 5, b"\0\1\2\3\4", True),
        (65005, 7, 5, b"II\0\1\0", True),
        (65006, "i", 3, (-1, 2_000_000, 0), True),
        (65007, "b", 2, (-3, 4), True),
        (65008, "f", 1, 1.5, True),
        (37724, "B", 40, b"Adobe Photoshop Document Data Block" + bytes(5), True),
        (33445, "I", 1, 2, True),
        (65009, "B", 8, b"\xff\xd8\xff\xe0pict", True),
        (290, "H", 1, 3, True),
    ]
    kept = 12
    if bigtiff and byteorder == ">" and dtype is np.uint8:
        pytest.skip("Pillow reads no BigTIFF of this order")
    grey = RGB8[..., 0].astype(dtype)
    options = {"byteorder": byteorder, "bigtiff": bigtiff, "extratags": tags, "photometric": "minisblack"}
    tags.append((65002, "I", 1, 0, True))
    tifffile.imwrite(tmp_path / "a.tif", grey, **options)
    with tifffile.TiffFile(tmp_path / "a.tif") as tiff:
        address = tiff.pages[0].tags[33550].valueoffset
    tags[-1] = (65002, "I", 1, address, True)
    tifffile.imwrite(tmp_path / "a.tif", grey, **options)
    photo = read_photo(tmp_path / "a.tif")
    assert [tag.code for tag in photo.tags] == sorted(tag[0] for tag in tags[:kept])
    (warning,) = photo.warnings
    assert "Photoshop's layers (37724)" in warning
    assert all(f"({tag[0]})" in warning for tag in tags[kept:])
    assert write_photo(photo, tmp_path / "b.tif") == ()
    with tifffile.TiffFile(tmp_path / "b.tif") as tiff:
        written = tiff.pages[0].tags
        for code, _, _, value, _ in tags[:kept]:
            assert written[code].value == value
        assert tiff.is_geotiff
    assert "TIFF tags" in write_photo(photo, tmp_path / "b.png")[0]


def test_numbers_that_cannot_be_addresses_are_kept(tmp_path: Path) -> None:
    """Nothing but pixels lies within pixels; only an index of many numbers may speak of them."""
    grey = np.zeros((150, 150), np.uint8)
    inside, beyond, many = 20_000, 26_000, tuple(range(20_000, 20_100))
    tags = [(65000, "I", 1, inside, True), (65001, "I", 1, beyond, True), (65002, "I", 100, many, True)]
    tifffile.imwrite(tmp_path / "a.tif", grey, extratags=tags)
    assert inside < (tmp_path / "a.tif").stat().st_size < beyond
    photo = read_photo(tmp_path / "a.tif")
    assert [tag.value for tag in photo.tags] == [(inside,), (beyond,)]
    (warning,) = photo.warnings
    assert "(65002)" in warning


def test_tags_that_share_their_bytes_take_no_more_memory_than_the_file(tmp_path: Path) -> None:
    block = np.random.default_rng(3).bytes(40_000)
    tags = [(65000, "B", 40_000, block, True), (65001, "B", 5, block[:5], True)]
    tifffile.imwrite(tmp_path / "a.tif", RGB8, extratags=tags)
    data = bytearray((tmp_path / "a.tif").read_bytes())
    with tifffile.TiffFile(tmp_path / "a.tif") as tiff:
        first, second = (tiff.pages[0].tags[code] for code in (65000, 65001))
    struct.pack_into("<II", data, second.offset + 4, 40_000, first.valueoffset)
    (tmp_path / "a.tif").write_bytes(data)
    photo = read_photo(tmp_path / "a.tif")
    assert [tag.code for tag in photo.tags] == [65000]
    # Pillow 13 warns of it, too, before us.
    assert any("left out" in warning and "(65001)" in warning for warning in photo.warnings)


def test_private_tags_of_exif_go_along_into_every_format(tmp_path: Path) -> None:
    exif = exif_block(1)
    exif[50341], exif[65002], exif[330] = b"PrintIM\0" + b"0300", 4711, 8
    exif[0x8769] |= {0xA005: {1: "R03", 2: b"0100"}, 65010: 7}
    for name in ("a.jpg", "a.png", "a.webp"):
        photo = read_photo(save(tmp_path / name, smooth(), exif=exif.tobytes()))
        assert not photo.warnings
        (warning,) = write_photo(photo, tmp_path / "b.tif")
        assert "further pictures (330)" in warning
        write_photo(read_photo(tmp_path / "b.tif"), tmp_path / "c.tif")
        for result in ("b.tif", "c.tif"):
            with Image.open(tmp_path / result) as image:
                found = image.getexif()
                assert found[50341] == exif[50341] and found[65002] == 4711 and 330 not in found
                assert found.get_ifd(0x8769)[37500] == exif[0x8769][37500]
                assert found.get_ifd(0x8769)[65010] == 7
                assert found.get_ifd(0xA005) == {1: "R03", 2: b"0100"}


@pytest.mark.parametrize(
    ("options", "program"),
    [
        ({"metadata": None, "description": "Oma, ImageJ=1"}, None),
        ({}, ""),
        ({"metadata": {"axes": "YX"}}, ""),
        ({"metadata": {"lens": "Tessar"}}, "tifffile"),
        # Older versions of it put the shape last.
        ({"metadata": None, "description": '{"axes": "YX", "shape": [40, 40]}'}, ""),
        ({"metadata": None, "description": '{"lens": "Tessar", "shape": [40, 40]}'}, "tifffile"),
        ({"metadata": None, "description": '{"lens": "Tessar"}'}, None),
        ({"imagej": True, "metadata": {"unit": "um"}}, "ImageJ"),
        ({"ome": True}, "OME"),
    ],
)
def test_descriptions_of_old_samples_are_left_out(
    tmp_path: Path, options: dict[str, object], program: str | None
) -> None:
    """A result has three channels; programs that believe the description of a grey file misread it."""
    tifffile.imwrite(tmp_path / "a.tif", RGB8[..., 0], photometric="minisblack", **options)
    photo = read_photo(tmp_path / "a.tif")
    write_photo(photo, tmp_path / "b.tif")
    with tifffile.TiffFile(tmp_path / "b.tif") as tiff:
        assert (270 in tiff.pages[0].tags) == (program is None)
        assert tiff.asarray().shape == RGB8.shape
    assert len(photo.warnings) == bool(program)
    assert not program or f"description by {program}" in photo.warnings[0]


def test_what_says_where_pixels_lie_is_left_out_if_they_are_turned(tmp_path: Path) -> None:
    paths = resource(0x07D0, b"outline", bytes(26))
    tags = [
        (33550, "d", 3, (1.0, 1.0, 0.0), True),
        (34377, "B", len(paths), paths, True),
        (274, "H", 1, 6, True),
        (42113, "s", 0, "128", True),
    ]
    tifffile.imwrite(tmp_path / "a.tif", RGB8, photometric="rgb", extratags=tags)
    photo = read_photo(tmp_path / "a.tif")
    told = " ".join(photo.warnings)
    assert photo.tags == () and photo.resources is None
    assert "(33550)" in told and "(42113)" in told and "turned upright" in told


def test_paths_of_photoshop_stay_without_its_thumbnail(tmp_path: Path) -> None:
    outline = resource(0x07D0, b"outline", b"path" * 7)
    thumbnail = resource(0x040C, b"", b"old and grey")
    path = jpeg_with(tmp_path / "a.jpg", (0xED, b"Photoshop 3.0\0" + thumbnail + outline))
    photo = read_photo(path)
    assert photo.resources == outline and photo.iptc is None
    for name in ("b.jpg", "b.tif"):
        write_photo(photo, tmp_path / name)
        assert read_photo(tmp_path / name).resources == outline


def test_every_comment_and_every_block_of_exif_stays(tmp_path: Path) -> None:
    """The first block is what viewers show; the second one is not appended to it."""
    first, second = exif_block(1).tobytes(), exif_block(1)
    second[270] = "Grandmother"
    comments = ("Großmutter".encode("latin-1"), b"second", "Ω".encode())
    segments = [(0xFE, comment) for comment in comments]
    path = jpeg_with(tmp_path / "a.jpg", (0xE1, first), *segments, (0xE1, second.tobytes()))
    photo = read_photo(path)
    assert photo.comments == comments and photo.exif == first[6:]
    assert photo.more_exif == (second.tobytes()[6:],) and not photo.warnings
    write_photo(photo, tmp_path / "b.jpg")
    again = read_photo(tmp_path / "b.jpg")
    assert (again.comments, again.exif, again.more_exif) == (photo.comments, photo.exif, photo.more_exif)
    assert "second block of EXIF" in " ".join(write_photo(photo, tmp_path / "b.png"))
    assert [body.partition(b"\0")[0] for _, body in read_photo(tmp_path / "b.png").chunks] == [b"Comment"] * 3


def test_the_comment_of_a_gif_stays(tmp_path: Path) -> None:
    photo = read_photo(save(tmp_path / "a.gif", smooth(), comment=b"Oma"))
    assert photo.comments == (b"Oma",)
