"""Colours from a reference: like goes to like, doubt and strangers leave the network's colour."""

import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from deoldify_lite.api import load_colorizer
from deoldify_lite.color.arrays import Chroma, Square
from deoldify_lite.color.merge import chroma_of_rgb
from deoldify_lite.color.reference import Reference
from deoldify_lite.errors import InputError
from helpers.pictures import textured

DARK, BRIGHT = 70, 180
# What the network below makes of dark and bright, and what they are in the reference: Cb and Cr.
SKY, SKIN = np.array([0.04, -0.02]), np.array([-0.05, 0.06])
TRUE_SKY, TRUE_SKIN = np.array([0.12, -0.06]), np.array([-0.08, 0.10])


class ByLuma:
    """A network that colours dark as sky and bright as skin, and all between as a mixture."""

    def prepare(self, picture: NDArray[np.uint8]) -> Square:
        small = cv2.resize(picture, (192, 192), interpolation=cv2.INTER_AREA)
        small = (small >> 8).astype(np.uint8) if small.dtype == np.uint16 else small
        return np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))

    def predict_chroma(self, squares: Sequence[Square]) -> NDArray[np.float32]:
        return np.stack([predicted(square) for square in squares])


def predicted(square: Square) -> Chroma:
    small = cv2.resize(square, (96, 96), interpolation=cv2.INTER_AREA).astype(np.float32)
    share = np.clip((small - DARK) / (BRIGHT - DARK), 0, 1)
    return (SKY[:, None, None] * (1 - share) + SKIN[:, None, None] * share).astype(np.float32)


