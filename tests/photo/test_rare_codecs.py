"""TIFFs and JPEGs with codecs and depths that Pillow does not read."""

import struct
import sys
from pathlib import Path

import numpy as np
import pytest
import tifffile

from deoldify_lite.errors import InputError
from deoldify_lite.photo import tiff_depth
from deoldify_lite.photo.io import pages_of, read_photo, write_photo
from helpers.photos import GREY8, GREY16, NO_WARNINGS, RGB8, RGB16, grey_rgb

imagecodecs = pytest.importorskip("imagecodecs")
pytestmark = NO_WARNINGS

EXIF = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x0e\0\x02\0\0\0\x04old\0\0\0\0\0"


def tiff(folder: Path, pixels: np.ndarray, **options: object) -> Path:
    options.setdefault("photometric", "rgb" if 3 in pixels.shape else "minisblack")
    tifffile.imwrite(folder / "a.tif", pixels, **options)
    return folder / "a.tif"


@pytest.mark.parametrize(
    ("pixels", "planar"),
    [(GREY8, False), (GREY16, False), (RGB8, False), (RGB8, True), (RGB16, False), (RGB16, True)],
    ids=["grey8", "grey16", "rgb8", "rgb8-planar", "rgb16", "rgb16-planar"],
)
@pytest.mark.parametrize(
    "codec", ["lzw", "zstd", "lzma", "jpeg2000", "jpegxl", "deflate", "packbits", "lerc"]
)
def test_codecs_of_tiff(tmp_path: Path, pixels: np.ndarray, codec: str, planar: bool) -> None:
    wanted = pixels if pixels.ndim == 3 else grey_rgb(pixels)
    if planar:
        pixels, options = np.moveaxis(pixels, 2, 0), {"planarconfig": "separate"}
    else:
        options = {}
    lossless = (
        {"reversible": True} if codec == "jpeg2000" else {"lossless": True} if codec == "jpegxl" else {}
    )
    path = tiff(tmp_path, pixels, compression=codec, compressionargs=lossless or None, **options)
    photo = read_photo(path)
    assert photo.rgb.dtype == wanted.dtype and np.array_equal(photo.rgb, wanted)
    assert photo.warnings == ()


@pytest.mark.parametrize("alpha", [False, True])
def test_webp_in_a_tiff(tmp_path: Path, alpha: bool) -> None:
    pixels = np.dstack([RGB8, GREY8]) if alpha else RGB8
    extra = {"photometric": "rgb", "extrasamples": ["unassalpha"] if alpha else None}
    path = tiff(tmp_path, pixels, compression="webp", compressionargs={"lossless": True}, **extra)
    photo = read_photo(path)
    assert np.array_equal(photo.rgb, RGB8) or alpha
    assert not alpha or np.array_equal(photo.alpha, GREY8)
    assert photo.warnings == ()


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_bits_between_8_and_16(tmp_path: Path, bits: int) -> None:
    path = tmp_path / "a.tif"
    height, width = GREY16.shape
    places = np.arange(15, 15 - bits, -1)  # of the upper bits
    in_bits = (GREY16[..., None] >> places & 1).reshape(height, -1).astype(np.uint8)
    rows = np.packbits(in_bits, axis=1).tobytes()
    entries = [(256, 4, width), (257, 4, height), (258, 3, bits), (259, 3, 1), (262, 3, 1), (273, 4, 8)]
    entries += [(277, 3, 1), (278, 4, height), (279, 4, len(rows))]
    directory = struct.pack("<H", len(entries)) + b"".join(
        struct.pack("<HHII", t, k, 1, v) for t, k, v in entries
    )
    path.write_bytes(struct.pack("<2sHI", b"II", 42, 8 + len(rows)) + rows + directory + bytes(4))
    wanted = np.round((GREY16 >> (16 - bits)) * (65_535 / (2**bits - 1)))
    photo = read_photo(path)
    assert np.array_equal(photo.rgb[..., 1], wanted) and photo.warnings == ()


@pytest.mark.parametrize("dtype", [np.uint32, np.float16, np.float32, np.float64])
@pytest.mark.parametrize("deep", [GREY16, RGB16], ids=["grey", "rgb"])
def test_more_than_16_bits_are_rounded(tmp_path: Path, dtype: type, deep: np.ndarray) -> None:
    pixels = deep.astype(dtype) * 65_537 if dtype is np.uint32 else (deep / 65_535).astype(dtype)
    photo = read_photo(tiff(tmp_path, pixels))
    wanted = deep if deep.ndim == 3 else grey_rgb(deep)
    assert photo.rgb.dtype == np.uint16
    assert np.abs(photo.rgb.astype(int) - wanted).max() <= (32 if dtype is np.float16 else 0)
    assert photo.warnings == (f"has {8 * np.dtype(dtype).itemsize} bits a sample, which are rounded to 16",)


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (GREY16.astype(np.float32), r"floating-point samples are not all within 0 to 1"),
        (np.full((16, 16), np.nan, np.float32), r"floating-point samples are not all within 0 to 1"),
        (
            (GREY16 >> 1).astype(np.int16),
            r"TIFF of 16 signed bits a sample, grey.*save it as a TIFF of 8 or 16",
        ),
        (GREY16.astype(np.int32), r"TIFF of 32 signed bits a sample"),
        (GREY8.astype(np.int8), r"TIFF of 8 signed bits a sample"),
        (GREY16.astype(np.complex64), r"TIFF of 64 complex bits a sample"),
        (GREY16.astype(np.uint64), r"TIFF of 64 bits a sample"),
    ],
)
def test_samples_that_are_no_brightness(tmp_path: Path, pixels: np.ndarray, message: str) -> None:
    with pytest.raises(InputError, match=rf"a\.tif: .*{message}"):
        read_photo(tiff(tmp_path, pixels))


