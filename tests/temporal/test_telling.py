"""The frame that shows what a shot is."""

import numpy as np

from deoldify_lite.temporal.telling import MOST_CANDIDATES, TellingFrame
from helpers.pictures import grey_picture

SHARP = grey_picture(64, 64)[..., 0]
FLAT = np.full((64, 64), 120, np.uint8)
BLACK, WHITE = np.zeros((64, 64), np.uint8), np.full((64, 64), 255, np.uint8)


def found_in(frames: list[np.ndarray]) -> int:
    telling = TellingFrame()
    for frame in frames:
        telling.add(frame)
    return telling.find()[0]


def test_a_sharp_frame_tells_more_than_a_fade_or_a_flash() -> None:
    assert found_in([BLACK, FLAT, FLAT, SHARP, FLAT, WHITE, FLAT, FLAT]) == 3


def test_of_equal_frames_the_one_in_the_middle_is_taken() -> None:
    assert found_in([SHARP] * 9) == 4
    assert found_in([SHARP]) == 0


def test_the_ends_of_a_shot_count_only_if_nothing_else_is_there() -> None:
    """There, a dissolve shows two pictures at once, which looks like detail."""
    assert found_in([SHARP, *[FLAT] * 5, SHARP // 2, *[FLAT] * 5]) == 6


def test_few_frames_of_a_long_shot_are_held() -> None:
    telling = TellingFrame()
    for _ in range(5000):
        telling.add(SHARP)
        assert len(telling._candidates) <= MOST_CANDIDATES
    assert 2000 < telling.find()[0] < 3000
