"""The plain networks: one contract with ours, and weight files that are rendered like ours."""

from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file
from torch import nn

from deoldify_lite.errors import OptionError
from deoldify_lite.models.baselines import BASELINES, ClassicUnet, EncoderDecoder
from deoldify_lite.models.build import build_network, convert_weights, recognize
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.render.torch_backend import TorchBackend


@pytest.mark.parametrize("name", BASELINES)
@pytest.mark.parametrize("size", [(16, 16), (64, 96), (75, 50)])
def test_any_size_in_the_same_size_out(name: str, size: tuple[int, int]) -> None:
    network = BASELINES[name]().to(memory_format=torch.channels_last)
    with torch.autocast("cpu", torch.bfloat16):
        chroma = network.predict_chroma(torch.rand(2, 1, *size))
    assert chroma.shape == (2, 2, *size) and chroma.dtype == torch.float32
    assert 0 < chroma.abs().max() <= 0.5
    chroma.square().sum().backward()
    assert not [n for n, p in network.named_parameters() if p.grad is None]
    assert (network.predicts_rgb, network.chroma_stride) == (False, 1)
    with pytest.raises(OptionError, match="predict_chroma"):
        network.predict_rgb(torch.rand(1, 1, *size))


@pytest.mark.parametrize("name", BASELINES)
def test_one_small_picture_can_be_trained_on(name: str) -> None:
    """Where the bottleneck has a single value."""
    chroma = BASELINES[name]().train().predict_chroma(torch.rand(1, 1, 32, 32))
    assert chroma.isfinite().all()


@pytest.mark.parametrize(("name", "across"), [("encoder-decoder", False), ("classic-unet", True)])
@torch.no_grad()
def test_only_skip_connections_pass_the_bottleneck(name: str, across: bool) -> None:
    network = BASELINES[name]().eval()
    nn.init.zeros_(network.down[-1][0].weight)  # nothing of the picture is left there
    chroma = [network.predict_chroma(torch.rand(1, 1, 64, 64)) for _ in range(2)]
    assert torch.equal(*chroma) != across


@torch.no_grad()
def test_dropout_is_noise_while_training_only() -> None:
    luma = torch.rand(1, 1, 32, 32)
    for share in (0.0, 0.5):
        network = ClassicUnet(dropout=share)
        drawn = [network.predict_chroma(luma) for _ in range(2)]
        assert torch.equal(*drawn) == (share == 0)
        network.eval()
        assert torch.equal(network.predict_chroma(luma), network.predict_chroma(luma))
    assert network.state_dict().keys() == ClassicUnet().state_dict().keys()


def saved(network: EncoderDecoder, path: Path, **metadata: str) -> Path:
    """As the training writes them: half precision, and no counters."""
    state = {k: v.half() for k, v in network.state_dict().items() if not k.endswith("num_batches_tracked")}
    save_file(state, path, metadata or None)
    return path


@pytest.mark.parametrize(("name", "told"), [("encoder-decoder", False), ("classic-unet", True)])
@torch.no_grad()
def test_files_are_recognized_and_built(tmp_path: Path, name: str, told: bool) -> None:
    network = BASELINES[name]().eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None and module.running_var is not None
            nn.init.normal_(module.running_mean, std=0.1)
            nn.init.uniform_(module.running_var, 0.7, 1.3)
    metadata = {"encoder": "own", "decoder": name} if told else {}
    path = saved(network, tmp_path / "some.safetensors", **metadata)
    built = build_network(None, path)
    assert type(built) is type(network) and not built.training
    luma = torch.rand(1, 1, 48, 64)
    expected = network.half().float().predict_chroma(luma)
    torch.testing.assert_close(built.predict_chroma(luma), expected, rtol=0, atol=1e-5)

    convert_weights(path, tmp_path / "new.safetensors")
    with safe_open(tmp_path / "new.safetensors", framework="pt") as file:
        assert file.metadata() == {"encoder": "own", "decoder": name}
    assert type(build_network(None, tmp_path / "new.safetensors")) is type(network)


@pytest.mark.slow
def test_specs_of_baselines() -> None:
    state = {k: v for k, v in ClassicUnet().state_dict().items() if not k.endswith("num_batches_tracked")}
    for metadata in (None, {"encoder": "own"}, {"encoder": "own", "decoder": "no_such"}):
        spec = recognize(state, metadata, path=Path("some/file.safetensors"))
        assert (spec.name, spec.encoder, spec.decoder) == ("classic-unet", "own", "classic-unet")


def test_a_colorizer_takes_them(tmp_path: Path) -> None:
    path = saved(EncoderDecoder(), tmp_path / "some.safetensors")
    colorizer = Colorizer(TorchBackend(build_network(None, path), device="cpu"), render_factor=4)
    picture = torch.randint(0, 256, (40, 50, 3), dtype=torch.uint8).numpy()
    assert colorizer.chroma_size == (64, 64)
    assert colorizer.colorize(picture).shape == (40, 50, 3)
