"""Photoshop files."""

import struct
from pathlib import Path

import numpy as np
import pytest

from deoldify_lite.errors import InputError
from deoldify_lite.photo.io import pages_of, read_photo
from deoldify_lite.photo.photo import Photo
from helpers.rare import psd, psd_resource

GREY = np.tile(np.arange(96, dtype=np.uint8) * 2, (64, 1))
RGB = np.stack([GREY, GREY[:, ::-1], GREY // 2])


def read(folder: Path, data: bytes) -> Photo:
    path = folder / "a.psd"
    path.write_bytes(data)
    return read_photo(path)


def test_the_flattened_picture_is_read_with_its_metadata(tmp_path: Path) -> None:
    resources = [
        psd_resource(1005, struct.pack(">IHHIHH", 300 << 16, 1, 1, 150 << 16, 1, 1)),
        psd_resource(1060, b"<x:xmpmeta/>"),
        psd_resource(1028, b"\x1c\x02\x78\x00\x03old"),
    ]
    photo = read(tmp_path, psd(RGB, 3, b"".join(resources)))
    assert np.array_equal(photo.rgb, np.moveaxis(RGB, 0, 2)) and photo.alpha is None
    assert (photo.dpi, photo.xmp, photo.iptc) == ((300, 150), b"<x:xmpmeta/>", b"\x1c\x02\x78\x00\x03old")
    assert photo.format == "PSD" and photo.warnings == ()
    assert pages_of(tmp_path / "a.psd") == ([(0, 96 * 64)], [])


def test_grey_cmyk_and_lab(tmp_path: Path) -> None:
    assert np.array_equal(read(tmp_path, psd(GREY[None], 1)).rgb[..., 1], GREY)
    full = np.full_like(GREY, 255)  # no ink: these planes are inverted
    assert np.array_equal(read(tmp_path, psd(np.stack([full, full, full, GREY]), 4)).rgb[..., 1], GREY)
    lab = read(tmp_path, psd(np.stack([full, full // 2 + 1, full // 2 + 1]), 9))
    assert lab.rgb.min() >= 254


def test_a_selection_is_no_transparency(tmp_path: Path) -> None:
    four = np.concatenate([RGB, np.zeros_like(GREY)[None]])
    photo = read(tmp_path, psd(four, 3))
    assert photo.alpha is None and photo.warnings == ("its saved selection (alpha channel) is left out",)
    photo = read(tmp_path, psd(four, 3, layers=-1))
    assert photo.alpha is not None and photo.alpha.max() == 0
    assert photo.warnings == ("its layers are left out; the result has the flattened picture",)


@pytest.mark.parametrize(("channels", "mode"), [(2, 1), (5, 3), (5, 4), (4, 9)])
def test_channels_that_are_left_out_are_told_of(tmp_path: Path, channels: int, mode: int) -> None:
    (warning,) = read(tmp_path, psd(np.stack([GREY] * channels), mode)).warnings
    assert "more channels" in warning


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (psd(RGB, 3, psd_resource(1057, struct.pack(">IB", 1, 0) + bytes(8))), "Maximize Compatibility"),
        (psd(GREY[None].astype(np.uint16), 1), "16 bits.*save it as TIFF"),
        (psd(RGB, 3, version=2), "large Photoshop file.*save it as TIFF"),
        (psd(RGB, 7), "separate inks"),
        (psd(RGB, 3)[:-5000], "truncated"),
    ],
)
def test_what_is_not_read_is_told(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(tmp_path, data)
