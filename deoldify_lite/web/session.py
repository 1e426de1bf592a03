"""Uploads and results of the page's visitors, kept in a private folder for as long as they stay."""

import logging
import os
import secrets
import shutil
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from deoldify_lite.errors import DeoldifyError, InputError
from deoldify_lite.system.files import is_mine, natural_key
from deoldify_lite.system.lock import sole_run

log = logging.getLogger(__name__)

PREFIX = "deoldify_lite-web-"
STOPPED = "stopped before it was finished"
LOCK = ".lock"
# Seconds: a folder without a lock may belong to a server that is starting.
_YOUNG_S = 60
# Seconds: interrupted uploads belong to no visitor and are removed later.
_FORGOTTEN_S = 3600


@contextmanager
def private_folder() -> Iterator[Path]:
    """Give a new folder that only this user may enter, and remove it at the end.

    Folders that killed servers have left are removed, too.

    Raises:
        OSError: there is no room for temporary files.
    """
    for old in Path(tempfile.gettempdir()).glob(f"{PREFIX}*"):
        with suppress(OSError, InputError):
            if is_mine(old) and not old.is_symlink() and time.time() - old.stat().st_mtime > _YOUNG_S:
                with sole_run(old / LOCK, old, needs_lock=True):
                    shutil.rmtree(old)
                log.info("%s: removed; a killed server had left it", old)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX))  # of mode 700
    try:
        with sole_run(folder / LOCK, folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class Stopped(DeoldifyError):
    """The visitor has stopped the work, or left."""


class Session:
    """One visitor's uploads and results.

    Args:
        folder: where folders for the results are made.
    """

    def __init__(self, folder: Path) -> None:
        self.uploads: set[Path] = set()
        self.stopped = threading.Event()
        self.ended = False  # the visitor has left, maybe while work was going on
        self._folder = folder
        self._kept: dict[str, Path] = {}

    @contextmanager
    def new_folder(self, kind: str) -> Iterator[Path]:
        """Give a folder for a piece of work; the last one of its kind is removed once this one ends well."""
        folder = self._folder / f"{kind}-{secrets.token_hex(8)}"
        folder.mkdir(mode=0o700, parents=True)
        try:
            yield folder
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        if kind in self._kept:
            shutil.rmtree(self._kept[kind], ignore_errors=True)
        self._kept[kind] = folder
        if self.ended:
            self.end()

    def check(self) -> None:
        """Raise `Stopped` if the visitor has stopped the work, or left."""
        if self.stopped.is_set():
            raise Stopped(STOPPED)

    def end(self) -> None:
        """Stop the work, and remove all results, at the latest when the work has ended."""
        self.ended = True
        self.stopped.set()
        for folder in self._kept.values():
            shutil.rmtree(folder, ignore_errors=True)
        self._kept.clear()


class Sessions:
    """The visitors of a server.

    Args:
        folder: where uploads arrive, each in a folder of its own, and results are put.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[str, Session] = {}
        self._lock = threading.Lock()

    def __getitem__(self, name: str) -> Session:
        with self._lock:
            return self._known.setdefault(name, Session(self.folder))

    def set_uploads(self, name: str, uploads: Iterable[Path]) -> None:
        """Note what a visitor has in the box now, and remove what was taken out of it."""
        session, now = self[name], set(uploads)
        gone, session.uploads = session.uploads - now, now
        self._remove(gone)

    def end(self, name: str) -> None:
        """Stop a visitor's work and remove their uploads and results."""
        with self._lock:
            session = self._known.pop(name, None)
        if session:
            session.end()
            self._remove(session.uploads)
        for path in self.folder.glob("tmp*"):
            with suppress(OSError):
                if time.time() - path.stat().st_mtime > _FORGOTTEN_S:
                    path.unlink()

    def stop_all(self) -> None:
        """Stop everybody's work."""
        with self._lock:
            for session in self._known.values():
                session.stopped.set()

    def _remove(self, uploads: Iterable[Path]) -> None:
        with self._lock:  # the same file of two visitors is one file
            wanted = {path for session in self._known.values() for path in session.uploads}
        for path in set(uploads) - wanted:
            if path.is_relative_to(self.folder):
                path.unlink(missing_ok=True)
                with suppress(OSError):
                    path.parent.rmdir()


def gather(uploads: Sequence[Path], folder: Path) -> list[Path]:
    """Give uploads their own names in one folder, in natural order, where results may lie beside them."""
    inside, taken = folder / "files", set()
    inside.mkdir()
    gathered = []
    for upload in sorted(uploads, key=lambda path: natural_key(path.name)):
        if not upload.is_file():
            raise InputError(f"{upload.name}: is no longer here: drop it again")
        name, number = upload.name.lstrip(".") or "file", 2
        while name.casefold() in taken:
            name, number = f"{upload.stem}-{number}{upload.suffix}", number + 1
        taken.add(name.casefold())
        try:
            os.link(upload, inside / name)
        except OSError:
            shutil.copyfile(upload, inside / name)
        gathered.append(inside / name)
    return gathered
