"""Single frames of a sequence at full size, in our colours, as a screen shows them."""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any

from numpy.typing import NDArray

from deoldify_lite.film.cut import Cut
from deoldify_lite.film.stills import Still
from deoldify_lite.run.sequences.footage import SequenceFilm
from deoldify_lite.run.sequences.pictures import FilePictures, files_of
from deoldify_lite.run.sequences.reader import READ_AT_ONCE
from deoldify_lite.sequence.light import join, shown
from deoldify_lite.system.threads import Workers, map_ahead


def read_frame_stills(film: SequenceFilm, stills: Sequence[Still]) -> Iterator[NDArray[Any]]:
    """Read frames at full size, in colour; arguments and results as of `film.stills.read_stills`.

    Raises:
        InputError: a frame cannot be read any more.
    """
    with Workers(READ_AT_ONCE) as workers:
        read = partial(_read, files_of(Cut(film)))
        for pending in map_ahead(workers, read, stills, most=READ_AT_ONCE):
            yield pending.result()


def _read(files: FilePictures, still: Still) -> NDArray[Any]:
    frame = files.take(still.frame).read()
    if still.chroma is not None:
        frame = join(frame, still.chroma)
    return shown(frame, 8 if frame.facts.bits <= 8 else 16).pixels
