"""Read a film's frames as small squares. ffmpeg scales them, so Python never sees one at full size."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.errors import VideoError
from deoldify_lite.film.chroma import has_chroma
from deoldify_lite.film.colors import is_grey
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.ffmpeg import write_command
from deoldify_lite.film.parts import PictureWatch
from deoldify_lite.film.probe import Film
from deoldify_lite.film.process import FfmpegProcess
from deoldify_lite.film.tone import luma_table

# Limited range, 16 to 235, stretched to 0 to 255.
_FULL_FROM_LIMITED = np.clip(np.rint((np.arange(256) - 16) * 255 / 219), 0, 255).astype(np.uint8)


class SmallFrame(NamedTuple):
    """A film's frame, scaled to a square. Read-only."""

    luma: NDArray[np.uint8]
    """(S, S), full range: the film's black is 0 and its white is 255; HDR as in `luma_table`."""
    chroma: NDArray[np.uint8] | None
    """(2, S/2, S/2) Cb and Cr as 128 + 255 * c, full range whatever the film's is; in the film's own matrix,
    or in BT.601 if the film is RGB. None if there is none, or it was not asked for."""


class SmallFrames(AbstractContextManager["SmallFrames"], Protocol):
    """The frames of a film as squares, wherever they come from: use it in `with`, and iterate once."""

    warnings: list[str]
    """About the frames; complete once all are read."""

    def frames(self) -> Iterator[SmallFrame]:
        """Luma and chroma, frame by frame."""


class FrameReader(AbstractContextManager["FrameReader"]):
    """The frames of a film that ffmpeg reads, as `SmallFrames`; also to be iterated over luma alone.

    Yields:
        (S, S) uint8 luma, as in `SmallFrame`.

    Raises (on iteration):
        PictureChanges: frames have another size or pixel aspect than the film.
        VideoError: ffmpeg failed.
    """

    warnings: list[str]
    """Of frames that a damaged film has lost; complete once all frames are read."""

    def __init__(
        self,
        film: Film,
        size_px: int,
        *,
        with_chroma: bool = False,
        cut: Cut | None = None,
    ) -> None:
        """Prepare; nothing is started.

        Args:
            film: the film.
            size_px: side of the squares; even.
            with_chroma: whether `frames` also have the film's chroma, if it has any. Luma is the same.
            cut: the part to read; None: all.
        """
        self.film = film
        self.size_px = size_px
        self.with_chroma = with_chroma and has_chroma(film.pix_fmt)
        self.cut = cut or Cut(film)
        self.frames_read = 0
        self.warnings = []
        self._process: FfmpegProcess | None = None
        self._watch = PictureWatch(film)

    def __enter__(self) -> "FrameReader":
        film = self.film
        scaling = {"flags": "bilinear+accurate_rnd", "out_range": "pc"}
        if film.planar:
            scaling["in_range"] = film.colors.range
        picture = self.cut.open_picture().filter("scale", self.size_px, self.size_px, **scaling)
        # Both give the same luma, bit for bit: that of RGB is BT.601's, and no other is converted.
        pix_fmt = "yuv420p" if self.with_chroma else "gray"
        options = {"f": "rawvideo", "pix_fmt": pix_fmt}
        command = write_command([picture], "pipe:1", options, tells_all=True)
        self._process = FfmpegProcess(command, feeds=False, hear=self._watch.hear)
        return self

    def __exit__(self, *_: object) -> None:
        if self._process is not None:
            self._process.stop()

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        return (frame.luma for frame in self.frames())

    def frames(self) -> Iterator[SmallFrame]:
        """Luma and chroma, frame by frame; instead of iterating over the reader."""
        assert self._process is not None, "use the reader in a with block"
        size, half = self.size_px, self.size_px // 2
        # ffmpeg takes grey pictures for full range, whatever their tags say.
        limited = is_grey(self.film.pix_fmt) and self.film.colors.range == "tv"
        table = luma_table(self.film.colors)
        length = size * size + (2 * half * half if self.with_chroma else 0)
        while data := self._process.stdout.read(length):
            if len(data) < length:
                self._process.wait()
                self._watch.check()
                raise VideoError(f"{self.film.path}: ffmpeg broke off in a frame: {self._process.words()}")
            self._watch.check()
            self.frames_read += 1
            luma, chroma = np.split(np.frombuffer(data, np.uint8), [size * size])
            luma = luma.reshape(size, size)
            if limited:
                luma = _FULL_FROM_LIMITED[luma]
            yield SmallFrame(
                luma if table is None else table[luma],
                chroma.reshape(2, half, half) if self.with_chroma else None,
            )
        failed = self._process.wait() != 0
        self._watch.check()
        if failed:
            raise VideoError(f"{self.film.path}: ffmpeg cannot read it: {self._process.words()}")
        self._warn_of_loss()

    def _warn_of_loss(self) -> None:
        process = self._process
        assert process is not None
        expected = self.cut.frame_count
        if self.frames_read == 0:
            raise VideoError(f"{self.film.path}: no frame could be decoded: {process.words()}")
        # After a seek the decoder complains about the frames that it has not seen; that is not damage.
        complained = bool(process.said) and not self.cut.first
        if complained or expected - self.frames_read > max(2, expected // 100):
            self.warnings.append(
                f"the file seems to be damaged or cut short: {self.frames_read} frames were read, about "
                f"{expected} expected. ffmpeg said: {process.words()}"
            )
