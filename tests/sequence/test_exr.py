"""OpenEXR: half and float, channels, parts and header, and what is refused or damaged."""

import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deoldify_lite.errors import DeoldifyError, InputError
from deoldify_lite.sequence.frames import at_place, look, new_frame, read, write
from deoldify_lite.sequence.light import join
from helpers.films import make
from helpers.frames import luma

OpenEXR = pytest.importorskip("OpenEXR")

CHROMA = np.random.default_rng(3).uniform(-0.4, 0.4, (2, 4, 5)).astype(np.float32)
# Blacks, what is below them, all tones, and lights above white.
TONES = np.concatenate([[-0.05, 0, 1e-7, 1e-3], np.geomspace(1e-3, 900, 8 * 9 - 4)]).reshape(8, 9)
COMPRESSIONS = [
    *("NO_COMPRESSION", "RLE_COMPRESSION", "ZIPS_COMPRESSION", "ZIP_COMPRESSION"),
    *("PIZ_COMPRESSION", "PXR24_COMPRESSION", "B44_COMPRESSION", "DWAA_COMPRESSION"),
]


def write_exr(path: Path, channels: dict[str, np.ndarray], **header: Any) -> Path:
    OpenEXR.File({"type": OpenEXR.scanlineimage, **header}, channels).write(str(path))
    return path


def header_of(path: Path) -> dict[str, Any]:
    return OpenEXR.File(str(path), separate_channels=True).header()


@pytest.mark.parametrize("compression", COMPRESSIONS)
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
@pytest.mark.parametrize("names", ["Y", "RGB", "RGBAZ"])
def test_luma_and_all_else_is_kept(tmp_path: Path, names: str, dtype: type, compression: str) -> None:
    channels = {name: TONES.astype(dtype) for name in names}
    number = getattr(OpenEXR, compression)
    path = write_exr(tmp_path / "1.exr", channels, compression=number)
    frame = read(path)
    assert look(path) == frame.facts
    colored = join(frame, CHROMA)
    warnings = write(tmp_path / "2.exr", colored)
    again = read(tmp_path / "2.exr")
    # PXR24 keeps 24 bits of a float, which is more than luma needs.
    rounded = 2e-5 if dtype == np.float32 and compression.startswith("PXR24") else 0
    np.testing.assert_allclose(again.pixels, colored.pixels, rtol=rounded)
    assert again.pixels.dtype == dtype
    before, after = luma(frame.pixels), luma(again.pixels)
    assert (np.abs(after - before) <= 1e-4 * np.abs(before)).all()
    assert after.max() > 1 and after.min() < 0
    assert np.median(np.ptp(again.pixels[1:].astype(float), axis=2) / before[1:]) > 0.02
    lossy = compression.startswith(("B44", "DWAA"))
    assert ("would change luma" in " ".join(warnings)) == lossy
    written = header_of(tmp_path / "2.exr")["compression"]
    assert written == (OpenEXR.ZIP_COMPRESSION if lossy else number)
    for name in set(names) & set("AZ"):
        one, other = (OpenEXR.File(str(at), separate_channels=True).channels()[name].pixels
                      for at in (path, tmp_path / "2.exr"))  # fmt: skip
        np.testing.assert_array_equal(one, other)


def test_the_header_is_told_and_kept(tmp_path: Path) -> None:
    header = {
        "framesPerSecond": Fraction(24000, 1001),
        "timeCode": OpenEXR.TimeCode(1, 2, 33, 13, *([0] * 14)),
        "keyCode": OpenEXR.KeyCode(12, 5, 123456, 789, 3, 4, 64),
        "pixelAspectRatio": 2.0,
        "owner": "the archive",
        "dataWindow": (np.array([3, 4], np.int32), np.array([11, 11], np.int32)),
        "displayWindow": (np.array([0, 0], np.int32), np.array([15, 15], np.int32)),
        "lineOrder": OpenEXR.DECREASING_Y,
        "note": "ours",
    }
    path = write_exr(tmp_path / "1.exr", {name: TONES.astype(np.float16) for name in "RGB"}, **header)
    frame = read(path)
    facts = frame.facts
    assert (facts.width, facts.height, facts.aspect) == (9, 8, 2)
    assert (facts.rate, facts.timecode) == (Fraction(24000, 1001), "01:02:33:13")
    assert facts.texts == {"owner": "the archive", "note": "ours", "keycode": "12 5 123456 789 3"}
    write(tmp_path / "2.exr", join(frame, CHROMA))
    assert look(tmp_path / "2.exr") == facts
    before, after = header_of(path), header_of(tmp_path / "2.exr")
    assert {name: str(value) for name, value in before.items()} == {
        name: str(value) for name, value in after.items()
    }


def test_a_frame_that_is_shown_again_has_its_own_timecode(tmp_path: Path) -> None:
    header = {
        "timeCode": OpenEXR.TimeCode(1, 2, 33, 13, 0, 1, *([0] * 4), *range(8)),
        "keyCode": OpenEXR.KeyCode(12, 5, 123456, 789, 3, 4, 64),
    }
    path = write_exr(tmp_path / "1.exr", {"Y": TONES.astype(np.float16)}, **header)
    write(tmp_path / "2.exr", at_place(read(path), "01:02:34:01", 12))
    facts = look(tmp_path / "2.exr")
    assert (facts.timecode, facts.texts) == ("01:02:34:01", look(path).texts)
    before, after = (header_of(tmp_path / name)["timeCode"] for name in ("1.exr", "2.exr"))
    assert after.colorFrame == 1 and after.userData == before.userData


