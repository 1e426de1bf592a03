"""Reading weight files: every form they come in, and everything that only looks like one."""

import os
import pickle
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import Tensor, nn
from torch.nn.utils import spectral_norm, weight_norm

from deoldify_lite.errors import WeightsError
from deoldify_lite.models.checkpoint import fold_norms, read_state, read_weights, rename_deoldify
from deoldify_lite.models.unet import Unet
from deoldify_lite.models.zoo import MODELS
from helpers.fill_rule import key_shapes


@pytest.fixture
def state() -> dict[str, Tensor]:
    torch.manual_seed(0)
    return OrderedDict((f"layer.{i}.weight", torch.randn(40, 30)) for i in range(5))


def same(found: dict[str, Tensor], expected: dict[str, Tensor]) -> bool:
    return found.keys() == expected.keys() and all(torch.equal(found[key], expected[key]) for key in expected)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "old format"])
@pytest.mark.parametrize("learner", [True, False], ids=["learner", "bare"])
def test_reads_every_form_of_pth(
    tmp_path: Path, state: dict[str, Tensor], zipped: bool, learner: bool
) -> None:
    path = tmp_path / "some_gen.pth"
    content = {"model": state, "opt": {"param_groups": [{"lr": slice(1e-6, 1e-3)}]}} if learner else state
    torch.save(content, path, _use_new_zipfile_serialization=zipped)
    found, metadata = read_state(path)
    assert same(found, state)
    assert metadata == {}


def test_permission_for_slice_ends_with_the_read(tmp_path: Path, state: dict[str, Tensor]) -> None:
    path = tmp_path / "some_gen.pth"
    torch.save({"model": state, "opt": slice(1)}, path)
    read_state(path)
    assert slice not in torch.serialization.get_safe_globals()
    with pytest.raises(pickle.UnpicklingError):
        torch.load(path, weights_only=True)


def test_reads_safetensors_whatever_the_name(tmp_path: Path, state: dict[str, Tensor]) -> None:
    path = tmp_path / "some.pth"
    save_file(dict(state), path, {"encoder": "resnet18"})
    found, metadata = read_state(path)
    assert same(found, state)
    assert metadata == {"encoder": "resnet18"}


def test_what_was_read_outlives_the_file(tmp_path: Path, state: dict[str, Tensor]) -> None:
    path = tmp_path / "some.safetensors"
    save_file(dict(state), path)
    found, _ = read_state(path)
    with open(path, "r+b") as file:
        file.write(b"\xff" * path.stat().st_size)
    assert same(found, state)


def test_weights_are_float32_without_counters(tmp_path: Path) -> None:
    path = tmp_path / "some.safetensors"
    save_file({"a.weight": torch.ones(3).half(), "a.num_batches_tracked": torch.tensor(7)}, path)
    found, _ = read_weights(path)
    assert found.keys() == {"a.weight"}
    assert found["a.weight"].dtype == torch.float32


