"""Frames of a sequence as the network sees them."""

import warnings
from pathlib import Path

import numpy as np
import pytest

from deoldify_lite.run.sequences.reader import small_frame
from deoldify_lite.sequence.frame import LINEAR, LOG, Facts, Frame
from deoldify_lite.sequence.light import small_luma_of


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_infinity_and_what_is_no_number_is_not_seen(dtype: type) -> None:
    pixels = np.full((16, 16, 3), 0.25, dtype)
    pixels[0, 0], pixels[8, 8], pixels[9, 1] = np.nan, np.inf, -np.inf
    facts = Facts("EXR", 16, 16, 3, False, 8 * pixels.itemsize, is_float=True, transfer=LINEAR)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        small = small_frame(Frame(Path("1.exr"), facts, pixels), 8, with_chroma=True)
    assert small.chroma is not None and (small.chroma == 128).all()


def test_a_frame_that_is_halved_first_is_the_same(tmp_path: Path) -> None:
    """Luma and chroma of one frame are those that each of them would have alone."""
    pixels = np.random.default_rng(0).integers(0, 1024, (128, 160, 3)).astype(np.uint16)
    facts = Facts("DPX", 160, 128, 3, False, 10, transfer=LOG)
    frame = Frame(tmp_path / "1.dpx", facts, pixels)
    small = small_frame(frame, 16, with_chroma=True)
    np.testing.assert_array_equal(small.luma, small_luma_of(frame, (16, 16)))
