"""A picture and a film's other streams become one file: ffmpeg copies them all."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from deoldify_lite.errors import VideoError
from deoldify_lite.film.clock import JUMPING_FORMATS
from deoldify_lite.film.cut import Cut, ffmpeg_time
from deoldify_lite.film.ffmpeg import file_url, open_file, write_command
from deoldify_lite.film.probe import Film, Stream
from deoldify_lite.film.process import last_words, run_arguments
from deoldify_lite.film.retime import retime
from deoldify_lite.film.sound import encoder_settings
from deoldify_lite.film.timecode import advance_timecode


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
        VideoError: ffmpeg failed, or cover art cannot be read.
    """
    folder = segments[0][0].parent
    covers = []
    if out_path.suffix == ".mkv":
        covers = [_extract_cover(film, s, folder) for s in streams if s.attached_pic]
    lead = ffmpeg_time(cut.lead_s)
    options: dict[str, Any] = {}
    if film.times:
        if film.pixel_aspect:
            # Streams that PyAV writes have none of their own; ffmpeg takes the aspect of the whole frame.
            aspect = film.pixel_aspect * film.width / film.height
            options["aspect:v"] = f"{aspect.numerator}:{aspect.denominator}"
        picture = open_file(retime(film.times, cut.first, segments, folder), itsoffset=lead)
    elif len(segments) == 1:
        picture = open_file(segments[0][0], itsoffset=lead)
    else:
        playlist = _write_playlist(film, segments)
        picture = open_file(playlist, f="concat", safe=0, itsoffset=lead)
    seek: dict[str, Any] = {}
    if cut.first:
        seek["ss"] = ffmpeg_time(cut.start_s)
        options["copypriorss"] = 0  # No sound from before the cut.
    if cut.duration_s is not None:
        options["t"] = ffmpeg_time(cut.duration_s)
    source = open_file(film.path, **seek)
    command = mux_command(film, picture, source, streams, out_path, options, covers=covers, first=cut.first)
    if film.container in JUMPING_FORMATS:
        # ffmpeg moves the clock of such a file to the first of the streams that it reads, so it reads all.
        limit = ("-t", options["t"]) if "t" in options else ()
        command += ["-map", f"1:{film.index}", "-c", "copy", *limit, "-f", "null", "-"]
    done = run_arguments(command)
    if done.returncode != 0:
        raise VideoError(
            f"{out_path}: the picture cannot be joined with the sound and the rest of "
            f"{film.path}: {last_words(done.stderr)}"
        )


def mux_command(
    film: Film,
    picture: Any,
    source: Any,
    streams: Sequence[Stream],
    out_path: Path,
    options: Mapping[str, Any],
    *,
    covers: Sequence[Path] = (),
    first: int = 0,
) -> list[str]:
    """The command that puts a colorized picture and streams of its source into one file.

    Args:
        film: the source.
        picture: ffmpeg-python input whose only stream is the picture.
        source: ffmpeg-python input of the source; the second input of the command.
        streams: those of the source to keep; they are copied, or encoded as they say.
        out_path: its suffix names the container.
        options: more output options; names that end in :v are for the picture, which is copied without c:v.
        covers: pictures to attach, for .mkv, whose muxer would make a video track of cover art.
        first: frame of the source that comes first, by which its timecode is advanced.
    """
    suffix = out_path.suffix
    mapped = [s for s in streams if not (s.attached_pic and suffix == ".mkv")]
    place = sum(s.index < film.index for s in mapped)  # The picture keeps its place.
    inputs = [source[str(s.index)] for s in mapped]
    inputs.insert(place, picture["v:0"])
    if not mapped:
        # Nothing that exists, but without a mapped stream there would be no second input to take the
        # metadata and the chapters from.
        inputs.append(source["9999?"])
    settings: dict[str, Any] = {
        "c": "copy",
        "map_metadata": 1,
        "map_chapters": 1,
        f"disposition:{place}": "+".join(film.picture_dispositions) or "0",
    }
    in_order: list[Stream | None] = [*mapped[:place], None, *mapped[place:]]
    for position, stream in enumerate(in_order):
        if stream and stream.codec == "mov_text" and suffix == ".mkv":
            settings[f"c:{position}"] = "srt"  # The same text; .mkv knows no mov_text.
        if stream and stream.encoder != "copy":
            settings |= encoder_settings(stream, position)
    if suffix in (".mp4", ".m4v", ".mov"):
        settings["movflags"] = "+faststart"  # So that it plays while it is still being loaded.
        if any(tag.startswith("com.apple.quicktime.") for tag in film.tags):
            settings["movflags"] += "+use_metadata_tags"  # Apple's own names, as telephones write them.
    repeated = []
    for name, value in film.picture_tags.items():
        repeated += [f"-metadata:s:{place}", f"{name}={value}"]
    if timecode := film.timecode and advance_timecode(film.timecode, first, film.rate):
        repeated += ["-metadata", f"timecode={timecode}"]
        if suffix == ".m4v":
            settings["write_tmcd"] = 1  # As mp4 and mov do unasked.
    attached = sum(s.kind == "attachment" for s in mapped)
    for number, cover in enumerate(covers, attached):
        mime = "image/png" if cover.suffix == ".png" else "image/jpeg"
        repeated += ["-attach", file_url(cover), f"-metadata:s:t:{number}", f"mimetype={mime}"]
        repeated += [f"-metadata:s:t:{number}", f"filename=cover{cover.suffix}"]
    # By number, since cover art is video, too.
    settings |= {re.sub("(?<=:)v$", str(place), name): value for name, value in options.items()}
    return write_command(inputs, out_path, settings, repeated=repeated)


def _write_playlist(film: Film, segments: Sequence[tuple[Path, int]]) -> Path:
    """A list of the segments for ffmpeg. It names their lengths, since containers round them."""
    lines = ["ffconcat version 1.0"]
    for path, frames in segments:
        # With a protocol a name is taken as it is, and not as a part of an address.
        name = file_url(path.absolute()).replace("'", "'\\''")
        lines += [f"file '{name}'", f"duration {ffmpeg_time(frames / film.rate)}"]
    playlist = segments[0][0].with_name("segments.ffconcat")
    playlist.write_text("\n".join(lines) + "\n")
    return playlist


def _extract_cover(film: Film, stream: Stream, folder: Path) -> Path:
    """Write a film's cover art as a file of its own into a folder, as it is.

    Raises:
        VideoError: ffmpeg cannot read it.
    """
    out_path = folder / f"cover{stream.index}{'.png' if stream.codec == 'png' else '.jpg'}"
    cover = open_file(film.path)[str(stream.index)]
    options = {"c": "copy", "f": "image2", "update": 1, "frames:v": 1}
    done = run_arguments(write_command([cover], out_path, options))
    if done.returncode != 0:
        raise VideoError(f"{film.path}: its cover art cannot be read: {last_words(done.stderr)}")
    return out_path
