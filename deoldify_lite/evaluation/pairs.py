"""Which result belongs to which true picture or film: what the search for photos and for films shares."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from deoldify_lite.errors import InputError, OptionError

GREY, TRUTH = "grey", "truth"  # names of the two columns that are always there


@dataclass(frozen=True)
class Pair:
    """A true picture or film and what each folder of results has for it."""

    name: str  # of the truth below its folder, with forward slashes
    truth: Path
    results: tuple[Path, ...]  # one of each folder


@dataclass(frozen=True)
class Pairing:
    """What was found in the folders."""

    pairs: tuple[Pair, ...]  # true pictures or films that every folder has
    missing: tuple[str, ...]  # those that some folder lacks, or has twice, each with the reason
    extra: tuple[str, ...]  # results without a true picture or film


class Results:
    """The results in a folder, by their paths below it."""

    def __init__(self, folder: Path, files: Sequence[Path]) -> None:
        self.folder = folder
        self.by_path = {path.relative_to(folder): path for path in files}
        self._by_stem: dict[Path, list[Path]] = defaultdict(list)
        for relative, path in self.by_path.items():
            self._by_stem[relative.with_suffix("")].append(path)

    def of_stem(self, stem: Path) -> list[Path]:
        """The results whose path without the suffix is this."""
        return self._by_stem.get(stem, [])

    def named_after(self, stem: Path) -> list[Path]:
        """The same, or else those with -colorized at the end of the name."""
        return self.of_stem(stem) or self.of_stem(stem.with_name(f"{stem.name}-colorized"))


# The results of a folder, and a true file's path below its own -> the results that may belong to it.
FindCandidates = Callable[[Results, Path], Sequence[Path]]


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


def pair_up(
    truth: Path, true: Sequence[Path], results: Sequence[Results], candidates: FindCandidates, kinds: str
) -> Pairing:
    """Pair each true picture or film with the one result that each folder has for it.

    Args:
        truth: the folder of the true ones.
        true: the files in it.
        results: the results in each folder.
        candidates: finds what may belong to a true file; if that is not exactly one result, it is missing.
        kinds: pictures or films, for the message.

    Raises:
        InputError: no result belongs to any true file.
    """
    pairs, missing = [], []
    claimed: set[Path] = set()
    for path in true:
        relative = path.relative_to(truth)
        own = []
        for searched in results:
            found = candidates(searched, relative)
            claimed.update(found)
            if len(found) == 1:
                own.append(found[0])
            elif found:
                names = " and ".join(result.name for result in found)
                missing.append(f"{path}: {searched.folder} has several results for it: {names}")
            else:
                missing.append(f"{path}: {searched.folder} has no result for it")
        if len(own) == len(results):
            pairs.append(Pair(relative.as_posix(), path, tuple(own)))
    if not pairs:
        folders = " and in ".join(str(searched.folder) for searched in results)
        raise InputError(
            f"{truth}: none of its {kinds} has a result in {folders}: "
            "they are found by the path below the folder, without the suffix"
        )
    extra = [
        str(path)
        for searched in results
        for path in searched.by_path.values()
        if path not in claimed and not path.name.endswith("-compare.jpg")
    ]
    return Pairing(tuple(pairs), tuple(missing), tuple(extra))
