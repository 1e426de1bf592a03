"""Networks as ONNX files, used as programs of others would use them."""

import argparse
import logging
import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import save_file
from timm.layers import Conv2dSame

from deoldify_lite import api
from deoldify_lite.cli.export import fill_export_parser
from deoldify_lite.color.tensors import chroma_of
from deoldify_lite.errors import OptionError, RenderError
from deoldify_lite.models.build import build_network
from deoldify_lite.models.unet import Unet
from deoldify_lite.models.zoo import get_spec
from deoldify_lite.render import onnx_export
from deoldify_lite.render.onnx_export import PACKAGES, export_onnx
from deoldify_lite.render.torch_backend import TorchBackend
from deoldify_lite.system.files import sha256_of
from deoldify_lite.version import __version__
from helpers.pictures import grey_picture

onnx, _, onnxruntime = (
    pytest.importorskip(package, reason="the extra `onnx` is not installed") for package in PACKAGES
)


@pytest.fixture(scope="module")
def of_any_size(tiny_weights: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("onnx") / "tiny.onnx"
    assert export_onnx(path, weights=tiny_weights, saturation=1) < 0.01
    return path


def test_it_gives_what_the_network_gives_at_any_size(of_any_size: Path, tiny_weights: Path) -> None:
    session = onnxruntime.InferenceSession(of_any_size)
    backend = TorchBackend(build_network(None, tiny_weights), device="cpu", precision="fp32")
    for size in ((1, 64, 64), (3, 64, 64), (2, 48, 112), (1, 83, 57)):
        lumas = np.random.default_rng(0).integers(0, 256, size, dtype=np.uint8)
        (found,) = session.run(None, {"luma": lumas})
        expected = backend.predict(lumas)
        assert found.dtype == np.float32 and np.ptp(found) > 0.1
        np.testing.assert_allclose(found, expected, atol=0.01 / 255)


@pytest.mark.parametrize("kernel", [3, 5])
def test_tensorflows_padding_without_its_arithmetic(kernel: int) -> None:
    network = torch.nn.Sequential(Conv2dSame(4, 6, kernel, stride=2, groups=2), torch.nn.ReLU())
    free = onnx_export._for_exporters(network)
    assert not any(isinstance(module, Conv2dSame) for module in free.modules())
    for size in ((16, 16), (17, 16), (9, 31), (5, 5)):
        picture = torch.rand(2, 4, *size)
        torch.testing.assert_close(free(picture), network(picture))
    with pytest.raises(RenderError, match="padding"):
        onnx_export._for_exporters(torch.nn.Sequential(Conv2dSame(4, 6, 3, stride=3)))


@pytest.mark.slow
def test_colour_queries_on_an_encoder_with_tensorflows_padding(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = Unet("tf_mobilenetv3_small_minimal_100", "query")
    torch.nn.init.normal_(network.decoder.head.weight, std=0.05)
    state = {k: v.contiguous() for k, v in network.state_dict().items() if "num_batches" not in k}
    metadata = {"encoder": "tf_mobilenetv3_small_minimal_100", "decoder": "query"}
    save_file(state, tmp_path / "query.safetensors", metadata=metadata)
    error = export_onnx(tmp_path / "query.onnx", weights=tmp_path / "query.safetensors", saturation=1)
    assert error < 0.01


@pytest.mark.slow
@pytest.mark.skipif(os.name == "nt", reason="Windows has few links")
def test_it_goes_where_a_link_leads(tiny_weights: Path, tmp_path: Path) -> None:
    (tmp_path / "link.onnx").symlink_to("real.onnx")
    (tmp_path / "null").symlink_to(os.devnull)
    for name in ("link.onnx", "null"):
        export_onnx(tmp_path / name, weights=tiny_weights, render_factor=4)
        assert (tmp_path / name).is_symlink()
    onnx.load(tmp_path / "real.onnx")


def test_the_file_says_what_it_is(of_any_size: Path, tiny_weights: Path) -> None:
    model = onnx.load(of_any_size)
    assert {entry.key: entry.value for entry in model.metadata_props} == {
        "mode": "artistic",
        "weights_sha256": sha256_of(tiny_weights),
        "version": __version__,
        "license": "that of the weights it was made from",
        "source": tiny_weights.name,
        "saturation": "1",
        "render_size": "256",
        "any_size": "true",
    }
    assert model.producer_name == "deoldify_lite" and "luma" in model.doc_string
    (given,), (got,) = (
        onnxruntime.InferenceSession(of_any_size).get_inputs(),
        onnxruntime.InferenceSession(of_any_size).get_outputs(),
    )
    assert (given.name, given.type, given.shape) == ("luma", "tensor(uint8)", ["n", "height", "width"])
    assert (got.name, got.type, got.shape) == ("chroma", "tensor(float)", ["n", 2, "h", "w"])
    # nothing of the machine that it was made on
    assert str(Path(onnx_export.__file__).parent).encode() not in of_any_size.read_bytes()


def test_the_description_is_all_that_a_user_needs(of_any_size: Path, tiny_weights: Path) -> None:
    """Done as it says, with OpenCV alone; beside it our own way, whose edges are finer."""
    photo = grey_picture(120, 160)
    luma = photo[..., 1]
    small = cv2.resize(luma, (192, 192), interpolation=cv2.INTER_AREA)
    chroma = onnxruntime.InferenceSession(of_any_size).run(None, {"luma": small[None]})[0][0]
    mean = chroma.mean((1, 2))
    length = np.linalg.norm(mean)
    direction = (mean / length)[:, None, None]
    chroma = 1.15 * (chroma - 0.3 * np.clip((direction * chroma).sum(0), 0, length) * direction)
    cb, cr = (cv2.resize(plane, (160, 120)) for plane in chroma)
    y = luma / 255
    rgb = np.dstack([y + 1.402 * cr, y - 0.344136 * cb - 0.714136 * cr, y + 1.772 * cb])
    found = chroma_of(torch.from_numpy(rgb).permute(2, 0, 1)[None].float())[0].numpy()
    np.testing.assert_allclose(found, np.stack([cb, cr]), atol=1e-4)  # as `color.tensors` has it
    ours = api.load_colorizer(
        weights=tiny_weights, saturation=1, device="cpu", backend="torch", precision="fp32"
    ).colorize(photo)
    assert np.abs(np.clip(255 * rgb, 0, 255) - ours).mean() < 4


@pytest.mark.slow
def test_a_fixed_size_and_the_saturation_of_a_mode(tiny_weights: Path, tmp_path: Path) -> None:
    path = tmp_path / "new" / "video.onnx"
    export_onnx(path, mode="video", weights=tiny_weights, render_factor=4)
    session = onnxruntime.InferenceSession(path)
    assert session.get_inputs()[0].shape == ["n", 64, 64]
    metadata = session.get_modelmeta().custom_metadata_map
    assert (metadata["saturation"], metadata["any_size"], metadata["render_size"]) == ("1.15", "false", "64")
    lumas = grey_picture(64, 64)[None, ..., 0]
    network = build_network(None, tiny_weights)
    expected = 1.15 * network.predict_chroma(torch.from_numpy(lumas)[:, None].float() / 255).numpy()
    np.testing.assert_allclose(session.run(None, {"luma": lumas})[0], expected, atol=1e-5)
    assert [file.name for file in path.parent.iterdir()] == ["video.onnx"]


@pytest.mark.slow
def test_the_default_weights(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    parser = argparse.ArgumentParser()
    fill_export_parser(parser)
    path = tmp_path / "artistic.onnx"
    args = parser.parse_args([str(path), "--render-factor", "12"])
    with caplog.at_level(logging.INFO):
        assert args.run(args) == 0
    assert capsys.readouterr().out == f"{path}\n"
    assert "of 255 levels" in caplog.text
    metadata = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert metadata["weights_sha256"] == get_spec("lite-artistic").sha256
    assert (metadata["license"], metadata["mode"]) == ("MIT", "artistic")
    luma = grey_picture(192, 192)[None, ..., 0]
    (found,) = onnxruntime.InferenceSession(path).run(None, {"luma": luma})
    colorizer = api.load_colorizer(device="cpu", backend="torch", precision="fp32")
    expected = colorizer.backend.predict(luma) * colorizer.saturation
    assert 255 * np.abs(found - expected).max() < 0.1


def test_what_is_there_is_not_replaced(tmp_path: Path, tiny_weights: Path) -> None:
    path = tmp_path / "mine.onnx"
    path.write_text("mine")
    with pytest.raises(OptionError, match="--overwrite"):
        export_onnx(path, weights=tiny_weights)
    assert path.read_text() == "mine"
    with pytest.raises(OptionError, match=r"NAME\.onnx"):
        export_onnx(tmp_path / "mine.pt", weights=tiny_weights)


@pytest.mark.slow
def test_what_is_wrong_is_not_kept(
    of_any_size: Path, tmp_path: Path, tiny_weights: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An exporter that leaves out a factor of 0.98, which changes the strongest colours by some levels."""
    path = tmp_path / "mine.onnx"
    path.write_text("mine")
    monkeypatch.setattr(onnx_export, "_write", lambda network, side, path: shutil.copyfile(of_any_size, path))
    with pytest.raises(RenderError, match=r"mine.onnx: not written, .* by [1-9][0-9.]* of 255"):
        export_onnx(path, weights=tiny_weights, saturation=0.98, overwrite=True)
    assert path.read_text() == "mine" and len(list(tmp_path.iterdir())) == 1
    export_onnx(path, weights=tiny_weights, saturation=1, overwrite=True)
    assert len(onnx.load(path).graph.node) > 50


def test_other_networks_and_missing_packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    network = Unet("test_resnet", "deep")
    weights = tmp_path / "deep.safetensors"
    state = {k: v.contiguous() for k, v in network.state_dict().items() if "num_batches" not in k}
    save_file(state, weights, metadata={"encoder": "test_resnet", "decoder": "deep"})
    with pytest.raises(OptionError, match="lite"):
        export_onnx(tmp_path / "a.onnx", weights=weights)
    monkeypatch.setattr(onnx_export, "PACKAGES", ("onnx", "no_such_package"))
    with pytest.raises(OptionError, match=r"no_such_package.*deoldify_lite\[onnx\]"):
        export_onnx(tmp_path / "a.onnx")
