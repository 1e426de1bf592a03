"""A film made of a sequence: frames are joined with their colours here, and ffmpeg encodes them."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import Size
from deoldify_lite.errors import InputError
from deoldify_lite.film.colors import Colors
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.encoding import Encoding, encoder_options
from deoldify_lite.film.fit import Fit, fit_into, losses_of_picture
from deoldify_lite.film.mux import join_with_source
from deoldify_lite.film.probe import Film, Stream
from deoldify_lite.film.raw import RAW_FORMATS, RawEncoder, raw_planes
from deoldify_lite.film.sound_file import probe_sound
from deoldify_lite.film.timecode import advance_timecode
from deoldify_lite.film.writer import segment_path
from deoldify_lite.run.sequences.footage import SequenceFilm
from deoldify_lite.run.sequences.given import GivenPictures
from deoldify_lite.run.sequences.pictures import Picture, Pictures, files_of
from deoldify_lite.run.sequences.segment import FrameSegment
from deoldify_lite.run.stream import FilmJob
from deoldify_lite.run.task import Task
from deoldify_lite.sequence.frame import DISPLAY, Facts
from deoldify_lite.sequence.light import join, shown
from deoldify_lite.system.files import Deliver, atomic_path

# Luma is that of BT.601, in which colours join, so that a grey frame keeps its own.
_COLORS = Colors("tv", "smpte170m", "bt709", "bt709", None)
_SHOWN_BITS = 12  # of light as a screen shows it


def bits_of_film(facts: Facts) -> int:
    """Return the bits that the samples of a sequence have in a film."""
    if facts.kind == "EXR":
        return _SHOWN_BITS
    if facts.kind in ("DPX", "JPEG 2000"):
        return facts.bits
    return 8 if facts.bits <= 8 else 16  # as photos are read


def master_of(film: SequenceFilm, sound: Path | None) -> Film:
    """Return the film that a sequence becomes, with sound from a file.

    Raises:
        InputError: the sound cannot be read.
    """
    fields = {name: getattr(film, name) for name in Film.__dataclass_fields__}
    fields["pix_fmt"] = RAW_FORMATS[bits_of_film(film.footage.facts)]
    fields |= {"colors": _COLORS, "index": -1}  # the first stream
    if sound is not None:
        fields |= {"path": sound, "streams": probe_sound(sound)}
    return Film(**fields)


def fit_master(film: SequenceFilm, task: Task, encoding: Encoding) -> Fit:
    """Find out what the film that a sequence becomes can hold; errors as of `fit_into` and `master_of`."""
    assert task.frames is not None, "the source is not a sequence"
    master = master_of(film, task.frames.sound)
    suffix, facts = task.output.suffix.lower(), film.footage.facts
    if master.streams:
        streams, losses = fit_into(master, suffix, encoding)
    else:
        encoder_options(master, suffix, encoding)  # raises
        streams, losses = (), tuple(losses_of_picture(master, suffix, encoding))
    if facts.has_alpha:
        losses = (*losses, "its transparency is not kept in a film; a folder with -o keeps it")
    if facts.kind == "EXR":
        losses = (
            *losses,
            "its values are light: the film has them as a screen shows them, with what is brighter than "
            "white compressed and what is below black cut off; a folder with -o keeps them",
        )
    elif facts.transfer != DISPLAY:
        losses = (
            *losses,
            f"its values are {facts.transfer} and stay so: players show it flat or dark",
        )
    return Fit(streams, losses)


def with_master(job: FilmJob, task: Task, given: Cut | None = None) -> FilmJob:
    """Return the job with what makes a film of a sequence; `given` as of `MasterMaking`."""
    film, frames = job.film, task.frames
    assert isinstance(film, SequenceFilm) and frames is not None, "the source is not a sequence"
    making = replace(making_of(film, frames.sound, job.output, job.settings.encoding), given=given)
    return replace(job, maker=MasterMaker(making, job.found.folder, tuple(job.streams), job.deliver))


def making_of(
    film: SequenceFilm, sound: Path | None, output: Path, encoding: Encoding, *, as_shown: bool = False
) -> "MasterMaking":
    """Return how the segments of a film of a sequence are made; errors as of `master_of`.

    Args:
        film: the sequence.
        sound: a file with its sound.
        output: the film.
        encoding: of that.
        as_shown: take frames of all kinds as a screen shows them, and not OpenEXR's alone.
    """
    facts = film.footage.facts
    bits = bits_of_film(facts) if as_shown or facts.kind == "EXR" else None
    return MasterMaking(master_of(film, sound), output, encoding, bits)


def write_as_shown(cut: Cut, path: Path) -> None:
    """Write a film of a part of a sequence in its own colours, as a screen shows it: FFV1, without sound.

    Args:
        cut: of a `SequenceFilm`.
        path: of the film, .mkv.

    Raises:
        InputError, OSError, VideoError: a frame cannot be read, or the film not written.
    """
    film = cut.film
    assert isinstance(film, SequenceFilm), "other films are films already"
    making = making_of(film, None, path, Encoding(codec="ffv1"), as_shown=True)
    segment = making.open(cut, path.parent)
    try:
        for _ in range(cut.frame_count):
            segment.keep()
        MasterMaker(making, path.parent, (), os.replace).finish(cut, [(segment.path, segment.end())])
    finally:
        segment.stop()


class RawSegment(FrameSegment[NDArray[Any]]):
    """Frames joined with their colours, that ffmpeg encodes.

    Args:
        cut: of a `SequenceFilm`, from the segment's first frame on.
        pictures: of that.
        encoder: takes them; is stopped with the segment.
        size: height and width of them.
        shown_bits: take frames as a screen shows them, with so many bits; None: as they are stored.
    """

    def __init__(
        self, cut: Cut, pictures: Pictures, encoder: RawEncoder, size: Size, shown_bits: int | None
    ) -> None:
        super().__init__(cut, pictures, encoder.path)
        self._encoder = encoder
        self._size = size
        self._shown_bits = shown_bits

    def stop(self) -> None:
        """See `run.making.Segment`."""
        super().stop()
        self._encoder.stop()

    def _make(self, picture: Picture, number: int, chroma: NDArray[np.float32] | None) -> NDArray[Any]:
        frame = picture.read()
        self._tell(number, frame.warnings)
        if self._shown_bits is not None:
            frame = shown(frame, self._shown_bits)
        pixels = frame.pixels if chroma is None else join(frame, chroma).pixels
        if pixels.shape[2] == 1:
            pixels = np.repeat(pixels, 3, 2)
        if pixels.shape[:2] != self._size:
            raise InputError(f"{frame.path}: has another size than before: it was changed meanwhile")
        return raw_planes(pixels)

    def _take(self, made: NDArray[Any]) -> None:
        self._encoder.write(made)

    def _finish(self) -> None:
        self._encoder.end()


@dataclass(frozen=True)
class MasterMaking:
    """How a worker makes segments of a film of a sequence: a `run.making.Making`."""

    master: Film  # that it becomes
    output: Path
    encoding: Encoding
    shown_bits: int | None = None  # as of `RawSegment`
    given: Cut | None = None  # of a version, which gives all of the sequence its colours

    def open(self, cut: Cut, folder: Path) -> RawSegment:
        """See `run.making.Making`."""
        encoder = RawEncoder(self.master, self.output, self.encoding, folder)
        pictures = files_of(cut) if self.given is None else GivenPictures(cut, self.given)
        return RawSegment(cut, pictures, encoder, (self.master.height, self.master.width), self.shown_bits)


@dataclass(frozen=True)
class MasterMaker:
    """A film of a sequence in the making: a `run.making.Maker`."""

    making: MasterMaking
    folder: Path  # of finished segments
    streams: tuple[Stream, ...]  # of sound, that the film can hold
    deliver: Deliver  # gives the film its name

    def open(self, cut: Cut) -> RawSegment:
        """See `run.making.Maker`."""
        return self.making.open(cut, self.folder)

    def place(self, part: Path, number: int) -> Path:
        """See `run.making.Maker`."""
        path = segment_path(self.folder, number, part.suffix)
        with atomic_path(path) as whole:
            os.replace(part, whole)
        return path

    def finish(self, cut: Cut, segments: Sequence[tuple[Path, int]]) -> None:
        """See `run.making.Maker`."""
        master, output = self.making.master, self.making.output
        cut = replace(cut, film=master)
        if not self.streams:
            # There is nothing to take from a source, and ffmpeg wants one.
            begins = master.timecode and advance_timecode(master.timecode, cut.first, master.rate)
            master = replace(master, path=segments[0][0], timecode=begins)
            cut = Cut(master)
        output.parent.mkdir(parents=True, exist_ok=True)
        with atomic_path(output, deliver=self.deliver) as part:
            join_with_source(master, cut, segments, self.streams, part)
