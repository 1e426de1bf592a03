"""Commands of ffmpeg and ffprobe: what they may open, and what they write.

No other module imports the package ffmpeg-python, and every input of every command is opened by `open_file`,
`run_ffprobe` or `start_ffprobe`, or is made by ourselves. No shell, no network.
"""

import functools
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import ffmpeg

from deoldify_lite.errors import InputError, VideoError
from deoldify_lite.film.kinds import FILM_FORMATS
from deoldify_lite.film.process import FfmpegProcess, run_arguments

# So that a playlist cannot make ffmpeg fetch something: it may open only files and our own pipes.
SOURCE_OPTIONS = {"protocol_whitelist": "file,pipe"}


def find_program(name: str = "ffmpeg") -> str:
    """Path of `ffmpeg` or `ffprobe`.

    Raises:
        VideoError: it is not installed, or Python's `ffmpeg` module is not that of ffmpeg-python.
    """
    if not (hasattr(ffmpeg, "input") and hasattr(ffmpeg, "compile")):
        raise VideoError(
            "the Python module 'ffmpeg' is not that of the package ffmpeg-python; "
            "run: pip uninstall -y ffmpeg python-ffmpeg && pip install --force-reinstall ffmpeg-python"
        )
    program = shutil.which(name)
    if program is None:
        raise VideoError(
            f"the program {name} is not on the PATH; install it with 'apt install ffmpeg' (Debian, Ubuntu), "
            "'brew install ffmpeg' (macOS) or 'winget install ffmpeg' (Windows)"
        )
    return program


@functools.lru_cache
def ffmpeg_version() -> str:
    """Version and build of ffmpeg: the first line of what it prints about itself."""
    done = run_arguments([find_program(), "-version"])
    return done.stdout.decode(errors="replace").partition("\n")[0].strip()


def file_url(path: Path) -> str:
    """A file's name as ffmpeg takes it literally: a leading dash is not an option, and a colon no protocol.

    Raises:
        InputError: the name is not text, as on old disks that were written with other letters.
    """
    url = f"file:{path}"
    try:
        url.encode()
    except UnicodeEncodeError:
        raise InputError(f"{path}: its name holds bytes that are not letters (UTF-8): rename it") from None
    return url


def open_file(path: Path, **options: Any) -> Any:
    """A file as an input of ffmpeg: an ffmpeg-python stream.

    Args:
        path: of a film that `run_ffprobe` has read, or of a file that we have written.
        options: of ffmpeg, for this input.
    """
    return ffmpeg.input(file_url(path), **SOURCE_OPTIONS, **options)


def open_pipe(**options: Any) -> Any:
    """Raw pictures from ffmpeg's stdin as an input; the options say what they are."""
    return ffmpeg.input("pipe:0", f="rawvideo", **options)


def open_test_picture(description: str) -> Any:
    """A picture that ffmpeg draws itself as an input, such as color=s=96x64:d=1."""
    return ffmpeg.input(description, f="lavfi")


def filter_together(streams: Sequence[Any], name: str, *arguments: Any, **options: Any) -> Any:
    """The output of a filter that takes several streams; a filter of one is `stream.filter(...)`."""
    return ffmpeg.filter(streams, name, *arguments, **options)


def write_command(
    streams: Sequence[Any],
    target: Path | str,
    options: Mapping[str, Any],
    *,
    repeated: Sequence[str] = (),
    also: tuple[Any, Path, Mapping[str, Any]] | None = None,
    tells_all: bool = False,
) -> list[str]:
    """The command by which ffmpeg writes streams; it is quiet, takes no keys, and overwrites.

    Args:
        streams: of ffmpeg-python; each becomes a stream of the result.
        target: a file, or a pipe such as pipe:1.
        options: of ffmpeg, for the output.
        repeated: more arguments, such as options that stand there more than once.
        also: a stream that is written at the same time, its file, and the options for that.
        tells_all: it is not quiet, and tells the level of each line, as `FfmpegProcess` needs it to hear more
            than errors.
    """
    name = file_url(target) if isinstance(target, Path) else target
    output = ffmpeg.output(*streams, name, **options)
    if also is not None:
        stream, other, its_options = also
        output = ffmpeg.merge_outputs(output, ffmpeg.output(stream, file_url(other), **its_options))
    level = ("+level+verbose", "-nostats") if tells_all else ("error",)
    output = output.global_args("-hide_banner", "-nostdin", "-loglevel", *level)
    arguments: list[str] = ffmpeg.compile(output, cmd=find_program(), overwrite_output=True)
    # The last one, since an option may have the same value.
    before_name = len(arguments) - 1 - arguments[::-1].index(name)
    return [*arguments[:before_name], *repeated, *arguments[before_name:]]


def input_arguments(path: Path) -> list[str]:
    """`open_file` for a command that is written by hand."""
    options = [part for name, value in SOURCE_OPTIONS.items() for part in (f"-{name}", value)]
    return [*options, "-i", file_url(path)]


def run_ffprobe(path: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    """Run ffprobe on a file to its end; the caller looks at the return code."""
    return run_arguments(_probe_command(path, arguments))


def start_ffprobe(path: Path, *arguments: str) -> FfmpegProcess:
    """Start ffprobe on a file, to read its output as it comes."""
    return FfmpegProcess(_probe_command(path, arguments), feeds=False)


def _probe_command(path: Path, arguments: Sequence[str]) -> list[str]:
    """ffprobe sees every film first, so it refuses whatever is not in FILM_FORMATS."""
    allowed = ("-format_whitelist", FILM_FORMATS)
    return [find_program("ffprobe"), "-v", "error", *allowed, *arguments, *input_arguments(path)]
