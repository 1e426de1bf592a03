"""Read the frames of a sequence as small squares, as the network sees them."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import resize
from deoldify_lite.color.bt601 import CB_SCALE, CR_SCALE, LUMA_BLUE, LUMA_GREEN, LUMA_RED
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.reader import SmallFrame
from deoldify_lite.run.sequences.footage import SequenceFilm
from deoldify_lite.sequence.frame import Frame
from deoldify_lite.sequence.frames import read
from deoldify_lite.sequence.light import halved, small_luma_of, small_of
from deoldify_lite.system.threads import Workers, map_ahead

# Frames that are read at once. Each takes the memory of one at full size, some times over.
READ_AT_ONCE = 2


class SequenceReader(AbstractContextManager["SequenceReader"]):
    """The frames of a sequence as `film.reader.SmallFrames`.

    Raises (on iteration):
        InputError: a frame cannot be read any more.
    """

    warnings: list[str]

    def __init__(self, cut: Cut, size_px: int, *, with_chroma: bool) -> None:
        """Prepare; nothing is read.

        Args:
            cut: of a `SequenceFilm`.
            size_px: side of the squares; even.
            with_chroma: whether frames also have the chroma of files in colour.
        """
        film = cut.film
        assert isinstance(film, SequenceFilm), "frames of others are read by ffmpeg"
        self._footage = film.footage
        self._cut = cut
        self._size_px = size_px
        self._with_chroma = with_chroma and film.footage.facts.channels > 1
        self._workers: Workers | None = None
        self.warnings = []

    def __enter__(self) -> "SequenceReader":
        self._workers = Workers(READ_AT_ONCE)
        return self

    def __exit__(self, *_: object) -> None:
        if self._workers is not None:
            self._workers.__exit__()

    def frames(self) -> Iterator[SmallFrame]:
        """Luma and chroma, frame by frame."""
        assert self._workers is not None, "use the reader in a with block"
        cut = self._cut
        numbers = range(cut.first, cut.first + cut.frame_count)
        paths = (self._footage.path(number) for number in numbers)
        for pending in map_ahead(self._workers, self._read, paths, most=2 * READ_AT_ONCE):
            yield pending.result()

    def _read(self, path: Path) -> SmallFrame:
        return small_frame(read(path), self._size_px, with_chroma=self._with_chroma)


def small_frame(frame: Frame, size_px: int, *, with_chroma: bool) -> SmallFrame:
    """Shrink a frame to a square, as `film.reader.SmallFrame` has it."""
    frame = halved(frame, (size_px, size_px))  # once for both
    luma = small_luma_of(frame, (size_px, size_px))
    return SmallFrame(luma, _chroma_of(frame, size_px // 2) if with_chroma else None)


def _chroma_of(frame: Frame, side_px: int) -> NDArray[np.uint8] | None:
    """(2, S, S) Cb and Cr as 128 + 255 * c of BT.601, of values as they are stored; None of grey frames."""
    if frame.pixels.shape[2] < 3:
        return None
    size = side_px, side_px
    is_float = frame.facts.is_float
    values = np.nan_to_num(frame.pixels.astype(np.float32), posinf=1, neginf=0) if is_float else None
    small = small_of(frame, size).pixels if values is None else resize(values, size)
    top = np.float32(1 if is_float else frame.top)
    red, green, blue = np.moveaxis(np.clip(small / top, 0, 1), 2, 0)
    luma = LUMA_RED * red + LUMA_GREEN * green + LUMA_BLUE * blue
    chroma = np.stack([(blue - luma) / CB_SCALE, (red - luma) / CR_SCALE])
    return np.clip(np.rint(128 + 255 * chroma), 0, 255).astype(np.uint8)
