"""Frames that take their colours from a version: a sequence or a film in colour of the same frames."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from deoldify_lite.errors import VideoError
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.given import cut_of_other
from deoldify_lite.film.probe import probe_film
from deoldify_lite.run.sequences.apart import FilmEnds, FilmPicture, FilmPictures
from deoldify_lite.run.sequences.footage import SequenceFilm
from deoldify_lite.run.sequences.pictures import Picture, files_of
from deoldify_lite.run.sequences.probe import probe_sequence
from deoldify_lite.run.task import Version
from deoldify_lite.sequence.frame import Frame
from deoldify_lite.sequence.frames import write
from deoldify_lite.sequence.light import has_color, take_colors
from deoldify_lite.sequence.names import name_frames

# As what the frames of a film are taken; TIFF holds those of all depths.
_AS = name_frames(Path("%07d.tif"))


def cut_of_version(cut: Cut, version: Version) -> Cut:
    """Look at a version of a film or a sequence, and return the part of it with the frames of a cut.

    Frames of a sequence are counted, so its version has as many. Films may differ by a few, as
    `film.given` says.

    Raises:
        InputError: it cannot be read, has no colour, another shape or other frames.
        VideoError: see `probe_film`.
    """
    other = probe_film(version.path) if version.frames is None else probe_sequence(version.frames)
    return cut_of_other(cut, other, 0) if isinstance(cut.film, SequenceFilm) else cut_of_other(cut, other)


@dataclass(frozen=True)
class GivenPicture:
    """A frame in the colours of its version: a `run.sequences.pictures.Picture`."""

    own: Picture
    colored: Callable[[], Frame]  # reads the frame of the version

    def read(self) -> Frame:
        """See `Picture`."""
        frame, other = self.own.read(), self.colored()
        result = take_colors(frame, other)
        if has_color(other):
            return result
        return replace(result, warnings=(*result.warnings, "its version has no colour, so it is grey"))

    def keep(self, part: Path) -> tuple[str, ...]:
        """Write the frame."""
        return write(part, self.read())


class GivenPictures:
    """The frames of a source, each in the colours of its version: `run.sequences.pictures.Pictures`.

    Args:
        cut: of a `SequenceFilm`, all that is coloured.
        given: the part of the version with the same frames.
    """

    def __init__(self, cut: Cut, given: Cut) -> None:
        self._pictures = files_of(cut)
        self._move = given.first - cut.first
        self._version = given.film.path
        self._files = files_of(given) if isinstance(given.film, SequenceFilm) else None
        self._film = FilmPictures(given, _AS, may_keep=True) if self._files is None else None

    def number(self, frame: int) -> int:
        """See `Pictures`."""
        return self._pictures.number(frame)

    def take(self, frame: int) -> GivenPicture:
        """See `Pictures`."""
        own, place = self._pictures.take(frame), frame + self._move
        if self._film is not None:
            return GivenPicture(own, self._take_of_film(place).colored)
        assert self._files is not None, "a version is a sequence or a film"
        return GivenPicture(own, self._files.take(place).read)

    def _take_of_film(self, place: int) -> FilmPicture:
        assert self._film is not None
        try:
            return self._film.take(place)
        except FilmEnds as error:
            raise VideoError(
                f"{self._version}: ends after {place} frames, though it says that it has more: repair it, or "
                "give a version with all frames; what was made until then stays"
            ) from error

    def close(self) -> None:
        """See `Pictures`."""
        if self._film is not None:
            self._film.close()
        self._pictures.close()
