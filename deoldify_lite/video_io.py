"""The film's edge: small grey frames come out of a film, small chroma goes into its colorized copy.

A film never passes through Python at full size. The reader's ffmpeg squeezes the luma; the writer's ffmpeg
opens the source again and joins its full-size luma, bit by bit as it was, with our chroma.
"""

import logging
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple

import ffmpeg
import numpy as np
from numpy.typing import NDArray

from deoldify_lite.encoding import (
    DEFAULT_ENCODING,
    Encoding,
    encoder_options,
    extract_cover,
    mux,
    streams_that_fit,
    yuv_format,
)
from deoldify_lite.errors import OptionError, VideoError
from deoldify_lite.ffmpeg_process import (
    SOURCE_OPTIONS,
    FfmpegProcess,
    compile_arguments,
    file_url,
    last_words,
    run_arguments,
)
from deoldify_lite.files import atomic_path
from deoldify_lite.film import Film
from deoldify_lite.film_chroma import convert_chroma, encode_chroma, has_chroma
from deoldify_lite.film_cut import Cut, ffmpeg_time
from deoldify_lite.film_merge import TOLERATED_FRAMES, merge_chroma

log = logging.getLogger(__name__)

# Limited range, 16 to 235, stretched to 0 to 255.
_FULL_FROM_LIMITED = np.clip(np.rint((np.arange(256) - 16) * 255 / 219), 0, 255).astype(np.uint8)


class SmallFrame(NamedTuple):
    """A film's frame, squeezed to a square. Read-only."""

    luma: NDArray[np.uint8]
    """(S, S), full range: the film's black is 0 and its white is 255."""
    chroma: NDArray[np.uint8] | None
    """(2, S/2, S/2) Cb and Cr as 128 + 255 * c, full range whatever the film's is. Of the film's own matrix,
    or of BT.601 if the film is RGB. None: there is none, or it was not asked for."""


