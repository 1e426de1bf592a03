"""The original's 8-bit arithmetic: every stage against what the original gave."""

import numpy as np
import pytest
from PIL import Image

from deoldify_lite.color import deoldify as original
from deoldify_lite.color.deoldify import model_input, quantize_square, transplant_luma
from helpers.fill_rule import GOLDEN

PIPELINE = GOLDEN / "pipeline"
PICTURES = (("grey_120x90", 10), ("grey_96x96", 5), ("tint_90x120", 10), ("grey_301x203", 7))


def read(name: str) -> np.ndarray:
    return np.asarray(Image.open(PIPELINE / name).convert("RGB"))


@pytest.mark.parametrize(("picture", "render_factor"), PICTURES)
def test_model_input_is_the_originals(picture: str, render_factor: int) -> None:
    expected = read(f"{picture}_rf{render_factor}_model_input.png")
    found = model_input(read(f"{picture}.png"), 16 * render_factor)
    assert found.shape == (16 * render_factor, 16 * render_factor)
    assert np.array_equal(np.repeat(found[..., None], 3, 2), expected)


@pytest.mark.parametrize(("picture", "render_factor"), PICTURES)
@pytest.mark.parametrize("mode", ["artistic", "stable"])
def test_transplanted_luma_is_the_originals(mode: str, picture: str, render_factor: int) -> None:
    stem = f"{mode}_{picture}_rf{render_factor}"
    photo = read(f"{picture}.png")
    kept = photo.copy()
    found = transplant_luma(photo, read(f"{stem}_1_square.png"))
    assert np.array_equal(found, read(f"{stem}_3_final.png"))
    assert np.array_equal(photo, kept)


def test_yuv_follows_the_originals_integer_arithmetic() -> None:
    """In case an OpenCV to come rounds otherwise."""
    photo = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    square = np.random.default_rng(1).integers(0, 256, (64, 64, 3), dtype=np.uint8)

    def luma(rgb: np.ndarray) -> np.ndarray:
        red, green, blue = np.moveaxis(rgb.astype(np.int64), 2, 0)
        return (4899 * red + 9617 * green + 1868 * blue + 8192) >> 14

    half, centre = 8192, 128 << 14
    u = np.clip(((square[..., 2] - luma(square)) * 8061 + centre + half) >> 14, 0, 255) - 128
    v = np.clip(((square[..., 0] - luma(square)) * 14369 + centre + half) >> 14, 0, 255) - 128
    red = luma(photo) + ((18678 * v + half) >> 14)
    green = luma(photo) + ((-6472 * u - 9519 * v + half) >> 14)
    blue = luma(photo) + ((33292 * u + half) >> 14)
    expected = np.clip(np.stack([red, green, blue], 2), 0, 255)
    assert np.array_equal(transplant_luma(photo, square), expected)


def test_grey_square_leaves_a_grey_photo_alone() -> None:
    photo = np.repeat(np.random.default_rng(0).integers(0, 256, (30, 40, 1), dtype=np.uint8), 3, 2)
    assert np.array_equal(transplant_luma(photo, np.full((16, 16, 3), 77, np.uint8)), photo)


def test_quantizing_cuts_off() -> None:
    values = np.array([-0.1, 0.0, 0.9999 / 255, 1 / 255, 0.9999, 1.0, 1.5], np.float32)
    assert quantize_square(values).tolist() == [0, 0, 0, 1, 254, 255, 255]


def test_huge_photos_are_worked_on_in_strips(monkeypatch: pytest.MonkeyPatch) -> None:
    """As whole but for rounding."""
    rng = np.random.default_rng(0)
    photo = rng.integers(0, 256, (1500, 900, 3), dtype=np.uint8)
    square = rng.integers(0, 256, (192, 192, 3), dtype=np.uint8)
    whole = model_input(photo, 192), transplant_luma(photo, square)
    assert np.array_equal(model_input(photo.astype(np.uint16) * 257, 192), whole[0])
    monkeypatch.setattr(original, "_WHOLE_PIXELS", 1000)
    monkeypatch.setattr(original, "_STRIP_ROWS", 100)
    assert np.abs(model_input(photo, 192).astype(int) - whole[0]).max() <= 1
    assert transplant_luma(photo, square, in_place=True) is photo
    assert np.abs(photo.astype(int) - whole[1]).max() <= 4
