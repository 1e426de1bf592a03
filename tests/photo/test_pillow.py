"""Kinds that Pillow reads, and most programs do not write any more."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deoldify_lite.errors import InputError
from deoldify_lite.photo.io import read_photo
from deoldify_lite.photo.kinds import output_suffix

GREY = np.tile(np.arange(96, dtype=np.uint8) * 2, (64, 1))
RGB = np.dstack([GREY, GREY[:, ::-1], GREY // 2])
DEEP = (np.arange(256, dtype=np.uint16) * 257).reshape(16, 16)


def saved(format: str, pixels: np.ndarray, **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("name", "format"),
    [("a.TGA", "TGA"), ("a.pcx", "PCX"), ("a.sgi", "SGI"), ("a.ppm", "PPM"), ("a.jp2", "JPEG2000"),
     ("a.mpo", "MPO"), ("a.dib", "BMP"), ("a.apng", "PNG")],
)  # fmt: skip
def test_kinds_are_read_as_they_are(tmp_path: Path, name: str, format: str) -> None:
    (tmp_path / name).write_bytes(saved(format, RGB, **({"quality": 100} if format == "MPO" else {})))
    photo = read_photo(tmp_path / name)
    assert np.abs(photo.rgb.astype(int) - RGB).max() <= (9 if format == "MPO" else 0)
    assert photo.warnings == ()


def test_results_of_kinds_without_metadata_are_png() -> None:
    for name in ("a.jp2", "a.psd", "a.PGM", "a.tga", "a.pcx", "a.sgi", "a.ras"):
        assert output_suffix(Path(name), "keep") == ".png"


def test_a_kind_without_a_mark_is_believed_to_its_name_alone(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.dat"):
        (tmp_path / name).write_bytes(saved("TGA", RGB))
        with pytest.raises(InputError, match="not a picture of a known kind"):
            read_photo(tmp_path / name)
    (tmp_path / "b.tga").write_bytes(saved("PNG", RGB))
    assert read_photo(tmp_path / "b.tga").format == "PNG"


def test_a_tga_without_bits_of_alpha_is_not_transparent(tmp_path: Path) -> None:
    data = bytearray(saved("TGA", np.dstack([RGB, np.zeros_like(GREY)])))
    (tmp_path / "a.tga").write_bytes(data)
    alpha = read_photo(tmp_path / "a.tga").alpha
    assert alpha is not None and alpha.max() == 0
    data[17] &= 0xF0
    (tmp_path / "a.tga").write_bytes(data)
    photo = read_photo(tmp_path / "a.tga")
    assert photo.alpha is None and np.array_equal(photo.rgb, RGB)


@pytest.mark.parametrize("most", [65_535, 4095, 1000, 256])
@pytest.mark.parametrize("channels", [1, 3])
def test_netpbm_of_any_depth(tmp_path: Path, most: int, channels: int) -> None:
    samples = np.round(np.repeat(DEEP[..., None], channels, axis=2) * (most / 65_535)).astype(">u2")
    wanted = np.broadcast_to(np.round(samples * (65_535 / most)), (16, 16, 3))
    head = f"# by a scanner\n16 16\n# its depth\n{most}\n"
    for number, body in (
        (5, samples.tobytes()),
        (2, " ".join(map(str, samples.ravel())).encode()),
    ):
        path = tmp_path / f"{number}.pnm"
        path.write_bytes(f"P{number + (channels == 3)}\n{head}".encode() + body)
        photo = read_photo(path)
        assert photo.rgb.dtype == np.uint16 and np.array_equal(photo.rgb, wanted), number
        assert photo.warnings == ()


def test_bitmaps_of_netpbm(tmp_path: Path) -> None:
    (tmp_path / "a.pbm").write_bytes(b"P4\n# 1 is black\n8 1\n\x0f")
    assert read_photo(tmp_path / "a.pbm").rgb[0, :, 0].tolist() == [255] * 4 + [0] * 4


def test_depth_that_is_lost_is_told(tmp_path: Path) -> None:
    (tmp_path / "a.sgi").write_bytes(saved("SGI", GREY, bpc=2))
    assert read_photo(tmp_path / "a.sgi").warnings == ("has 16 bits, of which 8 are read",)