class FrameReader:
    """A film's frames, squeezed to squares: `with` it and iterate once, over luma alone or over `frames`.

    Yields:
        (S, S) uint8 luma, as in `SmallFrame`.

    Raises (on iteration):
        VideoError: ffmpeg failed. What a damaged film has lost is logged as a warning.
    """

    def __init__(
        self,
        film: Film,
        size_px: int,
        *,
        with_chroma: bool = False,
        start_s: float | None = None,
        end_s: float | None = None,
    ) -> None:
        """Prepare; nothing is started.

        Args:
            film: the film.
            size_px: side of the squares; even.
            with_chroma: whether `frames` give the film's chroma too, if it has any. Luma is the same.
            start_s: when to begin, seconds; None: at the film's start.
            end_s: when to end, seconds; None: at the film's end.

        Raises:
            OptionError: nothing lies between the two times.
        """
        self.film = film
        self.size_px = size_px
        self.with_chroma = with_chroma and has_chroma(film.pix_fmt)
        self.cut = Cut.between(film, start_s, end_s)
        self.frames_read = 0
        self._process: FfmpegProcess | None = None

    def __enter__(self) -> "FrameReader":
        film = self.film
        scaling = {"flags": "bilinear+accurate_rnd", "out_range": "pc"}
        if film.planar:
            scaling["in_range"] = film.colors.range
        picture = self.cut.open_picture().filter("scale", self.size_px, self.size_px, **scaling)
        # Both give the same luma, bit by bit: that of RGB is BT.601's, and no other is converted.
        pix_fmt = "yuv420p" if self.with_chroma else "gray"
        output = ffmpeg.output(picture, "pipe:1", f="rawvideo", pix_fmt=pix_fmt)
        self._process = FfmpegProcess(compile_arguments(output), feeds=False)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._process is not None:
            self._process.stop()

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        return (frame.luma for frame in self.frames())

    def frames(self) -> Iterator[SmallFrame]:
        """Luma and chroma, frame by frame; instead of iterating over the reader."""
        assert self._process is not None, "use the reader in a with block"
        size, half = self.size_px, self.size_px // 2
        # ffmpeg takes grey pictures for full range, whatever their tags say.
        limited = self.film.pix_fmt.startswith("gray") and self.film.colors.range == "tv"
        length = size * size + (2 * half * half if self.with_chroma else 0)
        while data := self._process.stdout.read(length):
            if len(data) < length:
                self._process.wait()
                raise VideoError(f"{self.film.path}: ffmpeg broke off in a frame: {self._process.words()}")
            self.frames_read += 1
            luma, chroma = np.split(np.frombuffer(data, np.uint8), [size * size])
            luma = luma.reshape(size, size)
            yield SmallFrame(
                _FULL_FROM_LIMITED[luma] if limited else luma,
                chroma.reshape(2, half, half) if self.with_chroma else None,
            )
        if self._process.wait() != 0:
            raise VideoError(f"{self.film.path}: ffmpeg cannot read it: {self._process.words()}")
        self._warn_of_loss()

    def _warn_of_loss(self) -> None:
        process = self._process
        assert process is not None
        expected = self.cut.frame_count
        if self.frames_read == 0:
            raise VideoError(f"{self.film.path}: no frame could be decoded: {process.words()}")
        # After a seek the decoder complains about the frames that it has not seen; that is no damage.
        complained = bool(process.said) and not self.cut.first
        if complained or expected - self.frames_read > max(2, expected // 100):
            log.warning(
                "%s: the file seems to be damaged or cut short: %d frames were read, about %d expected. "
                "ffmpeg said: %s",
                *(self.film.path, self.frames_read, expected, process.words()),
            )


class ChromaWriter:
    """The colorized copy of a film: `with` it and write as many chroma frames as the reader gave.

    Two steps. First the picture is encoded into a hidden folder beside the result. Then it is joined with
    the source's sound, subtitles, chapters and all else by copying. One step would do for a film with dense
    streams only: with a sparse one (subtitles, or sound that ends early) ffmpeg reads ahead in search of its
    next packet and keeps all decoded frames in memory, 2 GB for a minute at 720p (seen with ffmpeg 5.1).

    The result appears under its name only when it is complete; after an error nothing is left.

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
        start_s: float | None = None,
        end_s: float | None = None,
    ) -> None:
        """Prepare; nothing is started.

        Args:
            film: the source.
            out_path: its suffix names the container: .mp4, .m4v, .mov, .mkv or .webm.
            chroma_size: height and width of the chroma frames, px.
            encoding: codec, quality and pixel format.
            may_keep: True: frames may keep their own chroma, at a small cost if the film has any.
            start_s: as given to the reader.
            end_s: as given to the reader.
        """
        self.film = film
        self.out_path = out_path
        self.encoding = encoding
        self.may_keep = may_keep and has_chroma(film.pix_fmt)
        self.cut = Cut.between(film, start_s, end_s)
        self.frames_written = 0
        # A frame of yuv444p16le; for its luma see `merge_chroma`.
        self._planes = np.zeros((3, *chroma_size), np.uint16)
        self._process: FfmpegProcess | None = None
        self._ended = False  # ffmpeg needed no more

    def __enter__(self) -> "ChromaWriter":
        out = self.out_path
        if out.exists() and os.path.samefile(out, self.film.path):
            raise OptionError(f"{out}: the result would overwrite the source; give it another name")
        self._streams = streams_that_fit(self.film, out.suffix.lower(), self.encoding)
        out.parent.mkdir(parents=True, exist_ok=True)
        self._scratch = tempfile.TemporaryDirectory(
            prefix=f".{out.stem[:80]}.", suffix=".part", dir=out.parent
        )
        try:
            self._process = FfmpegProcess(self._encode_arguments(), feeds=True)
        except BaseException:
            self._scratch.cleanup()
            raise
        return self

    def write(self, chroma: NDArray[np.floating[Any]]) -> None:
        """Give the next frame its colour.

        Args:
            chroma: (2, h, w) float Cb and Cr, BT.601 full range, in [-0.5, 0.5].

        Raises:
            VideoError: ffmpeg failed.
        """
        assert self._process is not None, "use the writer in a with block"
        if chroma.shape != (2, *self._planes.shape[1:]):
            raise ValueError(f"chroma has shape {chroma.shape}, expected {(2, *self._planes.shape[1:])}")
        colors = self.film.colors
        self._planes[0] = 0
        self._planes[1:] = encode_chroma(
            convert_chroma(chroma, colors.matrix), color_range=colors.range, depth=self.film.depth
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
        assert self._process is not None, "use the writer in a with block"
        if not self.may_keep:
            raise ValueError("no chroma can be kept: the film has none, or may_keep was not asked for")
        self._planes[0] = 0xFFFF
        self._planes[1:] = 0x8000
        self._send()

    def _send(self) -> None:
        assert self._process is not None
        self.frames_written += 1
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
        assert self._process is not None
        try:
            if kind is None:
                self._finish()
        finally:
            self._process.stop()
            self._scratch.cleanup()

    @property
    def _picture_path(self) -> Path:
        return Path(self._scratch.name, f"picture{self.out_path.suffix.lower()}")

    def _encode_arguments(self) -> list[str]:
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
            film, self.cut.open_picture(), chroma["v"], sampling=sampling, may_keep=self.may_keep
        )
        if options["pix_fmt"] != yuv_format(sampling, film.depth):
            picture = picture.filter("scale", in_range=colors.range, out_range=colors.range)
            picture = picture.filter("format", options["pix_fmt"])
        aspect = film.pixel_aspect
        picture = picture.filter("setsar", sar=str(aspect or 0), max=65535)
        output = ffmpeg.output(
            picture, file_url(self._picture_path), progress="pipe:1", **options
        ).global_args("-nostats")
        return compile_arguments(output)

    def _wait_for_ffmpeg(self) -> None:
        """Let the encoder end; raises its error."""
        assert self._process is not None
        self._ended = True
        if self._process.wait() != 0:
            raise VideoError(
                f"{self.out_path}: ffmpeg failed after {self.frames_written} frames: {self._process.words()}"
            )

    def _finish(self) -> None:
        assert self._process is not None
        if not self._ended:
            self._wait_for_ffmpeg()
        counts = [line[6:] for line in self._process.reported if line.startswith("frame=")]
        encoded = int(counts[-1]) if counts else 0
        if abs(encoded - self.frames_written) > TOLERATED_FRAMES or not encoded:
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
        self._join_with_source()

    def _join_with_source(self) -> None:
        """Put the encoded picture and the source's other streams into the result."""
        film, cut = self.film, self.cut
        covers = []
        if self.out_path.suffix.lower() == ".mkv":
            folder = Path(self._scratch.name)
            covers = [extract_cover(film, s, folder) for s in self._streams if s.attached_pic]
        picture = ffmpeg.input(file_url(self._picture_path), itsoffset=ffmpeg_time(cut.lead_s))
        seek: dict[str, Any] = {}
        options: dict[str, Any] = {}
        if cut.first:
            seek["ss"] = ffmpeg_time(cut.start_s)
            options["copypriorss"] = 0  # No sound from before the cut.
        if cut.duration_s is not None:
            options["t"] = ffmpeg_time(cut.duration_s)
        source = ffmpeg.input(file_url(film.path), **SOURCE_OPTIONS, **seek)
        with atomic_path(self.out_path) as part:
            arguments = mux(film, picture, source, self._streams, part, covers=covers, **options)
            done = run_arguments(arguments)
            if done.returncode != 0:
                raise VideoError(
                    f"{self.out_path}: the picture cannot be joined with the sound and the rest of "
                    f"{film.path}: {last_words(done.stderr)}"
                )
