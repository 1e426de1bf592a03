"""Figures of steadiness against values worked out by hand."""

import math

import cv2
import numpy as np
import pytest

from deoldify_lite.evaluation.films.flow import FLOWS, RESIDUAL, Matches, find_matches
from deoldify_lite.evaluation.films.metrics import (
    cdc,
    flicker,
    histograms,
    in_one_shot,
    js_divergence,
    warp_error,
)

HEIGHT, WIDTH = 120, 160


def texture(height: int, width: int) -> np.ndarray:
    """Something to hold on to everywhere: smooth noise of several sizes, (H, W) uint8."""
    rng = np.random.default_rng(0)
    total = np.zeros((height, width), np.float32)
    for size in (4, 8, 16, 32):
        coarse = rng.standard_normal((height // size + 2, width // size + 2)).astype(np.float32)
        total += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.clip(128 + 35 * total, 0, 255).astype(np.uint8)


def still(trusted: float = 1.0) -> Matches:
    """No motion at all; trusted in this share of the rows."""
    grid = np.stack(np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT)), -1).astype(np.float32)
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[: round(trusted * HEIGHT)] = True
    return Matches(grid, mask)


# Distributions of colour


def test_histograms_are_shares_of_each_channel() -> None:
    frame = np.zeros((2, 2, 3), np.uint8)
    frame[0, 0] = (255, 7, 0)
    found = histograms(frame)
    assert found.shape == (3, 256)
    assert found[0, 0] == 0.75 and found[0, 255] == 0.25
    assert found[1, 7] == 0.25 and found[2, 0] == 1


def test_divergence_of_equal_and_of_disjoint_distributions() -> None:
    p, q = np.eye(4)[:1], np.eye(4)[1:2]
    assert js_divergence(p, p) == 0
    assert js_divergence(p, q) == pytest.approx(math.log(2))
    # Half in common: the middle is (3/4, 1/4), so (log 4/3 + (log 2/3 + log 2) / 2) / 2.
    half = (p + q) / 2
    expected = (math.log(4 / 3) + (math.log(2 / 3) + math.log(2)) / 2) / 2
    assert js_divergence(p, half) == pytest.approx(expected)
    # Mean over channels.
    assert js_divergence(np.concatenate([p, p, p]), np.concatenate([p, p, q])) == pytest.approx(
        math.log(2) / 3
    )


def test_cdc_is_the_mean_over_three_distances() -> None:
    # Frames 0 to 5; distances 1, 2, 4 are known from frames 1, 2, 4 on.
    divergences = np.full((6, 3), np.nan)
    divergences[1:, 0], divergences[2:, 1], divergences[4:, 2] = 0.1, 0.2, [0.3, 0.5]
    assert cdc(divergences, ()) == pytest.approx((0.1 + 0.2 + 0.4) / 3)
    # In shots of three frames there is no pair at distance 4; the cut's own pairs are left out.
    divergences[3, 0] = divergences[3:5, 1] = 99
    assert cdc(divergences, (3,)) == pytest.approx((0.1 + 0.2) / 2)
    assert math.isnan(cdc(divergences[:1], ()))


def test_which_frames_belong_to_one_shot() -> None:
    assert in_one_shot(6, (0, 3), 1).tolist() == [False, True, True, False, True, True]
    assert in_one_shot(6, (3,), 2).tolist() == [False, False, True, False, False, True]


# Flicker


def test_flicker_of_drift_cast_and_jump() -> None:
    frames = np.arange(8)
    drift = np.stack([0.5 * frames, -frames], 1)
    np.testing.assert_allclose(flicker(drift, ())[1:-1], 0, atol=1e-12)
    assert np.isnan(flicker(drift, ())[[0, -1]]).all()
    # To and fro by (3, 4), thus 5, around the drift.
    np.testing.assert_allclose(flicker(drift + np.outer(frames % 2, (3, 4)), ())[1:-1], 5)
    jump = np.zeros((8, 2))
    jump[4:, 0] = 6
    np.testing.assert_allclose(flicker(jump, ())[1:-1], [0, 0, 3, 3, 0, 0])


def test_flicker_knows_no_neighbour_over_a_cut() -> None:
    jump = np.zeros((8, 2))
    jump[4:, 0] = 6
    found = flicker(jump, (0, 4))
    assert np.isnan(found[[0, 3, 4, 7]]).all()
    np.testing.assert_array_equal(found[[1, 2, 5, 6]], 0)
    assert np.isnan(flicker(jump[:2], ())).all()


# Along the motion


def test_warp_error_of_a_shifted_color_is_the_shift() -> None:
    rng = np.random.default_rng(0)
    ab = rng.normal(0, 20, (HEIGHT, WIDTH, 2)).astype(np.float32)
    assert warp_error(ab, ab, still()) == pytest.approx(0, abs=1e-4)
    assert warp_error(ab, ab + np.float32([3, -4]), still()) == pytest.approx(5, rel=1e-5)


def test_warp_error_counts_trusted_pixels_alone() -> None:
    ab = np.zeros((HEIGHT, WIDTH, 2), np.float32)
    changed = ab.copy()
    changed[HEIGHT // 2 :] = 50
    assert warp_error(ab, changed, still(0.5)) == 0
    assert math.isnan(warp_error(ab, changed, still(0.04)))


@pytest.mark.parametrize("flow", FLOWS)
def test_a_pan_is_followed(flow: str) -> None:
    """The picture moves 3 px to the left and 2 up, so what is seen was 3 right and 2 below."""
    wide = texture(HEIGHT + 2, WIDTH + 3)
    before, now = wide[:HEIGHT, :WIDTH], wide[2:, 3:]
    matches = find_matches(np.ascontiguousarray(before), np.ascontiguousarray(now), flow=flow)
    offsets = matches.positions - still().positions
    assert matches.trusted.mean() > 0.9
    wrong = np.linalg.norm(offsets - (3, 2), axis=-1)[matches.trusted]
    assert wrong.mean() < 0.15
    # What has just come in was nowhere before.
    assert not matches.trusted[:, -2:].any() and not matches.trusted[-1:].any()
    # Colours that move along are steady, and a cast that comes with it is seen for what it is.
    color = np.stack([texture(HEIGHT + 2, WIDTH + 3)[::-1], wide], -1).astype(np.float32) / 8
    old, new = (np.ascontiguousarray(color[:HEIGHT, :WIDTH]), np.ascontiguousarray(color[2:, 3:]))
    unmoved = warp_error(old, new, still())
    assert warp_error(old, new, matches) < 0.1 * unmoved
    assert warp_error(old, new + np.float32([0, 7]), matches) == pytest.approx(7, rel=0.02)


def test_what_is_new_is_not_trusted() -> None:
    before = texture(HEIGHT, WIDTH)
    now = before.copy()
    now[40:80, 50:100] = np.where(before[40:80, 50:100] > 128, 0, 255)
    matches = find_matches(before, now)
    assert matches.trusted[45:75, 55:95].mean() < 0.1
    assert matches.trusted[:25].mean() > 0.95


def test_other_light_is_not_trusted() -> None:
    before = np.minimum(texture(HEIGHT, WIDTH), 150)
    now = before + np.uint8(RESIDUAL + 10)
    assert find_matches(before, now).trusted.mean() < 0.5
