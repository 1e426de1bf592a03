"""film.merge: frames that keep their own chroma among frames that get ours, through the real ffmpeg."""

from collections.abc import Set
from pathlib import Path

import numpy as np
import pytest

from deoldify_lite.film.cut import Cut
from deoldify_lite.film.encoding import Encoding
from deoldify_lite.film.probe import Film, probe_film
from helpers.films import LOSSLESS, SIZE, between, make, open_writer, pattern, plane_hashes

# As far from neutral as can be, to show what is off by one.
OURS = np.broadcast_to(np.array([[[-0.5]], [[0.5]]], np.float32), (2, SIZE, SIZE))
KEPT = {0, 3, 4, 7, 9}
FFV1 = ("-c:v", "ffv1", "-pix_fmt")
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", 0, "-pix_fmt", "yuv420p")


def colorize_but(
    kept: Set[int], film: Film, count: int, out_path: Path, encoding: Encoding, cut: Cut | None = None
) -> list[tuple[str, str, str]]:
    """Colorize all frames but some; returns the hashes of the result's planes."""
    with open_writer(film, out_path, encoding, may_keep=bool(kept), cut=cut) as writer:
        for number in range(count):
            if number in kept:
                writer.keep()
            else:
                writer.write(OURS)
    return plane_hashes(out_path)


def check_kept(
    source: Path,
    count: int,
    *filters: str,
    encoding: Encoding = LOSSLESS,
    suffix: str = ".mkv",
    **cut: float | None,
) -> None:
    """Kept frames are the source's in all planes, the others are as if none were kept."""
    film, folder = probe_film(source), source.parent
    part = between(film, **cut)
    mixed = colorize_but(KEPT, film, count, folder / f"mixed{suffix}", encoding, part)
    ours = colorize_but(set(), film, count, folder / f"ours{suffix}", encoding, part)
    chroma_of = {luma: chroma for luma, *chroma in plane_hashes(source, *filters)}
    assert len(mixed) == len(ours) == count
    for number, ((luma, *chroma), (ours_luma, *ours_chroma)) in enumerate(zip(mixed, ours, strict=True)):
        assert luma == ours_luma
        assert chroma == (chroma_of[luma] if number in KEPT else ours_chroma), f"frame {number}"
        assert ours_chroma != chroma_of[luma]


@pytest.mark.slow
@pytest.mark.parametrize(
    "arguments",
    [
        [*FFV1, "yuv420p"],
        [*FFV1, "yuv422p10le", "-colorspace", "bt709"],
        [*FFV1, "yuv444p12le"],
        [*FFV1, "yuva420p"],
        [*FFV1, "yuv420p", "-s", "97x61"],
        # Full range, where chroma takes all values; of mjpeg's matrix, by which ours takes the lowest.
        ["-vf", "scale=out_range=pc", *FFV1, "yuv420p10le", "-color_range", "pc"],
        ["-c:v", "mjpeg", "-q:v", "2", "-pix_fmt", "yuvj420p"],
    ],
    ids=lambda arguments: " ".join(arguments[1:]),
)
def test_kept_frames_are_the_source_bit_by_bit(tmp_path: Path, arguments: list[str]) -> None:
    source = make(tmp_path / "a.mkv", *pattern(0.4), *arguments)
    check_kept(source, 10)


RGB_TO_YUV = "scale=out_color_matrix=bt709:out_range=pc:flags=accurate_rnd+full_chroma_inp+full_chroma_int"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("arguments", "filters"),
    [
        ([*FFV1, "yuv411p"], ["format=yuv420p"]),
        (["-c:v", "rawvideo", "-pix_fmt", "yuyv422"], ["format=yuv422p"]),
        ([*FFV1, "bgr0"], [RGB_TO_YUV, "format=yuv444p"]),
    ],
    ids=["411", "packed", "RGB"],
)
def test_chroma_of_other_formats_is_converted(
    tmp_path: Path, arguments: list[str], filters: list[str]
) -> None:
    source = make(tmp_path / "a.mkv", *pattern(0.4), *arguments)
    check_kept(source, 10, *filters)


def test_kept_through_lossless_x264(tmp_path: Path) -> None:
    source = make(tmp_path / "a.mp4", *pattern(0.4), *X264)
    check_kept(source, 10, encoding=Encoding(crf=0), suffix=".mp4")


@pytest.mark.slow
def test_kept_in_a_film_of_variable_rate(tmp_path: Path) -> None:
    source = make(
        tmp_path / "uneven.mkv",
        *(*pattern(0.6), "-vf", "select=not(eq(mod(n\\,4)\\,2)+eq(n\\,5))", "-fps_mode", "vfr", *X264),
    )
    assert probe_film(source).variable
    check_kept(source, 14)  # The last of 15 is left out.


@pytest.mark.slow
def test_kept_in_a_cut(tmp_path: Path) -> None:
    source = make(tmp_path / "long.mkv", *pattern(3), *X264, "-g", 20)
    check_kept(source, 15, start_s=1.2, end_s=1.8)


def test_a_frame_more_than_was_read_is_kept_like_the_last(tmp_path: Path) -> None:
    source = make(tmp_path / "a.mkv", *pattern(0.4), *FFV1, "yuv420p")
    with open_writer(probe_film(source), tmp_path / "out.mkv", LOSSLESS, may_keep=True) as writer:
        for _ in range(9):
            writer.keep()
    assert plane_hashes(tmp_path / "out.mkv") == plane_hashes(source)
    assert "10 frames, and 9 were colorized" in writer.warnings[0]


@pytest.mark.parametrize(("pix_fmt", "may_keep"), [("gray", True), ("yuv420p", False)])
def test_nothing_to_keep(tmp_path: Path, pix_fmt: str, may_keep: bool) -> None:
    film = probe_film(make(tmp_path / "a.mkv", *pattern(0.1), *FFV1, pix_fmt))
    with (
        pytest.raises(ValueError, match="no chroma can be kept"),
        open_writer(film, tmp_path / "out.mkv", may_keep=may_keep) as writer,
    ):
        writer.keep()
    assert not (tmp_path / "out.mkv").exists()