class Intruder:
    """Its unpickling makes a folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return os.mkdir, (str(self.path),)


@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "old format"])
@pytest.mark.parametrize("place", ["bare", "beside", "opt"])
def test_a_file_that_would_run_code_stays_shut(
    tmp_path: Path, state: dict[str, Tensor], place: str, zipped: bool
) -> None:
    trace = tmp_path / "trace"
    intruder = Intruder(trace)
    contents = {
        "bare": intruder,
        "beside": {**state, "x": intruder},
        "opt": {"model": state, "opt": intruder},
    }
    path = tmp_path / "evil.pth"
    torch.save(contents[place], path, _use_new_zipfile_serialization=zipped)
    with pytest.raises(WeightsError, match=r"evil\.pth holds more than tensors and could run code"):
        read_state(path)
    assert not trace.exists()
    # The trap does work.
    torch.load(path, weights_only=False)
    assert trace.exists()


def test_a_plain_pickle_stays_shut(tmp_path: Path) -> None:
    path, trace = tmp_path / "evil.pth", tmp_path / "trace"
    path.write_bytes(pickle.dumps([Intruder(trace), "long enough"], protocol=2))
    with pytest.raises(WeightsError, match=r"evil\.pth"):
        read_state(path)
    assert not trace.exists()


@pytest.mark.parametrize("form", ["zip", "old", "safetensors"])
@pytest.mark.parametrize("share", [0.003, 0.1, 0.5, 0.99])
def test_a_file_that_breaks_off_says_so(
    tmp_path: Path, state: dict[str, Tensor], form: str, share: float
) -> None:
    path = tmp_path / "cut.pth"
    if form == "safetensors":
        save_file(dict(state), path)
    else:
        torch.save(state, path, _use_new_zipfile_serialization=form == "zip")
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(WeightsError, match=r"cut\.pth .*(cut short|damaged).*fetch it again"):
        read_state(path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "was cut short"),
        (b"PK", "was cut short"),
        (b"<!DOCTYPE html><html><body>Sign in</body></html>", "web page"),
        (b"\xef\xbb\xbf\r\n  <html>\n<body>gone</body></html>", "web page"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n", "git lfs pull"),
        (b"not a weight file at all, but some text", "not a weight file"),
        (bytes(range(256)) * 8, "not a weight file"),
    ],
)
def test_what_is_no_weight_file_is_told(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "some_gen.pth"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=message) as caught:
        read_state(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("content", [[torch.ones(2)], {}, torch.ones(2), {"step": 7}, {3: torch.ones(2)}])
def test_tensors_without_names_are_refused(tmp_path: Path, content: object) -> None:
    path = tmp_path / "other.pth"
    torch.save(content, path)
    with pytest.raises(WeightsError, match=r"other\.pth holds"):
        read_state(path)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.pth", tmp_path):
        with pytest.raises(WeightsError, match="cannot read"):
            read_state(path)


@pytest.mark.parametrize("mode", ["artistic", "stable", "video"])
def test_renamed_and_folded_keys_are_those_of_our_network(mode: str) -> None:
    with torch.device("meta"):
        theirs = {key: torch.empty(shape) for key, shape in key_shapes(mode).items()}
        network = Unet(MODELS[mode].encoder, MODELS[mode].decoder)
    found = {key: value.shape for key, value in fold_norms(rename_deoldify(theirs)).items()}
    assert found == {key: value.shape for key, value in network.state_dict().items()}


def test_renaming_leaves_our_own_names() -> None:
    with torch.device("meta"):
        state = Unet("test_resnet", "deep").state_dict()
    assert rename_deoldify(state).keys() == state.keys()


@pytest.mark.filterwarnings("ignore:.*weight_norm.*deprecated:FutureWarning")
@torch.no_grad()
def test_folding_norms_of_weights_keeps_the_output() -> None:
    torch.manual_seed(0)
    normed = nn.Sequential(spectral_norm(nn.Conv2d(3, 8, 3)), weight_norm(nn.Conv2d(8, 4, 1)))
    normed.eval()  # no power iteration
    plain = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 4, 1))
    plain.load_state_dict(fold_norms(dict(normed.state_dict())))
    x = torch.randn(2, 3, 9, 9)
    torch.testing.assert_close(plain(x), normed(x))


def test_half_a_norm_is_left_as_it_is() -> None:
    state = {"a.weight_orig": torch.ones(2, 3), "a.weight_u": torch.ones(2), "b.weight_g": torch.ones(2)}
    assert fold_norms(state) == state


def test_parts_of_a_norm_that_do_not_fit(tmp_path: Path) -> None:
    path = tmp_path / "odd.pth"
    parts = {"a.weight_orig": torch.ones(2, 3), "a.weight_u": torch.ones(2), "a.weight_v": torch.ones(5)}
    torch.save(parts, path)
    with pytest.raises(WeightsError, match="do not fit together"):
        read_weights(path)
