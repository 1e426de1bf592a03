"""The shots of one film on a page: what it shows of them, hints and key frames tried, and saved."""

import io
import secrets
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from deoldify_lite.color.arrays import fit_size, resize
from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.probe import Film
from deoldify_lite.photo.thumbnail import look_of, read_small
from deoldify_lite.render.rendering import Rendering
from deoldify_lite.run.hint_file import parse_hints
from deoldify_lite.run.hint_lines import HintLine, hint_lines
from deoldify_lite.run.key_files import frame_named
from deoldify_lite.run.shots.changes import ShotChange, check_keys, save_changes
from deoldify_lite.run.shots.list import names_in, read_shot_list
from deoldify_lite.run.shots.networks import Networks
from deoldify_lite.run.shots.pieces import Place, placed
from deoldify_lite.run.shots.settings import settle_shots
from deoldify_lite.run.shots.trial import Trials
from deoldify_lite.show.clip import shown_size

# The longer side of the frame to work on, of tiles, and of pictures to take colours from.
FRAME_PX, TILE_PX, PALETTE_PX = 1280, 640, 900
_QUALITY = 90  # of JPEG
IN_COLOR = "is in colour already, and stays so: write no into its column `leave` to colour it"
LEFT = "stays as it is, since its column `leave` says yes"


@dataclass(frozen=True)
class ShownHint:
    """A hint on a frame of a shot."""

    text: str  # its line
    frame: int
    x: float  # in [0, 1], of the width
    y: float
    color: str


@dataclass(frozen=True)
class ShownKey:
    """A key frame of a shot."""

    name: str  # as the list names it, or by which a dropped one is known
    label: str
    frame: int


@dataclass(frozen=True)
class ShownShot:
    """What the page knows of a shot."""

    first: int  # frame, by which it is known
    number: int
    begin: int  # its first frame in the film as it is written
    end: int  # first frame after it
    telling: int  # frame
    hints: tuple[ShownHint, ...]
    keys: tuple[ShownKey, ...]
    fixed: str  # why nothing can be changed here; empty: it can


