"""ffmpeg: found, run and watched. No shell, no network, no orphan, and its own words in every error."""

import contextlib
import functools
import shutil
import subprocess
import threading
from collections import deque
from pathlib import Path
from typing import IO, Any

import ffmpeg

from deoldify_lite.errors import VideoError

# A playlist must not make ffmpeg fetch something: only files and our own pipes may be opened.
SOURCE_OPTIONS = {"protocol_whitelist": "file,pipe"}
_TAIL_LINES = 20  # of what a process said last, kept for the error


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
    """A file's name as ffmpeg takes it unchanged: a leading dash is no option and a colon no protocol."""
    return f"file:{path}"


def compile_arguments(stream: Any) -> list[str]:
    """Argument list of an ffmpeg-python stream: quiet, deaf to the terminal, overwriting."""
    quiet = ("-hide_banner", "-loglevel", "error", "-nostdin")
    arguments: list[str] = ffmpeg.compile(
        stream.global_args(*quiet), cmd=find_program(), overwrite_output=True
    )
    return arguments


def run_program(name: str, arguments: list[str]) -> subprocess.CompletedProcess[bytes]:
    """Run `ffmpeg` or `ffprobe` to its end; the caller looks at the return code."""
    return run_arguments([find_program(name), *arguments])


def run_arguments(arguments: list[str]) -> subprocess.CompletedProcess[bytes]:
    """Run a whole argument list to its end, without a terminal; the caller looks at the return code."""
    return subprocess.run(
        arguments, stdin=subprocess.DEVNULL, capture_output=True, start_new_session=True, check=False
    )


def last_words(output: bytes) -> str:
    """The end of what a program said, for an error message."""
    lines = output.decode(errors="replace").strip().splitlines()
    return "\n".join(lines[-_TAIL_LINES:]) or "(it said nothing)"


class FfmpegProcess:
    """A running ffmpeg, its chatter drained by threads so that it can never block on it.

    It has a session of its own: a Ctrl-C reaches us first, and we stop it.
    """

    def __init__(self, arguments: list[str], *, feeds: bool) -> None:
        """Start it.

        Args:
            arguments: the whole command line.
            feeds: True: we write to its stdin and its stdout is chatter; False: we read its stdout.
        """
        self._process = subprocess.Popen(
            arguments,
            stdin=subprocess.PIPE if feeds else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        self.said: deque[str] = deque(maxlen=_TAIL_LINES)
        """Last lines of its stderr."""
        self.reported: deque[str] = deque(maxlen=_TAIL_LINES)
        """Last lines of its stdout, if that is chatter."""
        self._drains = [self._drain(self._process.stderr, self.said)]
        if feeds:
            self._drains.append(self._drain(self._process.stdout, self.reported))

    @staticmethod
    def _drain(stream: IO[bytes] | None, tail: deque[str]) -> threading.Thread:
        assert stream is not None

        def read_to_the_end() -> None:
            # A limit, since a line without an end must not fill the memory.
            while line := stream.readline(4096):
                if text := line.decode(errors="replace").strip():
                    tail.append(text)

        thread = threading.Thread(target=read_to_the_end, daemon=True)
        thread.start()
        return thread

    @property
    def stdin(self) -> IO[bytes]:
        """Where it is fed."""
        assert self._process.stdin is not None
        return self._process.stdin

    @property
    def stdout(self) -> IO[bytes]:
        """What it gives."""
        assert self._process.stdout is not None
        return self._process.stdout

    def words(self) -> str:
        """What it said last, for an error message or a warning."""
        return "\n".join(self.said) or "(it said nothing)"

    def wait(self) -> int:
        """Close its stdin, wait for its end and for all it said; returns its return code."""
        if self._process.stdin is not None:
            # If it has ended early, its return code and words tell more than a broken pipe.
            with contextlib.suppress(OSError):
                self._process.stdin.close()
        code = self._process.wait()
        self._finish()
        return code

    def stop(self) -> None:
        """End it now, whatever it does; harmless if it has ended."""
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            with contextlib.suppress(OSError):  # What was still buffered for it has no taker.
                self._process.stdin.close()
        self._finish()

    def _finish(self) -> None:
        for thread in self._drains:
            thread.join()
        for stream in (self._process.stdout, self._process.stderr):
            if stream is not None:
                stream.close()
