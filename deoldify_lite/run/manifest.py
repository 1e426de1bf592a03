"""The manifest of a folder of results: one line of JSON for each, appended as it is finished.

Whatever stops a run, the next one reads here what is done, and does the rest.
"""

import hashlib
import json
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path, PurePosixPath
from typing import Any

from deoldify_lite.errors import InputError
from deoldify_lite.run.frame_marks import FrameMark, frame_name, pack_marks, unpack_marks
from deoldify_lite.storage.places import Source, on_disk, size_and_time
from deoldify_lite.system.files import sha256_of

NAME = ".deoldify_lite.jsonl"


@dataclass(frozen=True)
class Record:
    """One finished result: a file, or a sequence of files."""

    output: str  # path below the folder of results, with forward slashes; of a sequence as `%07d.dpx`
    fingerprint: str  # of the source, the settings and the weights
    size: int  # of the output in bytes
    extras: tuple[str, ...] = ()  # other files written for it, such as a comparison
    sha256: str = ""  # of the output; empty in records of before this was kept, and of sequences
    source: str = ""  # absolute path, or URL
    frames: str = ""  # numbers of a sequence, by range; with the two below as of `frame_marks.pack_marks`
    sizes: str = ""
    digests: str = ""

    @property
    def key(self) -> str:
        """What it is known by. Of one sequence there may be several parts."""
        return frames_key(self.output, self.frames) if self.frames else self.output

    def marks(self) -> dict[str, FrameMark]:
        """What is known of each frame of a sequence, by its path below the folder of results.

        Raises:
            ValueError, TypeError: its texts are none of ours.
        """
        if not self.frames:
            return {}
        marks = unpack_marks(self.frames, self.sizes, self.digests)
        return {frame_name(self.output, number): mark for number, mark in marks.items()}

    def line(self) -> str:
        """The line in the manifest, with its end."""
        values = {name: value for name, value in asdict(self).items() if value or name not in _OF_SEQUENCES}
        return json.dumps(values, ensure_ascii=False) + "\n"


_OF_SEQUENCES = ("frames", "sizes", "digests")


def frames_key(output: str, frames: str) -> str:
    """The key of a sequence, or a part of one: its pattern and the ranges of its numbers."""
    return f"{output} [{frames}]"


