"""The key frames of a film made ready: their pictures read, and laid on the frames that they are for."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.alignment import WORKING_PX, Laid, lay_chroma
from deoldify_lite.color.arrays import Plane, fit_size, resize
from deoldify_lite.color.grey import is_grey
from deoldify_lite.color.key import MOST_KEY_PX, FilmKey
from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.probe import Film
from deoldify_lite.film.reader import SmallFrame
from deoldify_lite.photo.io import read_photo
from deoldify_lite.photo.samples import to_depth
from deoldify_lite.photo.thumbnail import look_of
from deoldify_lite.run.key_files import KeyFolder
from deoldify_lite.run.reading import open_frames
from deoldify_lite.run.settings import FilmSettings
from deoldify_lite.temporal.in_color import is_in_color

log = logging.getLogger(__name__)

# Trust, as the mean over a frame, below which a key says too little to be told apart from an accident.
_LEAST_TRUST = 0.02
_SHOWN = 127  # alpha from which on a pixel is seen


def ready_keys(
    film: Film, folder: KeyFolder, settings: FilmSettings
) -> tuple[tuple[FilmKey, ...], tuple[str, ...]]:
    """Lay key frames on their frames.

    Args:
        film: as it is written.
        folder: its key frames.
        settings: of the film.

    Returns:
        The key frames, and warnings about those that are left out, since they show something else.

    Raises:
        InputError: a picture cannot be read, has no colour, or is for a frame that is in colour already.
        OptionError: a picture is for a frame that is not rendered, or two are for one.
        VideoError: the film cannot be read.
    """
    cut = Cut.between(film, settings.start_s, settings.end_s)
    end = film.frame_count if cut.end is None else cut.end
    frames = folder.frames(film)
    for number, picture in frames.items():
        if not cut.first <= number < end:
            raise OptionError(
                f"{picture}: is for frame {number}, which is not rendered: frames lie between --start and "
                "--end; remove it, or render more of the film"
            )
    pictures = {number: _read(path) for number, path in frames.items()}
    keys, warnings = [], []
    for number, (rgb, alpha, told) in pictures.items():
        path = frames[number]
        for warning in told:
            log.warning("%s: %s", path, warning)
        frame = _read_frame(film, number, path, settings)
        laid = lay_chroma(_upright(frame.luma, film), rgb, alpha)
        if laid is None or laid.trust.mean() < _LEAST_TRUST:
            warnings.append(
                f"{path.name}: shows nothing of frame {number}, or too little: this key frame is left out; "
                "name it after the frame that it shows"
            )
            continue
        log.info("%s: agrees with %.0f %% of frame %d", path, 100 * float(laid.trust.mean()), number)
        keys.append(_key(number, frame, laid, path, side=min(16 * settings.render_factor, MOST_KEY_PX)))
    return tuple(keys), tuple(warnings)


def check_keys(film: Film, folder: KeyFolder, settings: FilmSettings) -> None:
    """Check that each key frame can be read, has colour, and is for a frame that gets colours.

    Arguments and errors as in `ready_keys`.
    """
    for number, path in folder.frames(film).items():
        _read(path)
        _read_frame(film, number, path, settings)


def _read(path: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8] | None, tuple[str, ...]]:
    """A picture's colours in sRGB, its alpha, and warnings."""
    photo = read_photo(path)
    size = fit_size(photo.rgb.shape, 2 * WORKING_PX)
    small = resize(photo.rgb, size)
    rgb = look_of(replace(photo, alpha=None), small)
    if photo.alpha is None:
        alpha, shown = None, rgb
    else:
        alpha = to_depth(resize(photo.alpha, size), np.uint8)
        shown = rgb[alpha > _SHOWN][None]
    if not shown.size or is_grey(shown):
        raise InputError(f"{path}: this key frame has no colour: put a picture in colour there")
    return rgb, alpha, photo.warnings


def _read_frame(film: Film, number: int, path: Path, settings: FilmSettings) -> SmallFrame:
    """The frame that a picture is for.

    Raises:
        InputError: it is in colour already.
    """
    cut = Cut(film, number, number + 1)
    with open_frames(cut, WORKING_PX, with_chroma=not settings.recolor_all) as reader:
        frame = next(reader.frames())
    if frame.chroma is not None and is_in_color([(frame.luma, frame.chroma)]):
        raise InputError(
            f"{path}: is for frame {number} of {film.path}, whose shot is in colour already: remove it, or "
            "colour all shots anew with --recolor-all"
        )
    return frame


def _upright(luma: NDArray[np.uint8], film: Film) -> Plane:
    """A frame's luma in the shape of the film, in [0, 1]."""
    return resize(luma, fit_size((film.height, film.width), WORKING_PX)).astype(np.float32) / np.float32(255)


def _key(number: int, frame: SmallFrame, laid: Laid, path: Path, *, side: int) -> FilmKey:
    size = (side, side)
    return FilmKey(
        number,
        resize(frame.luma, size),
        np.stack([resize(plane, size) for plane in laid.chroma]).astype(np.float16),
        resize(laid.trust, size).astype(np.float16),
        str(path),
    )
