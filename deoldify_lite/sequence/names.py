"""Sequences of numbered files: what a user writes, and what a folder holds, as a frozen `Sequence`."""

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from deoldify_lite.errors import InputError
from deoldify_lite.sequence.ranges import Ranges, as_ranges, count_of, gaps_of, numbers_of
from deoldify_lite.system.files import natural_key

# Kinds of frames, by the suffix of their files.
KINDS = {
    ".dpx": "DPX",
    ".exr": "EXR",
    ".tif": "TIFF",
    ".tiff": "TIFF",
    ".png": "PNG",
    **dict.fromkeys((".jp2", ".j2k", ".j2c", ".jpc"), "JPEG 2000"),
}
KNOWN = "DPX, EXR, TIFF, PNG and JPEG 2000"

# Where a pattern has its number: %07d, #### (one a digit), or a range in brackets.
_PLACE = re.compile(r"%(?:0?(?P<width>\d+))?d|(?P<hashes>#+)|\[(?P<first>\d+)-(?P<last>\d+)\]|(?P<star>\*)")
_MOST_DIGITS = 18  # of a number; a longer one is not a frame's


@dataclass(frozen=True)
class Sequence:
    """Numbered files of one folder that are the frames of one film."""

    folder: Path
    prefix: str  # of the names, before the number
    digits: int  # to which numbers are padded with zeros; 1: not padded
    suffix: str  # of the names, after the number, with the dot
    ranges: Ranges  # numbers of the files that are there
    asked: tuple[int, int] | None = None  # the first and last number that the user named

    @property
    def first(self) -> int:
        """The number of the first frame."""
        return self.asked[0] if self.asked else self.ranges[0][0]

    @property
    def last(self) -> int:
        """The number of the last frame."""
        return self.asked[1] if self.asked else self.ranges[-1][1]

    @property
    def missing(self) -> Ranges:
        """Numbers between the first and the last that have no file."""
        return gaps_of(self.ranges, self.first, self.last)

    @property
    def kind(self) -> str:
        """What its files are by their names: a value of `KINDS`."""
        return KINDS[Path(self.suffix).suffix.lower() or self.suffix.lower()]

    @property
    def pattern(self) -> Path:
        """The path with the number as %07d, as ffmpeg and other programs take it."""
        number = "%d" if self.digits == 1 else f"%0{self.digits}d"
        return self.folder / f"{self.prefix}{number}{self.suffix}"

    def __len__(self) -> int:
        """How many files there are."""
        return count_of(self.ranges)

    def __str__(self) -> str:
        """The pattern and the numbers, for people."""
        return f"{self.pattern} {self.first:0{self.digits}}-{self.last:0{self.digits}}"

    def name(self, number: int) -> str:
        """Return the name of a frame's file."""
        return f"{self.prefix}{number:0{self.digits}}{self.suffix}"

    def path(self, number: int) -> Path:
        """Return the path of a frame."""
        return self.folder / self.name(number)

    def number_of(self, name: str) -> int | None:
        """Return the number of the frame whose file has a name; None if it is not a frame's."""
        end = len(name) - len(self.suffix)
        text = name[len(self.prefix) : end]
        if not (name.startswith(self.prefix) and name.endswith(self.suffix) and text.isdecimal()):
            return None
        return int(text) if len(text) <= _MOST_DIGITS and self.name(int(text)) == name else None

    def numbers(self) -> Iterator[int]:
        """Yield the numbers of the files that are there, in order."""
        return numbers_of(self.ranges)


def is_pattern(path: Path) -> bool:
    """Return whether a path is not a file or folder but stands for numbered files, such as reel/%07d.dpx."""
    return bool(_PLACE.search(path.name)) and not path.exists()


def name_frames(pattern: Path) -> Sequence:
    """Return the names of frames that are to be written; no file is looked at.

    Args:
        pattern: such as reel/%07d.dpx or reel/reel_####.tif.

    Raises:
        InputError: it has no number, or names no kind of frame.
    """
    if pattern.suffix.lower() not in KINDS:
        raise InputError(
            f"{pattern}: no frames are written as {pattern.suffix or 'files without suffix'}: "
            f"name {KNOWN} files"
        )
    place = _PLACE.search(pattern.name)
    if place is None or not (place["hashes"] or place[0].endswith("d")):
        raise InputError(
            f"{pattern}: where is the number of a frame? Write it as %07d, such as "
            f"{pattern.parent / '%07d'}{pattern.suffix}"
        )
    digits = len(place["hashes"] or "") or int(place["width"] or 1)
    prefix, suffix = pattern.name[: place.start()], pattern.name[place.end() :]
    if _PLACE.search(prefix + suffix) or not 1 <= digits <= _MOST_DIGITS:
        raise InputError(f"{pattern}: a frame has one number: write it once, as %07d")
    return Sequence(pattern.parent, prefix, digits, suffix, ())


