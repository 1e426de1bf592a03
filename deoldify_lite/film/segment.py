"""Encode a segment of a film's picture: the source's full-size luma with our small chroma."""

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.errors import VideoError
from deoldify_lite.film.chroma import convert_chroma, encode_chroma
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.encoding import YUV_FORMATS, Encoding, encoder_options, yuv_format
from deoldify_lite.film.ffmpeg import open_pipe, write_command
from deoldify_lite.film.layer import layer_options, layer_picture
from deoldify_lite.film.merge import TOLERATED_FRAMES, merge_alpha, merge_chroma, split
from deoldify_lite.film.probe import Film
from deoldify_lite.film.process import FfmpegProcess
from deoldify_lite.film.tone import fit_chroma


def layer_segment(path: Path, encoding: Encoding) -> Path:
    """The file of the layer that is made beside that of a segment."""
    return path.with_name(f"{path.stem}-layer{encoding.layer_suffix}")


def move_layer(path: Path, target: Path, encoding: Encoding) -> None:
    """Let the layer beside a finished segment follow that from one path to another; first, and durably."""
    if encoding.layer == "beside":
        layer = layer_segment(path, encoding)
        with open(layer, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(layer, layer_segment(target, encoding))


def fill_planes(
    planes: NDArray[np.uint16],
    chroma: NDArray[np.floating[Any]] | None,
    luma: NDArray[np.uint8] | None,
    film: Film,
) -> None:
    """Fill a frame of yuv444p16le, (3, h, w), as `merge_chroma` takes it.

    Args:
        planes: the frame.
        chroma: (2, h, w) as of `ChromaWriter.write`; None: the film's own is kept.
        luma: likewise.
        film: as it is written.
    """
    if chroma is None:
        planes[0] = 0xFFFF
        planes[1:] = 0x8000
        return
    planes[0] = 0
    planes[1:] = encode_chroma(
        convert_chroma(chroma, film.colors.matrix) if luma is None else fit_chroma(chroma, luma, film.colors),
        color_range=film.colors.range,
        depth=film.depth,
    )


class SegmentEncoder:
    """A running ffmpeg that takes chroma, frame by frame, and joins it with the source's luma.

    It starts at once, and must be ended by `end` or `stop`.
    """

    def __init__(
        self,
        cut: Cut,
        out_path: Path,
        chroma_size: tuple[int, int],
        *,
        encoding: Encoding,
        may_keep: bool,
        folder: Path,
        before: int = 0,
    ) -> None:
        """Start.

        Args:
            cut: of the film, from the segment's first frame on.
            out_path: the whole result, for its container and for messages.
            chroma_size: height and width of the chroma frames, px.
            encoding: codec, quality and pixel format.
            may_keep: frames may keep their own chroma; the film has some.
            folder: where the segment is written.
            before: number of frames of the result before this segment.
        """
        self.out_path = out_path
        self.frames_written = before
        """Frames of the whole result up to now."""
        # A random name, since the ffmpeg of a killed run may still be writing its own.
        handle, name = tempfile.mkstemp(suffix=out_path.suffix.lower(), prefix="part-", dir=folder)
        os.close(handle)
        self.path = Path(name)
        """The segment's file; whole after `end`. A layer beside it is named by `layer_segment`."""
        self._files = [self.path]
        if encoding.layer == "beside":
            self._files.append(layer_segment(self.path, encoding))
        film = encoding.written(cut.film, out_path.suffix.lower())
        self._cut = cut = replace(cut, film=film)
        self._before = before
        # A frame of yuv444p16le; for its luma see `merge_chroma`.
        self._planes = np.zeros((3, *chroma_size), np.uint16)
        self._ended = False  # ffmpeg needs no more
        try:
            self._process = FfmpegProcess(_encode_arguments(cut, self, encoding, may_keep), feeds=True)
        except BaseException:
            self._remove()
            raise

    @property
    def chroma_size(self) -> tuple[int, int]:
        """Height and width of the chroma frames, px."""
        _, height, width = self._planes.shape
        return height, width

    def write(self, chroma: NDArray[np.floating[Any]], luma: NDArray[np.uint8] | None = None) -> None:
        """Give the next frame its colour; arguments and errors as in `ChromaWriter.write`."""
        if chroma.shape != (2, *self.chroma_size):
            raise ValueError(f"chroma has shape {chroma.shape}, expected {(2, *self.chroma_size)}")
        fill_planes(self._planes, chroma, luma, self._cut.film)
        self._send()

    def keep(self) -> None:
        """Let the next frame keep the chroma that it has in the source."""
        fill_planes(self._planes, None, None, self._cut.film)
        self._send()

    def end(self, *, is_last: bool) -> int:
        """Wait for the encoder, and count.

        Args:
            is_last: whether no segment follows; if one does, this one must have every frame.

        Returns:
            The frames in the file.

        Raises:
            VideoError: ffmpeg failed, or the segment has not the frames that were colorized.
        """
        if is_last and self.frames_written:
            # If the source has a frame more this time, it gets the last colour; we count afterwards.
            for _ in range(TOLERATED_FRAMES + 1):
                self._push()
        if not self._ended:
            self._wait()
        counts = [line[6:] for line in self._process.reported if line.startswith("frame=")]
        frames = int(counts[-1] if counts else 0)
        encoded = self._before + frames
        tolerated = TOLERATED_FRAMES if is_last else 0
        if abs(encoded - self.frames_written) > tolerated or not frames:
            # The encoder stops soon after our last colour, so the size of a surplus is not known.
            found = encoded if encoded <= self.frames_written else f"more than {self.frames_written}"
            raise VideoError(
                f"{self._cut.film.path}: gave {found} frames when it was read again, but "
                f"{self.frames_written} were colorized; if it is damaged, repair it first: "
                "ffmpeg -i FILM -map 0 -c copy REPAIRED.mkv"
            )
        return frames

    def stop(self) -> None:
        """Stop ffmpeg, and remove the segment's files unless somebody has taken them."""
        self._process.stop()
        self._remove()

    def _remove(self) -> None:
        for path in self._files:
            path.unlink(missing_ok=True)

    def _send(self) -> None:
        self.frames_written += 1
        self._push()

    def _push(self) -> None:
        if self._ended:
            return
        try:
            self._process.stdin.write(self._planes.astype("<u2", copy=False).data)
        except OSError:  # A broken pipe, or an invalid argument on Windows: ffmpeg has ended.
            self._wait()

    def _wait(self) -> None:
        """Wait for the encoder's end; raise its error."""
        self._ended = True
        if self._process.wait() != 0:
            raise VideoError(
                f"{self.out_path}: ffmpeg failed after {self.frames_written} frames: {self._process.words()}"
            )


def _encode_arguments(cut: Cut, segment: SegmentEncoder, encoding: Encoding, may_keep: bool) -> list[str]:
    """The command that joins the source's luma with our chroma and encodes both."""
    film, colors = cut.film, cut.film.colors
    suffix = segment.out_path.suffix.lower()
    options = encoder_options(film, suffix, encoding)
    pix_fmt = options["pix_fmt"]
    sampling, depth, has_alpha = YUV_FORMATS[pix_fmt]
    height, width = segment.chroma_size
    chroma = open_pipe(pixel_format="yuv444p16le", video_size=(width, height), framerate=str(film.rate))
    source = cut.open_picture()
    if encoding.layer == "only":
        has_alpha = False
        options["pix_fmt"] = pix_fmt = yuv_format(sampling, depth)
    if has_alpha:
        source, transparent = split(source)
    picture = merge_chroma(film, source, chroma["v"], sampling=sampling, may_keep=may_keep)
    if depth != film.depth:
        picture = picture.filter("scale", in_range=colors.range, out_range=colors.range)
        picture = picture.filter("format", yuv_format(sampling, depth))
    aspect = {"sar": str(film.pixel_aspect or 0), "max": 65535}
    also = None
    if encoding.layer == "only":
        picture = layer_picture(film, picture, pix_fmt)
    elif encoding.layer == "beside":
        picture, layer = split(picture)
        plain = yuv_format(sampling, depth)
        its_options = layer_options(film, encoding.layer_suffix, encoding.of_layer(), plain)
        layer = layer_picture(film, layer, plain).filter("setsar", **aspect)
        also = (layer, layer_segment(segment.path, encoding), its_options)
    if has_alpha:
        picture = merge_alpha(film, picture, transparent, pix_fmt, depth=depth)
    picture = picture.filter("setsar", **aspect)
    options["progress"] = "pipe:1"
    return write_command([picture], segment.path, options, repeated=["-nostats"], also=also)
