"""The shots of a film, found without rendering it, and some frames of each in the colours that come out."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import Luma
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.probe import Film
from deoldify_lite.film.stills import Still
from deoldify_lite.render.certainty import doubts_on
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.run.reading import open_frames, open_stills
from deoldify_lite.run.shots.pieces import Place
from deoldify_lite.run.steps import read_shots
from deoldify_lite.temporal.scene_memory import SceneMemory
from deoldify_lite.temporal.shots import Frame, mark_listed
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
    scene: str  # equal for shots that look alike
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
    with open_frames(Cut(film), size_px, with_chroma=True) as reader:
        yield from _shots_in(read_shots(reader), every, progress)


def _shots_in(
    frames: Iterable[Frame], every: int | None, progress: Callable[[int], None] | None
) -> Iterator[FoundShot | Picked]:
    scenes, shot, first, in_color, at = SceneMemory(), 0, 0, False, 0
    telling = TellingFrame()

    def finish() -> Iterator[FoundShot | Picked]:
        place, luma = telling.find()
        # Motion is as coarse here as the network's chroma.
        scene = str(scenes.number(luma, (luma.shape[0] // 4, luma.shape[1] // 4)))
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


def follow_list(
    film: Film,
    size_px: int,
    places: Sequence[Place],
    *,
    every: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Iterator[FoundShot | Picked]:
    """Read a film once, at a small size, and find the shots of a list; arguments as of `find_shots`."""
    firsts = {place.first: number for number, place in enumerate(places)}
    numbers = numbers_of(places)
    with open_frames(Cut(film), size_px, with_chroma=True) as reader:
        frames = mark_listed((Frame(frame.luma, frame.chroma) for frame in reader.frames()), firsts)
        number = at = 0
        in_color = False
        for at, frame in enumerate(frames):
            place = places[firsts.get(at, number)]
            if frame.begins_shot:
                if at:
                    yield _listed(places[number], numbers[number], at, in_color)
                number = firsts[at]
                leave = place.settled.shot.leave
                in_color = frame.in_color if leave is None else leave
            is_telling = at == place.telling
            if is_telling or (every and (at - place.first) % every == 0):
                yield Picked(numbers[number], at, frame.luma, in_color, is_telling)
            if progress:
                progress(at + 1)
        yield _listed(places[number], numbers[number], at + 1, in_color)


def numbers_of(places: Sequence[Place]) -> list[int]:
    """The number of each shot of a list: its own, or their order where two have the same."""
    own = [place.settled.shot.number for place in places]
    return own if len(set(own)) == len(own) else [*range(1, len(own) + 1)]


def _listed(place: Place, number: int, end: int, in_color: bool) -> FoundShot:
    scene = place.settled.shot.scene
    return FoundShot(number, place.first, end - place.first, place.telling, scene, in_color)


@dataclass(frozen=True)
class Colors:
    """What gives frames their colours."""

    colorizer: Colorizer
    second: Colorizer | None = None  # of another mode, see `certainty.doubts_on`
    of_shot: Callable[[int], Colorizer] | None = None  # by number; None: all have those of `colorizer`

    def chroma(self, film: Film, one: Picked) -> NDArray[np.float32]:
        """The chroma of a frame, by the settings of its shot."""
        colorizer = self.colorizer if self.of_shot is None else self.of_shot(one.shot)
        luma = one.luma
        if colorizer.render_size != len(luma):
            cut = Cut(film, one.frame, one.frame + 1)
            with open_frames(cut, colorizer.render_size, with_chroma=False) as reader:
                luma = next(reader.frames()).luma
        return colorizer.predict_chroma([luma])[0]


def show_pictures(film: Film, picked: Iterable[Picked], colors: Colors) -> Iterator[Picture]:
    """Colour some frames, each by itself, and read them at full size.

    Args:
        film: the film.
        picked: about STILLS_AT_ONCE frames, in any order; of two that are one, the telling one counts.
        colors: gives each its colours.

    Raises:
        OutOfMemoryError, RenderError: the network failed.
        VideoError: ffmpeg failed.
    """
    apart = {one.frame: one for one in sorted(picked, key=lambda one: one.is_telling)}
    in_order = [apart[frame] for frame in sorted(apart)]
    groups: dict[tuple[int, ...], list[tuple[Picked, Still]]] = {}  # by the size of chroma
    for one in in_order:
        chroma = None if one.in_color else colors.chroma(film, one)
        size = (len(one.luma),) if chroma is None else chroma.shape
        groups.setdefault(size, []).append((one, Still(one.frame, chroma, one.luma)))
    for group in groups.values():
        for (one, _), rgb in zip(group, open_stills(film, [still for _, still in group]), strict=True):
            doubt = None
            if one.is_telling and not one.in_color:
                doubt = doubts_on(colors.colorizer, [one.luma], second=colors.second)[0]
            yield Picture(one, np.asarray(rgb), doubt)
