"""Sound in a file of its own: that goes into a film that is made of pictures, or comes from one."""

import json
from pathlib import Path
from typing import Any

from deoldify_lite.errors import InputError, VideoError
from deoldify_lite.film.cut import Cut, ffmpeg_time
from deoldify_lite.film.ffmpeg import find_program, input_arguments, open_file, write_command
from deoldify_lite.film.probe import Stream, describe_stream
from deoldify_lite.film.process import last_words, run_arguments

# Of files that hold sound, in names of ffmpeg; playlists are none of them.
_FORMATS = "wav,w64,rf64,aiff,flac,mp3,aac,ogg,mov,matroska,caf"


def probe_sound(path: Path) -> tuple[Stream, ...]:
    """Return the streams of sound in a file.

    Raises:
        InputError: it is missing, cannot be read, or holds no sound.
        VideoError: ffmpeg is missing.
    """
    if not path.is_file():
        raise InputError(f"{path}: no such file with sound: check the name")
    command = [find_program("ffprobe"), "-v", "error", "-format_whitelist", _FORMATS]
    done = run_arguments([*command, "-show_streams", "-of", "json", *input_arguments(path)])
    if done.returncode != 0:
        raise InputError(f"{path}: its sound cannot be read; name a WAV: {last_words(done.stderr)}")
    streams = [describe_stream(each) for each in json.loads(done.stdout).get("streams", ())]
    found = tuple(stream for stream in streams if stream.kind == "audio")
    if not found:
        raise InputError(f"{path}: holds no sound: name a WAV")
    return found


def write_sound(cut: Cut, stream: Stream, path: Path) -> None:
    """Write a stream of a film's sound as a WAV that begins with the first frame of a cut.

    Args:
        cut: of the film.
        stream: with the encoder that it gets.
        path: of the WAV; sound that begins later is preceded by silence.

    Raises:
        VideoError: ffmpeg failed.
    """
    film = cut.film
    # Without a seek, since times in milliseconds, as in Matroska, do not find a sample. Gaps are filled.
    part = {"start": ffmpeg_time(film.offset_s + film.seconds(cut.first))}
    if cut.end is not None:
        part["end"] = ffmpeg_time(film.offset_s + film.seconds(cut.end))
    sound = open_file(film.path)[str(stream.index)].filter("aresample", **{"async": 1, "first_pts": 0})
    sound = sound.filter("atrim", **part).filter("asetpts", "N/SR/TB")
    options: dict[str, Any] = {"c:a": stream.encoder, "f": "wav", "rf64": "auto"}
    done = run_arguments(write_command([sound], path, options))
    if done.returncode != 0:
        raise VideoError(f"{path}: the sound of {film.path} cannot be written: {last_words(done.stderr)}")
