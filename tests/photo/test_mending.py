"""Files whose pixels are all there, though Pillow refuses them."""

import io
import os
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image, PngImagePlugin

from deoldify_lite.errors import InputError
from deoldify_lite.photo.io import pages_of, read_photo, write_photo
from deoldify_lite.photo.limits import MAX_TEXT_BYTES
from helpers.photos import NO_WARNINGS, RGB8, chunk, png_bytes, save, smooth
from helpers.profiles import SRGB_ICC

pytestmark = NO_WARNINGS

XMP = b"<x:xmpmeta/>"
BAD_TEXT = chunk(b"tEXt", b"Title\0Grandma")[:-4] + b"\0\0\0\0"
LONG = os.urandom(3_000_000).hex().encode()[:3_000_000]
END = "it lacks the mark of its end; its pixels are all there"


def jpeg(**options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(smooth(400, 560)).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def read(folder: Path, data: bytes, name: str = "a.png"):
    path = folder / name
    path.write_bytes(data)
    return read_photo(path)


def test_a_long_text_and_a_large_profile_are_no_damage(tmp_path: Path) -> None:
    icc = SRGB_ICC + LONG
    long = [(b"zTXt", b"History\0\0" + zlib.compress(LONG)), (b"iCCP", b"p\0\0" + zlib.compress(icc))]
    limits = PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY
    photo = read(tmp_path, png_bytes(RGB8, 2, 8, b"".join(chunk(*one) for one in long)))
    assert photo.warnings == () and photo.icc == icc and photo.chunks == (long[0],)
    assert limits == (PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY)
    assert write_photo(photo, tmp_path / "b.png") == ()
    assert read_photo(tmp_path / "b.png").chunks == photo.chunks


def test_a_long_text_behind_the_pixels_is_kept(tmp_path: Path) -> None:
    data = png_bytes(RGB8, 2, 8)
    text = (b"zTXt", b"History\0\0" + zlib.compress(LONG))
    photo = read(tmp_path, data[:-12] + chunk(*text) + data[-12:])
    assert photo.chunks == (text,) and photo.warnings == ()


def test_texts_that_would_take_all_memory_are_left_out(tmp_path: Path) -> None:
    bomb = chunk(b"zTXt", b"Bomb\0\0" + zlib.compress(bytes(MAX_TEXT_BYTES + 1)))
    photo = read(tmp_path, png_bytes(RGB8, 2, 8, bomb))
    assert np.array_equal(photo.rgb, RGB8) and photo.chunks == ()
    assert photo.warnings == ("PNG chunks that are damaged or too large are left out: zTXt",)


@pytest.mark.parametrize("kind", [2, 6])
@pytest.mark.parametrize("depth", [8, 16])
def test_a_png_with_a_damaged_text_keeps_all_else(tmp_path: Path, kind: int, depth: int) -> None:
    rgb = np.dstack([RGB8, RGB8[..., 0]])[..., : {2: 3, 6: 4}[kind]].astype(
        np.uint16 if depth == 16 else np.uint8
    )
    xmp = chunk(b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + XMP)
    author = (b"tEXt", b"Author\0me")
    photo = read(tmp_path, png_bytes(rgb, kind, depth, BAD_TEXT + xmp + chunk(*author)))
    assert np.array_equal(photo.rgb, rgb[..., :3]) and photo.xmp == XMP and photo.chunks == (author,)
    assert photo.warnings == ("PNG chunks with a wrong checksum are left out: tEXt",)


def test_a_damaged_text_behind_the_pixels(tmp_path: Path) -> None:
    data = png_bytes(RGB8, 2, 8)
    photo = read(tmp_path, data[:-12] + BAD_TEXT + data[-12:])
    assert photo.chunks == () and photo.warnings == ("PNG chunks with a wrong checksum are left out: tEXt",)


def test_pixels_that_are_damaged_are_not_mended(tmp_path: Path) -> None:
    data = png_bytes(RGB8, 2, 8, BAD_TEXT)
    with pytest.raises(InputError, match=r"a\.png"):
        read(tmp_path, data[: data.index(b"IDAT") + 100])


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 100}, {"restart_marker_rows": 1}])
@pytest.mark.parametrize("tail", [b"", b"\xff", bytes(4096)])
def test_a_jpeg_that_lacks_its_end_is_whole(tmp_path: Path, options: dict, tail: bytes) -> None:
    data = jpeg(exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0\0\0\0\0", **options)
    whole = read(tmp_path, data, "a.jpg")
    photo = read(tmp_path, data[:-2] + tail, "a.jpg")
    assert np.array_equal(photo.rgb, whole.rgb) and photo.exif == whole.exif
    assert photo.warnings == (END,) and photo.format == "JPEG"


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 100}])
@pytest.mark.parametrize("tail", [b"", bytes(4096)])
@pytest.mark.parametrize("lost", [30, 300, 1000])
def test_a_jpeg_that_lacks_pixels_is_not(tmp_path: Path, options: dict, tail: bytes, lost: int) -> None:
    with pytest.raises(InputError, match="truncated"):
        read(tmp_path, jpeg(**options)[:-lost] + tail, "a.jpg")


@pytest.mark.parametrize("options", [{}, {"progressive": True}])
@pytest.mark.parametrize("video", [b"\0\0\0\x14ftypmp42\0\0\0\0mp42", b""])
def test_a_jpeg_with_a_video_that_ends_in_zeros_is_whole(tmp_path: Path, options: dict, video: bytes) -> None:
    """What looks like the beginning of a scan may be anywhere in it."""
    data = save(tmp_path / "a.jpg", smooth(), quality=95, **options).read_bytes()
    wanted = read_photo(tmp_path / "a.jpg").rgb
    (tmp_path / "a.jpg").write_bytes(data + video + b"frames \xff\xda of a video" + bytes(16))
    photo = read_photo(tmp_path / "a.jpg")
    assert np.array_equal(photo.rgb, wanted)
    (warning,) = photo.warnings
    assert ("a video" if video else "bytes of other data") in warning


