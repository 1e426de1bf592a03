"""What standard streams take: Windows' console takes text alone, all others any bytes."""

import errno
import os
import sys


def takes_bytes() -> bool:
    """Whether a console takes bytes that are not text, such as those of some names of files."""
    return sys.platform != "win32"


def bytes_of_name(text: str) -> bytes | None:
    """Return letters of a file's name as the bytes that the disk holds; None where it holds text.

    Raises:
        UnicodeEncodeError: they are of no name.
    """
    return os.fsencode(text) if takes_bytes() else None


def has_no_reader(error: OSError) -> bool:
    """Whether writing to a pipe failed because nobody reads it; Windows calls the argument invalid."""
    return error.errno == errno.EPIPE or (sys.platform == "win32" and error.errno == errno.EINVAL)
