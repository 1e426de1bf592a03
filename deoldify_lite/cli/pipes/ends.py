"""Standard input and output as the ends of a pipe: pictures alone, apart from what a run prints and logs."""

import argparse
import errno
import os
import select
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from deoldify_lite.cli.outputs import check_output_file
from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.storage.url import Url
from deoldify_lite.system.console import has_no_reader
from deoldify_lite.system.destination import STDIN_NAME, STDOUT, STDOUT_NAME

# The exit code that shells give of a program whose reader has left: 128 and the number of SIGPIPE.
READER_LEFT = 141

_AT_A_TIME = 1 << 20  # bytes


def is_dash(place: object) -> bool:
    """Whether a place that the user named is `-`."""
    return place == STDOUT


def check_stdin(example: str) -> None:
    """Check that a program or a file is at standard input.

    Args:
        example: a right command line, for the message.

    Raises:
        OptionError: it is a terminal.
    """
    if os.isatty(0):
        raise OptionError(f"standard input is a terminal: send a file or a program's output there: {example}")


def check_source(args: argparse.Namespace, what: str, example: str) -> None:
    """Check that a pipe has one source: `-`, or a file on this machine.

    Args:
        args: of a command; `inputs` and `address` are read.
        what: "photo" or "film", for the message.
        example: as of `check_stdin`.

    Raises:
        OptionError: there is more than one source, it is not a file of this machine, others cannot see it, or
            it is a terminal.
    """
    if len(args.inputs) > 1:
        raise OptionError(f"- is one {what}, and {len(args.inputs)} are named: name one, or leave out -")
    place = args.inputs[0]
    if is_dash(place):
        check_stdin(example)
        if args.address is not None:
            raise OptionError(
                f"--address {args.address}: other machines do not see standard input: name a file"
            )
    elif isinstance(place, Url) or place.is_dir():
        raise OptionError(f"-o -: takes one {what} on this machine, and {place} is none: name another -o")


def check_stdout(example: str) -> None:
    """Check that bytes may be written to standard output; see `check_stdin`.

    Raises:
        OptionError: it is a terminal, or closed.
    """
    check_output_file("-o", STDOUT)
    if os.isatty(1):
        raise OptionError(f"standard output is a terminal: send it to a file or a program: {example}")


def keep_stdin(path: Path, head: bytes = b"") -> None:
    """Write all of standard input into a file, after what has been read of it.

    Raises:
        InputError: it is empty, or cannot be read.
        OSError: the file cannot be written.
    """
    with open(path, "wb") as file, open(os.dup(0), "rb", buffering=0) as source:
        try:
            head = head or source.read(_AT_A_TIME)
        except OSError as error:
            raise InputError(f"{STDIN_NAME}: cannot be read: {error.strerror}") from error
        if not head:
            raise InputError(f"{STDIN_NAME}: is empty: does the program before the pipe work?")
        file.write(head)
        shutil.copyfileobj(source, file, _AT_A_TIME)


class Output:
    """Standard output, which takes bytes of ours alone."""

    def __init__(self, number: int) -> None:
        """Write to a descriptor."""
        self._number = number

    def write(self, data: Any) -> None:
        """Write all of some bytes.

        Raises:
            BrokenPipeError: the reader has left.
            InputError: they cannot be written.
        """
        view = memoryview(data).cast("B")
        while view:
            try:
                view = view[os.write(self._number, view[:_AT_A_TIME]) :]
            except BlockingIOError:  # whoever started us has made it non-blocking
                select.select([], [self._number], [])
            except OSError as error:
                if has_no_reader(error):
                    raise BrokenPipeError(errno.EPIPE, os.strerror(errno.EPIPE)) from error
                raise InputError(
                    f"{STDOUT_NAME}: not all of it could be written ({error.strerror})"
                ) from error

    def write_file(self, path: Path) -> None:
        """Write the bytes of a file; errors as of `write`."""
        with open(path, "rb") as file:
            while data := file.read(_AT_A_TIME):
                self.write(data)


@contextmanager
def only_output() -> Iterator[Output]:
    """Keep standard output for `Output`; what else is printed meanwhile, by libraries too, goes to stderr."""
    with suppress(OSError, ValueError):
        sys.stdout.flush()
    number = os.dup(1)
    os.dup2(2, 1)
    try:
        yield Output(number)
    finally:
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        os.dup2(number, 1)
        os.close(number)
