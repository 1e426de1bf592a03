"""The encoded pieces of a film that is rendered by a list of its shots, kept from run to run.

They lie in a hidden folder beside the list. A run takes up those whose facts are the same, byte by byte, and
renders the others.
"""

import json
import logging
import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from deoldify_lite.film.segment import layer_segment, move_layer
from deoldify_lite.run.frame_marks import marks_in
from deoldify_lite.run.shots.pieces import Piece
from deoldify_lite.run.unfinished import Segment
from deoldify_lite.system.files import atomic_path
from deoldify_lite.system.lock import sole_run

log = logging.getLogger(__name__)

IsWhole = Callable[[Path], bool]

FOLDER = ".segments"  # beside the list; hidden, so that no run takes what is in it for films
_JOURNAL, _LOCK = "segments.jsonl", "lock"
_NAME = re.compile(r"shot-\d+_frames-\d+-\d+_[0-9a-f]{12}(-layer)?\.[a-z0-9]+")


@dataclass(frozen=True)
class KeptSegment:
    """An encoded piece that is safe on the disk."""

    segment: Segment
    encoded: int  # frames in the file; of the film's last piece it may differ by one from those colorized
    fingerprint: str
    facts: Mapping[str, Any]  # of the piece
    warnings: tuple[str, ...]  # of what reading and writing it has shown

    @property
    def frames(self) -> tuple[int, int]:
        """First frame, and the first one after it, as it was asked for."""
        first, end = self.facts["frames"]
        return first, end


