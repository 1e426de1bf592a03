"""photo.encode: photos written, read again by us and by others, and compared."""

import dataclasses
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from deoldify_lite.photo.io import read_photo, write_photo
from deoldify_lite.photo.photo import Photo
from deoldify_lite.photo.samples import to_depth
from helpers.photos import GREY8, NO_WARNINGS, RGB8, RGB16, RGBA16, check, exif_block, sample_photo, smooth
from helpers.profiles import SRGB_ICC

pytestmark = NO_WARNINGS


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg", ".webp", ".bmp"])
@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("alpha", [False, True])
def test_write_and_read(tmp_path: Path, suffix: str, depth: int, alpha: bool) -> None:
    photo = sample_photo(tmp_path / "source.png", depth, alpha)
    target = tmp_path / "deep" / f"a{suffix}"
    told = " ".join(write_photo(photo, target))
    again = read_photo(target)
    lossless = suffix in (".png", ".tif")
    assert again.rgb.dtype == (photo.rgb.dtype if lossless else np.uint8)
    rgb = photo.rgb if lossless else to_depth(photo.rgb, np.uint8)
    if alpha and suffix in (".jpg", ".bmp"):
        share = photo.alpha[..., None] / (2**depth - 1)
        rgb = np.round(rgb * share + 255 * (1 - share))
        assert "transparency" in told
    if alpha and suffix == ".webp":  # a colour that nobody sees may change more
        return
    assert np.abs(again.rgb.astype(int) - rgb).max() <= {".jpg": 8, ".webp": 14, ".bmp": 1}.get(suffix, 0)
    assert (again.alpha is not None) == (alpha and suffix not in (".jpg", ".bmp"))
    if again.alpha is not None:
        assert np.array_equal(again.alpha, photo.alpha)
    if suffix == ".bmp":
        assert "colour profile" in told
        return
    assert again.icc == SRGB_ICC
    assert again.xmp == photo.xmp
    if suffix != ".webp":
        assert again.dpi == pytest.approx((300, 600), rel=1e-3)
    exif = Image.Exif()
    exif.load(b"Exif\0\0" + again.exif)
    assert exif[271] == "Agfa"
    assert exif.get_ifd(0x8769)[36867] == "1936:05:01 12:00:00"
    assert exif.get_ifd(0x8769)[37500] == b"maker note \x00\x01\x02"
    assert exif.get_ifd(0x8825)[1] == "N"


@pytest.mark.parametrize("pixels", [RGB8, RGB16, RGBA16], ids=["rgb8", "rgb16", "rgba16"])
def test_our_tiff_is_read_by_others(tmp_path: Path, pixels: np.ndarray) -> None:
    alpha = pixels[..., 3] if pixels.shape[2] == 4 else None
    photo = dataclasses.replace(sample_photo(tmp_path / "s", 8, False), rgb=pixels[..., :3], alpha=alpha)
    write_photo(photo, tmp_path / "a.tif")
    assert np.array_equal(tifffile.imread(tmp_path / "a.tif"), pixels)
    order = [2, 1, 0, 3][: pixels.shape[2]]
    assert np.array_equal(cv2.imread(str(tmp_path / "a.tif"), cv2.IMREAD_UNCHANGED), pixels[..., order])
    image = Image.open(tmp_path / "a.tif")
    assert image.getexif().get_ifd(0x8769)[36867] == "1936:05:01 12:00:00"
    assert image.info["icc_profile"] == SRGB_ICC


def test_tall_tiff_has_many_strips(tmp_path: Path) -> None:
    rgb = np.tile(RGB16, (60, 10, 1))
    write_photo(Photo(tmp_path / "s", rgb), tmp_path / "a.tif")
    assert len(tifffile.TiffFile(tmp_path / "a.tif").pages.first.dataoffsets) > 1
    assert np.array_equal(tifffile.imread(tmp_path / "a.tif"), rgb)
    check(read_photo(tmp_path / "a.tif"), rgb)


@pytest.mark.parametrize("suffix", [".png", ".tif", ".jpg", ".webp", ".bmp"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_one_pixel(tmp_path: Path, suffix: str, dtype: type) -> None:
    rgb = np.full((1, 1, 3), np.iinfo(dtype).max, dtype)
    alpha = None if suffix in (".jpg", ".bmp") else rgb[..., 0]
    write_photo(Photo(tmp_path / "s", rgb, alpha), tmp_path / f"a{suffix}")
    again = read_photo(tmp_path / f"a{suffix}")
    expected = dtype if suffix in (".png", ".tif") else np.uint8
    assert (again.rgb == np.iinfo(expected).max).all() and again.rgb.shape == (1, 1, 3)


def test_depth_changes_round() -> None:
    every = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    assert np.array_equal(to_depth(every, np.uint8), np.round(every / 257))
    steps = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert np.array_equal(to_depth(to_depth(steps, np.uint16), np.uint8), steps)


def test_alpha_follows_the_depth_of_new_colors(tmp_path: Path) -> None:
    photo = sample_photo(tmp_path / "s.png", 16, True)
    write_photo(dataclasses.replace(photo, rgb=smooth()), tmp_path / "a.png")
    assert np.array_equal(read_photo(tmp_path / "a.png").alpha, to_depth(photo.alpha, np.uint8))


def test_jpeg_keeps_full_chroma_and_quality_counts(tmp_path: Path) -> None:
    photo = Photo(tmp_path / "s.png", RGB8)
    sizes = []
    for quality in (40, 95):
        write_photo(photo, tmp_path / "a.jpg", quality=quality)
        image = Image.open(tmp_path / "a.jpg")
        assert {component[1:3] for component in image.layer} == {(1, 1)}
        sizes.append((tmp_path / "a.jpg").stat().st_size)
    assert sizes[0] < sizes[1]


def test_opaque_alpha_makes_no_warning(tmp_path: Path) -> None:
    assert write_photo(Photo(tmp_path / "s", RGB8, np.full_like(GREY8, 255)), tmp_path / "a.jpg") == ()


def test_too_long_metadata_is_left_out_of_jpeg_aloud(tmp_path: Path) -> None:
    exif = exif_block(1)
    exif[0x8769] = {37500: bytes(70_000)}
    photo = Photo(tmp_path / "s", RGB8, exif=exif.tobytes()[6:], xmp=b"x" * 70_000)
    told = " ".join(write_photo(photo, tmp_path / "a.jpg"))
    assert "EXIF is too long" in told and "XMP is too long" in told
    write_photo(photo, tmp_path / "a.png")
    assert read_photo(tmp_path / "a.png").exif == photo.exif
