"""Settings of a training run: its data, its length and where it runs. Recipes decide what is learnt."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class TrainConfig:
    """Settings of one run."""

    data: Path  # folder of photos, or of tar shards
    out: Path  # folder for checkpoints, weights, curves and sample sheets
    steps: int = 4000  # batches, over all resumed parts of the run
    init: Path | None = None  # weights of a generator to start from
    encoder_weights: str | Path = "none"  # "imagenet" (timm fetches them), a file of timm's, or "none"
    # of the feature loss: "vgg16_bn" (torchvision fetches it), a file, or "none"
    feature_net: str | Path = "none"
    teacher: Path | None = None  # weights of features.TEACHER
    device: str = "auto"
    precision: str = "auto"
    workers: int = 1  # processes that read photos ahead
    validation_every: int = 50  # of the photos, those whose number is divisible by this are never trained on
    validation_photos: int = 106  # at most so many are looked at for each line of the curve
    record_every: int = 50  # steps from one line of the curve to the next
    checkpoint_every: int = 250  # steps from one checkpoint, validation and sample sheet to the next
    seed: int = 0
    limit: int | None = None  # use only the first photos; for trying things out