def test_every_part_is_kept(tmp_path: Path) -> None:
    depth = np.arange(72, dtype=np.uint32).reshape(8, 9)
    parts = [
        OpenEXR.Part({"type": OpenEXR.scanlineimage}, {"id": depth}, "ids"),
        OpenEXR.Part({"type": OpenEXR.scanlineimage}, {"Y": TONES.astype(np.float16)}, "picture"),
    ]
    OpenEXR.File(parts).write(str(tmp_path / "1.exr"))
    write(tmp_path / "2.exr", join(read(tmp_path / "1.exr"), CHROMA))
    written = OpenEXR.File(str(tmp_path / "2.exr"), separate_channels=True).parts
    assert [sorted(part.channels) for part in written] == [["id"], ["B", "G", "R"]]
    np.testing.assert_array_equal(written[0].channels["id"].pixels, depth)


def test_infinity_and_no_numbers_stay(tmp_path: Path) -> None:
    values = TONES.astype(np.float16)
    values[0, :3] = np.nan, np.inf, -np.inf
    path = write_exr(tmp_path / "1.exr", {name: values for name in "RGB"})
    pixels = join(read(path), CHROMA).pixels
    np.testing.assert_array_equal(pixels[0, :3], np.repeat(values[0, :3, None], 3, 1))
    assert np.isfinite(pixels[1:]).all()


def test_what_is_refused_is_named(tmp_path: Path) -> None:
    path = tmp_path / "1.exr"
    for channels, words in (
        ({"Z": TONES.astype(np.float32)}, "no channels R, G and B"),
        ({"Y": np.zeros((8, 9), np.uint32)}, "whole numbers"),
    ):
        write_exr(path, channels)
        for take in (look, read):
            with pytest.raises(InputError, match=f"1.exr: .*{words}"):
                take(path)
    path.write_bytes(b"no such picture")
    with pytest.raises(InputError, match=r"1.exr: no OpenEXR"):
        look(path)


@pytest.mark.parametrize("compression", ["NO_COMPRESSION", "ZIP_COMPRESSION", "PIZ_COMPRESSION"])
def test_a_file_that_is_cut_short_anywhere_is_told_of(
    tmp_path: Path, compression: str, capfd: pytest.CaptureFixture[str]
) -> None:
    channels = {name: TONES.astype(np.float16) for name in "RGB"}
    path = write_exr(tmp_path / "1.exr", channels, compression=getattr(OpenEXR, compression))
    data = path.read_bytes()
    for length in (*range(0, len(data) - 40, 7), *range(len(data) - 40, len(data))):
        path.write_bytes(data[:length])
        for take in (look, read):
            with pytest.raises(InputError, match=r"1.exr: (cut short|damaged|no OpenEXR)"):
                take(path)
    assert capfd.readouterr().out == ""  # which may be for results alone


@given(st.binary(min_size=1, max_size=24), st.integers(0, 900))
@settings(deadline=None, max_examples=150)
def test_damaged_files_give_clear_errors_or_pictures(
    tmp_path_factory: pytest.TempPathFactory, damage: bytes, at: int
) -> None:
    path = tmp_path_factory.mktemp("damaged") / "1.exr"
    write_exr(path, {"Y": TONES.astype(np.float16)}, compression=OpenEXR.ZIP_COMPRESSION)
    data = bytearray(path.read_bytes())
    data[at : at + len(damage)] = damage
    path.write_bytes(data)
    try:
        frame = read(path)
    except DeoldifyError as error:
        assert str(path) in str(error)
    else:
        assert frame.pixels.shape[:2] == (frame.facts.height, frame.facts.width)


def test_huge_sizes_in_a_header_take_no_memory(tmp_path: Path) -> None:
    path = write_exr(tmp_path / "1.exr", {"Y": TONES.astype(np.float16)})
    data = bytearray(path.read_bytes())
    at = data.index(b"dataWindow") + len("dataWindow\0box2i\0") + 4
    data[at : at + 16] = struct.pack("<4i", 0, 0, 900_000, 900_000)
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"1.exr: (cut short|damaged)"):
        read(path)


def test_new_frames_are_light(tmp_path: Path) -> None:
    pixels = np.linspace(0, 255, 72).reshape(8, 9).round().astype(np.uint8)
    path = tmp_path / "1.exr"
    told = {"rate": Fraction(24000, 1001), "timecode": "01:02:03;04"}
    write(path, new_frame(path, np.dstack([pixels] * 3), bits=16, **told))
    frame = read(path)
    assert {"rate": frame.facts.rate, "timecode": frame.facts.timecode} == told
    np.testing.assert_allclose(frame.pixels[..., 0], (pixels / 255) ** 2.2, rtol=1e-3, atol=1e-7)


def test_a_file_without_the_aspect_of_its_pixels_is_read(tmp_path: Path) -> None:
    """As ffmpeg writes it."""
    path = make(tmp_path / "a.exr", "-f", "lavfi", "-i", "testsrc=s=16x8,setsar=0", "-frames:v", 1)
    assert b"pixelAspectRatio" not in path.read_bytes()
    assert (look(path).width, look(path).aspect) == (16, 1)
