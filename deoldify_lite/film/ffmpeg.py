"""ffmpeg: found, and given its arguments. No shell, no network."""

import functools
import shutil
import subprocess
from pathlib import Path
from typing import Any

import ffmpeg

from deoldify_lite.errors import InputError, VideoError
from deoldify_lite.film.kinds import FILM_FORMATS
from deoldify_lite.film.process import run_arguments

# A playlist must not make ffmpeg fetch something: only files and our own pipes may be opened.
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
    """What ffmpeg says of itself first: its version and build."""
    return run_program("ffmpeg", ["-version"]).stdout.decode(errors="replace").partition("\n")[0].strip()


@functools.lru_cache
def encoder_pix_fmts(codec: str) -> frozenset[str]:
    """Pixel formats that an encoder of the installed ffmpeg takes; empty where ffmpeg does not say.

    Raises:
        VideoError: this ffmpeg has no such encoder.
    """
    help_text = run_program("ffmpeg", ["-hide_banner", "-h", f"encoder={codec}"]).stdout.decode()
    if not help_text.lstrip().startswith(f"Encoder {codec} "):
        raise VideoError(
            f"this ffmpeg has no encoder {codec}; choose another one (see: ffmpeg -encoders) or install a "
            "full build of ffmpeg"
        )
    for line in help_text.splitlines():
        name, _, formats = line.partition(":")
        if name.strip() == "Supported pixel formats":
            return frozenset(formats.split())
    return frozenset()


def file_url(path: Path) -> str:
    """A file's name as ffmpeg takes it unchanged: a leading dash is no option and a colon no protocol.

    Raises:
        InputError: the name is no text, as on old disks that were written with other letters.
    """
    url = f"file:{path}"
    try:
        url.encode()
    except UnicodeEncodeError:
        raise InputError(f"{path}: its name holds bytes that are no letters (UTF-8): rename it") from None
    return url


def compile_arguments(stream: Any) -> list[str]:
    """Argument list of an ffmpeg-python stream: quiet, deaf to the terminal, overwriting."""
    quiet = ("-hide_banner", "-loglevel", "error", "-nostdin")
    arguments: list[str] = ffmpeg.compile(
        stream.global_args(*quiet), cmd=find_program(), overwrite_output=True
    )
    return arguments


def run_program(name: str, arguments: list[str]) -> subprocess.CompletedProcess[bytes]:
    """Run `ffmpeg` or `ffprobe` to its end; the caller looks at the return code.

    ffprobe, which sees every film first, opens FILM_FORMATS alone.
    """
    allowed = ["-format_whitelist", FILM_FORMATS] if name == "ffprobe" else []
    return run_arguments([find_program(name), *allowed, *arguments])
