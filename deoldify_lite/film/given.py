"""A film that takes its chroma from another film of the same frames: a layer, or any version in colour.

No network has a part in it: one ffmpeg reads both films, and joins the luma of one with the chroma of the
other.
"""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from deoldify_lite.errors import InputError, VideoError
from deoldify_lite.film.chroma import has_chroma
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.encoding import YUV_FORMATS, Encoding, encoder_options, yuv_format
from deoldify_lite.film.ffmpeg import write_command
from deoldify_lite.film.merge import TOLERATED_FRAMES, merge_alpha, merge_film, split
from deoldify_lite.film.probe import Film
from deoldify_lite.film.process import FfmpegProcess

# An editor may round a side to an even number; more than this share is another picture.
_MOST_STRETCH = 0.02


def cut_of_other(cut: Cut, other: Film, tolerated: int = TOLERATED_FRAMES) -> Cut:
    """Return the part of a film in colour whose frames are those of a cut of another film.

    Args:
        cut: of the film that takes the colours.
        other: the whole film in the same frames, or as much of it as the cut.
        tolerated: by so many frames they may differ.

    Raises:
        InputError: it has no colour, another shape or other frames.
    """
    film = cut.film
    if not has_chroma(other.pix_fmt):
        raise InputError(f"{other.path}: has no colour ({other.pix_fmt}), so it can give none")
    shapes = [Fraction(each.width, each.height) for each in (other, film)]
    if abs(shapes[0] / shapes[1] - 1) > _MOST_STRETCH:
        raise InputError(
            f"{other.path}: has {other.width} x {other.height} px, and {film.path} has {film.width} x "
            f"{film.height}: name the layer, or another version, of this very film"
        )
    if abs(other.frame_count - film.frame_count) <= tolerated:
        return replace(cut, film=other)
    if abs(other.frame_count - cut.frame_count) <= tolerated:
        return Cut(other)
    part = "" if cut.frame_count == film.frame_count else f", of which {cut.frame_count} are to be rendered"
    raise InputError(
        f"{other.path}: has {other.frame_count} frames, and {film.path} has {film.frame_count}{part}: "
        "name the layer of this very film, or give the --start and --end that it was made with"
    )


def encode_given(
    cut: Cut, given: Cut, out_path: Path, path: Path, encoding: Encoding, on_frames: Callable[[int], None]
) -> tuple[int, tuple[str, ...]]:
    """Encode the picture of a film in the colours of another.

    Args:
        cut: of the film.
        given: as `cut_of_other` found it.
        out_path: the whole result, for its container and for messages.
        path: where the picture is written.
        encoding: codec, quality and pixel format.
        on_frames: called now and then with the frames that are done.

    Returns:
        The frames in the file, and warnings.

    Raises:
        OptionError: the encoding is not valid.
        VideoError: ffmpeg failed, or the films do not have the same frames.
    """
    process = FfmpegProcess(_arguments(cut, given, out_path, path, encoding), feeds=False)
    frames = 0
    try:
        for line in process.stdout.lines():
            if line.startswith(b"frame="):
                frames = int(line[6:])
                on_frames(frames)
        if process.wait() != 0:
            raise VideoError(f"{out_path}: ffmpeg failed after {frames} frames: {process.words()}")
    finally:
        process.stop()
    expected = given.frame_count
    if abs(frames - expected) > TOLERATED_FRAMES or not frames:
        more = "more" if frames > expected else f"{frames}"
        raise VideoError(
            f"{given.film.path}: has {expected} frames, and {cut.film.path} has {more}: name the layer, or "
            "another version, of this very film"
        )
    if frames == expected:
        return frames, ()
    return frames, (
        f"it has {frames} frames, and {given.film.path} has {expected}; the last colours may be off",
    )


def _arguments(cut: Cut, given: Cut, out_path: Path, path: Path, encoding: Encoding) -> list[str]:
    suffix = out_path.suffix.lower()
    film = encoding.written(cut.film, suffix)
    cut = replace(cut, film=film)
    options = encoder_options(film, suffix, encoding)
    sampling, depth, has_alpha = YUV_FORMATS[options["pix_fmt"]]
    # Frame by frame, whatever the times of the other say. Its last one lasts, so that a film with more frames
    # shows that it has more.
    other = given.open_picture().filter("tpad", stop_mode="clone", stop=TOLERATED_FRAMES + 1)
    other = other.filter("settb", str(1 / film.rate)).filter("setpts", "N")
    source = cut.open_picture()
    if has_alpha:
        source, transparent = split(source)
    picture = merge_film(film, source, given.film, other, sampling=sampling)
    if depth != film.depth:
        picture = picture.filter("scale", in_range=film.colors.range, out_range=film.colors.range)
        picture = picture.filter("format", yuv_format(sampling, depth))
    if has_alpha:
        picture = merge_alpha(film, picture, transparent, options["pix_fmt"], depth=depth)
    picture = picture.filter("setsar", sar=str(film.pixel_aspect or 0), max=65535)
    return write_command([picture], path, {"progress": "pipe:1", **options}, repeated=["-nostats"])
