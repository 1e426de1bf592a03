"""The public API: load a colorizer; colorize folders of photos, and films."""

import logging
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from fractions import Fraction
from functools import partial
from pathlib import Path

from deoldify_lite.errors import OptionError
from deoldify_lite.film.encoding import Encoding
from deoldify_lite.film.kinds import FALLBACK_CONTAINER, FILM_SUFFIXES, container_for
from deoldify_lite.film.purposes import PURPOSES
from deoldify_lite.photo.kinds import EFFORTS, PHOTO_SUFFIXES, layer_suffix, output_suffix
from deoldify_lite.remote.dry import plan_elsewhere
from deoldify_lite.remote.jobs import colorize_elsewhere
from deoldify_lite.render.rendering import Rendering, load_colorizer, settle
from deoldify_lite.run.dry.engine import DryRun
from deoldify_lite.run.engine import THIS_PROCESS, Engine, ThisProcess
from deoldify_lite.run.guides import with_hints, with_keys
from deoldify_lite.run.items import Item, Progress
from deoldify_lite.run.plan import plan, tasks_of
from deoldify_lite.run.planned import Planned
from deoldify_lite.run.refusals import check_layer, check_sequences, refuse_beside_colors, refuse_urls
from deoldify_lite.run.sequences.plan import (
    are_frames,
    choose,
    plan_apart,
    plan_sequences,
    take_sequences,
    warn_of_frames,
)
from deoldify_lite.run.settings import FilmSettings, PhotoSettings, Settings
from deoldify_lite.run.shots.list import read_shot_list
from deoldify_lite.run.shots.settings import SettledShots, settle_shots
from deoldify_lite.run.task import Task
from deoldify_lite.run.versions import with_versions
from deoldify_lite.storage.places import Source, size_and_time
from deoldify_lite.storage.url import Place, path_or_url
from deoldify_lite.system.selection import LeftOut, Selection

__all__ = ["Encoding", "Rendering", "colorize_folder", "colorize_video", "load_colorizer", "settle"]

log = logging.getLogger(__name__)

# Called with each item as it is finished, and the number of items in the run.
OnItem = Callable[[Item, int], None]
# Colorizes files on this machine.
Colorize = Callable[[Sequence[Task]], Generator[Item, None, None]]
# Called with a film, its frames finished so far, and the frames expected, which is an estimate.
OnFrames = Callable[[Place, int, int], None]
# Whether a photo or film is to be colorized in this run.
Accept = Callable[[Place], bool]
# Called with what is in the folders beside what is colorized.
OnLeftOut = Callable[[LeftOut], None]
# Called with the bytes of each film of a run; 0 where they are not known.
OnPlanned = Callable[[Mapping[Place, int]], None]


