"""A film's frames at full size: luma as it is stored, and RGB of frames that keep their colours."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.errors import VideoError
from deoldify_lite.film.chroma import MATRICES
from deoldify_lite.film.colors import Colors
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.ffmpeg import write_command
from deoldify_lite.film.merge import luma_and_chroma
from deoldify_lite.film.process import FfmpegProcess

Planes = NDArray[np.unsignedinteger]


@dataclass(frozen=True)
class Samples:
    """What the numbers of a plane stand for."""

    colors: Colors
    depth: int  # bits
    is_rgb: bool  # planes are green, blue and red; else luma, and perhaps Cb and Cr

    @property
    def black_and_white(self) -> tuple[int, int]:
        """The luma of black, and that of white."""
        if self.is_rgb or self.colors.range == "pc":
            return 0, (1 << self.depth) - 1
        return 16 << (self.depth - 8), 235 << (self.depth - 8)


class FullFrames(AbstractContextManager["FullFrames"]):
    """The frames of a film at full size, which ffmpeg reads.

    Args:
        cut: the part to read.
        with_chroma: whether there is chroma beside luma, which is the same without.
    """

    def __init__(self, cut: Cut, *, with_chroma: bool) -> None:
        film = cut.film
        depth = film.depth
        self.samples = Samples(film.colors, depth, film.is_rgb)
        """What the numbers stand for."""
        self._cut = cut
        self._with_chroma = with_chroma
        self._shape: tuple[int, ...] = (3 if with_chroma or film.is_rgb else 1, film.height, film.width)
        self._dtype = np.dtype(np.uint8 if depth == 8 else "<u2")
        self._process: FfmpegProcess | None = None
        self._read = 0

    def __enter__(self) -> "FullFrames":
        film, bits = self._cut.film, "" if self.samples.depth == 8 else f"{self.samples.depth}le"
        picture = self._cut.open_picture()
        if film.is_rgb:
            picture, name = picture.filter("scale", film.width, film.height), f"gbrp{bits}"
        else:
            picture = luma_and_chroma(film, picture, with_chroma=self._with_chroma)
            name = f"yuv444p{bits}" if self._with_chroma else f"gray{bits}"
        command = write_command([picture], "pipe:1", {"f": "rawvideo", "pix_fmt": name})
        self._process = FfmpegProcess(command, feeds=False)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.stop()

    def read(self) -> Planes | None:
        """Read the next frame: (1 or 3, H, W) uint8 or uint16; None: there is no other.

        Raises:
            VideoError: ffmpeg failed.
        """
        assert self._process is not None, "use the reader in a with block"
        data = self._process.stdout.read(int(np.prod(self._shape)) * self._dtype.itemsize)
        if data:
            self._read += 1
        elif self._process.wait() == 0:
            return None
        if len(data) < int(np.prod(self._shape)) * self._dtype.itemsize:
            self._process.wait()
            raise VideoError(
                f"{self._cut.film.path}: ffmpeg broke off after frame {self._cut.first + self._read}: "
                f"{self._process.words()}"
            )
        samples: NDArray[Any] = np.frombuffer(data, self._dtype)
        return samples.reshape(self._shape)


def grey_levels(luma: Planes, samples: Samples, top: int) -> tuple[Planes, float]:
    """Stretch luma so that black is 0 and white is the greatest value of a picture's samples.

    Args:
        luma: (H, W).
        samples: what it stands for.
        top: the greatest value.

    Returns:
        (H, W) uint8 or uint16, and the share of pixels that are darker than black or brighter than white,
        which are cut off.
    """
    table = _stretched(*samples.black_and_white, samples.depth, top)
    black, white = samples.black_and_white
    beyond = 0.0
    if int(luma.min()) < black or int(luma.max()) > white:
        beyond = float(np.count_nonzero((luma < black) | (luma > white))) / luma.size
    return table[luma], beyond


@lru_cache(maxsize=4)
def _stretched(black: int, white: int, depth: int, top: int) -> NDArray[Any]:
    values = (np.arange(1 << depth) - black) * (top / (white - black))
    return np.clip(np.rint(values), 0, top).astype(np.uint8 if top < 256 else np.uint16)


def own_rgb(planes: Planes, samples: Samples, top: int) -> NDArray[Any]:
    """Return a frame in the colours that it has, as a screen shows them.

    Args:
        planes: (3, H, W).
        samples: what they stand for.
        top: the greatest value of the result.

    Returns:
        (H, W, 3) RGB, uint8 or uint16.
    """
    dtype = np.uint8 if top < 256 else np.uint16
    black, white = samples.black_and_white
    if samples.is_rgb:
        green, blue, red = (_stretched(black, white, samples.depth, top)[plane] for plane in planes)
        return np.dstack([red, green, blue])
    scale = np.float32(top / (white - black))
    luma = (planes[0].astype(np.float32) - black) * scale
    middle = 1 << (samples.depth - 1)
    steps = (224 << (samples.depth - 8)) if samples.colors.range == "tv" else (1 << samples.depth) - 1
    cb, cr = ((plane.astype(np.float32) - middle) * np.float32(top / steps) for plane in planes[1:])
    red_weight, blue_weight = MATRICES[samples.colors.matrix]
    green_weight = 1 - red_weight - blue_weight
    red, blue = 2 * (1 - red_weight) * cr, 2 * (1 - blue_weight) * cb
    green = -(red_weight * red + blue_weight * blue) / green_weight
    rgb = np.dstack([luma + red, luma + green, luma + blue])
    return np.clip(np.rint(rgb), 0, top).astype(dtype)
