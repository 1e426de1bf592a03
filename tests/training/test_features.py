"""Losses by pretrained networks: cut, recognized and compared rightly. The weights here are random."""

import math
from pathlib import Path

import pytest
import timm
import torch
import torch.nn.functional as F
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torchvision.models import squeezenet1_1, vgg16_bn

from deoldify_lite.errors import WeightsError
from deoldify_lite.training.features import (
    TEACHER_CHANNELS,
    FeatureLoss,
    FeatureNetwork,
    build_feature_loss,
    build_teacher,
    distillation_loss,
    semantic_loss,
)
from helpers.places import SHARED

MEAN, STD = (
    torch.tensor((0.485, 0.456, 0.406)).view(3, 1, 1),
    torch.tensor((0.229, 0.224, 0.225)).view(3, 1, 1),
)


def drawn(network: nn.Module) -> dict[str, Tensor]:
    """Random tensors in place of a network's, without those of its classifier and its counters."""
    state = {}
    for name, value in network.state_dict().items():
        if value.ndim == 0 or name.startswith("classifier.0"):
            continue
        if value.ndim == 1:
            state[name] = torch.rand(value.shape) + 0.5
        else:
            state[name] = torch.randn(value.shape) * value[0].numel() ** -0.5
    return state


def lite2() -> nn.Module:
    network: nn.Module = timm.create_model("tf_efficientnet_lite2")
    return network.eval()


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Weight files of the three networks, of the two kinds that there are."""
    folder = tmp_path_factory.mktemp("networks")
    torch.manual_seed(0)
    with torch.device("meta"):
        networks = {"squeezenet": squeezenet1_1(), "vgg": vgg16_bn(), "lite2": lite2()}
    states = {name: drawn(network) for name, network in networks.items()}
    save_file({k: v.half() for k, v in states["squeezenet"].items()}, folder / "squeezenet")
    save_file(states["lite2"], folder / "lite2")
    # As torchvision's: with a classifier and counters.
    besides = {"classifier.0.weight": torch.ones(2, 2), "features.1.num_batches_tracked": torch.tensor(7)}
    torch.save({**states["vgg"], **besides}, folder / "vgg")
    return {name: folder / name for name in states}


# --- the network that is looked through


def halves() -> FeatureNetwork:
    """Features that can be worked out by hand: twice the normalized picture, then its 2 x 2 means."""
    double = nn.Conv2d(3, 3, 1, groups=3, bias=False)
    nn.init.constant_(double.weight, 2)
    layers = [double, nn.AvgPool2d(2), nn.Flatten()]
    return FeatureNetwork(layers, taps=(0, 1), mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))


def test_features_by_hand() -> None:
    rgb = torch.tensor([0.5, 0.75, 0.25, 0.75]).view(1, 1, 2, 2).expand(1, 3, 2, 2)
    full, mean = halves().features(rgb)
    assert torch.equal(full[0, 1], torch.tensor([[0.0, 2.0], [-2.0, 2.0]]))
    assert torch.equal(mean, torch.full((1, 3, 1, 1), 0.5))


def test_feature_loss_by_hand() -> None:
    truth = torch.tensor([0.5, 0.75, 0.25, 0.75]).view(1, 1, 2, 2).expand(1, 3, 2, 2)
    rgb = (truth + torch.tensor([0.125, 0.0, -0.125, 0.125]).view(2, 2)).requires_grad_()
    # Differences of the features: 1, 0, -1, 1, and their mean 1/4; sizes of the truth's: 6/4 and 1/2.
    plain = FeatureLoss(halves(), weights=(20, 70), relative=False)(rgb, truth)
    assert plain.item() == pytest.approx(20 * 3 / 4 + 70 / 4)
    relative = FeatureLoss(halves(), weights=(1, 3), relative=True)(rgb, truth)
    assert relative.item() == pytest.approx(1 * (3 / 4) / (6 / 4) + 3 * (1 / 4) / (1 / 2))
    relative.backward()
    assert rgb.grad is not None and rgb.grad.abs().sum() > 0
    assert FeatureLoss(halves(), weights=(1, 1), relative=True)(truth, truth) == 0


def test_a_network_that_is_looked_through_is_neither_trained_nor_saved() -> None:
    network = halves()

    class Holder(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.network = network
            self.loss = FeatureLoss(network, weights=(1, 1), relative=True)

    holder = Holder()
    assert not list(holder.parameters()) and not holder.state_dict()
    assert not network.layers.training and not any(p.requires_grad for p in network.layers.parameters())
    assert len(network.layers) == 2  # what follows the last tap is dropped
    assert network.to(torch.device("cpu")) is network and holder.loss.to(torch.device("cpu")) is holder.loss


# --- files


@torch.no_grad()
def test_squeezenet_features(files: dict[str, Path]) -> None:
    loss = build_feature_loss(files["squeezenet"])
    assert (loss.weights, loss.relative) == ((1, 1, 1), True)
    rgb = torch.rand(2, 3, 64, 64)
    found = loss.network.features(rgb)
    assert [tuple(f.shape[1:]) for f in found] == [(64, 15, 15), (128, 15, 15), (256, 7, 7)]
    whole = squeezenet1_1().eval()
    whole.load_state_dict({k: v.float() for k, v in load_file(files["squeezenet"]).items()}, strict=False)
    torch.testing.assert_close(found[2], whole.features[:8]((rgb - MEAN) / STD), rtol=1e-4, atol=1e-4)
    assert loss(rgb, torch.rand(2, 3, 64, 64)) > 0


@torch.no_grad()
def test_vgg_features_are_deoldifys(files: dict[str, Path]) -> None:
    loss = build_feature_loss(str(files["vgg"]))
    assert (loss.weights, loss.relative) == ((20, 70, 10), False)
    layers = loss.network.layers
    assert len(layers) == 43  # without the fifth max-pool
    with torch.device("meta"):
        following = vgg16_bn().features
    assert all(isinstance(following[tap + 1], nn.MaxPool2d) for tap in loss.network.taps)
    assert [sum(isinstance(x, nn.MaxPool2d) for x in layers[:tap]) for tap in loss.network.taps] == [2, 3, 4]
    found = loss.network.features(torch.rand(1, 3, 32, 32))
    assert [tuple(f.shape[1:]) for f in found] == [(256, 8, 8), (512, 4, 4), (512, 2, 2)]


@torch.no_grad()
def test_teacher_features(files: dict[str, Path]) -> None:
    teacher = build_teacher(files["lite2"])
    rgb = torch.rand(2, 3, 64, 64)
    found = teacher.features(rgb)
    shapes = [(24, 16, 16), (48, 8, 8), (120, 4, 4), (TEACHER_CHANNELS, 2, 2), (1000,)]
    assert [tuple(f.shape[1:]) for f in found] == shapes
    whole = lite2()
    whole.load_state_dict(load_file(files["lite2"]), strict=False)
    torch.testing.assert_close(found[4], whole(2 * rgb - 1), rtol=1e-3, atol=1e-4)
    assert build_feature_loss(files["lite2"]).relative


def test_other_networks_are_refused(files: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match=r"only tf_efficientnet_lite2 .* it holds squeezenet1_1"):
        build_teacher(files["squeezenet"])
    headless = {k: v for k, v in load_file(files["lite2"]).items() if not k.startswith("classifier")}
    save_file(headless, tmp_path / "headless.safetensors")
    with pytest.raises(WeightsError, match="with its classifier"):
        build_teacher(tmp_path / "headless.safetensors")
    with pytest.raises(WeightsError, match="cannot read weights"):
        build_feature_loss(tmp_path / "nowhere.pth")
    state = load_file(files["squeezenet"])
    for edit in ({"stranger": torch.ones(1)}, {"features.0.bias": torch.ones(3)}):
        save_file({**state, **edit}, tmp_path / "other.safetensors")
        with pytest.raises(WeightsError, match=r"other\.safetensors holds no known network.* vgg16_bn"):
            build_feature_loss(tmp_path / "other.safetensors")


def test_a_failed_download_names_the_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")  # where nobody listens
    monkeypatch.setenv("no_proxy", "")
    with pytest.raises(WeightsError, match=r"cannot download .*vgg16_bn-\w+\.pth yourself and name the file"):
        build_feature_loss("vgg16_bn")


# --- the losses of a teacher

LOGITS = torch.tensor([[1.0, 3.0]])


def test_distillation_by_hand() -> None:
    """Two channels, two places. Standardised, the wanted features are (1, -1) and (-1, 1) per channel."""
    wanted = torch.tensor([[3.0, 1.0], [10.0, 20.0]]).view(1, 2, 1, 2)
    projected = torch.tensor([[1.0, 0.0], [-1.0, 2.0]]).view(1, 2, 1, 2)
    # cos((1, -1), (1, -1)) = 1 and cos((0, 2), (-1, 1)) = 1 / sqrt(2)
    expected = 1 - (1 + 0.5**0.5) / 2
    assert distillation_loss(projected, [wanted, LOGITS]).item() == pytest.approx(expected, abs=1e-4)
    # Features at another size are brought to the encoder's.
    coarse = F.interpolate(wanted, scale_factor=2, mode="nearest")
    assert distillation_loss(coarse, [torch.rand(1, 2, 1, 1), wanted, LOGITS]).isfinite()


def test_semantic_loss_by_hand() -> None:
    """The truth has mean 0 in both channels and one spread in both, so standardising turns nothing."""
    shallow, truth = torch.full((1, 1, 2, 2), 2.0), torch.tensor([[1.0, -1.0], [1.0, -1.0]]).view(1, 2, 1, 2)
    ours = torch.tensor([[1.0, 1.0], [-1.0, 1.0]]).view(1, 2, 1, 2)
    even = torch.zeros(1, 2)
    detail, meaning, answer = semantic_loss([shallow + 0.5, ours, even], [shallow, truth, LOGITS])
    # Over the channels cos((1, -1), (1, 1)) = 0 at the first place, cos((1, 1), (-1, -1)) = -1 at the other.
    # The mean over places of the truth is 0, whose cosine counts as 0.
    assert detail.item() == pytest.approx(0.5 / 2 + (0 + 2 + 2 + 2) / 4)
    assert meaning.item() == pytest.approx(1 - (0 - 1) / 2 + 1, abs=1e-4)
    # Of (p, 1 - p) from (1/2, 1/2), where p = 1 / (1 + e^2).
    p = 1 / (1 + math.exp(2))
    expected = p * math.log(p / 0.5) + (1 - p) * math.log((1 - p) / 0.5)
    assert answer.item() == pytest.approx(expected, abs=1e-5)


def test_the_same_picture_has_no_semantic_loss() -> None:
    features = [torch.rand(2, 4, 6, 6), torch.rand(2, 8, 3, 3), torch.rand(2, 5)]
    detail, meaning, answer = semantic_loss(features, features)
    assert detail.item() == 0 and answer.item() == pytest.approx(0, abs=1e-6)
    assert meaning.item() == pytest.approx(0, abs=1e-5)


def test_pretrained_networks_see_color() -> None:
    """A yellow lemon and a blue one differ more than a yellow and an orange one do."""
    paths = [SHARED / "weights" / f"{name}.safetensors" for name in ("squeezenet1_1", "efficientnet_lite2")]
    if not all(path.is_file() for path in paths):
        pytest.skip("the pretrained networks are not part of the repository")
    y, x = torch.meshgrid(*[torch.linspace(-1, 1, 128)] * 2, indexing="ij")
    ball = ((x / 0.8) ** 2 + (y / 0.6) ** 2 < 1) * (0.9 - 0.4 * (x + y).abs())
    tints = torch.tensor([[1.0, 0.9, 0.1], [1.0, 0.7, 0.1], [0.1, 0.5, 1.0]])
    yellow, orange, blue = (ball * tint.view(1, 3, 1, 1) for tint in tints)
    for path in paths:
        loss = build_feature_loss(path)
        assert 0 < loss(orange, yellow) < loss(blue, yellow)
