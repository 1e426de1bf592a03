"""Both sides of a result, before and after, as pictures of one size that a browser can show."""

from pathlib import Path

from deoldify_lite.film.cut import Cut
from deoldify_lite.film.probe import probe_film
from deoldify_lite.web.copies import film_still, small_copy
from deoldify_lite.web.work import Result, films_of

SLIDER_PX = 1600


def sides_of(result: Result, folder: Path) -> tuple[Path, Path]:
    """Names of the two pictures below `folder`."""
    suffix = ".png" if films_of([result.source]) else ".jpg"
    return folder / f"{result.output.name}-before{suffix}", folder / f"{result.output.name}-after{suffix}"


def write_sides(result: Result, folder: Path) -> tuple[Path, Path]:
    """Write the two pictures, unless they are there: a photo, or the middle frame of a film's colorized part.

    Raises:
        DeoldifyError, OSError: the source or the result cannot be read.
    """
    before, after = sides_of(result, folder)
    if before.is_file() and after.is_file():
        return before, after
    if films_of([result.source]):
        source, output = probe_film(result.source), probe_film(result.output)
        middle = output.frame_count // 2
        film_still(source, Cut.between(source, result.start_s, None).first + middle, before)
        film_still(output, middle, after)
    else:
        small_copy(result.source, before, SLIDER_PX)
        small_copy(result.output, after, SLIDER_PX)
    return before, after
