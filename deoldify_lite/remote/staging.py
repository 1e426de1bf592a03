"""A private folder on this machine for copies of sources, and for results before they are put."""

import hashlib
import logging
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from deoldify_lite.errors import InputError
from deoldify_lite.storage.url import Place
from deoldify_lite.system.cache import user_cache
from deoldify_lite.system.lock import sole_run

log = logging.getLogger(__name__)

# Folders with the finished segments of a film; see `run.unfinished`.
KEPT = ".*.unfinished"
# A staging folder that no run has touched for so long is removed.
OLD_S = 7 * 24 * 3600


@contextmanager
def staging(root: Place) -> Iterator[Path]:
    """A folder for one run on one root of results, empty but for unfinished films.

    It is removed after the block, but for unfinished films, whose segments wait for the next run. What a
    killed run leaves is removed by the next run on the same root, or by any run after a week.

    Args:
        root: where results go. Another run on the same root on this machine is refused.

    Raises:
        InputError: another run on this machine is at work on the same root.
        OSError: the folder cannot be made.
    """
    base = user_cache() / "staging"
    base.mkdir(parents=True, exist_ok=True)
    _clear_old(base)
    whole = str(root.resolve() if isinstance(root, Path) else root)
    name = hashlib.sha256(os.fsencode(whole)).hexdigest()[:20]
    folder = base / name
    with sole_run(base / f"{name}.lock", str(root)):
        if folder.is_symlink():
            folder.unlink()
        folder.mkdir(mode=0o700, exist_ok=True)
        _clear(folder)
        try:
            yield folder
        finally:
            _clear(folder)
            with suppress(OSError):
                folder.rmdir()


def _clear(folder: Path) -> None:
    """Remove all but unfinished films and the folders around them."""
    kept = {path for path in folder.rglob(KEPT) if path.is_dir() and not path.is_symlink()}
    above = {parent for path in kept for parent in path.parents}
    for here, folders, names in os.walk(folder):
        for name in names:
            (Path(here) / name).unlink(missing_ok=True)
        for name in [*folders]:
            path = Path(here) / name
            if path in kept:
                folders.remove(name)
            elif path not in above:
                folders.remove(name)
                path.unlink() if path.is_symlink() else shutil.rmtree(path, ignore_errors=True)


def _clear_old(base: Path) -> None:
    for folder in base.iterdir():
        with suppress(OSError, InputError):
            if folder.is_dir() and not folder.is_symlink() and time.time() - _last_change(folder) > OLD_S:
                with sole_run(base / f"{folder.name}.lock", str(folder), needs_lock=True):
                    shutil.rmtree(folder)
                log.info("%s: removed; it was left by a run that nobody continued", folder)


def _last_change(folder: Path) -> float:
    return max(path.lstat().st_mtime for path in (folder, *folder.rglob("*")))
