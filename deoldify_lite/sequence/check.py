"""What is wrong with a sequence, found before any work by names and headers alone."""

from collections import Counter
from dataclasses import dataclass

from deoldify_lite.errors import InputError
from deoldify_lite.sequence.frame import Facts
from deoldify_lite.sequence.frames import look
from deoldify_lite.sequence.names import Sequence
from deoldify_lite.sequence.ranges import Ranges, as_ranges, text_of, without

# Sorts of trouble.
MISSING = "missing"  # no file
EMPTY = "empty"  # a file without a byte
UNREADABLE = "unreadable"  # cut short, damaged, or no such picture
DIFFERENT = "different"  # of another size, depth or kind than most
DUPLICATE = "duplicate"  # two files for one frame

# Frames that have no picture: to hold the one before, or to skip, is a choice. All else has to be mended.
LOST = (MISSING, EMPTY, UNREADABLE)


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
    facts: dict[int, Facts] = {}
    reasons: dict[int, str] = {}
    empty: list[int] = []
    for number in sequence.numbers():
        path = sequence.path(number)
        try:
            if path.stat().st_size == 0:
                empty.append(number)
            else:
                facts[number] = look(path)
        except InputError as error:
            reasons[number] = str(error)
        except OSError as error:
            reasons[number] = f"{path}: cannot be opened: {error.strerror or error}"
    troubles = []

    def add(sort: str, frames: Ranges, text: str) -> None:
        if frames:
            troubles.append(Trouble(sort, frames, text))

    def named(frames: Ranges) -> str:
        return f"{sequence.pattern}: {text_of(frames, sequence.digits)}"

    gaps = sequence.missing
    add(MISSING, gaps, f"{named(gaps)}: missing; copy them from the scan, or choose --missing hold or skip")
    none = as_ranges(empty)
    add(EMPTY, none, f"{named(none)}: empty files; copy them anew, or choose --missing hold or skip")
    for number, reason in reasons.items():
        add(UNREADABLE, ((number, number),), reason)
    usual = Counter(each.layout for each in facts.values()).most_common(1)
    common = next((each for each in facts.values() if each.layout == usual[0][0]), None) if usual else None
    others: dict[str, list[int]] = {}
    for number, each in facts.items():
        if common and each.layout != common.layout:
            others.setdefault(str(each), []).append(number)
    for what, numbers in others.items():
        text = f"{named(as_ranges(numbers))}: {what}, while the others are {common}; move them elsewhere"
        add(DIFFERENT, as_ranges(numbers), text)
    bad = as_ranges(number for trouble in troubles for a, b in trouble.frames for number in range(a, b + 1))
    return Examination(common, tuple(troubles), without(sequence.ranges, bad))
