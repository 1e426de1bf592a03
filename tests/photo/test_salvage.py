"""What is left of damaged photos."""

import io
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image

from deoldify_lite.errors import InputError
from deoldify_lite.photo.io import read_photo
from helpers.photos import NO_WARNINGS
from helpers.profiles import SRGB_ICC

XMP = b"<x:xmpmeta/>"
pytestmark = NO_WARNINGS

RNG = np.random.default_rng(1)
RGB = RNG.integers(1, 256, (200, 120, 3), np.uint8)
DEEP = RGB.astype(np.uint16) * 257
EXIF = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x0e\0\x02\0\0\0\x04old\0\0\0\0\0"


def encoded(format: str, pixels: np.ndarray = RGB, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format, **options)
    return buffer.getvalue()


def cut(folder: Path, name: str, data: bytes, share: float = 0.5) -> Path:
    path = folder / name
    path.write_bytes(data[: int(len(data) * share)])
    with pytest.raises(InputError, match=r"--damaged"):
        read_photo(path)
    return path


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.jpg", encoded("JPEG", exif=EXIF, icc_profile=SRGB_ICC, quality=95)),
        ("a.png", encoded("PNG", exif=EXIF, icc_profile=SRGB_ICC)),
        ("a.bmp", encoded("BMP")),
        ("a.ppm", encoded("PPM")),
        ("grey.jpg", encoded("JPEG", RGB[..., 0], exif=EXIF, icc_profile=None)),
        ("deep.png", cv2.imencode(".png", DEEP[..., ::-1])[1].tobytes()),
    ],
    # Not by the bytes: a profile holds the time when it was made, which differs between processes.
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_the_part_that_is_there_is_as_it_was(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / f"whole-{name}").write_bytes(data)
    whole = read_photo(tmp_path / f"whole-{name}")
    photo = read_photo(cut(tmp_path, name, data), damaged=True)
    assert photo.rgb.shape == whole.rgb.shape and photo.rgb.dtype == whole.rgb.dtype
    (warning,) = photo.warnings
    if name == "a.bmp":  # its rows go from below
        assert warning == "is damaged: parts of its picture may be missing, or coarse"
        assert np.array_equal(photo.rgb[110:], whole.rgb[110:])
    else:
        assert warning.startswith("is damaged: only the upper ") and warning.endswith(
            "its 200 rows could be read"
        )
        rows = int(warning.split()[5])
        assert 80 <= rows <= 120 and np.array_equal(photo.rgb[: rows - 1], whole.rgb[: rows - 1])
    assert (photo.exif, photo.icc) == (whole.exif, whole.icc)


def test_a_progressive_jpeg_is_coarse(tmp_path: Path) -> None:
    photo = read_photo(cut(tmp_path, "a.jpg", encoded("JPEG", progressive=True), 0.8), damaged=True)
    assert photo.warnings == ("is damaged: parts of its picture may be missing, or coarse",)
    assert photo.rgb[-1].std() > 10


@pytest.mark.parametrize(
    "options", [{}, {"compression": "deflate"}, {"tile": (32, 32), "compression": "deflate"}]
)
@pytest.mark.parametrize("pixels", [RGB, DEEP, RGB[..., 0]], ids=["rgb8", "rgb16", "grey8"])
def test_strips_and_tiles_of_tiff(tmp_path: Path, pixels: np.ndarray, options: dict) -> None:
    buffer = io.BytesIO()
    kind = "rgb" if pixels.ndim == 3 else "minisblack"
    strips = {} if "tile" in options else {"rowsperstrip": 8}
    tifffile.imwrite(
        buffer, pixels, photometric=kind, **strips, **options, extratags=[(700, 1, len(XMP), XMP, True)]
    )
    photo = read_photo(cut(tmp_path, "a.tif", buffer.getvalue(), 0.6), damaged=True)
    wanted = pixels if pixels.ndim == 3 else np.dstack([pixels] * 3)
    assert photo.rgb.dtype == wanted.dtype and photo.rgb.shape == wanted.shape
    assert np.array_equal(photo.rgb[:64], wanted[:64]) and not photo.rgb[-4:].any() and photo.xmp
    assert any("is damaged" in warning for warning in photo.warnings)


def test_a_whole_photo_is_read_as_ever(tmp_path: Path) -> None:
    Image.fromarray(RGB).save(tmp_path / "a.png")
    photo = read_photo(tmp_path / "a.png", damaged=True)
    assert photo.warnings == () and np.array_equal(photo.rgb, RGB)


@pytest.mark.parametrize("format", ["JPEG", "PNG", "BMP", "TIFF", "WEBP"])
def test_of_a_mere_header_nothing_is_made(tmp_path: Path, format: str) -> None:
    data = encoded(format)
    path = cut(tmp_path, "a.jpg", data, 54 / len(data))
    with pytest.raises(InputError, match=r"a\.jpg") as caught:
        read_photo(path, damaged=True)
    assert "--damaged" not in str(caught.value)
