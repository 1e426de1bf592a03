"""Frames of shots in the colours that come out, with hints and key frames tried on them.

A frame goes through the steps of a film as if its shot had no others but those nearest to it that have
hints or key frames, and a few on the way between. So the first picture of a frame needs ffmpeg and the
network, and all others only what follows them.
"""

from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import Size, resize
from deoldify_lite.color.hint import FilmHint
from deoldify_lite.color.key import FilmKey
from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.film.chroma import MATRICES, convert_chroma
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.probe import Film
from deoldify_lite.film.stills import Still
from deoldify_lite.film.tone import fit_chroma
from deoldify_lite.photo.samples import to_depth
from deoldify_lite.run.key_files import KeyFolder
from deoldify_lite.run.keying import ready_keys
from deoldify_lite.run.reading import open_frames, open_stills
from deoldify_lite.run.settings import FilmSettings
from deoldify_lite.run.shots.networks import Networks
from deoldify_lite.run.shots.pieces import Place
from deoldify_lite.run.steps import (
    Shown,
    Tally,
    open_small,
    predict_steps,
    show_frames,
    shown_size,
)
from deoldify_lite.temporal.key_frames import Step, find_key_frames
from deoldify_lite.temporal.scene_memory import SceneMemory
from deoldify_lite.temporal.shots import Frame, mark_listed
from deoldify_lite.temporal.steady import Predicted

# Frames and key frames that are kept, and frames on the way: one takes about 4 MB, and one on the way 0.1 MB.
MOST_KEPT, MOST_STONES = 32, 128
# Frames with hints or key frames that are looked at for another one, on each of its sides.
MOST_MARKED = 3
# Frames that motion is followed through from the first of them to the last, beside them: more is slower.
_MOST_ON_THE_WAY = 12
_IN_ONE_GO = 200  # up to so many frames are read faster than found one by one
_HARDLY = 1e-6  # steadiness: frames on the way pass something on, and smooth nothing

T = TypeVar("T")
Look = NDArray[np.uint8]  # (h, w, 3) RGB


@dataclass(frozen=True, eq=False)
class _Seen:
    """A frame that went through the network."""

    predicted: Predicted
    picture: Look  # grey, unless it keeps its own colours


@dataclass(frozen=True, eq=False)
class _Laid:
    """A key frame that was laid on its frame."""

    keys: tuple[FilmKey, ...]  # none or one
    problem: str  # why there is none


class Trials:
    """Tries hints and key frames on frames of one film.

    Args:
        film: the film.
        networks: of it.
        size: height and width of the pictures.
    """

    def __init__(self, film: Film, networks: Networks, size: Size) -> None:
        self._film = film
        self._networks = networks
        self._size = size
        self._seen = _Kept[_Seen]()
        self._keys = _Kept[_Laid]()
        self._stones = _Kept[Frame](MOST_STONES)

    def keeps_colors(self, place: Place) -> bool:
        """Whether a shot keeps the colours that it has, by its telling frame; errors as in `picture`."""
        return self._see(place, place.telling).predicted.step.frame.in_color

    def picture(
        self, place: Place, frame: int, hints: Sequence[FilmHint] = (), keys: Sequence[Path] = ()
    ) -> Look:
        """A frame of a shot, with hints and key frames of the shot.

        Args:
            place: the shot.
            frame: in the film.
            hints: in the film; those in other shots do nothing.
            keys: pictures of key frames; those with a `problem` do nothing, nor do those of other shots.

        Raises:
            OutOfMemoryError, RenderError: the network failed.
            VideoError: ffmpeg failed.
        """
        seen = self._see(place, frame)
        if seen.predicted.step.frame.in_color:
            return seen.picture
        mine = [hint for hint in hints if place.first <= hint.frame < place.end]
        laid = [
            key
            for path in keys
            for key in self._lay(place, path).keys
            if place.first <= key.frame < place.end
        ]
        numbers = _nearest(frame, {hint.frame for hint in mine} | {key.frame for key in laid})
        frames = {number: self._see(place, number).predicted for number in numbers}
        frames |= self._on_the_way(place, frames)
        at = {number: index for index, number in enumerate(sorted(frames))}
        settings = replace(
            _settings_of(place),
            hints=tuple(replace(hint, frame=at[hint.frame]) for hint in mine if hint.frame in numbers),
            keys=tuple(replace(key, frame=at[key.frame]) for key in laid if key.frame in numbers),
            steadiness=_HARDLY,
        )
        colorizer = self._networks.colorizer(place.settled.rendering)
        shown = show_frames(
            _as_film([frames[number] for number in at], colorizer.chroma_size),
            self._film,
            settings,
            SceneMemory(),
            Tally(),
            first=0,
            size=shown_size(colorizer, settings),
            colorizer=colorizer,
        )
        return _in_colors(seen.picture, list(shown)[at[frame]], self._film)

    def problem(self, place: Place, picture: Path) -> str:
        """Why a key frame gives a shot no colour, as the command says it; empty: it does.

        Raises:
            VideoError: ffmpeg failed.
        """
        return self._lay(place, picture).problem

    def _lay(self, place: Place, picture: Path) -> "_Laid":
        settings = _settings_of(place)
        try:
            stat = picture.stat()
        except OSError as error:
            return _Laid((), f"{picture}: this key frame cannot be read ({error.strerror})")
        key = (picture, stat.st_size, stat.st_mtime_ns, settings.render_factor, settings.recolor_all)
        return self._keys.get(key, lambda: self._read_key(picture, settings))

    def _read_key(self, picture: Path, settings: FilmSettings) -> "_Laid":
        try:
            keys, warnings = ready_keys(self._film, KeyFolder(picture.parent, (picture,), ""), settings)
        except (InputError, OptionError) as error:
            return _Laid((), str(error))
        return _Laid(keys, " ".join(warnings))

    def _see(self, place: Place, frame: int) -> _Seen:
        leave = place.settled.shot.leave
        key = (frame, place.first, place.settled.rendering.look, leave)
        return self._seen.get(key, lambda: self._look(place, frame))

    def _look(self, place: Place, number: int) -> _Seen:
        settings, film = _settings_of(place), self._film
        colorizer = self._networks.colorizer(place.settled.rendering)
        with open_small(Cut(film, number, number + 1), colorizer.render_size, settings) as reader:
            small = next(reader.frames())
        (frame,) = mark_listed([Frame(small.luma, small.chroma)], {0})
        if place.settled.shot.leave:
            frame = replace(frame, in_color=True)
        elif number != place.telling:  # that frame decides for the whole shot
            frame = replace(frame, in_color=self.keeps_colors(place))
        (predicted,) = predict_steps(
            [Step(frame, stands_for=int(not frame.in_color))], colorizer, batch_size=1, described=True
        )
        grey = None if frame.in_color else np.zeros((2, 16, 16), np.float32)
        (rgb,) = open_stills(film, [Still(number, grey, small.luma)])
        return _Seen(predicted, np.asarray(to_depth(resize(rgb, self._size), np.uint8)))

    def _on_the_way(self, place: Place, marked: Mapping[int, Predicted]) -> dict[int, Predicted]:
        """Frames between some, which the network has not seen, through which motion is followed."""
        first, last = min(marked), max(marked)
        stride = 1
        while (last - first) // stride > _MOST_ON_THE_WAY:
            stride *= 2
        # The same ones, whichever frames they are between, so that they are read once.
        numbers = [n for n in range(first + stride - first % stride, last, stride) if n not in marked]
        lumas = [one.step.frame.luma for one in marked.values()]
        return {
            number: Predicted(Step(frame))
            for number, frame in self._glance(place, numbers).items()
            # A frame like one that the network has seen would stand for it.
            if not any(np.array_equal(frame.luma, luma) for luma in lumas)
        }

    def _glance(self, place: Place, numbers: Sequence[int]) -> dict[int, Frame]:
        """Small frames without their chroma, but for those that cannot be read."""
        size_px = self._networks.colorizer(place.settled.rendering).render_size
        missing = [number for number in numbers if (number, size_px) not in self._stones]
        is_short = bool(missing) and missing[-1] - missing[0] < _IN_ONE_GO
        for run in [missing] if is_short else [[number] for number in missing]:
            with open_frames(Cut(self._film, run[0], run[-1] + 1), size_px, with_chroma=False) as reader:
                for number, small in enumerate(reader.frames(), run[0]):
                    if number in run:
                        self._stones.put((number, size_px), Frame(small.luma))
        return {number: frame for number in numbers if (frame := self._stones.find((number, size_px)))}


