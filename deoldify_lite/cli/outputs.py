"""Files that commands write beside their results, such as reports."""

import json
import logging
from pathlib import Path
from typing import Any

from deoldify_lite.errors import OptionError
from deoldify_lite.film.kinds import FILM_SUFFIXES
from deoldify_lite.photo.kinds import PHOTO_SUFFIXES
from deoldify_lite.system.destination import check_destination, is_stdout, writing_to

log = logging.getLogger("deoldify_lite")


def check_output_file(option: str, path: Path | None, *, may_be_picture: bool = False) -> None:
    """Check the file that an option names, as far as that is possible beforehand.

    Args:
        option: its name, for the message.
        path: the file; None where the option is not given.
        may_be_picture: whether its name may be that of a photo or film.

    Raises:
        OptionError: it cannot be written; or it bears the name of a photo or film, which a report would
            destroy: `--json *.jpg` names the first photo.
    """
    if path is None:
        return
    if path.suffix.lower() in PHOTO_SUFFIXES | FILM_SUFFIXES and not may_be_picture:
        raise OptionError(f"{option} {path}: is the name of a photo or film; name another file")
    try:
        check_destination(path)
    except OSError as error:
        raise OptionError(
            f"{option} {path}: cannot be written ({error.strerror}): name a file in a folder that exists and "
            "that you may write to"
        ) from error


def write_json(path: Path, data: Any, *, indent: int | None = 2) -> None:
    """Write plain data as JSON; see `writing_to`."""
    write_text(path, json.dumps(data, indent=indent) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text file; see `writing_to`."""
    with writing_to(path) as part:
        # A name may hold bytes that are not letters.
        part.write_text(text, encoding="utf-8", errors="replace")


def announce(text: str, *files: Path | None) -> None:
    """Print what a command found or wrote; log it if one of these files goes to standard output instead."""
    if any(map(is_stdout, files)):
        log.info("%s", text)
    else:
        print(text)
