"""The training loop, read from top to bottom."""

import json
import logging
import math
import os
import time
from pathlib import Path

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save
from torch import Tensor, nn
from tqdm import tqdm

from deoldify_lite.color import chroma_of, luma_of, merge_luma_chroma, resize_chroma, to_rgb
from deoldify_lite.metrics import colorfulness, psnr
from deoldify_lite.models.unet import Unet
from deoldify_lite.training.config import Stage, TrainConfig
from deoldify_lite.training.data import Photo, age, batches, centre_square, read_photos, to_tensor
from deoldify_lite.training.losses import FeatureLoss, TeacherLoss, pixel_loss

log = logging.getLogger(__name__)


def stage_at(config: TrainConfig, progress: float) -> Stage:
    """The stage that a run is in after a share `progress` in [0, 1] of its steps."""
    end = 0.0
    for stage in config.stages:
        end += stage.share
        if progress < end:
            return stage
    return config.stages[-1]


def learning_rate_at(config: TrainConfig, progress: float) -> float:
    """One cycle: a linear rise to the peak, then half a cosine down to a thousandth of it."""
    if progress < config.warmup:
        return config.learning_rate * max(progress / config.warmup, 0.02)
    fall = (min(progress, 1.0) - config.warmup) / (1 - config.warmup)
    return config.learning_rate * (0.001 + 0.999 * 0.5 * (1 + math.cos(math.pi * fall)))


@torch.no_grad()
def update_average(average: nn.Module, model: nn.Module, decay: float) -> None:
    """Move an exponential average of the weights one step towards the model; buffers are copied."""
    torch._foreach_lerp_(list(average.parameters()), list(model.parameters()), 1 - decay)
    for kept, current in zip(average.buffers(), model.buffers(), strict=True):
        kept.copy_(current)


@torch.no_grad()
def validate(model: Unet, photos: list[Photo], size_px: int) -> dict[str, float]:
    """Mean PSNR and colourfulness of whole photos rendered at size_px, beside the grey and true ones."""
    model.eval()
    rows = []
    for photo in photos:
        truth = to_tensor([photo])
        luma = luma_of(truth)
        square = luma_of(to_tensor([centre_square(photo, size_px)]))
        with torch.autocast("cpu", torch.bfloat16):
            chroma = model.predict_chroma(square).float()
        ours = merge_luma_chroma(luma, chroma)
        grey = luma.expand_as(truth)
        values = [
            psnr(ours, truth),
            psnr(grey, truth),
            colorfulness(ours),
            colorfulness(truth),
        ]
        rows.append([v.item() for v in values])
    means = np.mean(rows, 0)
    names = ["psnr", "psnr_grey", "colorfulness", "colorfulness_truth"]
    return dict(zip(names, map(float, means), strict=True))


@torch.no_grad()
def sample_sheet(model: Unet, photos: list[Photo], size_px: int, path: Path) -> None:
    """Write a PNG with rows grey, ours, truth; a column for each photo."""
    model.eval()
    truth = to_tensor([centre_square(photo, size_px) for photo in photos])
    luma = luma_of(truth)
    with torch.autocast("cpu", torch.bfloat16):
        chroma = model.predict_chroma(luma).float()
    rows = torch.stack([luma.expand_as(truth), merge_luma_chroma(luma, chroma), truth])
    sheet = rows.permute(0, 3, 1, 4, 2).flatten(2, 3).flatten(0, 1)  # (3H, N*W, 3)
    picture = (sheet.numpy() * 255).round().astype(np.uint8)
    cv2.imwrite(str(path), cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))


def save_atomically(state: dict[str, object], path: Path) -> None:
    """Write a checkpoint aside and rename it, so that a kill leaves the last one whole."""
    part = path.with_suffix(".part")
    torch.save(state, part)
    os.replace(part, path)


