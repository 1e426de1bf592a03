"""The form of a film's frames in memory, and what goes between its planes and the network's small squares."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import Chroma, Luma, resize
from deoldify_lite.film.chroma import encode_chroma
from deoldify_lite.film.colors import Colors
from deoldify_lite.film.tone import fit_chroma, luma_table

Plane = NDArray[Any]  # (H, W) uint8, or uint16 above 8 bits, of which the lower `depth` count

# What a film means that says nothing, as for films in files.
UNSAID = Colors("tv", "bt709", "bt709", "bt709", None)


@dataclass(frozen=True)
class Form:
    """How the frames of a film are stored, in planes."""

    width: int  # px
    height: int
    depth: int = 8  # bits of a sample, 8 to 16
    shrink_x: int = 1  # a plane of chroma has so many bits less of width: 1 for 4:2:0
    shrink_y: int = 1
    is_grey: bool = False  # it has luma alone; the others are those of its result
    colors: Colors = field(default_factory=lambda: UNSAID)

    @property
    def sample(self) -> type[np.generic]:
        """The type of a sample."""
        return np.uint8 if self.depth == 8 else np.uint16

    @property
    def chroma_shape(self) -> tuple[int, int]:
        """Height and width of a plane of chroma."""
        return -(-self.height >> self.shrink_y), -(-self.width >> self.shrink_x)

    def shapes(self, *, grey: bool) -> list[tuple[int, int]]:
        """The shapes of the planes of a frame, of the source or, not grey, of the result."""
        return [(self.height, self.width), *([] if grey else [self.chroma_shape] * 2)]


def network_luma(plane: Plane, form: Form, size_px: int) -> Luma:
    """Return the square that the network sees of a plane of luma: (S, S), full range; HDR by `luma_table`."""
    small = resize(plane, (size_px, size_px)).astype(np.float32)
    scale = 2 ** (form.depth - 8)
    if form.colors.range == "tv":
        small = (small - 16 * scale) * np.float32(255 / (219 * scale))
    else:
        small *= np.float32(255 / (2**form.depth - 1))
    luma = np.clip(np.rint(small), 0, 255).astype(np.uint8)
    table = luma_table(form.colors)
    return luma if table is None else table[luma]


def small_chroma(planes: list[Plane], form: Form, size_px: int) -> NDArray[np.uint8]:
    """Return the chroma of a frame as (2, S/2, S/2), 128 + 255 * c, by which its colour is judged."""
    side = size_px // 2
    small = np.stack([resize(plane, (side, side)) for plane in planes[1:]]).astype(np.float32)
    neutral = 2 ** (form.depth - 1)
    full = 224 * 2 ** (form.depth - 8) if form.colors.range == "tv" else 2**form.depth - 1
    return np.clip(np.rint(128 + (small - neutral) * np.float32(255 / full)), 0, 255).astype(np.uint8)


def chroma_planes(chroma: Chroma, luma: Luma, form: Form) -> list[Plane]:
    """Return the two planes of chroma of a frame.

    Args:
        chroma: (2, h, w) Cb and Cr of BT.601 in [-0.5, 0.5].
        luma: of the frame, as of `network_luma`.
        form: of the result.
    """
    fitted = fit_chroma(chroma, luma, form.colors)
    large = [resize(one, form.chroma_shape) for one in fitted]
    codes = encode_chroma(np.stack(large), color_range=form.colors.range, depth=form.depth)
    return [*(codes >> (16 - form.depth)).astype(form.sample)]
