"""From weight file to network: built, folded, recognized, converted; or refused."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from timm.layers import BatchNormAct2d
from torch import Tensor, nn

from deoldify_lite.errors import WeightsError
from deoldify_lite.models.build import (
    build_network,
    convert_weights,
    fold_batch_norms,
    load_network,
    recognize,
)
from deoldify_lite.models.unet import DECODERS, Unet
from deoldify_lite.models.zoo import MODELS, ModelSpec

TINY = ModelSpec(name="tiny", encoder="test_resnet", decoder="lite", file="tiny.safetensors")


def random_network(encoder: str, decoder: str) -> Unet:
    """A network whose norms and gains are not the do-nothing ones that they start as."""
    torch.manual_seed(0)
    network = Unet(encoder, decoder).eval()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                for tensor in (module.weight, module.running_var):
                    assert tensor is not None
                    nn.init.uniform_(tensor, 0.7, 1.3)
                for tensor in (module.bias, module.running_mean):
                    assert tensor is not None
                    nn.init.normal_(tensor, std=0.1)
        network.decoder.attention.gamma.fill_(0.5)
        nn.init.normal_(network.decoder.head.weight, std=0.05)
    return network


def saved(network: Unet, path: Path, **metadata: str) -> Path:
    """As the training writes them: half precision, and no counters."""
    state = {k: v.half() for k, v in network.state_dict().items() if not k.endswith("num_batches_tracked")}
    save_file(state, path, metadata or None)
    return path


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    return saved(random_network("test_resnet", "lite"), tmp_path / "tiny.safetensors")


@torch.no_grad()
def test_builds_a_network_from_the_trainings_file(tiny: Path) -> None:
    network = build_network(TINY, tiny)
    assert not network.training
    assert not any(p.requires_grad or p.is_meta or p.dtype != torch.float32 for p in network.parameters())
    expected = random_network("test_resnet", "lite").half().float()
    luma = torch.rand(1, 1, 64, 96)
    torch.testing.assert_close(network.predict_chroma(luma), expected.predict_chroma(luma), rtol=0, atol=1e-5)


def norms(network: nn.Module) -> int:
    return sum(isinstance(module, nn.BatchNorm2d) for module in network.modules())


@pytest.mark.slow
@pytest.mark.parametrize("decoder", DECODERS)
@torch.no_grad()
def test_folding_batch_norms_keeps_the_output(decoder: str) -> None:
    network = random_network("test_resnet", decoder)
    luma = torch.rand(2, 1, 80, 64)
    before = network.predict_chroma(luma)
    assert before.std() > 1e-3
    fold_batch_norms(network)
    torch.testing.assert_close(network.predict_chroma(luma), before, rtol=0, atol=1e-5)


@pytest.mark.parametrize(
    # Left: those of DeOldify's that come after a ReLU or a skip connection.
    ("encoder", "decoder", "left"),
    [("resnet34", "lite", 0), ("resnet34", "deep", 1 + 2 + 4 + 8), ("resnet101", "wide", 1 + 2 + 4 + 4)],
)
def test_all_batch_norms_that_can_be_folded_are(encoder: str, decoder: str, left: int) -> None:
    with torch.device("meta"):
        network = Unet(encoder, decoder).eval()
        fold_batch_norms(network)
    assert norms(network) == left


def test_a_norm_with_its_own_activation_is_left() -> None:
    class NormAct(nn.BatchNorm2d):
        pass

    pair = nn.Sequential(nn.Conv2d(3, 4, 1), NormAct(4)).eval()
    fold_batch_norms(pair)
    assert norms(pair) == 1


@torch.no_grad()
def test_timms_norms_are_folded_and_their_activation_stays() -> None:
    norm = BatchNormAct2d(4).eval()
    norm.running_mean.uniform_(-1, 1)
    norm.running_var.uniform_(0.5, 2)
    pair = nn.Sequential(nn.Conv2d(3, 4, 1), norm).eval()
    x = torch.randn(2, 3, 5, 5)
    expected = pair(x)
    fold_batch_norms(pair)
    assert norms(pair) == 0 and expected.min() == 0
    torch.testing.assert_close(pair(x), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("encoder", "decoder", "name"),
    [
        ("resnet34", "lite", "lite"),
        ("resnet34", "deep", "artistic"),
        ("resnet101", "wide", "stable"),
        ("resnet18", "lite", "lite"),
        ("test_resnet", "lite", "lite"),
    ],
)
def test_recognizes_networks_by_their_tensors(encoder: str, decoder: str, name: str) -> None:
    with torch.device("meta"):
        state = Unet(encoder, decoder).state_dict()
    kept = {k: v for k, v in state.items() if not k.endswith("num_batches_tracked")}
    spec = recognize(kept, path=Path("some/file.pth"))
    assert (spec.name, spec.encoder, spec.decoder) == (name, encoder, decoder)
    assert (spec.file, spec.sha256) == ("file.pth", "")


def test_metadata_tell_an_unusual_encoder() -> None:
    with torch.device("meta"):
        state = Unet("resnet26", "lite").state_dict()
    kept = {k: v for k, v in state.items() if not k.endswith("num_batches_tracked")}
    with pytest.raises(WeightsError, match="fits no known network"):
        recognize(kept, path=Path("file"))
    assert recognize(kept, {"encoder": "resnet26"}, path=Path("file")).encoder == "resnet26"


@pytest.mark.parametrize(
    "metadata",
    [
        {"encoder": "hf-hub:somebody/something"},
        {"encoder": "no_such"},
        {"encoder": "resnet34", "decoder": "no_such"},
        {"encoder": "resnet34"},  # there is one, but it is another
    ],
)
def test_metadata_that_lie_do_no_harm(tmp_path: Path, metadata: dict[str, str]) -> None:
    path = saved(random_network("test_resnet", "lite"), tmp_path / "some.safetensors", **metadata)
    assert build_network(None, path).encoder.feature_info.channels()[-1] == 96


def edited(tiny: Path, edit: Callable[[dict[str, Tensor]], object]) -> Path:
    state = load_file(tiny)
    edit(state)
    save_file(state, tiny)
    return tiny


@pytest.mark.slow
@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda s: s.pop("decoder.head.bias"), "lacks decoder.head.bias"),
        (lambda s: s.update(stranger=torch.ones(1)), "has besides stranger"),
        (lambda s: s.update({"decoder.head.bias": torch.ones(3)}), "has another shape of decoder.head.bias"),
        (lambda s: [s.pop(key) for key in list(s)[:9]], "and 7 more"),
    ],
)
def test_tensors_that_do_not_fit_are_told(
    tiny: Path, edit: Callable[[dict[str, Tensor]], object], message: str
) -> None:
    path = edited(tiny, edit)
    with pytest.raises(WeightsError, match=message) as caught:
        build_network(TINY, path)
    assert str(path) in str(caught.value)
    with pytest.raises(WeightsError, match="fits no known network"):
        build_network(None, path)


def test_weights_of_another_network_are_told(tiny: Path) -> None:
    with pytest.raises(
        WeightsError, match=r"not of the network 'artistic': it is of 'lite'.* fetch artistic"
    ):
        build_network(MODELS["artistic"], tiny)


@pytest.mark.slow
@pytest.mark.parametrize("half", [False, True])
@torch.no_grad()
def test_converted_weights_give_the_same_network(
    tmp_path: Path, half: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = random_network("test_resnet", "wide")
    src, dst = tmp_path / "some.pth", tmp_path / "new" / "some.safetensors"
    torch.save({"model": network.state_dict(), "opt": {}}, src)
    monkeypatch.setitem(MODELS, "tiny", replace(TINY, decoder="wide"))
    convert_weights(src, dst, half=half)
    with safe_open(dst, framework="pt") as file:
        assert file.metadata() == {"encoder": "test_resnet", "decoder": "wide"}
    assert [path.name for path in dst.parent.iterdir()] == [dst.name]
    dtypes = {value.dtype for value in load_file(dst).values()}
    assert dtypes == ({torch.float16, torch.float32} if half else {torch.float32})
    # The metadata tell the network.
    luma = torch.rand(1, 1, 64, 64)
    error = build_network(None, dst).predict_chroma(luma) - network.predict_chroma(luma)
    assert error.abs().max() <= (5e-3 if half else 1e-5)


def test_converting_keeps_what_the_file_says_of_itself(tmp_path: Path) -> None:
    src = saved(random_network("test_resnet", "lite"), tmp_path / "a.safetensors", licence="MIT")
    dst = tmp_path / "b.safetensors"
    convert_weights(src, dst)
    with safe_open(dst, framework="pt") as file:
        assert file.metadata() == {"licence": "MIT", "encoder": "test_resnet", "decoder": "lite"}


@pytest.fixture
def part(tmp_path: Path) -> tuple[Path, Path]:
    """A network, and another that differs from it in its head alone, stored as that difference."""
    network = random_network("test_resnet", "lite")
    base = saved(network, tmp_path / "base.safetensors")
    torch.nn.init.ones_(network.decoder.head.weight)
    whole = saved(network, tmp_path / "whole.safetensors")
    convert_weights(whole, tmp_path / "part.safetensors", base=base)
    return base, tmp_path / "part.safetensors"


def test_a_file_can_hold_only_what_differs(part: tuple[Path, Path], tmp_path: Path) -> None:
    base, path = part
    with safe_open(path, framework="pt") as file:
        assert list(file.keys()) == ["decoder.head.weight"]
    luma = torch.rand(1, 1, 32, 32)
    wanted = build_network(None, tmp_path / "whole.safetensors").predict_chroma(luma)
    assert torch.equal(build_network(None, path).predict_chroma(luma), wanted)
    assert not torch.equal(build_network(None, base).predict_chroma(luma), wanted)


def test_the_rest_is_also_found_where_weights_are_looked_for(
    part: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    base, path = part
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    base.rename(elsewhere / base.name)
    with pytest.raises(WeightsError, match=r"only what differs from base\.safetensors"):
        build_network(None, path)
    monkeypatch.setenv("DEOLDIFY_LITE_WEIGHTS", str(elsewhere))
    assert build_network(None, path)
    (elsewhere / base.name).write_bytes(b"another file of that name")
    with pytest.raises(WeightsError, match=r"only what differs from base\.safetensors"):
        build_network(None, path)


def test_converting_the_wrong_file_leaves_nothing(tmp_path: Path) -> None:
    src, dst = tmp_path / "some.safetensors", tmp_path / "new" / "some.safetensors"
    save_file({"decoder.head.weight": torch.zeros(2, 3)}, src)
    with pytest.raises(WeightsError, match="fits no known network"):
        convert_weights(src, dst)
    assert not dst.parent.exists()


def test_converting_to_where_nothing_can_be_written(tmp_path: Path, tiny: Path) -> None:
    with pytest.raises(WeightsError, match="cannot write"):
        convert_weights(tiny, tiny / "below_a_file.safetensors")


def test_tensors_of_all_layouts_can_be_converted(tmp_path: Path) -> None:
    network = random_network("test_resnet", "lite").to(memory_format=torch.channels_last)
    src, dst = tmp_path / "a.pth", tmp_path / "a.safetensors"
    torch.save(network.state_dict(), src)
    convert_weights(src, dst)
    plain = load_network(TINY, dst).state_dict()
    assert all(torch.equal(plain[key], value) for key, value in network.state_dict().items())
