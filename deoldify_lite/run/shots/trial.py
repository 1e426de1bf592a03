"""One frame of each shot in the colours that come out, with hints and key frames tried on it.

The frame goes through the steps of a film as if its shot had no other. So the first picture of a frame needs
ffmpeg and the network, and all others only what follows them.
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import Size, resize
from deoldify_lite.color.hint import FilmHint
from deoldify_lite.color.key import FilmKey
from deoldify_lite.errors import InputError
from deoldify_lite.film.chroma import MATRICES, convert_chroma
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.probe import Film
from deoldify_lite.film.stills import Still
from deoldify_lite.film.tone import fit_chroma
from deoldify_lite.photo.samples import to_depth
from deoldify_lite.run.key_files import KeyFolder, frame_named
from deoldify_lite.run.keying import ready_keys
from deoldify_lite.run.reading import open_stills
from deoldify_lite.run.settings import FilmSettings
from deoldify_lite.run.shots.networks import Networks
from deoldify_lite.run.shots.pieces import Place
from deoldify_lite.run.steps import (
    Shown,
    Tally,
    find_steps,
    open_small,
    predict_steps,
    show_frames,
    shown_size,
)
from deoldify_lite.temporal.scene_memory import SceneMemory
from deoldify_lite.temporal.shots import Frame, mark_listed
from deoldify_lite.temporal.steady import Predicted

# Frames and key frames that are kept: a frame takes about 4 MB.
MOST_KEPT = 32

T = TypeVar("T")
Look = NDArray[np.uint8]  # (h, w, 3) RGB


@dataclass(frozen=True, eq=False)
class _Seen:
    """A frame that went through the network."""

    predicted: Predicted
    picture: Look  # grey, unless it keeps its own colours


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
        self._keys = _Kept[tuple[tuple[FilmKey, ...], tuple[str, ...]]]()

    def keeps_colors(self, place: Place) -> bool:
        """Whether a shot keeps the colours that it has, by its telling frame; errors as in `picture`."""
        return self._see(place).predicted.step.frame.in_color

    def picture(self, place: Place, hints: Sequence[FilmHint] = (), keys: Sequence[Path] = ()) -> Look:
        """The telling frame of a shot, with the hints and key frames that are for it.

        Args:
            place: the shot.
            hints: in the film; those for other frames do nothing.
            keys: pictures of key frames; likewise, and those that show something else.

        Raises:
            InputError: a key frame cannot be read, has no colour, or is for a shot in colour.
            OutOfMemoryError, RenderError: the network failed.
            VideoError: ffmpeg failed.
        """
        seen, settings = self._see(place), _settings_of(place)
        if seen.predicted.step.frame.in_color:
            return seen.picture
        mine = [path for path in keys if frame_named(path, self._film) == place.telling]
        laid = [key for path in mine for key in self._lay(path, settings)[0]]
        settings = replace(settings, hints=tuple(hints), keys=tuple(laid))
        colorizer = self._networks.colorizer(place.settled.rendering)
        (shown,) = show_frames(
            [seen.predicted],
            self._film,
            settings,
            SceneMemory(),
            Tally(),
            first=place.telling,
            size=shown_size(colorizer, settings),
            colorizer=colorizer,
        )
        return _in_colors(seen.picture, shown, self._film)

    def lay(self, place: Place, picture: Path) -> None:
        """Lay a key frame on its frame; errors as in `picture`.

        Raises:
            InputError: it shows something else, too.
        """
        _, warnings = self._lay(picture, _settings_of(place))
        if warnings:
            raise InputError(warnings[0])

    def _lay(self, path: Path, settings: FilmSettings) -> tuple[tuple[FilmKey, ...], tuple[str, ...]]:
        stat = path.stat()
        key = (path, stat.st_size, stat.st_mtime_ns, settings.render_factor, settings.recolor_all)
        folder = KeyFolder(path.parent, (path,), "")
        return self._keys.get(key, lambda: ready_keys(self._film, folder, settings))

    def _see(self, place: Place) -> _Seen:
        leave = place.settled.shot.leave
        key = (place.telling, place.settled.rendering.look, leave)
        return self._seen.get(key, lambda: self._look(place))

    def _look(self, place: Place) -> _Seen:
        settings, film = _settings_of(place), self._film
        colorizer = self._networks.colorizer(place.settled.rendering)
        cut = Cut(film, place.telling, place.telling + 1)
        with open_small(cut, colorizer.render_size, settings) as reader:
            small = next(reader.frames())
        (frame,) = mark_listed([Frame(small.luma, small.chroma)], {0})
        if place.settled.shot.leave:
            frame = replace(frame, in_color=True)
        (step,) = find_steps([frame], colorizer.chroma_size, settings)
        (predicted,) = predict_steps([step], colorizer, batch_size=1, described=True)
        grey = None if frame.in_color else np.zeros((2, 16, 16), np.float32)
        (rgb,) = open_stills(film, [Still(place.telling, grey, small.luma)])
        return _Seen(predicted, np.asarray(to_depth(resize(rgb, self._size), np.uint8)))


class _Kept(Generic[T]):
    """What was used last."""

    def __init__(self) -> None:
        self._items: OrderedDict[Hashable, T] = OrderedDict()

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """What is kept, or made now."""
        if key not in self._items:
            self._items[key] = make()
            if len(self._items) > MOST_KEPT:
                self._items.popitem(last=False)
        self._items.move_to_end(key)
        return self._items[key]


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
