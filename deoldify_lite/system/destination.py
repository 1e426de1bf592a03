"""Files that the user names, such as reports: a regular file is replaced, anything else is written through.

To rename a finished file to such a name would put a regular file in the place of a link, a pipe or a device.
"""

import errno
import os
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from deoldify_lite.system.files import atomic_path

# The name that stands for standard output.
STDOUT = Path("-")
# What messages and reports call the two ends of a pipe.
STDIN_NAME, STDOUT_NAME = Path("standard input"), Path("standard output")

_MOST_LINKS = 40  # as many as Linux follows


@contextmanager
def writing_to(path: Path) -> Iterator[Path]:
    """Yield a name to write to; what is there goes to `path` if the block succeeds.

    A regular file, also at the end of a link, is replaced whole or not at all, if its place allows it. A
    pipe, a device, standard output and a file that stays in its place get the bytes once all are there.

    Raises:
        OSError: it cannot be written; the error names `path`.
    """
    real = Path(os.path.realpath(path))
    if is_regular(path) and not (real.exists() and not os.access(real.parent, os.W_OK)):
        with atomic_path(real, deliver=_replace) as part:
            yield part
        return
    with tempfile.TemporaryDirectory(prefix="deoldify-lite-") as folder:
        part = Path(folder) / f"file{path.suffix}"
        yield part
        with open(part, "rb") as made:
            try:
                with _opened(path) as file:
                    shutil.copyfileobj(made, file)
                    file.flush()
            except OSError as error:  # a broken pipe does not say which
                raise OSError(error.errno, error.strerror, str(path)) from error


def check_destination(path: Path) -> None:
    """Raise OSError if `path` cannot be written, as far as that shows beforehand."""
    number = descriptor_of(path)
    if number is not None:
        os.fstat(number)
        if number == 1 and getattr(sys.stdout, "name", None) == os.devnull:  # see cli.streams
            raise _error(errno.EBADF, path)
        return
    real = Path(os.path.realpath(path))
    if real.is_dir():
        raise _error(errno.EISDIR, path)
    if real.is_symlink():  # a circle of links
        raise _error(errno.ELOOP, path)
    if not real.parent.is_dir():
        raise _error(errno.ENOENT, real.parent)
    if real.is_socket():
        raise _error(errno.ENXIO, path)
    if not os.access(real if real.exists() else real.parent, os.W_OK):
        raise _error(errno.EACCES, path if real.exists() else real.parent)


def is_stdout(path: Path | None) -> bool:
    """Whether what is written to `path` goes to standard output."""
    return path is not None and descriptor_of(path) == 1


def is_regular(path: Path) -> bool:
    """Whether `path` leads to a regular file, or to none."""
    if descriptor_of(path) is not None:
        return False
    try:
        return stat.S_ISREG(os.stat(path).st_mode)
    except OSError:
        return True


def descriptor_of(path: Path) -> int | None:
    """Return the descriptor of this process that `path` stands for, such as 1 for `-` and /dev/stdout.

    Even if a file is behind it, it must not be opened by name: others write to it by that descriptor, too.
    """
    if path == STDOUT:
        return 1
    for _ in range(_MOST_LINKS):
        parent = os.path.realpath(path.parent)
        if path.name.isdecimal() and parent in (f"/proc/{os.getpid()}/fd", "/dev/fd"):
            return int(path.name)
        try:
            path = Path(parent, os.readlink(path))
        except OSError:  # no link, or one of another process
            return None
    return None


def _replace(part: Path, path: Path) -> None:
    try:
        os.replace(part, path)
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        shutil.copyfile(part, path)  # a single file that is mounted, as into a container, stays in its place


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    number = descriptor_of(path)
    if number == 1:
        sys.stdout.flush()
        yield sys.stdout.buffer
        return
    if number == 2:
        sys.stderr.flush()
    with open(path if number is None else os.dup(number), "wb") as file:
        yield file


def _error(number: int, path: Path) -> OSError:
    return OSError(number, os.strerror(number), str(path))
