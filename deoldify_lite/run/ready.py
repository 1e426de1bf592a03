"""A film before its work: probed, named, and checked as far as that is possible without rendering."""

from dataclasses import dataclass, replace
from pathlib import Path

from deoldify_lite.color.hint import FilmHint
from deoldify_lite.errors import OptionError
from deoldify_lite.film.clock import JUMPING_FORMATS
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.ffmpeg import ffmpeg_version
from deoldify_lite.film.fields import deinterlaced
from deoldify_lite.film.fit import Fit, fit_film
from deoldify_lite.film.kinds import FALLBACK_CONTAINER
from deoldify_lite.film.parts import film_of_cut
from deoldify_lite.film.probe import Film, probe_film
from deoldify_lite.run.hint_file import HintFile
from deoldify_lite.run.items import Item
from deoldify_lite.run.sequences.apart import fit_frames
from deoldify_lite.run.sequences.by_shots import maker_by_shots
from deoldify_lite.run.sequences.footage import SequenceFilm
from deoldify_lite.run.sequences.master import fit_master
from deoldify_lite.run.sequences.probe import notes_on, probe_sequence
from deoldify_lite.run.sequences.result import check_result
from deoldify_lite.run.settings import FilmSettings
from deoldify_lite.run.shots.task import ShotPlan
from deoldify_lite.run.stream import cut_of
from deoldify_lite.run.task import Task, check_output, find_done, fingerprint
from deoldify_lite.system.files import Deliver
from deoldify_lite.version import __version__


@dataclass(frozen=True)
class ReadyFilm:
    """A film that is to be rendered: it is not done yet, may be written, and fits into its container."""

    task: Task  # its output has the name that fits
    film: Film  # as it is
    written: Film  # as it is written
    fit: Fit
    hints: tuple[FilmHint, ...]

    @property
    def notes(self) -> tuple[str, ...]:
        """Warnings about what is special in it, and what its result cannot hold."""
        frames, film = self.task.frames, self.film
        gaps = notes_on(frames, film) if frames is not None and isinstance(film, SequenceFilm) else ()
        return (*film.notes, *gaps, *self.fit.losses)

    def by_shots(self, settings: FilmSettings, deliver: Deliver, *, overwrite: bool) -> ShotPlan:
        """Return the plan by the list of its shots; `deliver` gives a film its name."""
        task, programs = self.task, programs_of(self.written)
        film = self.film if isinstance(self.film, SequenceFilm) else None
        maker = maker_by_shots(task, film, self.fit, settings, fingerprint(task, settings), deliver)
        return ShotPlan(task, self.written, settings, self.hints, programs, overwrite, maker)


def ready_film(
    task: Task, settings: FilmSettings, *, overwrite: bool, every_frame: bool = False
) -> ReadyFilm | Item:
    """Probe a film and check all that can be checked before the work; nothing is written.

    Returns:
        The film, or the item of one that is done already.

    Raises:
        DeoldifyError, OSError: it cannot be read or written, or does not fit.
    """
    if not overwrite and (done := find_done(task, settings)):
        return Item(task.source, done, "skipped", "already done", layer=task.layer)
    if task.frames is not None:
        film: Film = probe_sequence(task.frames)
    else:
        film = probe_film(task.source, every_frame=every_frame)
    film = film_of_cut(film, settings.start_s, settings.end_s)
    written = deinterlaced(film) if settings.deinterlace else film
    if task.is_layer:
        written = _without_all_else(written)
    if task.result is None and isinstance(film, SequenceFilm):
        written = replace(film, encoded=True)
        fit = fit_master(film, task, settings.encoding)
        check_output(task, overwrite)
    elif task.result is None:
        output, fit = fit_film(written, _names_of(task), settings.encoding)
        if output != task.output:
            task = replace(task, output=output, aliases=())
            if not overwrite and find_done(task, settings):
                return Item(task.source, task.output, "skipped", "already done", layer=task.layer)
        check_output(task, overwrite)
    else:
        cut = cut_of(written, settings)
        fit = Fit((), ()) if task.frames is not None else fit_frames(written, task.result, cut)
        check_result(task, cut, fit, overwrite)
    hints = () if task.hints is None else _hints_in(written, task.hints, settings)
    return ReadyFilm(task, film, written, fit, hints)


def segments_mark(fingerprint: str, film: Film, settings: FilmSettings) -> str:
    """Return what the segments of an earlier run must be recorded under to be taken up.

    Args:
        fingerprint: of the film's task.
        film: as it is written.
        settings: of the run.
    """
    layers = f" layer {settings.encoding.layer}" if settings.encoding.layer else ""
    return f"{fingerprint} {programs_of(film)}{layers}"


def programs_of(film: Film) -> str:
    """What must be the same for segments to fit together, beside settings: programs, and how a film is read.

    What another program has encoded may not fit together with what this one does.
    """
    if isinstance(film, SequenceFilm):
        return f"{__version__} frames" + (f" {ffmpeg_version()}" if film.encoded else "")
    return f"{__version__} {ffmpeg_version()}{_reading_of(film)}"


def _names_of(task: Task) -> list[Path]:
    """The names that a result may get: that of the container that was planned, and that for another."""
    if task.output.suffix == FALLBACK_CONTAINER:
        return [task.output]
    return [task.output, *task.aliases[:1]]


def _reading_of(film: Film) -> str:
    """Return what the segments of a film must agree on, beside settings and programs; '' for most films."""
    has_others = any(stream.kind == "video" and not stream.attached_pic for stream in film.streams)
    marks = [f" picture {film.index}"] if has_others else []
    if not film.planar or film.has_alpha:
        # Of these, earlier segments may lack transparency, levels or chroma, and have another pixel format.
        marks.append(f" {film.pix_fmt}")
    if film.times:
        marks.append(" frames counted")
    elif film.variable:
        marks.append(f" rate {film.rate}")
    if film.container in JUMPING_FORMATS:
        marks.append(" from the first frame")
    if film.parts:
        marks.append(f" {film.width} x {film.height}")
    return "".join(marks)


def _without_all_else(film: Film) -> Film:
    """The film as its layer has it: without sound, metadata, and what belongs to a picture with luma."""
    return replace(film, streams=(), tags=(), captions=False, lost=(), hdr10=None)


def _hints_in(film: Film, hints: HintFile, settings: FilmSettings) -> tuple[FilmHint, ...]:
    """Return the hints of a film.

    Raises:
        OptionError: a hint is for a frame that is not rendered.
    """
    cut = Cut.between(film, settings.start_s, settings.end_s)
    found = hints.in_film(film.width, film.height, film.nearest_frame, each=film.per_frame)
    end = film.frame_count if cut.end is None else cut.end
    for one in found:
        if not cut.first <= one.frame < end:
            at_s = film.seconds(one.frame) + film.offset_s
            raise OptionError(
                f"{hints.path}: a hint is for {float(at_s):.2f} s of {film.path}, which is not rendered: "
                "frames lie between start and end of the film, or --start and --end"
            )
    return tuple(found)
