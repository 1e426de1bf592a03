"""Colours that the user names at points: the file they are written in, and what it says.

One hint a line. On a photo it is `x,y,colour` or `x,y,colour,radius`, in a film the same after a time:

    # the jacket, the tie, and the wall, which is right as it is
    412,655,#2f4a8c
    38%,61.5%,#8c2f2f,2%
    80%,20%,keep

    0:42.5,412,655,#2f4a8c
    f1063,38%,61.5%,keep

x and y count from the upper left corner of the upright picture, in pixels or in percent of its width and
height. A colour is #rrggbb; `keep` holds the colour that is there. The radius says how far the colour goes at
most, in pixels or in percent of the longer side; without one it goes as far as things look alike. A time is
seconds, M:S or H:M:S, or f and the number of a frame, the first being f0. Empty lines and those that begin
with # are skipped.
"""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

from deoldify_lite.color.bt601 import CB_SCALE, CR_SCALE, LUMA_BLUE, LUMA_GREEN, LUMA_RED
from deoldify_lite.color.hint import FilmHint, Hint
from deoldify_lite.errors import InputError, OptionError

SUFFIX = ".hints.csv"
# Of one photo or frame: so many take a second to spread, and nobody sets more by hand.
MOST_HINTS = 500
MOST_BYTES = 1_000_000

_NUMBER = r"\d+(?:\.\d*)?|\.\d+"
_LENGTH = re.compile(rf"({_NUMBER})\s*(%?)", re.ASCII)
_COLOR = re.compile(r"#([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})")
_TIME = re.compile(rf"(?:(?:(\d+):)?(\d+):)?({_NUMBER})", re.ASCII)
_FRAME = re.compile(r"f(\d+)", re.ASCII)
_PHOTO_LINE, _FILM_LINE = "x,y,#rrggbb or x,y,#rrggbb,radius", "time,x,y,#rrggbb or time,x,y,#rrggbb,radius"


class _Length(NamedTuple):
    value: float
    percent: bool

    def of(self, whole_px: int) -> float:
        return self.value / (100 if self.percent else whole_px)


class _Mark(NamedTuple):
    """A line of the file."""

    line: int
    x: _Length
    y: _Length
    chroma: tuple[float, float] | None
    radius: _Length | None
    time_s: Fraction | None = None
    frame: int | None = None


@dataclass(frozen=True)
class HintFile:
    """What a file of hints says, before the size of the picture is known."""

    path: Path
    digest: str  # sha256 of its content, for the fingerprint of what is made with it
    marks: tuple[_Mark, ...] = field(repr=False)

    def on(self, width: int, height: int) -> list[Hint]:
        """The hints on an upright photo of so many pixels.

        Raises:
            OptionError: one lies outside of it.
        """
        return [self._place(mark, width, height) for mark in self.marks]

    def in_film(
        self, width: int, height: int, frame_at: Callable[[Fraction], int], *, each: int = 1
    ) -> list[FilmHint]:
        """The hints in a film, in order of time.

        Args:
            width, height: of the film's upright frames, in pixels.
            frame_at: the number of the frame that is on show at a time in seconds.
            each: frames of the film as it is written for one as hints count them.

        Raises:
            OptionError: one lies outside of the picture, or a frame has more than MOST_HINTS.
        """
        hints, counts = [], dict[int, int]()
        for mark in self.marks:
            if mark.frame is not None:
                number = mark.frame * each
            else:
                assert mark.time_s is not None, "read as hints on a photo"
                number = max(frame_at(mark.time_s), 0)
            counts[number] = counts.get(number, 0) + 1
            if counts[number] > MOST_HINTS:
                raise OptionError(f"{self.path}:{mark.line}: more than {MOST_HINTS} hints in one frame")
            hints.append(FilmHint(number, self._place(mark, width, height)))
        return sorted(hints, key=lambda hint: hint.frame)

    def _place(self, mark: _Mark, width: int, height: int) -> Hint:
        x, y = mark.x.of(width), mark.y.of(height)
        if x > 1 or y > 1:
            raise OptionError(
                f"{self.path}:{mark.line}: this point lies outside of the picture, which is {width} x "
                f"{height} px when upright"
            )
        radius = None if mark.radius is None else mark.radius.of(max(width, height))
        return Hint(x, y, mark.chroma, radius)


