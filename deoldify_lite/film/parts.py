"""Parts of a film that differ in size or in the aspect of their pixels, as in recordings of broadcasts."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from deoldify_lite.errors import VideoError
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.probe import Film, Part

_MOST_NAMED = 8  # parts in a message


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
    sizes = [f"{each.part.width} x {each.part.height} px" for each in shown]
    remedy = f"colorize each part into a file of its own: {_options(film, cut, shown)}"
    if len(set(sizes)) > 1:
        raise VideoError(f"{film.path}: its picture changes its size ({', '.join(_short(sizes))}); {remedy}")
    aspects = [each.part.pixel_aspect for each in shown]
    kept = max(
        aspects, key=lambda aspect: sum(s.end - s.first for s in shown if s.part.pixel_aspect == aspect)
    )
    if len(set(aspects)) > 1:
        names = ", ".join(_short([_ratio(aspect) for aspect in aspects]))
        notes += (
            f"its pixels change their aspect ratio ({names}); all of the result has {_ratio(kept)}, "
            f"which lasts longest; to keep each, {remedy}",
        )
    return replace(film, width=part.width, height=part.height, pixel_aspect=kept, notes=notes)


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
    """Return when a frame is shown, as an option takes it: to the millisecond."""
    return f"{float(film.offset_s + film.seconds(frame)):.3f}"


def _short(names: Sequence[str]) -> list[str]:
    return [*names[:_MOST_NAMED], *(["..."] if len(names) > _MOST_NAMED else [])]


def _ratio(aspect: Fraction | None) -> str:
    return f"{aspect.numerator}:{aspect.denominator}" if aspect else "unknown"