class ShotDesk:
    """Edits one list of shots; any thread may call it.

    Args:
        film: the film.
        path: of the list.
        rendering: of the film; shots may have settings of their own.
        folder: for pictures that are dropped.

    Raises:
        InputError, OptionError: the list cannot be read, or is not one of this film.
        DeoldifyError: the network cannot be loaded.
    """

    def __init__(self, film: Film, path: Path, rendering: Rendering, folder: Path) -> None:
        self.film = film
        self.path = path
        self.size = shown_size(film, FRAME_PX)
        self._rendering = rendering
        self._folder = folder
        self._lock = threading.RLock()
        self._dropped: dict[str, Path] = {}
        colorizer = rendering.load()
        self._networks = Networks(rendering, lambda: colorizer)
        self.load()

    def load(self) -> Sequence[Place]:
        """Read the list as it is now, and return its shots; what was looked at before is forgotten."""
        with self._lock:
            places = self._read()
            self._trials = Trials(self.film, self._networks, self.size)
            self._tiles: dict[int, bytes] = {}
            return places

    def shots(self) -> list[ShownShot]:
        """What the page shows of all shots."""
        with self._lock:
            lines = {path: self._lines(path) for path in {place.settled.shot.hints for place in self._places}}
            return [self._shown(place, lines[place.settled.shot.hints]) for place in self._places]

    def tile(self, first: int) -> bytes:
        """The telling frame of a shot as it is saved, as a small JPEG; errors as in `Trials.picture`."""
        with self._lock:
            if first not in self._tiles:
                place = self._place(first)
                shot = place.settled.shot
                hints = [line.hint for line in self._lines(shot.hints)]
                keys = self._good_keys(first, names_in(shot.row.text("key frames")))
                look = self._trials.picture(place, place.telling, hints, keys)
                self._tiles[first] = _jpeg(resize(look, fit_size(look.shape, TILE_PX)))
            return self._tiles[first]

    def try_out(self, first: int, frame: int, hints: Sequence[str], keys: Sequence[str]) -> bytes:
        """A frame of a shot with some hints and key frames, as a JPEG.

        Args:
            first: the shot.
            frame: in it.
            hints: lines as of a file of hints.
            keys: names of key frames in the list, or of dropped ones.

        Raises:
            DeoldifyError: as in `Trials.picture`; or a hint is wrong, or the shot stays as it is.
        """
        with self._lock:
            place = self._place(first)
            if not place.first <= frame < place.end:
                raise OptionError(
                    f"shot {place.settled.shot.number} has no frame {frame}: load the page again"
                )
            shot = place.settled.shot
            saved = {line.text for line in self._lines(shot.hints)}
            if not saved.issuperset(hints) and self._trials.keeps_colors(place):
                raise InputError(f"shot {shot.number} {LEFT if shot.leave else IN_COLOR}")
            pictures = self._good_keys(first, keys)
            return _jpeg(self._trials.picture(place, frame, self._hints(hints), pictures))

    def problems(self, first: int, keys: Sequence[str]) -> dict[str, str]:
        """Which of some key frames give a shot no colour, and why, as the command says it.

        Args:
            first: the shot.
            keys: names as in `try_out`.
        """
        with self._lock:
            place, found, frames = self._place(first), dict[str, str](), dict[int, str]()
            for key in keys:
                picture = self._picture(place, key)
                words = self._problem(place, picture)
                frame = frame_named(picture, self.film)
                if not words and frame in frames:
                    words = f"{picture}: is for frame {frame}, and so is {frames[frame]}: remove one of them"
                elif not words and frame is not None:
                    frames[frame] = picture.name
                if words:
                    found[key] = words
            return found

    def take_key(self, first: int, frame: int, name: str, picture: Path) -> ShownKey:
        """Take in a picture that was dropped on a shot.

        Args:
            first: the shot.
            frame: that it is for, unless its name says another one.
            name: of the picture, as the user knows it.
            picture: a file in a folder of its own, which is renamed.

        Raises:
            InputError, OptionError: as the command says of such a key frame.
        """
        with self._lock:
            place = self._place(first)
            named = frame_named(Path(name), self.film)
            frame = frame if named is None else named
            suffix = Path(name).suffix.lower()
            file = picture.with_name(f"shot-{place.settled.shot.number:04}_frame-{frame:06}{suffix}")
            picture.rename(file)
            if words := self._problem(place, file):
                raise InputError(words.replace(str(file), name).replace(file.name, name))
            known = secrets.token_hex(8)
            self._dropped[known] = file
            return ShownKey(known, name, frame)

    def palette(self, name: str, picture: Path) -> bytes:
        """A picture to take colours from, as a JPEG that any browser shows; errors as in `read_photo`."""
        try:
            photo = read_small(picture, PALETTE_PX)
        except InputError as error:
            raise InputError(str(error).replace(str(picture), name)) from error
        return _jpeg(look_of(photo, resize(photo.rgb, fit_size(photo.rgb.shape, PALETTE_PX))))

    def save(self, changes: Sequence[Mapping[str, Any]]) -> list[ShownShot]:
        """Save changes of shots into the list and its files, and return these shots as they are then.

        Args:
            changes: the fields of `ShotChange`, with the names of pictures.

        Raises:
            InputError, OptionError, OSError: as in `save_changes`.
        """
        with self._lock:
            self._read()
            own = [
                ShotChange(
                    first=change["first"],
                    hints_removed=tuple(change["hints_removed"]),
                    hints_added=tuple(change["hints_added"]),
                    keys_removed=tuple(change["keys_removed"]),
                    keys_added=tuple(self._new_picture(name) for name in change["keys_added"]),
                )
                for change in changes
            ]
            save_changes(self._places, self.film, own)
            self._read()
            saved = [self._place(change.first) for change in own]
            for change in own:
                self._tiles.pop(change.first, None)
            return [self._shown(place, self._lines(place.settled.shot.hints)) for place in saved]

    def _read(self) -> Sequence[Place]:
        settled = settle_shots(read_shot_list(self.path), self._rendering, None)
        self._places = placed(settled, self.film, Cut(self.film))
        return self._places

    def _good_keys(self, first: int, keys: Sequence[str]) -> list[Path]:
        problems = self.problems(first, keys)
        return [self._picture(self._place(first), key) for key in keys if key not in problems]

    def _problem(self, place: Place, picture: Path) -> str:
        """Why a key frame gives a shot no colour; empty: it does."""
        try:
            check_keys(place, self.film, [picture])
        except (InputError, OptionError) as error:
            return str(error)
        return self._trials.problem(place, picture)

    def _place(self, first: int) -> Place:
        for place in self._places:
            if place.settled.shot.first == first:
                return place
        raise OptionError(f"{self.path}: no shot begins at frame {first} any more: load the page again")

    def _lines(self, path: Path | None) -> list[HintLine]:
        return [] if path is None else hint_lines(path.read_bytes(), path, self.film)

    def _hints(self, lines: Sequence[str]) -> Sequence[Any]:
        if not lines:
            return ()
        file = parse_hints("\n".join(lines).encode(), Path("hints"), film=True)
        film = self.film
        return file.in_film(film.width, film.height, film.nearest_frame, each=film.per_frame)

    def _picture(self, place: Place, name: str) -> Path:
        if name in names_in(place.settled.shot.row.text("key frames")):
            return self.path.parent / Path(name).expanduser()
        return self._new_picture(name)

    def _new_picture(self, name: str) -> Path:
        if name not in self._dropped:
            raise InputError("a key frame is no longer here: drop it again")
        return self._dropped[name]

    def _shown(self, place: Place, lines: Sequence[HintLine]) -> ShownShot:
        shot = place.settled.shot
        mine = [line for line in lines if place.first <= line.hint.frame < place.end]
        names = zip(names_in(shot.row.text("key frames")), shot.keys, strict=True)
        fixed = LEFT if shot.leave else ""
        if shot.leave is None and shot.row.answer("in colour already"):
            fixed = IN_COLOR
        return ShownShot(
            shot.first,
            shot.number,
            place.first,
            place.end,
            place.telling,
            tuple(_shown_hint(line) for line in mine),
            tuple(ShownKey(name, name, self._frame(path)) for name, path in names),
            fixed,
        )

    def _frame(self, picture: Path) -> int:
        frame = frame_named(picture, self.film)
        assert frame is not None, "checked when the list was read"
        return frame


def _shown_hint(line: HintLine) -> ShownHint:
    hint = line.hint
    return ShownHint(line.text, hint.frame, hint.hint.x, hint.hint.y, line.color)


def as_data(shots: Sequence[ShownShot]) -> list[dict[str, Any]]:
    """Shots as plain data."""
    return [asdict(shot) for shot in shots]


def _jpeg(picture: NDArray[np.uint8]) -> bytes:
    data = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(picture)).save(data, "JPEG", quality=_QUALITY, subsampling=0)
    return data.getvalue()
