"""Small chroma goes into a film's colorized copy.

A film never passes through Python at full size: ffmpeg opens the source again and joins its full-size luma,
bit by bit as it was, with our chroma.
"""

import logging
import os
import re
import tempfile
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Any

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from deoldify_lite.encoding import (
    DEFAULT_ENCODING,
    Encoding,
    encoder_options,
    fit_into,
    yuv_format,
)
from deoldify_lite.errors import OptionError, VideoError
from deoldify_lite.ffmpeg_process import FfmpegProcess, compile_arguments, file_url
from deoldify_lite.files import atomic_path
from deoldify_lite.film import Film
from deoldify_lite.film_chroma import convert_chroma, encode_chroma, has_chroma
from deoldify_lite.film_cut import Cut
from deoldify_lite.film_join import join_with_source
from deoldify_lite.film_merge import TOLERATED_FRAMES, merge_chroma
from deoldify_lite.film_tone import fit_chroma

log = logging.getLogger(__name__)


class ChromaWriter:
    """The colorized copy of a film: `with` it and write as many chroma frames as the reader gave.

    Two steps. First the picture is encoded, in one segment or several, in a hidden folder beside the result.
    Then it is joined with the source's sound, subtitles, chapters and all else by copying. One step would do
    for a film with dense streams only: with a sparse one (subtitles, or sound that ends early) ffmpeg reads
    ahead in search of its next packet and keeps all decoded frames in memory, 2 GB for a minute at 720p (seen
    with ffmpeg 5.1).

    The result appears under its name only when it is complete. After an error nothing is left but the
    segments that were ended, in a folder that the caller gave.

    Raises (on entry, before any work):
        OptionError: a stream does not fit into the container, or the encoding makes no sense.
        VideoError: ffmpeg or its encoder is missing.
    """

    def __init__(
        self,
        film: Film,
        out_path: Path,
        chroma_size: tuple[int, int],
        *,
        encoding: Encoding = DEFAULT_ENCODING,
        may_keep: bool = False,
        cut: Cut | None = None,
        folder: Path | None = None,
        segments: Sequence[tuple[Path, int]] = (),
        before_rename: Callable[[Path], None] | None = None,
    ) -> None:
        """Prepare; nothing is started.

        Args:
            film: the source.
            out_path: its suffix names the container: .mp4, .m4v, .mov, .mkv or .webm.
            chroma_size: height and width of the chroma frames, px.
            encoding: codec, quality and pixel format.
            may_keep: True: frames may keep their own chroma, at a small cost if the film has any.
            cut: as given to the reader.
            folder: where segments are kept, beside the result; None for one that goes when this ends.
            segments: files of the first segments, ended before, and how many frames are in each.
            before_rename: called with the finished result just before it gets its name.
        """
        self.film = film
        self.out_path = out_path
        self.encoding = encoding
        self.may_keep = may_keep and has_chroma(film.pix_fmt)
        self.cut = cut or Cut(film)
        self.segments = list(segments)
        self.losses: tuple[str, ...] = ()
        """What the result will not have of its source; known in the with block."""
        self.frames_written = sum(frames for _, frames in self.segments)
        self._folder = folder
        self._before_rename = before_rename
        # A frame of yuv444p16le; for its luma see `merge_chroma`.
        self._planes = np.zeros((3, *chroma_size), np.uint16)
        self._stack = ExitStack()
        self._process: FfmpegProcess | None = None
        self._picture = out_path  # of the present segment
        self._ended = False  # the present ffmpeg needed no more

    def __enter__(self) -> "ChromaWriter":
        out = self.out_path
        if out.exists() and os.path.samefile(out, self.film.path):
            raise OptionError(f"{out}: the result would overwrite the source; give it another name")
        self._streams, self.losses = fit_into(self.film, out.suffix.lower(), self.encoding)
        if self.film.interlaced:
            log.info("%s: interlaced, and kept so", self.film.path)
        out.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            if self._folder is None:
                scratch = tempfile.TemporaryDirectory(
                    prefix=f".{out.stem[:80]}.", suffix=".part", dir=out.parent
                )
                self._folder = Path(stack.enter_context(scratch))
            self._start_segment()
            stack.callback(self._stop)
            self._stack = stack.pop_all()
        return self

    def write(self, chroma: NDArray[np.floating[Any]], luma: NDArray[np.uint8] | None = None) -> None:
        """Give the next frame its colour.

        Args:
            chroma: (2, h, w) float Cb and Cr, BT.601 full range, in [-0.5, 0.5].
            luma: the frame as the reader gave it; needed where `film_tone.needs_luma` says so.

        Raises:
            VideoError: ffmpeg failed.
        """
        if chroma.shape != (2, *self._planes.shape[1:]):
            raise ValueError(f"chroma has shape {chroma.shape}, expected {(2, *self._planes.shape[1:])}")
        colors = self.film.colors
        self._planes[0] = 0
        self._planes[1:] = encode_chroma(
            convert_chroma(chroma, colors.matrix) if luma is None else fit_chroma(chroma, luma, colors),
            color_range=colors.range,
            depth=self.film.depth,
        )
        self._send()

    def keep(self) -> None:
        """Let the next frame keep the chroma that it has in the source.

        Before encoding it is the same bit by bit if the source is planar YUV and the result has its
        subsampling and depth; or else it is converted.

        Raises:
            ValueError: the writer was made without `may_keep`, or the film has no chroma.
            VideoError: ffmpeg failed.
        """
        if not self.may_keep:
            raise ValueError("no chroma can be kept: the film has none, or may_keep was not asked for")
        self._planes[0] = 0xFFFF
        self._planes[1:] = 0x8000
        self._send()

    def end_segment(self) -> Path:
        """End a segment of the picture, whose file is then safe on the disk, and start the next.

        Raises:
            VideoError: ffmpeg failed.
        """
        self._finish_segment()
        self._start_segment()
        return self.segments[-1][0]

    def _send(self) -> None:
        self.frames_written += 1
        self._push()

    def _push(self) -> None:
        assert self._process is not None, "use the writer in a with block"
        if self._ended:
            return
        try:
            self._process.stdin.write(self._planes.astype("<u2", copy=False).data)
        except OSError:  # Broken pipe, or an invalid argument on Windows: ffmpeg has ended.
            self._wait_for_ffmpeg()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._stack:
            if kind is None:
                # Should the source give a frame more this time, the last colour is repeated; we count
                # afterwards.
                for _ in range(TOLERATED_FRAMES + 1 if self.frames_written else 0):
                    self._push()
                self._finish_segment(is_last=True)
                self._join()

    def _stop(self) -> None:
        """End ffmpeg, and leave nothing of a segment that is not whole."""
        if self._process is not None:
            self._process.stop()
        self._picture.unlink(missing_ok=True)

    def _start_segment(self) -> None:
        assert self._folder is not None
        # A random name, since an ffmpeg of a run that was killed may still be about to end its own.
        handle, name = tempfile.mkstemp(suffix=self.out_path.suffix.lower(), prefix="part-", dir=self._folder)
        os.close(handle)
        self._picture, self._ended = Path(name), False
        done = sum(frames for _, frames in self.segments)
        self._process = FfmpegProcess(
            self._encode_arguments(replace(self.cut, first=self.cut.first + done)), feeds=True
        )

    def _encode_arguments(self, cut: Cut) -> list[str]:
        """Command that joins the source's luma with our chroma and encodes it."""
        film, colors = self.film, self.film.colors
        options = encoder_options(film, self.out_path.suffix.lower(), self.encoding)
        found = re.fullmatch(r"yuv(\d+)p.*", options["pix_fmt"])
        assert found is not None
        sampling = found[1]
        _, height, width = self._planes.shape
        chroma = ffmpeg.input(
            "pipe:0",
            f="rawvideo",
            pixel_format="yuv444p16le",
            video_size=(width, height),
            framerate=str(film.rate),
        )
        picture = merge_chroma(
            film, cut.open_picture(), chroma["v"], sampling=sampling, may_keep=self.may_keep
        )
        if options["pix_fmt"] != yuv_format(sampling, film.depth):
            picture = picture.filter("scale", in_range=colors.range, out_range=colors.range)
            picture = picture.filter("format", options["pix_fmt"])
        aspect = film.pixel_aspect
        picture = picture.filter("setsar", sar=str(aspect or 0), max=65535)
        output = ffmpeg.output(picture, file_url(self._picture), progress="pipe:1", **options).global_args(
            "-nostats"
        )
        return compile_arguments(output)

    def _wait_for_ffmpeg(self) -> None:
        """Let the encoder end; raises its error."""
        assert self._process is not None
        self._ended = True
        if self._process.wait() != 0:
            raise VideoError(
                f"{self.out_path}: ffmpeg failed after {self.frames_written} frames: {self._process.words()}"
            )

    def _finish_segment(self, *, is_last: bool = False) -> None:
        """Wait for the encoder, and count; a segment that another follows must have every frame."""
        assert self._process is not None and self._folder is not None
        if not self._ended:
            self._wait_for_ffmpeg()
        before = sum(frames for _, frames in self.segments)
        counts = [line[6:] for line in self._process.reported if line.startswith("frame=")]
        encoded = before + int(counts[-1] if counts else 0)
        tolerated = TOLERATED_FRAMES if is_last else 0
        if abs(encoded - self.frames_written) > tolerated or encoded == before:
            # The encoder stops soon after our last colour, so of a surplus only that much is known.
            found = encoded if encoded <= self.frames_written else f"more than {self.frames_written}"
            raise VideoError(
                f"{self.film.path}: gave {found} frames when it was read again, but "
                f"{self.frames_written} were colorized; if it is damaged, repair it first: "
                "ffmpeg -i FILM -map 0 -c copy REPAIRED.mkv"
            )
        if encoded != self.frames_written:
            log.warning(
                "%s: it has %d frames, and %d were colorized; the last colours may be off",
                *(self.film.path, encoded, self.frames_written),
            )
        whole = self._folder / f"segment-{len(self.segments):05}{self._picture.suffix}"
        with atomic_path(whole) as part:
            os.replace(self._picture, part)
        self.segments.append((whole, encoded - before))

    def _join(self) -> None:
        assert self._folder is not None
        with atomic_path(self.out_path) as part:
            join_with_source(self.film, self.cut, self.segments, self._streams, part)
            if self._before_rename:
                self._before_rename(part)
