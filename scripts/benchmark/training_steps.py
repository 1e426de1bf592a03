"""Steps of training: what the pretrained networks of the losses cost beside the network itself."""

import time
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np
import torch
from media import draw_leaves
from report import Report, Row
from safetensors.torch import save_file
from torch import nn

from deoldify_lite.models.pretrained import PRETRAINED
from deoldify_lite.system.device import choose_device
from deoldify_lite.training.config import TrainConfig
from deoldify_lite.training.features import TEACHER
from deoldify_lite.training.processes import Processes
from deoldify_lite.training.recipes import RECIPES, Phase, Recipe
from deoldify_lite.training.run import Run

FEATURES = "squeezenet1_1"  # the network of the feature loss, as in weights/README.md
PHOTOS, PHOTO_PX = 40, 288  # enough for both phases' crops
OURS = "lite"
EARLIER = "lite before: ResNet34, teacher's losses"
_TAUGHT = replace(
    RECIPES[OURS], semantic_mid_weight=0.015, semantic_deep_weight=0.03, distillation_weight=0.08
)
RECIPES_HERE: dict[str, Recipe] = {
    "the network and its pixels alone": replace(RECIPES[OURS], feature_weight=0, class_weight=0),
    OURS: RECIPES[OURS],
    "lite with the teacher's losses": _TAUGHT,
    "ResNet34 and its pixels alone": replace(
        RECIPES[OURS], encoder="resnet34", feature_weight=0, class_weight=0
    ),
    EARLIER: replace(_TAUGHT, encoder="resnet34"),
}
# The row whose step is that of the network alone, for each of the others.
NETWORK_OF = {
    name: "ResNet34 and its pixels alone" if recipe.encoder == "resnet34" else next(iter(RECIPES_HERE))
    for name, recipe in RECIPES_HERE.items()
}


@dataclass(frozen=True)
class Step:
    """What a step takes: the means over a recipe's phases, each weighed by its share of the steps."""

    seconds: float
    processor_s: float  # of all cores together
    crops: float

    @property
    def crops_per_hour(self) -> float:
        return 3600 * self.crops / self.seconds


def benchmark_training(report: Report, *, device: str, steps: int, folder: Path) -> None:
    """Tell of the steps of the recipe `lite`, as it is and as it was, on drawn photos.

    All weights are drawn at random, on which speed does not hang.

    Args:
        report: what is told.
        device: cpu, cuda or mps.
        steps: of each phase that are timed; the shortest counts.
        folder: for photos and weights; must not exist.
    """
    photos = draw_photos(folder / "photos")
    feature_net, teacher = (
        draw_weights(folder / f"{name}.safetensors", PRETRAINED[name].build()) for name in (FEATURES, TEACHER)
    )
    found = {}
    for number, (name, recipe) in enumerate(RECIPES_HERE.items()):
        config = TrainConfig(
            photos,
            folder / f"run{number}",
            feature_net=feature_net if recipe.feature_weight else "none",
            teacher=teacher if recipe.asks_teacher else None,
            device=device,
            validation_photos=1,
        )
        found[name] = time_steps(recipe, config, steps)
    rows: list[Row] = [
        {
            "recipe": name,
            "s a step": step.seconds,
            "processor s": step.processor_s,
            "crops an hour": step.crops_per_hour,
            # By processor time, which others on the machine disturb least.
            "network's share": found[NETWORK_OF[name]].processor_s / step.processor_s,
        }
        for name, step in found.items()
    ]
    report.table("steps of training; processor time is of all cores, the network's share one of it", rows)
    ours, earlier = found[OURS], found[EARLIER]
    report.target(
        "training: crops an hour of the recipe lite over those of the one before",
        "x",
        ours.crops_per_hour / earlier.crops_per_hour,
        at_least=3.0,
        bound=f"the network alone takes {found[NETWORK_OF[OURS]].seconds:.2f} of {ours.seconds:.2f} s a step",
    )


def draw_photos(folder: Path) -> Path:
    """Fill a folder with photos in colour; returns it."""
    folder.mkdir(parents=True)
    for seed in range(PHOTOS):
        rng = np.random.default_rng(seed)
        planes = [draw_leaves(rng, (PHOTO_PX, PHOTO_PX)) for _ in range(3)]
        cv2.imwrite(str(folder / f"{seed:03}.jpg"), np.dstack(planes))
    return folder


def draw_weights(path: Path, network: nn.Module) -> Path:
    """Write a network's weights as they were drawn; returns the path."""
    save_file({name: value.contiguous() for name, value in network.state_dict().items()}, path)
    return path


def time_steps(recipe: Recipe, config: TrainConfig, steps: int) -> Step:
    """Time the steps of each phase, after one that warms up."""
    torch.manual_seed(0)
    device = torch.device(choose_device(config.device))
    run = Run(recipe, config, Processes(0, 1, device))
    seconds = processor_s = crops = 0.0
    for phase in recipe.phases:
        shortest, computed = time_phase(run, phase, device, steps)
        seconds += phase.share * shortest
        processor_s += phase.share * computed
        crops += phase.share * phase.batch_size
    return Step(seconds, processor_s, crops)


def time_phase(run: Run, phase: Phase, device: torch.device, steps: int) -> tuple[float, float]:
    """The least wall and processor seconds of some steps."""
    wall, processor = [], []
    stream = run.stream(phase)
    try:
        for _ in range(steps + 1):
            began, computed = time.perf_counter(), time.process_time()
            run.advance(phase, stream)
            if device.type != "cpu":
                getattr(torch, device.type).synchronize()
            wall.append(time.perf_counter() - began)
            processor.append(time.process_time() - computed)
    finally:
        stream.close()
        run.record(phase)
    return min(wall[1:]), min(processor[1:])
