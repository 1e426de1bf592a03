"""White balance: what it does to greys, to colours, and what it leaves alone."""

import time

import numpy as np
import pytest
from numpy.typing import NDArray

from deoldify_lite.color.grade import Grade, apply_grade, gains_of
from deoldify_lite.color.merge import merge_picture
from deoldify_lite.errors import OptionError

WARM, COLD = Grade(temperature=50), Grade(temperature=-50)


def some_chroma(size: int = 16, spread: float = 0.1) -> NDArray[np.float32]:
    return np.random.default_rng(0).normal(0, spread, (2, size, size)).astype(np.float32)


def some_luma(size: int = 16) -> NDArray[np.uint8]:
    return np.random.default_rng(1).integers(0, 256, (size, size)).astype(np.uint8)


def shown(rgb: tuple[float, float, float], grade: Grade) -> NDArray[np.float64]:
    """An even surface of a colour, RGB in [0, 1] with its luma a whole level, after grading: RGB."""
    red, green, blue = rgb
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    chroma = np.array([(blue - luma) / 1.772, (red - luma) / 1.402], np.float32).reshape(2, 1, 1)
    cb, cr = apply_grade(chroma, np.array([[round(255 * luma)]], np.uint8), grade)[:, 0, 0].astype(float)
    red, blue = luma + 1.402 * cr, luma + 1.772 * cb
    return np.array([red, (luma - 0.299 * red - 0.114 * blue) / 0.587, blue])


def test_a_neutral_grade_is_the_identity_bit_for_bit() -> None:
    chroma = some_chroma(spread=0.5)
    before = chroma.copy()
    assert np.array_equal(apply_grade(chroma, some_luma(), Grade()), before)
    apply_grade(chroma, some_luma(), WARM)
    assert np.array_equal(chroma, before)  # nor is the caller's chroma ever changed


def test_the_least_grade_does_the_least() -> None:
    """Also to colours that do not fit into the RGB cube at their luma."""
    chroma = some_chroma(spread=0.5)
    assert np.abs(apply_grade(chroma, some_luma(), Grade(0.001, 0.001)) - chroma).max() < 1e-4


def test_gains_are_the_ratio_of_two_whites() -> None:
    """By hand, and by another approximation: linear sRGB of the white at 6504 K is (1.0423, 0.9838, 1.0355),
    100 mired on, at 3941 K, (1.4303, 0.9207, 0.5184). Their ratios to the power of 1 / 2.2 are 1.1547, 0.9703
    and 0.7301; of luma 0.9981, by which they are divided."""
    assert gains_of(Grade(temperature=100)) == pytest.approx((1.1570, 0.9722, 0.7316), abs=2e-3)
    for grade, mired in ((Grade(temperature=100), 253.75), (Grade(temperature=-100), 53.75)):
        gains = (whites()[mired] / whites()[153.75]) ** (1 / 2.2)
        gains /= gains @ [0.299, 0.587, 0.114]
        assert gains_of(grade) == pytest.approx(tuple(gains), abs=3e-3)


def whites() -> dict[float, NDArray[np.float64]]:
    """Linear sRGB of points of the Planckian locus by their mired, otherwise approximated than in the module.

    x and y as a cubic of 1/T and of x: B. Kang et al. 2002, "Design of advanced color temperature control
    system for HDTV applications", Journal of the Korean Physical Society 41, for 4000 K and above and below.
    """
    found = {}
    for mired in (53.75, 153.75, 253.75):
        t = 1e6 / mired
        if t >= 4000:
            x = -3.0258469e9 / t**3 + 2.1070379e6 / t**2 + 0.2226347e3 / t + 0.240390
            y = 3.0817580 * x**3 - 5.87338670 * x**2 + 3.75112997 * x - 0.37001483
        else:
            x = -0.2661239e9 / t**3 - 0.2343589e6 / t**2 + 0.8776956e3 / t + 0.179910
            y = -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
        xyz = np.array([x / y, 1, (1 - x - y) / y])
        to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
        found[mired] = np.linalg.solve(to_xyz, xyz)
    return found


def test_a_color_is_multiplied_and_brought_back_to_its_luma() -> None:
    rgb = np.array([0.6, 0.4, 0.2])
    rgb *= 110 / 255 / (rgb @ [0.299, 0.587, 0.114])  # a whole level, as luma comes
    expected = rgb * gains_of(WARM)
    expected *= (rgb @ [0.299, 0.587, 0.114]) / (expected @ [0.299, 0.587, 0.114])
    np.testing.assert_allclose(shown(tuple(rgb), WARM), expected, atol=1e-5)


