"""DPX of every flavour: samples, header, and what is refused or damaged."""

import struct
import subprocess
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deoldify_lite.errors import DeoldifyError, InputError, OptionError
from deoldify_lite.sequence.frame import DISPLAY, LINEAR, LOG
from deoldify_lite.sequence.frames import at_place, look, new_frame, read, write
from deoldify_lite.sequence.light import join
from helpers.frames import dpx_bytes, luma, ramp, write_dpx

FLAVOURS = [(8, 0), (10, 0), (10, 1), (10, 2), (12, 0), (12, 1), (12, 2), (16, 0), (16, 1)]
CHROMA = np.random.default_rng(3).uniform(-0.4, 0.4, (2, 4, 5)).astype(np.float32)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize(("bits", "method"), FLAVOURS)
def test_every_flavour_is_read_and_written_as_it_was(
    tmp_path: Path, bits: int, method: int, channels: int, order: str
) -> None:
    pixels = ramp(11, 13, channels, bits)
    data = dpx_bytes(pixels, bits, method, order, user_data=b"scanner".ljust(64, b"\0"), tail=b"end")
    path = tmp_path / "0001.dpx"
    path.write_bytes(data)
    frame = read(path)
    assert look(path) == frame.facts
    np.testing.assert_array_equal(frame.pixels, pixels[..., :3])
    assert frame.alpha is None if channels < 4 else np.array_equal(frame.alpha, pixels[..., 3])
    assert (frame.facts.bits, frame.facts.width, frame.facts.height) == (bits, 13, 11)

    write(tmp_path / "same.dpx", frame)
    assert (tmp_path / "same.dpx").read_bytes() == data

    colored = join(frame, CHROMA)
    write(tmp_path / "colored.dpx", colored)
    again, written = read(tmp_path / "colored.dpx"), (tmp_path / "colored.dpx").read_bytes()
    np.testing.assert_array_equal(again.pixels, colored.pixels)
    assert again.facts.packing == frame.facts.packing and again.facts.bits == bits
    assert np.abs(luma(again.pixels) - luma(frame.pixels)).max() <= 0.5
    assert np.ptp(again.pixels.astype(int), axis=2).max() > (1 << bits) // 20
    changed = [at for at in range(2048 + 64) if data[at] != written[at]]
    assert set(changed) <= ({16, 17, 18, 19, 800} if channels == 1 else set())
    assert written.endswith(b"end") and struct.unpack_from(f"{order}I", written, 16)[0] == len(written)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(
    "pix_fmt", ["gray", "rgb24", "rgba", "gbrp10", "gbrp12", "rgb48", "gray16", "rgba64"]
)
def test_frames_are_those_that_ffmpeg_reads_and_writes(tmp_path: Path, pix_fmt: str, order: str) -> None:
    if pix_fmt[-1].isdigit() and pix_fmt != "rgb24":
        pix_fmt += "le" if order == "<" else "be"
    path, other = tmp_path / "0001.dpx", tmp_path / "0002.dpx"
    ffmpeg = ["ffmpeg", "-v", "error", "-y"]
    source = ["-f", "lavfi", "-i", "testsrc2=s=62x40", "-frames:v", "1", "-pix_fmt", pix_fmt]
    subprocess.run([*ffmpeg, *source, str(path)], check=True)
    frame = read(path)
    write(other, join(frame, CHROMA))
    planar = "gbrp" + (f"{frame.facts.bits}le" if frame.facts.bits > 8 else "")
    raw = subprocess.run(
        [*ffmpeg, "-i", str(other), "-f", "rawvideo", "-pix_fmt", planar, "-"],
        check=True,
        capture_output=True,
    ).stdout
    dtype = "<u2" if frame.facts.bits > 8 else "u1"
    green, blue, red = np.frombuffer(raw, dtype).reshape(3, 40, 62)
    np.testing.assert_array_equal(np.dstack([red, green, blue]), join(frame, CHROMA).pixels)
    assert frame.facts.transfer == DISPLAY  # though ffmpeg calls all of it linear