def find_hints(path: Path, source: Path) -> Path | None:
    """The file with the hints for a photo or film.

    Args:
        path: that file itself, or a folder with a file for each source: for a.jpg, a.jpg.hints.csv or
            a.hints.csv.
        source: the photo or film; what lies deeper in a folder may be given relative to it, and has its hints
            in the same place below `path`, or in `path` itself.

    Returns:
        The file; None if the folder has none for this source.

    Raises:
        OptionError: there is no such file or folder.
    """
    if path.is_file():
        return path
    if not path.is_dir():
        raise OptionError(f"{path}: no such file or folder with hints")
    deeper = [] if source.is_absolute() or ".." in source.parts else [path / source.parent]
    names = [source.name + SUFFIX, source.stem + SUFFIX]
    candidates = (folder / name for folder in (*deeper, path) for name in names)
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def read_hints(path: Path, *, film: bool = False) -> HintFile:
    """Read hints on a photo, or in a film.

    Raises:
        InputError: the file cannot be read.
        OptionError: a line of it cannot be understood, there is none, or there are too many.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"{path}: these hints cannot be read ({error}); write them as plain text") from error
    return parse_hints(data, path, film=film)


def parse_hints(data: bytes, path: Path, *, film: bool) -> HintFile:
    """Parse what a file of hints holds; `path` is for errors, which are those of `read_hints`."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: these hints cannot be read ({error}); write them as plain text") from error
    if len(data) > MOST_BYTES:
        raise OptionError(f"{path}: is larger than {MOST_BYTES:,} bytes, which is too much for hints")
    marks = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip() and not line.lstrip().startswith("#"):
            try:
                marks.append(_parse(number, line, film))
            except ValueError as error:
                raise OptionError(f"{path}:{number}: {error}") from None
    if not marks:
        form = _FILM_LINE if film else _PHOTO_LINE
        raise OptionError(f"{path}: holds no hint: write one a line, as {form}")
    if not film and len(marks) > MOST_HINTS:
        raise OptionError(f"{path}: holds {len(marks)} hints; at most {MOST_HINTS} go on one photo")
    return HintFile(path, hashlib.sha256(data).hexdigest(), tuple(marks))


def _parse(number: int, line: str, film: bool) -> _Mark:
    """One line, or a ValueError that says what is wrong with it."""
    cells = [cell.strip() for cell in line.split(",")]
    time_s, frame = None, None
    form = _FILM_LINE if film else _PHOTO_LINE
    if len(cells) not in ((4, 5) if film else (3, 4)):
        raise ValueError(f"`{line.strip()}`: a hint {'in a film' if film else 'on a photo'} is {form}")
    if film:
        time, *cells = cells
        if found := _FRAME.fullmatch(time):
            frame = int(found[1])
        elif found := _TIME.fullmatch(time):
            time_s = 3600 * int(found[1] or 0) + 60 * int(found[2] or 0) + Fraction(found[3])
        else:
            raise ValueError(
                f"`{time}` is not a time: write seconds, M:S or H:M:S, or f and a frame's number"
            )
    x, y, color, *radius = cells
    if radius and _COLOR.fullmatch(radius[0]):
        raise ValueError(f"`{line.strip()}`: this has a time too many or too few: write {form}")
    return _Mark(
        number,
        _parse_length(x, "place"),
        _parse_length(y, "place"),
        _parse_color(color),
        _parse_radius(radius[0]) if radius else None,
        time_s,
        frame,
    )


def _parse_length(text: str, what: str) -> _Length:
    found = _LENGTH.fullmatch(text)
    if not found:
        raise ValueError(f"`{text}` is not a {what}: write pixels, as 120, or percent, as 37.5%")
    return _Length(float(found[1]), bool(found[2]))


def _parse_radius(text: str) -> _Length:
    radius = _parse_length(text, "radius")
    if not radius.value:
        raise ValueError("a radius of 0 reaches nothing: leave it out, or write a larger one")
    return radius


def _parse_color(text: str) -> tuple[float, float] | None:
    """Cb and Cr of a colour; its luma does not count, for that stays the picture's own."""
    if text == "keep":
        return None
    found = _COLOR.fullmatch(text)
    if not found:
        raise ValueError(f"`{text}` is not a colour: write #rrggbb, as #2f4a8c, or keep")
    red, green, blue = (int(part, 16) / 255 for part in found.groups())
    luma = LUMA_RED * red + LUMA_GREEN * green + LUMA_BLUE * blue
    return (blue - luma) / CB_SCALE, (red - luma) / CR_SCALE
