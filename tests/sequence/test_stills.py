"""TIFF and PNG as frames."""

from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from deoldify_lite.errors import InputError
from deoldify_lite.sequence.frames import look, new_frame, read, write
from deoldify_lite.sequence.light import join
from helpers.frames import luma, ramp

CHROMA = np.random.default_rng(3).uniform(-0.4, 0.4, (2, 4, 5)).astype(np.float32)


def write_still(path: Path, pixels: np.ndarray, **options: object) -> Path:
    if path.suffix == ".tif":
        tifffile.imwrite(path, pixels.squeeze(), **options)  # type: ignore[arg-type]
    else:
        cv2.imwrite(str(path), pixels[..., ::-1])
    return path


@pytest.mark.parametrize("suffix", [".tif", ".png"])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("channels", [1, 3])
def test_luma_and_depth_are_kept(tmp_path: Path, channels: int, bits: int, suffix: str) -> None:
    pixels = ramp(12, 14, channels, bits)
    path = write_still(tmp_path / f"1{suffix}", pixels)
    facts = look(path)
    assert (facts.width, facts.height, facts.channels, facts.bits) == (14, 12, channels, bits)
    frame = read(path)
    assert frame.facts == facts
    write(tmp_path / f"2{suffix}", join(frame, CHROMA))
    again = read(tmp_path / f"2{suffix}")
    assert again.facts.bits == bits and again.facts.channels == 3
    assert np.abs(luma(again.pixels) - luma(pixels)).max() <= 0.5


@pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
def test_a_tiff_that_is_not_packed_stays_so(tmp_path: Path, compression: str | None) -> None:
    path = write_still(tmp_path / "1.tif", ramp(12, 14, 3, 16), compression=compression)
    write(tmp_path / "2.tif", join(read(path), CHROMA))
    with tifffile.TiffFile(tmp_path / "2.tif") as tiff:
        assert tiff.pages[0].compression == (1 if compression is None else 8)
        np.testing.assert_array_equal(tiff.asarray(), join(read(path), CHROMA).pixels)


def test_tags_are_kept(tmp_path: Path) -> None:
    timecode = (65000, "s", 0, "01:02:03:04", True)
    path = write_still(
        tmp_path / "1.tif", ramp(4, 5, 1, 16), photometric="minisblack", description="a reel",
        software="the scanner", extratags=[timecode], metadata=None,
    )  # fmt: skip
    write(tmp_path / "2.tif", join(read(path), CHROMA))
    with tifffile.TiffFile(tmp_path / "2.tif") as tiff:
        tags = {tag.code: tag.value for tag in tiff.pages[0].tags}
    assert (tags[270], tags[305], tags[65000]) == ("a reel", "the scanner", "01:02:03:04")


def test_what_changes_is_warned_of(tmp_path: Path) -> None:
    path = tmp_path / "1.tif"
    with tifffile.TiffWriter(path) as writer:
        for _ in range(2):
            writer.write(ramp(4, 5, 3, 8), photometric="rgb")
    assert "has 2 pages, of which the first alone is taken as the frame" in read(path).warnings


@pytest.mark.parametrize("suffix", [".tif", ".png"])
def test_a_file_that_is_cut_short_is_told_of_by_its_header(tmp_path: Path, suffix: str) -> None:
    path = write_still(tmp_path / f"1{suffix}", ramp(12, 14, 3, 16))
    data = path.read_bytes()
    for length in (*range(1, len(data), 31), len(data) - 1):
        path.write_bytes(data[:length])
        with pytest.raises(InputError, match=r"1\.\w+: (cut short|no )"):
            look(path)


def test_new_frames(tmp_path: Path) -> None:
    for suffix in (".tif", ".png"):
        pixels = ramp(6, 5, 3, 16)
        write(tmp_path / f"1{suffix}", new_frame(tmp_path / f"1{suffix}", pixels, bits=16))
        np.testing.assert_array_equal(read(tmp_path / f"1{suffix}").pixels, pixels)
    with pytest.raises(InputError, match="holds 8 or 16 bits, not 10"):
        new_frame(tmp_path / "1.tif", pixels, bits=10)
