"""The networks: blocks against plain references, and DeOldify's against what the original gave."""

import gc
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from deoldify_lite.color.deoldify import model_input, quantize_square, transplant_luma
from deoldify_lite.color.tensors import chroma_of, merge_luma_chroma
from deoldify_lite.errors import OptionError
from deoldify_lite.models.build import fold_batch_norms, load_network
from deoldify_lite.models.checkpoint import fold_norms
from deoldify_lite.models.layers import Blur, ResidualConvs, SelfAttention, init_icnr_
from deoldify_lite.models.unet import DECODERS, Unet
from deoldify_lite.models.zoo import MODELS
from helpers.fill_rule import GOLDEN, filled_state, key_shapes

MODES = ("artistic", "stable")
INPUTS = ("noise_80", "gradient_80", "photo_80", "noise_128", "gradient_128", "photo_128")
# Picture and render factor of the original's whole photo pipeline.
PIPELINE = (("grey_120x90", 10), ("grey_96x96", 5), ("tint_90x120", 10), ("grey_301x203", 7))


# --- blocks


@pytest.mark.parametrize("scale", [None, 1.0])
def test_attention_is_the_softmax_over_query_positions(scale: float | None) -> None:
    channels, height, width = 16, 3, 5
    attention = SelfAttention(channels, scale=scale).double()
    attention.gamma.data.fill_(0.7)
    x = torch.randn(2, channels, height, width).double()
    tokens = x.flatten(2)
    query, key, value = (layer.weight[..., 0] for layer in (attention.query, attention.key, attention.value))
    logits = torch.einsum("nci,ncj->nij", query @ tokens, key @ tokens)
    logits = logits * ((channels // 8) ** -0.5 if scale is None else scale)
    share = logits.exp() / logits.exp().sum(1, keepdim=True)  # over i, the query position
    gathered = torch.einsum("nij,nci->ncj", share, value @ tokens)
    torch.testing.assert_close(attention(x), x + 0.7 * gathered.view_as(x))


def test_attention_starts_as_identity() -> None:
    x = torch.randn(1, 8, 4, 4)
    assert torch.equal(SelfAttention(8)(x), x)


def test_blur_is_the_mean_of_a_pixel_and_its_left_and_upper_neighbours() -> None:
    x = torch.arange(6.0).view(1, 1, 2, 3)
    expected = torch.tensor([[0.0, 0.5, 1.5], [1.5, 2.0, 3.0]])
    torch.testing.assert_close(Blur()(x)[0, 0], expected)


def test_icnr_gives_all_sub_pixels_one_filter() -> None:
    weight = torch.empty(12, 5, 1, 1)
    init_icnr_(weight)
    groups = weight.view(3, 4, 5)
    assert torch.equal(groups, groups[:, :1].expand_as(groups))
    assert not torch.equal(groups[0], groups[1])


def test_residual_convs_leave_their_input_alone() -> None:
    block = ResidualConvs(4)
    x = torch.randn(1, 4, 6, 6)
    kept = x.clone()
    first, second = block
    torch.testing.assert_close(block(x), kept + F.relu(second(F.relu(first(kept)))))
    assert torch.equal(x, kept)


# --- one contract for all decoders


@pytest.mark.slow
@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("size", [(64, 64), (75, 50)])
@torch.no_grad()
def test_decoders_keep_one_contract(decoder: str, size: tuple[int, int]) -> None:
    network = Unet("test_resnet", decoder).eval()
    luma = torch.rand(2, 1, *size)
    chroma = network.predict_chroma(luma)
    stride = {"lite": 2, "slim": 4, "query": 4}.get(decoder, 1)
    assert network.chroma_stride == stride and network.predicts_rgb == (stride == 1)
    expected = tuple(-(-side // stride) for side in size)
    assert chroma.shape == (2, 2, *expected)
    assert chroma.abs().max() <= 0.5
    torch.testing.assert_close(network.decode(network.encode(luma)), chroma)
    if network.predicts_rgb:
        assert network(network.normalize(luma)).abs().max() < 3
        rgb = network.predict_rgb(luma)
        assert rgb.shape == (2, 3, *size) and rgb.min() >= 0 and rgb.max() <= 1
        torch.testing.assert_close(chroma_of(rgb), chroma)
    else:
        torch.testing.assert_close(network(network.normalize(luma)) - 0.5, chroma)
        with pytest.raises(OptionError, match="predict_chroma"):
            network.predict_rgb(luma)


@torch.no_grad()
def test_pictures_of_a_batch_do_not_touch() -> None:
    network = Unet("test_resnet", "wide").eval()
    luma = torch.rand(2, 1, 64, 64)
    together = network.predict_chroma(luma)
    alone = torch.cat([network.predict_chroma(picture[None]) for picture in luma])
    torch.testing.assert_close(together, alone, rtol=0, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("decoder", DECODERS)
def test_every_parameter_has_its_say(decoder: str) -> None:
    network = Unet("test_resnet", decoder)
    network.predict_chroma(torch.rand(2, 1, 64, 64)).square().sum().backward()
    assert not [name for name, parameter in network.named_parameters() if parameter.grad is None]


@pytest.mark.parametrize(("encoder", "decoder"), [("no_such", "lite"), ("resnet34", "no_such")])
def test_unknown_parts_are_refused(encoder: str, decoder: str) -> None:
    with pytest.raises(OptionError, match="no_such"):
        Unet(encoder, decoder)


def test_an_address_is_no_encoder() -> None:
    with pytest.raises(OptionError, match="timm has no network"):
        Unet("hf-hub:somebody/something")


# --- lite


def test_untrained_lite_gives_exactly_grey() -> None:
    network = Unet("test_resnet").eval()
    luma = torch.rand(1, 1, 64, 48)
    with torch.no_grad():
        chroma = network.predict_chroma(luma)
    assert not chroma.any()
    assert torch.equal(merge_luma_chroma(luma, chroma), luma.expand(1, 3, 64, 48))


def test_lite_stays_light() -> None:
    spec = MODELS["lite"]
    with torch.device("meta"):
        network = Unet(spec.encoder, spec.decoder).eval()
        luma = torch.rand(1, 1, 336, 336)
    counter = FlopCounterMode(display=False)
    with counter, torch.no_grad():
        network.predict_chroma(luma)
    assert counter.get_total_flops() <= 40e9
    assert sum(p.numel() for p in network.parameters()) <= 30e6


# --- DeOldify's networks


@pytest.mark.parametrize("mode", ["artistic", "stable", "video"])
def test_file_has_as_many_parameters_as_ours(mode: str) -> None:
    spec = MODELS[mode]
    with torch.device("meta"):
        network = Unet(spec.encoder, spec.decoder)
    # Stored beside: u and v of spectral norms and statistics of batch norms; and the gains of weight norms.
    theirs = json.loads((GOLDEN / f"{mode}.json").read_text())["parameters"]
    gains = sum(shape[0] for key, shape in key_shapes(mode).items() if key.endswith("weight_g"))
    assert sum(p.numel() for p in network.parameters()) == theirs - gains


def test_video_is_stable_with_other_numbers() -> None:
    assert key_shapes("video") == key_shapes("stable")


@dataclass
class Golden:
    """A network filled by the rule, and what was seen while it was built."""

    mode: str
    network: Unet  # norms folded
    sigmas: dict[str, float]
    probes: dict[str, dict[str, Tensor]]  # of "plain" and of "folded": module name -> output for noise_80


@pytest.fixture(scope="module", params=MODES)
def golden(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Golden]:
    mode: str = request.param
    path = tmp_path_factory.mktemp(mode) / MODELS[mode].file
    state = filled_state(mode)
    sigmas = {key: _sigma(key, state) for key in _spectral(state)}
    # Each network comes in one of the two forms of file, and of the two formats.
    if mode == "artistic":
        learner = {"model": state, "opt": {"lr": slice(1e-5, 1e-3)}}
        torch.save(learner, path, _use_new_zipfile_serialization=False)
        del learner
    else:
        torch.save(state, path)
    del state
    network = load_network(MODELS[mode], path)
    path.unlink()
    picture = _inputs()["noise_80"]
    probes = {"plain": _probe(network, picture)}
    fold_batch_norms(network)
    probes["folded"] = _probe(network, picture)
    yield Golden(mode, network, sigmas, probes)
    del network
    gc.collect()


def _inputs() -> dict[str, Tensor]:
    with np.load(GOLDEN / "net" / "inputs.npz") as stored:
        return {name: torch.from_numpy(stored[name]) for name in INPUTS}


def _spectral(state: dict[str, Tensor]) -> list[str]:
    return [key.removesuffix(".weight_orig") for key in state if key.endswith(".weight_orig")]


def _sigma(base: str, state: dict[str, Tensor]) -> float:
    parts = {key: state[key] for key in (f"{base}.weight_{part}" for part in ("orig", "u", "v"))}
    (folded,) = fold_norms(parts).values()
    most = folded.abs().argmax()
    return (parts[f"{base}.weight_orig"].flatten()[most] / folded.flatten()[most]).item()


def _stages(depth: int) -> dict[str, str]:
    """The original's names of stages -> modules here whose output is the same."""
    stages = {"layers.0.0": "encoder.conv1", "layers.0.1": "encoder.bn1", "layers.0.2": "encoder.act1"}
    stages |= {"layers.0.3": "encoder.maxpool"}
    stages |= {f"layers.0.{n + 3}": f"encoder.layer{n}" for n in (1, 2, 3, 4)}
    stages |= {"layers.1": "decoder.norm", "layers.3": "decoder.middle"}
    stages |= {f"layers.3.{i}": f"decoder.middle.{i}" for i in (0, 1)}
    for n in range(4):
        theirs, ours = f"layers.{n + 4}", f"decoder.blocks.{n}"
        stages |= {f"{theirs}.shuf.conv": f"{ours}.upsample.norm", f"{theirs}.shuf": f"{ours}.upsample"}
        stages |= {f"{theirs}.bn": f"{ours}.skip_norm", theirs: ours}
        stages |= {f"{theirs}.conv{i + 1 if depth > 1 else ''}": f"{ours}.convs.{i}" for i in range(depth)}
    # The attention stands in the last convolution of its block there, and after the block here.
    last = f"layers.5.conv{depth if depth > 1 else ''}"
    stages |= {f"{last}.3.{part}": f"decoder.attention.{part}" for part in ("query", "key", "value")}
    stages |= dict.fromkeys(("layers.5", last, f"{last}.3"), "decoder.attention")
    stages |= {"layers.8": "decoder.upsample", "layers.10": "decoder.residual"}
    return stages | {"layers.11": "decoder.head", "layers.12": "decoder"}


@torch.no_grad()
def _probe(network: Unet, picture: Tensor) -> dict[str, Tensor]:
    outputs: dict[str, Tensor] = {}

    def keep(name: str) -> Callable[[torch.nn.Module, tuple[Tensor], Tensor], None]:
        def hook(_module: torch.nn.Module, _inputs: tuple[Tensor], output: Tensor) -> None:
            if isinstance(output, Tensor):
                outputs[name] = output.clone()  # an in-place ReLU may follow

        return hook

    def keep_joined(_module: torch.nn.Module, inputs: tuple[Tensor]) -> None:
        outputs["joined"] = inputs[0].clone()

    handles = [module.register_forward_hook(keep(name)) for name, module in network.named_modules()]
    handles.append(network.decoder.residual.register_forward_pre_hook(keep_joined))
    network(picture)
    for handle in handles:
        handle.remove()
    return outputs


@pytest.mark.parametrize("name", INPUTS)
@torch.no_grad()
def test_output_is_the_originals(golden: Golden, name: str) -> None:
    with np.load(GOLDEN / "net" / f"{golden.mode}_outputs.npz") as stored:
        expected = torch.from_numpy(stored[name])
    error = golden.network(_inputs()[name]) - expected
    assert error.abs().max() <= 5e-5
    assert error.norm() / expected.norm() <= 1e-5


@pytest.mark.parametrize("build", ["plain", "folded"])
def test_every_inner_stage_is_the_originals(golden: Golden, build: str) -> None:
    outputs = golden.probes[build]
    stages = _stages(depth=2 if golden.mode == "artistic" else 1)
    probes = json.loads((GOLDEN / "net" / f"{golden.mode}_probes_noise_80.json").read_text())
    for probe in probes:
        name = probe["module"]
        if name == "layers.0.0" and build == "folded":
            continue  # the norm behind it is in it now
        if name == "layers.2":
            output = F.relu(outputs["decoder.norm"])
        elif name == "layers.9":
            output = outputs["joined"]
        else:
            output = outputs[stages[name]]
        assert list(output.shape) == probe["shape"], name
        tolerance = 1e-5 * probe["absmax"]
        values = output.flatten()[probe["flat_index"]]
        found = [output.mean(), output.std(unbiased=False), output.abs().max(), *values]
        expected = [probe["mean"], probe["std"], probe["absmax"], *probe["value"]]
        for ours, theirs in zip(found, expected, strict=True):
            assert abs(ours.item() - theirs) <= tolerance, name


def test_sigmas_are_the_originals(golden: Golden) -> None:
    stored = json.loads((GOLDEN / "net" / f"{golden.mode}_sigma.json").read_text())
    assert {row["key"] for row in stored} == golden.sigmas.keys()
    for row in stored:
        assert golden.sigmas[row["key"]] == pytest.approx(row["sigma"], rel=2e-6)


@pytest.mark.parametrize(("picture", "render_factor"), PIPELINE)
@torch.no_grad()
def test_whole_photo_is_the_originals(golden: Golden, picture: str, render_factor: int) -> None:
    photo = _photo(f"{picture}.png")
    grey = model_input(photo, 16 * render_factor)
    rgb = golden.network.predict_rgb(torch.tensor(grey)[None, None] / 255)
    square = quantize_square(rgb[0].permute(1, 2, 0).numpy())
    final = transplant_luma(photo, square)
    stem = f"{golden.mode}_{picture}_rf{render_factor}"
    _assert_close(square, _photo(f"{stem}_1_square.png"), most=1)
    _assert_close(final, _photo(f"{stem}_3_final.png"), most=2)


def _photo(name: str) -> np.ndarray:
    return np.asarray(Image.open(Path(GOLDEN / "pipeline" / name)).convert("RGB"))


def _assert_close(found: np.ndarray, expected: np.ndarray, *, most: int) -> None:
    """At most `most` levels off anywhere, and 99.9 % of values equal."""
    error = np.abs(found.astype(int) - expected)
    histogram = np.bincount(error.ravel())
    assert error.max() <= most, histogram
    assert histogram[0] >= 0.999 * error.size, histogram
