"""Encode pictures that come from memory and not from a film, such as the frames of a picture sequence."""

import os
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.errors import VideoError
from deoldify_lite.film.encoding import YUV_FORMATS, Encoding, encoder_options, yuv_format
from deoldify_lite.film.ffmpeg import open_pipe, write_command
from deoldify_lite.film.merge import as_yuv
from deoldify_lite.film.probe import Film
from deoldify_lite.film.process import FfmpegProcess

# Planar RGB, by bits of a sample.
RAW_FORMATS = {8: "gbrp", 10: "gbrp10le", 12: "gbrp12le", 16: "gbrp16le"}


def raw_planes(rgb: NDArray[np.unsignedinteger]) -> NDArray[np.unsignedinteger]:
    """Return (H, W, 3) RGB as the planes that `RawEncoder.write` takes."""
    planes = np.ascontiguousarray(np.moveaxis(rgb[..., [1, 2, 0]], 2, 0))
    return planes.astype("<u2", copy=False) if planes.itemsize == 2 else planes


class RawEncoder:
    """A running ffmpeg that encodes a segment of pictures. It must be ended by `end` or `stop`.

    Raises (on creation):
        OptionError: the encoding is not valid.
        VideoError: ffmpeg or its encoder is missing.
    """

    def __init__(self, film: Film, out_path: Path, encoding: Encoding, folder: Path) -> None:
        """Start.

        Args:
            film: what is encoded; its pixel format is one of `RAW_FORMATS`.
            out_path: the whole result, for its container and for messages.
            encoding: codec, quality and pixel format.
            folder: where the segment is written.
        """
        self._out_path = out_path
        self._written = 0
        # A random name, since the ffmpeg of a killed run may still be writing its own.
        handle, name = tempfile.mkstemp(suffix=out_path.suffix.lower(), prefix="part-", dir=folder)
        os.close(handle)
        self.path = Path(name)
        """The segment's file; whole after `end`."""
        try:
            self._process = FfmpegProcess(_arguments(film, self.path, out_path, encoding), feeds=True)
        except BaseException:
            self.path.unlink(missing_ok=True)
            raise

    def write(self, planes: NDArray[np.unsignedinteger]) -> None:
        """Encode the next picture.

        Raises:
            VideoError: ffmpeg failed.
        """
        self._written += 1
        try:
            self._process.stdin.write(planes.data)
        except OSError as error:  # ffmpeg has ended
            self._process.wait()
            raise self._failed() from error

    def end(self) -> int:
        """Wait for the encoder; return how many pictures are in the file.

        Raises:
            VideoError: ffmpeg failed, or they are not as many as were given.
        """
        if self._process.wait() != 0:
            raise self._failed()
        counts = [line[6:] for line in self._process.reported if line.startswith("frame=")]
        if int(counts[-1] if counts else 0) != self._written:
            raise VideoError(f"{self._out_path}: ffmpeg wrote {counts[-1:]} of {self._written} frames")
        return self._written

    def stop(self) -> None:
        """Stop ffmpeg, and remove the segment's file unless somebody has taken it."""
        self._process.stop()
        self.path.unlink(missing_ok=True)

    def _failed(self) -> VideoError:
        words = self._process.words()
        return VideoError(f"{self._out_path}: ffmpeg failed after {self._written} frames: {words}")


def _arguments(film: Film, path: Path, out_path: Path, encoding: Encoding) -> list[str]:
    suffix = out_path.suffix.lower()
    picture = open_pipe(
        pixel_format=film.pix_fmt, video_size=(film.width, film.height), framerate=str(film.rate)
    )
    film = encoding.written(film, suffix)
    options = encoder_options(film, suffix, encoding)
    sampling, depth, _ = YUV_FORMATS[options["pix_fmt"]]
    picture = as_yuv(film, picture["v"], sampling=sampling)
    if depth != film.depth:
        picture = picture.filter("scale", in_range=film.colors.range, out_range=film.colors.range)
        picture = picture.filter("format", yuv_format(sampling, depth))
    picture = picture.filter("setsar", sar=str(film.pixel_aspect or 0), max=65535)
    return write_command([picture], path, {"progress": "pipe:1", **options}, repeated=["-nostats"])