def train(config: TrainConfig) -> Path:
    """Train a generator, or go on with a run that was stopped.

    Writes to `config.out`: `checkpoint.pt` (to resume from), `weights.safetensors` (the averaged weights),
    `curve.jsonl` (losses and validations), `sheet-NNNNNN.png`. A run that was
    stopped goes on from its last checkpoint as it would have without the stop.

    Returns:
        Path of the weights.

    Raises:
        FloatingPointError: the loss is no longer a number.
    """
    config.out.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(config.seed)
    photos, held_out = read_photos(config.data, validation_every=config.validation_every, limit=config.limit)
    log.info("%d photos to train on, %d to validate with", len(photos), len(held_out))

    # networks
    model = Unet(config.encoder, pretrained=config.pretrained).to(memory_format=torch.channels_last)
    average = Unet(config.encoder).to(memory_format=torch.channels_last)
    average.load_state_dict(model.state_dict())
    average.requires_grad_(False)
    feature_loss = FeatureLoss(config.feature_net) if config.feature_net else None
    channels = model.encoder.feature_info.channels()[-1]
    teacher_loss = TeacherLoss(config.teacher, channels) if config.teacher else None
    trained = nn.ModuleList([model, teacher_loss] if teacher_loss else [model])
    decay = [p for p in trained.parameters() if p.ndim > 1]
    no_decay = [p for p in trained.parameters() if p.ndim <= 1]
    optimizer = torch.optim.AdamW(
        [
            {"params": decay, "weight_decay": config.weight_decay},
            {"params": no_decay, "weight_decay": 0.0},
        ],
        betas=(0.9, 0.99),
        fused=True,
    )

    # resume
    checkpoint_path = config.out / "checkpoint.pt"
    step, elapsed_s = 0, 0.0
    if checkpoint_path.exists():
        state = torch.load(checkpoint_path, weights_only=True)
        trained.load_state_dict(state["trained"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        step, elapsed_s = state["step"], state["elapsed_s"]
        log.info("resumed at step %d, after %.1f minutes", step, elapsed_s / 60)

    def checkpoint() -> None:
        save_atomically(
            {
                "trained": trained.state_dict(),
                "average": average.state_dict(),
                "optimizer": optimizer.state_dict(),
                "step": step,
                "elapsed_s": elapsed_s,
            },
            checkpoint_path,
        )
        weights = {
            name: value.contiguous().half() if value.is_floating_point() else value
            for name, value in average.state_dict().items()
            if not name.endswith("num_batches_tracked")
        }
        part = config.out / "weights.part"
        part.write_bytes(save(weights, {"encoder": config.encoder, "decoder": "lite"}))
        os.replace(part, config.out / "weights.safetensors")

    def record(**values: object) -> None:
        with open(config.out / "curve.jsonl", "a", encoding="utf-8") as file:
            file.write(json.dumps({"step": step, "minutes": elapsed_s / 60, **values}) + "\n")

    sums: dict[str, float] = {}
    counted = 0
    stage: Stage | None = None
    stream = None
    bar = tqdm(total=config.steps, initial=step, unit="step")
    while step < config.steps:
        began = time.monotonic()
        progress = step / config.steps
        if stage_at(config, progress) is not stage:
            stage = stage_at(config, progress)
            stream = batches(photos, stage.size_px, stage.batch_size, seed=config.seed, start=step)
        assert stream is not None
        rgb = next(stream).contiguous(memory_format=torch.channels_last)
        luma = luma_of(rgb)
        seen = age(luma, np.random.default_rng((config.seed, step)))

        # forward
        model.train()
        with torch.autocast("cpu", torch.bfloat16):
            features = model.encode(seen)
            chroma = model.decode(features).float()
            losses: dict[str, Tensor] = {"pixel": pixel_loss(chroma, F.avg_pool2d(chroma_of(rgb), 2))}
            total = losses["pixel"]
            if feature_loss:
                ours = to_rgb(luma, resize_chroma(chroma, (rgb.shape[-2], rgb.shape[-1])))
                losses["feature"] = feature_loss(ours, rgb)
                total = total + config.feature_weight * losses["feature"]
            # the teacher's word counts less and less, and colour alone decides at the end
            teacher_weight = config.teacher_weight * max(0.0, 1 - progress / 0.8)
            if teacher_loss and teacher_weight:
                losses["teacher"] = teacher_loss(features[-1], rgb)
                total = total + teacher_weight * losses["teacher"]

        # backward
        if not torch.isfinite(total):
            raise FloatingPointError(
                f"the loss became {total.item()} at step {step}: resume from {checkpoint_path} "
                "with a lower learning rate"
            )
        for group in optimizer.param_groups:
            group["lr"] = learning_rate_at(config, progress)
        optimizer.zero_grad()
        total.backward()
        nn.utils.clip_grad_norm_(trained.parameters(), 1.0)
        optimizer.step()
        # early on the average follows closely, or it would remember the random start
        update_average(average, model, min(config.ema_decay, (1 + step) / (10 + step)))
        step += 1

        # bookkeeping
        elapsed_s += time.monotonic() - began
        bar.update()
        counted += 1
        for name, value in losses.items():
            sums[name] = sums.get(name, 0.0) + value.item()
        if step % config.record_every == 0:
            means = {name: total / counted for name, total in sums.items()}
            bar.set_postfix({k: f"{v:.4f}" for k, v in means.items()})
            record(size_px=stage.size_px, **means)
            sums, counted = {}, 0
        if step % config.checkpoint_every == 0 and step < config.steps:
            checkpoint()
            record(size_px=stage.size_px, **validate(average, held_out[::4], stage.size_px))
            sample_sheet(average, held_out[:12], 160, config.out / f"sheet-{step:06}.png")
    bar.close()
    checkpoint()
    size_px = config.stages[-1].size_px
    record(size_px=size_px, **validate(average, held_out, size_px))
    return config.out / "weights.safetensors"
