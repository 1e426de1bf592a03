"""The weights that are shipped: whole, and known grey photos come out in colour."""

import hashlib
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from deoldify_lite import api
from deoldify_lite.color.metrics import colorfulness, psnr
from deoldify_lite.models.build import build_network
from deoldify_lite.models.weights import verify_weights
from deoldify_lite.models.zoo import get_spec
from deoldify_lite.render.modes import MODES
from helpers.places import ROOT

data = pytest.importorskip("skimage.data", reason="scikit-image brings the photos")


def tensor(picture: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.array(picture)).permute(2, 0, 1)[None].float() / 255


@pytest.mark.parametrize("mode", MODES)
def test_the_files_are_those_in_the_table(mode: str) -> None:
    spec = get_spec(MODES[mode].lite_model)
    path = ROOT / "weights" / spec.file
    assert spec.sha256 and spec.bytes
    verify_weights(spec, path)
    sums = (ROOT / "weights" / "SHA256SUMS").read_text().splitlines()
    assert f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {spec.file}" in sums
    assert build_network(spec, path).chroma_stride == 2


def test_all_files_together_are_small() -> None:
    assert sum(path.stat().st_size for path in (ROOT / "weights").glob("*.safetensors")) <= 60e6


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Truth and result of some photos, turned grey and colorized as files."""
    folder = tmp_path_factory.mktemp("known") / "photos"
    folder.mkdir()
    truths = {name: getattr(data, name)() for name in ("astronaut", "chelsea", "coffee", "rocket")}
    for name, truth in truths.items():
        Image.fromarray(truth).convert("L").save(folder / f"{name}.png")
    items = api.colorize_folder(folder, rendering=api.settle("artistic", device="cpu"))
    assert all(item.status == "done" and not item.warnings for item in items)
    return {
        item.source.stem: (truths[item.source.stem], np.asarray(Image.open(item.output))) for item in items
    }


@pytest.mark.slow
def test_known_grey_photos_come_out_in_color(results: dict[str, tuple[np.ndarray, np.ndarray]]) -> None:
    for name, (truth, result) in results.items():
        luma = np.asarray(Image.fromarray(truth).convert("L")).astype(int)
        assert np.abs(np.asarray(Image.fromarray(result).convert("L")).astype(int) - luma).max() <= 1, name
        assert colorfulness(tensor(result)).item() > 10, name


@pytest.mark.slow
def test_the_colors_are_nearer_to_the_truth_than_grey(
    results: dict[str, tuple[np.ndarray, np.ndarray]],
) -> None:
    gains = []
    for truth, result in results.values():
        grey = np.asarray(Image.fromarray(truth).convert("L").convert("RGB"))
        gains.append((psnr(tensor(result), tensor(truth)) - psnr(tensor(grey), tensor(truth))).item())
    assert np.mean(gains) > 0.5


@pytest.mark.slow
def test_real_historic_photos_come_out_in_color(samples: Path, tmp_path: Path) -> None:
    items = api.colorize_folder(samples / "photos", tmp_path, rendering=api.settle("stable", device="cpu"))
    assert len(items) == 12 and all(item.status == "done" and not item.warnings for item in items)
    for item in items:
        with Image.open(item.output) as result, Image.open(item.source) as source:
            assert result.size == source.size
            assert colorfulness(tensor(np.asarray(result))).item() > 4, item.source.name
