"""What lesser kinds hold beside pixels: kept in the result, or named in a warning."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from deoldify_lite.errors import InputError
from deoldify_lite.photo.io import read_photo, write_photo
from deoldify_lite.photo.photo import Photo
from helpers.photos import NO_WARNINGS, RGB8, chunk, exif_block, png_bytes, smooth, turned
from helpers.profiles import SRGB_ICC
from helpers.rare import psd, psd_resource

pytestmark = NO_WARNINGS


def read(folder: Path, name: str, data: bytes) -> Photo:
    (folder / name).write_bytes(data)
    return read_photo(folder / name)


def saved(format: str, pixels: np.ndarray = RGB8, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format, **options)
    return buffer.getvalue()


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def jp2(*boxes: bytes, in_header: bytes = b"") -> bytes:
    """A JPEG 2000 without loss, with boxes behind its header."""
    data = saved("JPEG2000")
    start = data.index(b"jp2h") - 4
    (size,) = struct.unpack_from(">I", data, start)
    header = box(b"jp2h", data[start + 8 : start + size] + in_header)
    return data[:start] + header + b"".join(boxes) + data[start + size :]


@pytest.mark.parametrize("uuid", [b"JpgTiffExif->JP2", bytes.fromhex("0537cdab9d0c4431a72afa561f2a113e")])
@pytest.mark.parametrize("prefix", [b"", b"Exif\0\0"])
def test_exif_and_iptc_of_a_jpeg_2000(tmp_path: Path, uuid: bytes, prefix: bytes) -> None:
    exif, iptc = exif_block(6).tobytes()[6:], b"\x1c\x02\x78\x00\x03Oma"
    named = box(b"uuid", bytes.fromhex("33c7a4d2b81d4723a0baf1a3e097ad38") + iptc)
    photo = read(tmp_path, "a.jp2", jp2(box(b"uuid", uuid + prefix + exif), named))
    assert not photo.warnings and photo.iptc == iptc and np.array_equal(photo.rgb, turned(RGB8, 6))
    upright = Image.Exif()
    upright.load(photo.exif)
    assert upright[274] == 1 and upright[271] == "Agfa"
    assert read(tmp_path, "b.jp2", jp2(box(b"uuid", uuid + b"no EXIF"))).exif is None


def test_resolution_of_a_jpeg_2000(tmp_path: Path) -> None:
    fields = struct.pack(">4H2b", 3000, 254, 6000, 254, 3, 3)  # 300 an inch, and 600 across
    for kind in (b"resc", b"resd"):
        photo = read(tmp_path, "a.jp2", jp2(in_header=box(b"res ", box(kind, fields))))
        assert photo.dpi == pytest.approx((600, 300))


def test_boxes_of_a_jpeg_2000_are_kept_or_named(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, RGB8[:1, :1], extratags=[(33550, "d", 3, (1.0, 1.0, 0.0), True)])
    geo = box(b"uuid", bytes.fromhex("b14bf8bd083d4b43a5ae8cd7d5a6ce03") + buffer.getvalue())
    others = box(b"xml ", b"<a/>"), box(b"uuid", bytes(15) + b"\x07"), box(b"free", b"")
    data = jp2(geo, *others)
    (warning,) = read(tmp_path, "a.jp2", data).warnings
    assert "a box 'xml '" in warning and f"a box 'uuid' ({'00' * 15}07)" in warning
    photo = read(tmp_path, "a.jp2", jp2(geo))
    assert [tag.code for tag in photo.tags] == [33550] and not photo.warnings
    assert "further picture" in read(tmp_path, "a.jp2", data + data[data.index(b"jp2c") - 4 :]).warnings[0]


TGA_AREA = (
    struct.pack("<H41s", 495, b"Agnes")
    + b"".join(line.ljust(81, b"\0") for line in (b"Grandmother", b"in her garden", b"", b""))
    + struct.pack("<6H41s3H41s3s", *bytes(6), b"album", *bytes(3), b"scanner", bytes(3))
    + struct.pack("<I2H2H3IB", 0, 0, 0, 22, 10, 0, 0, 0, 0)
)


def test_texts_of_a_tga(tmp_path: Path) -> None:
    data = saved("TGA", id_section=b"No. 7")
    data = data[:-26] if data.endswith(b".\0") else data
    footer = struct.pack("<II18s", len(data), 18, b"TRUEVISION-XFILE.")
    photo = read(tmp_path, "a.tga", data + TGA_AREA + footer)
    assert photo.comments == (b"No. 7", b"Agnes", b"Grandmother\nin her garden", b"album", b"scanner")
    assert [text for text in ("gamma of 2.20", "of the program") if text in " ".join(photo.warnings)]
    assert len(photo.warnings) == 2


def test_comments_of_netpbm_and_the_name_in_an_sgi(tmp_path: Path) -> None:
    head = b"P6\n# Oma\n31 23 # in her garden\n255\n"
    photo = read(tmp_path, "a.ppm", head + RGB8.tobytes())
    assert photo.comments == (b"Oma", b"in her garden") and np.array_equal(photo.rgb, RGB8)
    photo = read(tmp_path, "a.pbm", b"P4 # ink\n16 1\n\xff#")
    assert photo.comments == (b"ink",) and photo.rgb[0, -1, 0] == 0
    data = bytearray(saved("SGI"))
    for name, comments in ((b"Oma", (b"Oma",)), (b"no name", ()), (b"", ())):
        data[24:104] = name.ljust(80, b"\0")
        assert read(tmp_path, "a.sgi", bytes(data)).comments == comments
    write_photo(photo, tmp_path / "b.png")
    assert read_photo(tmp_path / "b.png").chunks == ((b"tEXt", b"Comment\0ink"),)


def extension(label: int, name: bytes, *blocks: bytes) -> bytes:
    body = b"".join(bytes([len(block)]) + block for block in (name, *blocks))
    return b"!" + bytes([label]) + body + b"\0"


@pytest.mark.parametrize("frames", [1, 3])
def test_extensions_of_a_gif_are_kept_or_named(tmp_path: Path, frames: int) -> None:
    pages = [Image.fromarray(smooth() // (1 + number)) for number in range(frames)]
    buffer = io.BytesIO()
    pages[0].save(buffer, "GIF", comment=b"Oma", save_all=True, append_images=pages[1:])
    data = buffer.getvalue()
    at = 13 + (3 << (data[10] & 7) + 1 if data[10] & 128 else 0)
    # as Adobe writes it: plain text, and bytes that end it for readers of blocks
    xmp = b"<x:xmpmeta xmlns:x='adobe:ns:meta/'/>"
    packet = b"!\xff\x0bXMP DataXMP" + xmp + b"\x01" + bytes(range(255, -1, -1)) + b"\0"
    photo = read(tmp_path, "a.gif", data[:at] + packet + data[at:])
    assert photo.xmp == xmp and photo.comments == (b"Oma",)
    assert len(photo.warnings) == (frames > 1)
    icc = extension(255, b"ICCRGBG1012", SRGB_ICC[:200])
    photo = read(
        tmp_path, "a.gif", data[:at] + icc + extension(1, bytes(12), b"text") + data[at:] + b"more data"
    )
    told = " ".join(photo.warnings)
    assert all(
        word in told for word in ("'ICCRGBG1012'", "text that is to be shown", "9 bytes of other data")
    )


def test_colors_that_a_bmp_describes_otherwise(tmp_path: Path) -> None:
    data = saved("BMP")
    pixels = data[54:]
    for space, numbers, told in ((0, bytes(48), False), (0, b"\1" * 48, True), (0x4C494E4B, bytes(48), True)):
        header = struct.pack("<I", 108) + data[18:54] + bytes(16) + struct.pack("<I", space) + numbers
        start = struct.pack("<2sIII", b"BM", 14 + 108 + len(pixels), 0, 14 + 108)
        photo = read(tmp_path, "a.bmp", start + header + pixels)
        assert np.array_equal(photo.rgb, RGB8) and bool(photo.warnings) == told


def test_a_bmp_as_a_clipboard_has_it(tmp_path: Path) -> None:
    """It lacks the mark and the sizes in front."""
    photo = read(tmp_path, "a.dib", saved("BMP", dpi=(300, 300))[14:])
    assert np.array_equal(photo.rgb, RGB8) and photo.format == "BMP" and not photo.warnings
    assert photo.dpi == pytest.approx((300, 300), abs=0.1)
    write_photo(photo, tmp_path / "b.dib")
    assert np.array_equal(read_photo(tmp_path / "b.dib").rgb, RGB8)
    with pytest.raises(InputError, match="not a picture"):
        read(tmp_path, "a.jpg", saved("BMP")[14:])


def test_a_photoshop_file_that_claims_channels_without_end_is_damaged(tmp_path: Path) -> None:
    """It is refused as such, and not as one for which memory does not suffice."""
    data = bytearray(psd(np.moveaxis(RGB8, 2, 0), 3))
    data[12:14] = b"\xff\xff"
    with pytest.raises(InputError, match="65535 channels"):
        read(tmp_path, "a.psd", bytes(data))
    data[12:18], data[38:40] = struct.pack(">HI", 3, 1 << 31), b"\0\1"  # packed: a length for each row
    with pytest.raises(InputError, match="2147483648 pixels; the limit"):
        read(tmp_path, "a.psd", bytes(data))


def test_the_first_picture_of_an_animation_counts_at_every_depth(tmp_path: Path) -> None:
    """It need not be a frame of the animation."""
    for depth, dtype in ((8, np.uint8), (16, np.uint16)):
        still = RGB8.astype(dtype) * (257 if depth == 16 else 1)
        frame = png_bytes(np.zeros_like(still), 2, depth)
        at = frame.index(b"IDAT")
        (length,) = struct.unpack_from(">I", frame, at - 4)
        frames = b""
        for number in (0, 2):
            frames += chunk(b"fcTL", struct.pack(">5I2H2B", number, 31, 23, 0, 0, 1, 1, 0, 0))
            frames += chunk(b"fdAT", struct.pack(">I", number + 1) + frame[at + 4 : at + 4 + length])
        data = png_bytes(still, 2, depth, chunk(b"acTL", struct.pack(">II", 2, 0)))
        end = data.index(b"IEND") - 4
        photo = read(tmp_path, "a.png", data[:end] + frames + data[end:])
        assert np.array_equal(photo.rgb, still)


def test_settings_of_a_photoshop_file_go_into_a_tiff(tmp_path: Path) -> None:
    outline, thumbnail = psd_resource(2000, b"path" * 6), psd_resource(1036, b"old and grey")
    photo = read(tmp_path, "a.psd", psd(np.moveaxis(RGB8, 2, 0), 3, thumbnail + outline))
    assert photo.resources == outline and not photo.warnings
    assert write_photo(photo, tmp_path / "b.tif") == ()
    assert read_photo(tmp_path / "b.tif").resources == outline
    assert "paths and settings of Photoshop" in write_photo(photo, tmp_path / "b.png")[0]
