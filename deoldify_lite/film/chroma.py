"""Convert chroma to a film's own matrix, range and depth. Pure, on numpy arrays."""

import re
from typing import Any

import numpy as np
from numpy.typing import NDArray

# Luma weights of red and of blue, by matrix (ITU-T H.273, table 4).
MATRICES = {
    "bt709": (0.2126, 0.0722),
    "bt470bg": (0.299, 0.114),
    "smpte170m": (0.299, 0.114),
    "bt2020nc": (0.2627, 0.0593),
    "fcc": (0.30, 0.11),
    "smpte240m": (0.212, 0.087),
}


def has_chroma(pix_fmt: str) -> bool:
    """Whether one of ffmpeg's pixel formats can hold colour; False for grey and for black and white."""
    return re.match(r"gray|ya\d|mono", pix_fmt) is None


def convert_chroma(chroma: NDArray[np.floating[Any]], matrix: str) -> NDArray[np.float32]:
    """Convert chroma of BT.601 to chroma of a film's matrix that gives the same colour on the same luma.

    Chroma stands for the differences R-Y, G-Y and B-Y. By the film's weights, the colour that is added to a
    grey must have no luma of its own, so the differences are measured from a slightly different grey.

    Args:
        chroma: (2, h, w) Cb and Cr of BT.601.
        matrix: key of `MATRICES`.

    Returns:
        (2, h, w) float32 Cb and Cr, full range; strong colours may exceed [-0.5, 0.5].
    """
    red_weight, blue_weight = MATRICES["bt470bg"]
    cb, cr = chroma.astype(np.float32)
    blue = 2 * (1 - blue_weight) * cb
    red = 2 * (1 - red_weight) * cr
    green = -(red_weight * red + blue_weight * blue) / (1 - red_weight - blue_weight)
    red_weight, blue_weight = MATRICES[matrix]
    luma = red_weight * red + (1 - red_weight - blue_weight) * green + blue_weight * blue
    return np.stack([(blue - luma) / (2 * (1 - blue_weight)), (red - luma) / (2 * (1 - red_weight))])


def encode_chroma(chroma: NDArray[np.floating[Any]], *, color_range: str, depth: int) -> NDArray[np.uint16]:
    """Encode chroma in [-0.5, 0.5] as 16-bit numbers, whose upper `depth` bits are the film's.

    Half a step of the film's depth is added, so that cutting off the lower bits, as ffmpeg does, rounds.
    Values beyond the range are clipped. In full range the lower end is the film's 1, to which ITU-T H.273
    rounds -0.5; so 0 never occurs, and `merge_chroma` relies on that.

    Args:
        chroma: any shape.
        color_range: tv (16 to 240 in 8 bits) or pc (all values).
        depth: bits per sample in the film.
    """
    scale = 224 * 2 ** (depth - 8) if color_range == "tv" else 2**depth - 1
    lowest, highest = (16 << 8, 240 << 8) if color_range == "tv" else (1 << (16 - depth), 0xFFFF)
    codes = np.rint((chroma * scale + 2 ** (depth - 1)) * 2 ** (16 - depth))
    half = (1 << (16 - depth)) >> 1
    return np.minimum(np.clip(codes, lowest, highest) + half, 0xFFFF).astype(np.uint16)
