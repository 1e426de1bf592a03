"""Write the colorized copy of a film from small chroma.

A film never passes through Python at full size: ffmpeg opens the source again and joins its full-size luma,
bit for bit, with our chroma.
"""

import os
import tempfile
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.film.chroma import has_chroma
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.encoding import Encoding
from deoldify_lite.film.mux import join_with_source
from deoldify_lite.film.probe import Film, Stream
from deoldify_lite.film.segment import SegmentEncoder, layer_segment, move_layer
from deoldify_lite.system.files import Deliver, atomic_path


def segment_path(folder: Path, number: int, suffix: str) -> Path:
    """The file of a finished segment; segments count from 0."""
    return folder / f"segment-{number:05}{suffix}"


def join_layer(
    film: Film, cut: Cut, segments: Sequence[tuple[Path, int]], encoding: Encoding, out_path: Path
) -> None:
    """Join the layers of segments into a film without sound; errors as of `join_with_source`."""
    layers = [(layer_segment(path, encoding), frames) for path, frames in segments]
    join_with_source(film, cut, layers, (), out_path)


def warnings_of_difference(frames: int, colorized: int) -> tuple[str, ...]:
    """Return the warning for a whole film that has a frame more or less than were colorized."""
    if frames == colorized:
        return ()
    return (f"it has {frames} frames, and {colorized} were colorized; the last colours may be off",)


class ColorSink(AbstractContextManager["ColorSink"], Protocol):
    """What makes a result of a film's colours, frame by frame: use it in `with`.

    At the end of the block the result is finished, and gets its name; after an error it is not.
    """

    warnings: tuple[str, ...]
    """About the whole result; complete once that has its name."""

    def write(self, chroma: NDArray[np.floating[Any]], luma: NDArray[np.uint8] | None = None) -> None:
        """Give the next frame its colour; arguments as of `ChromaWriter.write`."""

    def keep(self) -> None:
        """Let the next frame keep the colours that it has."""

    def end_segment(self) -> Path:
        """Finish a segment, which is then safe on the disk; return its file in the folder of segments."""


