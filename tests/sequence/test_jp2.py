"""JPEG 2000 as frames."""

import struct
from pathlib import Path

import numpy as np
import pytest

from deoldify_lite.errors import InputError
from deoldify_lite.sequence.frames import look, new_frame, read, write
from deoldify_lite.sequence.light import join
from helpers.frames import luma, ramp

imagecodecs = pytest.importorskip("imagecodecs")

CHROMA = np.random.default_rng(3).uniform(-0.4, 0.4, (2, 4, 5)).astype(np.float32)
XMP = struct.pack(">I4s16s", 29, b"uuid", bytes.fromhex("be7acfcb97a942e89c71999491e3afac")) + b"<xmp>"
COMMENT = b"\xff\x64\x00\x0b\0\1scan 12"


def packed(pixels: np.ndarray, bits: int, kind: str, **options: object) -> bytes:
    data: bytes = imagecodecs.jpeg2k_encode(
        pixels.squeeze(), codecformat=kind, bitspersample=bits, level=0, reversible=True, **options
    )
    return data


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(body), kind) + body


def with_header(data: bytes, colors: bytes) -> bytes:
    """The same file with other boxes that tell its colours."""
    at = data.index(b"jp2h") - 4
    end = at + int.from_bytes(data[at : at + 4], "big")
    return data[:at] + box(b"jp2h", data[at + 8 : at + 30] + colors) + data[end:]


@pytest.mark.parametrize("suffix", ["jp2", "j2k"])
@pytest.mark.parametrize("bits", [8, 10, 12, 16])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_luma_and_depth_are_kept(tmp_path: Path, channels: int, bits: int, suffix: str) -> None:
    pixels = ramp(12, 14, channels, bits)
    path = tmp_path / f"1.{suffix}"
    path.write_bytes(packed(pixels, bits, suffix))
    facts = look(path)
    assert (facts.width, facts.height, facts.channels, facts.bits) == (14, 12, min(channels, 3), bits)
    frame = read(path)
    assert frame.facts == facts
    np.testing.assert_array_equal(frame.pixels, pixels[..., :3])
    write(tmp_path / f"2.{suffix}", join(frame, CHROMA))
    again = read(tmp_path / f"2.{suffix}")
    assert (again.facts.bits, again.facts.channels, again.facts.has_alpha) == (bits, 3, channels == 4)
    np.testing.assert_array_equal(again.pixels, join(frame, CHROMA).pixels)
    assert np.abs(luma(again.pixels) - luma(pixels[..., :3])).max() <= 0.5
    if channels == 4:
        assert again.alpha is not None
        np.testing.assert_array_equal(again.alpha, pixels[..., 3])


def test_boxes_and_comments_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "1.jp2"
    data = packed(ramp(12, 14, 1, 10), 10, "jp2")
    resolution = box(b"res ", box(b"resc", struct.pack(">4H2b", 300, 1, 300, 1, 2, 2)))
    data = with_header(data, data[data.index(b"colr") - 4 : data.index(b"jp2c") - 4] + resolution)
    at = data.index(b"\xff\x90")
    start = data.index(b"jp2c") - 4
    stream = data[start + 8 : at] + COMMENT + data[at:]
    path.write_bytes(data[:start] + XMP + box(b"jp2c", stream) + box(b"xml ", b"<slate/>"))
    write(tmp_path / "2.jp2", join(read(path), CHROMA))
    result = (tmp_path / "2.jp2").read_bytes()
    assert result.startswith(data[:12]) and result.endswith(box(b"xml ", b"<slate/>"))
    assert XMP in result and resolution in result and result.count(COMMENT) == 1
    # Grey has become sRGB.
    assert box(b"colr", struct.pack(">BBBI", 1, 0, 0, 16)) in result
    assert result[result.index(b"ihdr") + 12 :][:2] == b"\0\3"
    assert imagecodecs.jpeg2k_decode(result).shape == (12, 14, 3)


def test_a_profile_of_grey_is_left_out_with_a_warning(tmp_path: Path) -> None:
    path = tmp_path / "1.jp2"
    profile = bytes(16) + b"GRAY" + bytes(108)
    path.write_bytes(with_header(packed(ramp(12, 14, 1, 8), 8, "jp2"), box(b"colr", b"\2\0\0" + profile)))
    warnings = write(tmp_path / "2.jp2", join(read(path), CHROMA))
    assert warnings == ("its colour profile, of grey, is left out; the result is in sRGB",)
    assert profile not in (tmp_path / "2.jp2").read_bytes()


@pytest.mark.parametrize("suffix", ["jp2", "j2k"])
def test_a_file_that_is_cut_short_or_damaged_is_told_of(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"1.{suffix}"
    data = packed(ramp(12, 14, 3, 12), 12, suffix)
    for length in (*range(1, len(data), 31), len(data) - 1):
        path.write_bytes(data[:length])
        with pytest.raises(InputError, match=r"1\.\w+: (cut short|no |damaged)"):
            look(path)
    rng = np.random.default_rng(0)
    for _ in range(60):
        harmed = bytearray(data)
        harmed[rng.integers(0, len(data))] ^= int(rng.integers(1, 256))
        path.write_bytes(harmed)
        try:
            read(path)
        except InputError as error:
            assert str(path) in str(error)


@pytest.mark.parametrize(
    ("colors", "words"),
    [
        (box(b"colr", struct.pack(">BBBI", 1, 0, 0, 18)), "colours of the space 18"),
        (box(b"colr", b"\2\0\0" + bytes(16) + b"CMYK" + bytes(108)), "colours of a profile for CMYK"),
        (box(b"pclr", bytes(8)), "a palette"),
        (box(b"cdef", struct.pack(">10H", 3, 0, 0, 3, 1, 0, 2, 2, 0, 1)), "channels in another order"),
    ],
)
def test_what_is_not_read_is_refused_by_name(tmp_path: Path, colors: bytes, words: str) -> None:
    path = tmp_path / "1.jp2"
    path.write_bytes(with_header(packed(ramp(12, 14, 3, 8), 8, "jp2"), colors))
    with pytest.raises(InputError, match=rf"1\.jp2: a JPEG 2000 with {words}.*Convert the sequence to TIFF"):
        look(path)


@pytest.mark.parametrize(
    ("at", "value", "words"),
    [
        (6, 3, "colours of digital cinema"),
        (42, 0x8B, "channels of several depths"),
        (43, 2, "channels of several sizes"),
        (41, 2, "2 channels"),
    ],
)
def test_codestreams_that_are_not_read(tmp_path: Path, at: int, value: int, words: str) -> None:
    path = tmp_path / "1.j2k"
    data = bytearray(packed(ramp(12, 14, 3, 12), 12, "j2k"))
    data[at : at + 2] = struct.pack(">H", value) if at == 6 else bytes([value]) + data[at + 1 : at + 2]
    path.write_bytes(data)
    with pytest.raises(InputError, match=rf"with {words}"):
        look(path)


def test_new_frames(tmp_path: Path) -> None:
    for bits in (8, 12):
        for path in (tmp_path / f"{bits}.jp2", tmp_path / f"{bits}.j2k"):
            pixels = ramp(6, 5, 3, bits)
            write(path, new_frame(path, pixels, bits=bits))
            np.testing.assert_array_equal(read(path).pixels, pixels)
            assert look(path).bits == bits
    with pytest.raises(InputError, match="not of 14"):
        new_frame(tmp_path / "1.jp2", pixels, bits=14)