def test_header_is_told(tmp_path: Path) -> None:
    fields = {
        1920: ("I", 0x01023313),
        1724: ("f", 23.976),
        1628: ("I", 2),
        1632: ("I", 1),
        160: ("7s", b"Scanner"),
        1664: ("16s", b"KU12" + b"05" + b"123456" + b"0789"),
        1760: ("5s", b"slate"),
    }
    facts = look(write_dpx(tmp_path / "a1.dpx", ramp(4, 4, 1, 10), 10, transfer=1, fields=fields))
    assert (facts.timecode, facts.rate, facts.aspect) == ("01:02:33:13", Fraction(24000, 1001), 2)
    assert facts.texts == {"creator": "Scanner", "keycode": "KU 12 05 123456 0789", "slate": "slate"}
    assert facts.transfer == LOG
    facts = look(write_dpx(tmp_path / "a2.dpx", ramp(4, 4, 3, 16), 16, transfer=2))
    assert (facts.timecode, facts.rate, facts.aspect, facts.texts) == (None, None, None, {})
    assert facts.transfer == LINEAR
    assert look(write_dpx(tmp_path / "a3.dpx", ramp(4, 4, 3, 10), 10, transfer=2)).transfer == DISPLAY


@pytest.mark.parametrize("order", "<>")
def test_a_frame_that_is_shown_again_counts_on(tmp_path: Path, order: str) -> None:
    fields = {
        1664: ("16s", b"KU12" + b"05" + b"123456" + b"0789"),
        1712: ("I", 41),
        1920: ("I", 0x01023313),
    }
    path = write_dpx(tmp_path / "1.dpx", ramp(4, 4, 3, 10), 10, order=order, fields=fields)
    write(tmp_path / "2.dpx", at_place(read(path), "01:02:34;02", 3))
    before, after = path.read_bytes(), (tmp_path / "2.dpx").read_bytes()
    assert struct.unpack_from(f"{order}I", after, 1712) == (44,)
    assert struct.unpack_from(f"{order}I", after, 1920) == (0x01023442,)
    assert look(tmp_path / "2.dpx").timecode == "01:02:34;02"
    changed = {at for at, (one, other) in enumerate(zip(before, after, strict=True)) if one != other}
    assert changed <= {*range(1712, 1716), *range(1920, 1924)}
    write(tmp_path / "3.dpx", at_place(read(path), None, -99))  # before the first: neither can be told
    assert (tmp_path / "3.dpx").read_bytes() == before


@pytest.mark.parametrize("orientation", range(9))
def test_frames_are_seen_upright_and_stored_as_they_were(tmp_path: Path, orientation: int) -> None:
    stored = ramp(5, 7, 3, 10)
    fields = {768: ("H", 65535 if orientation == 8 else orientation)}
    path = write_dpx(tmp_path / "a1.dpx", stored, 10, fields=fields)
    frame = read(path)
    upright = stored.transpose(1, 0, 2) if 4 <= orientation < 8 else stored
    upright = upright[:, ::-1] if orientation % 2 and orientation < 8 else upright
    upright = upright[::-1] if orientation in (2, 3, 6, 7) else upright
    np.testing.assert_array_equal(frame.pixels, upright)
    assert (frame.facts.height, frame.facts.width) == upright.shape[:2]
    write(tmp_path / "a2.dpx", frame)
    assert (tmp_path / "a2.dpx").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("who", [(1556, b"Scanity "), (160, b"Lasergraphics Inc."), None])
def test_rows_without_padding(tmp_path: Path, who: tuple[int, bytes] | None) -> None:
    pixels = ramp(5, 7, 1, 10)
    fields = {who[0]: (f"{len(who[1])}s", who[1])} if who else {}
    tail = bytes(3000) if who else b""  # rows with padding would fit as well
    path = write_dpx(tmp_path / "a1.dpx", pixels, 10, padded=False, fields=fields, tail=tail)
    frame = read(path)
    np.testing.assert_array_equal(frame.pixels, pixels)
    write(tmp_path / "a2.dpx", frame)
    assert (tmp_path / "a2.dpx").read_bytes() == path.read_bytes()


