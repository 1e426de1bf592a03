"""Put results to a URL in loads, each after the manifest that records it.

So no result of ours is ever there without a record, by which the next run would take it for a file of the
user's. A record whose result never arrived does no harm, since the result's size is compared.
"""

import logging
import threading
import time
from bisect import bisect_left
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from types import TracebackType

from deoldify_lite.errors import DeoldifyError, InputError
from deoldify_lite.run.items import Item
from deoldify_lite.run.manifest import NAME, Manifest, Record, read_manifest
from deoldify_lite.run.task import Task
from deoldify_lite.storage.errors import UnreachableError
from deoldify_lite.storage.names import why_unsafe
from deoldify_lite.storage.store import fetch, list_files, look_up, put, remove
from deoldify_lite.storage.url import Url, name_below
from deoldify_lite.system.threads import Pending, Workers

log = logging.getLogger(__name__)

# A load is sent when so much time has passed, or so many bytes wait. The whole manifest goes with each load;
# loads become rarer where it would take more than this share of the time.
EVERY_S, MOST_BYTES, MANIFEST_SHARE = 30.0, 128 << 20, 0.1
AT_ONCE = 8
# Between further tries to reach a store, after the quick ones that the driver makes: the result may be a
# night's work.
PAUSES_S = (5.0, 30.0, 120.0)


