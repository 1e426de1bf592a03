"""A colorized picture joined with all that its source has besides, by copying."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ffmpeg

from deoldify_lite.errors import VideoError
from deoldify_lite.ffmpeg_process import SOURCE_OPTIONS, file_url, last_words, run_arguments
from deoldify_lite.film import Film, Stream
from deoldify_lite.film_cut import Cut, ffmpeg_time
from deoldify_lite.film_mux import extract_cover, mux


def join_with_source(
    film: Film, cut: Cut, segments: Sequence[tuple[Path, int]], streams: Sequence[Stream], out_path: Path
) -> None:
    """Put the segments of an encoded picture and the source's other streams into a new file.

    Args:
        film: the source.
        cut: the part of it that was colorized.
        segments: files with the picture, one after the other, in one folder, and the frames in each.
        streams: of the source, those to keep.
        out_path: its suffix names the container.

    Raises:
        VideoError: ffmpeg failed, or frames are missing from the result.
    """
    folder = segments[0][0].parent
    covers = []
    if out_path.suffix == ".mkv":
        covers = [extract_cover(film, s, folder) for s in streams if s.attached_pic]
    lead = ffmpeg_time(cut.lead_s)
    if len(segments) == 1:
        picture = ffmpeg.input(file_url(segments[0][0]), itsoffset=lead)
    else:
        playlist = _write_playlist(film, segments)
        picture = ffmpeg.input(file_url(playlist), f="concat", safe=0, itsoffset=lead, **SOURCE_OPTIONS)
    seek: dict[str, Any] = {}
    options: dict[str, Any] = {}
    if cut.first:
        seek["ss"] = ffmpeg_time(cut.start_s)
        options["copypriorss"] = 0  # No sound from before the cut.
    if cut.duration_s is not None:
        options["t"] = ffmpeg_time(cut.duration_s)
    source = ffmpeg.input(file_url(film.path), **SOURCE_OPTIONS, **seek)
    arguments = mux(film, picture, source, streams, out_path, covers=covers, first=cut.first, **options)
    done = run_arguments(arguments)
    if done.returncode != 0:
        raise VideoError(
            f"{out_path}: the picture cannot be joined with the sound and the rest of "
            f"{film.path}: {last_words(done.stderr)}"
        )


def _write_playlist(film: Film, segments: Sequence[tuple[Path, int]]) -> Path:
    """A list of the segments for ffmpeg. Their lengths are told, since containers round them."""
    lines = ["ffconcat version 1.0"]
    for path, frames in segments:
        # With a protocol a name is taken as it is, and not as a part of an address.
        name = file_url(path.absolute()).replace("'", "'\\''")
        lines += [f"file '{name}'", f"duration {ffmpeg_time(frames / film.rate)}"]
    playlist = segments[0][0].with_name("segments.ffconcat")
    playlist.write_text("\n".join(lines) + "\n")
    return playlist
