"""What commands say of picture sequences, and the sequence or film that a user names."""

import argparse
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.run.sequences.frames import MISSING, Frames

if TYPE_CHECKING:
    from deoldify_lite.film.probe import Film


def add_frames_options(group: argparse._ArgumentGroup) -> None:
    """Add what is said of the frames of a sequence to a group."""
    group.add_argument(
        "--missing",
        choices=MISSING,
        default="fail",
        help="frames that have no picture: fail lists them before the work; hold repeats the frame before; "
        "skip leaves them out (default: fail)",
    )
    group.add_argument(
        "--fps",
        type=frames_a_second,
        metavar="RATE",
        help="frames a second, such as 16, 23.976 or 24000/1001 (default: what the files say, else 24)",
    )


def frames_a_second(text: str) -> Fraction:
    """Read a rate; one such as 23.976 means 24000/1001."""
    try:
        rate = Fraction(text)
    except (ValueError, ZeroDivisionError):
        raise argparse.ArgumentTypeError(f"{text}: give a number such as 24 or 24000/1001") from None
    usual = Fraction(1000 * round(rate * 1001 / 1000), 1001)
    return usual if rate.denominator > 1 and abs(rate - usual) < Fraction(1, 200) else rate


def frames_of(args: argparse.Namespace, *, photos: bool = False) -> Frames | None:
    """Return the sequence that the source of a command is; None if it is a file of its own.

    Args:
        args: with `source`, `missing` and `fps`.
        photos: whether the command takes photos, too, so that a TIFF or a PNG is one.

    Raises:
        InputError: there is no such file, or there are no frames or those of several sequences.
        OptionError: the rate is out of range, or an option is for sequences, and this is none.
    """
    # It needs numpy, and `--help` is not to wait for that.
    from deoldify_lite.run.sequences.plan import choose, find_frames

    choices = choose(missing=args.missing, fps=args.fps)
    frames = find_frames(args.source, choices, photos=photos)
    if frames is not None:
        return frames
    if not args.source.is_file():
        kinds = "photo, film" if photos else "film"
        raise InputError(f"{args.source}: no such file; name one {kinds} or picture sequence")
    if not choices.are_default:
        raise OptionError(f"{args.source}: --missing and --fps are for picture sequences: leave them out")
    return None


def probe_source(source: Path, frames: Frames | None) -> "tuple[Film, tuple[str, ...]]":
    """Look at a film, or at all frames of a sequence; return it, and warnings about what is special in it.

    Raises:
        DeoldifyError: as of `probe_film` and `probe_sequence`.
    """
    from deoldify_lite.film.probe import probe_film
    from deoldify_lite.run.sequences.probe import notes_on, probe_sequence

    if frames is None:
        film = probe_film(source)
        return film, film.notes
    sequence = probe_sequence(frames)
    return sequence, notes_on(frames, sequence)


def folder_name(source: Path, frames: Frames | None) -> Path:
    """Return the path whose name those of what is written beside a source begin with."""
    return source.with_suffix("") if frames is None else frames.sequence.folder.resolve()


def as_arguments(args: argparse.Namespace, frames: Frames | None) -> list[str]:
    """Return the source, and what is said of it, as arguments of `colorize-video`."""
    if frames is None:
        return [str(args.source)]
    # A folder of few frames is no sequence unless a pattern says so.
    source = frames.sequence.pattern if args.source.exists() else args.source
    rate = [] if args.fps is None else ["--fps", str(args.fps)]
    return [str(source), *rate, *(["--missing", args.missing] if args.missing != "fail" else [])]
