"""A film made of a sequence: frames are joined with their colours here, and ffmpeg encodes them."""

import os
from collections import deque
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.film.colors import Colors
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.encoding import Encoding, encoder_options
from deoldify_lite.film.fit import Fit, fit_into, losses_of_picture
from deoldify_lite.film.mux import join_with_source
from deoldify_lite.film.probe import Film
from deoldify_lite.film.raw import RAW_FORMATS, RawEncoder, raw_planes
from deoldify_lite.film.sound_file import probe_sound
from deoldify_lite.film.timecode import advance_timecode
from deoldify_lite.film.writer import segment_path
from deoldify_lite.run.sequences.footage import SequenceFilm
from deoldify_lite.run.sequences.writer import MADE_AT_ONCE
from deoldify_lite.run.stream import FilmJob
from deoldify_lite.run.task import Task
from deoldify_lite.sequence.frame import DISPLAY
from deoldify_lite.sequence.frames import read
from deoldify_lite.sequence.light import join
from deoldify_lite.system.files import atomic_path
from deoldify_lite.system.threads import Pending, Workers

# Luma is that of BT.601, in which colours join, so that a grey frame keeps its own.
_COLORS = Colors("tv", "smpte170m", "bt709", "bt709", None)


def master_of(film: SequenceFilm, sound: Path | None) -> Film:
    """Return the film that a sequence becomes, with sound from a file.

    Raises:
        InputError: the sound cannot be read.
        OptionError: no film holds samples as those of the frames.
    """
    facts = film.footage.facts
    if facts.is_float or facts.bits not in RAW_FORMATS:
        raise OptionError(
            f"{film.path}: no film holds {facts}: name a folder with -o, and make a film of the result in a "
            "program for colour grading"
        )
    fields = {name: getattr(film, name) for name in Film.__dataclass_fields__}
    fields |= {"pix_fmt": RAW_FORMATS[facts.bits], "colors": _COLORS, "index": -1}  # the first stream
    if sound is not None:
        fields |= {"path": sound, "streams": probe_sound(sound)}
    return Film(**fields)


def fit_master(film: SequenceFilm, task: Task, encoding: Encoding) -> Fit:
    """Find out what the film that a sequence becomes can hold; errors as of `fit_into` and `master_of`."""
    assert task.frames is not None, "the source is no sequence"
    master = master_of(film, task.frames.sound)
    suffix, facts = task.output.suffix.lower(), film.footage.facts
    if master.streams:
        streams, losses = fit_into(master, suffix, encoding)
    else:
        encoder_options(master, suffix, encoding)  # raises
        streams, losses = (), tuple(losses_of_picture(master, suffix, encoding))
    if facts.has_alpha:
        losses = (*losses, "its transparency is not kept in a film; a folder with -o keeps it")
    if facts.transfer != DISPLAY:
        losses = (
            *losses,
            f"its values are {facts.transfer} and stay so: players show it flat or dark",
        )
    return Fit(streams, losses)


def with_master(job: FilmJob, task: Task) -> FilmJob:
    """Return the job with what makes a film of a sequence."""
    film, frames = job.film, task.frames
    assert isinstance(film, SequenceFilm) and frames is not None, "the source is no sequence"
    master = master_of(film, frames.sound)
    return replace(job, open_sink=lambda cut, size: MasterWriter(job, cut, master))


class MasterWriter:
    """A film of a sequence, as a `film.writer.ColorSink`.

    Args:
        job: of the sequence.
        cut: the part of it.
        master: the film that it becomes.
    """

    warnings: tuple[str, ...]

    def __init__(self, job: FilmJob, cut: Cut, master: Film) -> None:
        assert isinstance(job.film, SequenceFilm), "frames of others are encoded by ffmpeg alone"
        self._job = job
        self._cut = cut
        self._footage = job.film.footage
        self._master = master
        self._segments = list(job.found.paths)
        self._next = cut.first + sum(frames for _, frames in self._segments)
        self._pending: deque[Pending[NDArray[Any]]] = deque()
        self._told: dict[str, None] = {}
        self._stack = ExitStack()
        self._workers: Workers | None = None
        self._present: RawEncoder | None = None
        self.warnings = ()

    def __enter__(self) -> "MasterWriter":
        self._job.output.parent.mkdir(parents=True, exist_ok=True)
        with ExitStack() as stack:
            self._workers = stack.enter_context(Workers(MADE_AT_ONCE, name="making frames"))
            stack.callback(self._stop)
            self._begin()
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._stack:
            if kind is None:
                self._finish_segment()
                self.warnings = tuple(self._told)
                self._join()

    def write(self, chroma: NDArray[np.floating[Any]], luma: NDArray[np.uint8] | None = None) -> None:
        """Give the next frame its colour; arguments as of `film.writer.ChromaWriter.write`."""
        self._start(np.array(chroma, np.float32))

    def keep(self) -> None:
        """Let the next frame be as it is."""
        self._start(None)

    def end_segment(self) -> Path:
        """See `film.writer.ColorSink`."""
        self._finish_segment()
        self._begin()
        return self._segments[-1][0]

    def _begin(self) -> None:
        job = self._job
        self._present = RawEncoder(self._master, job.output, job.settings.encoding, job.found.folder)

    def _stop(self) -> None:
        if self._present is not None:
            self._present.stop()

    def _start(self, chroma: NDArray[np.float32] | None) -> None:
        assert self._workers is not None, "use the writer in a with block"
        while len(self._pending) >= 2 * MADE_AT_ONCE:
            self._encode_one()
        source = self._footage.path(self._next)
        self._next += 1
        self._pending.append(self._workers.submit(partial(self._make, source, chroma)))

    def _make(self, source: Path, chroma: NDArray[np.float32] | None) -> NDArray[Any]:
        frame = read(source)
        for warning in frame.warnings:
            self._told.setdefault(warning)
        pixels = frame.pixels if chroma is None else join(frame, chroma).pixels
        if pixels.shape[2] == 1:
            pixels = np.repeat(pixels, 3, 2)
        if pixels.shape[:2] != (self._master.height, self._master.width):
            raise InputError(f"{source}: has another size than before: it was changed meanwhile")
        return raw_planes(pixels)

    def _encode_one(self) -> None:
        assert self._present is not None, "use the writer in a with block"
        self._present.write(self._pending.popleft().result())

    def _finish_segment(self) -> None:
        while self._pending:
            self._encode_one()
        assert self._present is not None, "use the writer in a with block"
        frames = self._present.end()
        path = self._present.path
        whole = segment_path(self._job.found.folder, len(self._segments), path.suffix)
        with atomic_path(whole) as part:
            os.replace(path, part)
        self._segments.append((whole, frames))

    def _join(self) -> None:
        job, master, cut = self._job, self._master, replace(self._cut, film=self._master)
        if not job.streams:
            # There is nothing to take from a source, and ffmpeg wants one.
            begins = master.timecode and advance_timecode(master.timecode, cut.first, master.rate)
            master = replace(master, path=self._segments[0][0], timecode=begins)
            cut = Cut(master)
        with atomic_path(job.output, deliver=job.deliver) as part:
            join_with_source(master, cut, self._segments, job.streams, part)