def colorize_folder(
    inputs: str | Path | Sequence[str | Path],
    out: str | Path | None = None,
    *,
    rendering: Rendering | None = None,
    batch_size: int | None = None,
    format: str = "keep",
    quality: int | None = None,
    effort: str = "fast",
    hints: str | Path | None = None,
    colors_from: str | Path | None = None,
    compare: bool = False,
    layer: str | None = None,
    mark: bool = True,
    watermark: bool = False,
    damaged: bool = False,
    overwrite: bool = False,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    accept: Accept | None = None,
    dry_run: bool = False,
    engine: Engine = THIS_PROCESS,
    on_item: OnItem | None = None,
    on_left_out: OnLeftOut | None = None,
) -> list[Item]:
    """Colorize photos: folders, or single files.

    Args:
        inputs: a folder or photo, or several; a str may be a URL, such as s3://bucket/photos.
        out: folder, file or URL for the results; None for NAME-colorized beside each input.
        rendering: how to render, from `settle`; None for the defaults of artistic mode.
        batch_size: photos predicted at once; None for what suits the device.
        format: keep, jpg, png, tif or webp.
        quality: 1 to 100, for formats that have one; None for a loss that does not show.
        effort: of the encoder: fast, or small for smaller files of HEIC, AVIF and WebP.
        hints: a file with colours at points of the photo, or a folder with one for each photo.
        colors_from: a coloured version of the photo, of any size and format, or a folder with one of the same
            name for each; the network colours what has none. A layer is taken back exactly.
        compare: also write before and after, side by side.
        layer: "beside" also writes the colour by itself, as a layer on middle grey for image editors, in a
            PNG or TIFF of 16 bits; "only" writes it in place of the result.
        mark: state in the metadata that AI made the colours.
        watermark: draw a small palette in the lower left corner.
        damaged: colour what is left of damaged photos; a warning tells what is missing.
        overwrite: render finished results again, and replace files that no run of ours has written.
        include: patterns; only files are taken that match one, by their own names, those of folders that
            they are in, or, of a pattern with a /, their paths below the folder that was named.
        exclude: likewise; leave out what matches one.
        accept: called with each file; those for which it returns False are left for a later run. Unlike
            `include`, it changes no names of results.
        dry_run: write nothing: the items say what would be done, skipped or refused, and what it takes.
        engine: who does the work: this process, or `cluster.engine.RayEngine`; the results are the same.
        on_item: called with each photo as it is finished, and the number of photos.
        on_left_out: called before the work with what else is in the folders, if there is anything.

    Returns:
        An item for each photo. A photo that failed has an item, too, and stops no other.

    Raises:
        InputError: an input does not exist or holds no photos.
        OptionError: a value is out of range, or options contradict each other.
    """
    if quality is not None and not 1 <= quality <= 100:
        raise OptionError(f"quality {quality}: choose 1 to 100")
    if effort not in EFFORTS:
        raise OptionError(f"effort {effort!r}: choose one of {', '.join(EFFORTS)}")
    check_layer(layer)
    if layer == "only" and (compare or watermark):
        raise OptionError("a layer alone has no comparison and no watermark: write the result, too")
    if layer == "only" and format not in ("keep", "png", "tif"):
        raise OptionError(f"format {format}: a layer has 16 bits: choose png or tif")
    rendering = rendering or settle()
    settings = PhotoSettings(
        rendering.look,
        format=format,
        quality=quality,
        effort=effort,
        compare=compare,
        mark=mark,
        watermark=watermark,
        damaged=damaged,
    )
    with _engine(engine, dry_run).open(rendering, batch_size=batch_size) as runner:
        start = partial(runner.colorize_photos, settings=settings, overwrite=overwrite)
        listed, target = _listed(inputs), None if out is None else path_or_url(out)
        refuse_urls({"--hints": hints, "--colours-from": colors_from}, listed, target)
        left_out = LeftOut()
        planned = plan(
            listed,
            target,
            suffixes=PHOTO_SUFFIXES,
            suffix_of=lambda source: output_suffix(source, format),
            compare=compare,
            layer=layer,
            layer_suffix_of=layer_suffix,
            selection=_selection(include, exclude),
            left_out=left_out,
        )
        if accept is None:  # or what is left out is told of with each part of a folder
            _tell(left_out, on_left_out)
        planned = [one for one in planned if accept is None or accept(one.place)]
        warn_of_frames(planned)
        if colors_from is not None:
            planned = _without_versions(planned, listed, Path(colors_from))
        items = _start(
            planned,
            start,
            settings,
            overwrite=overwrite,
            dry_run=dry_run,
            hints=hints,
            colors_from=colors_from,
        )
        return _collect(items, len(planned), on_item)