def with_chroma(luma: NDArray[np.uint8], chroma: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Luma (H, W) and chroma (2, H, W) -> (H, W, 3) RGB."""
    y = luma / 255
    red, blue = y + 1.402 * chroma[1], y + 1.772 * chroma[0]
    rgb = np.stack([red, (y - 0.299 * red - 0.114 * blue) / 0.587, blue], -1)
    assert rgb.min() > -0.01 and rgb.max() < 1.01
    return np.rint(255 * np.clip(rgb, 0, 1)).astype(np.uint8)


def two_halves(*, dark_left: bool) -> Square:
    """Sky beside skin, each with a little of a texture."""
    square = np.full((192, 192), BRIGHT, np.int64)
    square[:, :96] = DARK
    square = square if dark_left else square[:, ::-1]
    return (square + textured().astype(np.int64) // 40 - 3).astype(np.uint8)


def reference_of(square: Square, dark: NDArray, bright: NDArray) -> Reference:
    """A photo whose dark and bright parts have these colours."""
    is_dark = square < (DARK + BRIGHT) // 2
    chroma = np.where(is_dark, dark[:, None, None], bright[:, None, None])
    return Reference.from_picture(with_chroma(square, chroma), ByLuma())


def share_of_way(before: Chroma, after: Chroma, target: NDArray, part: tuple[slice, ...]) -> float:
    """How far the mean colour of a part has gone to the target: 0 not at all, 1 all of the way."""
    start, end = (chroma[(slice(None), *part)].mean((1, 2)) for chroma in (before, after))
    return float((end - start) @ (target - start) / ((target - start) @ (target - start)))


def test_each_region_takes_the_color_of_its_like_wherever_that_lies() -> None:
    square = two_halves(dark_left=True)
    reference = reference_of(two_halves(dark_left=False), TRUE_SKY, TRUE_SKIN)
    chroma = predicted(square)
    pulled = reference.pull(chroma, square)
    assert pulled.shape == chroma.shape and pulled.dtype == np.float32
    left, right = (slice(8, -8), slice(8, 40)), (slice(8, -8), slice(56, -8))
    assert 0.8 < share_of_way(chroma, pulled, TRUE_SKY, left) < 1.05
    assert 0.8 < share_of_way(chroma, pulled, TRUE_SKIN, right) < 1.05


def test_the_edge_between_two_regions_stays_sharp() -> None:
    square = two_halves(dark_left=True)
    pulled = reference_of(square, TRUE_SKY, TRUE_SKIN).pull(predicted(square), square)
    step = pulled[1, 8:-8, 49].mean() - pulled[1, 8:-8, 46].mean()
    whole = pulled[1, 8:-8, 60:].mean() - pulled[1, 8:-8, :36].mean()
    assert step > 0.75 * whole


def test_a_reference_of_the_colors_that_the_network_gives_changes_nothing() -> None:
    square = two_halves(dark_left=True)
    chroma = predicted(square)
    assert np.abs(reference_of(square, SKY, SKIN).pull(chroma, square) - chroma).max() < 0.01


def test_what_is_not_in_the_reference_keeps_its_color() -> None:
    only_bright = (textured() // 40 + BRIGHT - 3).astype(np.uint8)
    reference = reference_of(only_bright, TRUE_SKY, TRUE_SKIN)
    square = two_halves(dark_left=True)
    chroma = predicted(square)
    pulled = reference.pull(chroma, square)
    assert np.abs(pulled - chroma)[:, :, :40].max() < 1 / 255
    assert 0.2 < share_of_way(chroma, pulled, TRUE_SKIN, (slice(8, -8), slice(56, -8))) < 0.8
    only_dark = (textured() // 40 + DARK - 3).astype(np.uint8)
    assert np.abs(reference.pull(predicted(only_dark), only_dark) - predicted(only_dark)).max() < 1 / 255


def test_where_the_reference_is_of_two_minds_less_is_taken() -> None:
    """The same grey in two colours, red and green: their mean is not a colour of any of them."""
    square = (textured() // 40 + 120).astype(np.uint8)
    red, green = np.array([-0.05, 0.2]), np.array([-0.15, -0.2])
    rows = np.arange(192)[:, None].repeat(192, 1)
    striped = np.where(rows // 24 % 2, red[:, None, None], green[:, None, None])
    even = np.broadcast_to(striped.mean((1, 2), keepdims=True), striped.shape)
    chroma = predicted(square)
    moved = [
        np.abs(Reference.from_picture(with_chroma(square, c), ByLuma()).pull(chroma, square) - chroma).mean()
        for c in (striped, even)
    ]
    assert moved[0] < 0.5 * moved[1]


def test_a_little_change_of_the_picture_is_a_little_change_of_the_pull() -> None:
    """Grain of 2 % and an exposure of 3 % more, as from frame to frame of a film."""
    square = textured()
    other = textured(seed=1)
    rng = np.random.default_rng(0)
    chroma = np.repeat((other[::2, ::2] / 255 - 0.5)[None] * 0.2, 2, 0).astype(np.float32)
    full = cv2.resize(np.moveaxis(chroma, 0, -1), (192, 192))
    luma = (other // 2 + 60).astype(np.uint8)
    reference = Reference.from_picture(with_chroma(luma, np.moveaxis(full, -1, 0)), ByLuma())
    noisy = square * 1.03 + 5 * rng.standard_normal(square.shape)
    changed = np.clip(np.rint(noisy), 0, 255).astype(np.uint8)
    before, after = (reference.pull(predicted(s), s) - predicted(s) for s in (square, changed))
    assert np.abs(before).mean() > 4 / 255
    assert np.abs(after - before).mean() < 0.2 * np.abs(before).mean()


def test_the_same_every_time_and_the_caller_keeps_what_is_his() -> None:
    square = two_halves(dark_left=True)
    chroma = predicted(square)
    kept = chroma.copy()
    pulls = [reference_of(square, TRUE_SKY, TRUE_SKIN).pull(chroma, square) for _ in range(2)]
    assert np.array_equal(pulls[0], pulls[1])
    assert np.array_equal(chroma, kept)


@pytest.mark.parametrize("size", [(96, 96), (16, 16), (192, 192), (40, 60)])
def test_chroma_of_any_size_up_to_the_square(size: tuple[int, int]) -> None:
    square = two_halves(dark_left=True)
    chroma = np.stack([cv2.resize(plane, size[::-1]) for plane in predicted(square)])
    pulled = reference_of(square, TRUE_SKY, TRUE_SKIN).pull(chroma, square)
    assert pulled.shape == (2, *size)
    left = (slice(None), slice(0, size[1] // 3))
    assert share_of_way(chroma, pulled, TRUE_SKY, left) > 0.7


def test_a_reference_of_16_bits_is_that_of_8() -> None:
    chroma = np.full((2, 192, 192), 0.05)
    picture = with_chroma(two_halves(dark_left=True), chroma)
    eight = Reference.from_picture(picture, ByLuma())
    sixteen = Reference.from_picture(picture.astype(np.uint16) * 257, ByLuma())
    np.testing.assert_allclose(eight.colors, sixteen.colors, atol=3e-3)
    np.testing.assert_allclose(eight.colors, 0.05, atol=4e-3)


def test_a_grey_reference_is_refused() -> None:
    grey = np.repeat(textured()[..., None], 3, axis=2)
    with pytest.raises(InputError, match="no colour: choose a photo in colour"):
        Reference.from_picture(grey, ByLuma())


def test_a_true_colorizer_sees_the_reference(tiny_weights: Path) -> None:
    colorizer = load_colorizer(weights=tiny_weights, backend="torch", device="cpu")
    picture = with_chroma(textured() // 2 + 60, np.full((2, 192, 192), 0.08))[:150]
    reference = Reference.from_picture(picture, colorizer)
    square = colorizer.prepare(picture)
    chroma = colorizer.predict_chroma([square])[0]
    pulled = reference.pull(chroma, square)
    true = chroma_of_rgb(picture / np.float32(255)).mean((1, 2))
    assert share_of_way(chroma, pulled, true, (slice(None), slice(None))) > 0.7


def test_a_frame_of_a_film_takes_little_time() -> None:
    """Counted in the processor's time, of which other programs take nothing."""
    square = two_halves(dark_left=True)
    reference, chroma = reference_of(square, TRUE_SKY, TRUE_SKIN), predicted(square)
    times = []
    for _ in range(10):
        began = time.process_time()
        reference.pull(chroma, square)
        times.append(time.process_time() - began)
    assert min(times) < 0.02  # 2.3 ms alone on a core
