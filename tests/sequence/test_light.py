"""Luma of frames as a viewer sees it, and colours joined in a frame's own encoding."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deoldify_lite.color.arrays import resize
from deoldify_lite.color.merge import chroma_of_rgb
from deoldify_lite.sequence.frame import DISPLAY, LINEAR, LOG, TRANSFERS, Facts, Frame
from deoldify_lite.sequence.halves import round_to_halves
from deoldify_lite.sequence.light import join, luma_of, shown, small_luma_of
from deoldify_lite.sequence.view import as_seen
from helpers.frames import luma, ramp


def frame_of(pixels: np.ndarray, bits: int, transfer: str) -> Frame:
    height, width, channels = pixels.shape
    is_float = pixels.dtype.kind == "f"
    facts = Facts("DPX", width, height, channels, False, bits, is_float, transfer)
    return Frame(Path("0001.dpx"), facts, pixels)


@given(
    st.integers(0, 1 << 30),
    st.sampled_from([8, 10, 12, 16]),
    st.sampled_from(TRANSFERS),
    st.sampled_from([1, 3]),
    st.floats(0, 0.5),
)
@settings(deadline=None, max_examples=150)
def test_luma_of_whole_numbers_stays_within_half_a_level(
    seed: int, bits: int, transfer: str, channels: int, strength: float
) -> None:
    rng = np.random.default_rng(seed)
    dtype = np.uint8 if bits == 8 else np.uint16
    pixels = rng.integers(0, 1 << bits, (17, 23, channels), dtype=dtype)
    pixels[:3] = (0, (1 << bits) - 1, 1)[seed % 3]
    chroma = rng.uniform(-strength, strength, (2, *rng.integers(1, 9, 2))).astype(np.float32)
    joined = join(frame_of(pixels, bits, transfer), chroma)
    assert joined.pixels.dtype == dtype and joined.pixels.max() < 1 << bits
    assert np.abs(luma(joined.pixels) - luma(pixels)).max() <= 0.5 + 1e-9


@given(
    st.integers(0, 1 << 30),
    st.sampled_from([np.float16, np.float32]),
    st.sampled_from(TRANSFERS),
    st.floats(0, 0.5),
    st.floats(-7, 4.5),
)
@settings(deadline=None, max_examples=150)
def test_luma_of_floats_stays_within_a_ten_thousandth(
    seed: int, dtype: type, transfer: str, strength: float, decade: float
) -> None:
    rng = np.random.default_rng(seed)
    pixels = (rng.uniform(-1, 10, (9, 8, 1)) * 10**decade).clip(-65000, 65000).astype(dtype)
    chroma = rng.uniform(-strength, strength, (2, 3, 4)).astype(np.float32)
    joined = join(frame_of(pixels, 16 if dtype == np.float16 else 32, transfer), chroma).pixels
    before = luma(pixels)
    assert joined.dtype == dtype and np.isfinite(joined).all()
    assert (np.abs(luma(joined) - before) <= 1e-4 * np.abs(before)).all()


@pytest.mark.parametrize("transfer", TRANSFERS)
@pytest.mark.parametrize("bits", [10, 16])
def test_a_viewer_sees_the_colour_of_the_network(transfer: str, bits: int) -> None:
    """Its ratios of light, that is: a shoulder, and luma that stays, move the rest."""
    full = (1 << bits) - 1
    middle = {DISPLAY: 0.5, LOG: 470 / 1023, LINEAR: 0.18}[transfer]
    frame = frame_of(np.full((4, 4, 1), round(middle * full), np.uint16), bits, transfer)
    seen = luma_of(frame)[0, 0] / 255
    rgb = np.array([seen + 0.15, seen - 0.02, seen - 0.15])
    rgb += seen - rgb @ [0.299, 0.587, 0.114]
    chroma = chroma_of_rgb(np.full((1, 1, 3), rgb, np.float32))
    joined = join(frame, chroma).pixels[0, 0] / full
    shown = np.array([as_seen(np.array([one]), transfer)[0] for one in joined]) / 255
    wanted, found = (np.log(one[[0, 2]] / one[1]) for one in (rgb, shown))
    np.testing.assert_allclose(found, wanted, atol=0.12)


def test_what_a_viewer_sees() -> None:
    codes = ramp(1, 1024, 1, 10)
    shown = {transfer: luma_of(frame_of(codes, 10, transfer))[0] for transfer in TRANSFERS}
    for seen in shown.values():
        assert (np.diff(seen.astype(int)) >= 0).all() and seen[0] == 0
    np.testing.assert_array_equal(shown[DISPLAY], np.rint(codes[0, :, 0] * (255 / 1023)))
    # Cineon's black, middle grey and white; above it there is room for lights.
    assert shown[LOG][95] == 0 and 100 < shown[LOG][470] < 140 and 200 < shown[LOG][685] < shown[LOG][1023]
    assert 110 < shown[LINEAR][round(0.18 * 1023)] < 130
    light = np.array([-1.0, np.nan, 0.18, 1, 1000], np.float32).reshape(1, 5, 1)
    seen = luma_of(frame_of(light, 32, LINEAR))[0]
    assert list(seen[:2]) == [0, 0] and seen[2] < seen[3] < seen[4] <= 255


@given(st.integers(0, 1 << 30))
@settings(deadline=None, max_examples=60)
def test_halves_keep_luma_or_are_the_others(seed: int) -> None:
    rng = np.random.default_rng(seed)
    rgb = (rng.lognormal(0, 2, (20, 20, 3)) * 10.0 ** rng.integers(-6, 3)).clip(0, 60_000).astype(np.float32)
    other = np.full(rgb.shape, -1, np.float16)
    found = round_to_halves(rgb, luma(rgb).astype(np.float32), other)
    is_other = (found == other).all(-1)
    apart = np.abs(luma(found) - luma(rgb)) / luma(rgb)
    assert (apart[~is_other] < 1e-4).all()
    assert is_other.mean() < 0.05 or np.median(rgb) < 0.01


@pytest.mark.parametrize("transfer", TRANSFERS)
@pytest.mark.parametrize("bits", [8, 10, 16])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(16, 16), (100, 70), (300, 400)])
def test_a_small_frame_has_the_luma_that_the_whole_one_has(
    transfer: str, bits: int, channels: int, size: tuple[int, int]
) -> None:
    coarse = np.random.default_rng(0).uniform(0.4, 0.6, (6, 8, channels)).astype(np.float32)
    smooth = resize(coarse, (240, 320)).reshape(240, 320, channels)
    pixels = (smooth * ((1 << bits) - 1)).astype(np.uint8 if bits == 8 else np.uint16)
    frame = frame_of(pixels, bits, transfer)
    small, other = small_luma_of(frame, size), resize(luma_of(frame), size)
    assert small.shape == size
    # Apart from what a curve makes of the average of differing values.
    assert np.abs(small.astype(int) - other).max() <= (1 if transfer == DISPLAY else 3)


@pytest.mark.parametrize("transfer", TRANSFERS)
@pytest.mark.parametrize("bits", [8, 10, 16])
def test_a_grey_frame_is_shown_as_the_network_sees_it(transfer: str, bits: int) -> None:
    dtype = np.uint8 if bits == 8 else np.uint16
    grey = np.linspace(0, (1 << bits) - 1, 300).astype(dtype).reshape(10, 30, 1)
    frame = frame_of(grey, bits, transfer)
    for deep in (8, 16):
        pixels = shown(frame, deep).pixels
        assert (pixels.shape, pixels.dtype) == ((10, 30, 3), np.uint8 if deep == 8 else np.uint16)
        assert not np.ptp(pixels, axis=2).any()
        eight = pixels[..., 0] / (1 if deep == 8 else 257)
        assert np.abs(eight - luma_of(frame)).max() <= 1
