"""JPEG 2000."""

import io
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from deoldify_lite.photo.io import read_photo
from deoldify_lite.photo.photo import Photo
from helpers.profiles import SRGB_ICC

GREY = np.tile(np.arange(0, 65_536, 512, dtype=np.uint16), (96, 1))
RGB = np.dstack([GREY, GREY[:, ::-1], GREY // 2])
XMP_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")


def read(folder: Path, data: bytes) -> Photo:
    path = folder / "a.jp2"
    path.write_bytes(data)
    return read_photo(path)


def encoded(pixels: np.ndarray) -> bytes:
    return cv2.imencode(".jp2", pixels[..., ::-1] if pixels.ndim == 3 else pixels)[1].tobytes()


def test_depth_is_kept(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    for pixels in (RGB, GREY, (RGB >> 8).astype(np.uint8), (GREY >> 8).astype(np.uint8)):
        photo = read(tmp_path, encoded(pixels))
        wanted = pixels if pixels.ndim == 3 else np.dstack([pixels] * 3)
        assert photo.rgb.dtype == pixels.dtype and np.array_equal(photo.rgb, wanted)
        assert photo.warnings == () and photo.format == "JPEG2000"
    assert capfd.readouterr().err == ""


def test_twelve_bits_fill_sixteen(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    imagecodecs = pytest.importorskip("imagecodecs")
    for kind in ("jp2", "j2k"):
        data = imagecodecs.jpeg2k_encode(RGB >> 4, level=0, bitspersample=12, codecformat=kind)
        photo = read(tmp_path, data)
        assert (
            photo.rgb.dtype == np.uint16 and np.abs(photo.rgb - ((RGB >> 4) * (65_535 / 4095))).max() <= 0.5
        )
    assert capfd.readouterr().err == ""  # OpenCV says that a codestream names no colour space


def test_profile_and_xmp_are_read(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    Image.fromarray((RGB >> 8).astype(np.uint8)).save(buffer, "JPEG2000")
    data = buffer.getvalue()
    place = data.index(b"colr") - 4
    (size,) = struct.unpack_from(">I", data, place)
    header = data.index(b"jp2h") - 4
    (header_size,) = struct.unpack_from(">I", data, header)
    profile = struct.pack(">I4s3B", 11 + len(SRGB_ICC), b"colr", 2, 0, 0) + SRGB_ICC
    xmp = b"<x:xmpmeta/>"
    data = b"".join(
        [
            data[:header],
            struct.pack(">I", header_size - size + len(profile)),
            data[header + 4 : place],
            profile,
            data[place + size : header + header_size],
            struct.pack(">I4s", 24 + len(xmp), b"uuid") + XMP_BOX + xmp,
            data[header + header_size :],
        ]
    )
    photo = read(tmp_path, data)
    assert (photo.icc, photo.xmp) == (SRGB_ICC, xmp)


def test_alpha_is_kept(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    alpha = np.full(GREY.shape, 7, np.uint8)
    Image.fromarray(np.dstack([(RGB >> 8).astype(np.uint8), alpha])).save(buffer, "JPEG2000")
    photo = read(tmp_path, buffer.getvalue())
    assert photo.alpha is not None and np.array_equal(photo.alpha, alpha)


def test_boxes_made_to_harm_end(tmp_path: Path) -> None:
    start = encoded((GREY >> 8).astype(np.uint8))[:12]
    for body in (
        struct.pack(">I4s", 0, b"free"),
        struct.pack(">I4sQ", 1, b"free", 0),
        b"\0\0\0\x08free" * 9999,
    ):
        with pytest.raises(Exception, match=r"a\.jp2"):
            read(tmp_path, start + body)
