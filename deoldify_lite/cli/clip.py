"""The clip that `deoldify-lite preview` writes beside the sheet: before on the left, after on the right."""

import argparse
import logging
import tempfile
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deoldify_lite.errors import RenderError
from deoldify_lite.run.delivery import Delivery

if TYPE_CHECKING:
    from deoldify_lite.api import Rendering
    from deoldify_lite.film.probe import Film
    from deoldify_lite.run.items import Item

log = logging.getLogger(__name__)


def write_clip(
    args: argparse.Namespace,
    film: "Film",
    at_s: float,
    rendering: "Rendering",
    clip: Path,
    *,
    deliver: Delivery,
) -> None:
    """Colorize some seconds of the film, or fewer if it then looks different, and write the clip.

    Raises:
        RenderError: the film cannot be colorized.
    """
    from deoldify_lite.film.cut import Cut
    from deoldify_lite.film.parts import part_at
    from deoldify_lite.film.probe import probe_film
    from deoldify_lite.show.clip import write_side_by_side

    shown, next_part = part_at(film, film.nearest_frame(Fraction(at_s)))
    end_s = at_s + args.seconds
    if next_part is not None and (change_s := float(film.offset_s + film.seconds(next_part))) < end_s:
        end_s = change_s
        log.warning(
            "%s: the clip ends at %.2f s, where the picture changes its size or its pixel aspect ratio",
            *(args.source, end_s),
        )
    with tempfile.TemporaryDirectory(prefix="deoldify-lite-") as folder:
        result = Path(folder) / "after.mkv"
        item = _colorize(args, args.source, result, rendering=rendering, start_s=at_s, end_s=end_s)
        if item.status != "failed":
            write_side_by_side(shown, Cut.between(shown, at_s, end_s), result, clip, deliver=deliver)
            return
    looked = film if film.parts else probe_film(args.source, every_frame=True)
    if film.parts or len(looked.parts) < 2:
        raise RenderError(item.reason)
    write_clip(args, looked, at_s, rendering, clip, deliver=deliver)


def write_clip_of_frames(
    args: argparse.Namespace,
    film: "Film",
    at_s: float,
    rendering: "Rendering",
    clip: Path,
    *,
    deliver: Delivery,
) -> None:
    """`write_clip` for a sequence; the clip has no sound."""
    from deoldify_lite.film.cut import Cut
    from deoldify_lite.show.clip import write_frames_side_by_side

    end_s = at_s + args.seconds
    source = args.source if not args.source.exists() else film.path
    # Frames of film scans may take more room than there is for temporary files.
    with tempfile.TemporaryDirectory(prefix=".deoldify-lite-", dir=clip.parent) as name:
        folder = Path(name)
        item = _colorize(
            args,
            source,
            folder / "frames",
            rendering=rendering,
            start_s=at_s,
            end_s=end_s,
            missing=args.missing,
            fps=args.fps,
        )
        if item.status == "failed":
            raise RenderError(item.reason)
        write_frames_side_by_side(
            Cut.between(film, at_s, end_s), folder / "frames", folder, clip, deliver=deliver
        )


def _colorize(args: argparse.Namespace, source: Path, result: Path, **options: Any) -> "Item":
    """Colorize a part of a film, and log the warnings unless it failed."""
    from deoldify_lite import api

    (item,) = api.colorize_video(source, result, **options)
    if item.status != "failed":
        for warning in item.warnings:
            log.warning("%s: %s", args.source, warning)
    return item
