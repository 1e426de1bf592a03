"""Find out whether a film is transparent anywhere, by a look at all of it."""

import numpy as np

from deoldify_lite.film.cut import Cut
from deoldify_lite.film.ffmpeg import write_command
from deoldify_lite.film.probe import Film
from deoldify_lite.film.process import FfmpegProcess

_AT_ONCE = 1 << 20  # bytes


def is_transparent(film: Film) -> bool:
    """Whether any pixel of a film is transparent; also True if it cannot be decoded. Its format has alpha."""
    alpha = Cut(film).open_picture().filter("format", "rgba").filter("alphaextract")
    process = FfmpegProcess(
        write_command([alpha], "pipe:1", {"f": "rawvideo", "pix_fmt": "gray"}), feeds=False
    )
    try:
        while data := process.stdout.read(_AT_ONCE):
            if (np.frombuffer(data, np.uint8) < 255).any():
                return True
        return process.wait() != 0
    finally:
        process.stop()
