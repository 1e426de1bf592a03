"""What `deoldify-lite shots` writes: the list, telling frames at full size, and a page to look through."""

import re
import shlex
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import fit_size, resize
from deoldify_lite.errors import InputError
from deoldify_lite.film.probe import Film
from deoldify_lite.film.timecode import advance_timecode
from deoldify_lite.photo.io import write_photo
from deoldify_lite.photo.photo import Photo
from deoldify_lite.photo.samples import to_depth
from deoldify_lite.photo.thumbnail import jpeg_uri
from deoldify_lite.photo.xmp import with_mark
from deoldify_lite.run.delivery import Delivery
from deoldify_lite.run.manifest import Manifest
from deoldify_lite.run.sequences.footage import SequenceFilm
from deoldify_lite.run.sequences.frames import Frames
from deoldify_lite.run.shots.list import NAME
from deoldify_lite.run.shots.survey import STILLS_AT_ONCE, Colors, FoundShot, Picked, Picture, show_pictures
from deoldify_lite.run.shots.table import write_rows
from deoldify_lite.run.task import Task, check_output, fingerprint_with
from deoldify_lite.show.clip import shown_size
from deoldify_lite.show.edl import EDL, check_edl, edl_of
from deoldify_lite.show.report import MANY_THUMBNAILS_PX, QUALITY, THUMBNAILS_PX
from deoldify_lite.system.files import atomic_path
from deoldify_lite.templates.environment import render_pieces

Look = NDArray[np.uint8]  # (h, w, 3) RGB, as a viewer sees it

PAGE = "shots.html"
GENERATOR = "deoldify_lite shots"
# As the page says it of a tile.
_DOUBT = re.compile(r'data-doubt="([\d.]+)">\s*<div class="compare"><a href="shot-\d+_frame-(\d+)\.png"')


@dataclass(frozen=True)
class Tile:
    """A shot on the page."""

    shot: FoundShot
    start: str  # timecode, or time
    name: str  # of the file with its telling frame
    picture: str  # data URI
    size: tuple[int, int]  # height and width of it
    doubt: float | None


class Album:
    """The files about one film's shots, in a folder.

    Args:
        film: the film.
        folder: where they go.
        frames: the sequence that it is, if it is one.
        named: the film as an argument of `colorize-video`, and options that it needs there; None: its path.
        overwrite: replace files there that are not as an earlier run has left them.
    """

    def __init__(
        self,
        film: Film,
        folder: Path,
        *,
        frames: Frames | None = None,
        named: Sequence[str] | None = None,
        overwrite: bool = False,
    ) -> None:
        self.film = film
        self.folder = folder
        self._frames = frames
        self._named = [str(film.path)] if named is None else named
        self._overwrite = overwrite
        self._manifest = Manifest(folder)

    def check(self, name: str) -> Path:
        """The path of a file, which may be written.

        Raises:
            InputError: it is there, and is not as an earlier run has left it.
        """
        path = self.folder / name
        check_output(self._task(path), self._overwrite)
        # A list may be changed, or a picture painted on, and have as many bytes as before.
        if not self._overwrite and path.exists() and not self._manifest.is_untouched(path):
            raise InputError(
                f"{path}: was changed since it was written: move it away, name another folder with -o, or "
                "allow --overwrite"
            )
        return path

    def check_known(self) -> None:
        """Check all files that an earlier run has written here; errors as in `check`."""
        for record in self._manifest.records():
            self.check(record.output)

    def deliver(self, part: Path, path: Path) -> None:
        """Record a finished file, and give it its name."""
        fingerprint = fingerprint_with(self._task(path), {"shots": path.name})
        Delivery(self._manifest, fingerprint, self.film.path)(part, path)

    def _task(self, path: Path) -> Task:
        return Task(self.film.path, path, self._manifest, frames=self._frames)

    def write_still(self, picture: Picture) -> Path:
        """Write a frame at full size; with the mark of AI, unless it has its own colours."""
        one = picture.picked
        path = self.check(still_name(one.shot, one.frame))
        xmp = None if one.in_color else with_mark(None)
        write_photo(Photo(self.film.path, picture.rgb, xmp=xmp), path, deliver=self.deliver)
        return path

    def write_list(self, shots: Sequence[FoundShot]) -> Path:
        """Write the list, with empty columns for the user."""
        path = self.check(NAME)
        rows = [
            {
                "shot": shot.number,
                "first frame": shot.first,
                "start": start_of(self.film, shot.first),
                "frames": shot.frames,
                "telling frame": shot.telling,
                "scene": shot.scene,
                "in colour already": "yes" if shot.in_color else "no",
            }
            for shot in shots
        ]
        with atomic_path(path, deliver=self.deliver) as part:
            write_rows(part, rows)
        return path

    def write_edl(self, shots: Sequence[FoundShot]) -> Path:
        """Write the list for editing programs; errors as in `edl.edl_of`."""
        path = self.check(EDL)
        text = edl_of(self.film, shots)
        with atomic_path(path, deliver=self.deliver) as part:
            part.write_text(text, encoding="utf-8", errors="replace")
        return path

    def write_page(self, tiles: Sequence[Tile], *, second: bool) -> Path:
        """Write the page; the least certain shots come first."""
        path = self.check(PAGE)
        scenes = len({tile.shot.scene for tile in tiles})
        frames = sum(tile.shot.frames for tile in tiles)
        pieces = render_pieces(
            "shots.html.j2",
            generator=GENERATOR,
            title=f"Shots: {self.film.path.name}",
            counts=f"shots: {len(tiles)}, scenes: {scenes}, frames: {frames}",
            command=shlex.join(["colorize-video", *self._named, "--shots", str(self.folder / NAME)]),
            list_name=NAME,
            tiles=sorted(tiles, key=lambda tile: -1 if tile.doubt is None else tile.doubt, reverse=True),
            second=second,
        )
        # A name may hold bytes that are not letters.
        with (
            atomic_path(path, deliver=self.deliver) as part,
            open(part, "w", encoding="utf-8", errors="replace") as page,
        ):
            page.writelines(pieces)
        return path


