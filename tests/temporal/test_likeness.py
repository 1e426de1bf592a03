"""Colours found by likeness: the same thing elsewhere has the same colours, the unlike keeps its own."""

import numpy as np
import pytest

from deoldify_lite.color.arrays import Chroma, Features
from deoldify_lite.temporal.likeness import GRID, Likeness

SIDE, SMALL = 128, 64
# Features of grass, of a wall, and of what no key frame has: as far apart as three can be.
KINDS = np.array([[1, -0.5, -0.5], [0, 0.866, -0.866]], np.float32)
GREEN, RED = (-0.2, -0.1), (-0.1, 0.3)


def features_of(kinds: np.ndarray) -> Features:
    """Features at three strides of a picture of such kinds, (GRID, GRID)."""
    return tuple(KINDS[:, kinds[::step, ::step]].astype(np.float16) for step in (1, 2, 4))


def halves(left: int, right: int) -> np.ndarray:
    kinds = np.full((GRID, GRID), left)
    kinds[:, GRID // 2 :] = right
    return kinds


def key(trust: np.ndarray | None = None) -> Likeness:
    """Green grass on the left, a red wall on the right."""
    luma = np.full((SIDE, SIDE), 128, np.uint8)
    trusted = np.ones((SIDE, SIDE), np.float32) if trust is None else trust
    return Likeness.of_key(features_of(halves(0, 1)), luma, sides(GREEN, RED, SIDE), trusted)


def sides(left: tuple[float, float], right: tuple[float, float], side: int) -> Chroma:
    chroma = np.empty((2, side, side), np.float32)
    chroma[..., : side // 2] = np.reshape(left, (2, 1, 1))
    chroma[..., side // 2 :] = np.reshape(right, (2, 1, 1))
    return chroma


def colored(likeness: Likeness, kinds: np.ndarray) -> Chroma:
    luma = np.full((SIDE, SIDE), 128, np.uint8)
    own = np.full((2, SMALL, SMALL), 0.05, np.float32)
    return likeness.color(own, luma, features_of(kinds))


def test_a_thing_has_its_colors_wherever_it_is() -> None:
    found = colored(key(), halves(1, 0))
    inner = np.r_[:24, 40:64]
    np.testing.assert_allclose(found[..., inner], sides(RED, GREEN, SMALL)[..., inner], atol=0.02)


def test_what_is_unlike_keeps_its_own_colors() -> None:
    found = colored(key(), halves(2, 2))
    np.testing.assert_allclose(found, 0.05, atol=0.02)


def test_what_is_not_trusted_is_not_taken() -> None:
    trust = np.ones((SIDE, SIDE), np.float32)
    trust[:, SIDE // 2 :] = 0
    found = colored(key(trust), halves(0, 1))
    np.testing.assert_allclose(found[..., :24], sides(GREEN, RED, SMALL)[..., :24], atol=0.02)
    np.testing.assert_allclose(found[..., 40:], 0.05, atol=0.02)


def test_what_is_hardly_trusted_does_not_win_by_being_most_alike() -> None:
    trust = np.ones((SIDE, SIDE), np.float32)
    trust[:, SIDE // 2 :] = 0.02
    found = colored(key(trust), halves(0, 1))
    np.testing.assert_allclose(found[..., 40:], 0.05, atol=0.02)


def test_between_red_and_green_is_no_brown() -> None:
    luma = np.full((SIDE, SIDE), 128, np.uint8)
    ones = np.ones((SIDE, SIDE), np.float32)
    same = Likeness.of_key(features_of(halves(0, 0)), luma, sides((-0.3, -0.3), (0.3, 0.3), SIDE), ones)
    found = colored(same, halves(0, 0))
    np.testing.assert_allclose(found, 0.05, atol=0.02)


def test_colors_follow_the_edges_of_luma() -> None:
    rows = np.arange(SIDE) // 2 % 2  # finer than the grid
    luma = np.tile((96 + 64 * rows)[:, None], (1, SIDE)).astype(np.uint8)
    chroma = np.stack([0.2 * (luma / 255.0), -0.2 * (luma / 255.0)]).astype(np.float32)
    likeness = Likeness.of_key(features_of(halves(0, 0)), luma, chroma, np.ones((SIDE, SIDE), np.float32))
    plain = np.zeros((2, SIDE, SIDE), np.float32)
    found = likeness.color(plain, luma, features_of(halves(0, 0)))
    assert np.abs(found - chroma).max() < 0.015  # without, it would be 0.025


def test_several_key_frames_give_what_each_has() -> None:
    luma = np.full((SIDE, SIDE), 128, np.uint8)
    ones = np.ones((SIDE, SIDE), np.float32)
    grass = Likeness.of_key(features_of(halves(0, 0)), luma, sides(GREEN, GREEN, SIDE), ones)
    wall = Likeness.of_key(features_of(halves(1, 1)), luma, sides(RED, RED, SIDE), ones)
    found = colored(Likeness.of_all([grass, wall]), halves(1, 0))
    assert found[1, 32, 8] == pytest.approx(RED[1], abs=0.03)
    assert found[1, 32, 56] == pytest.approx(GREEN[1], abs=0.03)
