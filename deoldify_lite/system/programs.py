"""Other programs as each system starts and ends them: their command lines, their groups, how they ended."""

import shlex
import signal
import subprocess
import sys
from typing import Any

# From here on, Windows' exit codes are those of crashes, such as 0xC0000005.
_CRASHES = 0xC0000000


def own_group() -> dict[str, Any]:
    """Return arguments of `Popen` that keep a Ctrl-C in the terminal from a program: we stop it ourselves."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def how_it_broke(code: int) -> str:
    """Return what ended a program that did not end by itself, from its exit code; empty if it did."""
    if sys.platform == "win32":
        return f"{code & 0xFFFFFFFF:#X}" if code & 0xFFFFFFFF >= _CRASHES else ""
    if code >= 0:
        return ""
    return signal.Signals(-code).name if -code in list(signal.Signals) else str(-code)


def split_command(command: str) -> list[str]:
    r"""Split a command line into words, where Windows has \ in paths and others before letters.

    Raises:
        ValueError: a quote is open.
    """
    if sys.platform != "win32":
        return shlex.split(command)
    words = shlex.split(command, posix=False)  # which leaves the quotes around a word
    return [
        word[1:-1] if len(word) > 1 and word[0] == word[-1] and word[0] in "\"'" else word for word in words
    ]


def start_method() -> str | None:
    """Return how workers start: by a fork where that is safe, so that a script needs no guard of its own."""
    return "fork" if sys.platform == "linux" else None
