"""Standard output and error that fail no run: closed, full, no longer read, or short of letters."""

import codecs
import errno
import io
import os
import select
import sys
from contextlib import suppress
from typing import Any, TextIO

from deoldify_lite.system.console import bytes_of_name, takes_bytes
from deoldify_lite.system.native_lines import catch_lines

ERRORS = "deoldify_lite.file_name"


def prepare_streams() -> None:
    """Make the standard streams such that a run can print names of files and go on without a reader."""
    # A file opened later would get the number of a closed stream, and with it all that libraries print.
    while (number := os.open(os.devnull, os.O_RDWR)) < 3:
        os.set_inheritable(number, True)  # nor may ffmpeg open a file under it
    os.close(number)
    codecs.register_error(ERRORS, _encode_name)
    sys.stdout = _prepared(sys.stdout, ERRORS)
    stderr = sys.stderr
    sys.stderr = _prepared(stderr, "backslashreplace", another=True)
    if sys.stderr is not stderr:
        catch_lines()


def problem_of_stdout() -> str:
    """Return why not all that was printed has been written; empty if it has, or nobody wants it."""
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    error = raw.error if isinstance(raw, _Unfailing) else None
    return "" if error is None or error.errno == errno.EPIPE else error.strerror or str(error)


class _Unfailing(io.FileIO):
    """A stream that keeps its first error instead of raising it."""

    error: OSError | None = None

    def write(self, data: Any) -> int:
        try:
            while (count := super().write(data)) is None:  # whoever started us has made it non-blocking
                select.select([], [self], [])
        except OSError as error:
            self.error = self.error or error
            return memoryview(data).nbytes
        return count


def _prepared(stream: TextIO | None, errors: str, *, another: bool = False) -> TextIO:
    """Return a stream that fails no run, if wanted on another descriptor than the given one."""
    if stream is None:  # closed, and now /dev/null
        return open(os.devnull, "w", encoding="utf-8", errors=errors)
    if not isinstance(stream, io.TextIOWrapper):
        return stream
    # Each line is written at once, for programs that read along.
    stream.reconfigure(errors=errors, line_buffering=True)
    # Of others, such as those of pytest, no file may be known.
    if type(stream) is not io.TextIOWrapper or not takes_bytes():
        return stream
    stream.flush()
    number = os.dup(stream.fileno()) if another else stream.fileno()
    raw = _Unfailing(number, "w", closefd=another)
    return io.TextIOWrapper(
        io.BufferedWriter(raw), encoding=stream.encoding, errors=errors, line_buffering=True
    )


def _encode_name(error: UnicodeError) -> tuple[str | bytes, int]:
    """Write letters that the encoding lacks with the bytes of file names, as `ls` does."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    with suppress(UnicodeEncodeError):
        if (name := bytes_of_name(error.object[error.start : error.end])) is not None:
            return name, error.end
    return codecs.backslashreplace_errors(error)
