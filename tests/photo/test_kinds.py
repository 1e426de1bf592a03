"""HEIC, AVIF, JPEG XL and camera RAW, with their packages and without."""

import io
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image, features

from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.photo.io import pages_of, read_photo, write_photo
from deoldify_lite.photo.jxl import jxl_header
from deoldify_lite.photo.kinds import EFFORTS, HEIF, JXL, kind_named, kind_of, output_suffix
from deoldify_lite.photo.limits import MAX_SIDE_PX
from deoldify_lite.photo.photo import Photo
from helpers.photo_runs import run_photos
from helpers.photos import XMP, exif_block, smooth
from helpers.pictures import grey_picture
from helpers.profiles import SRGB_ICC, srgb_of_gamma

EXIF, TURNED_EXIF = exif_block(1).tobytes(), exif_block(6).tobytes()
UPRIGHT_XMP = XMP.replace(b'"6"', b'"1"')
needs_avif = pytest.mark.skipif(not features.check("avif"), reason="this Pillow was built without AVIF")


def grey_photo() -> np.ndarray:
    return grey_picture(96, 128)


def psnr(one: np.ndarray, other: np.ndarray) -> float:
    """Decibels between pictures of levels up to 255."""
    return float(10 * np.log10(255**2 / np.mean(np.square(one.astype(float) - other))))


def check_exif(block: bytes | None) -> None:
    exif = Image.Exif()
    exif.load(b"Exif\0\0" + (block or b""))
    assert exif[271] == "Agfa" and exif.get(274, 1) == 1
    assert exif.get_ifd(0x8769)[37500] == b"maker note \x00\x01\x02"


# --- HEIC


@pytest.mark.parametrize("deep", [False, True])
@pytest.mark.parametrize("alpha", [False, True])
def test_heic(tmp_path: Path, deep: bool, alpha: bool) -> None:
    pytest.importorskip("pillow_heif", reason="pillow-heif is not installed")
    rgb = grey_photo().astype(np.uint16) * 257 if deep else grey_photo()
    veil = np.full(rgb.shape[:2], np.iinfo(rgb.dtype).max, rgb.dtype) if alpha else None
    photo = Photo(tmp_path / "s", rgb, veil, SRGB_ICC, EXIF[6:], UPRIGHT_XMP)
    write_photo(photo, tmp_path / "a.heic")
    again = read_photo(tmp_path / "a.heic")
    assert again.format == "HEIF" and again.rgb.dtype == rgb.dtype and again.rgb.shape == rgb.shape
    assert psnr(again.rgb / (257 if deep else 1), grey_photo()) > 45
    assert (again.alpha is not None) == alpha
    if again.alpha is not None:
        assert again.alpha.min() > 0.99 * np.iinfo(rgb.dtype).max
    assert again.icc == SRGB_ICC and again.xmp == UPRIGHT_XMP
    check_exif(again.exif)
    assert pages_of(tmp_path / "a.heic") == ([(0, 96 * 128)], [])


def test_heic_in_full_white_stays_white(tmp_path: Path) -> None:
    """Ten bits reach to 65535, not to 65472."""
    pytest.importorskip("pillow_heif", reason="pillow-heif is not installed")
    write_photo(Photo(tmp_path / "s", np.full((64, 64, 3), 65535, np.uint16)), tmp_path / "a.heic")
    assert read_photo(tmp_path / "a.heic").rgb.min() > 65535 - 128


def test_heic_that_lies_on_its_side_is_turned_once(tmp_path: Path) -> None:
    heif = pytest.importorskip("pillow_heif", reason="pillow-heif is not installed")
    buffer = io.BytesIO()
    heif.encode("RGB", (128, 96), grey_photo().tobytes(), buffer, exif=TURNED_EXIF, quality=90)
    (tmp_path / "a.heic").write_bytes(buffer.getvalue())
    photo = read_photo(tmp_path / "a.heic")
    assert psnr(photo.rgb, np.rot90(grey_photo(), 3)) > 40
    check_exif(photo.exif)


