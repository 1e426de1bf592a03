"""Small pictures, as a viewer sees the large ones."""

import base64
import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from deoldify_lite.color.arrays import shrink
from deoldify_lite.errors import InputError
from deoldify_lite.photo.photo import Photo
from deoldify_lite.photo.thumbnail import jpeg_uri, look_of, read_small
from helpers.pictures import grey_picture
from helpers.profiles import rgb_profile

SRGB_PRIMARIES = ((0.6484, 0.3309), (0.3212, 0.5979), (0.1559, 0.0660))  # under the white of D50


def test_a_profile_is_applied_and_a_damaged_one_is_not() -> None:
    """Half of the light is 188 in sRGB."""
    rgb = np.full((2, 2, 3), 128, np.uint8)
    linear = Photo(Path("a.png"), rgb, icc=rgb_profile(SRGB_PRIMARIES, 1.0))
    assert np.abs(look_of(linear, rgb).astype(int) - 188).max() <= 2
    damaged = Photo(Path("a.png"), rgb, icc=b"no profile")
    np.testing.assert_array_equal(look_of(damaged, rgb), rgb)


def test_transparency_is_laid_on_white() -> None:
    deep = np.full((2, 2, 3), 257 * 100, np.uint16)
    alpha = np.array([[0, 65535], [32768, 65535]], np.uint16)
    look = look_of(Photo(Path("a.png"), deep, alpha=alpha), deep)
    assert look.dtype == np.uint8
    np.testing.assert_allclose(look[..., 0], [[255, 100], [177, 100]], atol=1)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_large_jpeg_is_read_small_and_upright(tmp_path: Path, orientation: int) -> None:
    path, exif = tmp_path / "a.jpg", Image.Exif()
    exif[0x0112] = orientation
    picture = np.dstack([grey_picture(600, 900)[..., 0], np.full((600, 900), 90), np.full((600, 900), 30)])
    Image.fromarray(picture.astype(np.uint8)).save(path, exif=exif, quality=95)
    small = read_small(path, 100)
    whole = read_small(path, 5000)
    assert max(whole.rgb.shape) == 900 and max(small.rgb.shape) == 900 // 4
    expected = shrink(whole.rgb, small.rgb.shape[:2]).astype(int)
    assert np.abs(small.rgb.astype(int) - expected).mean() < 3


def test_other_photos_are_read_as_they_are(tmp_path: Path) -> None:
    grey = grey_picture(500, 400)
    Image.fromarray(grey[..., 0].astype(np.uint16) * 257).save(tmp_path / "deep.png")
    assert read_small(tmp_path / "deep.png", 10).rgb.dtype == np.uint16
    Image.fromarray(grey[..., 0]).save(tmp_path / "grey.jpg")
    assert read_small(tmp_path / "grey.jpg", 10).rgb.shape == (63, 50, 3)
    cut = tmp_path / "cut.jpg"
    cut.write_bytes((tmp_path / "grey.jpg").read_bytes()[:3000])
    with pytest.raises(InputError, match="truncated"):
        read_small(cut, 10)


@pytest.mark.parametrize("whole_chroma", [False, True])
def test_data_uris_hold_the_picture(whole_chroma: bool) -> None:
    uri = jpeg_uri(grey_picture(40, 60), quality=90, whole_chroma=whole_chroma)
    kind, _, data = uri.partition(",")
    assert kind == "data:image/jpeg;base64"
    found = np.asarray(Image.open(io.BytesIO(base64.b64decode(data)))).astype(int)
    assert np.abs(found - grey_picture(40, 60)).mean() < 3
