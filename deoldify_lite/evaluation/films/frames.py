"""Frames of films as they are shown, small and in step with each other."""

import logging
from collections.abc import Generator, Sequence
from contextlib import ExitStack, closing
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.errors import InputError, VideoError
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.ffmpeg import write_command
from deoldify_lite.film.probe import Film
from deoldify_lite.film.process import FfmpegProcess

log = logging.getLogger(__name__)

Frame = NDArray[np.uint8]  # (H, W, 3) RGB

LONGER_SIDE_PX = 432  # enough for flow to follow small things, and few pixels to follow
TOLERATED_FRAMES = 2  # a damaged film may give a frame more or less; more would compare other moments
TOLERATED_ASPECT = 0.02  # sizes are rounded to even numbers


def size_to_measure(film: Film) -> tuple[int, int]:
    """Width and height, px, at which a film is measured: never larger than it is."""
    scale = min(1.0, LONGER_SIDE_PX / max(film.width, film.height))
    return max(round(film.width * scale), 1), max(round(film.height * scale), 1)


def read_rgb(film: Film, size: tuple[int, int]) -> Generator[Frame, None, None]:
    """The frames of a film at its constant rate, in the colours that its tags name.

    Close the iterator, or ffmpeg runs on.

    Args:
        film: probed; any matrix, range and depth. Of a grey picture the range is not undone.
        size: width and height, px.

    Yields:
        (H, W, 3) uint8, read-only.

    Raises:
        VideoError: ffmpeg failed, or gave no frame.
    """
    width, height = size
    picture = Cut(film).open_picture()
    if not film.is_rgb:
        # The settled tags, also where the film has none, so that ffmpeg does not guess.
        picture = picture.filter("setparams", range=film.colors.range, colorspace=film.colors.matrix)
    flags = "bicubic+accurate_rnd+full_chroma_inp+full_chroma_int"
    picture = picture.filter("scale", width, height, flags=flags)
    command = write_command([picture], "pipe:1", {"f": "rawvideo", "pix_fmt": "rgb24"})
    process = FfmpegProcess(command, feeds=False)
    try:
        wanted, count = 3 * width * height, 0
        while len(data := process.stdout.read(wanted)) == wanted:
            count += 1
            yield np.frombuffer(data, np.uint8).reshape(height, width, 3)
        if process.wait() != 0 or data:
            raise VideoError(f"{film.path}: ffmpeg cannot read it: {process.words()}")
        if not count:
            raise VideoError(f"{film.path}: no frame could be decoded: {process.words()}")
    finally:
        process.stop()


def read_in_step(films: Sequence[Film]) -> Generator[list[Frame], None, None]:
    """The frames of several films side by side, one of each in every step.

    All are brought to the size at which the last one is measured. Memory does not grow with their length.
    Close the iterator, or their ffmpegs run on.

    Args:
        films: results, then the truth or the source.

    Raises:
        InputError: the films differ in shape, or by more than two frames in length.
        VideoError: ffmpeg failed.
    """
    *results, reference = films
    aspect = reference.width / reference.height
    for film in results:
        if abs(film.width / film.height / aspect - 1) > TOLERATED_ASPECT:
            raise InputError(
                f"{film.path}: is {film.width} x {film.height} px, but {reference.path} {reference.width} x "
                f"{reference.height}: compare films of one shape"
            )
    size = size_to_measure(reference)
    with ExitStack() as stack:
        readers = [stack.enter_context(closing(read_rgb(film, size))) for film in films]
        count = 0
        while True:
            frames = [next(reader, None) for reader in readers]
            there = [frame for frame in frames if frame is not None]
            if len(there) < len(films):
                break
            yield there
            count += 1
        if not there:
            return
        more = [
            0 if frame is None else 1 + sum(1 for _ in islice(reader, TOLERATED_FRAMES))
            for frame, reader in zip(frames, readers, strict=True)
        ]
    shorter, longer = films[more.index(0)], films[more.index(max(more))]
    if max(more) > TOLERATED_FRAMES:
        raise InputError(
            f"{shorter.path}: has {count} frames, but {longer.path} more, about {longer.frame_count}: "
            "compare whole films, or parts that begin and end alike"
        )
    log.warning(
        "%s: has %d frames, and %s %d: the last are left out",
        *(shorter.path, count, longer.path, count + max(more)),
    )
