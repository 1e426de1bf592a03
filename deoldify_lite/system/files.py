"""Files: found, hashed, and written so that a name never stands for half a file."""

import errno
import hashlib
import logging
import os
import re
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from deoldify_lite.system.selection import EVERYTHING, LeftOut, Selection, is_of_system

log = logging.getLogger(__name__)

# Gives a finished part, the first path, its name, the second.
Deliver = Callable[[Path, Path], object]

_DEVICE_NAME = re.compile(r"(?:con|prn|aux|nul|com[0-9]|lpt[0-9]) *(?:\..*)?", re.IGNORECASE)
# As `atomic_path` names them.
_PART = re.compile(r"\.(?P<stem>.*)\.[0-9a-f]{8}\.part(?P<suffix>\..*|)", re.DOTALL)


def find_media(
    folder: Path,
    suffixes: Iterable[str],
    *,
    skip: Path | None = None,
    selection: Selection = EVERYTHING,
    left_out: LeftOut | None = None,
) -> list[Path]:
    """Files below a folder whose suffix is one of `suffixes`, in natural order, hidden ones left out.

    Args:
        folder: searched recursively; links to folders are not followed, links to files are listed.
        suffixes: lower case, with the dot.
        skip: a folder inside that is left out, such as that of the results.
        selection: of the user.
        left_out: gets what is there beside these files.

    Raises:
        OSError: `folder` itself cannot be listed. A folder inside that cannot is logged and left out.
    """
    wanted = frozenset(suffixes)
    skipped = skip.resolve() if skip else None
    left_out = left_out or LeftOut()
    found = []

    def complain(error: OSError) -> None:
        if Path(error.filename) == folder:
            raise error
        log.warning("%s: cannot be listed and is left out: %s", error.filename, error.strerror)

    for root, folders, names in os.walk(folder, onerror=complain):
        here = Path(root)
        below = here.relative_to(folder)
        folders[:] = [
            name
            for name in folders
            if not name.startswith(".")
            and selection.enters((below / name).as_posix())
            and (here / name).resolve() != skipped
        ]
        left_out.folders += [name for name in folders if is_of_system(name, folder=True)]
        folders[:] = [name for name in folders if not is_of_system(name, folder=True)]
        for name in names:
            if name.startswith(".") or not selection.takes((below / name).as_posix()):
                continue
            # A pipe or a broken link may bear such a name too, and reading a pipe would wait for ever.
            if Path(name).suffix.lower() not in wanted:
                left_out.files += [] if is_of_system(name, folder=False) else [here / name]
            elif (here / name).is_file():
                found.append(here / name)
    # The name as spelled decides between names that differ only in case, so that each run has one order.
    return sorted(found, key=lambda path: (natural_key(str(path.relative_to(folder))), str(path)))


def device_of(path: Path) -> int:
    """The number of the file system that holds a path, or will hold it.

    Raises:
        OSError: it cannot be looked at.
    """
    return next(each for each in (path.absolute(), *path.absolute().parents) if each.exists()).stat().st_dev


def is_mine(path: Path) -> bool:
    """Whether a file belongs to this user; on Windows, whose temporary folders are each user's own, always.

    Raises:
        OSError: it cannot be looked at.
    """
    return sys.platform == "win32" or path.stat().st_uid == os.getuid()


def why_no_name(name: str) -> str:
    """Return why no file here can have a name, or a part of a path; empty if one can."""
    if sys.platform != "win32":
        return ""
    if re.search(r'[:*?"<>|]', name) or name[-1:] in (".", " "):
        return "has letters that no file's name can have on Windows"
    if _DEVICE_NAME.fullmatch(name):
        return "is the name of a device on Windows"
    return ""


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Sorting key under which photo2 comes before photo10."""
    parts = re.split(r"(\d+)", name.casefold())
    return [(1, int(p), p) if p.isdecimal() else (0, 0, p) for p in parts]


def sha256_of(path: Path) -> str:
    """SHA-256 of a file in hex."""
    # In chunks: a file of weights has a gigabyte, a film many. (Python 3.10 has no `hashlib.file_digest`.)
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def atomic_path(path: Path, *, deliver: Deliver = os.replace) -> Iterator[Path]:
    """Yield a name beside `path` to write to; if the block succeeds what is there is delivered, else removed.

    `deliver` is called with that name and `path` once the file is safe on the disk.

    The name keeps the suffix of `path`, since ffmpeg and Pillow choose the format by it, and starts with a
    dot and ends in `.part` before that suffix, so that nobody takes it for a result. A link at `path` is
    replaced itself, not what it points to.

    Raises:
        OSError: the folder cannot be made or written to, or `path` is a folder, a pipe or a device: before
            the block is run.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if path.exists() and not path.is_symlink() and not path.is_file():
        raise FileExistsError(errno.EEXIST, "is a pipe, a device or a socket: name another file", str(path))
    part = part_beside(path)
    # Opened here rather than by tempfile, whose files are private: results get any new file's permissions.
    part.open("xb").close()
    try:
        yield part
        with open(part, "rb+") as file:  # writable, or Windows refuses to flush it
            os.fsync(file.fileno())
        deliver(part, path)
    finally:
        part.unlink(missing_ok=True)


def part_beside(path: Path) -> Path:
    """A new name for what is to become the file at `path`; what a killed run leaves of it is cleared."""
    # A random part, so that two runs never write into one file; a short stem, since names are limited to
    # 255 bytes, of which one character may take 4.
    return path.with_name(f".{path.stem[:40]}.{secrets.token_hex(4)}.part{path.suffix}")


def clear_parts(paths: Iterable[Path]) -> None:
    """Remove what runs that were killed have left of `atomic_path`, beside these files.

    To be called by the only run that writes them.
    """
    folders: dict[Path, set[tuple[str, str]]] = {}
    for path in paths:
        folders.setdefault(path.parent, set()).add((path.stem[:40], path.suffix))
    for folder, known in folders.items():
        for entry in folder.iterdir() if folder.is_dir() else ():
            found = _PART.fullmatch(entry.name)
            if found and (found["stem"], found["suffix"]) in known:
                entry.unlink(missing_ok=True)
