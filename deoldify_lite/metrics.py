"""How good a colorization is: pure functions on NCHW float RGB in [0, 1]."""

import torch
from torch import Tensor


def psnr(rgb: Tensor, truth: Tensor) -> Tensor:
    """Peak signal-to-noise ratio in dB of each picture: (N, 3, H, W) twice -> (N,)."""
    error = (rgb - truth).square().flatten(1).mean(1)
    return -10 * torch.log10(error.clamp_min(1e-10))


def colorfulness(rgb: Tensor) -> Tensor:
    """Colourfulness (CF) of each picture: (N, 3, H, W) in [0, 1] -> (N,), 0 for grey, about 40 for photos.

    With signed differences and 8-bit units, as in Hasler and Suesstrunk 2003, "Measuring colourfulness in
    natural images", equation for M-hat(3).
    """
    red, green, blue = (255 * rgb).flatten(2).unbind(1)
    rg, yb = red - green, (red + green) / 2 - blue
    spread = torch.hypot(rg.std(1, correction=0), yb.std(1, correction=0))
    return spread + 0.3 * torch.hypot(rg.mean(1), yb.mean(1))
