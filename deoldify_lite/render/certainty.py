"""How reliable a network's colours are, judged by how much second opinions differ from them.

No truth is needed. A mirrored photo should get the same colours, mirrored; and where a network that was
trained for another mode sees other colours, at least one of the two is wrong. Differences are measured as the
eye sees them: on the photo's luma, in a and b of CIE Lab. This is the spread of an ensemble
(Lakshminarayanan et al. 2017, https://arxiv.org/abs/1612.01474), with a flipped input as a member (Ayhan and
Berens 2018, https://openreview.net/forum?id=rJZz-knjz).

It serves to sort photos, no more: `scripts/measure/certainty.py` measures how well, beside what else was
tried.
"""

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import Chroma, Square, shrink
from deoldify_lite.color.merge import merge_picture
from deoldify_lite.render.colorizer import Colorizer

# For each mode, the other one whose opinion is the most telling; see docs/calibration.md.
SECOND_OPINIONS = {"artistic": "stable", "stable": "artistic", "video": "artistic"}

Colors = NDArray[np.float32]  # (h, w, 2) a and b of CIE Lab


def doubts_on(
    colorizer: Colorizer, squares: Sequence[Square], *, second: Colorizer | None = None
) -> list[float]:
    """How much a network is in doubt about each photo; takes one or two more passes.

    Args:
        colorizer: whose colours are judged.
        squares: N photos as the network sees them, (S, S) uint8 each.
        second: a colorizer of another mode, see SECOND_OPINIONS, with the same network input and stride.

    Returns:
        N mean distances in the a, b plane of Lab: 0 where all opinions agree, up to 10 or so. Compare only
        figures that were made with the same arguments.

    Raises:
        OutOfMemoryError, RenderError: as `Colorizer.predict_chroma`.
    """
    if not squares:
        return []
    mirrored = [np.ascontiguousarray(square[:, ::-1]) for square in squares]
    opinions = [colorizer.network_chroma(squares), colorizer.network_chroma(mirrored)[..., ::-1]]
    opinions = [chroma * np.float32(colorizer.saturation) for chroma in opinions]
    if second is not None:
        opinions.append(second.network_chroma(squares) * np.float32(second.saturation))
    return [
        spread_of([colors_on(square, chroma[number]) for chroma in opinions])
        for number, square in enumerate(squares)
    ]


def colors_on(square: Square, chroma: Chroma) -> Colors:
    """What the eye sees of chroma (2, h, w) on luma (S, S): a and b of Lab, (h, w, 2)."""
    luma = shrink(square, chroma.shape[1:])
    grey = np.repeat(luma[..., None], 3, axis=2)
    rgb = merge_picture(grey, np.ascontiguousarray(chroma))
    return np.asarray(cv2.cvtColor(rgb.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[..., 1:])


def spread_of(opinions: Sequence[Colors]) -> float:
    """Standard deviation of some opinions around their mean, averaged over the pixels."""
    return float(np.sqrt(np.var(np.stack(opinions), axis=0).sum(-1)).mean())
