"""What is wrong with a sequence, found before any work by names and headers alone."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from deoldify_lite.errors import InputError
from deoldify_lite.sequence.frame import Facts
from deoldify_lite.sequence.frames import look
from deoldify_lite.sequence.names import Sequence, names_in
from deoldify_lite.sequence.ranges import Ranges, as_ranges, text_of, without

# Sorts of trouble.
MISSING = "missing"  # no file
EMPTY = "empty"  # a file without a byte
UNREADABLE = "unreadable"  # cut short, damaged, or no such picture
DIFFERENT = "different"  # of another size, depth or kind than most
DUPLICATE = "duplicate"  # two files for one frame

# Frames that have no picture: to hold the one before, or to skip, is a choice. All else has to be mended.
LOST = (MISSING, EMPTY, UNREADABLE)

_MOST_NAMES = 5  # that a text lists


@dataclass(frozen=True)
class Trouble:
    """Something that is wrong with some frames."""

    sort: str
    frames: Ranges
    text: str  # names the files, what is wrong and the remedy


@dataclass(frozen=True)
class Examination:
    """A sequence, examined."""

    facts: Facts | None  # of most of its frames; None if none can be read
    troubles: tuple[Trouble, ...]
    usable: Ranges  # frames that can be read and are like most

    @property
    def lost(self) -> Ranges:
        """Frames that have no picture."""
        numbers = [each for trouble in self.troubles if trouble.sort in LOST for each in trouble.frames]
        return as_ranges(number for first, last in numbers for number in range(first, last + 1))

    @property
    def to_mend(self) -> tuple[Trouble, ...]:
        """Troubles that stop the work, whatever `--missing` says."""
        return tuple(trouble for trouble in self.troubles if trouble.sort not in LOST)


def examine(sequence: Sequence) -> Examination:
    """Look at the header of every frame, and return all that is wrong with the sequence."""
    # Numbers by layout, with the first frame's facts: those of each would take a kilobyte.
    layouts: dict[Any, tuple[Facts, list[int]]] = {}
    reasons: dict[int, str] = {}
    empty: list[int] = []
    for number in sequence.numbers():
        path = sequence.path(number)
        try:
            if path.stat().st_size == 0:
                empty.append(number)
            else:
                facts = look(path)
                layouts.setdefault(facts.layout, (facts, []))[1].append(number)
        except InputError as error:
            reasons[number] = str(error)
        except OSError as error:
            reasons[number] = f"{path}: cannot be opened: {error.strerror or error}"
    # The first of those that most frames have.
    common = max(layouts.values(), key=lambda each: len(each[1]), default=(None, []))[0]
    others = [each for each in layouts.values() if each[0] is not common]
    troubles = (
        *_missing(sequence, as_ranges(empty)),
        *(Trouble(UNREADABLE, ((number, number),), reason) for number, reason in reasons.items()),
        *_different(sequence, others, common),
        *_duplicates(sequence),
    )
    unlike = (number for _, numbers in others for number in numbers)
    return Examination(common, troubles, without(sequence.ranges, as_ranges([*empty, *reasons, *unlike])))


def _missing(sequence: Sequence, empty: Ranges) -> Iterator[Trouble]:
    remedy = "copy them from the scan, or choose --missing hold or --missing skip"
    for sort, frames, words in ((MISSING, sequence.missing, "missing"), (EMPTY, empty, "empty files")):
        if frames:
            yield Trouble(sort, frames, f"{_named(sequence, frames)}: {words}; {remedy}")


def _different(
    sequence: Sequence, layouts: Iterable[tuple[Facts, list[int]]], common: Facts | None
) -> Iterator[Trouble]:
    for facts, numbers in layouts:
        frames = as_ranges(numbers)
        text = f"{_named(sequence, frames)}: {facts}, while most are {common}; move them elsewhere"
        yield Trouble(DIFFERENT, frames, text)


def _duplicates(sequence: Sequence) -> Iterator[Trouble]:
    """Find names that stand for a frame, too: padded to another length, or with letters of another case."""
    prefix, suffix = sequence.prefix.casefold(), sequence.suffix.casefold()
    others: dict[int, str] = {}
    for name in names_in(sequence.folder):
        folded = name.casefold()
        number = folded[len(prefix) : len(folded) - len(suffix)]
        if not (folded.startswith(prefix) and folded.endswith(suffix) and number.isdecimal()):
            continue
        if sequence.name(int(number)) != name and sequence.first <= int(number) <= sequence.last:
            others[int(number)] = name
    if others:
        names = ", ".join([others[number] for number in sorted(others)][:_MOST_NAMES])
        more = f" and {len(others) - _MOST_NAMES} more" if len(others) > _MOST_NAMES else ""
        frames = as_ranges(others)
        text = f"{_named(sequence, frames)}: named a second way: {names}{more}; remove those or move them"
        yield Trouble(DUPLICATE, frames, text)


def _named(sequence: Sequence, frames: Ranges) -> str:
    return f"{sequence.pattern}: {text_of(frames, sequence.digits)}"
