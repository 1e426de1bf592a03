"""Which files of a folder are taken: those that match the user's patterns, but none that a system keeps."""

import unicodedata
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import Any

# Folders with thumbnails, bins and snapshots of network drives, Windows and macOS. Those that begin with a
# dot are hidden anyway.
_SYSTEM_FOLDERS = frozenset(
    {"@eadir", "@tmp", "@sharesnap", "#recycle", "#snapshot"}  # Synology
    | {"@recycle", "@recently-snapshot", "@__thumb", "@transcode", "network recycle bin 1"}  # QNAP
    | {"~snapshot", "trashbox", "lost+found"}  # other network drives, and Linux
    | {"$recycle.bin", "recycler", "recycled", "system volume information"}  # Windows
    | {"__macosx", "network trash folder", "temporary items"}  # macOS
)
# Our own settings, beside photos and films.
SETTINGS_FILE = "deoldify_lite.toml"
_SYSTEM_FILES = frozenset({"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", SETTINGS_FILE})
# Kinds that a summary names; the others are counted together.
_MOST_NAMED = 8


@dataclass(frozen=True)
class Selection:
    """Patterns of the user for names in folders, in which * stands for any letters; case does not count.

    A pattern without / is compared with the name of the file and of each folder that it is in; one with / is
    compared with the path below the folder that is searched.
    """

    include: tuple[str, ...] = ()  # take only files that match one of these; empty: all
    exclude: tuple[str, ...] = ()  # of those, leave out what matches one of these

    @property
    def is_set(self) -> bool:
        """Whether there is any pattern."""
        return bool(self.include or self.exclude)

    def takes(self, name: str) -> bool:
        """Return whether the file of a name below the folder, with forward slashes, is taken."""
        if self.include and not _matches(name, self.include):
            return False
        return not _matches(name, self.exclude)

    def enters(self, name: str) -> bool:
        """Return whether a folder of a name below the folder may hold files that are taken."""
        return not _matches(name, self.exclude)


EVERYTHING = Selection()


@dataclass
class LeftOut:
    """What was found in folders and not taken, but for what is hidden or what the user excluded."""

    files: list[Any] = field(default_factory=list)  # paths or URLs of those of other kinds
    folders: list[str] = field(default_factory=list)  # names of those that a system keeps for itself

    def update(self, other: "LeftOut") -> None:
        """Add what was found elsewhere."""
        self.files += other.files
        self.folders += other.folders

    @property
    def kinds(self) -> dict[str, int]:
        """The number of files by suffix, in lower case; the most frequent first."""
        return _counted(file.suffix.lower() for file in self.files)

    def __str__(self) -> str:
        """For people, such as `3 files of other kinds left out: .psd 2, .ai 1`; empty if there is nothing."""
        kinds, folders = self.kinds, _counted(self.folders)
        named = [f"{kind or 'without suffix'} {count}" for kind, count in [*kinds.items()][:_MOST_NAMED]]
        if more := sum([*kinds.values()][_MOST_NAMED:]):
            named.append(f"others {more}")
        parts = []
        if kinds:
            files = len(self.files)
            kind = "a file of another kind" if files == 1 else f"{files} files of other kinds"
            parts.append(f"{kind} left out: {', '.join(named)}")
        if folders:
            names = ", ".join(f"{name} {count}" for name, count in folders.items())
            parts.append(f"folders of the system left out: {names}")
        return "; ".join(parts)

    def as_json(self) -> dict[str, dict[str, int]]:
        """Return the counts as plain data."""
        return {"files": self.kinds, "folders": _counted(self.folders)}


def is_of_system(name: str, *, folder: bool) -> bool:
    """Return whether a system keeps a file or folder of this name for itself."""
    return name.casefold() in (_SYSTEM_FOLDERS if folder else _SYSTEM_FILES)


def _matches(name: str, patterns: Iterable[str]) -> bool:
    path = PurePosixPath("/", _folded(name))
    for pattern in patterns:
        folded = _folded(pattern).rstrip("/")
        if "/" not in folded:
            if any(fnmatchcase(part, folded) for part in path.parts[1:]):
                return True
            continue
        whole = folded if folded.startswith(("/", "**")) else f"/{folded}"
        if any(fnmatchcase(str(part), whole) for part in (path, *path.parents[:-1])):
            return True
    return False


def _folded(name: str) -> str:
    """The name without its case; macOS composes letters with accents otherwise than keyboards do."""
    return unicodedata.normalize("NFC", name).casefold()


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(names).items(), key=lambda pair: (-pair[1], pair[0])))
