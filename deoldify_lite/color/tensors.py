"""Luma, chroma and how they join: pure functions on NCHW float tensors.

Everything inside the program is BT.601 at full range: luma in [0, 1], chroma (Cb, Cr) in [-0.5, 0.5].
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from deoldify_lite.color.bt601 import CB_SCALE, CR_SCALE, LUMA_BLUE, LUMA_GREEN, LUMA_RED


def luma_of(rgb: Tensor) -> Tensor:
    """Luma of a picture: (N, 3, H, W) RGB in [0, 1] -> (N, 1, H, W) in [0, 1]."""
    red, green, blue = rgb.unbind(1)
    return (LUMA_RED * red + LUMA_GREEN * green + LUMA_BLUE * blue).unsqueeze(1)


def chroma_of(rgb: Tensor) -> Tensor:
    """Chroma of a picture: (N, 3, H, W) RGB in [0, 1] -> (N, 2, H, W) Cb, Cr in [-0.5, 0.5]."""
    luma = luma_of(rgb)
    cb = (rgb[:, 2:3] - luma) / CB_SCALE
    cr = (rgb[:, 0:1] - luma) / CR_SCALE
    return torch.cat([cb, cr], 1)


def color_difference(chroma: Tensor) -> Tensor:
    """What chroma adds to luma: (N, 2, H, W) -> (N, 3, H, W) of R-Y, G-Y, B-Y; its own luma is 0."""
    blue = CB_SCALE * chroma[:, 0:1]
    red = CR_SCALE * chroma[:, 1:2]
    green = -(LUMA_RED * red + LUMA_BLUE * blue) / LUMA_GREEN
    return torch.cat([red, green, blue], 1)


def resize_chroma(chroma: Tensor, size: tuple[int, int]) -> Tensor:
    """Bilinear resize of (N, 2, h, w) chroma to (H, W); antialiased where it shrinks."""
    if chroma.shape[-2:] == size:
        return chroma
    return F.interpolate(chroma, size, mode="bilinear", align_corners=False, antialias=True)


def merge_luma_chroma(luma: Tensor, chroma: Tensor) -> Tensor:
    """Join full-size luma with predicted chroma, upsampling the chroma to fit.

    Where the colour would leave the RGB cube, chroma is scaled towards grey and luma stays: clipping
    the channels instead would change the brightness of the user's picture.

    Args:
        luma: (N, 1, H, W) float in [0, 1].
        chroma: (N, 2, h, w) float Cb and Cr in [-0.5, 0.5]; any h, w.

    Returns:
        (N, 3, H, W) RGB in [0, 1] with exactly the luma given, same device and dtype as `luma`.
    """
    size = (luma.shape[-2], luma.shape[-1])
    difference = color_difference(resize_chroma(chroma.to(luma.dtype), size))
    # The least and greatest channel alone decide how far the colour may go.
    highest = difference.amax(1, keepdim=True).clamp_min(1e-6)
    lowest = difference.amin(1, keepdim=True).clamp_max(-1e-6)
    share = torch.minimum((1 - luma) / highest, luma / -lowest).clamp_max(1)
    return (luma + share * difference).clamp(0, 1)
