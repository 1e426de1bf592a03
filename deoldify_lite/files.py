"""Files: found, hashed, and written so that a name never stands for half a file."""

import hashlib
import os
import re
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

PHOTO_SUFFIXES = frozenset({".jpg", ".jpeg", ".jpe", ".png", ".tif", ".tiff", ".webp", ".bmp"})
FILM_SUFFIXES = frozenset(
    {".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".mpg", ".mpeg", ".ts", ".m2ts", ".mts"}
    | {".vob", ".wmv", ".flv", ".ogv", ".3gp", ".mxf", ".dv", ".y4m"}
)


def find_media(folder: Path, suffixes: Iterable[str], *, skip: Path | None = None) -> list[Path]:
    """Files below a folder whose suffix is one of `suffixes`, in natural order, hidden ones left out.

    Args:
        folder: searched recursively; links to folders are not followed.
        suffixes: lower case, with the dot.
        skip: a folder inside that is left out, such as that of the results.
    """
    wanted = frozenset(suffixes)
    skipped = skip.resolve() if skip else None
    found = []
    for root, folders, names in os.walk(folder):
        here = Path(root)
        folders[:] = [n for n in folders if not n.startswith(".") and (here / n).resolve() != skipped]
        found += [here / n for n in names if not n.startswith(".") and Path(n).suffix.lower() in wanted]
    return sorted(found, key=lambda path: natural_key(str(path.relative_to(folder))))


def natural_key(name: str) -> list[tuple[int, int, str]]:
    """Sorting key under which photo2 comes before photo10."""
    parts = re.split(r"(\d+)", name.casefold())
    return [(1, int(p), p) if p.isdecimal() else (0, 0, p) for p in parts]


def sha256_of(path: Path) -> str:
    """SHA-256 of a file in hex, read in chunks."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """Give a name to write to beside `path`, moved over it if the block ends well and removed if not.

    The name keeps the suffix of `path`, since ffmpeg and Pillow choose the format by it, and starts with a
    dot and ends in `.part` before that suffix, so that nobody takes it for a result.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    # A random part, so that two runs never write into one file; a short stem, since names have limits.
    handle, name = tempfile.mkstemp(
        prefix=f".{path.stem[:80]}.", suffix=f".part{path.suffix}", dir=path.parent
    )
    os.close(handle)
    part = Path(name)
    try:
        # mkstemp gives private files; results get the permissions that any new file would get.
        umask = os.umask(0)
        os.umask(umask)
        part.chmod(0o666 & ~umask)
        yield part
        with open(part, "rb") as file:
            os.fsync(file.fileno())
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
