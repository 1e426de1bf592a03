"""The workers of a run: where they run, who does what, and what happens when one is lost."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import SimpleQueue
from typing import TypeVar

from deoldify_lite.cluster.connection import Connection
from deoldify_lite.cluster.member import Member, WorkerLost
from deoldify_lite.cluster.message import Ready, Setup, Stored
from deoldify_lite.cluster.slots import Slot, find_slots
from deoldify_lite.cluster.worker.actor import Worker
from deoldify_lite.errors import OptionError, RenderError
from deoldify_lite.render.rendering import Rendering
from deoldify_lite.version import __version__

log = logging.getLogger(__name__)

R = TypeVar("R")

# A task is begun so often; then it is taken for what ends its workers.
TRIES = 3
# Calls that a worker answers at the same time: segments, scans, and short ones.
_CALLS = 16


class RunEnded(Exception):
    """The run has ended, and no more work is done."""


class Crew:
    """The workers of one run: `with` it, and no process of theirs outlives the block.

    They are started when the first work comes. All methods may be called by any thread.
    """

    def __init__(
        self,
        connection: Connection,
        rendering: Rendering,
        *,
        cores_per_worker: int | None = None,
        batch_size: int | None = None,
    ) -> None:
        """Prepare.

        Args:
            connection: to Ray; it is opened with the first work, and closed with the crew.
            rendering: how the workers render.
            cores_per_worker: None for as many as suit.
            batch_size: pictures predicted at once; None for what suits the device.
        """
        self.rendering = rendering
        self.batch_size = batch_size or 1
        """Pictures predicted at once; known after `start`."""
        self.size = 0
        """Workers that there were at the start."""
        self._connection = connection
        self._cores_per_worker = cores_per_worker
        self._wanted_batch = batch_size
        self._members: list[Member] = []
        self._change = threading.Condition()
        self._starting = threading.Lock()
        self._weights: Stored | None = None
        self._replacing = 0  # workers that were lost, in whose place none is yet
        self._stopped = False
        self._trouble = ""  # of the last worker that could not be started

    def __enter__(self) -> "Crew":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Start workers wherever there is room, unless that is done.

        Raises:
            OptionError: there is no such cluster, or no room on it; or versions differ.
            WeightsError: see `Rendering.load`.
            RenderError: no worker could be started.
        """
        with self._starting:
            if self.size:
                return
            self._connection.open()
            slots = self._find_slots()
            if not slots:
                raise OptionError(
                    "the cluster has no room for a worker: it needs a GPU for --device cuda, or as many "
                    "cores on one machine as --cores-per-worker says"
                )
            self._weights = self.store(self.rendering.weights.read_bytes())
            started: SimpleQueue[BaseException | Ready] = SimpleQueue()
            for slot in slots:
                self._add(slot, started)
            outcomes = [started.get() for _ in slots]
            ready = [one for one in outcomes if isinstance(one, Ready)]
            errors = [one for one in outcomes if not isinstance(one, Ready | WorkerLost)]
            if errors:
                raise errors[0]
            if not ready:
                raise RenderError(f"no worker could be started: {self._trouble}")
            self.batch_size = max(one.batch_size for one in ready)
            self.size = len(ready)
            hosts = Counter(one.host for one in ready)
            log.info("%d workers on %s", self.size, ", ".join(sorted(hosts)))

    def store(self, value: object) -> Stored:
        """Put a value into the cluster's object store, once for all workers."""
        return self._connection.store(value)

    @contextmanager
    def hold(self, *, load: int = 1) -> Iterator[Member]:
        """Give the worker with the least to do.

        Raises:
            RunEnded: the run has ended.
            RenderError: no worker is left.
        """
        with self._change:
            while True:
                if self._stopped:
                    raise RunEnded("the run was stopped")
                ready = [member for member in self._members if member.is_ready]
                if ready:
                    break
                if not self._members and not self._replacing:
                    raise RenderError(
                        f"no worker is left ({self._trouble}): see that the machines of the cluster are up, "
                        "and run the same command again; what is done is kept"
                    )
                self._change.wait(1)
            member = min(ready, key=lambda member: member.load)
            member.load += load
        try:
            yield member
        except WorkerLost as error:
            self._replace(member, str(error))
            if self._stopped:
                raise RunEnded("the run was stopped") from None
            raise
        finally:
            with self._change:
                member.load -= load

    def attempt(self, work: Callable[[Member], R], what: object, *, load: int = 1) -> R:
        """Have a worker do something, and if it is lost, another one, from the start.

        Args:
            work: may be called TRIES times.
            what: is done, for the log and the error.
            load: how much it counts when others look for a worker.

        Raises:
            RenderError: each worker was lost.
            Exception: as `work` raises.
        """
        for tries in range(TRIES):
            try:
                with self.hold(load=load) as member:
                    return work(member)
            except WorkerLost as error:
                again = "it is done again" if tries + 1 < TRIES else "given up"
                log.warning("%s: the worker on %s was lost (%s); %s", what, member.host, error, again)
        raise lost_for_good(what)

    def stop(self) -> None:
        """End all workers, now, and what they have started."""
        self._stopped = True
        processes = self._connection.processes()
        members, self._members = self._members, []
        ray = self._connection.ray
        with suppress(Exception):
            halts = [member.send("halt") for member in members if member.is_ready]
            if halts:
                ray.wait(halts, num_returns=len(halts), timeout=2)
        for member in members:
            with suppress(Exception):
                ray.kill(member.actor)
        self._connection.close(processes)

    def _find_slots(self) -> list[Slot]:
        return find_slots(self._connection.nodes(), self.rendering.device, self._cores_per_worker)

    def _add(self, slot: Slot, started: "SimpleQueue[BaseException | Ready] | None" = None) -> None:
        """Start a worker; it counts once it is ready."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        setup = Setup(
            version=__version__,
            folder=Path.cwd(),
            rendering=self.rendering,
            batch_size=self._wanted_batch,
            cores=slot.cores,
            log_level=logging.getLogger("deoldify_lite").getEffectiveLevel(),
        )
        ray = self._connection.ray
        actor = (
            ray.remote(Worker)
            .options(
                num_cpus=slot.cores,
                num_gpus=slot.gpus,
                max_concurrency=_CALLS,
                max_restarts=0,
                scheduling_strategy=NodeAffinitySchedulingStrategy(slot.node, soft=False),
            )
            .remote(setup)
        )
        member = Member(ray, actor, slot)
        with self._change:
            self._members.append(member)
        thread = threading.Thread(target=self._bring_up, args=(member, started), daemon=True)
        thread.start()

    def _bring_up(self, member: Member, started: "SimpleQueue[BaseException | Ready] | None") -> None:
        assert self._weights is not None
        outcome: BaseException | Ready
        try:
            outcome = member.get_ready(self._weights)
            with self._change:
                member.host, member.is_ready = outcome.host, True
                self._change.notify_all()
        except BaseException as error:
            outcome = error
            with self._change:
                self._trouble = str(error)
                if member in self._members:
                    self._members.remove(member)
                self._change.notify_all()
            with suppress(Exception):
                self._connection.ray.kill(member.actor)
        if started is not None:
            started.put(outcome)

    def _replace(self, lost: Member, trouble: str) -> None:
        """Start another worker for one that was lost, where there is room."""
        with self._change:
            if lost not in self._members or self._stopped:
                return  # another thread has seen it before
            self._members.remove(lost)
            self._replacing += 1
            self._trouble = trouble
            taken = Counter(member.slot for member in self._members)
        with suppress(Exception):
            self._connection.ray.kill(lost.actor)
        try:
            free = list((Counter(self._find_slots()) - taken).elements())
            if free:
                self._add(lost.slot if lost.slot in free else free[0])
        except Exception as error:
            log.debug("no worker in place of the lost one", exc_info=error)
        with self._change:
            self._replacing -= 1
            self._change.notify_all()


def lost_for_good(what: object) -> RenderError:
    """The error for a task that no worker outlived."""
    return RenderError(
        f"{what}: each of {TRIES} workers that worked on it was lost: it may take more memory than there is, "
        "or crash a library; try it alone without --engine ray"
    )
