"""What a training step sees of a batch of photos."""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from deoldify_lite.color.tensors import chroma_of, luma_of
from deoldify_lite.training.augment import age, emulsion_luma, emulsion_weights
from deoldify_lite.training.losses import consistency_loss
from deoldify_lite.training.recipes import Recipe

# The most that a second look is shifted: enough to meet a coarse feature at another place.
_MOST_SHIFT_PX = 12
# What DeOldify's video model was trained with, at a strength of 1.
_PIXEL_NOISE = 30 / 255
_EXPOSURE = 0.1  # a second look is up to so much brighter or darker


@dataclass(frozen=True)
class Views:
    """A batch as the truth, as its luma, and as the generator sees it."""

    rgb: Tensor  # (N, 3, H, W) in [0, 1]
    luma: Tensor  # (N, 1, H, W)
    seen: Tensor  # (N, 1, H, W): luma after decades in a drawer
    twin: Tensor | None = None  # (N, 1, H, W): the same again, worn and exposed differently, and shifted
    shift_px: tuple[int, int] = (0, 0)  # of the twin, down and to the right; even


def make_views(crops: Tensor, recipe: Recipe, *, seed: tuple[int, ...], first: int = 0) -> Views:
    """Turn crops grey and age them.

    Args:
        crops: (N, 3, H, W) uint8, on the device to work on.
        recipe: says how.
        seed: decides everything, with `first`.
        first: number of the first crop in the whole batch, where processes share one.
    """
    rgb = crops.float().div_(255).contiguous(memory_format=torch.channels_last)
    luma = luma_of(rgb)
    grey = luma
    if recipe.emulsion:
        weights = emulsion_weights(len(rgb), seed=(*seed, 4), first=first, share=recipe.emulsion)
        grey = emulsion_luma(rgb, weights)
    noise = recipe.pixel_noise * _PIXEL_NOISE
    seen = age(grey, seed=(*seed, 1), first=first, strength=recipe.aging, pixel_noise=noise)
    if not recipe.consistency_weight:
        return Views(rgb, luma, seen)
    rng = np.random.default_rng((*seed, 2))
    down, right = (2 * int(rng.integers(-_MOST_SHIFT_PX // 2, _MOST_SHIFT_PX // 2 + 1)) for _ in range(2))
    gain = 1 + _EXPOSURE * float(rng.uniform(-1, 1))
    twin = age(
        (gain * shifted(grey, down, right)).clamp(0, 1),
        seed=(*seed, 3),
        first=first,
        strength=recipe.aging / 2,
        pixel_noise=noise,
    )
    return Views(rgb, luma, seen, twin, (down, right))


def shifted(picture: Tensor, down: int, right: int) -> Tensor:
    """Move the content of (N, C, H, W); what comes in from outside repeats the border."""
    for dim, by in ((-2, down), (-1, right)):
        size = picture.shape[dim]
        at = (torch.arange(size, device=picture.device) - by).clamp(0, size - 1)
        picture = picture.index_select(dim, at)
    return picture


def twin_difference(chroma: Tensor, twin: Tensor, shift_px: tuple[int, int], stride: int) -> Tensor:
    """`consistency_loss` of two predictions, the second moved back, without the borders.

    Args:
        chroma, twin: (N, 2, h, w).
        shift_px: of the twin, in pixels of the input.
        stride: pixels of the input to a chroma pixel.
    """
    down, right = (by // stride for by in shift_px)
    margin = _MOST_SHIFT_PX // stride
    back = shifted(twin, -down, -right)
    inner = (Ellipsis, slice(margin, -margin), slice(margin, -margin))
    return consistency_loss(chroma[inner], back[inner])


def chroma_truth(rgb: Tensor, size: tuple[int, int]) -> Tensor:
    """The truth's chroma, averaged down to the size of a prediction: (N, 2, h, w)."""
    return F.adaptive_avg_pool2d(chroma_of(rgb), size)
