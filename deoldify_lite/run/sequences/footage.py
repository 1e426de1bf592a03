"""A sequence as a film: which of its files show which frames, and what readers of films must know of it."""

from bisect import bisect_right
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from itertools import accumulate
from pathlib import Path

from deoldify_lite.film.colors import Colors
from deoldify_lite.film.probe import Film
from deoldify_lite.sequence.frame import Facts
from deoldify_lite.sequence.names import Sequence
from deoldify_lite.sequence.ranges import Range, Ranges, count_of

# Frames a second of sequences that do not say: that of most films.
USUAL_RATE = Fraction(24)


@dataclass(frozen=True)
class Footage:
    """The files of a sequence in the order of a film's frames."""

    sequence: Sequence
    facts: Facts  # of all its frames
    shown: Ranges  # numbers of the film's frames
    usable: Ranges  # those that have a picture; each of the others holds the one before

    def __len__(self) -> int:
        """How many frames the film has."""
        return count_of(self.shown)

    @cached_property
    def _counts(self) -> list[int]:
        """Frames up to the end of each range."""
        return list(accumulate(last - first + 1 for first, last in self.shown))

    def number(self, frame: int) -> int:
        """The number of the file for a frame; frames count from 0."""
        place = bisect_right(self._counts, frame)
        return self.shown[place][1] - (self._counts[place] - 1 - frame)

    def frame_of(self, name: str) -> int | None:
        """The frame whose file has a name; None if there is none."""
        number = self.sequence.number_of(name)
        if number is None or not any(first <= number <= last for first, last in self.shown):
            return None
        return count_of(tuple((first, min(last, number - 1)) for first, last in self.shown if first < number))

    def path(self, frame: int) -> Path:
        """The file that has the picture of a frame."""
        return self.sequence.path(self._usable_for(self.number(frame)))

    def held(self, frame: int) -> int:
        """How many frames after its picture's own a frame shows it: 0 but for frames that have none."""
        number = self.number(frame)
        return number - self._usable_for(number)

    def _usable_for(self, number: int) -> int:
        before = bisect_right(self.usable, (number, self.sequence.last)) - 1
        if before < 0:  # nothing comes before: the first picture is held backwards
            return self.usable[0][0]
        return min(number, self.usable[before][1])

    def numbers(self, first: int, end: int) -> Ranges:
        """Numbers of a film's frames, from the first up to the one before the end."""
        if first >= end:
            return ()
        low, high = self.number(first), self.number(end - 1)
        return tuple(_within(one, low, high) for one in self.shown if one[1] >= low and one[0] <= high)


def _within(one: Range, low: int, high: int) -> Range:
    return max(one[0], low), min(one[1], high)


@dataclass(frozen=True)
class SequenceFilm(Film):
    """A film whose frames are files."""

    footage: Footage = field(kw_only=True)
    encoded: bool = False  # ffmpeg makes a film of it


def film_of(footage: Footage, rate: Fraction) -> SequenceFilm:
    """Return a sequence as a film."""
    facts = footage.facts
    return SequenceFilm(
        path=footage.sequence.pattern,
        width=facts.width,
        height=facts.height,
        rate=rate,
        variable=False,
        frame_count=len(footage),
        offset_s=Fraction(0),
        codec=facts.kind,
        pix_fmt="gray16le" if facts.channels == 1 else "gbrp16le",
        colors=Colors("pc", "smpte170m", None, None, None),
        pixel_aspect=facts.aspect,
        index=0,
        picture_tags={},
        picture_dispositions=(),
        streams=(),
        timecode=facts.timecode,
        footage=footage,
    )


def colorized_in(folder: Path, film: Film) -> SequenceFilm:
    """Return a sequence as it is in the folder of its result, where each frame has a file of its own."""
    assert isinstance(film, SequenceFilm), "other films have no folder"
    footage = film.footage
    there = replace(footage.sequence, folder=folder)
    return replace(film, footage=replace(footage, sequence=there, usable=footage.shown))
