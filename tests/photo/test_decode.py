"""photo.decode: every kind of photo people have, written by the usual libraries and read."""

import struct
import warnings
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, ImageCms
from PIL.TiffImagePlugin import ImageFileDirectory_v2

from deoldify_lite.photo.decode import photo_of
from deoldify_lite.photo.io import pages_of, read_photo, write_photo
from deoldify_lite.photo.photo import Decoded
from helpers.photos import (
    ALPHA8,
    ALPHA16,
    GREY8,
    GREY16,
    NO_WARNINGS,
    RANDOM,
    RGB8,
    RGB16,
    RGBA16,
    XMP,
    check,
    chunk,
    exif_block,
    grey_rgb,
    png_bytes,
    save,
    several_pages,
    smooth,
    turned,
)
from helpers.profiles import GREY_ICC, SRGB_ICC, grey_printer_icc, icc_profile, srgb_of_gamma

pytestmark = NO_WARNINGS


# --- JPEG


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0, "quality": 100}])
def test_jpeg(tmp_path: Path, options: dict) -> None:
    path = save(tmp_path / "a.jpg", smooth(), **options)
    check(read_photo(path), np.asarray(Image.open(path)))


def test_grey_jpeg(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", smooth()[..., 0], quality=95)
    check(read_photo(path), grey_rgb(np.asarray(Image.open(path))))


def test_cmyk_jpeg_is_not_inverted(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", Image.fromarray(smooth()).convert("CMYK"), quality=100)
    photo = read_photo(path)
    check(photo, smooth(), tolerance=12)
    assert photo.icc is None


@pytest.mark.parametrize("suffix", [".jpg", ".tif"])
def test_cmyk_follows_its_profile(tmp_path: Path, suffix: str) -> None:
    image = Image.fromarray(smooth()).convert("CMYK")
    path = save(tmp_path / f"a{suffix}", image, icc_profile=grey_printer_icc(), quality=100)
    photo = read_photo(path)
    assert photo.icc is None and np.ptp(photo.rgb.astype(int), axis=2).max() <= 1
    ink = np.asarray(image).astype(float).mean(axis=2)
    lightness = 100 * (1 - ink / 255)  # L*, here above 8: light = ((L* + 16) / 116) ** 3
    assert np.abs(photo.rgb[..., 1] - 255 * srgb_of_gamma((lightness + 16) / 116, 3)).max() <= 8


def test_cmyk_with_damaged_profile_is_read_without(tmp_path: Path) -> None:
    icc = icc_profile(b"CMYK", b"Lab ", b"none", b"")  # has no table to convert by
    image = Image.fromarray(smooth()).convert("CMYK")
    photo = read_photo(save(tmp_path / "a.tif", image, icc_profile=icc))
    check(photo, np.asarray(image.convert("RGB")))
    assert photo.icc is None and "profile is damaged" in photo.warnings[0]


def test_phone_jpeg_with_a_second_picture(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    Image.fromarray(smooth()).save(
        path, format="MPO", save_all=True, append_images=[Image.new("RGB", (9, 9))], quality=100
    )
    photo = read_photo(path)
    assert photo.format == "JPEG"
    check(photo, smooth(), tolerance=8)


# --- PNG


@pytest.mark.parametrize("depth", [1, 2, 4, 8, 16])
def test_grey_png_of_every_depth(tmp_path: Path, depth: int) -> None:
    full = 2**depth - 1
    grey = RANDOM.integers(0, full + 1, (23, 31)).astype(np.uint16 if depth == 16 else np.uint8)
    (tmp_path / "a.png").write_bytes(png_bytes(grey, 0, depth))
    expected = grey if depth == 16 else grey * np.uint8(255 // full)
    check(read_photo(tmp_path / "a.png"), grey_rgb(expected))


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("channels", [2, 3, 4])
def test_png_with_color_or_alpha(tmp_path: Path, depth: int, channels: int) -> None:
    samples = (RGBA16 if depth == 16 else (RGBA16 >> 8).astype(np.uint8))[..., 4 - channels :]
    (tmp_path / "a.png").write_bytes(png_bytes(samples, {2: 4, 3: 2, 4: 6}[channels], depth))
    rgb = grey_rgb(samples[..., 0]) if channels == 2 else samples[..., :3]
    check(read_photo(tmp_path / "a.png"), rgb, None if channels == 3 else samples[..., -1])


@pytest.mark.parametrize(("depth", "kind"), [(8, 0), (8, 2), (16, 0), (16, 2)])
def test_png_with_one_transparent_color(tmp_path: Path, depth: int, kind: int) -> None:
    samples = (RGB16 if depth == 16 else RGB8)[..., : 3 if kind else 1]
    key = samples[5, 6]
    (tmp_path / "a.png").write_bytes(
        png_bytes(samples, kind, depth, chunk(b"tRNS", key.astype(">u2").tobytes()))
    )
    alpha = np.where((samples == key).all(2), 0, 2**depth - 1).astype(samples.dtype)
    check(read_photo(tmp_path / "a.png"), samples if kind else grey_rgb(samples[..., 0]), alpha)


@pytest.mark.parametrize("transparent", [False, True])
def test_palette_png(tmp_path: Path, transparent: bool) -> None:
    index = RANDOM.integers(0, 4, (23, 31)).astype(np.uint8)
    palette = RGB8[0, :4]
    opacity = np.array([0, 50, 255, 255], np.uint8)
    extra = chunk(b"PLTE", palette.tobytes())
    extra += chunk(b"tRNS", opacity[:2].tobytes()) if transparent else b""
    (tmp_path / "a.png").write_bytes(png_bytes(index, 3, 2, extra))
    check(read_photo(tmp_path / "a.png"), palette[index], opacity[index] if transparent else None)


# --- TIFF


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("compression", [None, "zlib"])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("kind", ["grey", "rgb", "rgba", "premultiplied", "planes", "white_is_zero", "tiles"])
def test_tiff(tmp_path: Path, byteorder: str, compression: str | None, bits: int, kind: str) -> None:
    rgba = RGBA16 if bits == 16 else (RGBA16 >> 8).astype(np.uint8)
    rgb, grey, alpha = rgba[..., :3], rgba[..., 0], None
    options: dict = {"byteorder": byteorder, "compression": compression, "metadata": None}
    tolerance = 0
    if kind == "grey":
        pixels, expected = grey, grey_rgb(grey)
    elif kind == "white_is_zero":
        pixels, expected = grey, grey_rgb(~grey)
        options["photometric"] = "miniswhite"
    elif kind == "planes":
        pixels, expected = np.moveaxis(rgb, 2, 0).copy(), rgb
        options |= {"photometric": "rgb", "planarconfig": "separate"}
    elif kind in ("rgba", "premultiplied"):
        pixels, expected, alpha = rgba, rgb, rgba[..., 3]
        options |= {"photometric": "rgb", "extrasamples": ["unassalpha"]}
        if kind == "premultiplied":
            full = 2**bits - 1
            alpha = np.maximum(alpha, full // 2)
            colors = np.round(rgb * (alpha[..., None] / full)).astype(rgb.dtype)
            pixels, tolerance = np.dstack([colors, alpha]), 2
            options["extrasamples"] = ["assocalpha"]
    else:
        pixels, expected = rgb, rgb
        options |= {"photometric": "rgb", "tile": (16, 16) if kind == "tiles" else None}
    tifffile.imwrite(tmp_path / "a.tif", pixels, **options)
    check(read_photo(tmp_path / "a.tif"), expected, alpha, tolerance)


@pytest.mark.parametrize("pixels", [GREY16, RGB16, RGBA16], ids=["grey", "rgb", "rgba"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_16_bit_lzw_tiff(tmp_path: Path, pixels: np.ndarray, orientation: int) -> None:
    # Written by OpenCV, which knows LZW, then packed anew with a tag for the orientation.
    path = tmp_path / "a.tif"
    lzw = [cv2.IMWRITE_TIFF_COMPRESSION, cv2.IMWRITE_TIFF_COMPRESSION_LZW]
    order = [2, 1, 0, 3]
    cv2.imwrite(str(path), pixels if pixels.ndim == 2 else pixels[..., order[: pixels.shape[2]]], lzw)
    data = path.read_bytes()
    with tifffile.TiffFile(path) as tiff:
        page = tiff.pages.first
        places = zip(page.dataoffsets, page.databytecounts, strict=True)
        strips = [data[start : start + length] for start, length in places]
        tags = ImageFileDirectory_v2()
        for tag in page.tags:
            tags[tag.code] = tag.value
    tags[274] = orientation
    tags[273] = tuple(int(start) for start in np.cumsum([0] + [len(strip) for strip in strips[:-1]]))
    with open(path, "wb") as file:
        tags.save(file)
        file.write(b"".join(strips))
    upright = turned(pixels, orientation)
    if pixels.ndim == 2:
        check(read_photo(path), grey_rgb(upright))
    else:
        check(read_photo(path), upright[..., :3], upright[..., 3] if pixels.shape[2] == 4 else None)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "packbits", "tiff_adobe_deflate"])
@pytest.mark.parametrize("mode", ["1", "L", "P", "LA", "RGB", "RGBA", "CMYK"])
def test_8_bit_tiff_of_pillow(tmp_path: Path, compression: str, mode: str) -> None:
    image = Image.fromarray(np.dstack([RGB8, ALPHA8])).convert(mode)
    path = save(tmp_path / "a.tif", image, compression=compression)
    alpha = ALPHA8 if mode in ("LA", "RGBA") else None
    check(read_photo(path), np.asarray(image.convert("RGB")), alpha)


def test_16_bit_grey_tiff_with_alpha(tmp_path: Path) -> None:
    pixels = np.dstack([GREY16, ALPHA16])
    options = {"photometric": "minisblack", "planarconfig": "contig", "extrasamples": ["unassalpha"]}
    tifffile.imwrite(tmp_path / "a.tif", pixels, **options)
    check(read_photo(tmp_path / "a.tif"), grey_rgb(GREY16), ALPHA16)


def test_lab_tiff_becomes_srgb(tmp_path: Path) -> None:
    profiles = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB")
    pastel = 96 + smooth() // 4
    lab = ImageCms.profileToProfile(Image.fromarray(pastel), *profiles, outputMode="LAB")
    save(tmp_path / "a.tif", lab)
    check(read_photo(tmp_path / "a.tif"), pastel, tolerance=3)


def test_every_page_is_read_at_its_own_size_and_depth(tmp_path: Path) -> None:
    path = several_pages(tmp_path / "a.tif")
    pages, notes = pages_of(path)
    assert pages == [(0, 23 * 31), (1, 23 * 31), (3, 40 * 56)]
    assert notes == ["page 3 is a mere preview and is left out"]
    check(read_photo(path), grey_rgb(GREY16))
    check(read_photo(path, page=1), RGB8)
    third = read_photo(path, page=3)
    check(third, turned(smooth(), 6))
    assert third.dpi == (400, 200) and read_photo(path).dpi == (300, 300)


@pytest.mark.parametrize("byteorder", ["<", ">"])
@pytest.mark.parametrize("bigtiff", [False, True])
def test_a_page_has_its_own_tags(tmp_path: Path, byteorder: str, bigtiff: bool) -> None:
    with tifffile.TiffWriter(tmp_path / "a.tif", byteorder=byteorder, bigtiff=bigtiff) as writer:
        for name in ("one", "two"):
            extra = [
                (285, "s", 0, name, True),
                (33723, "B", 23, f"{name} and twenty letters.".encode()[:23], True),
            ]
            writer.write(GREY16, photometric="minisblack", extratags=extra, metadata=None, software="scan")
    second = read_photo(tmp_path / "a.tif", page=1)
    exif = Image.Exif()
    exif.load(b"Exif\0\0" + second.exif)
    assert (exif[285], exif[305], second.iptc) == ("two", "scan", b"two and twenty letters.")


def test_16_bit_lzw_pages(tmp_path: Path) -> None:
    order = [2, 1, 0]
    cv2.imwritemulti(str(tmp_path / "a.tif"), [GREY16, RGB16[..., order], RGB16[::-1, :, order]])
    assert [index for index, _ in pages_of(tmp_path / "a.tif")[0]] == [0, 1, 2]
    check(read_photo(tmp_path / "a.tif", page=0), grey_rgb(GREY16))
    check(read_photo(tmp_path / "a.tif", page=2), RGB16[::-1])


# --- the other formats


@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_webp(tmp_path: Path, mode: str) -> None:
    image = Image.fromarray(np.dstack([RGB8, ALPHA8])).convert(mode)
    path = save(tmp_path / "a.webp", image, lossless=True, exact=True)
    check(read_photo(path), RGB8, ALPHA8 if mode == "RGBA" else None)


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB"])
def test_bmp(tmp_path: Path, mode: str) -> None:
    image = Image.fromarray(RGB8).convert(mode)
    check(read_photo(save(tmp_path / "a.bmp", image)), np.asarray(image.convert("RGB")))


def test_first_frame_of_a_gif(tmp_path: Path) -> None:
    frames = [Image.fromarray(p) for p in (GREY8, 255 - GREY8)]
    path = save(tmp_path / "a.gif", frames[0], save_all=True, append_images=frames[1:])
    photo = read_photo(path)
    check(photo, grey_rgb(GREY8))
    assert "only the first" in photo.warnings[0]


def test_content_decides_not_the_name(tmp_path: Path) -> None:
    save(tmp_path / "a.png", RGB8)
    (tmp_path / "a.png").rename(tmp_path / "a.jpg")
    photo = read_photo(tmp_path / "a.jpg")
    check(photo, RGB8)
    assert photo.format == "PNG"


# --- orientation


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".jpg", ".png", ".webp", ".tif", ".16.tif", ".16.png"])
def test_every_orientation(tmp_path: Path, suffix: str, orientation: int) -> None:
    path = tmp_path / f"a{suffix}"
    rgba = np.dstack([smooth(), np.full((40, 56), 200, np.uint8)])
    rgba[:9, :20, 3] = 255
    if suffix == ".16.tif":
        extra = {"extratags": [(274, "H", 1, orientation, True)], "extrasamples": ["unassalpha"]}
        tifffile.imwrite(path, rgba.astype(np.uint16) * 257, photometric="rgb", **extra)
    elif suffix == ".16.png":
        data = png_bytes(rgba.astype(np.uint16) * 257, 6, 16)
        path.write_bytes(data[:33] + chunk(b"eXIf", exif_block(orientation).tobytes()[6:]) + data[33:])
    else:
        image = Image.fromarray(rgba[..., :3] if suffix == ".jpg" else rgba)
        options = {"lossless": True, "exact": True} if suffix == ".webp" else {"quality": 100}
        image.save(path, exif=exif_block(orientation).tobytes(), **options)
    photo = read_photo(path)
    expected = turned(rgba, orientation)
    scale = 257 if ".16." in suffix else 1
    assert photo.rgb.shape == expected[..., :3].shape
    error = np.abs(photo.rgb.astype(int) // scale - expected[..., :3]).max()
    assert error <= (8 if suffix == ".jpg" else 0)
    if suffix != ".jpg":
        assert np.array_equal(photo.alpha // scale, expected[..., 3])
    # And the result says so: no viewer turns it a second time.
    write_photo(photo, tmp_path / f"out{path.suffix}")
    again = read_photo(tmp_path / f"out{path.suffix}")
    assert again.rgb.shape == photo.rgb.shape
    assert Image.open(again.path).getexif().get(274, 1) == 1


# --- colour profiles and metadata


def test_rgb_profile_and_numbers_stay(tmp_path: Path) -> None:
    wide = SRGB_ICC.replace(b"sRGB", b"wide")  # any other RGB profile
    photo = read_photo(save(tmp_path / "a.png", RGB8, icc_profile=wide))
    check(photo, RGB8)
    assert photo.icc == wide


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_profile_is_applied(tmp_path: Path, suffix: str, dtype: type) -> None:
    full = np.iinfo(dtype).max
    grey = np.linspace(0, full, 256 * 16).astype(dtype).reshape(64, 64)
    path = tmp_path / f"a{suffix}"
    if dtype == np.uint16 and suffix == ".jpg":
        return
    save(path, grey, icc_profile=GREY_ICC, quality=100)
    photo = read_photo(path)
    assert photo.icc is None and photo.rgb.dtype == dtype
    expected = srgb_of_gamma(np.asarray(Image.open(path)) / full, round(1.8 * 256) / 256) * full
    # 16 bits: nearer than one step of 8 bits is wide, also between lcms's own 8-bit steps
    error = np.abs(photo.rgb[..., 0] - expected)
    assert error.max() <= (1 if dtype == np.uint8 else 40)
    if dtype == np.uint16:
        assert len(np.unique(photo.rgb)) > 0.9 * grey.size


@pytest.mark.parametrize("icc", [b"nonsense", GREY_ICC[:20] + bytes(200), GREY_ICC])
def test_a_profile_that_does_not_fit_is_left_out(tmp_path: Path, icc: bytes) -> None:
    pixels = RGB8 if icc is GREY_ICC else GREY8
    photo = read_photo(save(tmp_path / "a.jpg", pixels, icc_profile=icc))
    assert photo.icc is None and "left out" in photo.warnings[0]


def test_exif_stays_whole_but_for_orientation_and_thumbnail(tmp_path: Path) -> None:
    # Byte by byte: a header, one directory with orientation and a maker's tag, a second one with a thumbnail.
    thumbnail = b"\xff\xd8THUMBNAIL\xff\xd9"
    first = (
        struct.pack(">H", 2)
        + struct.pack(">HHIHH", 274, 3, 1, 3, 0)
        + struct.pack(">HHI4s", 271, 2, 4, b"Eos\0")
    )
    second_at = 8 + len(first) + 4
    thumbnail_at = second_at + 2 + 24 + 4
    second = struct.pack(">HHHIIHHIII", 2, 513, 4, 1, thumbnail_at, 514, 4, 1, len(thumbnail), 0)
    block = b"MM\0*" + struct.pack(">I", 8) + first + struct.pack(">I", second_at) + second + thumbnail
    photo = read_photo(save(tmp_path / "a.jpg", smooth(), exif=b"Exif\0\0" + block))
    assert b"Eos\0" in photo.exif and b"THUMBNAIL" not in photo.exif and len(photo.exif) == len(block)
    exif = Image.Exif()
    exif.load(b"Exif\0\0" + photo.exif)
    assert exif[274] == 1 and not exif.get_ifd(1)


def test_exif_of_a_tiff_points_to_nothing_outside_it(tmp_path: Path) -> None:
    exif = exif_block(1)
    exif[0x8769] = {36867: "1936:05:01 12:00:00", 0xA005: {1: "R98"}}
    photo = read_photo(save(tmp_path / "a.tif", RGB8, exif=exif.tobytes()))
    again = Image.Exif()
    again.load(b"Exif\0\0" + photo.exif)
    assert again.get_ifd(0x8769) == {36867: "1936:05:01 12:00:00"}


def test_damaged_exif_does_not_cost_the_photo(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow's own word on it
        path = save(tmp_path / "a.jpg", smooth(), exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x09")
        photo = read_photo(path)
    assert photo.exif is None and "its EXIF is damaged and is left out" in photo.warnings


def test_xmp_orientation_is_reset(tmp_path: Path) -> None:
    path = save(tmp_path / "a.webp", smooth(), xmp=XMP, exif=exif_block(1))
    assert b'tiff:Orientation="1"' in read_photo(path).xmp


def test_turned_photo_swaps_its_resolution(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", smooth(), dpi=(300, 600), exif=exif_block(6))
    assert read_photo(path).dpi == (600, 300)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_bigtiff_is_read_with_all_it_tells(tmp_path: Path, dtype: type) -> None:
    rgb = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, (20, 30, 3)).astype(dtype)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    options = {"iccprofile": profile, "photometric": "rgb", "resolution": (300, 200), "resolutionunit": 2}
    tifffile.imwrite(tmp_path / "big.tif", rgb, bigtiff=True, description="Oma", metadata=None, **options)
    photo = read_photo(tmp_path / "big.tif")
    np.testing.assert_array_equal(photo.rgb, rgb)
    assert photo.icc == profile and photo.dpi == (300, 200) and b"Oma" in photo.exif


@pytest.mark.parametrize("wrong", [0, float("inf"), float("nan"), 1e30])
def test_a_resolution_that_cannot_be_is_left_out(tmp_path: Path, wrong: float) -> None:
    image = Image.fromarray(RGB8)
    exif = Image.Exif()
    exif[282], exif[283], exif[296] = 300, 300, 2
    image.save(tmp_path / "a.tif", exif=exif)
    photo = read_photo(tmp_path / "a.tif")
    assert photo.dpi == (300, 300)
    assert photo_of(tmp_path / "a", Decoded("PNG", RGB8, dpi=(300, wrong)), print).dpi is None
