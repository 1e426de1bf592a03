"""Colour against tints, tones, casts and noise."""

import cv2
import numpy as np
import pytest

from deoldify_lite.temporal.in_color import color_and_tone, is_in_color

SIZE = 192
y, x = np.mgrid[:SIZE, :SIZE] / SIZE


def picture(seed: int = 0) -> np.ndarray:
    """(192, 192) float: patches and texture over all of the range."""
    rng = np.random.default_rng(seed)
    patches = cv2.GaussianBlur(rng.standard_normal((SIZE, SIZE)), (0, 0), 9)
    texture = cv2.GaussianBlur(rng.standard_normal((SIZE, SIZE)), (0, 0), 1)
    return np.clip(128 + 60 * patches / patches.std() + 15 * texture / texture.std(), 0, 255)


def decide(luma: np.ndarray, cb: np.ndarray, cr: np.ndarray) -> bool:
    chroma = np.stack(
        [cv2.resize(plane.astype(np.float32), (96, 96), interpolation=cv2.INTER_AREA) for plane in (cb, cr)]
    )
    return is_in_color([(luma.astype(np.uint8), np.clip(np.rint(128 + chroma), 0, 255).astype(np.uint8))])


GREY = picture()
SHADE = GREY / 255
# Cb and Cr around 0, in levels: what laboratories and time do to black-and-white film.
TONES = {
    "grey": (0 * SHADE, 0 * SHADE),
    "cast": (0 * SHADE - 20, 0 * SHADE + 12),
    "sepia": (-60 * SHADE * (1 - SHADE) - 10, 40 * SHADE * (1 - SHADE) + 6),
    "cyanotype": (30 - 28 * SHADE**2, -25 + 20 * SHADE),
    "tint": (-40 * SHADE, 25 * SHADE),
    "split tone": (30 * (1 - SHADE) ** 2 - 25 * SHADE**2, 15 * SHADE**2 - 10 * (1 - SHADE) ** 2),
    "two tones": (25 - 60 * SHADE, 40 * np.sin(np.pi * SHADE)),
    "yellowed at a side": (-20 * x - 8 * y, 10 * x * SHADE),
}


@pytest.mark.parametrize("noise", [0, 3])
@pytest.mark.parametrize("name", TONES)
def test_tones_are_not_color(name: str, noise: float) -> None:
    rng = np.random.default_rng(1)
    cb, cr = (plane + noise * rng.standard_normal(plane.shape) for plane in TONES[name])
    assert not decide(GREY, cb, cr)


def test_blotchy_noise_is_not_color() -> None:
    """Analogue chroma noise: long in the line, new in each line."""
    rng = np.random.default_rng(1)
    cb, cr = (cv2.resize(5 * rng.standard_normal((SIZE, SIZE // 8)), (SIZE, SIZE)) for _ in range(2))
    assert not decide(GREY, cb, cr)


@pytest.mark.parametrize("cast", [0, 12])
def test_a_red_flag_on_grey_is_color(cast: float) -> None:
    flag = (abs(x - 0.6) < 0.06) & (abs(y - 0.3) < 0.04)  # 1 % of the picture
    assert decide(GREY, np.where(flag, -20.0, -cast), np.where(flag, 70.0, cast))


def test_colors_that_do_not_follow_luma_are_color() -> None:
    other = picture(7) / 255 - 0.5
    assert decide(GREY, 20 * other, -20 * other)


def test_the_most_colorful_frames_decide() -> None:
    luma = GREY.astype(np.uint8)
    other = picture(7) / 255 - 0.5
    colorful = np.stack([128 + 30 * other, 128 - 30 * other]).astype(np.uint8)
    black = (np.zeros_like(luma), np.full((2, 96, 96), 128, np.uint8))
    assert is_in_color([black, black, (luma, colorful), (luma, colorful)])
    assert not is_in_color([black] * 4)
    assert not is_in_color([])


def test_color_and_tone_are_told_apart_in_levels() -> None:
    luma = np.tile(np.linspace(0, 255, SIZE), (SIZE, 1)).astype(np.uint8)
    tone = np.stack([luma / 8 + 100, np.full((SIZE, SIZE), 128)]).astype(np.uint8)
    color, spread = color_and_tone(luma, tone)
    assert color < 0.3
    assert spread == pytest.approx(255 / 8 / np.sqrt(12), rel=0.05)  # of an even distribution
    # Stripes four cells high, whose red is 10 above or below: no slow drift explains them. Every fourth pair
    # of cells lies across an edge, so the mean of the products is 100 * (3 - 1) / 4.
    red = 128 + 10 * np.sign(np.sin(2 * np.pi * np.arange(SIZE) / 48 + 0.01))
    stripes = np.stack([np.full((SIZE, SIZE), 128), np.tile(red[:, None], (1, SIZE))]).astype(np.uint8)
    assert color_and_tone(luma, stripes)[0] == pytest.approx(np.sqrt(50), rel=0.05)