def test_a_tiff_that_begins_with_a_preview(tmp_path: Path) -> None:
    for name, first in (("new", {"subfiletype": 1}), ("old", {"extratags": [(255, 3, 1, 2, True)]})):
        path = tmp_path / f"{name}.tif"
        with tifffile.TiffWriter(path) as tiff:
            tiff.write(RGB8[::4, ::4], photometric="rgb", **first)
            tiff.write(RGB8, photometric="rgb")
        if name == "new":
            assert pages_of(path) == ([(1, RGB8[..., 0].size)], ["page 1 is a mere preview and is left out"])
            assert np.array_equal(read_photo(path).rgb, RGB8)
        assert np.array_equal(read_photo(path, page=1).rgb, RGB8)


def test_a_tiff_that_is_but_a_preview(tmp_path: Path) -> None:
    tifffile.imwrite(tmp_path / "a.tif", RGB8, photometric="rgb", subfiletype=1)
    assert pages_of(tmp_path / "a.tif") == ([(0, RGB8[..., 0].size)], [])
    photo = read_photo(tmp_path / "a.tif")
    assert photo.warnings == ("says that it is a mere preview, but holds no other picture",)
    tifffile.imwrite(
        tmp_path / "b.tif",
        RGB8,
        photometric="rgb",
        subfiletype=1,
        extratags=[(50706, 1, 4, (1, 4, 0, 0), True)],
    )
    with pytest.raises(InputError, match="raw photos"):
        read_photo(tmp_path / "b.tif")


def bmp(
    masks: tuple[int, ...], bits: int, pixels: np.ndarray, *, header: int = 124, top_down: bool = False
) -> bytes:
    """A BMP with bit fields of (H, W, C) samples, each scaled to the bits of its mask."""
    height, width, channels = pixels.shape
    words = np.zeros((height, width), np.uint64)
    for channel in range(channels):
        most = masks[channel] // (masks[channel] & -masks[channel])
        value = np.round(pixels[..., channel] * (most / 65_535)).astype(np.uint64)
        words |= value * (masks[channel] & -masks[channel])
    rows = words.astype(f"<u{bits // 8}") if top_down else words[::-1].astype(f"<u{bits // 8}")
    body = b"".join(row.tobytes() + bytes(-len(row.tobytes()) % 4) for row in rows)
    mask_bytes = struct.pack("<4I", *masks, *(0,) * (4 - len(masks)))
    head = struct.pack(
        "<IiiHHIIiiII",
        header,
        width,
        -height if top_down else height,
        1,
        bits,
        3,
        len(body),
        3937,
        3937,
        0,
        0,
    )
    head = head + mask_bytes if header == 40 else (head + mask_bytes).ljust(header, b"\0")
    start = 14 + len(head)
    return struct.pack("<2sIHHI", b"BM", start + len(body), 0, 0, start) + head + body


DEEP = (np.arange(9 * 7 * 4, dtype=np.uint32) * 257 % 65_536).astype(np.uint16).reshape(9, 7, 4)


@pytest.mark.parametrize(
    ("masks", "bits", "most"),
    [
        ((0xFF, 0xFF00, 0xFF0000, 0xFF000000), 32, 255),
        ((0xFF000000, 0xFF0000, 0xFF00, 0xFF), 32, 255),
        ((0xFF00, 0xFF0000, 0xFF000000), 32, 255),
        ((0x3FF00000, 0xFFC00, 0x3FF), 32, 1023),
        ((0x3FF, 0xFFC00, 0x3FF00000, 0xC0000000), 32, 1023),
        ((0xF00, 0xF0, 0xF, 0xF000), 16, 15),
        ((0xF800, 0x7C0, 0x3E), 16, 31),
    ],
)
@pytest.mark.parametrize("header", [40, 108, 124])
@pytest.mark.parametrize("top_down", [False, True])
def test_bit_fields(
    tmp_path: Path, masks: tuple[int, ...], bits: int, most: int, header: int, top_down: bool
) -> None:
    pixels = DEEP[..., : len(masks)]
    data = bmp(masks, bits, pixels, header=header, top_down=top_down)
    photo = read(tmp_path, data, "a.bmp")
    full = 65_535 if most > 255 else 255
    wanted = np.round(np.round(pixels / 65_535 * most) * (full / most))
    assert np.array_equal(photo.rgb, wanted[..., :3]) and photo.rgb.max() > 255 * (full > 255)
    assert (photo.alpha is not None) == (len(masks) == 4 and header > 40)
    assert photo.dpi is not None and round(photo.dpi[0]) == 100
    assert pages_of(tmp_path / "a.bmp") == ([(0, 63)], [])


def test_bit_fields_without_sense(tmp_path: Path) -> None:
    good = bmp((0x3FF00000, 0xFFC00, 0x3FF), 32, DEEP[..., :3])
    for data in (
        good[:-9],
        bmp((0x5, 0xFF00, 0xFF0000), 32, DEEP[..., :3]),
        good[:54] + bytes(12) + good[66:],
    ):
        with pytest.raises(InputError, match=r"a\.bmp"):
            read(tmp_path, data, "a.bmp")
    unused = bmp((0xFF, 0xFF00, 0xFF0000, 0xFF000000), 32, DEEP * np.array([1, 1, 1, 0], np.uint16))
    assert read(tmp_path, unused, "a.bmp").alpha is None
