"""The trainer on a few generated photos: it learns, resumes, diverges with words, and shares its work."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from deoldify_lite.errors import InputError, OptionError, TrainingError
from deoldify_lite.models.build import build_network
from deoldify_lite.training import players
from deoldify_lite.training.config import TrainConfig
from deoldify_lite.training.features import TEACHER_CHANNELS
from deoldify_lite.training.generators import build_generator, half_state
from deoldify_lite.training.loop import train
from deoldify_lite.training.recipes import RECIPES, Phase, Recipe
from deoldify_lite.training.run import Run
from helpers.commands import Command
from helpers.places import ROOT

PLAIN = Recipe("no pretrained networks, no critic", (Phase(1.0, 32, 8),), encoder="test_resnet", emulsion=0.0)
GAME = replace(
    PLAIN,
    phases=(Phase(0.25, 32, 4), Phase(0.25, 32, 4, "critic"), Phase(0.5, 64, 4, "both")),
    critic="patch",
    adversarial_weight=0.1,
    critic_steps=2,
    class_weight=0.01,
    colorfulness_weight=0.01,
    consistency_weight=0.1,
    pick_early=True,
)


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Small networks gain nothing from more, and threads that wait for each other lose much."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Twelve photos of one kind, one of them broken."""
    folder = tmp_path / "photos"
    folder.mkdir()
    rng = np.random.default_rng(0)
    for i in range(12):
        luma = rng.integers(60, 200, (6, 8, 1)).astype(np.float32)
        bgr = cv2.resize(np.clip(luma + np.array([-40.0, 0, 40]), 0, 255).astype(np.uint8), (96, 80))
        cv2.imwrite(str(folder / f"p{i:02}.png"), bgr)
    (folder / "p05.png").write_bytes(b"broken")
    return folder


@pytest.fixture
def config(photos: Path, tmp_path: Path) -> TrainConfig:
    return TrainConfig(
        photos,
        tmp_path / "run",
        steps=8,
        device="cpu",
        workers=0,
        validation_every=4,
        record_every=2,
        checkpoint_every=4,
    )


def curve(folder: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (folder / "curve.jsonl").read_text().splitlines()]


@pytest.mark.slow
def test_it_learns(config: TrainConfig, caplog: pytest.LogCaptureFixture) -> None:
    config = replace(config, steps=60, record_every=10, checkpoint_every=60)
    weights = train(replace(PLAIN, learning_rate=3e-3), config)
    lines = curve(config.out)
    assert lines[-1]["psnr"] > lines[-1]["psnr_grey"] + 1  # all photos are orange: that is soon learnt
    assert lines[-1]["step"] == 60 and lines[0]["pixel"] > lines[-2]["pixel"]
    assert "p05.png" in caplog.text
    sheet = cv2.imread(str(config.out / "sheet-000060.png"))
    assert sheet is not None and sheet.shape == (3 * 160, 3 * 160, 3)
    assert list((config.out / "tensorboard").iterdir())
    assert not build_network(None, weights).training