def colorize_video(
    inputs: str | Path | Sequence[str | Path],
    out: str | Path | None = None,
    *,
    rendering: Rendering | None = None,
    steadiness: float | None = None,
    recolor_all: bool = False,
    deinterlace: bool = False,
    layer: str | None = None,
    hints: str | Path | None = None,
    colors_from: str | Path | None = None,
    shots: str | Path | None = None,
    keys: str | Path | None = None,
    batch_size: int | None = None,
    start_s: float | None = None,
    end_s: float | None = None,
    encoding: Encoding | None = None,
    sequence: bool = False,
    missing: str = "fail",
    fps: Fraction | float | None = None,
    sound: str | Path | None = None,
    overwrite: bool = False,
    include: Sequence[str] = (),
    exclude: Sequence[str] = (),
    accept: Accept | None = None,
    dry_run: bool = False,
    engine: Engine = THIS_PROCESS,
    on_item: OnItem | None = None,
    on_left_out: OnLeftOut | None = None,
    on_planned: OnPlanned | None = None,
    on_frames: OnFrames | None = None,
) -> list[Item]:
    """Colorize films: files, folders, or sequences of numbered pictures.

    Args:
        inputs: a film or folder, or several; a str may be a URL, such as s3://bucket/film.mp4. Numbered
            pictures are a sequence: a folder of them, or a pattern such as reel/%07d.dpx.
        out: folder, file or URL for the results; None for NAME-colorized beside each input. A pattern such
            as frames/%07d.dpx takes a film apart into numbered pictures.
        rendering: how to render, from `settle`; None for the defaults of video mode.
        steadiness: 0 colours each frame alone, 1 holds colours for as long as motion can be followed; None
            for the default of the mode.
        recolor_all: also recolour shots that are already in colour.
        hints: a file with colours at points of frames, or a folder with one for each film.
        colors_from: a layer that `layer` wrote, or any film in colour with the same frames, or a folder with
            one of the same name for each; of a picture sequence such a film, or the sequence in colour as a
            folder or a pattern; its chroma is taken frame by frame, without the network, so that
            other choices about colour have no effect.
        shots: a list of the film's shots, or the folder of `deoldify-lite shots`, by which it is rendered:
            only shots that have changed since the last run are rendered again.
        keys: a folder of pictures in colour of some of the film's frames, named by frame or time, as
            frame-000123.png; or a folder with such a folder for each film, named as the film.
        deinterlace: turn each field of an interlaced film into a frame.
        layer: "beside" also writes the colour by itself, as a layer on middle grey for film editors, encoded
            as FFV1 in .mkv, or as ProRes in .mov if the encoding names that; "only" writes it in place of
            the result.
        batch_size: frames predicted at once; None for what suits the device.
        start_s: first moment to render, in seconds of the film; None for its start.
        end_s: last moment to render; None for its end.
        encoding: codec, crf and pixel format, or what the film is for: archive, edit or web; None for the
            defaults of the container.
        sequence: take numbered pictures of the folders for sequences, even if they do not look like one.
        missing: what to do about frames of a sequence that have no picture: fail, hold the frame before, or
            skip them.
        fps: frames a second of sequences; None for what their headers say, or else 24.
        sound: a file with the sound of a film that is made of a sequence; None for a WAV of its name.
        overwrite: render finished results again, and replace files that no run of ours has written.
        include: patterns; only files are taken that match one, by their own names, those of folders that
            they are in, or, of a pattern with a /, their paths below the folder that was named.
        exclude: likewise; leave out what matches one.
        accept: called with each file; those for which it returns False are left for a later run. Unlike
            `include`, it changes no names of results.
        dry_run: write nothing: the items say what would be done, skipped or refused, and what it takes; with
            `shots` also which shots would be rendered, and why.
        engine: who does the work: this process, or `cluster.engine.RayEngine`; the results are the same.
        on_item: called with each film as it is finished, and the number of films.
        on_left_out: called before the work with what else is in the folders, if there is anything.
        on_planned: called before the work with the bytes of each film.
        on_frames: called with film, frames done, frames expected.

    Returns:
        An item for each film. A film that failed has an item, too, and stops no other.

    Raises:
        InputError: an input does not exist or holds no films.
        OptionError: a value is out of range, or options contradict each other.
    """
    if (start_s or 0) < 0 or (end_s is not None and end_s <= (start_s or 0)):
        raise OptionError(f"start {start_s} s, end {end_s} s: the end must come after the start")
    if steadiness is not None and not 0 <= steadiness <= 1:
        raise OptionError(f"steadiness {steadiness}: choose a value from 0 to 1")
    check_layer(layer)
    if colors_from is not None:
        beside = {"--hints": hints, "--shots": shots, "--keys": keys, "--layer": layer}
        refuse_beside_colors(colors_from, beside)
    purpose = encoding.purpose if encoding else None
    if purpose is not None and purpose not in PURPOSES:
        raise OptionError(f"purpose {purpose!r}: choose one of {', '.join(PURPOSES)}")
    choices = choose(told=sequence, missing=missing, fps=fps, sound=sound)
    rendering = rendering or settle("video")
    listed, target = _listed(inputs), None if out is None else path_or_url(out)
    guides = {"--hints": hints, "--shots": shots, "--keys": keys, "--colours-from": colors_from}
    refuse_urls(guides, listed, target)
    listed_shots = None
    if shots is not None:
        if not isinstance(engine, ThisProcess):
            raise OptionError(f"--shots {shots} works in this process alone: leave out --engine ray")
        listed_shots = settle_shots(read_shot_list(Path(shots)), rendering, steadiness)
    with _engine(engine, dry_run).open(rendering, batch_size=batch_size) as runner:
        rendering = runner.rendering
        encoding = replace(encoding or Encoding(), on_gpu=rendering.device == "cuda", layer=layer)
        suffix, asked = encoding.layer_suffix, encoding
        if layer == "only":
            encoding = encoding.of_layer()
        settings = FilmSettings(
            rendering.look,
            steadiness=rendering.steadiness if steadiness is None else steadiness,
            recolor_all=recolor_all,
            deinterlace=deinterlace,
            start_s=start_s,
            end_s=end_s,
            encoding=encoding,
        )
        # Films by URL are rendered from copies; this names the originals.
        places: dict[Path, Place] = {}
        progress = on_frames and _naming(on_frames, places)
        start: Colorize = partial(
            runner.colorize_films, settings=settings, overwrite=overwrite, progress=progress
        )
        left_out = LeftOut()
        chosen = _selection(include, exclude)
        found, others = take_sequences(listed, choices, FILM_SUFFIXES, chosen, target)
        found = [one for one in found if accept is None or accept(one[0].pattern)]
        several = len(found) + len(others) > 1
        # Where there are none, the results may go to a URL.
        as_layers = layer == "only"
        sequences = (
            plan_sequences(found, target, choices, several=several, as_layers=as_layers) if found else []
        )
        planned = []
        if others and target is not None and are_frames(target):
            planned = plan_apart([*others, *(one[0].pattern for one in found)], target)
        elif others:
            planned = plan(
                others,
                target,
                suffixes=FILM_SUFFIXES,
                suffix_of=lambda film: PURPOSES[purpose].suffix if purpose else container_for(film),
                # What does not fit into the container of a purpose is left out, or encoded.
                fallback="" if purpose else FALLBACK_CONTAINER,
                layer=layer,
                layer_suffix_of=lambda result: suffix,
                selection=chosen,
                left_out=left_out,
            )
        planned += sequences
        check_sequences(
            planned,
            choices,
            layer=layer,
            sources={"--deinterlace": deinterlace or None},
            results={
                "--for": purpose,
                "--codec": asked.codec,
                "--crf": asked.crf,
                "--pix-fmt": asked.pix_fmt,
            },
        )
        if colors_from is not None and any(one.result is not None and one.frames is None for one in planned):
            raise OptionError(
                f"{target}: --colours-from makes no frames of a film: make the film in colour first, with -o "
                "film.mkv --codec ffv1, and then frames of that"
            )
        if accept is None:  # or what is left out is told of with each part of a folder
            _tell(left_out, on_left_out)
        planned = [one for one in planned if accept is None or accept(one.place)]
        if on_planned:
            on_planned({one.place: _bytes_of(one.source) for one in planned})
        if listed_shots is not None:
            if len(planned) > 1:
                raise OptionError(
                    f"{listed_shots.path}: is the list of one film, and there are {len(planned)}: name one"
                )
            start = _by_shots(start, listed_shots)
        if colors_from is not None:
            planned = _without_versions(planned, listed, Path(colors_from))
        items = _start(
            planned,
            start,
            settings,
            overwrite=overwrite,
            dry_run=dry_run,
            hints=hints,
            keys=keys,
            colors_from=colors_from,
            are_films=True,
            places=places,
        )
        return _collect(items, len(planned), on_item)


