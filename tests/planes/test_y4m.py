"""y4m: what ffmpeg writes is read, and what is written ffmpeg reads, to the bit."""

import io
from pathlib import Path

import numpy as np
import pytest

from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.planes.y4m import Header, frame_bytes, raw_header, read_frames, read_header
from helpers.films import noise, run

FORMATS = ["yuv420p", "yuv422p", "yuv444p", "gray", "yuv420p10le", "yuv422p12le", "yuv444p16le", "gray10le"]


def piped(path: Path, pix_fmt: str, *arguments: str) -> bytes:
    options = ("-strict", "-1", "-pix_fmt", pix_fmt, *arguments)
    return run("ffmpeg", "-v", "error", "-i", path, *options, "-f", "yuv4mpegpipe", "-")


def read(data: bytes) -> tuple[Header, list[list[np.ndarray]]]:
    source = io.BytesIO(data)
    header = read_header(source, "pipe")
    return header, list(read_frames(source, header, "pipe"))


# Of odd sizes and more than 8 bits ffmpeg writes half a sample too few (seen with 5.1).
ODD = [name for name in FORMATS if not name.startswith(("yuv420p1", "yuv422p1"))]


@pytest.mark.parametrize(
    ("pix_fmt", "size"), [*((name, "34x18") for name in FORMATS), *((name, "35x17") for name in ODD)]
)
def test_all_planes_are_read_and_written_as_they_are(tmp_path: Path, pix_fmt: str, size: str) -> None:
    source = noise(tmp_path / "in.nut", "yuv444p16le", 16, size=size)
    data = piped(source, pix_fmt)
    header, frames = read(data)
    assert len(frames) == 3 and f"{header.form.width}x{header.form.height}" == size
    assert header.form.is_grey == ("gray" in pix_fmt)
    assert header.form.colors.range == ("pc" if header.form.is_grey else "tv")
    if not header.form.is_grey:
        assert header.of_result() == data[: data.index(b"\n") + 1]
    written = b"".join(bytes(piece) for planes in frames for piece in frame_bytes(planes, header))
    assert written == data[data.index(b"\n") + 1 :]


@pytest.mark.parametrize(("pix_fmt", "result"), [("gray", "yuv420p"), ("gray10le", "yuv420p10le")])
def test_grey_becomes_colour_of_the_same_depth_and_range(tmp_path: Path, pix_fmt: str, result: str) -> None:
    header, frames = read(piped(noise(tmp_path / "in.nut", "gray16le", 16), pix_fmt))
    shape = header.form.chroma_shape
    neutral = [np.full(shape, 2 ** (header.form.depth - 1), header.form.sample)] * 2
    data = header.of_result()
    data += b"".join(bytes(piece) for [luma] in frames for piece in frame_bytes([luma, *neutral], header))
    (tmp_path / "out.y4m").write_bytes(data)
    entries = "stream=pix_fmt,color_range"
    probed = run("ffprobe", "-v", "error", "-show_entries", entries, "-of", "csv=p=0", tmp_path / "out.y4m")
    assert probed.decode().strip().split(",") == [result, "pc"]
    again = read(data)[1]
    assert all(np.array_equal(one[0], other[0]) for one, other in zip(frames, again, strict=True))


def test_the_range_that_is_said_counts() -> None:
    line = b"YUV4MPEG2 W4 H2 F25:1 Ip A1:1 C%s XCOLORRANGE=%s\n"
    for space, said, expected in ((b"420", b"FULL", "pc"), (b"mono", b"LIMITED", "tv")):
        header = read_header(io.BytesIO(line % (space, said)), "pipe")
        assert header.form.colors.range == expected and said in header.of_result()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"YUV4MPEG2 W4 H2", "first line is damaged"),
        (b"YUV4MPEG2 H2 F25:1\n", "no width and height"),
        (b"YUV4MPEG2 W99999 H2 F25:1\n", "a film cannot be 99999 x 2"),
        (b"YUV4MPEG2 W4 H2 C411\n", "send 4:2:0"),
        (b"YUV4MPEG2 W4 H2 C444alpha\n", "send 4:2:0"),
        (b"YUV4MPEG2 W4 H2 C420\nFRAME\n123", "breaks off within frame 0"),
        (b"YUV4MPEG2 W4 H2 C420\nFRAME\n123456789012fRAME\n", "damaged after 1 frames"),
    ],
)
def test_damage_is_told(data: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read(data)


def test_frames_without_a_header() -> None:
    form = raw_header("640x480,yuv422p10le").form
    assert (form.width, form.height, form.depth, form.shrink_x, form.shrink_y) == (640, 480, 10, 1, 0)
    assert raw_header("4x2,gray").form.is_grey and raw_header("4x2,yuvj420p").form.colors.range == "pc"
    header = raw_header("4x2,gray")
    [one, two] = list(read_frames(io.BytesIO(bytes(range(16))), header, "pipe"))
    assert one[0][1, 3] == 7 and two[0][0, 0] == 8
    for text in ("640x480", "640x480,rgb24", "0x0", "640x480,yuv420p11le", "640x480,gray,25"):
        with pytest.raises(OptionError, match="WIDTHxHEIGHT,PIXFMT"):
            raw_header(text)