@pytest.mark.slow
def test_a_stopped_run_goes_on_exactly(config: TrainConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    """A game stopped after a checkpoint, and taken up again, ends with the very same weights and curve."""
    train(GAME, config)

    class PowerCut(Exception):
        """Stands for anything that stops a run between two checkpoints."""

    advance = Run.advance

    def advance_until_the_cut(self: Run, *args: object) -> None:
        if self.step == 7:
            raise PowerCut
        advance(self, *args)  # type: ignore[arg-type]

    stopped = replace(config, out=config.out.with_name("stopped"))
    with monkeypatch.context() as patch:
        patch.setattr(Run, "advance", advance_until_the_cut)
        with pytest.raises(PowerCut):
            train(GAME, stopped)
    train(GAME, stopped)
    whole, resumed = (torch.load(c.out / "checkpoint.pt", weights_only=True) for c in (config, stopped))
    assert whole["step"] == resumed["step"] == 8 and whole["drawn"] == resumed["drawn"]
    for player in ("generator", "critic"):
        pairs = zip(flat(whole[player]), flat(resumed[player]), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs)
    without_time = [[{**line, "minutes": 0} for line in curve(c.out)] for c in (config, stopped)]
    assert without_time[0] == without_time[1]


def flat(state: object) -> list[torch.Tensor]:
    """All tensors in nested dicts and lists."""
    if isinstance(state, torch.Tensor):
        return [state]
    parts = state.values() if isinstance(state, dict) else state if isinstance(state, list) else ()
    return [tensor for part in parts for tensor in flat(part)]


@pytest.mark.slow
def test_phases_train_whom_they_name(config: TrainConfig) -> None:
    train(GAME, config)
    told = {line["step"]: line for line in curve(config.out) if "trains" in line}
    assert [told[step]["trains"] for step in (2, 4, 6, 8)] == ["generator", "critic", "both", "both"]
    assert "critic" not in told[2] and "pixel" not in told[4]
    assert {"critic", "adversarial", "class", "colorfulness", "consistency"} <= told[8].keys()


def test_an_encoder_alone_learns_from_the_teacher(
    config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = replace(PLAIN, phases=(Phase(1.0, 64, 4, "encoder"),), distillation_weight=0.1)
    with pytest.raises(OptionError, match="--teacher"):
        train(recipe, config)
    monkeypatch.setattr("deoldify_lite.training.run.build_teacher", lambda path: Teacher())
    before = config.out.parent / "before.safetensors"
    torch.manual_seed(1)
    save_file(half_state(build_generator("lite", encoder="test_resnet")), before)
    run = replace(config, teacher=Path("teacher"), init=before, out=config.out.parent / "encoder", steps=4)
    old, new = load_file(before), load_file(train(recipe, run))
    changed = {name.split(".")[0] for name in old if not torch.equal(old[name], new[name])}
    assert changed == {"encoder"}
    assert {"distillation"} <= curve(run.out)[0].keys() and "pixel" not in curve(run.out)[0]


class Teacher:
    """Sees the mean colours of eighths."""

    def to(self, device: torch.device) -> "Teacher":
        return self

    def features(self, rgb: torch.Tensor) -> list[torch.Tensor]:
        seen = torch.nn.functional.adaptive_avg_pool2d(rgb, 2).repeat(1, 118, 1, 1)[:, :TEACHER_CHANNELS]
        return [seen, seen.mean((2, 3))]


def test_a_critic_needs_a_phase_to_play_in() -> None:
    with pytest.raises(OptionError, match="no phase for a critic"):
        replace(PLAIN, critic="patch")
    with pytest.raises(OptionError, match="name one"):
        replace(GAME, critic=None)


def test_losses_that_lack_their_network_are_named(
    config: TrainConfig, caplog: pytest.LogCaptureFixture
) -> None:
    recipe = replace(PLAIN, feature_weight=1.0, semantic_deep_weight=1.0)
    train(recipe, replace(config, steps=1))
    assert (
        "since --feature-net or --teacher is not given" in caplog.text
        and "feature, semantic_deep" in caplog.text
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["pix2pix", "wgan-gp", "hinge"])
def test_recipes_with_a_critic_run(config: TrainConfig, name: str) -> None:
    recipe = replace(RECIPES[name], phases=(Phase(1.0, 32, 2, "both"),), encoder="test_resnet")
    weights = train(recipe, replace(config, steps=2))
    assert build_network(None, weights).predict_chroma(torch.rand(1, 1, 32, 32)).abs().max() <= 0.5
    assert ("penalty" in curve(config.out)[0]) == (name == "wgan-gp")


def test_a_gradient_penalty_forbids_batch_norm(config: TrainConfig) -> None:
    with pytest.raises(OptionError, match="--critic-norm"):
        train(replace(GAME, adversarial="wgan-gp"), config)


@pytest.mark.slow
def test_the_deoldify_recipe_runs(config: TrainConfig) -> None:
    phases = tuple(replace(phase, size_px=32, batch_size=2) for phase in RECIPES["deoldify"].phases)
    # Its own critic has 95 million parameters: too many for a test.
    recipe = replace(RECIPES["deoldify"], encoder="test_resnet", phases=phases, critic="patch")
    weights = train(recipe, replace(config, steps=5, feature_net="none", validation_photos=1))
    assert build_network(None, weights).predicts_rgb


@pytest.mark.slow
def test_parts_of_a_network_can_stay_as_they_are(config: TrainConfig) -> None:
    first = train(PLAIN, config)
    frozen = replace(PLAIN, frozen=("encoder", "decoder.blocks.0", "decoder.attention"))
    second = train(frozen, replace(config, out=config.out.with_name("second"), init=first))
    before, after = load_file(first), load_file(second)
    changed = {name for name, value in before.items() if not torch.equal(value, after[name])}
    assert changed and all(name.startswith(("decoder.blocks", "decoder.head")) for name in changed)
    assert not any(name.startswith("decoder.blocks.0") for name in changed)
    with pytest.raises(OptionError, match="no module 'attic'"):
        train(
            replace(PLAIN, frozen=("attic",)), replace(config, out=config.out.with_name("third"), init=first)
        )
    with pytest.raises(OptionError, match="--init"):
        train(frozen, replace(config, out=config.out.with_name("third")))


def test_a_diverging_run_stops_with_a_message(config: TrainConfig) -> None:
    with pytest.raises(TrainingError, match="lower --learning-rate"):
        train(replace(PLAIN, learning_rate=1e6, clip_norm=1e9, warmup=0.0), replace(config, steps=40))


def test_data_that_is_not_there(config: TrainConfig) -> None:
    with pytest.raises(InputError, match="nothing"):
        train(PLAIN, replace(config, data=config.data / "nothing"))


def test_a_folder_holds_one_run(config: TrainConfig) -> None:
    train(PLAIN, config)
    with pytest.raises(OptionError, match=r"recipe\.json"):
        train(replace(PLAIN, learning_rate=1.0), config)


def shared_game(photos: Path, out: Path) -> None:
    """A short game whose losses are plain means over pictures, and whose norms keep still.

    Other losses and norms are taken over the pictures of one process.
    """
    recipe = replace(
        GAME,
        phases=(Phase(1.0, 32, 4, "both"),),
        pixel_loss="l1",
        class_weight=0.0,
        critic_norm="none",
        critic_steps=1,
        adversarial="lsgan",
        pick_early=False,
    )
    config = TrainConfig(
        photos,
        out,
        steps=3,
        device="cpu",
        precision="fp32",
        workers=0,
        validation_every=4,
        record_every=1,
        checkpoint_every=3,
    )
    torch.set_num_threads(1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(players, "train_mode", lambda generator, frozen: generator.eval())
        train(recipe, config)


@pytest.mark.slow
def test_two_processes_learn_as_one(photos: Path, tmp_path: Path) -> None:
    """Their gradients are those of the whole batch: after some steps all weights are those of one process."""
    shared_game(photos, tmp_path / "one")
    run = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2", __file__]
    places = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    environment = {**os.environ, "PYTHONPATH": places, "OMP_NUM_THREADS": "1"}
    result = subprocess.run([*run, photos, tmp_path / "two"], env=environment, capture_output=True, text=True)
    assert result.returncode == 0, result.stderr
    one, two = (torch.load(tmp_path / out / "checkpoint.pt", weights_only=True) for out in ("one", "two"))
    for player, key in (("generator", "objective"), ("critic", "network")):
        for name, value in one[player][key].items():
            torch.testing.assert_close(two[player][key][name], value, rtol=1e-4, atol=1e-5, msg=name)


@pytest.mark.slow
def test_train_as_a_user_runs_it(command: Command, photos: Path, tmp_path: Path) -> None:
    out = tmp_path / "run"
    arguments = ["train", photos, out, "--steps", 2, "--recipe", "hinge", "--encoder", "test_resnet"]
    arguments += ["--size", 32, "--batch-size", 2, "--pixel-loss", "huber", "--device", "cpu"]
    result = command(*arguments)
    assert result.returncode == 0, result.stderr
    assert Path(result.stdout.strip()) == out / "weights.safetensors"
    told = json.loads((out / "recipe.json").read_text())
    assert told["pixel_loss"] == "huber" and told["phases"][0]["size_px"] == 32


if __name__ == "__main__":  # as one of several processes
    shared_game(Path(sys.argv[1]), Path(sys.argv[2]))
