"""Key frames of pieces: checked before the work, and laid on their frames when it is a piece's turn."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from deoldify_lite.color.key import FilmKey
from deoldify_lite.errors import DeoldifyError
from deoldify_lite.film.probe import Film
from deoldify_lite.run.key_files import KeyFolder
from deoldify_lite.run.keying import check_keys, ready_keys
from deoldify_lite.run.shots.pieces import Piece


def check_pieces(film: Film, pieces: Sequence[Piece]) -> None:
    """Check the key frames of pieces, so that an error comes before the first of them is rendered.

    Raises:
        OptionError: as in `with_keys`.
    """
    for piece in pieces:
        if piece.keys:
            with _naming_line(piece):
                check_keys(film, _folder_of(piece), piece.settings)


def with_keys(film: Film, piece: Piece) -> Piece:
    """The piece with its key frames laid on its frames.

    Raises:
        OptionError: one cannot be read, or is for a frame in colour; the error names the line.
    """
    if not piece.keys:
        return piece
    with _naming_line(piece):
        keys, warnings = ready_keys(film, _folder_of(piece), piece.settings)
    return replace(piece, settings=replace(piece.settings, keys=keys), warnings=warnings)


class SceneKeys:
    """Key frames that shots take from others of their scenes, each laid on its frame once for all of them."""

    def __init__(self, film: Film) -> None:
        self._film = film
        self._laid: dict[tuple[tuple[Path, ...], int, bool], tuple[FilmKey, ...]] = {}

    def of(self, piece: Piece) -> tuple[FilmKey, ...]:
        """Those that a piece takes; errors as of `ready_keys`."""
        settings, pictures = piece.settings, piece.scene_keys
        known = (pictures, settings.render_factor, settings.recolor_all)
        if pictures and known not in self._laid:
            folder = KeyFolder(pictures[0].parent, pictures, "")
            self._laid[known], _ = ready_keys(self._film, folder, settings)  # the shot that has them warns
        return self._laid.get(known, ())


def _folder_of(piece: Piece) -> KeyFolder:
    return KeyFolder(piece.shot.row.path.parent, piece.keys, "")


@contextmanager
def _naming_line(piece: Piece) -> Iterator[None]:
    """Let an error name the line of the piece's shot."""
    try:
        yield
    except DeoldifyError as error:
        raise piece.shot.row.error(str(error)) from error
