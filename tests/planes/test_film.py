"""planes: luma is the source's to the bit, colours are those of files, and memory is bounded."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from deoldify_lite.planes.film import colorize_planes
from deoldify_lite.planes.form import UNSAID, Form, chroma_planes, network_luma, small_chroma
from deoldify_lite.render.colorizer import Colorizer
from helpers.networks import Fixed

CB, CR = -0.1, 0.2


def form_of(depth: int, shrinks: tuple[int, int], color_range: str, *, is_grey: bool = False) -> Form:
    colors = replace(UNSAID, range=color_range)
    return Form(35, 17, depth, *shrinks, is_grey=is_grey, colors=colors)


def frames_of(form: Form, count: int, *, colored: bool = False) -> Iterator[list[np.ndarray]]:
    rng = np.random.default_rng(0)
    luma = rng.integers(0, 2**form.depth, (form.height, form.width)).astype(form.sample)
    neutral = 2 ** (form.depth - 1)
    for number in range(count):
        level = neutral + (neutral // 2 if colored else 0)
        chroma = [np.full(form.chroma_shape, level, form.sample) for _ in range(2)]
        yield [np.roll(luma, number, 1), *([] if form.is_grey else chroma)]


@pytest.mark.parametrize("color_range", ["tv", "pc"])
@pytest.mark.parametrize("shrinks", [(1, 1), (1, 0), (0, 0)])
@pytest.mark.parametrize("depth", [8, 9, 10, 12, 16])
def test_luma_is_kept_and_chroma_is_what_the_network_gives(
    depth: int, shrinks: tuple[int, int], color_range: str
) -> None:
    form = form_of(depth, shrinks, color_range, is_grey=True)
    colorizer = Colorizer(Fixed((CB, CR)), render_factor=4)
    sources = list(frames_of(form, 5))
    results = list(colorize_planes(iter(sources), form, colorizer, steadiness=0.9))
    assert len(results) == 5
    full = 224 * 2 ** (depth - 8) if color_range == "tv" else 2**depth - 1
    # By hand: the colour difference of BT.601 in BT.709's weights.
    blue, red = 2 * (1 - 0.114) * CB, 2 * (1 - 0.299) * CR
    green = -(0.299 * red + 0.114 * blue) / 0.587
    luma = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    wanted = [(blue - luma) / (2 * (1 - 0.0722)), (red - luma) / (2 * (1 - 0.2126))]
    for [source], result in zip(sources, results, strict=True):
        assert np.array_equal(result.planes[0], source) and not result.is_kept
        for plane, value in zip(result.planes[1:], wanted, strict=True):
            assert plane.shape == form.chroma_shape and plane.dtype == form.sample
            assert np.abs(plane.astype(float) - (2 ** (depth - 1) + value * full)).max() <= 0.51


@pytest.mark.parametrize("recolor_all", [False, True])
def test_shots_in_colour_stay_to_the_bit(recolor_all: bool) -> None:
    form = form_of(10, (1, 1), "tv")
    colorizer = Colorizer(Fixed((CB, CR)), render_factor=4)
    sources = list(frames_of(form, 30, colored=True))
    results = list(colorize_planes(iter(sources), form, colorizer, steadiness=0.9, recolor_all=recolor_all))
    for source, result in zip(sources, results, strict=True):
        assert result.is_kept != recolor_all
        same = all(np.array_equal(one, other) for one, other in zip(source, result.planes, strict=True))
        assert same != recolor_all


@pytest.mark.parametrize("depth", [8, 10, 16])
@pytest.mark.parametrize("color_range", ["tv", "pc"])
def test_the_network_sees_full_range(depth: int, color_range: str) -> None:
    form = form_of(depth, (1, 1), color_range)
    scale = 2 ** (depth - 8)
    black, white = (16 * scale, 235 * scale) if color_range == "tv" else (0, 2**depth - 1)
    plane = np.full((17, 35), black, form.sample)
    plane[:, 18:] = white
    seen = network_luma(plane, form, 32)
    assert seen.min() == 0 and seen.max() == 255
    grey = [plane, *(np.full(form.chroma_shape, 128 * scale, form.sample) for _ in range(2))]
    assert np.abs(small_chroma(grey, form, 32).astype(int) - 128).max() <= 1


def test_chroma_beyond_the_range_is_cut_off() -> None:
    form = form_of(8, (0, 0), "tv")
    strong = np.full((2, 4, 4), 0.6, np.float32)
    for plane in chroma_planes(strong, np.full((16, 16), 128, np.uint8), form):
        assert plane.max() <= 240


def test_frames_are_taken_as_they_are_needed() -> None:
    """However long the film, about a hundred frames are held."""
    form = form_of(8, (1, 1), "tv", is_grey=True)
    taken = 0

    def counted() -> Iterator[list[np.ndarray]]:
        nonlocal taken
        for frame in frames_of(form, 600):
            taken += 1
            yield frame

    colorizer = Colorizer(Fixed((CB, CR)), render_factor=4)
    for number, _ in enumerate(colorize_planes(counted(), form, colorizer, steadiness=0.9), 1):
        assert taken - number < 130
    assert number == 600
