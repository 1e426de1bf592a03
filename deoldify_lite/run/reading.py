"""The frames of a film, whether ffmpeg reads it or its frames are files."""

from collections.abc import Iterator, Sequence
from typing import Any

from numpy.typing import NDArray

from deoldify_lite.film.cut import Cut
from deoldify_lite.film.probe import Film
from deoldify_lite.film.reader import FrameReader, SmallFrames
from deoldify_lite.film.stills import Still, read_stills
from deoldify_lite.run.sequences.footage import SequenceFilm
from deoldify_lite.run.sequences.reader import SequenceReader
from deoldify_lite.run.sequences.stills import read_frame_stills


def open_frames(cut: Cut, size_px: int, *, with_chroma: bool) -> SmallFrames:
    """Open a reader of some frames of a film at a small size; arguments as of `FrameReader`."""
    if isinstance(cut.film, SequenceFilm):
        return SequenceReader(cut, size_px, with_chroma=with_chroma)
    return FrameReader(cut.film, size_px, with_chroma=with_chroma, cut=cut)


def open_stills(film: Film, stills: Sequence[Still]) -> Iterator[NDArray[Any]]:
    """Read some frames of a film at full size, in colour; see `film.stills.read_stills`."""
    if isinstance(film, SequenceFilm):
        return read_frame_stills(film, stills)
    return read_stills(film, stills)
