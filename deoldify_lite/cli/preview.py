"""`deoldify-lite preview`: a photo, or a frame of a film, in all modes and render factors, to choose from."""

import argparse
import logging
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from deoldify_lite.cli.clip import write_clip, write_clip_of_frames
from deoldify_lite.cli.options import (
    add_performance_options,
    add_verbosity,
    add_weights_option,
    describe,
    here,
    network_of,
    seconds,
)
from deoldify_lite.cli.sequences import (
    add_frames_options,
    as_arguments,
    folder_name,
    frames_of,
    probe_source,
)
from deoldify_lite.cli.settings import add_settings_options
from deoldify_lite.errors import OptionError
from deoldify_lite.film.kinds import FILM_SUFFIXES
from deoldify_lite.render.modes import MODES, check_render_factor
from deoldify_lite.run.delivery import Delivery
from deoldify_lite.run.manifest import Manifest
from deoldify_lite.run.sequences.frames import Frames
from deoldify_lite.run.task import Task, check_output, fingerprint_with
from deoldify_lite.system.destination import is_regular

if TYPE_CHECKING:
    from deoldify_lite.api import Rendering
    from deoldify_lite.film.probe import Film
    from deoldify_lite.show.sheet import Subject

log = logging.getLogger(__name__)

SUFFIXES = (".png", ".jpg", ".jpeg")  # of the sheet
MOST_SECONDS = 60  # of the clip
LITE_FACTORS, DEOLDIFY_FACTORS = (6, 9, 12, 16, 21), (14, 21, 28, 35, 42)


