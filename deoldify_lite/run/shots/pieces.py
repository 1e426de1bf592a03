"""The pieces in which a film is rendered by a list of its shots, each with all that decides its bytes.

A piece is a shot, or a part of a very long one. It depends on nothing that another shot's settings change:
of other shots it knows where they begin, and of those of its scene their key frames and which frame shows it.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from deoldify_lite.color.hint import FilmHint
from deoldify_lite.errors import OptionError, VideoError
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.merge import TOLERATED_FRAMES
from deoldify_lite.film.probe import Film
from deoldify_lite.render.rendering import Rendering
from deoldify_lite.run.reading import open_frames
from deoldify_lite.run.settings import FilmSettings
from deoldify_lite.run.shots.list import Shot
from deoldify_lite.run.shots.settings import SettledShot, SettledShots
from deoldify_lite.system.files import sha256_of
from deoldify_lite.temporal.shots import MOST_SHOT_FRAMES


@dataclass(frozen=True)
class Piece:
    """A shot to render, or a part of one, in frames of the film as it is written."""

    shot: Shot
    first: int
    end: int  # first frame after it
    to_the_end: bool  # of the film, wherever that is
    rendering: Rendering
    settings: FilmSettings
    leave: bool  # keep the colours that it has
    anchor: int | None  # the frame from which colours of its scene are taken; None: from none
    keys: tuple[Path, ...]  # pictures of its key frames
    scene_keys: tuple[Path, ...]  # those of other shots of its scene, where it has none
    facts: Mapping[str, Any]  # all that decides its bytes, as plain data
    warnings: tuple[str, ...] = ()  # about its key frames

    @property
    def frames(self) -> int:
        """How many it has; at the film's end, as far as the list knows."""
        return self.end - self.first

    @property
    def fingerprint(self) -> str:
        """A hash of its facts."""
        return hashlib.sha256(json.dumps(self.facts, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class Place:
    """A shot in the film as it is written."""

    settled: SettledShot
    first: int
    end: int
    telling: int


def pieces_of(
    shots: SettledShots,
    film: Film,
    settings: FilmSettings,
    hints: Sequence[FilmHint],
    keys: Mapping[int, Path],
    cut: Cut,
    *,
    basis: Mapping[str, Any],
    most_factor: Mapping[str, int],
) -> list[Piece]:
    """Cut a film into pieces by a list of its shots.

    Args:
        shots: the list.
        film: as it is written.
        settings: of the film.
        hints: on the whole film.
        keys: pictures of key frames of the whole film, by frame.
        cut: the part of it to render.
        basis: facts that all pieces share: the source, and the programs.
        most_factor: the largest render factor that memory has room for, by network.

    Raises:
        OptionError: the list is not one of this film; the error names the line.
    """
    places = placed(shots, film, cut)
    anchors: dict[str, int] = {}
    keys_in = {place.first: _keys_in(place, film, keys) for place in places}
    of_scenes: dict[str, list[Path]] = {}
    for place in places:
        of_scenes.setdefault(place.settled.shot.scene, []).extend(keys_in[place.first].values())
    pieces = []
    for place in places:
        shot, rendering = place.settled.shot, place.settled.rendering
        factor = min(rendering.render_factor, most_factor.get(rendering.sha256, rendering.render_factor))
        rendering = replace(rendering, render_factor=factor)
        own = replace(
            settings,
            look=rendering.look,
            steadiness=place.settled.steadiness,
            recolor_all=settings.recolor_all or shot.leave is False,
            start_s=None,
            end_s=None,
        )
        of_scene = anchors.setdefault(shot.scene, place.telling) if shot.scene else place.telling
        in_shot = _hints_in(place, film, hints)
        for first, end in _parts(place, cut):
            # The first shot of a scene needs no other's colours, nor does what is left as it is.
            alone = shot.leave is True or own.steadiness == 0
            anchor = None if alone or (of_scene == place.telling and first == place.first) else of_scene
            mine = tuple(hint for hint in in_shot if first <= hint.frame < end)
            own_keys = tuple(path for frame, path in keys_in[place.first].items() if first <= frame < end)
            borrows = bool(shot.scene) and not (alone or own_keys)
            piece = Piece(
                shot,
                first,
                end,
                to_the_end=cut.end is None and place is places[-1] and end == place.end,
                rendering=rendering,
                settings=replace(own, hints=mine),
                leave=shot.leave is True,
                anchor=anchor,
                keys=own_keys,
                scene_keys=tuple(of_scenes[shot.scene]) if borrows else (),
                facts={},
            )
            pieces.append(replace(piece, facts={**basis, **_facts(piece)}))
    return pieces


def _facts(piece: Piece) -> dict[str, Any]:
    settings = piece.settings.as_dict()
    always = {
        "frames": [piece.first, piece.end],
        "leave": piece.leave,
        "encoding": settings.pop("encoding"),
        "deinterlace": settings.pop("deinterlace"),
    }
    if layer := piece.settings.encoding.layer:
        always["layer"] = layer
    for name in ("start_s", "end_s"):
        del settings[name]
    for name, keys in (("keys", piece.keys), ("scene keys", piece.scene_keys)):
        if keys:
            always[name] = [[path.name, sha256_of(path)] for path in keys]
    return always if piece.leave else {**always, **settings, "scene": piece.anchor}


def placed(shots: SettledShots, film: Film, cut: Cut) -> list[Place]:
    """Place each shot in the film as it is written; lists count frames of the film as it is.

    Args:
        shots: the list.
        film: as it is written.
        cut: the part of the film that the list must hold.

    Raises:
        OptionError: the list is not one of this film; the error names the line.
    """
    each = film.per_frame
    firsts = [_first(one.shot, film, each) for one in shots.shots]
    ends = [*firsts[1:], shots.shots[-1].shot.end * each]
    if shots.shots[-1].shot.start_s is not None:
        ends[-1] = max(film.frame_count, firsts[-1] + 1) if _is_timed(film) else ends[-1]
    places = []
    for one, first, end in zip(shots.shots, firsts, ends, strict=True):
        if end <= first:
            raise one.shot.row.error(
                f"this shot has no frame in {film.path}: is it the list of another film?"
            )
        telling = one.shot.telling_frame * each
        places.append(Place(one, first, end, telling if first <= telling < end else (first + end - 1) // 2))
    _check_ends(places, film, cut)
    return places


def _is_timed(film: Film) -> bool:
    """Whether frames are repeated to fill a grid, so that only times tell where one of the file's own is."""
    return film.variable and not film.times


def _first(shot: Shot, film: Film, each: int) -> int:
    if shot.start_s is not None and _is_timed(film):
        return round(shot.start_s * film.rate)
    return shot.first * each


def _check_ends(places: Sequence[Place], film: Film, cut: Cut) -> None:
    """Check that the list begins and ends where the film does, or the part of it to render.

    Raises:
        OptionError: it does not.
    """
    first, last = places[0], places[-1]
    if first.first > cut.first:
        raise first.settled.shot.row.error(
            f"frames {cut.first} to {first.first - 1}, before this shot, are in none: give them to this "
            "shot, or a line of their own"
        )
    if cut.end is not None and cut.end <= last.end:
        return
    if last.settled.shot.start_s is not None and abs(last.end - film.frame_count) <= TOLERATED_FRAMES:
        return  # other programs may count a frame more or less
    if last.end > film.frame_count and not _has_frame(film, last.end - 1):
        beyond = next(place for place in places if place.end > film.frame_count)
        raise beyond.settled.shot.row.error(
            f"this shot goes up to frame {beyond.end - 1}, and {film.path} has {film.frame_count}, counted "
            "from 0: is it the list of another film?"
        )
    if last.end < film.frame_count and _has_frame(film, last.end):
        raise last.settled.shot.row.error(
            f"the last shot ends with frame {last.end - 1}, and {film.path} has {film.frame_count}, counted "
            "from 0: give the others to it, or lines of their own; or is it the list of another film?"
        )


def _has_frame(film: Film, number: int) -> bool:
    try:
        with open_frames(Cut(film, number, number + 1), 32, with_chroma=False) as reader:
            return any(True for _ in reader.frames())
    except VideoError:
        return False


def _parts(place: Place, cut: Cut) -> Iterator[tuple[int, int]]:
    """First frame and end of each part of a shot that lies in the cut."""
    for begin in range(place.first, place.end, MOST_SHOT_FRAMES):
        first = max(begin, cut.first)
        end = min(begin + MOST_SHOT_FRAMES, place.end, place.end if cut.end is None else cut.end)
        if first < end:
            yield first, end


def _hints_in(place: Place, film: Film, hints: Sequence[FilmHint]) -> list[FilmHint]:
    """The hints that are in a shot: those on the whole film, and its own.

    Raises:
        OptionError: its own file has none for it, or one lies outside of the picture.
    """
    shot, own = place.settled.shot, place.settled.hints
    found = [hint for hint in hints if place.first <= hint.frame < place.end]
    if own is None:
        return found
    try:
        mine = own.in_film(film.width, film.height, film.nearest_frame, each=film.per_frame)
    except OptionError as error:
        raise shot.row.error(str(error)) from error
    mine = [hint for hint in mine if place.first <= hint.frame < place.end]
    if not mine:
        raise shot.row.error(f"hints: {own.path} has none between frames {place.first} and {place.end - 1}")
    return [*found, *mine]


def _keys_in(place: Place, film: Film, keys: Mapping[int, Path]) -> dict[int, Path]:
    """The key frames in a shot, by frame: those of the whole film, and its own.

    Raises:
        OptionError: a picture of its own is for a frame elsewhere, or for one that has a key frame; or the
            shot is left as it is.
    """
    row = place.settled.shot.row
    found = {frame: path for frame, path in keys.items() if place.first <= frame < place.end}
    if found and place.settled.shot.leave:
        frame, path = next(iter(found.items()))
        raise row.error(
            f"leave is yes, so {path}, for frame {frame}, means nothing: empty leave, or take it away"
        )
    if place.settled.keys is None:
        return found
    try:
        own = place.settled.keys.frames(film)
    except OptionError as error:
        raise row.error(str(error)) from error
    for frame, path in own.items():
        if not place.first <= frame < place.end:
            raise row.error(
                f"key frames: {path} is for frame {frame}, and this shot has {place.first} to "
                f"{place.end - 1}: name it in the line of its shot"
            )
        if frame in found:
            raise row.error(f"key frames: {path} is for frame {frame}, and so is {found[frame]}: remove one")
    return dict(sorted((found | own).items()))
