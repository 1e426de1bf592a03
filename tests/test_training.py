"""The trainer on a few generated photos: it learns, resumes, and warns."""

import csv
import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from deoldify_lite.models.build import build_network
from deoldify_lite.training import loop
from deoldify_lite.training.config import Stage, TrainConfig
from deoldify_lite.training.data import age, batches, random_crop, read_photos
from deoldify_lite.training.loop import learning_rate_at, stage_at, train
from deoldify_lite.training.losses import pixel_loss


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    """Twelve photos of one kind in two shards, one of them broken."""
    folder = tmp_path / "data"
    folder.mkdir()
    rng = np.random.default_rng(0)
    rows = [{"name": f"p{i}.jpg", "shard": i % 2} for i in range(12)]
    for shard in (0, 1):
        with tarfile.open(folder / f"train-{shard:03}.tar", "w") as tar:
            for row in rows[shard::2]:
                luma = rng.integers(60, 200, (6, 8, 1)).astype(np.float32)
                bgr = cv2.resize(np.clip(luma + np.array([-40.0, 0, 40]), 0, 255).astype(np.uint8), (96, 80))
                data = cv2.imencode(".jpg", bgr)[1].tobytes() if row["name"] != "p5.jpg" else b"broken"
                member = tarfile.TarInfo(str(row["name"]))
                member.size = len(data)
                tar.addfile(member, io.BytesIO(data))
    with open(folder / "index.tsv", "w", newline="") as file:
        writer = csv.DictWriter(file, ["name", "shard"], delimiter="\t")
        writer.writeheader()
        writer.writerows(rows)
    return folder


def test_split_and_broken_photos(shards: Path, caplog: pytest.LogCaptureFixture) -> None:
    train_photos, validation = read_photos(shards, validation_every=4)
    assert (len(train_photos), len(validation)) == (8, 3)
    assert "p5.jpg" in caplog.text
    assert train_photos[0].shape == (80, 96, 3)
    assert train_photos[0][..., 0].mean() > train_photos[0][..., 2].mean()  # RGB, not BGR


def test_batches_depend_on_seed_and_number_alone(shards: Path) -> None:
    photos, _ = read_photos(shards, validation_every=4)
    first = batches(photos, 32, 4, seed=1)
    wanted = [next(first) for _ in range(3)][2]
    assert torch.equal(next(batches(photos, 32, 4, seed=1, start=2)), wanted)
    assert not torch.equal(next(batches(photos, 32, 4, seed=2, start=2)), wanted)
    assert wanted.shape == (4, 3, 32, 32) and wanted.min() >= 0 and wanted.max() <= 1


def test_crops_and_ageing_keep_shape_and_range() -> None:
    rng = np.random.default_rng(0)
    photo = rng.integers(0, 256, (50, 70, 3), dtype=np.uint8)
    assert random_crop(photo, 64, rng).shape == (64, 64, 3)
    aged = age(torch.rand(8, 1, 16, 16), rng)
    assert aged.shape == (8, 1, 16, 16) and aged.min() >= 0 and aged.max() <= 1


def test_pixel_loss_by_hand() -> None:
    """One grey pixel (weight 1, error 0.05) and one colourful one (weight 5, error 0.2) in Cb alone."""
    truth = torch.tensor([[0.0, 0.3], [0.0, 0.0]]).view(1, 2, 1, 2)
    guess = torch.tensor([[0.05, 0.1], [0.0, 0.0]]).view(1, 2, 1, 2)
    grey, colourful = 0.5 * 0.05**2 / 0.1, 0.2 - 0.05  # below and above beta = 0.1
    expected = (1 * grey + 5 * colourful) / 4 / ((1 + 5) / 2)  # mean over 2 planes x 2 pixels
    assert pixel_loss(guess, truth).item() == pytest.approx(expected, rel=1e-5)


def test_schedules() -> None:
    config = TrainConfig(Path("data"), Path("out"))
    assert sum(stage.share for stage in config.stages) == pytest.approx(1)
    sizes = [stage_at(config, p).size_px for p in (0, 0.5, 0.9, 1)]
    assert sizes == sorted(sizes) and sizes[0] == config.stages[0].size_px
    rates = [learning_rate_at(config, p) for p in (0.0, config.warmup, 0.5, 1.0)]
    assert rates[1] == pytest.approx(config.learning_rate) and max(rates) == rates[1]
    assert rates[3] == pytest.approx(config.learning_rate / 1000)


def test_training_learns_and_resumes_exactly(shards: Path, tmp_path: Path) -> None:
    """A run that is stopped after a checkpoint and taken up again ends with the very same weights."""
    config = TrainConfig(
        shards,
        tmp_path / "whole",
        steps=80,
        encoder="test_resnet",
        stages=(Stage(1.0, 32, 8),),
        validation_every=4,
        record_every=10,
        checkpoint_every=50,
        learning_rate=3e-3,
    )
    weights = train(config)
    lines = [json.loads(line) for line in (config.out / "curve.jsonl").read_text().splitlines()]
    assert lines[-1]["psnr"] > lines[-1]["psnr_grey"] + 1  # all photos are orange: that is soon learnt
    assert lines[-1]["step"] == 80 and lines[0]["pixel"] > lines[-2]["pixel"]
    assert [path.name for path in config.out.glob("sheet-*.png")] == ["sheet-000050.png"]
    assert not build_network(None, weights).training

    class PowerCut(Exception):
        """Stands for anything that stops a run between two checkpoints."""

    def rate_until_the_cut(config: TrainConfig, progress: float) -> float:
        if progress > 65 / config.steps:
            raise PowerCut
        return learning_rate_at(config, progress)

    stopped = replace(config, out=tmp_path / "stopped")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "learning_rate_at", rate_until_the_cut)
        with pytest.raises(PowerCut):
            train(stopped)
    resumed = train(stopped)
    assert load_file(weights).keys() == load_file(resumed).keys()
    for name, value in load_file(weights).items():
        torch.testing.assert_close(load_file(resumed)[name], value, rtol=0, atol=0)
