"""Chroma of another coloured version: it lies where it belongs, and what differs is not trusted."""

import math
from collections.abc import Callable

import cv2
import numpy as np
import pytest

from deoldify_lite.color.alignment import Laid, lay_chroma
from deoldify_lite.color.bt601 import LUMA_BLUE, LUMA_GREEN, LUMA_RED
from deoldify_lite.color.merge import chroma_of_rgb
from helpers.paintings import painting

SIZE = (360, 480)
WEIGHTS = np.array([LUMA_RED, LUMA_GREEN, LUMA_BLUE], np.float32)

Change = Callable[[np.ndarray], np.ndarray]


def luma_of(rgb: np.ndarray) -> np.ndarray:
    return (rgb @ WEIGHTS / 255).astype(np.float32)


def moved(rgb: np.ndarray, *, shift: float = 0, scale: float = 1, turn: float = 0) -> np.ndarray:
    height, width = rgb.shape[:2]
    affine = cv2.getRotationMatrix2D((width / 2, height / 2), turn, scale)
    affine[:, 2] += shift * width
    return np.asarray(cv2.warpAffine(rgb, affine, (width, height)))


def relit(rgb: np.ndarray, gamma: float) -> np.ndarray:
    return np.rint(255 * (rgb / 255) ** gamma).astype(np.uint8)


def jpeg(rgb: np.ndarray) -> np.ndarray:
    _, data = cv2.imencode(".jpg", rgb, [cv2.IMWRITE_JPEG_QUALITY, 60])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))


def laid(rgb: np.ndarray, other: np.ndarray, alpha: np.ndarray | None = None) -> Laid:
    found = lay_chroma(luma_of(rgb), other, alpha)
    assert found is not None
    return found


def trusted_psnr(rgb: np.ndarray, found: Laid) -> float:
    """PSNR of chroma, in dB, where it is trusted."""
    error = np.square(found.chroma - chroma_of_rgb(rgb / np.float32(255)))[:, found.trust > 0.5]
    return -10 * math.log10(float(error.mean()))


CHANGES: dict[str, tuple[Change, float, float]] = {  # with the least PSNR and share that may be trusted
    "nothing": (lambda rgb: rgb, 45, 0.98),
    "shift": (lambda rgb: moved(rgb, shift=0.03), 34, 0.8),
    "larger": (lambda rgb: moved(rgb, scale=1.05), 34, 0.8),
    "smaller": (lambda rgb: moved(rgb, scale=0.95), 34, 0.75),
    "turn": (lambda rgb: moved(rgb, turn=1), 34, 0.85),
    "crop": (lambda rgb: rgb[40:-30, 60:-20], 34, 0.5),
    "brighter": (lambda rgb: relit(rgb, 0.7), 36, 0.9),
    "darker": (lambda rgb: relit(rgb, 1.4), 36, 0.9),
    "jpeg": (jpeg, 30, 0.9),
    "half": (lambda rgb: cv2.resize(rgb, (240, 180), interpolation=cv2.INTER_AREA), 30, 0.8),
    "squeezed": (lambda rgb: cv2.resize(rgb, (512, 512)), 34, 0.9),
    "all": (lambda rgb: jpeg(relit(moved(rgb, shift=0.02, scale=1.04, turn=1), 1.2)), 28, 0.65),
}


@pytest.mark.parametrize("name", CHANGES)
def test_colors_lie_where_they_belong(name: str) -> None:
    change, psnr, share = CHANGES[name]
    rgb = painting(1)
    found = laid(rgb, np.ascontiguousarray(change(rgb)))
    assert found.chroma.shape == (2, *SIZE)
    assert found.trust.shape == SIZE
    assert trusted_psnr(rgb, found) > psnr
    assert (found.trust > 0.5).mean() > share
    assert found.trust.min() >= 0
    assert found.trust.max() <= 1


def test_black_borders_take_no_trust_beside_them() -> None:
    rgb = painting(1)
    found = laid(rgb, moved(rgb, shift=0.03))
    height, width = SIZE
    assert found.trust[: height - 30, : width - 30].mean() > 0.97
    assert found.trust[2:-40, 2:12].mean() > 0.9
    assert found.trust[-8:].max() == 0


def test_no_features_are_sought_where_the_whole_fits_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(cv2.SIFT, "create")
    rgb = painting(1)
    assert trusted_psnr(rgb, laid(rgb, relit(moved(rgb, shift=0.01), 0.8))) > 34


def test_what_was_redrawn_is_not_trusted() -> None:
    rgb, other = painting(1), painting(1)
    redrawn = (slice(100, 260), slice(140, 360))  # a fifth of the picture
    other[redrawn] = painting(2)[redrawn]
    found = laid(rgb, other)
    rest = np.ones(SIZE, bool)
    rest[80:280, 120:380] = False
    assert found.trust[redrawn].mean() < 0.1
    assert found.trust[rest].mean() > 0.95
    assert trusted_psnr(rgb, found) > 38


def test_a_crop_is_trusted_only_where_it_reaches() -> None:
    rgb = painting(3)
    found = laid(rgb, np.ascontiguousarray(rgb[:, :300]))
    assert found.trust[:, 330:].max() == 0
    assert found.trust[:, :270].mean() > 0.8


def test_alpha_says_only_here() -> None:
    rgb = painting(4)
    alpha = np.zeros(SIZE, np.uint8)
    alpha[60:300, 60:260] = 255
    other = np.where(alpha[..., None] > 0, rgb, 0).astype(np.uint8)
    found = laid(rgb, other, alpha)
    assert found.trust[alpha == 0].max() < 0.6  # at the very edge, where neighbours are mixed
    assert found.trust[:50].max() == 0
    assert found.trust[80:280, 80:240].mean() > 0.9
    assert trusted_psnr(rgb, found) > 38


@pytest.mark.parametrize("seed", range(3))
def test_another_picture_does_not_fit(seed: int) -> None:
    assert lay_chroma(luma_of(painting(seed)), painting(seed + 10)) is None


def test_a_picture_without_anything_in_it_does_not_fit() -> None:
    assert lay_chroma(luma_of(painting(1)), np.full((50, 60, 3), 90, np.uint8)) is None


def test_grain_does_not_hide_it() -> None:
    rgb = painting(5)
    grain = np.random.default_rng(0).normal(0, 12 / 255, SIZE).astype(np.float32)
    found = lay_chroma(np.clip(luma_of(rgb) + grain, 0, 1), moved(rgb, shift=0.02))
    assert found is not None
    assert (found.trust > 0.5).mean() > 0.6
    assert trusted_psnr(rgb, found) > 30


def test_deep_and_shallow_pictures_give_the_same_and_always() -> None:
    rgb = painting(6)
    other = moved(rgb, shift=0.02, turn=1)
    one, again, deep = laid(rgb, other), laid(rgb, other), laid(rgb, other.astype(np.uint16) * 257)
    assert np.array_equal(one.chroma, again.chroma)
    assert np.array_equal(one.trust, again.trust)
    assert np.abs(one.chroma - deep.chroma)[:, one.trust > 0.5].mean() < 2e-3


def test_the_result_is_no_longer_than_asked_for() -> None:
    rgb = painting(7)
    found = lay_chroma(luma_of(rgb), rgb, most_px=240)
    assert found is not None
    assert found.trust.shape == (180, 240)
