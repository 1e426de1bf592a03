"""Which result belongs to which true picture, by their paths below their folders."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.photo.kinds import PHOTO_SUFFIXES
from deoldify_lite.system.files import find_media

GREY, TRUTH = "grey", "truth"  # names of the two columns that are always there


@dataclass(frozen=True)
class Pair:
    """A true picture and what each folder of results has for it."""

    name: str  # of the truth below its folder, with forward slashes
    truth: Path
    results: tuple[Path, ...]  # one of each folder


@dataclass(frozen=True)
class Pairing:
    """What was found in the folders."""

    pairs: tuple[Pair, ...]  # pictures that every folder has
    missing: tuple[str, ...]  # true pictures that some folder lacks, or has twice, each with the reason
    extra: tuple[str, ...]  # results without a true picture


def column_names(results: Sequence[Path]) -> list[str]:
    """A short name for each folder of results: its own, or the whole path where that is taken.

    Raises:
        OptionError: a folder is named twice.
    """
    whole = [path.resolve() for path in results]
    if len(set(whole)) < len(whole):
        raise OptionError(f"{results[0]}: a folder of results is named twice")
    own = [path.name for path in whole]
    return [
        name if own.count(name) == 1 and name not in (GREY, TRUTH) else str(path)
        for name, path in zip(own, whole, strict=True)
    ]


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
    found = [_Results(folder, _pictures(folder, folders)) for folder in results]
    stems = Counter(path.relative_to(truth).with_suffix("") for path in true)
    pairs, missing = [], []
    for path in true:
        relative = path.relative_to(truth)
        own = []
        for searched in found:
            candidates = searched.candidates(relative, unique=stems[relative.with_suffix("")] == 1)
            if len(candidates) == 1:
                own.append(candidates[0])
            elif candidates:
                names = " and ".join(candidate.name for candidate in candidates)
                missing.append(f"{path}: {searched.folder} has several results for it: {names}")
            else:
                missing.append(f"{path}: {searched.folder} has no result for it")
        if len(own) == len(found):
            pairs.append(Pair(relative.as_posix(), path, tuple(own)))
    if not pairs:
        raise InputError(
            f"{truth}: none of its pictures has a result in {' and in '.join(map(str, results))}: "
            "they are found by the path below the folder, without the suffix"
        )
    extra = [str(path) for folder in found for path in folder.unclaimed()]
    return Pairing(tuple(pairs), tuple(missing), tuple(extra))


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


class _Results:
    """A folder of results, to be searched by the path of the truth."""

    def __init__(self, folder: Path, pictures: Sequence[Path]) -> None:
        self.folder = folder
        self._pictures = pictures
        self._by_path = {path.relative_to(folder): path for path in pictures}
        self._by_stem: dict[Path, list[Path]] = defaultdict(list)
        for relative, path in self._by_path.items():
            self._by_stem[relative.with_suffix("")].append(path)
        self._claimed: set[Path] = set()

    def candidates(self, relative: Path, *, unique: bool) -> list[Path]:
        """What may be the result of a true picture: those of the first rule that finds any.

        Args:
            relative: path of the true picture below its folder.
            unique: whether no other true picture differs from it in the suffix alone.
        """
        stem = relative.with_suffix("")
        found = [self._by_path[relative]] if relative in self._by_path else self._by_stem.get(relative, [])
        if not found and unique:
            found = self._by_stem.get(stem) or self._by_stem.get(stem.with_name(f"{stem.name}-colorized"), [])
        self._claimed.update(found)
        return found

    def unclaimed(self) -> list[Path]:
        """Pictures that belong to nothing, but for comparisons."""
        return [
            path
            for path in self._pictures
            if path not in self._claimed and not path.name.endswith("-compare.jpg")
        ]
