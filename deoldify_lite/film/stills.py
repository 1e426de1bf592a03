"""Single frames of a film at full size, with its own luma and our chroma, as its result would show them."""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.errors import VideoError
from deoldify_lite.film.chroma import has_chroma
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.ffmpeg import open_file, write_command
from deoldify_lite.film.merge import matrix_name, merge_chroma
from deoldify_lite.film.probe import Film
from deoldify_lite.film.process import FfmpegProcess
from deoldify_lite.film.segment import fill_planes


@dataclass(frozen=True, eq=False)
class Still:
    """A frame to show."""

    frame: int  # number in the film
    chroma: NDArray[np.floating[Any]] | None  # (2, h, w) as of `ChromaWriter.write`; None: it keeps its own
    luma: NDArray[np.uint8]  # (S, S) as the reader gave it


def read_stills(film: Film, stills: Sequence[Still]) -> Iterator[NDArray[Any]]:
    """Read frames at full size, in colour.

    ffmpeg decodes the film from the first of them to the last, once.

    Args:
        film: the film.
        stills: in order, no two of one frame, with chroma of one size.

    Yields:
        (H, W, 3) RGB for each, uint8, or uint16 of films with more than 8 bits.

    Raises:
        VideoError: ffmpeg failed, or a frame is not there.
    """
    numbers = [still.frame for still in stills]
    picture = Cut(film, numbers[0], numbers[-1] + 1).open_picture()
    picture = picture.filter("select", "+".join(f"eq(n,{number - numbers[0]})" for number in numbers))
    picture = picture.filter("setpts", "N")  # one after the other, as the chroma comes
    size = next((still.chroma.shape[1:] for still in stills if still.chroma is not None), (16, 16))
    with tempfile.TemporaryDirectory(prefix="deoldify-lite-") as folder:
        raw = Path(folder) / "chroma.yuv"
        _write_chroma(raw, film, stills, size)
        chroma = open_file(
            raw, f="rawvideo", pixel_format="yuv444p16le", video_size=size[::-1], framerate=str(film.rate)
        )
        # Planes of odd sizes only go together in 4:4:4.
        sampling = "444" if film.width % 2 or film.height % 2 else film.sampling
        keeps = has_chroma(film.pix_fmt) and any(still.chroma is None for still in stills)
        merged = merge_chroma(film, picture, chroma["v"], sampling=sampling, may_keep=keeps)
        deep = film.depth > 8
        rgb = merged.filter(
            "scale",
            flags="accurate_rnd+full_chroma_int+full_chroma_inp",
            in_color_matrix=matrix_name(film.colors.matrix),
            in_range=film.colors.range,
            out_range="pc",
        )
        command = write_command([rgb], "pipe:1", {"f": "rawvideo", "pix_fmt": "rgb48le" if deep else "rgb24"})
        process = FfmpegProcess(command, feeds=False)
        try:
            yield from _read_frames(film, process, len(stills), np.dtype("<u2" if deep else np.uint8))
        finally:
            process.stop()


def _write_chroma(path: Path, film: Film, stills: Sequence[Still], size: Sequence[int]) -> None:
    planes = np.zeros((3, *size), np.uint16)
    # A film without chroma has none to keep, and stays grey.
    grey = None if has_chroma(film.pix_fmt) else np.zeros((2, *size), np.float32)
    with open(path, "wb") as file:
        for still in stills:
            fill_planes(planes, grey if still.chroma is None else still.chroma, still.luma, film)
            file.write(planes.astype("<u2", copy=False).tobytes())


def _read_frames(
    film: Film, process: FfmpegProcess, count: int, dtype: np.dtype[Any]
) -> Iterator[NDArray[Any]]:
    shape = (film.height, film.width, 3)
    length = int(np.prod(shape)) * dtype.itemsize
    for _ in range(count):
        data = process.stdout.read(length)
        if len(data) < length:
            process.wait()
            raise VideoError(f"{film.path}: a frame could not be read again: {process.words()}")
        yield np.frombuffer(data, dtype).reshape(shape)