def fingerprint_of(source: Source, settings: dict[str, Any]) -> str:
    """A short hash that changes when the source file or any setting does.

    The source counts by size and time of change, not by its bytes: reading terabytes of films only to skip
    them would cost more than it is worth.

    Raises:
        OSError: the source cannot be looked at.
    """
    text = json.dumps([*size_and_time(source), settings], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def fingerprint_of_frames(digest: dict[str, Any], settings: dict[str, Any]) -> str:
    """`fingerprint_of` for a sequence, whose files are in the digest."""
    text = json.dumps([digest, settings], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


class Manifest:
    """The records of one folder of results.

    Args:
        folder: where the results go.

    Raises:
        InputError: there is a manifest that cannot be read, or something else of its name.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / NAME
        self._records: dict[str, Record] = {}
        self._frames: dict[str, FrameMark] = {}  # of sequences, by path; a later result replaces an earlier
        self.made_names: set[str] = set()  # of all files that runs have written, results and extras
        self._lock = threading.Lock()
        if self.path.is_symlink() or (self.path.exists() and not self.path.is_file()):
            # Through a link we would write to another place; reading a pipe would wait for ever.
            raise InputError(
                f"{self.path}: is not a plain file, so nothing can be recorded in it: move it away"
            )
        try:
            text = self.path.read_text(encoding="utf-8", errors="surrogateescape")
        except FileNotFoundError:
            text = ""
        except OSError as error:
            raise InputError(
                f"{self.path}: cannot be read ({error.strerror}): check its permissions"
            ) from error
        # A line that a crash cut off must not swallow the next one.
        self._torn = not text.endswith("\n") and bool(text)
        for line in text.split("\n"):  # not splitlines: names may hold other line ends
            try:
                values = json.loads(line)
                record = Record(**{**values, "extras": tuple(values["extras"])})
                if all(map(_is_below, (record.output, *record.extras))):
                    self.remember(record)
            except (ValueError, TypeError, KeyError, RecursionError):
                continue  # torn: its result is simply made again

    def remember(self, record: Record) -> None:
        """Add a record without writing it."""
        frames = record.marks()
        self._frames |= frames
        self._records[record.key] = record
        self.made_names |= {*(frames or (record.output,)), *record.extras}

    def key(self, output: Path) -> str:
        """The name under which an output is recorded."""
        return output.relative_to(self.folder).as_posix()

    def is_ours(self, output: Path) -> bool:
        """Whether the file at `output` is a result of an earlier run, as that run left it."""
        if mark := self.frame_mark(self.key(output)):
            return output.is_file() and output.stat().st_size == mark.size
        record = self._records.get(self.key(output))
        return record is not None and self._is_whole(record)

    def frame_mark(self, name: str) -> FrameMark | None:
        """What is known of a frame of a sequence, by its path below the folder of results."""
        return self._frames.get(name)

    def is_untouched(self, output: Path) -> bool:
        """Whether the file at `output` has the very bytes that an earlier run wrote; reads all of it."""
        record = self._records.get(self.key(output))
        return record is not None and self._is_whole(record) and sha256_of(output) == record.sha256

    def _is_whole(self, record: Record) -> bool:
        output = self.folder / record.output
        if record.frames:
            there = sizes_in(output.parent)
            marks = {PurePosixPath(name).name: mark for name, mark in record.marks().items()}
            has_all = all(there.get(name) == mark.size for name, mark in marks.items())
            return has_all and all((self.folder / name).is_file() for name in record.extras)
        return output.is_file() and output.stat().st_size == record.size

    def find(
        self,
        names: Sequence[str],
        fingerprint: str,
        source: str,
        *,
        is_whole: Callable[[Record], bool] | None = None,
    ) -> str | None:
        """The name of the very result that is asked for, if it exists already, whole.

        Args:
            names: keys under which it may be recorded. Under all but the first there may be the result of
                another source, so for these the source counts, too.
            fingerprint: of what is asked for.
            source: its absolute path, or its URL.
            is_whole: whether the result of a record stands as it was left; None looks into the folder.
        """
        is_whole = is_whole or self._is_whole
        for name in names:
            record = self._records.get(name)
            if record is None or record.fingerprint != fingerprint or not is_whole(record):
                continue
            if name == names[0] or record.source == source:
                return name
        return None

    def has_frames(self, output: str, fingerprint: str) -> bool:
        """Whether the very sequence that is asked for exists already, whole.

        Args:
            output: its pattern below the folder of results.
            fingerprint: of what is asked for.
        """
        return any(
            record.frames and record.fingerprint == fingerprint and self._is_whole(record)
            for record in self._records.values()
            if record.output == output
        )

    def records(self) -> list[Record]:
        """The last record of each result, in the order of names."""
        return [self._records[key] for key in sorted(self._records)]

    def made(self, path: Path) -> bool:
        """Whether an earlier run wrote this file, as a result or beside one."""
        return path.is_relative_to(self.folder) and self.key(path) in self.made_names

    def add(
        self,
        output: Path,
        fingerprint: str,
        extras: Sequence[Path] = (),
        *,
        source: Path | str | None = None,
        part: Path | None = None,
    ) -> None:
        """Record a finished result durably.

        Args:
            output: the result.
            fingerprint: of its source and settings.
            extras: files made beside it.
            source: its path or URL.
            part: the file that is about to become the result, if it has not its name yet.

        Raises:
            OSError: it could not be written.
        """
        file = part or output
        record = Record(
            self.key(output),
            fingerprint,
            file.stat().st_size,
            tuple(map(self.key, extras)),
            sha256_of(file),
            str(source.absolute() if isinstance(source, Path) else source or ""),
        )
        self._write(record)

    def add_frames(
        self,
        output: Path,
        fingerprint: str,
        marks: Mapping[int, FrameMark],
        *,
        source: Path,
        extras: Sequence[Path] = (),
    ) -> None:
        """Record a finished sequence durably.

        Args:
            output: the sequence, as FOLDER/%07d.dpx.
            fingerprint: of its source and settings.
            marks: its frames, by number.
            source: likewise, or a film.
            extras: files made beside it.

        Raises:
            OSError: it could not be written.
        """
        size, source_path = sum(mark.size for mark in marks.values()), str(source.absolute())
        packed = pack_marks(marks)._asdict()
        names = tuple(map(self.key, extras))
        self._write(Record(self.key(output), fingerprint, size, names, source=source_path, **packed))

    def _write(self, record: Record) -> None:
        line = record.line()
        with self._lock:
            if self._torn:
                line = "\n" + line
            self._torn = True  # should the disk be full in the middle of it
            try:
                with open(self.path, "a", encoding="utf-8", errors="surrogateescape") as journal:
                    journal.write(line)
                    journal.flush()
                    os.fsync(journal.fileno())
            except OSError as error:  # which names no file if it is the disk that is full
                raise OSError(error.errno, error.strerror, str(self.path)) from error
            self._torn = False
            self.remember(record)


def sizes_in(folder: Path) -> dict[str, int]:
    """Bytes of each file in a folder, by name, from one look at it; empty if it is not there."""
    try:
        with os.scandir(folder) as entries:
            return {entry.name: entry.stat().st_size for entry in entries if entry.is_file()}
    except FileNotFoundError:
        return {}


def read_manifest(file: Source) -> Manifest:
    """The manifest in a file, only to look into it: of a remote one there is no copy any more.

    Raises:
        InputError: it cannot be fetched or read.
    """
    with on_disk(file) as path:
        if path.name != NAME:  # copies get no hidden name
            path = path.rename(path.with_name(NAME))
        return Manifest(path.parent)


def _is_below(name: str) -> bool:
    """Whether a recorded name stays within the folder; we write no others."""
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts
