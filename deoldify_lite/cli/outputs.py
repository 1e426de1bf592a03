"""Files that commands write beside their results, such as reports."""

import json
from pathlib import Path
from typing import Any

from deoldify_lite.errors import OptionError
from deoldify_lite.system.files import atomic_path


def check_output_file(option: str, path: Path | None) -> None:
    """Raise OptionError if an option names a file that cannot be written, as far as that shows beforehand."""
    if path and (path.is_dir() or not path.parent.is_dir()):
        raise OptionError(f"{option} {path}: name a file in a folder that exists")


def write_json(path: Path, data: Any, *, indent: int | None = 2) -> None:
    """Write plain data as JSON."""
    write_text(path, json.dumps(data, indent=indent) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text file, whole or not at all."""
    with atomic_path(path) as part:
        part.write_text(text, encoding="utf-8")
