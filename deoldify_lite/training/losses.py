"""Losses of the generator that need nothing but pictures: in chroma, and in colour as a whole."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor


def _rebalance(truth: Tensor) -> Tensor:
    """Weight of each pixel, 1 where it is grey up to 5 where it is colourful: (N, 2, h, w) -> (N, 1, h, w).

        1 + 4 * min(|truth| / 0.15, 1)

    Most of a photo is nearly grey, and a plain mean rewards the network for painting it all brown. The
    idea is from Zhang et al. 2016, https://arxiv.org/abs/1603.08511, section 2.2.
    """
    return 1 + 4 * (truth.norm(dim=1, keepdim=True) / 0.15).clamp_max(1)


def huber_loss(chroma: Tensor, truth: Tensor) -> Tensor:
    """Huber loss in chroma, in which colourful pixels count up to five times as much as grey ones.

        mean( w * huber(chroma - truth) ) / mean(w),   w = 1 + 4 * min(|truth| / 0.15, 1)

    Args:
        chroma, truth: (N, 2, h, w) in [-0.5, 0.5].

    Returns:
        Scalar.
    """
    weight = _rebalance(truth)
    # beta: below it errors are squared, above it they count linearly, so that a guess that was
    # plausible but wrong does not outweigh everything else.
    huber = F.smooth_l1_loss(chroma, truth, beta=0.1, reduction="none")
    return (weight * huber).mean() / weight.mean()


def l1_loss(chroma: Tensor, truth: Tensor) -> Tensor:
    """Mean absolute error in chroma, mean( |chroma - truth| ), as in pix2pix.

    From Isola et al. 2017, https://arxiv.org/abs/1611.07004, equation 3.

    Args:
        chroma, truth: (N, 2, h, w) in [-0.5, 0.5].

    Returns:
        Scalar.
    """
    return F.l1_loss(chroma, truth)


PIXEL_LOSSES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"huber": huber_loss, "l1": l1_loss}


def psnr_loss(chroma: Tensor, truth: Tensor) -> Tensor:
    """The mean over pictures of the log of each one's squared error: what mean PSNR measures.

        mean_i log( mean (chroma_i - truth_i)^2 + 1e-4 )

    A mean over all pixels is ruled by the most colourful pictures. Here each picture counts by the factor
    that its error shrinks, so a nearly grey one is not coloured for nothing. 4.34 times this are dB.
    The floor, an error of 2.5 8-bit levels, lets no picture rule alone that is grey anyway.

    Args:
        chroma, truth: (N, 2, h, w) in [-0.5, 0.5].

    Returns:
        Scalar, -9.2 or more.
    """
    return ((chroma - truth).square().flatten(1).mean(1) + 1e-4).log().mean()


def colorfulness_loss(rgb: Tensor) -> Tensor:
    """What pictures lack in colour: 1 - CF / 100, the mean over pictures.

    CF is that of `color.metrics.colorfulness`. From Kang et al. 2023 (DDColor), https://arxiv.org/abs/2212.11613.
    A grey picture has a gradient of 0; that of the metric is not a number there.

    Args:
        rgb: (N, 3, H, W) in [0, 1].

    Returns:
        Scalar; 1 for grey pictures, about 0.6 for photos.
    """
    red, green, blue = (255 * rgb.float()).flatten(2).unbind(1)
    opponents = torch.stack([red - green, (red + green) / 2 - blue])  # (2, N, H*W)
    variance, mean = torch.var_mean(opponents, dim=2, correction=0)
    # The root of 0 has an infinite slope: a thousandth of an 8-bit level keeps away from it.
    spread = (variance.sum(0) + 1e-6).sqrt()
    shift = (mean.square().sum(0) + 1e-6).sqrt()
    return (1 - (spread + 0.3 * shift) / 100).mean()


def color_class_loss(logits: Tensor, truth: Tensor, *, bins: int = 16) -> Tensor:
    """Cross-entropy of colour classes, in which colourful pixels count up to five times as much as grey ones.

    Where several colours are plausible, classes can say so; a regression must answer with their brownish
    mean. The classes are the cells of a bins x bins grid over chroma. The truth is spread over the four
    cells whose centres surround it, in bilinear shares s, so that close colours share classes:

        mean( -w * sum_k s_k log softmax(logits)_k ) / mean(w),   w = 1 + 4 * min(|truth| / 0.15, 1)

    After Zhang et al. 2016, https://arxiv.org/abs/1603.08511, sections 2.1 and 2.2, with a square grid in
    place of their 313 cells in Lab, and the weights above.

    Args:
        logits: (N, bins * bins, h, w); the cell of the i-th Cb and the j-th Cr is number i * bins + j.
        truth: (N, 2, h, w) in [-0.5, 0.5].
        bins: cells along Cb, and along Cr.

    Returns:
        Scalar; 2 log(bins) for equal logits.
    """
    # Centre k lies at (k + 0.5) / bins - 0.5; beyond the outermost centres the outermost cells take all.
    at = ((truth + 0.5) * bins - 0.5).clamp(0, bins - 1.001)
    low = at.floor()
    share, low = at - low, low.long()
    log_probability = logits.float().log_softmax(1)
    cross_entropy = torch.zeros_like(share[:, 0])
    for up_cb in (0, 1):
        for up_cr in (0, 1):
            share_cb = share[:, 0] if up_cb else 1 - share[:, 0]
            share_cr = share[:, 1] if up_cr else 1 - share[:, 1]
            cell = (low[:, 0] + up_cb) * bins + low[:, 1] + up_cr
            picked = log_probability.gather(1, cell.unsqueeze(1))[:, 0]
            cross_entropy = cross_entropy - share_cb * share_cr * picked
    weight = _rebalance(truth)[:, 0]
    return (weight * cross_entropy).mean() / weight.mean()


def consistency_loss(chroma: Tensor, other: Tensor) -> Tensor:
    """How much colour changes where it should not: mean absolute difference of two predictions.

    The two are for one picture, seen with and without noise, a small shift or another exposure, and
    brought to one place again. Lei and Chen 2019, https://arxiv.org/abs/1908.01311, train a film's
    colour to hold still by such a term between frames.

    Args:
        chroma, other: (N, 2, h, w) in [-0.5, 0.5]; both are moved towards each other.

    Returns:
        Scalar.
    """
    return F.l1_loss(chroma, other)
