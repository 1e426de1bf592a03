"""Copies of photos and films that a browser can show."""

from pathlib import Path

import numpy as np
from PIL import Image

from deoldify_lite.color.arrays import fit_size, resize
from deoldify_lite.errors import VideoError
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.ffmpeg import open_file, write_command
from deoldify_lite.film.parts import part_at
from deoldify_lite.film.probe import Film, probe_film
from deoldify_lite.film.process import last_words, run_arguments
from deoldify_lite.photo.photo import Photo
from deoldify_lite.photo.samples import Samples
from deoldify_lite.photo.thumbnail import look_of, read_small

PREVIEW_PX = 854  # most of a film's width
_QUALITY = 88  # of JPEG


def small_photo(photo: Photo, rgb: Samples, target: Path, side_px: int) -> Path:
    """Write a picture in a photo's colour space as a JPEG whose longer side is at most `side_px`."""
    look = look_of(photo, resize(rgb, fit_size(rgb.shape, side_px)))
    Image.fromarray(np.ascontiguousarray(look)).save(target, "JPEG", quality=_QUALITY, subsampling=0)
    return target


def small_copy(source: Path, target: Path, side_px: int) -> Path:
    """Write a photo as a JPEG whose longer side is at most `side_px`; errors as in `read_photo`."""
    photo = read_small(source, side_px)
    return small_photo(photo, photo.rgb, target, side_px)


def film_still(film: Film, frame: int, target: Path) -> Path:
    """Write a frame of a film as a picture at full size.

    Raises:
        VideoError: there is no such frame, or it cannot be read.
    """
    film, _ = part_at(film, frame)
    picture = Cut(film, frame, frame + 1).open_picture()
    picture = picture.filter("scale", "trunc(iw*max(sar,1)/2)*2", "ih").filter("setsar", "1")
    done = run_arguments(write_command([picture], target, {"vframes": 1, "pix_fmt": "rgb24"}))
    if done.returncode or not target.is_file():
        raise VideoError(f"{film.path}: frame {frame} cannot be read: {last_words(done.stderr)}")
    return target


def playable(source: Path, target: Path) -> Path:
    """Write a film as a small MP4 that any browser plays.

    Raises:
        VideoError: ffmpeg failed.
    """
    whole = open_file(source)
    size = f"min({PREVIEW_PX},trunc(iw*max(sar,1)/2)*2)"
    picture = whole[str(probe_film(source).index)].filter("scale", size, "-2").filter("setsar", "1")
    options = {"c:v": "libx264", "pix_fmt": "yuv420p", "preset": "veryfast", "crf": 20, "c:a": "aac", "ac": 2}
    options["movflags"] = "+faststart"
    done = run_arguments(write_command([picture, whole["a:0?"]], target, options))
    if done.returncode:
        raise VideoError(f"{source}: no preview could be made for the browser: {last_words(done.stderr)}")
    return target