@pytest.mark.parametrize(
    ("grade", "least", "most"),
    [(WARM, 2, 0), (COLD, 0, 2), (Grade(tint=50), 1, None), (Grade(tint=-50), None, 1)],
)
def test_greys_turn_the_way_that_photographers_expect(
    grade: Grade, least: int | None, most: int | None
) -> None:
    """Warm: red over green over blue. Magenta: green least; green: green most."""
    grey = shown((0.6, 0.6, 0.6), grade)
    if least is not None:
        assert grey.argmin() == least
    if most is not None:
        assert grey.argmax() == most


def test_black_stays_neutral_and_greys_turn_in_proportion_to_their_luma() -> None:
    luma = np.array([[0, 51, 102, 204]], np.uint8)
    cb, cr = apply_grade(np.zeros((2, 1, 4), np.float32), luma, WARM)
    np.testing.assert_allclose(cb[0], cb[0, 3] * np.array([0, 0.25, 0.5, 1]), atol=1e-6)
    np.testing.assert_allclose(cr[0], cr[0, 3] * np.array([0, 0.25, 0.5, 1]), atol=1e-6)
    assert cb[0, 3] < -0.03 < 0.02 < cr[0, 3]


def test_more_is_more() -> None:
    """Over the whole range, each pixel whose colour fits its luma grows only warmer, or more magenta."""
    chroma, luma = some_chroma(spread=0.03), (some_luma() // 2 + 64).astype(np.uint8)
    steps = np.arange(-100, 101, 10)
    warmth = np.stack([apply_grade(chroma, luma, Grade(temperature=float(t))) for t in steps])
    assert (np.diff(warmth[:, 0], axis=0) < 0).all() and (np.diff(warmth[:, 1], axis=0) > 0).all()
    tints = np.stack([apply_grade(chroma, luma, Grade(tint=float(t))) for t in steps])
    green = -0.114 * 1.772 / 0.587 * tints[:, 0] - 0.299 * 1.402 / 0.587 * tints[:, 1]
    assert (np.diff(green, axis=0) < 0).all()


def test_luma_does_not_change() -> None:
    grey = np.repeat(some_luma(32)[..., None], 3, axis=2)
    result = merge_picture(grey, apply_grade(some_chroma(32), grey[..., 0], Grade(100, -100)))
    assert np.abs(result @ [0.299, 0.587, 0.114] - grey[..., 0]).max() < 1


def test_luma_may_be_larger_than_chroma() -> None:
    luma = np.array([[40, 60, 0, 0], [40, 60, 0, 0]], np.uint8)
    result = apply_grade(np.zeros((2, 1, 2), np.float32), luma, WARM)
    alone = apply_grade(np.zeros((2, 1, 1), np.float32), np.array([[50]], np.uint8), WARM)
    assert result.shape == (2, 1, 2) and result.dtype == np.float32
    np.testing.assert_allclose(result[:, 0, 0], alone[:, 0, 0], atol=1e-6)
    assert not result[:, 0, 1].any()


@pytest.mark.parametrize("name", ["temperature", "tint"])
@pytest.mark.parametrize("value", [100.5, -101, float("nan"), float("inf")])
def test_a_value_out_of_range_is_refused(name: str, value: float) -> None:
    with pytest.raises(OptionError, match=f"{name} .*choose a value from -100 to 100"):
        Grade(**{name: value})


def test_even_the_extremes_give_numbers() -> None:
    chroma, luma = some_chroma(spread=0.5), some_luma()
    for temperature in (-100.0, 100.0):
        for tint in (-100.0, 100.0):
            result = apply_grade(chroma, luma, Grade(temperature, tint))
            assert np.isfinite(result).all() and np.abs(result - chroma).max() < 0.6


def test_a_frame_of_a_film_takes_no_time() -> None:
    """Counted in the processor's time, of which other programs take nothing."""
    chroma, luma = some_chroma(96), some_luma(192)
    times = []
    for _ in range(20):
        began = time.process_time()
        apply_grade(chroma, luma, WARM)
        times.append(time.process_time() - began)
    assert min(times) < 2e-3  # 0.2 ms alone on a core