def test_a_heic_photo_is_colorized_as_heic(tmp_path: Path) -> None:
    pytest.importorskip("pillow_heif", reason="pillow-heif is not installed")
    if not HEIF.can_write():
        pytest.skip("pillow-heif was built without encoder")
    write_photo(Photo(tmp_path / "s", grey_photo()), tmp_path / "a.heic")
    (item,) = run_photos([tmp_path / "a.heic"], None)
    assert item.status == "done" and item.output.name == "a-colorized.heic"
    assert np.ptp(read_photo(item.output).rgb.astype(int), axis=2).mean() > 5


def test_a_photo_beyond_the_pixels_of_heic_is_refused_with_a_remedy(tmp_path: Path) -> None:
    pytest.importorskip("pillow_heif", reason="pillow-heif is not installed")
    if not HEIF.can_write():
        pytest.skip("pillow-heif was built without encoder")
    huge = np.broadcast_to(np.uint8(0), (12_000, 12_000, 3))
    with pytest.raises(InputError, match="HEIF cannot hold 12000 x 12000 pixels; choose png or tif"):
        write_photo(Photo(tmp_path / "s", huge), tmp_path / "a.heic")


# --- effort


@pytest.mark.parametrize("suffix", [".heic", ".avif", ".webp"])
def test_more_effort_makes_better_or_smaller_files(tmp_path: Path, suffix: str) -> None:
    kind = kind_named(tmp_path / f"a{suffix}")
    if kind is None or not kind.can_write():
        pytest.skip(f"no encoder of {suffix} is installed")
    # Noise at all scales, the coarser the stronger: as detailed as a photo.
    draw = np.random.default_rng(0).normal
    scales = (draw(0, 9 * n**0.5, (512 // n, 512 // n)) for n in (1, 2, 4, 16, 64))
    luma = 128 + sum(cv2.resize(scale, (512, 512), interpolation=cv2.INTER_CUBIC) for scale in scales)
    pixels = np.repeat(np.clip(luma, 0, 255).astype(np.uint8)[..., None], 3, 2)
    sizes, decibels = {}, {}
    for effort in EFFORTS:
        path = tmp_path / f"{effort}{suffix}"
        assert write_photo(Photo(tmp_path / "s", pixels), path, effort=effort) == ()
        sizes[effort], decibels[effort] = path.stat().st_size, psnr(read_photo(path).rgb, pixels)
    assert sizes["small"] < 0.95 * sizes["fast"] or decibels["small"] > decibels["fast"] - 0.1
    assert sizes["fast"] != sizes["small"] > 0.8 * sizes["fast"] and min(decibels.values()) > 45


def test_an_unknown_effort_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="'slow': choose one of fast, small"):
        write_photo(Photo(tmp_path / "s", grey_photo()), tmp_path / "a.webp", effort="slow")


# --- AVIF


@needs_avif
@pytest.mark.parametrize("orientation", [1, 6])
def test_avif(tmp_path: Path, orientation: int) -> None:
    exif = exif_block(orientation)
    image = Image.fromarray(grey_photo())
    image.save(tmp_path / "a.avif", quality=95, exif=exif.tobytes(), icc_profile=SRGB_ICC, xmp=UPRIGHT_XMP)
    photo = read_photo(tmp_path / "a.avif")
    expected = np.rot90(grey_photo(), 3) if orientation == 6 else grey_photo()
    assert photo.format == "AVIF" and psnr(photo.rgb, expected) > 40
    check_exif(photo.exif)
    (item,) = run_photos([tmp_path / "a.avif"], None)
    again = read_photo(item.output)
    assert item.output.suffix == ".avif" and again.rgb.shape == expected.shape
    assert again.icc == SRGB_ICC and b'Orientation="1"' in (again.xmp or b"")
    check_exif(again.exif)


# --- JPEG XL


def jxl(path: Path, pixels: np.ndarray, mode: str = "RGB", **options: object) -> Path:
    pillow_jxl = pytest.importorskip("pillow_jxl", reason="pillow-jxl-plugin is not installed")
    settings = {"quality": 100, "decoding_speed": 0, "effort": 3, "use_container": True}
    encoder = pillow_jxl.Encoder(
        mode=mode, lossless=True, use_original_profile=True, num_threads=1, **{**settings, **options}
    )
    size = (pixels.shape[1], pixels.shape[0])
    meta = {"exif": TURNED_EXIF[6:], "jumb": None, "xmp": XMP, "compress": False}
    path.write_bytes(encoder(pixels.tobytes(), *size, jpeg_encode=False, **meta))
    return path


def test_jpeg_xl_becomes_png(tmp_path: Path) -> None:
    path = jxl(tmp_path / "a.jxl", smooth())
    photo = read_photo(path)
    assert photo.format == "JXL" and np.array_equal(photo.rgb, smooth())
    assert b'Orientation="1"' in (photo.xmp or b"")
    check_exif(photo.exif)
    assert pages_of(path) == ([(0, 40 * 56)], [])
    (item,) = run_photos([path], None)
    assert item.output.name == "a-colorized.png" and "written as .png" in item.warnings[0]


def test_grey_jpeg_xl_of_16_bits(tmp_path: Path) -> None:
    grey = (np.arange(40 * 56, dtype=np.uint16) * 29).reshape(40, 56)
    photo = read_photo(jxl(tmp_path / "a.jxl", grey, "I;16"))
    # The encoder says with its profile that 16 bits are linear.
    assert photo.rgb.dtype == np.uint16
    assert np.abs(photo.rgb[..., 0] - 65535 * srgb_of_gamma(grey / 65535, 1)).max() <= 40


@pytest.mark.parametrize("container", [False, True])
@pytest.mark.parametrize("size", [(8, 8), (256, 256), (40, 56), (37, 1), (300, 400), (64, 640), (1200, 700)])
def test_size_of_a_jpeg_xl_is_known_from_its_header(
    tmp_path: Path, container: bool, size: tuple[int, int]
) -> None:
    path = jxl(tmp_path / "a.jxl", np.zeros((*size, 3), np.uint8), use_container=container)
    with open(path, "rb") as file:
        assert jxl_header(file)[:2] == (size[1], size[0])


def test_a_huge_jpeg_xl_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    pytest.importorskip("pillow_jxl", reason="pillow-jxl-plugin is not installed")
    # By the bits: not small, height of 30 bits, no ratio, width likewise.
    side = MAX_SIDE_PX + 1
    bits = 0 | 3 << 1 | (side - 1) << 3 | 0 << 33 | 3 << 36 | (side - 1) << 38 | 1 << 68
    (tmp_path / "a.jxl").write_bytes(b"\xff\x0a" + bits.to_bytes(64, "little"))
    with pytest.raises(InputError, match="20001 x 20001 pixels"):
        read_photo(tmp_path / "a.jxl")


# --- camera RAW


def dng(path: Path, **changes: object) -> Path:
    """A DNG of a colour camera: a grey wedge behind a Bayer pattern, 14 bits, linear."""
    pytest.importorskip("rawpy", reason="rawpy is not installed")
    wedge = np.linspace(800, 16000, 96).astype(np.uint16)[None].repeat(64, 0)
    identity = [value for row in np.eye(3) for number in row for value in (int(number * 10000), 10000)]
    extra = [
        (50706, "B", 4, (1, 4, 0, 0), True),
        (50708, "s", 0, "Test camera", True),
        (33421, "H", 2, (2, 2), True),
        (33422, "B", 4, (0, 1, 1, 2), True),
        (50721, "2i", 9, identity, True),
        (50728, "2I", 3, (1, 1, 1, 1, 1, 1), True),
        (50717, "I", 1, 16383, True),
        (50778, "H", 1, 21, True),
        (271, "s", 0, "Agfa", True),
        (274, "H", 1, changes.get("orientation", 1), True),
    ]
    tifffile.imwrite(path, wedge, photometric=32803, extratags=extra, metadata=None)
    return path


def test_raw_is_developed_to_16_bits_and_becomes_tiff(tmp_path: Path) -> None:
    path = dng(tmp_path / "a.dng")
    photo = read_photo(path)
    assert photo.format == "RAW" and photo.rgb.dtype == np.uint16 and photo.rgb.shape == (64, 96, 3)
    row = photo.rgb[32, 4:-4].astype(float).mean(axis=1)
    assert (np.diff(row) > -300).all() and row[-1] > 2.5 * row[0]
    exif = Image.Exif()
    exif.load(b"Exif\0\0" + (photo.exif or b""))
    assert exif[271] == "Agfa"
    assert pages_of(path)[0][0][1] == 64 * 96
    (item,) = run_photos([path], None)
    assert item.status == "done" and item.output.name == "a-colorized.tif"
    assert read_photo(item.output).rgb.dtype == np.uint16


def test_raw_that_lies_on_its_side_is_turned(tmp_path: Path) -> None:
    assert read_photo(dng(tmp_path / "a.dng", orientation=6)).rgb.shape == (96, 64, 3)


# --- all of them


def test_kinds_are_told_by_content(tmp_path: Path) -> None:
    heads = {
        b"II*\0" + bytes(8): "TIFF",
        b"II*\0\x10\0\0\0CR\x02\0": "RAW",
        b"FUJIFILMCCD-RAW 0201": "RAW",
        b"\0\0\0\x18ftypcrx \0\0\0\x01crx isom": "RAW",
        b"\0\0\0\x18ftypheic\0\0\0\0mif1heic": "HEIF",
        b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic": "HEIF",
        b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif": "AVIF",
        b"\0\0\0\x20ftypmp42\0\0\0\0mp42isom": None,
        b"\xff\x0a" + bytes(9): "JXL",
        JXL.magic[1]: "JXL",
        b"\xff\xd8\xff": None,
    }
    for head, kind in heads.items():
        (tmp_path / "a.jpg").write_bytes(head)
        with open(tmp_path / "a.jpg", "rb") as file:
            found = kind_of(tmp_path / "a.jpg", file)
        assert (found and found.name) == kind


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "pillow-heif"),
        (b"\xff\x0a" + bytes(20), "pillow-jxl-plugin"),
        (b"FUJIFILMCCD-RAW 0201", "rawpy"),
    ],
)
def test_without_its_package_the_error_names_it(
    tmp_path: Path, head: bytes, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("pillow_heif", "pillow_jxl", "rawpy"):
        monkeypatch.setitem(sys.modules, module, None)
    (tmp_path / "a.xyz").write_bytes(head)
    with pytest.raises(InputError, match=rf"a\.xyz: .*pip install {name} .*\[formats\]"):
        read_photo(tmp_path / "a.xyz")
    assert len(pages_of(tmp_path / "a.xyz")[0]) == 1
    assert output_suffix(Path("a.heic"), "keep") == ".png"


@pytest.mark.parametrize("suffix", [".heic", ".avif", ".jxl", ".dng"])
def test_no_truncated_file_gives_half_a_picture(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    if suffix == ".jxl":
        jxl(path, grey_photo())
    elif suffix == ".dng":
        dng(path)
    elif suffix == ".avif" and not features.check("avif"):
        pytest.skip("this Pillow was built without AVIF")
    else:
        if suffix == ".heic":
            pytest.importorskip("pillow_heif", reason="pillow-heif is not installed")
        write_photo(Photo(tmp_path / "s", grey_photo()), path)
    data = path.read_bytes()
    for share in (0.01, 0.3, 0.6, 0.97):
        path.write_bytes(data[: int(len(data) * share)])
        with pytest.raises(InputError, match=r"a\."):
            read_photo(path)


def test_suffixes_of_results() -> None:
    assert [output_suffix(Path(name), "keep") for name in ("a.NEF", "a.cr3", "a.jxl")] == [
        ".tif",
        ".tif",
        ".png",
    ]
