"""A film in the making: its finished segments lie in a hidden folder beside the result.

So a run that was stopped, however that came, goes on where it was.
"""

import json
import logging
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from deoldify_lite.errors import InputError
from deoldify_lite.system.files import atomic_path, clear_parts
from deoldify_lite.system.lock import sole_run
from deoldify_lite.temporal.scene_memory import SceneMemory

log = logging.getLogger(__name__)

# The record of single frames, of results that are sequences. It outlives all changes of settings, since it
# tells which files are ours.
FRAMES_NAME = "frames.tsv"
_JOURNAL, _LOCK, _MEMORY = "segments.jsonl", "lock", "memory-{:05}.npz"
_SEGMENT = re.compile(r"segment-\d{5}(-layer)?\.[a-z0-9]+")


@dataclass(frozen=True)
class Segment:
    """A part of the picture that is encoded and safe on the disk."""

    file: str  # in the folder
    size: int  # bytes
    frames: int
    kept: int  # of these were in colour already
    grey: int  # came out grey
    predicted: int  # went through the network
    layer: str = ""  # file of the layer beside it, if there is one

    @property
    def files(self) -> list[str]:
        """All that was made of it."""
        return [name for name in (self.file, self.layer) if name]


class Unfinished:
    """The finished segments of one result. To be had by `unfinished`."""

    def __init__(self, folder: Path, fingerprint: str) -> None:
        self.folder = folder
        self._journal = folder / _JOURNAL
        self._segments: list[Segment] = []
        self._memory = SceneMemory()
        self.fingerprint = fingerprint
        self._take_up(fingerprint)

    @property
    def segments(self) -> tuple[Segment, ...]:
        """From the film's start on, without a gap."""
        return tuple(self._segments)

    @property
    def paths(self) -> list[tuple[Path, int]]:
        """File of each segment, and the frames in it."""
        return [(self.folder / segment.file, segment.frames) for segment in self._segments]

    def memory(self) -> SceneMemory:
        """The scenes known after the last of the segments that an earlier run left."""
        return self._memory

    def add(self, segment: Segment, memory: SceneMemory) -> None:
        """Record a segment whose file is complete, and the scenes known after it; durably.

        Raises:
            OSError: it could not be written.
        """
        count = len(self._segments) + 1
        with atomic_path(self.folder / _MEMORY.format(count)) as part:
            memory.save(part)
        self._append(asdict(segment))
        self._segments.append(segment)
        (self.folder / _MEMORY.format(count - 1)).unlink(missing_ok=True)

    def forget(self) -> None:
        """Begin anew, since results of finished segments are gone; their files stay until the end."""
        log.warning("%s: frames that an earlier run made are gone or changed; made anew", self.folder)
        self._segments = []
        self._memory = SceneMemory()
        self._journal.unlink()
        self._append(self.fingerprint)

    def _take_up(self, fingerprint: str) -> None:
        """Find what an earlier run left of this very result, and throw away all else."""
        self._segments = _read_segments(self.folder, fingerprint)
        if self._segments:
            try:
                self._memory = SceneMemory.load(self.folder / _MEMORY.format(len(self._segments)))
            except Exception as error:  # a damaged archive raises nearly anything
                log.warning("%s: what an earlier run left is damaged (%s); made anew", self.folder, error)
                self._segments = []
        known = {
            _LOCK,
            FRAMES_NAME,
            _MEMORY.format(len(self._segments)),
            *(name for one in self._segments for name in one.files),
        }
        for path in self.folder.iterdir():
            if path.name not in known and (path.is_symlink() or not path.is_dir()):
                path.unlink()
        self._append(fingerprint)
        for segment in self._segments:
            self._append(asdict(segment))

    def _append(self, line: object) -> None:
        with open(self._journal, "a", encoding="utf-8") as file:
            file.write(json.dumps(line) + "\n")
            file.flush()
            os.fsync(file.fileno())


def folder_of(output: Path) -> Path:
    """The hidden folder of a result."""
    # Not too long for a file name, whatever the result is called.
    return output.with_name(f".{os.fsencode(output.name)[:80].decode(errors='ignore')}.unfinished")


def finished_frames(output: Path, fingerprint: str) -> int:
    """Return how many frames of a result an earlier run has finished; arguments as of `unfinished`.

    Nothing is written or removed.
    """
    return sum(segment.frames for segment in _read_segments(folder_of(output), fingerprint))


@contextmanager
def unfinished(output: Path, fingerprint: str) -> Iterator[Unfinished]:
    """What is there of a result, for this run alone.

    If the block ends well the result stands, and the folder goes. If not, the segments stay for the next run.

    Args:
        output: the result.
        fingerprint: of source, settings and program. Segments of another one are thrown away.

    Raises:
        InputError: another run is at work on this result.
        OSError: the folder cannot be made.
    """
    folder = folder_of(output)
    # What a link leads to is not ours to clear.
    for path in (folder, folder / _LOCK):
        if path.is_symlink():
            path.unlink()
    folder.mkdir(parents=True, exist_ok=True)
    with sole_run(folder / _LOCK, output):
        clear_parts([output])
        found: Unfinished | None = None
        done = False
        try:
            found = Unfinished(folder, fingerprint)
            yield found
            done = True
        finally:
            # If not even the start could be made, what an earlier run left is still there.
            left = found.segments if found else [*folder.glob("segment-*")]
            if done or not (left or (folder / FRAMES_NAME).exists()):
                shutil.rmtree(folder, ignore_errors=True)


def clear_finished(output: Path, fingerprint: str) -> None:
    """Remove what is left of a result by a run that was killed after it had its name.

    Args:
        output: the result.
        fingerprint: of it. What belongs to another one stays, such as another part of the same sequence.
    """
    folder = folder_of(output)
    if folder.is_symlink() or not folder.is_dir() or not _head_of(folder).startswith(f"{fingerprint} "):
        return
    with suppress(InputError, OSError), sole_run(folder / _LOCK, output):  # another run may be at work
        shutil.rmtree(folder, ignore_errors=True)


def _head_of(folder: Path) -> str:
    """The fingerprint under which segments are recorded; empty if none is."""
    try:
        return str(json.loads((folder / _JOURNAL).read_text(encoding="utf-8").split("\n")[0]))
    except (OSError, ValueError, RecursionError):
        return ""


def _read_segments(folder: Path, fingerprint: str) -> list[Segment]:
    """Return the segments that are recorded under a fingerprint and are there, up to the first gap."""
    segments: list[Segment] = []
    try:
        head, *lines = (folder / _JOURNAL).read_text(encoding="utf-8").splitlines()
        if json.loads(head) != fingerprint:
            lines = []
        for line in lines:
            segment = Segment(**json.loads(line))
            # A name that leads elsewhere, or a link, is none of ours.
            if any(_is_foreign(folder, name) for name in segment.files):
                break
            if (folder / segment.file).stat().st_size != segment.size:
                break
            segments.append(segment)
    except (OSError, ValueError, TypeError, RecursionError):
        pass  # torn by a crash: what stands before that counts
    return segments


def _is_foreign(folder: Path, name: str) -> bool:
    """Whether a name that is recorded for a segment is not that of a file of ours that is there."""
    path = folder / name
    return not _SEGMENT.fullmatch(name) or path.is_symlink() or not path.is_file()