def test_offsets_that_are_not_told(tmp_path: Path) -> None:
    pixels = ramp(4, 4, 3, 8)
    for at in (4, 808):
        path = write_dpx(tmp_path / f"a{at}.dpx", pixels, 8, method=0, fields={at: ("I", 0)})
        np.testing.assert_array_equal(read(path).pixels, pixels)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({800: ("B", 4)}, "alpha alone"),
        ({800: ("B", 100)}, "YCbCr 4:2:2"),
        ({803: ("B", 32)}, "samples of 32 bits"),
        ({806: ("H", 1)}, "run-length"),
        ({770: ("H", 3)}, "3 picture elements"),
        ({772: ("I", 0)}, "header is damaged"),
        ({776: ("I", 9)}, "cut short"),
        ({0: ("4s", b"junk")}, "no DPX"),
    ],
)
def test_what_is_refused_is_named(tmp_path: Path, fields: dict[int, tuple[str, int]], words: str) -> None:
    path = write_dpx(tmp_path / "a1.dpx", ramp(4, 4, 3, 8), 8, method=0, fields=fields)
    for take in (look, read):
        with pytest.raises(InputError, match=f"a1.dpx: .*{words}"):
            take(path)


@pytest.mark.parametrize(("bits", "method"), [(8, 0), (10, 1), (12, 0)])
def test_a_file_that_is_cut_short_anywhere_is_told_of(tmp_path: Path, bits: int, method: int) -> None:
    data = dpx_bytes(ramp(5, 7, 1, bits), bits, method)
    path = tmp_path / "a1.dpx"
    for length in (*range(0, 2048, 149), *range(2048, len(data))):
        path.write_bytes(data[:length])
        for take in (look, read):
            with pytest.raises(InputError, match=r"a1.dpx: (cut short|no DPX)"):
                take(path)


@given(st.binary(min_size=0, max_size=48), st.integers(0, 2100), st.sampled_from(FLAVOURS))
@settings(deadline=None, max_examples=100)
def test_damaged_headers_give_clear_errors_or_pictures(
    tmp_path_factory: pytest.TempPathFactory, damage: bytes, at: int, flavour: tuple[int, int]
) -> None:
    data = bytearray(dpx_bytes(ramp(3, 5, 3, flavour[0]), *flavour))
    data[at : at + len(damage)] = damage
    path = tmp_path_factory.mktemp("damaged") / "a1.dpx"
    path.write_bytes(data)
    try:
        frame = read(path)
    except DeoldifyError as error:
        assert str(path) in str(error)
    else:
        assert frame.pixels.shape[:2] == (frame.facts.height, frame.facts.width)


def test_new_frames(tmp_path: Path) -> None:
    for bits in (8, 10, 12, 16):
        pixels = ramp(6, 5, 3, bits)
        path = tmp_path / f"{bits}.dpx"
        write(path, new_frame(path, pixels, bits=bits, rate=Fraction(24000, 1001), timecode="01:02:03:04"))
        frame = read(path)
        np.testing.assert_array_equal(frame.pixels, pixels)
        facts = frame.facts
        assert (facts.rate, facts.timecode, facts.transfer) == (Fraction(24000, 1001), "01:02:03:04", DISPLAY)


def test_the_source_is_never_written_to(tmp_path: Path) -> None:
    path = write_dpx(tmp_path / "a1.dpx", ramp(4, 4, 1, 10), 10)
    with pytest.raises(OptionError, match="is the source itself"):
        write(path, read(path))
    with pytest.raises(OptionError, match="keep its suffix"):
        write(tmp_path / "a1.tif", read(path))
    with pytest.raises(InputError, match="cannot be opened"):
        read(tmp_path / "a2.dpx")


@pytest.mark.parametrize("channels", [1, 3])
def test_a_wrong_size_of_the_file_stays_unless_the_size_changes(tmp_path: Path, channels: int) -> None:
    data = bytearray(dpx_bytes(ramp(12, 14, channels, 10), 10))
    data[16:20] = b"\0\0\1\2"
    (tmp_path / "1.dpx").write_bytes(data)
    write(tmp_path / "2.dpx", join(read(tmp_path / "1.dpx"), CHROMA))
    result = (tmp_path / "2.dpx").read_bytes()
    if channels == 3:
        assert result[:2048] == data[:2048]
    else:
        assert int.from_bytes(result[16:20], "big") == len(result)