def find_sequence(path: Path) -> Sequence:
    """Find the one sequence that a user means.

    Args:
        path: a folder, one frame of a sequence, or a pattern: reel/%07d.dpx, reel/reel_####.tif,
            reel/reel_*.tif or reel/reel_[0086400-0090000].dpx.

    Raises:
        InputError: there is none, or more than one.
    """
    if path.is_dir():
        found = list_sequences(path)
        where = f"{path}: "
    else:
        found = _matching(path)
        where = f"{path}: "
    if not found:
        raise InputError(
            f"{where}no numbered {KNOWN} files are there; name a folder or a pattern such as reel/%07d.dpx"
        )
    if len(found) > 1:
        names = ", ".join(str(one.pattern) for one in found[:5])
        names += f" and {len(found) - 5} more" if len(found) > 5 else ""
        raise InputError(f"{where}holds {len(found)} sequences; name one of them: {names}")
    return found[0]


def list_sequences(folder: Path) -> list[Sequence]:
    """List all sequences of a folder, its own files alone, in natural order.

    One listing, whatever the number of files; no file is opened.

    Raises:
        InputError: the folder cannot be listed.
    """
    return group_names(folder, names_in(folder))


def names_in(folder: Path) -> list[str]:
    """List the names of a folder's files that may be frames, hidden ones left out.

    Raises:
        InputError: the folder cannot be listed.
    """
    try:
        with os.scandir(folder) as entries:
            return [
                entry.name
                for entry in entries
                if not entry.name.startswith(".")
                and os.path.splitext(entry.name)[1].lower() in KINDS
                and entry.is_file()
            ]
    except OSError as error:
        raise InputError(f"{folder}: cannot be listed: {error.strerror or error}") from error


def group_names(folder: Path, names: Iterable[str]) -> list[Sequence]:
    """Group names that differ in one number alone, as sequences in natural order.

    Where several numbers of the names differ, the last one counts the frames. Names without a number are left
    out, and so are those whose number is padded in another way than that of most.
    """
    groups: dict[tuple[str, ...], list[list[str]]] = {}
    for name in names:
        stem, dot, suffix = name.rpartition(".")
        parts = re.split(r"(\d+)", stem)
        parts[-1] += dot + suffix  # a digit in it, as in .jp2, is no number of a frame
        if len(parts) >= 3:
            groups.setdefault(tuple(parts[::2]), []).append(parts)
    split: dict[tuple[str, str], list[str]] = {}
    for members in groups.values():
        places = range(1, len(members[0]), 2)
        place = max((at for at in places if len({one[at] for one in members}) > 1), default=places[-1])
        for parts in members:
            if len(parts[place]) <= _MOST_DIGITS:
                ends = "".join(parts[:place]), "".join(parts[place + 1 :])
                split.setdefault(ends, []).append(parts[place])
    found = []
    for (prefix, suffix), written in split.items():
        digits = padding_of(written)
        numbers = [int(text) for text in written if f"{int(text):0{digits}}" == text]
        found.append(Sequence(folder, prefix, digits, suffix, as_ranges(numbers)))
    return sorted(found, key=lambda one: (natural_key(str(one.pattern)), one.prefix))


def padding_of(written: Iterable[str]) -> int:
    """Return to how many digits most numbers are padded; 1 if they are not."""
    counts: dict[int, int] = {}
    shortest = _MOST_DIGITS
    for text in written:
        shortest = min(shortest, len(text))
        if text.startswith("0") and len(text) > 1:
            counts[len(text)] = counts.get(len(text), 0) + 1
    if counts:
        return max(counts, key=lambda digits: (counts[digits], digits))
    return shortest


def _matching(path: Path) -> list[Sequence]:
    """Return the sequences of a pattern, or the one that a file belongs to."""
    names = names_in(path.parent)
    place = None if path.exists() else _PLACE.search(path.name)
    if place is None:
        return [one for one in group_names(path.parent, names) if one.number_of(path.name) is not None]
    if place["star"]:
        parts = path.name.split("*")
        wanted = re.compile(".*".join(map(re.escape, parts)), re.DOTALL)
        return group_names(path.parent, [name for name in names if wanted.fullmatch(name)])
    prefix, suffix = path.name[: place.start()], path.name[place.end() :]
    of_pattern = re.compile(re.escape(prefix) + r"(\d+)" + re.escape(suffix))
    written = [match[1] for name in names if (match := of_pattern.fullmatch(name))]
    asked = None
    if place["hashes"]:
        digits = len(place["hashes"])
    elif place["first"]:
        asked = int(place["first"]), int(place["last"])
        if asked[0] > asked[1]:
            raise InputError(f"{path}: its range ends before it begins; write [first-last]")
        padded = place["first"].startswith("0") or len(place["first"]) == len(place["last"])
        digits = len(place["first"]) if padded else 1
    else:
        digits = int(place["width"] or 1)
    numbers = {int(text) for text in written if f"{int(text):0{digits}}" == text}
    if asked:
        numbers = {number for number in numbers if asked[0] <= number <= asked[1]}
    if not numbers:
        return []
    return [Sequence(path.parent, prefix, digits, suffix, as_ranges(numbers), asked)]
