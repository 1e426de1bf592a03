"""Validation of a generator on photos that it never trains on."""

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from deoldify_lite.color.metrics import colorfulness, psnr
from deoldify_lite.color.tensors import luma_of, merge_luma_chroma
from deoldify_lite.models.build import Network
from deoldify_lite.system.device import autocast
from deoldify_lite.training.data import Photo, centre_square, to_tensor


def _predict(generator: Network, luma: Tensor, dtype: torch.dtype) -> Tensor:
    device = next(generator.parameters()).device
    with autocast(device, dtype):
        chroma: Tensor = generator.predict_chroma(luma.to(device))
    return chroma.float().cpu()


@torch.no_grad()
def validate(
    generator: Network, photos: Sequence[Photo], size_px: int, dtype: torch.dtype
) -> dict[str, float]:
    """Return mean PSNR and colourfulness of whole photos rendered at size_px, and of the grey and true ones.

    Args:
        generator: in eval mode.
        photos: any sizes, at least one.
        dtype: what convolutions compute in.
    """
    rows = []
    for photo in photos:
        truth = to_tensor([photo])
        luma = luma_of(truth)
        chroma = _predict(generator, luma_of(to_tensor([centre_square(photo, size_px)])), dtype)
        ours = merge_luma_chroma(luma, chroma)
        grey = luma.expand_as(truth)
        rows.append([psnr(ours, truth), psnr(grey, truth), colorfulness(ours), colorfulness(truth)])
    means = torch.tensor(rows).mean(0).tolist()
    return dict(zip(["psnr", "psnr_grey", "colorfulness", "colorfulness_truth"], means, strict=True))


def score(validation: dict[str, float]) -> float:
    """One figure to pick weights by: dB gained over grey, plus the share of the truth's colourfulness.

    More colour than the truth's earns nothing. A critic first adds colour at little cost in PSNR, and later
    colours at random: then both halves fall.
    """
    share = validation["colorfulness"] / max(validation["colorfulness_truth"], 1e-6)
    return validation["psnr"] - validation["psnr_grey"] + min(share, 1.0)


@torch.no_grad()
def sample_sheet(
    generator: Network, photos: Sequence[Photo], size_px: int, dtype: torch.dtype
) -> NDArray[np.uint8]:
    """Rows grey, ours, truth; a column for each photo: (3 * size_px, N * size_px, 3) RGB."""
    truth = to_tensor([centre_square(photo, size_px) for photo in photos])
    luma = luma_of(truth)
    ours = merge_luma_chroma(luma, _predict(generator, luma, dtype))
    rows = torch.stack([luma.expand_as(truth), ours, truth])
    sheet = rows.permute(0, 3, 1, 4, 2).flatten(2, 3).flatten(0, 1)
    picture: NDArray[np.uint8] = (sheet.numpy() * 255).round().astype(np.uint8)
    return picture


def write_sheet(sheet: NDArray[np.uint8], path: Path) -> None:
    """Write RGB as PNG."""
    cv2.imwrite(str(path), cv2.cvtColor(sheet, cv2.COLOR_RGB2BGR))
