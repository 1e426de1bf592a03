"""Which films are compared with which: by their names, or by their paths below their folders."""

from collections.abc import Sequence
from pathlib import Path

from deoldify_lite.errors import InputError
from deoldify_lite.evaluation.pairs import Pair, Pairing, Results, column_names, pair_up
from deoldify_lite.film.kinds import FILM_SUFFIXES
from deoldify_lite.photo.kinds import PHOTO_SUFFIXES
from deoldify_lite.system.files import find_media


def are_films(truth: Path) -> bool:
    """Whether films are compared, rather than photos: by what the truth is.

    Raises:
        InputError: it is a folder that holds both.
    """
    if not truth.is_dir():
        return truth.suffix.lower() in FILM_SUFFIXES
    if not (films := find_media(truth, FILM_SUFFIXES)):
        return False
    if photos := find_media(truth, PHOTO_SUFFIXES):
        raise InputError(
            f"{truth}: holds films ({films[0].name}) and photos ({photos[0].name}): name a folder that holds "
            "one kind alone"
        )
    return True


def film_columns(results: Sequence[Path]) -> list[str]:
    """A short name for each film or folder of results: of films of one name that of their folder.

    Raises:
        OptionError: a result is named twice.
    """
    folders = [path.resolve().parent for path in results]
    alike = len({path.name for path in results}) == 1 < len(set(folders)) == len(results)
    return column_names(folders if alike else results)


def find_film_pairs(results: Sequence[Path], truth: Path) -> Pairing:
    """Find every true film and its results.

    A result has the path of the true film below its folder, with any suffix, or that with -colorized at the
    end of the name. Single films need not bear the same name.

    Args:
        results: films, or folders of films.
        truth: a film, or a folder of films; the results are of the same kind.

    Raises:
        InputError: something is missing, of the other kind or empty, or no result belongs to any true film.
    """
    for path in results:
        if not path.exists():
            raise InputError(f"{path}: no such film or folder; check the name")
        if path.is_dir() != truth.is_dir():
            kinds = ("a folder", "a single film") if path.is_dir() else ("a single film", "a folder")
            raise InputError(
                f"{path}: is {kinds[0]}, but {truth} {kinds[1]}: name either films or folders of films"
            )
    if not truth.is_dir():
        return Pairing((Pair(truth.name, truth, tuple(results)),), (), ())
    return pair_up(
        truth,
        find_media(truth, FILM_SUFFIXES),
        [Results(folder, _films(folder)) for folder in results],
        lambda searched, relative: searched.named_after(relative.with_suffix("")),
        "films",
    )


def _films(folder: Path) -> list[Path]:
    """Films below a folder."""
    films = find_media(folder, FILM_SUFFIXES)
    if not films:
        raise InputError(f"{folder}: holds no film ({', '.join(sorted(FILM_SUFFIXES))})")
    return films