def test_a_tiff_of_a_rare_kind_is_named(tmp_path: Path) -> None:
    path = tiff(tmp_path, np.dstack([RGB8, RGB8[..., :1]]), compression="jpeg2000", photometric="separated")
    with pytest.raises(
        InputError, match=r"TIFF of 8 bits a sample, CMYK, with compression JPEG2000, which is not"
    ):
        read_photo(path)


@pytest.mark.parametrize(
    "error",
    [ValueError("requires the 'imagecodecs' package"), ModuleNotFoundError("No module named 'compression'")],
)
@pytest.mark.parametrize("pixels", [RGB8, RGB16])
def test_without_imagecodecs_its_name_is_told(
    tmp_path: Path, monkeypatch, error: Exception, pixels: np.ndarray
) -> None:
    def asarray(self: object) -> np.ndarray:
        raise error

    path = tiff(tmp_path, pixels, compression="jpegxl", compressionargs={"lossless": True})
    monkeypatch.setattr(tifffile.TiffPage, "asarray", asarray)
    monkeypatch.setattr(tiff_depth, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"TIFF of .* compression JPEGXL.* run: pip install imagecodecs"):
        read_photo(path)


def with_exif(jpeg: bytes) -> bytes:
    return jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(EXIF) + 2) + EXIF + jpeg[2:]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("sort", ["12 bits", "lossless 8", "lossless 12", "lossless 16", "ls 8", "ls 16"])
def test_jpegs_that_pillow_does_not_read(tmp_path: Path, sort: str, channels: int) -> None:
    bits = int(sort.split()[-1 - sort.endswith("bits")])
    ramp = np.round(np.linspace(0, (1 << bits) - 1, 64 * 96)).reshape(64, 96)
    pixels = np.stack([ramp] * channels, axis=2).squeeze().astype(np.uint8 if bits <= 8 else np.uint16)
    if sort.startswith("ls"):
        data = imagecodecs.jpegls_encode(pixels)
    else:
        data = imagecodecs.jpeg8_encode(pixels, 100, bitspersample=bits, lossless=sort.startswith("lossless"))
    (tmp_path / "a.jpg").write_bytes(with_exif(data))
    photo = read_photo(tmp_path / "a.jpg")
    assert photo.rgb.shape == (64, 96, 3) and photo.rgb.dtype == (np.uint8 if bits <= 8 else np.uint16)
    full = np.iinfo(photo.rgb.dtype).max
    error = np.abs(photo.rgb[..., 1] / full - ramp / ((1 << bits) - 1)).max()
    assert error <= (0.01 if sort == "12 bits" else 1e-5)
    assert photo.exif is not None and b"old" in photo.exif and photo.format == "JPEG"
    told = write_photo(photo, tmp_path / "b.jpg")
    assert told == (
        ("is written with 8 bits a sample, of more that it has; choose png or tif to keep 16",) * (bits > 8)
    )
    assert write_photo(photo, tmp_path / "b.png") == ()


def test_a_rare_jpeg_that_is_damaged_or_too_large(tmp_path: Path, monkeypatch) -> None:
    data = imagecodecs.jpegls_encode(GREY16)
    (tmp_path / "a.jpg").write_bytes(data[: len(data) // 2])
    with pytest.raises(InputError, match=r"a\.jpg"):
        read_photo(tmp_path / "a.jpg")
    (tmp_path / "a.jpg").write_bytes(data)
    monkeypatch.setattr("deoldify_lite.photo.limits.MAX_SIDE_PX", 8)
    with pytest.raises(InputError, match="the limit is"):
        read_photo(tmp_path / "a.jpg")
    assert pages_of(tmp_path / "a.jpg") == ([(0, 0)], [])


def test_a_rare_jpeg_without_imagecodecs(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "a.jpg").write_bytes(imagecodecs.jpegls_encode(GREY16))
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    with pytest.raises(InputError, match=r"to read JPEG-LS run: pip install imagecodecs"):
        read_photo(tmp_path / "a.jpg")
