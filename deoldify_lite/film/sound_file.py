"""Sound in a file of its own, which goes into a film that is made of pictures."""

import json
from pathlib import Path

from deoldify_lite.errors import InputError
from deoldify_lite.film.ffmpeg import find_program, input_arguments
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
