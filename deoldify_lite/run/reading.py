"""The small frames of a film, whether ffmpeg reads it or its frames are files."""

from deoldify_lite.film.cut import Cut
from deoldify_lite.film.reader import FrameReader, SmallFrames
from deoldify_lite.run.sequences.footage import SequenceFilm
from deoldify_lite.run.sequences.reader import SequenceReader


def open_frames(cut: Cut, size_px: int, *, with_chroma: bool) -> SmallFrames:
    """Open a reader of some frames of a film; arguments as of `FrameReader`."""
    if isinstance(cut.film, SequenceFilm):
        return SequenceReader(cut, size_px, with_chroma=with_chroma)
    return FrameReader(cut.film, size_px, with_chroma=with_chroma, cut=cut)