def write_shots(
    album: Album,
    found: Iterable[FoundShot | Picked],
    colors: Colors,
    *,
    edl: bool = False,
    listed: bool = False,
) -> tuple[list[FoundShot], list[Path]]:
    """Write the list of a film's shots, their telling frames, and the page.

    Args:
        album: where they go.
        found: from `survey`.
        colors: gives the colours.
        edl: also write an edit decision list.
        listed: the shots are those of a list, so that none is written.

    Returns:
        The shots, and the files: list and page first.

    Raises:
        OptionError: there is no edit decision list for the film's rate, or what writes it is not installed.
        InputError: a file is there that no run of ours has left so.
        OutOfMemoryError, RenderError, VideoError: see `survey`.
    """
    # Before the work.
    if edl:
        check_edl(album.film)
    for name in ([] if listed else [NAME]) + [PAGE] + ([EDL] if edl else []):
        album.check(name)
    shots: list[FoundShot] = []
    looks: dict[int, tuple[Path, Look, float | None]] = {}  # of telling frames, by shot
    stills: list[Path] = []
    waiting: list[Picked] = []

    def show() -> None:
        for picture in show_pictures(album.film, waiting, colors):
            path = album.write_still(picture)
            stills.append(path)
            if picture.picked.is_telling:
                looks[picture.picked.shot] = (path, _small(album.film, picture.rgb), picture.doubt)
        waiting.clear()

    for one in found:
        if isinstance(one, FoundShot):
            shots.append(one)
            continue
        waiting.append(one)
        if len(waiting) >= STILLS_AT_ONCE:
            show()
    if waiting:
        show()
    most_px = next((px for most, px in THUMBNAILS_PX if len(shots) <= most), MANY_THUMBNAILS_PX)
    tiles = [_tile(album.film, shot, *looks[shot.number], most_px) for shot in shots]
    paths = [] if listed else [album.write_list(shots)]
    paths.append(album.write_page(tiles, second=colors.second is not None))
    paths += [album.write_edl(shots)] if edl else []
    return shots, [*paths, *stills]


def still_name(shot: int, frame: int) -> str:
    """The name of a frame's file, by which it finds its way back into the film."""
    return f"shot-{shot:04}_frame-{frame:06}.png"


def doubts_in(folder: Path) -> dict[int, float]:
    """How uncertain the network is of telling frames, by frame, as the page in a folder says."""
    path = folder / PAGE
    if not path.is_file():
        return {}
    found = _DOUBT.findall(path.read_text(encoding="utf-8", errors="replace"))
    return {int(frame): float(doubt) for doubt, frame in found}


def start_of(film: Film, frame: int) -> str:
    """When a frame is shown: its timecode, where the film has one, or its time."""
    # Of a sequence, numbers that are left out have timecodes, too.
    moved = film.footage.number(frame) - film.footage.number(0) if isinstance(film, SequenceFilm) else frame
    if film.timecode and (timecode := advance_timecode(film.timecode, moved, film.rate)):
        return timecode
    thousandths = round((film.offset_s + film.seconds(frame)) * 1000)
    seconds, thousandths = divmod(thousandths, 1000)
    minutes, seconds = divmod(seconds, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}.{thousandths:03}"


def _small(film: Film, rgb: NDArray[Any]) -> Look:
    """A frame in the shape in which it is shown, in 8 bits."""
    return np.asarray(to_depth(resize(rgb, shown_size(film, THUMBNAILS_PX[0][1])), np.uint8))


def _tile(film: Film, shot: FoundShot, path: Path, look: Look, doubt: float | None, most_px: int) -> Tile:
    size = fit_size(look.shape, most_px)
    uri = jpeg_uri(resize(look, size), quality=QUALITY)
    return Tile(shot, start_of(film, shot.first), path.name, uri, size, doubt)
