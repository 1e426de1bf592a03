"""The shots of a film, found without rendering it, and some frames of each in the colours that come out."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import Luma
from deoldify_lite.film.probe import Film
from deoldify_lite.film.reader import FrameReader
from deoldify_lite.film.stills import Still, read_stills
from deoldify_lite.render.certainty import doubts_on
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.run.steps import read_shots
from deoldify_lite.temporal.scene_memory import SceneMemory
from deoldify_lite.temporal.shots import Frame
from deoldify_lite.temporal.telling import TellingFrame

# Frames that are coloured and read at full size at once.
STILLS_AT_ONCE = 48


@dataclass(frozen=True)
class FoundShot:
    """A shot of a film."""

    number: int  # from 1
    first: int  # frame
    frames: int
    telling: int  # the frame that shows what it is
    scene: int  # from 1; equal for shots that look alike
    in_color: bool  # already


@dataclass(frozen=True, eq=False)
class Picked:
    """A frame that is to be shown."""

    shot: int  # number
    frame: int
    luma: Luma  # (S, S)
    in_color: bool
    is_telling: bool


@dataclass(frozen=True, eq=False)
class Picture:
    """A frame in the colours that come out."""

    picked: Picked
    rgb: NDArray[Any]  # (H, W, 3) of the film's full size
    doubt: float | None  # how uncertain the network is; None: it keeps its own colours, or is not telling


def find_shots(
    film: Film,
    size_px: int,
    *,
    every: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Iterator[FoundShot | Picked]:
    """Read a film once, at a small size, and find its shots.

    Args:
        film: the film.
        size_px: side of the squares that the network sees.
        every: also pick each so-many-th frame of each shot, from its first on.
        progress: called with the number of frames seen.

    Yields:
        The frames to show, and each shot after its own; a shot's telling frame comes last.

    Raises:
        VideoError: ffmpeg failed.
    """
    with FrameReader(film, size_px, with_chroma=True) as reader:
        yield from _shots_in(read_shots(reader), every, progress)


def _shots_in(
    frames: Iterable[Frame], every: int | None, progress: Callable[[int], None] | None
) -> Iterator[FoundShot | Picked]:
    scenes, shot, first, in_color, at = SceneMemory(), 0, 0, False, 0
    telling = TellingFrame()

    def finish() -> Iterator[FoundShot | Picked]:
        place, luma = telling.find()
        # Motion is as coarse here as the network's chroma.
        scene = scenes.number(luma, (luma.shape[0] // 4, luma.shape[1] // 4))
        yield Picked(shot, first + place, luma, in_color, True)
        yield FoundShot(shot, first, at - first, first + place, scene, in_color)

    for at, frame in enumerate(frames):
        if frame.begins_shot:
            if shot:
                yield from finish()
            shot, first, in_color, telling = shot + 1, at, frame.in_color, TellingFrame()
        telling.add(frame.luma)
        if every and (at - first) % every == 0:
            yield Picked(shot, at, frame.luma, in_color, False)
        if progress:
            progress(at + 1)
    at += 1
    yield from finish()


def show_pictures(
    film: Film,
    picked: Iterable[Picked],
    colorizer_of: Callable[[Picked], Colorizer],
    second: Colorizer | None = None,
) -> Iterator[Picture]:
    """Colour some frames, each by itself, and read them at full size.

    Args:
        film: the film.
        picked: about STILLS_AT_ONCE frames, in any order; of two that are one, the telling one counts.
        colorizer_of: gives each its colours; all are of one size.
        second: of another mode, see `certainty.doubts_on`.

    Raises:
        OutOfMemoryError, RenderError: the network failed.
        VideoError: ffmpeg failed.
    """
    apart = {one.frame: one for one in sorted(picked, key=lambda one: one.is_telling)}
    in_order = [apart[frame] for frame in sorted(apart)]
    stills, doubts = [], []
    for one in in_order:
        chroma, doubt = None, None
        if not one.in_color:
            colorizer = colorizer_of(one)
            chroma = colorizer.predict_chroma([one.luma])[0]
            if one.is_telling:
                doubt = doubts_on(colorizer, [one.luma], second=second)[0]
        doubts.append(doubt)
        stills.append(Still(one.frame, chroma, one.luma))
    for one, rgb, doubt in zip(in_order, read_stills(film, stills), doubts, strict=True):
        yield Picture(one, np.asarray(rgb), doubt)