class ChromaWriter(AbstractContextManager["ChromaWriter"]):
    """The colorized copy of a film that ffmpeg reads, as a `ColorSink`.

    It takes as many chroma frames as the reader gave.

    Two steps. First the picture is encoded, in one segment or several, in a hidden folder beside the result.
    Then the source's sound, subtitles, chapters and all else are copied to it. One step is not enough: if a
    stream is sparse (subtitles, or sound that ends early), ffmpeg reads ahead for its next packet and keeps
    all decoded frames in memory, 2 GB for a minute at 720p (seen with ffmpeg 5.1).

    The result gets its name only when it is complete. After an error nothing is left but finished segments,
    in a folder that the caller gave.

    Raises (on entry, before any work):
        OptionError: the encoding is not valid.
        VideoError: ffmpeg or its encoder is missing.
    """

    warnings: tuple[str, ...]
    """About the whole result; complete once that has its name."""

    def __init__(
        self,
        film: Film,
        out_path: Path,
        chroma_size: tuple[int, int],
        streams: Sequence[Stream],
        *,
        encoding: Encoding,
        may_keep: bool = False,
        cut: Cut | None = None,
        folder: Path | None = None,
        segments: Sequence[tuple[Path, int]] = (),
        deliver: Deliver = os.replace,
        layer: Path | None = None,
        deliver_layer: Deliver = os.replace,
    ) -> None:
        """Prepare; nothing is started.

        Args:
            film: the source.
            out_path: its suffix names the container: .mp4, .m4v, .mov, .mkv or .webm.
            chroma_size: height and width of the chroma frames, px.
            streams: of the source, those that the result can hold, as `fit_film` finds them.
            encoding: codec, quality and pixel format.
            may_keep: whether frames may keep their own chroma; costs a little if the film has any.
            cut: the same as the reader's.
            folder: where segments are kept, beside the result; None for a temporary one.
            segments: files of the first segments, which are finished, and the frames in each.
            deliver: gives the finished result its name.
            layer: the file of the layer beside the result, if the encoding asks for one.
            deliver_layer: gives the finished layer its name, before the result gets its own.
        """
        self.film = film
        self.out_path = out_path
        self.encoding = encoding
        self.streams = streams
        self.may_keep = may_keep and has_chroma(film.pix_fmt)
        self.cut = cut or Cut(film)
        self.segments = list(segments)
        self.warnings = ()
        self._folder = folder
        self._deliver = deliver
        self._layer = layer
        self._deliver_layer = deliver_layer
        self._chroma_size = chroma_size
        self._stack = ExitStack()
        self._encoder: SegmentEncoder | None = None

    def __enter__(self) -> "ChromaWriter":
        out = self.out_path
        out.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            if self._folder is None:
                scratch = tempfile.TemporaryDirectory(
                    prefix=f".{out.stem[:80]}.", suffix=".part", dir=out.parent
                )
                self._folder = Path(stack.enter_context(scratch))
            stack.callback(self._stop)
            self._start_segment(before=sum(frames for _, frames in self.segments))
            self._stack = stack.pop_all()
        return self

    def write(self, chroma: NDArray[np.floating[Any]], luma: NDArray[np.uint8] | None = None) -> None:
        """Give the next frame its colour.

        Args:
            chroma: (2, h, w) float Cb and Cr, BT.601 full range, in [-0.5, 0.5].
            luma: the frame as the reader gave it; needed where `film.tone.needs_luma` says so.

        Raises:
            VideoError: ffmpeg failed.
        """
        self._present().write(chroma, luma)

    def keep(self) -> None:
        """Let the next frame keep its chroma of the source.

        Before encoding it is the same bit for bit if the source is planar YUV and the result has its
        subsampling and depth; otherwise it is converted.

        Raises:
            ValueError: the writer was made without `may_keep`, or the film has no chroma.
            VideoError: ffmpeg failed.
        """
        if not self.may_keep:
            raise ValueError("no chroma can be kept: the film has none, or may_keep was not asked for")
        self._present().keep()

    def end_segment(self) -> Path:
        """Finish a segment of the picture, whose file is then safe on the disk, and start the next.

        Raises:
            VideoError: ffmpeg failed.
        """
        self._start_segment(before=self._finish_segment())
        return self.segments[-1][0]

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        with self._stack:
            if kind is None:
                colorized = self._finish_segment(is_last=True)
                self.warnings = warnings_of_difference(sum(frames for _, frames in self.segments), colorized)
                if self._layer is not None:
                    with atomic_path(self._layer, deliver=self._deliver_layer) as part:
                        join_layer(self.film, self.cut, self.segments, self.encoding, part)
                with atomic_path(self.out_path, deliver=self._deliver) as part:
                    join_with_source(self.film, self.cut, self.segments, self.streams, part)

    def _stop(self) -> None:
        """Stop ffmpeg, and remove an unfinished segment."""
        if self._encoder is not None:
            self._encoder.stop()

    def _present(self) -> SegmentEncoder:
        assert self._encoder is not None, "use the writer in a with block"
        return self._encoder

    def _start_segment(self, *, before: int) -> None:
        assert self._folder is not None
        done = sum(frames for _, frames in self.segments)
        self._encoder = SegmentEncoder(
            replace(self.cut, first=self.cut.first + done),
            self.out_path,
            self._chroma_size,
            encoding=self.encoding,
            may_keep=self.may_keep,
            folder=self._folder,
            before=before,
        )

    def _finish_segment(self, *, is_last: bool = False) -> int:
        """Wait for the encoder; return how many frames of the result have been colorized."""
        assert self._folder is not None
        encoder = self._present()
        frames = encoder.end(is_last=is_last)
        whole = segment_path(self._folder, len(self.segments), encoder.path.suffix)
        move_layer(encoder.path, whole, self.encoding)
        with atomic_path(whole) as part:
            os.replace(encoder.path, part)
        self.segments.append((whole, frames))
        return encoder.frames_written
