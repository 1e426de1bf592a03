"""A picture's cast is tempered, and nothing turns to the opposite colour."""

import numpy as np

from deoldify_lite.color.cast import CAST_TAKEN, REGAINED, temper_cast


def test_what_is_neutral_stays_so_and_nothing_turns_to_the_opposite_color() -> None:
    rng = np.random.default_rng(0)
    chroma = rng.normal(0.03, 0.05, (2, 40, 50)).astype(np.float32)
    chroma[:, :10] = 0
    before = chroma.copy()
    result = temper_cast(chroma)
    assert result.dtype == np.float32 and result.shape == chroma.shape
    np.testing.assert_array_equal(chroma, before)
    assert not result[:, :10].any()
    assert ((result * chroma).sum(0) >= 0).all()


def test_the_cast_gets_weaker_and_other_colors_stronger() -> None:
    chroma = np.full((2, 30, 30), 0.05, np.float32)
    chroma[0, :6], chroma[1, :6] = 0.04, -0.04  # at right angles to most of the picture's colour, or nearly
    result = temper_cast(chroma)
    cast = np.linalg.norm(result[:, 20, 20]) / np.linalg.norm(chroma[:, 20, 20])
    assert REGAINED * (1 - CAST_TAKEN) - 0.01 < cast < 1
    assert np.linalg.norm(result[:, 0, 0]) > np.linalg.norm(chroma[:, 0, 0])


def test_colors_that_outweigh_each_other_only_grow() -> None:
    chroma = np.stack([np.full((8, 8), 0.1, np.float32), np.zeros((8, 8), np.float32)])
    chroma[:, 4:] *= -1
    np.testing.assert_allclose(temper_cast(chroma), REGAINED * chroma, rtol=1e-6)
    np.testing.assert_array_equal(temper_cast(np.zeros((2, 3, 3), np.float32)), 0)
