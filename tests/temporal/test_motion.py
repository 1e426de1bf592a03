"""Motion of generated pictures whose true motion is known."""

import numpy as np

from deoldify_lite.temporal.motion import motion_between
from helpers.pictures import textured

SIZE = (96, 96)
INNER = np.s_[12:-12, 12:-12]


def test_a_still_picture_does_not_move_and_is_trusted() -> None:
    forth, back = motion_between(textured(), textured(), SIZE)
    rows, columns = np.mgrid[:96, :96].astype(np.float32)
    for motion in (forth, back):
        np.testing.assert_array_equal(motion.source, np.dstack([columns, rows]))
        np.testing.assert_array_equal(motion.trust, 1)


def test_a_pan_is_followed() -> None:
    before, now = textured(0), textured(8)  # the picture moves by 8 of 192 px to the right
    forth, back = motion_between(before, now, SIZE)
    for motion, shift in ((forth, -4), (back, 4)):  # in px of the result
        moved = motion.source[..., 0] - np.arange(96, dtype=np.float32)
        assert np.abs(moved[INNER] - shift).max() < 0.3
        assert motion.trust[INNER].mean() > 0.9
    # What was outside the frame before is not known from there.
    assert forth.trust[:, :3].max() == 0 and forth.trust[INNER].min() > 0.5


def test_values_come_along() -> None:
    forth, _ = motion_between(textured(0), textured(8), SIZE)
    values = np.repeat(np.arange(96, dtype=np.float32)[None, :, None], 96, axis=0)  # each its column
    carried = forth.carry(np.ascontiguousarray(values))[INNER]
    assert np.abs(carried[..., 0] - (np.arange(96)[12:-12] - 4)).max() < 0.3


def test_another_picture_is_not_trusted() -> None:
    forth, back = motion_between(textured(), textured(seed=1), SIZE)
    assert forth.trust.mean() < 0.08 and back.trust.mean() < 0.08


def test_trust_survives_a_change_of_exposure_and_grain() -> None:
    before = textured()
    darker = (before * 0.8 + 6).astype(np.uint8)
    assert motion_between(before, darker, SIZE)[0].trust.mean() > 0.8
    grain = np.random.default_rng(0).normal(0, 4, before.shape)
    assert (
        motion_between(before, np.clip(before + grain, 0, 255).astype(np.uint8), SIZE)[0].trust.mean() > 0.8
    )


def test_what_appears_is_not_trusted() -> None:
    before, now = textured(), textured().copy()
    now[40:100, 40:100] = textured(seed=1)[40:100, 40:100]
    trust = motion_between(before, now, SIZE)[0].trust
    assert trust[24:46, 24:46].mean() < 0.2 and trust[60:, 60:].mean() > 0.95


def test_a_search_remembers_nothing_of_other_pictures_and_sizes() -> None:
    pictures = textured(0), textured(8)
    first = motion_between(*pictures, SIZE)
    for size in ((192, 192), (16, 16)):
        motion_between(textured(3, seed=1), textured(9, seed=1), size)
    for before, now in zip(first, motion_between(*pictures, SIZE), strict=True):
        np.testing.assert_array_equal(before.source, now.source)
        np.testing.assert_array_equal(before.trust, now.trust)


def test_the_smallest_pictures_of_a_film() -> None:
    small = [np.ascontiguousarray(textured(shift)[::3, ::3]) for shift in (0, 3)]  # render factor 4
    for size in ((64, 64), (32, 32), (16, 16)):
        forth, _ = motion_between(small[0], small[1], size)
        assert forth.source.shape == (*size, 2) and forth.trust.shape == size
        assert forth.trust[4:-4, 4:-4].mean() > 0.5