class _Kept(Generic[T]):
    """What was used last."""

    def __init__(self, most: int = MOST_KEPT) -> None:
        self._most = most
        self._items: OrderedDict[Hashable, T] = OrderedDict()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._items

    def find(self, key: Hashable) -> T | None:
        """What is kept; None if nothing is."""
        if key in self._items:
            self._items.move_to_end(key)
        return self._items.get(key)

    def put(self, key: Hashable, item: T) -> None:
        """Keep something."""
        self._items[key] = item
        if len(self._items) > self._most:
            self._items.popitem(last=False)

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """What is kept, or made now."""
        found = self.find(key)
        if found is None:
            found = make()
            self.put(key, found)
        return found


def _nearest(frame: int, marked: Collection[int]) -> list[int]:
    """A frame and those nearest to it that have hints or key frames, in order."""
    before = sorted(number for number in marked if number < frame)[-MOST_MARKED:]
    after = sorted(number for number in marked if number > frame)[:MOST_MARKED]
    return [*before, frame, *after]


def _as_film(frames: Sequence[Predicted], chroma_size: tuple[int, int]) -> Iterator[Predicted]:
    """Frames as those of a short film of one shot, with the motion between them."""
    shot = [replace(one.step.frame, begins_shot=one is frames[0]) for one in frames]
    steps = find_key_frames(shot, chroma_size, most_steps=1)
    for one, step in zip(frames, steps, strict=True):
        is_seen = one.chroma is not None and not step.repeats
        yield replace(one, step=step) if is_seen else Predicted(replace(step, stands_for=0))


def _settings_of(place: Place) -> FilmSettings:
    shot, rendering = place.settled.shot, place.settled.rendering
    return FilmSettings(rendering.look, place.settled.steadiness, recolor_all=shot.leave is False)


def _in_colors(grey: Look, shown: Shown, film: Film) -> Look:
    """Join a frame's luma, as a grey picture, with its chroma, as players do by the film's matrix."""
    assert shown.chroma is not None, "a frame in colour is not joined"
    if shown.luma is None:
        chroma = convert_chroma(shown.chroma, film.colors.matrix)
    else:
        chroma = fit_chroma(shown.chroma, shown.luma, film.colors)
    red_weight, blue_weight = MATRICES[film.colors.matrix]
    blue, red = (resize(plane, grey.shape[:2]) for plane in chroma)
    blue, red = 2 * (1 - blue_weight) * blue, 2 * (1 - red_weight) * red
    green = -(red_weight * red + blue_weight * blue) / (1 - red_weight - blue_weight)
    return np.clip(np.rint(grey + 255 * np.dstack([red, green, blue])), 0, 255).astype(np.uint8)
