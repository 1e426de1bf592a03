"""The preview of a film: a frame for the sheet, and a short clip with before and after side by side."""

from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from deoldify_lite.color.arrays import Picture, fit_size, resize
from deoldify_lite.color.merge import merge_picture
from deoldify_lite.errors import VideoError
from deoldify_lite.film.chroma import MATRICES, has_chroma
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.encoding import Encoding
from deoldify_lite.film.ffmpeg import filter_together, open_file, write_command
from deoldify_lite.film.parts import part_at
from deoldify_lite.film.probe import Film, probe_film
from deoldify_lite.film.process import last_words, run_arguments
from deoldify_lite.run.reading import open_frames
from deoldify_lite.run.sequences.footage import colorized_in
from deoldify_lite.run.sequences.master import write_as_shown
from deoldify_lite.show.sheet import CELL_PX, Subject
from deoldify_lite.system.files import Deliver, atomic_path

CLIP_PX = 640  # longest side of either half of a clip
GAP_PX = 4


def frame_of(film: Film, at_s: float, *, largest_square_px: int) -> Subject:
    """Read the frame that is shown at a time.

    Args:
        film: the film.
        at_s: seconds from its start.
        largest_square_px: side of the largest square that a network will see of the frame.

    Raises:
        OptionError: the film is shorter.
        PictureChanges: the frame has another size or pixel aspect than the film.
        VideoError: it cannot be decoded there.
    """
    cut = Cut.between(film, at_s, None)
    film, _ = part_at(film, cut.first)
    one = Cut(film, cut.first, cut.first + 1)
    with open_frames(one, max(CELL_PX, largest_square_px), with_chroma=True) as reader:
        frame = next(reader.frames())
    square = np.repeat(frame.luma[..., None], 3, axis=2)
    small = resize(square, shown_size(film, CELL_PX))
    before: Picture = small
    if frame.chroma is not None:
        # Each matrix scales the differences of red and of blue from luma in its own way: go over to BT.601's.
        red, blue = MATRICES[film.colors.matrix]
        red601, blue601 = MATRICES["bt470bg"]
        scale = np.array([(1 - blue) / (1 - blue601), (1 - red) / (1 - red601)], np.float32)
        chroma = (frame.chroma.astype(np.float32) - 128) / 255 * scale[:, None, None]
        before = merge_picture(small, chroma.astype(np.float32, copy=False))
    return Subject(square, small, before, lambda picture: picture)


def shown_size(film: Film, most_px: int) -> tuple[int, int]:
    """Height and width of a frame as it is shown, in square pixels."""
    width = max(1, round(film.width * (film.pixel_aspect or Fraction(1))))
    return fit_size((film.height, width), most_px)


def write_side_by_side(source: Film, cut: Cut, result: Path, path: Path, *, deliver: Deliver) -> None:
    """Write a clip of a film on the left and its colorized cut on the right, with sound.

    Args:
        source: the film.
        cut: the part of it that was colorized.
        result: the colorized part.
        path: of the clip, .mp4.
        deliver: gives the finished clip its name.

    Raises:
        VideoError: ffmpeg failed.
    """
    after = probe_film(result)
    height, width = (side + side % 2 for side in shown_size(source, CLIP_PX))
    right = _half(after, Cut(after), height, width)
    if has_chroma(source.pix_fmt):
        left = _half(source, cut, height, width)
    else:
        # The result's luma is the source's own, and ffmpeg knows its range, unlike that of the source: see
        # `film.reader.FrameReader`.
        left = _half(after, Cut(after), height, width).filter("hue", s=0)
    picture = filter_together(
        [left.filter("pad", f"iw+{GAP_PX}", "ih", color="gray"), right], "hstack", shortest=1
    )
    streams = [picture]
    if any(stream.kind == "audio" for stream in after.streams):
        streams.append(open_file(result)["a:0"])
    hdr = source.colors.is_hdr
    codec = Encoding().codec_for(source, ".mp4")
    options = {
        "c:v": codec,
        "crf": 18,
        "pix_fmt": "yuv420p10le" if hdr else "yuv420p",
        "c:a": "aac",
        "movflags": "+faststart",
        "color_range": "tv",
        "colorspace": source.colors.matrix,
        "color_primaries": source.colors.primaries,
        "color_trc": source.colors.transfer,
        "tag:v": "hvc1" if hdr else None,
    }
    options = {name: value for name, value in options.items() if value is not None}
    with atomic_path(path, deliver=deliver) as part:
        done = run_arguments(write_command(streams, part, options))
        if done.returncode != 0:
            raise VideoError(f"{path}: the clip cannot be made: {last_words(done.stderr)}")


def write_frames_side_by_side(cut: Cut, result: Path, folder: Path, path: Path, *, deliver: Deliver) -> None:
    """Write a clip of a sequence on the left and its colorized cut on the right, without sound.

    Args:
        cut: the part of the sequence that was colorized.
        result: the folder of the colorized part, whose files have the same names.
        folder: for films that are needed meanwhile.
        path: of the clip, .mp4.
        deliver: gives the finished clip its name.

    Raises:
        InputError, OSError: a frame cannot be read, or there is no room.
        VideoError: ffmpeg failed.
    """
    before, after = folder / "before.mkv", folder / "after.mkv"
    write_as_shown(cut, before)
    write_as_shown(replace(cut, film=colorized_in(result, cut.film)), after)
    source = probe_film(before)
    write_side_by_side(source, Cut(source), after, path, deliver=deliver)


def _half(film: Film, cut: Cut, height: int, width: int) -> Any:
    """A film's picture at the size of the clip, in limited range."""
    picture = cut.open_picture()
    if film.interlaced:
        picture = picture.filter("bwdif", mode="send_frame")
    scaling = {"out_range": "tv", "flags": "bilinear+accurate_rnd"}
    if film.is_rgb:
        # Under these names the filter knows bt470bg and bt2020nc; others are the same.
        scaling["out_color_matrix"] = film.colors.matrix.removesuffix("bg").removesuffix("nc")
    else:
        scaling["in_range"] = film.colors.range
    picture = picture.filter("scale", width, height, **scaling)
    return picture.filter("format", "yuv420p10le" if film.colors.is_hdr else "yuv420p").filter("setsar", 1)
