"""A program of the user's that runs when a run has ended."""

import logging
import shutil
import subprocess
from collections.abc import Sequence

from deoldify_lite.errors import OptionError
from deoldify_lite.system.programs import split_command

log = logging.getLogger("deoldify_lite")

# A program that takes longer is stopped.
MOST_S = 30.0


def words_of(command: str) -> list[str]:
    """Split a command line into the program and its arguments.

    Raises:
        OptionError: a quote is open, or there is no such program.
    """
    try:
        words = split_command(command)
    except ValueError as error:
        raise OptionError(f"--notify {command}: {error}: close the quotes") from error
    if not words or shutil.which(words[0]) is None:
        name = words[0] if words else "(none)"
        raise OptionError(f"--notify {command}: there is no program {name}: name one that is on the PATH")
    return words


def notify(words: Sequence[str], summary: str) -> None:
    """Run a program without a shell, with the summary as its last argument; warn if it fails."""
    try:
        # It prints nothing of its own on our standard output, which lists results.
        done = subprocess.run(
            [*words, summary], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=MOST_S
        )
    except subprocess.TimeoutExpired:
        log.warning("--notify %s: took more than %.0f seconds, and was stopped", words[0], MOST_S)
    except OSError as error:
        log.warning("--notify %s: %s", words[0], error.strerror)
    else:
        if done.returncode:
            log.warning("--notify %s: ended with exit code %d", words[0], done.returncode)
