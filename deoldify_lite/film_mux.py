"""A picture and a film's other streams in one file, by copying: ffmpeg's arguments for it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ffmpeg

from deoldify_lite.errors import VideoError
from deoldify_lite.ffmpeg_process import (
    SOURCE_OPTIONS,
    compile_arguments,
    file_url,
    last_words,
    run_arguments,
)
from deoldify_lite.film import Film, Stream
from deoldify_lite.timecode import advance_timecode


def mux(
    film: Film,
    picture: Any,
    source: Any,
    streams: Sequence[Stream],
    out_path: Path,
    *,
    covers: Sequence[Path] = (),
    first: int = 0,
    **options: Any,
) -> list[str]:
    """Argument list that joins a colorized picture with the streams of its source, which are copied.

    Args:
        film: the source.
        picture: ffmpeg-python input whose only stream is the picture.
        source: ffmpeg-python input of the source; the second input of the command.
        streams: the streams to keep.
        out_path: its suffix names the container.
        covers: pictures that are attached, for .mkv, whose muxer would make a video track of cover art.
        first: frame of the source that comes first, by which its timecode is advanced.
        options: more output options.
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
    # Options that occur more than once, which ffmpeg-python has no words for.
    repeated = []
    for name, value in film.picture_tags.items():
        repeated += [f"-metadata:s:{place}", f"{name}={value}"]
    if timecode := film.timecode and advance_timecode(film.timecode, first, film.rate):
        repeated += ["-metadata", f"timecode={timecode}"]
        if suffix == ".m4v":
            settings["write_tmcd"] = 1  # As mp4 and mov do unasked.
    in_order: list[Stream | None] = [*mapped[:place], None, *mapped[place:]]
    for position, stream in enumerate(in_order):
        if stream and stream.codec == "mov_text" and suffix == ".mkv":
            settings[f"c:{position}"] = "srt"  # The same text; .mkv knows no mov_text.
    if suffix in (".mp4", ".m4v", ".mov"):
        settings["movflags"] = "+faststart"  # So that it plays while it is still being loaded.
        if any(tag.startswith("com.apple.quicktime.") for tag in film.tags):
            settings["movflags"] += "+use_metadata_tags"  # Apple's own names, as telephones write them.
    attached = sum(s.kind == "attachment" for s in mapped)
    for number, cover in enumerate(covers, attached):
        mime = "image/png" if cover.suffix == ".png" else "image/jpeg"
        repeated += ["-attach", file_url(cover), f"-metadata:s:t:{number}", f"mimetype={mime}"]
        repeated += [f"-metadata:s:t:{number}", f"filename=cover{cover.suffix}"]
    arguments = compile_arguments(ffmpeg.output(*inputs, file_url(out_path), **(settings | options)))
    before_name = arguments.index(file_url(out_path))
    return [*arguments[:before_name], *repeated, *arguments[before_name:]]


def extract_cover(film: Film, stream: Stream, folder: Path) -> Path:
    """Write a film's cover art as a file of its own into a folder, as it is.

    Raises:
        VideoError: ffmpeg cannot read it.
    """
    out_path = folder / f"cover{stream.index}{'.png' if stream.codec == 'png' else '.jpg'}"
    source = ffmpeg.input(file_url(film.path), **SOURCE_OPTIONS)
    options = {"c": "copy", "f": "image2", "update": 1, "frames:v": 1}
    done = run_arguments(
        compile_arguments(ffmpeg.output(source[str(stream.index)], file_url(out_path), **options))
    )
    if done.returncode != 0:
        raise VideoError(f"{film.path}: its cover art cannot be read: {last_words(done.stderr)}")
    return out_path
