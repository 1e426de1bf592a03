"""The network at work on pictures in memory."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from deoldify_lite.color.cast import temper_cast
from deoldify_lite.errors import RenderError
from deoldify_lite.models.build import build_network
from deoldify_lite.render.colorizer import Colorizer, OutOfMemoryError
from deoldify_lite.render.rendering import settle
from deoldify_lite.render.torch_backend import TorchBackend
from helpers.networks import Fixed
from helpers.pictures import grey_picture, luma_levels


def test_a_described_prediction_is_the_same_and_its_features_are_cosines(tiny_weights: Path) -> None:
    backend = TorchBackend(build_network(None, tiny_weights), device="cpu", precision="fp32")
    colorizer = Colorizer(backend, render_factor=4)
    squares = [grey_picture(64, 64)[..., 0], grey_picture(64, 64)[::-1, :, 0].copy()]
    chroma, features = colorizer.predict_described(squares)
    np.testing.assert_array_equal(chroma, colorizer.predict_chroma(squares))
    for of_square in features:
        assert of_square is not None
        assert [one.shape[1:] for one in of_square] == [(8, 8), (4, 4), (2, 2)]
        for one in of_square:
            lengths = np.linalg.norm(one.astype(np.float32), axis=0)
            assert np.logical_or(np.abs(lengths - 1) < 1e-2, lengths == 0).all()
    assert Colorizer(Fixed(), render_factor=2).predict_described([squares[0]])[1] == [None]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("size", [(1, 1), (3, 200), (130, 67), (301, 203)])
def test_color_comes_in_and_luma_stays(
    tiny_weights: Path, size: tuple[int, int], dtype: type[np.unsignedinteger]
) -> None:
    picture = grey_picture(*size).astype(dtype) * (1 if dtype == np.uint8 else 257)
    colorizer = Colorizer(TorchBackend(build_network(None, tiny_weights), device="cpu"), render_factor=4)
    result = colorizer.colorize(picture)
    assert result.shape == picture.shape and result.dtype == picture.dtype
    assert np.abs(luma_levels(result) - luma_levels(picture)).max() <= 0.51  # levels of its own depth
    if min(size) > 1:
        assert np.ptp(result.astype(int), axis=2).max() > 0.05 * np.iinfo(dtype).max


def test_a_picture_already_in_color_keeps_its_luma_too() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    result = Colorizer(Fixed(), render_factor=2).colorize(picture)
    assert np.abs(luma_levels(result) - luma_levels(picture)).max() <= 0.51


def test_saturation_scales_chroma() -> None:
    square = np.full((32, 32), 128, np.uint8)
    plain = Colorizer(Fixed(), render_factor=2).predict_chroma([square])
    double = Colorizer(Fixed(), render_factor=2, saturation=2.0).predict_chroma([square])
    np.testing.assert_allclose(double, 2 * plain)


def test_a_cast_is_tempered_where_asked_for_and_at_all_render_factors() -> None:
    square = np.full((32, 32), 128, np.uint8)
    colorizer = Colorizer(Fixed((-0.1, 0.2)), render_factor=2, tempers_cast=True)
    plain = Colorizer(Fixed((-0.1, 0.2)), render_factor=2).predict_chroma([square])
    for one in (colorizer, colorizer.with_render_factor(3), colorizer.with_render_factor(8).shrunk()):
        assert one is not None
        tempered = one.predict_chroma([np.resize(square, (one.render_size, one.render_size))])
        np.testing.assert_allclose(tempered[0, :, 0, 0], temper_cast(plain[0])[:, 0, 0], rtol=1e-5)
        assert (np.abs(tempered[0, :, 0, 0]) < np.abs(plain[0, :, 0, 0])).all()


def test_casts_are_tempered_of_our_networks_alone(tiny_weights: Path) -> None:
    rendering = settle("stable", weights=tiny_weights, device="cpu")
    assert rendering.around(Fixed()).tempers_cast
    official = replace(rendering, spec=replace(rendering.spec, decoder="wide"))
    assert official.spec.predicts_rgb and not official.around(Fixed()).tempers_cast


def test_out_of_memory_halves_the_batch_and_never_gives_grey() -> None:
    network = Fixed(most=1, error=MemoryError())
    colorizer = Colorizer(network, render_factor=2)
    squares = [np.full((32, 32), 128, np.uint8)] * 5
    np.testing.assert_allclose(colorizer.predict_chroma(squares)[:, 1].mean(axis=(1, 2)), 0.2, rtol=1e-6)
    assert max(network.batches) == 5 and network.batches.count(1) == 5
    network.most = 0
    with pytest.raises(OutOfMemoryError, match="render factor 2"):
        colorizer.predict_chroma(squares)


def test_nonsense_is_an_error() -> None:
    with pytest.raises(RenderError, match="not numbers"):
        Colorizer(Fixed((float("nan"), 0)), render_factor=2).predict([np.zeros((32, 32), np.uint8)])