class Outbox:
    """Takes the results that are recorded in a folder here, and puts them below a URL.

    A context manager: when an error or Ctrl-C ends the block, what is finished is put.

    Args:
        root: where results are put.
        folder: where results are made; each is removed once it is put.
        deep: whether there are results in folders below the root, too.

    Raises:
        InputError: the root cannot be listed.
        OptionError: we do not open this kind of URL.
    """

    def __init__(self, root: Url, folder: Path, *, deep: bool) -> None:
        self.root, self.folder = root, folder
        folder.mkdir(parents=True, exist_ok=True)
        self.listed = {name_below(root, file.url): file.size for file in list_files(root, deep=deep)}
        self._names = sorted(self.listed)
        self._manifest_size = 0
        (folder / NAME).unlink(missing_ok=True)
        if NAME in self.listed and (found := look_up(root / NAME)):
            fetch(found, folder).replace(folder / NAME)
            self._manifest_size = found.size
        self.manifest = Manifest(folder)
        self._sent = {record.output: record for record in self.manifest.records()}
        self._waiting: dict[str, Item] = {}
        self._workers = Workers(1, name="sending")
        self._sending: Pending[dict[str, str]] | None = None
        self._began = time.monotonic()
        self._manifest_s = 0.0
        self._stopping = threading.Event()

    def begin(self) -> None:
        """Write the manifest, so that a store that refuses stops the run before any work.

        Raises:
            InputError: we may not, or the store cannot be reached.
        """
        self._put_manifest([])

    def holds(self, record: Record) -> bool:
        """Whether the result of an earlier run is there, as that run left it."""
        return self.listed.get(record.output) == record.size

    def mark_foreign(self, task: Task) -> None:
        """Make an empty file here for each file of the user's there that a task might replace.

        So the rules that keep the user's files hold here as they do for any folder.
        """
        source, outputs = task.source, [task.output, *task.aliases[:1]]
        own = outputs + ([task.comparison] if task.comparison else [])
        pages = [path.with_name(f"{stem}-page") for path in own for stem in (path.stem, source.name)]
        names = [self.manifest.key(path) for path in own]
        names = [name for name in names if name in self.listed]
        for prefix in map(self.manifest.key, pages):
            for name in self._names[bisect_left(self._names, prefix) :]:
                if not name.startswith(prefix):
                    break
                names.append(name)
        for name in names:
            path = self.folder / name
            record = self._sent.get(name)
            ours = self.holds(record) if path in outputs and record else self.manifest.made(path)
            if not ours and not why_unsafe(name):
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()

    def take(self, item: Item) -> Iterator[Item]:
        """Take a result that is done here; yield the items of those that have arrived meanwhile.

        Args:
            item: its output is a file in `folder`, also when it is yielded.
        """
        self._waiting[self.manifest.key(Path(item.output))] = item
        if self._sending is not None and self._sending.done():
            yield from self._arrived()
        if self._sending is None and self._is_due():
            self._send()

    def finish(self) -> Iterator[Item]:
        """Put what is left, and yield the items once it has arrived."""
        yield from self._arrived()
        if self._waiting:
            self._send()
            yield from self._arrived()

    def __enter__(self) -> "Outbox":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is not None:
                self._stopping.set()
                list(self._arrived())
                if left := self._finished():
                    log.info("%s: stopped; putting the %d results that are finished", self.root, len(left))
                    self._put_all(left)
        except DeoldifyError as failure:
            log.warning("%s", failure)
        finally:
            self._workers.__exit__(None, None, None)

    def _finished(self) -> list[Record]:
        """The records of results that are not put yet."""
        # What was put is removed here.
        records = self.manifest.records()
        return [record for record in records if self.manifest.is_ours(self.folder / record.output)]

    def _is_due(self) -> bool:
        passed = time.monotonic() - self._began
        if passed < self._manifest_s / MANIFEST_SHARE:
            return False
        return passed > EVERY_S or sum(record.size for record in self._finished()) > MOST_BYTES

    def _send(self) -> None:
        self._began = time.monotonic()
        self._sending = self._workers.submit(partial(self._put_all, self._finished()))

    def _arrived(self) -> Iterator[Item]:
        """Wait for the load that is on its way, and yield its items."""
        if self._sending is None:
            return
        outcomes = self._sending.result()
        self._sending = None
        for name, problem in outcomes.items():
            # A result that a stop cut off from its item has none.
            if item := self._waiting.pop(name, None):
                yield Item(item.source, item.output, "failed", problem) if problem else item

    def _put_all(self, load: list[Record]) -> dict[str, str]:
        """Put results and the files made beside them.

        Returns:
            For the output of each, what went wrong; empty if nothing did.
        """
        outcomes = dict.fromkeys((record.output for record in load), "")
        try:
            for record in load:
                # If we are killed before the new one arrives, the old one must not pass for it.
                if self.holds(record):
                    remove(self.root / record.output)
            self._persist(partial(self._put_manifest, load))
        except DeoldifyError as error:
            outcomes = dict.fromkeys(outcomes, str(error))
        else:
            with Workers(AT_ONCE) as workers:
                puts = [workers.submit(partial(self._persist, partial(self._put, record))) for record in load]
                for record, pending in zip(load, puts, strict=True):
                    try:
                        pending.result()
                        self.listed[record.output] = record.size
                    except (DeoldifyError, OSError) as error:
                        outcomes[record.output] = str(error)
        for record in load:
            for name in (record.output, *record.extras):
                (self.folder / name).unlink(missing_ok=True)
        return outcomes

    def _persist(self, step: Callable[[], None]) -> None:
        for pause in PAUSES_S:
            try:
                return step()
            except UnreachableError as error:
                if self._stopping.is_set():
                    raise
                log.warning("%s; trying again in %d s", error, pause)
                self._stopping.wait(pause)
        return step()

    def _put(self, record: Record) -> None:
        for name in (*record.extras, record.output):  # last, so that it vouches for the others
            put(self.folder / name, self.root / name)

    def _put_manifest(self, load: list[Record]) -> None:
        began = time.monotonic()
        self._take_in_others()
        for record in load:
            self._sent[record.output] = record
        lines = "".join(self._sent[name].line() for name in sorted(self._sent))
        path = self.folder.with_name("manifest.jsonl")
        path.write_text(lines, encoding="utf-8", errors="surrogateescape")
        put(path, self.root / NAME)
        self._manifest_size = path.stat().st_size
        self._manifest_s = time.monotonic() - began

    def _take_in_others(self) -> None:
        """Keep what a run on another machine has recorded since we last put the manifest."""
        try:
            found = look_up(self.root / NAME)
        except InputError:  # there is none yet; any other error comes when we put ours
            return
        if found is None or found.size == self._manifest_size:
            return
        for record in read_manifest(found).records():
            self._sent.setdefault(record.output, record)
        self._manifest_size = found.size
