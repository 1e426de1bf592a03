"""What is remembered of the frames of a sequence: numbers, sizes and hashes, in one line for all of them."""

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from deoldify_lite.sequence.ranges import as_ranges, text_of

# Hex digits of each frame's SHA-256 that are kept: enough to find damage.
DIGITS = 16
_PATTERN = re.compile(r"(?P<prefix>.*)%(?:0(?P<digits>\d+))?d(?P<suffix>.*)", re.DOTALL)
# Numbers of no sequence have more digits.
_RANGES = re.compile(r"\d{1,18}(-\d{1,18})?(, \d{1,18}(-\d{1,18})?)*", re.ASCII)
# A list of more frames is none of ours: they are kept in memory.
MOST_FRAMES = 10_000_000


class FrameMark(NamedTuple):
    """One finished frame."""

    size: int  # bytes
    digest: str  # the first DIGITS hex digits of its SHA-256


def frame_name(pattern: str, number: int) -> str:
    """The name of a frame: number 7 of `reel/%05d.dpx` is `reel/00007.dpx`.

    Raises:
        ValueError: it is not a pattern.
    """
    found = _PATTERN.fullmatch(pattern)
    if not found:
        raise ValueError(f"{pattern!r}: is not a pattern")
    return f"{found['prefix']}{number:0{min(int(found['digits'] or 1), 18)}}{found['suffix']}"


def mark_of(path: Path) -> FrameMark:
    """The mark of a file; reads all of it.

    Raises:
        OSError: it cannot be read.
    """
    digest, size = hashlib.sha256(), 0
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
            size += len(chunk)
    return FrameMark(size, digest.hexdigest()[:DIGITS])


def write_marks(path: Path, marks: Mapping[int, FrameMark]) -> None:
    """Write marks by number into a file, a line each."""
    path.write_text("".join(f"{number}\t{mark.size}\t{mark.digest}\n" for number, mark in marks.items()))


def marks_in(path: Path) -> dict[int, FrameMark]:
    """The marks that `write_marks` has written.

    Raises:
        OSError: they cannot be read.
        ValueError: it has not written them.
    """
    lines = (line.split("\t") for line in path.read_text().splitlines())
    return {int(number): FrameMark(int(size), digest) for number, size, digest in lines}


def ranges_of(numbers: Iterable[int]) -> str:
    """All numbers by range, such as `86400-90000, 90005`."""
    ranges = as_ranges(numbers)
    return text_of(ranges, most=len(ranges))


def numbers_in(ranges: str) -> list[int]:
    """The numbers that `ranges_of` wrote.

    Raises:
        ValueError: it wrote no such text.
    """
    if not _RANGES.fullmatch(ranges):
        raise ValueError(f"{ranges[:80]!r}: are not ranges of numbers")
    found: list[int] = []
    for part in ranges.split(", "):
        first, _, last = part.partition("-")
        if int(last or first) - int(first) + len(found) > MOST_FRAMES:
            raise ValueError("too many numbers")
        found.extend(range(int(first), int(last or first) + 1))
    return found


class PackedMarks(NamedTuple):
    """Marks as three texts."""

    frames: str  # numbers, as of `ranges_of`
    sizes: str  # bytes of each, such as `6391808*3601`
    digests: str  # of each, one after the other


def pack_marks(marks: Mapping[int, FrameMark]) -> PackedMarks:
    """Pack marks by number; equal sizes that follow each other stand once."""
    numbers = sorted(marks)
    sizes = [(size, sum(1 for _ in run)) for size, run in groupby(marks[number].size for number in numbers)]
    return PackedMarks(
        ranges_of(numbers),
        " ".join(f"{size}*{count}" if count > 1 else f"{size}" for size, count in sizes),
        "".join(marks[number].digest for number in numbers),
    )


def unpack_marks(frames: str, sizes: str, digests: str) -> dict[int, FrameMark]:
    """Marks by number, from what `pack_marks` made.

    Raises:
        ValueError: it has not made them.
    """
    numbers = numbers_in(frames)
    each = list(_sizes_in(sizes, len(numbers)))
    if len(each) != len(numbers) or len(digests) != DIGITS * len(numbers):
        raise ValueError("the number of sizes or hashes is not that of the frames")
    return {
        number: FrameMark(size, digests[DIGITS * place : DIGITS * (place + 1)])
        for place, (number, size) in enumerate(zip(numbers, each, strict=True))
    }


def _sizes_in(sizes: str, most: int) -> Iterator[int]:
    for part in sizes.split():
        size, _, count = part.partition("*")
        for _ in range(min(int(count or 1), most + 1)):
            yield int(size)