class KeptSegments:
    """The pieces of one result. To be had by `kept_segments`.

    Args:
        folder: where they lie.
        is_whole: whether all is there that a piece stands for, which may be files elsewhere.
    """

    def __init__(self, folder: Path, is_whole: IsWhole = lambda path: True) -> None:
        self.folder = folder
        self._journal = folder / _JOURNAL
        self._kept: dict[str, KeptSegment] = {}
        for one in _read_journal(self._journal):
            path = folder / one.segment.file
            is_ours = all(_is_ours(folder, name) for name in one.segment.files)
            if is_ours and _size(path) == one.segment.size and is_whole(path):
                self._kept[one.fingerprint] = one

    def find(self, piece: Piece) -> KeptSegment | None:
        """What is kept of a piece."""
        return self._kept.get(piece.fingerprint)

    def path(self, kept: KeptSegment) -> Path:
        """Its file."""
        return self.folder / kept.segment.file

    def why(self, piece: Piece) -> str:
        """Why a piece is to be rendered, in a few words for people."""
        alike = [one for one in self._kept.values() if list(one.frames) == [piece.first, piece.end]]
        if alike:
            # The one that differs least, and of these the last.
            least = min(reversed(alike), key=lambda one: len(_differences(piece.facts, one.facts)))
            return "changed: " + ", ".join(_differences(piece.facts, least.facts))
        beside = any(one.frames[0] < piece.end and one.frames[1] > piece.first for one in self._kept.values())
        return "other frames" if beside else "new"

    def add(
        self,
        piece: Piece,
        part: Path,
        segment: Mapping[str, Any],
        encoded: int,
        warnings: Sequence[str],
    ) -> None:
        """Take a finished file, and record it; durably.

        Args:
            piece: what it shows.
            part: the file, which is moved, and so is the layer beside it.
            segment: counts of frames, as of `Segment`.
            encoded: frames in the file.
            warnings: about it.

        Raises:
            OSError: it could not be written.
        """
        mark = piece.fingerprint[:12]
        name = f"shot-{piece.shot.number:04}_frames-{piece.first:06}-{piece.end - 1:06}_{mark}{part.suffix}"
        encoding = piece.settings.encoding
        move_layer(part, self.folder / name, encoding)
        with atomic_path(self.folder / name) as place:
            os.replace(part, place)
        size = (self.folder / name).stat().st_size
        layer = layer_segment(Path(name), encoding).name if encoding.layer == "beside" else ""
        kept = KeptSegment(
            Segment(name, size, **segment, layer=layer),
            *(encoded, piece.fingerprint, piece.facts, tuple(warnings)),
        )
        with open(self._journal, "a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(kept)) + "\n")
            file.flush()
            os.fsync(file.fileno())
        self._kept[kept.fingerprint] = kept

    def clear(self, *, but: Collection[str] | None = None) -> None:
        """Remove what no run will take up: files that are not recorded.

        Args:
            but: fingerprints; also remove all that are not among them. None: keep all.
        """
        if but is not None:
            self._kept = {name: one for name, one in self._kept.items() if name in but}
        with atomic_path(self._journal) as part:
            part.write_text("".join(json.dumps(asdict(one)) + "\n" for one in self._kept.values()))
        known = {_JOURNAL, _LOCK, *(name for one in self._kept.values() for name in one.segment.files)}
        for path in self.folder.iterdir():
            if path.name not in known and (path.is_symlink() or not path.is_dir()):
                path.unlink()


def folder_of(listed: Path, output: Path) -> Path:
    """Where the pieces of a result are kept."""
    return listed.parent / FOLDER / output.name


def look_into(folder: Path, is_whole: IsWhole = lambda path: True) -> KeptSegments:
    """What is kept of a result, only to be looked at; arguments as of `KeptSegments`."""
    return KeptSegments(folder, is_whole)


def kept_sizes(folder: Path) -> dict[int, set[int]]:
    """Bytes of the frames that pieces of a sequence stand for, by number; a frame may be in several."""
    sizes: dict[int, set[int]] = {}
    for path in folder.glob("shot-*.txt") if folder.is_dir() else ():
        with suppress(OSError, ValueError):
            for number, mark in marks_in(path).items():
                sizes.setdefault(number, set()).add(mark.size)
    return sizes


@contextmanager
def kept_segments(
    folder: Path, output: Path, is_whole: IsWhole = lambda path: True
) -> Iterator[KeptSegments]:
    """What is kept of a result, for this run alone.

    Args:
        folder: see `folder_of`; made if it is not there.
        output: the result.
        is_whole: as of `KeptSegments`.

    Raises:
        InputError: another run is at work on it.
        OSError: the folder cannot be made.
    """
    for path in (folder.parent, folder, folder / _LOCK, folder / _JOURNAL):
        if path.is_symlink():  # what a link leads to is not ours to clear
            path.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    with sole_run(folder / _LOCK, output):
        kept = KeptSegments(folder, is_whole)
        kept.clear()
        yield kept


def _read_journal(path: Path) -> Iterator[KeptSegment]:
    """What is recorded; a line that a crash has torn counts for nothing."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, ValueError):
        return
    for line in lines:
        try:
            values = json.loads(line)
            segment = Segment(**values.pop("segment"))
            yield KeptSegment(segment, **{**values, "warnings": tuple(values["warnings"])})
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            continue


def _is_ours(folder: Path, name: str) -> bool:
    """Whether a name that is recorded is that of a file that is there, and leads nowhere else."""
    path = folder / name
    return _NAME.fullmatch(name) is not None and path.is_file() and not path.is_symlink()


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


# Facts as people know them.
_WORDS = {
    "weights": "mode",
    "grade": "temperature or tint",
    "recolor_all": "leave",
    "keys": "key frames",
    "scene keys": "key frames of its scene",
    "source": "the film",
    "programs": "the program",
}


def _differences(facts: Mapping[str, Any], before: Mapping[str, Any]) -> list[str]:
    # Through JSON, as they come from the journal: there, a tuple is a list.
    facts = json.loads(json.dumps(facts))
    names = [name for name in {**facts, **before} if facts.get(name) != before.get(name)]
    return list(dict.fromkeys(_WORDS.get(name, name) for name in names))
