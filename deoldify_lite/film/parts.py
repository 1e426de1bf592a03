"""Parts of a film that differ in size or in the aspect of their pixels, as in recordings of broadcasts."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from deoldify_lite.errors import VideoError
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.probe import Film, Part

_MOST_NAMED = 8  # parts in a message
REMEDY = "colorize each part into a file of its own"
# What ffmpeg's scale filter says of the frames that it gets: at the start, and whenever they change.
_SCALED = re.compile(r".* w:(\d+) h:(\d+) fmt:.* sar:(\d+)/(\d+) -> w:.*")


class PictureChanges(VideoError):
    """A film's size or pixel aspect is another than its first frames show: it may have parts.

    They are found by `probe_film(path, every_frame=True)`, which decodes all of it.
    """


class PictureWatch:
    """Watches what ffmpeg says while it scales a film, for frames that look different.

    Args:
        film: if its parts are known, nothing is watched.
    """

    def __init__(self, film: Film) -> None:
        self._film = film
        self._seen: str | None = None  # what is different

    def hear(self, line: str) -> None:
        """Take a line of ffmpeg's."""
        film = self._film
        if film.parts or self._seen or not (found := _SCALED.fullmatch(line)):
            return
        width, height, *aspect = map(int, found.groups())
        if (width, height) != (film.width, film.height):
            self._seen = f"size ({film.width} x {film.height} px, {width} x {height} px)"
        elif (pixel_aspect := Fraction(*aspect) if all(aspect) else None) != film.pixel_aspect:
            self._seen = f"pixel aspect ratio ({_ratio(film.pixel_aspect)}, {_ratio(pixel_aspect)})"

    def check(self) -> None:
        """Raise an error if something has been seen.

        Raises:
            PictureChanges: frames look different.
        """
        if self._seen:
            raise PictureChanges(
                f"{self._film.path}: its picture changes its {self._seen}; {REMEDY}, with --start and --end"
            )


@dataclass(frozen=True)
class _Shown:
    """What a cut shows of a part."""

    part: Part
    first: int  # number of its first frame
    end: int


def film_of_cut(film: Film, start_s: float | None, end_s: float | None) -> Film:
    """Return the film with the size and the aspect that it has between two times, in seconds.

    Raises:
        OptionError: nothing lies between the two.
        VideoError: its size changes between them.
    """
    if not film.parts:
        return film
    cut = Cut.between(film, start_s, end_s)
    end = max(film.frame_count, cut.first + 1) if cut.end is None else cut.end
    ends = [*(part.first for part in film.parts[1:]), end]
    shown = [
        _Shown(part, max(part.first, cut.first), min(after, end))
        for part, after in zip(film.parts, ends, strict=True)
        if part.first < end and after > cut.first
    ]
    part, notes = shown[0].part, film.notes
    sized = _of_one_size(shown)
    if len(sized) > 1:
        sizes = ", ".join(_short([f"{each.part.width} x {each.part.height} px" for each in sized]))
        raise VideoError(
            f"{film.path}: its picture changes its size ({sizes}); {REMEDY}: {_options(film, cut, sized)}"
        )
    aspects = [each.part.pixel_aspect for each in shown]
    kept = max(
        aspects, key=lambda aspect: sum(s.end - s.first for s in shown if s.part.pixel_aspect == aspect)
    )
    if len(set(aspects)) > 1:
        names = ", ".join(_short([_ratio(aspect) for aspect in aspects]))
        notes += (
            f"its pixels change their aspect ratio ({names}); all of the result has {_ratio(kept)}, "
            f"which lasts longest; to keep each, {REMEDY}: {_options(film, cut, shown)}",
        )
    return replace(film, width=part.width, height=part.height, pixel_aspect=kept, notes=notes)


def part_at(film: Film, frame: int) -> tuple[Film, int | None]:
    """Return the film as it looks in one frame, and the first frame after it that looks different, if any."""
    here = [part for part in film.parts if part.first <= frame] or film.parts[:1]
    after = [part.first for part in film.parts if part.first > frame]
    if here:
        part = here[-1]
        film = replace(film, width=part.width, height=part.height, pixel_aspect=part.pixel_aspect)
    return film, after[0] if after else None


def _of_one_size(shown: Sequence[_Shown]) -> list[_Shown]:
    """Return the parts, where those that differ in aspect alone are one."""
    joined: list[_Shown] = []
    for each in shown:
        if joined and (each.part.width, each.part.height) == (joined[-1].part.width, joined[-1].part.height):
            joined[-1] = replace(joined[-1], end=each.end)
        else:
            joined.append(each)
    return joined


def _options(film: Film, cut: Cut, shown: Sequence[_Shown]) -> str:
    """Return options for each of the parts."""
    lines = []
    for each in shown[:_MOST_NAMED]:
        begins = f"--start {_time(film, each.first)}" if each.first else ""
        is_last = each is shown[-1] and cut.end is None
        ends = "" if is_last else f"--end {_time(film, each.end)}"
        lines.append(" ".join(option for option in (begins, ends) if option))
    return "; ".join(lines) + (" ..." if len(shown) > _MOST_NAMED else "")


def _time(film: Film, frame: int) -> str:
    """Return when a frame is shown, as an option takes it: to the millisecond, if that is this frame's."""
    shown_s = float(film.offset_s + film.seconds(frame))
    texts = [f"{shown_s:.{digits}f}" for digits in (3, 6, 9)]
    return next((text for text in texts if film.nearest_frame(Fraction(text)) == frame), texts[-1])


def _short(names: Sequence[str]) -> list[str]:
    return [*names[:_MOST_NAMED], *(["..."] if len(names) > _MOST_NAMED else [])]


def _ratio(aspect: Fraction | None) -> str:
    return f"{aspect.numerator}:{aspect.denominator}" if aspect else "unknown"