def fill_preview_parser(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `deoldify-lite preview`."""
    describe(
        parser,
        "Render one photo, or one frame of a film, in several modes and render factors on one sheet, so that "
        "you can choose. For a film, also write a short clip with before on the left and after on the right. "
        "Numbered pictures, one a frame, are a film, too. The names of the written files are printed.",
        "deoldify-lite preview grandma.jpg",
        "deoldify-lite preview clip.mp4 --at 0:42",
        "deoldify-lite preview reel/%07d.dpx --at 0:42",
        "deoldify-lite preview grandma.jpg --modes artistic,stable --render-factors 9,12,16",
    )
    parser.add_argument(
        "source",
        type=here,
        metavar="PHOTO|CLIP",
        help="a photo or a film; or numbered pictures, one a frame: their folder, or a pattern such as "
        "reel/%%07d.dpx; a DPX or EXR file is a frame of its sequence",
    )
    color = parser.add_argument_group("colour")
    color.add_argument(
        "--modes",
        type=modes,
        metavar="NAME,...",
        help=f"rows of the sheet (default: {','.join(MODES)}; for a film in reverse order)",
    )
    color.add_argument(
        "--render-factors",
        type=render_factors,
        metavar="N,...",
        help=f"columns of the sheet (default: {','.join(map(str, LITE_FACTORS))})",
    )
    add_weights_option(color)
    part = parser.add_argument_group("part of the film")
    part.add_argument(
        "--at",
        type=seconds,
        metavar="TIME",
        help="the frame to render: seconds, M:S or H:M:S (default: the film's middle, or the "
        "DPX or EXR file that is named)",
    )
    part.add_argument(
        "--seconds",
        type=float,
        default=4.0,
        metavar="S",
        help="length of the clip, which begins at that frame, in seconds; 0 writes none (default: 4)",
    )
    add_frames_options(parser.add_argument_group("picture sequences"))
    output = parser.add_argument_group("output")
    output.add_argument(
        "-o", "--out", type=Path, metavar="FILE", help="the sheet, .png or .jpg (default: NAME-preview.png)"
    )
    output.add_argument(
        "--overwrite", action="store_true", help="replace a file that is not a preview (default: refuse)"
    )
    add_performance_options(parser.add_argument_group("performance"))
    add_settings_options(parser, "preview")
    add_verbosity(parser)
    parser.set_defaults(run=run_preview)


def modes(text: str) -> list[str]:
    """Names of modes with commas between them.

    Raises:
        argparse.ArgumentTypeError: there is no such mode.
    """
    names = list(dict.fromkeys(name.strip() for name in text.split(",")))
    if unknown := [name for name in names if name not in MODES]:
        raise argparse.ArgumentTypeError(f"unknown mode {unknown[0]!r}: choose from {','.join(MODES)}")
    return names


def render_factors(text: str) -> list[int]:
    """Render factors with commas between them, in order.

    Raises:
        argparse.ArgumentTypeError: one is not a number or out of range.
    """
    try:
        return sorted({check_render_factor(int(part)) for part in text.split(",")})
    except ValueError as error:  # an OptionError is one, too
        raise argparse.ArgumentTypeError(str(error)) from error


def run_preview(args: argparse.Namespace) -> int:
    """Write the sheet, and for a film the clip; print their names."""
    from deoldify_lite.photo.io import read_photo
    from deoldify_lite.show.sheet import Row, draw_sheet, subject_of, write_sheet

    frames = frames_of(args, photos=True)
    is_film = frames is not None or args.source.suffix.lower() in FILM_SUFFIXES
    sheet, clip = _outputs(args, frames, is_film=is_film)
    # Both are recorded as results, so that the next preview may replace them and no run colorizes them.
    manifest = Manifest(sheet.parent)
    for path in (sheet, clip):
        if path is not None:
            check_output(Task(args.source, path, manifest, frames=frames), args.overwrite)

    def delivery(path: Path) -> Delivery:
        task = Task(args.source, path, manifest, frames=frames)
        return Delivery(manifest, fingerprint_with(task, {"preview": path.suffix}), args.source)

    renderings = _renderings(args, is_film)
    mode, first = next(iter(renderings.items()))
    ours = first.spec.decoder not in ("deep", "wide")
    factors = args.render_factors or list(LITE_FACTORS if ours else DEOLDIFY_FACTORS)
    if is_film:
        film, at_s, subject = _frame(args, frames, factors)
    else:
        photo = read_photo(args.source)
        for warning in photo.warnings:
            log.warning("%s: %s", args.source, warning)
        subject = subject_of(photo)
    command = "colorize-video" if is_film else "colorize-folder"
    rows = (Row(name, rendering.load()) for name, rendering in renderings.items())
    drawn = draw_sheet(subject, rows, factors, f"{command} --mode MODE --render-factor N")
    write_sheet(drawn, sheet, args.source, deliver=delivery(sheet))
    print(sheet)
    if clip is not None:
        rendering = renderings.get("video", first)
        write = write_clip if frames is None else write_clip_of_frames
        write(args, film, at_s, rendering, clip, deliver=delivery(clip))
        print(clip)
    weights = "" if args.weights == "lite" else f" --weights {shlex.quote(args.weights)}"
    log.info(
        "for colours as in %s · %d (the others likewise), run: %s %s --mode %s --render-factor %d%s",
        *(mode, first.render_factor, command, shlex.join(as_arguments(args, frames))),
        *(mode, first.render_factor, weights),
    )
    return 0


def _outputs(args: argparse.Namespace, frames: Frames | None, *, is_film: bool) -> tuple[Path, Path | None]:
    """Names of the sheet and of the clip, if one is wanted.

    Raises:
        OptionError: an option makes no sense.
    """
    if args.at is not None and not is_film:
        raise OptionError(f"--at {args.at:g}: {args.source} is not a film")
    if not 0 <= args.seconds <= MOST_SECONDS:
        raise OptionError(f"--seconds {args.seconds:g}: choose 0 to {MOST_SECONDS}")
    name = folder_name(args.source, frames)
    sheet = args.out or name.with_name(f"{name.name}-preview.png")
    if sheet.suffix.lower() not in SUFFIXES or sheet.is_dir() or not is_regular(sheet):
        raise OptionError(f"-o {sheet}: name a file that ends in {' or '.join(SUFFIXES)}, no folder or pipe")
    if sheet.is_symlink():  # as for all files that the user names, what it leads to is written
        sheet = sheet.resolve()
    return sheet, sheet.with_suffix(".mp4") if is_film and args.seconds else None


def _renderings(args: argparse.Namespace, is_film: bool) -> "dict[str, Rendering]":
    """Settle how each mode renders, in the order of the rows."""
    from deoldify_lite import api

    return {
        mode: api.settle(mode, **network_of(args))
        for mode in args.modes or (reversed(MODES) if is_film else MODES)
    }


def _frame(
    args: argparse.Namespace, frames: Frames | None, factors: list[int]
) -> "tuple[Film, float, Subject]":
    """Return the film, the time of the frame in seconds, and the frame."""
    from deoldify_lite.film.parts import PictureChanges
    from deoldify_lite.film.probe import probe_film
    from deoldify_lite.run.sequences.footage import SequenceFilm
    from deoldify_lite.show.clip import frame_of

    film, _ = probe_source(args.source, frames)
    at_s = film.duration_s / 2 if args.at is None else args.at
    if args.at is None and isinstance(film, SequenceFilm):
        frame = film.footage.frame_of(args.source.name)
        at_s = at_s if frame is None else float(film.seconds(frame))
    try:
        subject = frame_of(film, at_s, largest_square_px=16 * max(factors))
    except PictureChanges:  # where probing has not found it
        film = probe_film(args.source, every_frame=True)
        subject = frame_of(film, at_s, largest_square_px=16 * max(factors))
    return film, at_s, subject
