"""Which photos are compared with which: by their paths below their folders."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from deoldify_lite.errors import InputError
from deoldify_lite.evaluation.pairs import Pairing, Results, pair_up
from deoldify_lite.photo.kinds import PHOTO_SUFFIXES
from deoldify_lite.system.files import find_media


def find_pairs(results: Sequence[Path], truth: Path) -> Pairing:
    """Find every true picture and its results, all folders inside included.

    A result may have any suffix, and the names that `colorize-folder` gives: NAME, NAME-colorized, or the
    source's full name where two differ only in the suffix (a.png.jpg for a.png). Comparisons
    (NAME-compare.jpg) are passed over.

    Args:
        results: folders of results.
        truth: folder of the true pictures.

    Raises:
        InputError: a folder does not exist or holds no picture, or no result belongs to any true picture.
    """
    folders = [*results, truth]
    for folder in folders:
        if not folder.is_dir():
            raise InputError(f"{folder}: no such folder: name folders of pictures, the true ones last")
    true = _pictures(truth, folders)
    found = [Results(folder, _pictures(folder, folders)) for folder in results]
    stems = Counter(path.relative_to(truth).with_suffix("") for path in true)

    def candidates(searched: Results, relative: Path) -> list[Path]:
        if relative in searched.by_path:
            return [searched.by_path[relative]]
        if full_name := searched.of_stem(relative):
            return full_name
        stem = relative.with_suffix("")
        return searched.named_after(stem) if stems[stem] == 1 else []

    return pair_up(truth, true, found, candidates, "pictures")


def _pictures(folder: Path, folders: Sequence[Path]) -> list[Path]:
    """Pictures below a folder, but for those of other named folders inside it."""
    whole = folder.resolve()
    others = [other.resolve() for other in folders]
    inside = [other for other in others if other != whole and other.is_relative_to(whole)]
    found = [
        path
        for path in find_media(folder, PHOTO_SUFFIXES)
        if not any((whole / path.relative_to(folder)).is_relative_to(other) for other in inside)
    ]
    if not found:
        raise InputError(f"{folder}: holds no picture ({', '.join(sorted(PHOTO_SUFFIXES))})")
    return found
