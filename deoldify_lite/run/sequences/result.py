"""The sequence that a run makes: may it be written, and the job of making it."""

import os
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from deoldify_lite.errors import InputError
from deoldify_lite.film.cut import Cut
from deoldify_lite.film.fit import Fit
from deoldify_lite.film.probe import Stream
from deoldify_lite.film.sound_file import write_sound
from deoldify_lite.run.frame_marks import FrameMark, ranges_of
from deoldify_lite.run.manifest import sizes_in
from deoldify_lite.run.sequences.apart import sound_files
from deoldify_lite.run.sequences.footage import SequenceFilm
from deoldify_lite.run.sequences.journal import FrameJournal
from deoldify_lite.run.sequences.master import with_master
from deoldify_lite.run.sequences.writer import FileMaking, FilesMaker
from deoldify_lite.run.settings import FilmSettings
from deoldify_lite.run.shots.segments import folder_of as shots_folder_of
from deoldify_lite.run.shots.segments import kept_sizes
from deoldify_lite.run.stream import FilmJob, cut_of
from deoldify_lite.run.task import Task, check_frames, fingerprint
from deoldify_lite.run.unfinished import folder_of
from deoldify_lite.sequence.ranges import Ranges, numbers_of

# As in `steps.cut_segments`. After a stop the network sees again what it has seen of a segment, and frames
# are files anyway, so segments are shorter than those of films.
SEGMENT_FRAMES = 100


def numbers_of_cut(cut: Cut) -> Ranges:
    """Numbers of the files of a cut; those of a film's frames count from 0."""
    film, end = cut.film, cut.first + cut.frame_count
    if isinstance(film, SequenceFilm):
        return film.footage.numbers(cut.first, end)
    return ((cut.first, end - 1),) if end > cut.first else ()


def numbers_of_result(cut: Cut) -> str:
    """Numbers of the files of a result, by range."""
    return ranges_of(numbers_of(numbers_of_cut(cut)))


def check_result(task: Task, cut: Cut, fit: Fit, overwrite: bool) -> None:
    """Refuse to replace files that no run of ours has made; errors as of `task.check_output`."""
    result = task.result
    assert result is not None, "the result is not a sequence"
    journal = FrameJournal(folder_of(task.output), "")
    if isinstance(cut.film, SequenceFilm):
        numbers = [*numbers_of(numbers_of_cut(cut))]
    else:  # how many frames a film has is an estimate
        there = (result.number_of(name) for name in sizes_in(result.folder))
        numbers = sorted(n for n in there if n is not None and cut.first <= n < (cut.end or n + 1))
    kept = {} if task.shots is None else kept_sizes(shots_folder_of(task.shots.path, task.output))

    def wrote(number: int, size: int) -> bool:
        return journal.wrote(number, size) or size in kept.get(number, ())

    check_frames(task, numbers, wrote, overwrite)
    for path in sound_files(result, fit.streams):
        if path.exists() and not task.manifest.made(path) and not overwrite:
            raise InputError(
                f"{path}: exists and is not a result of an earlier run, and the film's sound would get its "
                "name: move it away, name another folder with -o, or allow --overwrite"
            )


def with_maker(
    job: FilmJob, task: Task, settings: FilmSettings, fingerprint: str, version: Cut | None = None
) -> FilmJob:
    """Return the job with what makes its result, unless ffmpeg does so alone.

    Args:
        job: of a film, or a sequence.
        task: of the same.
        settings: by which its fingerprint is made.
        fingerprint: of the task when the work began.
        version: the part of a version that gives a sequence its colours.
    """
    if task.result is not None:
        return with_result(job, task, settings, fingerprint, version)
    return job if task.frames is None else with_master(job, task, version)


def with_result(
    job: FilmJob, task: Task, settings: FilmSettings, given: str, version: Cut | None = None
) -> FilmJob:
    """Return the job with what makes a sequence.

    Args:
        job: of a film, or a sequence.
        task: with a result that is a sequence.
        settings: by which its fingerprint is made.
        given: the fingerprint of the task when the work began.
        version: as of `FileMaking.given`.
    """
    result, found = task.result, job.found
    assert result is not None, "the result is not a sequence"
    journal = FrameJournal(found.folder, found.fingerprint)
    there, cut = sizes_in(result.folder), cut_of(job.film, job.settings)
    done = sum(segment.frames for segment in found.segments)
    numbers = numbers_of(numbers_of_cut(replace(cut, end=cut.first + done))) if done else ()
    if not all(journal.is_whole(number, there.get(result.name(number))) for number in numbers):
        found.forget()

    def deliver(frames: int) -> None:
        numbers = numbers_of(numbers_of_cut(replace(cut, end=cut.first + frames)))
        deliver_frames(task, settings, given, cut, journal.marks(numbers), tuple(job.streams), found.folder)

    may_keep = not job.settings.recolor_all
    making = FileMaking(result, may_keep=may_keep, given=version, as_layers=task.is_layer)
    maker = FilesMaker(making, journal, found.folder, deliver)
    return replace(job, maker=maker, segment_frames=SEGMENT_FRAMES)


def deliver_frames(
    task: Task,
    settings: FilmSettings,
    given: str,
    cut: Cut,
    marks: Mapping[int, FrameMark],
    sound: tuple[Stream, ...],
    folder: Path,
) -> None:
    """Record a sequence whose frames have their names, and write the sound of the film that they come from.

    Args:
        task: with a result that is a sequence.
        settings: by which its fingerprint is made.
        given: the fingerprint of the task when the work began.
        cut: the part of the source that was colorized.
        marks: of all frames.
        sound: streams of the film; each becomes a WAV.
        folder: where these grow.

    Raises:
        InputError: the source was changed meanwhile.
        OSError, VideoError: something cannot be written.
    """
    assert task.result is not None, "the result is not a sequence"
    if fingerprint(task, settings) != given:
        raise InputError(f"{task.source}: was changed while it was colorized: run the same command again")
    paths = sound_files(task.result, sound)
    parts = [folder / f"sound-{path.name}" for path in paths]
    for stream, part in zip(sound, parts, strict=True):
        write_sound(cut, stream, part)
    task.manifest.add_frames(task.output, given, marks, extras=paths, source=task.source)
    for part, path in zip(parts, paths, strict=True):
        os.replace(part, path)