def _bytes_of(source: Source) -> int:
    try:
        return size_and_time(source)[0]
    except OSError:  # gone, or a sequence
        return 0


def _listed(inputs: str | Path | Sequence[str | Path]) -> list[Place]:
    return list(map(path_or_url, [inputs] if isinstance(inputs, str | Path) else inputs))


def _selection(include: Sequence[str], exclude: Sequence[str]) -> Selection:
    # A single text would be taken for as many patterns as it has letters.
    both = ([patterns] if isinstance(patterns, str) else patterns for patterns in (include, exclude))
    return Selection(*map(tuple, both))


def _tell(left_out: LeftOut, on_left_out: OnLeftOut | None) -> None:
    if str(left_out):
        log.info("%s", left_out)
        if on_left_out:
            on_left_out(left_out)


def _engine(engine: Engine, dry_run: bool) -> Engine:
    return DryRun(engine) if dry_run else engine


def _by_shots(colorize: Colorize, shots: SettledShots) -> Colorize:
    """Give the one task of a run its list of shots."""
    return lambda tasks: colorize([replace(task, shots=shots) for task in tasks])


def _naming(on_frames: OnFrames, places: dict[Path, Place]) -> Progress:
    return lambda film, done, of: on_frames(places.get(film, film), done, of)


def _start(
    planned: Sequence[Planned],
    colorize: Colorize,
    settings: Settings,
    *,
    overwrite: bool,
    dry_run: bool,
    hints: str | Path | None,
    colors_from: str | Path | None = None,
    keys: str | Path | None = None,
    are_films: bool = False,
    places: dict[Path, Place] | None = None,
) -> Generator[Item, None, None]:
    """Start what is planned; yield items as they are finished.

    Args:
        colorize: colorizes files on this machine.
        places: gets the place of each film that is fetched, under the path of its copy.
    """
    if any(one.is_remote for one in planned):
        if dry_run:
            return plan_elsewhere(planned, colorize, settings, overwrite=overwrite)
        return colorize_elsewhere(
            planned, colorize, settings, overwrite=overwrite, one_by_one=are_films, places=places
        )
    tasks = tasks_of(planned)
    if hints is not None:
        tasks = with_hints(tasks, Path(hints), film=are_films)
    if keys is not None:
        tasks = with_keys(tasks, Path(keys))
    if colors_from is not None:
        tasks = with_versions(tasks, Path(colors_from), films=are_films)
        return _with_shares(colorize(tasks))
    return colorize(tasks)


def _with_shares(items: Generator[Item, None, None]) -> Generator[Item, None, None]:
    """State a share of 0 of what has no version to take colours from."""
    with closing(items):
        for item in items:
            is_known = item.status != "done" or item.colors_share is not None
            yield item if is_known else replace(item, colors_share=0.0)


def _without_versions(planned: list[Planned], inputs: Sequence[Place], versions: Path) -> list[Planned]:
    """Leave out the versions themselves, where their folder lies in one that is colorized."""
    versions = versions.resolve()
    if any(isinstance(place, Path) and place.resolve() == versions for place in inputs):
        return planned
    return [one for one in planned if versions not in Path(str(one.place)).resolve().parents]


def _collect(items: Generator[Item, None, None], total: int, on_item: OnItem | None) -> list[Item]:
    """Collect items as they come; stop the work if the caller is interrupted."""
    collected = []
    with closing(items):
        for item in items:
            collected.append(item)
            if on_item:
                on_item(item, total)
    return collected
