"""Settings of a training run."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Stage:
    """A stretch of the run at one picture size."""

    share: float  # of the run's steps
    size_px: int  # side of the square crops
    batch_size: int


@dataclass(frozen=True)
class TrainConfig:
    """What one run does, start to end."""

    data: Path  # folder with index.tsv and the tar shards
    out: Path  # folder for checkpoints, curves and sample sheets
    steps: int = 4089  # batches, over all resumed parts of the run
    encoder: str = "resnet34"  # timm name
    pretrained: bool = False  # let timm fetch ImageNet weights for the encoder
    teacher: Path | None = None  # MobileNetV1 weights whose features of the colour picture the encoder learns
    feature_net: Path | None = None  # SqueezeNet 1.1 weights for the feature loss
    stages: tuple[Stage, ...] = (  # growing sizes: most steps are taken where they are cheap
        Stage(share=0.43, size_px=96, batch_size=48),
        Stage(share=0.385, size_px=128, batch_size=32),
        Stage(share=0.185, size_px=176, batch_size=24),
    )
    learning_rate: float = 1e-3  # peak of the one-cycle schedule
    weight_decay: float = 1e-2
    warmup: float = 0.03  # share of the run until the peak
    ema_decay: float = 0.999
    feature_weight: float = 0.04  # of the feature loss, against the pixel loss
    teacher_weight: float = 0.08  # of the distillation loss, until it fades out
    validation_every: int = 50  # rows of index.tsv whose number is divisible by this are never trained on
    record_every: int = 50  # steps from one line of the curve to the next
    checkpoint_every: int = 250  # steps from one checkpoint, validation and sample sheet to the next
    seed: int = 0
    limit: int | None = None  # use only the first photos; for trying things out
