"""The palette in the corner."""

import numpy as np
import pytest

from deoldify_lite.photo.watermark import add_watermark, draw_palette


@pytest.mark.parametrize(("height", "width"), [(400, 600), (600, 400), (3000, 4000)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_it_is_small_in_the_lower_left_corner_and_in_proportion(height: int, width: int, dtype: type) -> None:
    picture = np.full((height, width, 3), np.iinfo(dtype).max // 2, dtype)
    before = picture.copy()
    add_watermark(picture)
    rows, columns = np.nonzero((picture != before).any(axis=2))
    side = round(0.05 * min(height, width))
    assert height - 2 * side < rows.min() and rows.max() < height - side // 4
    assert side // 4 < columns.min() and columns.max() < 2 * side
    changed = picture[rows.min() : rows.max(), columns.min() : columns.max()].astype(int)
    assert np.ptp(changed, axis=2).max() > np.iinfo(dtype).max // 4  # it has colours


def test_depths_look_alike() -> None:
    shallow = np.full((500, 500, 3), 90, np.uint8)
    deep = shallow.astype(np.uint16) * 257
    add_watermark(shallow)
    add_watermark(deep)
    assert np.abs(deep / 257 - shallow).max() <= 0.51


def test_a_tiny_picture_is_left_alone() -> None:
    picture = np.full((20, 300, 3), 90, np.uint8)
    add_watermark(picture)
    assert (picture == 90).all()


def test_corners_of_the_palette_are_clear() -> None:
    palette = draw_palette(64)
    assert palette.shape == (64, 64, 4) and palette[0, 0, 3] == palette[-1, -1, 3] == 0
    assert 0.3 < palette[..., 3].mean() < 0.8
