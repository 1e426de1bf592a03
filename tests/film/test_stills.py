"""Single frames of a film at full size: its own luma, and our chroma or its own."""

from pathlib import Path

import numpy as np
import pytest

from deoldify_lite.errors import VideoError
from deoldify_lite.film.probe import probe_film
from deoldify_lite.film.stills import Still, read_stills
from helpers.films import make, pattern

FLAT = np.broadcast_to(np.array([[[0.1]], [[-0.2]]], np.float32), (2, 16, 16))
LUMA = np.full((32, 32), 128, np.uint8)


@pytest.mark.parametrize("pix_fmt", ["yuv420p", "yuv422p10le", "gray", "gray16le", "rgb24", "yuva420p"])
@pytest.mark.parametrize("size", ["96x64", "95x63"])
def test_frames_have_their_luma_and_the_chroma_that_is_given(tmp_path: Path, pix_fmt: str, size: str) -> None:
    film = probe_film(
        make(tmp_path / "film.nut", *pattern(1, size=size), "-c:v", "rawvideo", "-pix_fmt", pix_fmt)
    )
    stills = [Still(frame, FLAT if frame != 9 else None, LUMA) for frame in (2, 9, 20)]
    pictures = list(read_stills(film, stills))
    deep = film.depth > 8
    assert [picture.dtype for picture in pictures] == [np.dtype("<u2" if deep else np.uint8)] * 3
    width, height = map(int, size.split("x"))
    assert {picture.shape for picture in pictures} == {(height, width, 3)}
    colored, own, last = (picture.astype(float) / (65535 if deep else 255) for picture in pictures)
    for ours in (colored, last):
        middle = (ours > 0.05).all(axis=2) & (ours < 0.95).all(axis=2)  # nothing is clipped
        difference = (ours[..., 0] - ours[..., 2])[middle]
        assert middle.any() and np.abs(difference - np.median(difference)).max() < 0.03
        assert np.median(difference) < -0.3, "more blue, less red"
    is_grey = np.ptp(own, axis=2).max() < 0.02
    assert is_grey == pix_fmt.startswith("gray")


def test_a_frame_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    film = probe_film(make(tmp_path / "film.mkv", *pattern(0.4), "-c:v", "ffv1"))
    with pytest.raises(VideoError, match="a frame could not be read again"):
        list(read_stills(film, [Still(3, FLAT, LUMA), Still(99, FLAT, LUMA)]))
