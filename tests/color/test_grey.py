"""Whether a picture shows any colour."""

import numpy as np
import pytest

from deoldify_lite.color.grey import is_black_and_white, is_grey


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_few_pixels_or_levels_are_no_color(dtype: type) -> None:
    step = np.iinfo(dtype).max // 255
    picture = np.full((600, 1000, 3), 100 * step, dtype)
    assert is_grey(picture)
    picture[..., 0] += 8 * step
    assert is_grey(picture)
    picture[-12:, :, 0] += step  # two of a hundred pixels
    assert is_grey(picture)
    picture[0, 0, 2] += 9 * step
    assert not is_grey(picture)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_black_and_white(dtype: type) -> None:
    full = np.iinfo(dtype).max
    picture = np.zeros((600, 1000, 3), dtype)
    picture[:300] = full
    picture[200:260] = full // 2  # the edges of ink, or what JPEG makes of them
    assert is_black_and_white(picture) and is_black_and_white(picture[:1, :1]) and is_grey(picture)
    picture[260] = full // 2
    assert not is_black_and_white(picture)
