"""Doubts of a network, against backends whose opinions are known."""

import importlib.machinery
import importlib.util

import cv2
import numpy as np
import pytest

from deoldify_lite.render.certainty import colors_on, doubts_on, spread_of
from deoldify_lite.render.colorizer import Colorizer
from helpers.networks import Fixed
from helpers.pictures import textured
from helpers.places import ROOT

SQUARE = np.full((64, 64), 128, np.uint8)


class Sided(Fixed):
    """A backend that gives one chroma on the left half, and its opposite on the right, whatever it sees."""

    def predict(self, lumas: np.ndarray) -> np.ndarray:
        chroma = super().predict(lumas)
        chroma[..., chroma.shape[-1] // 2 :] *= -1
        return chroma


def colorizer(backend: Fixed, *, saturation: float = 1.0) -> Colorizer:
    return Colorizer(backend, render_factor=4, saturation=saturation)


def lab_of_flat(chroma: tuple[float, float]) -> np.ndarray:
    """a and b of a mid grey with some chroma, by the definition of BT.601 and OpenCV's Lab."""
    cb, cr = chroma
    luma = 128 / 255
    red, blue = luma + 1.402 * cr, luma + 1.772 * cb
    green = (luma - 0.299 * red - 0.114 * blue) / 0.587
    levels = np.round(np.array([red, green, blue]) * 255) / 255
    return cv2.cvtColor(levels.astype(np.float32)[None, None], cv2.COLOR_RGB2LAB)[0, 0, 1:]


def test_spread_is_the_deviation_from_the_mean_of_all_opinions() -> None:
    one = np.zeros((3, 5, 2), np.float32)
    other = np.broadcast_to(np.array([6, 8], np.float32), one.shape)
    assert spread_of([one, other]) == pytest.approx(5)  # each is half of 10 from the mean
    assert spread_of([other, other, other]) == 0
    half = other.copy()
    half[:, 1:] = 0
    assert spread_of([one, half]) == pytest.approx(1)  # on a fifth of the pixels


def test_colors_are_those_on_the_luma() -> None:
    chroma = np.empty((2, 16, 16), np.float32)
    chroma[0], chroma[1] = -0.1, 0.15
    found = colors_on(SQUARE, chroma)
    assert found.shape == (16, 16, 2)
    np.testing.assert_allclose(found, np.broadcast_to(lab_of_flat((-0.1, 0.15)), found.shape), atol=0.01)
    black = colors_on(np.zeros_like(SQUARE), chroma)  # where no colour can be
    np.testing.assert_allclose(black, 0, atol=1e-3)


def test_a_network_that_does_not_care_for_sides_is_in_no_doubt() -> None:
    assert doubts_on(colorizer(Fixed()), [SQUARE, textured()[:64, :64]]) == [0, 0]
    assert doubts_on(colorizer(Fixed()), []) == []


def test_doubt_of_a_network_that_contradicts_itself_in_the_mirror() -> None:
    chroma = (-0.05, 0.1)
    (doubt,) = doubts_on(colorizer(Sided(chroma)), [SQUARE])
    ours, opposite = lab_of_flat(chroma), lab_of_flat((0.05, -0.1))
    assert doubt == pytest.approx(np.linalg.norm(ours - opposite) / 2, abs=0.02)
    (more,) = doubts_on(colorizer(Sided(chroma), saturation=1.5), [SQUARE])
    assert more > 1.3 * doubt


def test_a_second_opinion_counts() -> None:
    first, second = Fixed((0.0, 0.1)), Fixed((0.0, -0.1))
    assert doubts_on(colorizer(first), [SQUARE], second=colorizer(first)) == [0]
    (doubt,) = doubts_on(colorizer(first), [SQUARE], second=colorizer(second))
    a, b = lab_of_flat((0.0, 0.1)), lab_of_flat((0.0, -0.1))
    # two for a, one for b: the variance is 2/9 of the squared distance
    assert doubt == pytest.approx(np.sqrt(2 / 9) * np.linalg.norm(a - b), abs=0.02)


def test_many_at_once_are_as_one_by_one() -> None:
    squares = [textured(shift)[:64, :64] for shift in (0, 20, 40)]
    network = colorizer(Sided())
    together = doubts_on(network, squares, second=colorizer(Fixed()))
    alone = [doubts_on(network, [square], second=colorizer(Fixed()))[0] for square in squares]
    assert together == pytest.approx(alone)
    assert network.backend.batches == [3, 3, 1, 1, 1, 1, 1, 1]


def test_rank_correlation_of_the_script() -> None:
    path = ROOT / "scripts/measure/certainty.py"
    loader = importlib.machinery.SourceFileLoader("measure_certainty", str(path))
    spec = importlib.util.spec_from_loader("measure_certainty", loader)
    assert spec is not None
    script = importlib.util.module_from_spec(spec)
    loader.exec_module(script)
    x = np.array([1.0, 5.0, 2.0, 9.0])
    assert script.rank_correlation(x, np.exp(x)) == pytest.approx(1)
    assert script.rank_correlation(x, -x) == pytest.approx(-1)
    # ranks 0 2 1 3 against 0 1 2 3: 1 - 6 * (0 + 1 + 1 + 0) / (4 * 15)
    assert script.rank_correlation(x, np.array([1.0, 2.0, 3.0, 4.0])) == pytest.approx(0.8)
    low, high = script.interval(np.arange(50.0), np.arange(50.0) % 25)
    assert -1 <= low < script.rank_correlation(np.arange(50.0), np.arange(50.0) % 25) < high <= 1
