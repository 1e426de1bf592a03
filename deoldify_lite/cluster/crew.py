"""Workers on a Ray cluster: where they run, how they are asked, and what is done when one is lost.

Ray is imported here alone, and only once a run needs it.
"""

import logging
import re
import shutil
import signal
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from typing import Any, TypeVar

import psutil

from deoldify_lite.cluster.connection import (
    _LONGEST_SCRATCH,
    Box,
    _findable,
    _import_ray,
    _log_words,
    _ray_processes,
)
from deoldify_lite.cluster.message import Order, Ready, Told, logged
from deoldify_lite.cluster.slots import Slot, find_slots
from deoldify_lite.cluster.worker.actor import Worker
from deoldify_lite.errors import OptionError, RenderError
from deoldify_lite.render.rendering import Rendering
from deoldify_lite.system.machine import cores
from deoldify_lite.version import __version__

log = logging.getLogger(__name__)


R = TypeVar("R")

# So often a task is begun; then it is taken for what ends its workers.
TRIES = 3
# Loading takes seconds; a network that OpenVINO sees for the first time, a minute.
START_S = 300.0
# Calls that a worker answers at the same time: segments, scans, and short ones.
_CALLS = 16


@dataclass(frozen=True)
class RaySettings:
    """Where the work is done."""

    address: str | None = None  # of a cluster, `auto` or HOST:PORT; None: one is made here, for this run
    cores_per_worker: int | None = None  # None: all of a machine, but 8 at most
    device: str = "auto"  # auto, cpu or cuda


class WorkerLost(Exception):
    """A worker ended before it answered; the work is to be done again."""


class Stopped(Exception):
    """The run is at its end, whatever was asked."""


class Member:
    """A worker, as the driver sees it."""

    def __init__(self, ray: Any, actor: Any, slot: Slot) -> None:
        self.slot = slot
        self.actor = actor
        self.host = "a machine of the cluster"
        self.load = 0  # of what it does now
        self.is_ready = False
        self._ray = ray

    def call(self, name: str, *arguments: object) -> Any:
        """Have it do something, and wait for the answer.

        Raises:
            WorkerLost: it ended before.
            Exception: as its method raises.
        """
        with self._watched():
            told: Told = self._ray.get(getattr(self.actor, name).remote(*arguments))
        return logged(told)

    def stream(self, name: str, *arguments: object) -> Iterator[Any]:
        """Have it do something that has many answers; errors as of `call`."""
        with self._watched():
            answers = getattr(self.actor, name).options(num_returns="streaming").remote(*arguments)
        while True:
            with self._watched():
                try:
                    told: Told = self._ray.get(next(answers))
                except StopIteration:
                    return
            yield logged(told)

    def tell(self, name: str, *arguments: object) -> Any:
        """Have it do something without waiting; gives what can be waited for."""
        return getattr(self.actor, name).remote(*arguments)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        errors = self._ray.exceptions
        try:
            yield
        except errors.RayTaskError as error:
            raise error.cause from None  # what the method itself has raised
        except errors.RayError as error:
            raise WorkerLost(_in_short(error)) from error


class Crew:
    """The workers of one run: `with` it, and no process of theirs outlives the block.

    They are started when the first work comes. All methods may be called by any thread.
    """

    def __init__(self, settings: RaySettings, rendering: Rendering, *, batch_size: int | None = None) -> None:
        """Prepare.

        Args:
            settings: where they run.
            rendering: how they render; on a cluster elsewhere it may become that of its devices.
            batch_size: pictures predicted at once; None for what suits the device.

        Raises:
            OptionError: Ray is not installed, or an option makes no sense.
        """
        if settings.cores_per_worker is not None and settings.cores_per_worker < 1:
            raise OptionError(f"--cores-per-worker {settings.cores_per_worker}: choose 1 or more")
        if batch_size is not None and batch_size < 1:
            raise OptionError(f"batch size {batch_size}: choose 1 or more")
        self._ray = _import_ray(ours=settings.address is None)
        self._settings = settings
        self._rendering = rendering
        self._wanted_batch = batch_size
        self.batch_size = batch_size or 1
        """Pictures predicted at once; known after `start`."""
        self.size = 0
        """Workers that there were at the start."""
        self._members: list[Member] = []
        self._change = threading.Condition()
        self._starting = threading.Lock()
        self._weights: Box | None = None
        self._scratch: str | None = None
        self._replacing = 0  # workers that were lost, in whose place none is yet
        self._stopped = False
        self._trouble = ""  # of the last worker that could not be started

    def __enter__(self) -> "Crew":
        if self._settings.address:
            self._connect()  # what devices there are decides what results look like
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def rendering(self) -> Rendering:
        """How the workers render."""
        return self._rendering

    def start(self) -> None:
        """Have workers everywhere where there is room, unless that is done.

        Raises:
            OptionError: there is no such cluster, or no room on it; or versions differ.
            WeightsError: see `api.Rendering.load`.
            RenderError: no worker could be started.
        """
        with self._starting:
            if self.size:
                return
            self._connect()
            ray, settings = self._ray, self._settings
            slots = find_slots(ray.nodes(), self._rendering.device, settings.cores_per_worker)
            if not slots:
                raise OptionError(
                    "the cluster has no room for a worker: it needs a GPU for --device cuda, or as many "
                    "cores on one machine as --cores-per-worker says"
                )
            self._weights = self.keep(self._rendering.weights.read_bytes())
            ended: SimpleQueue[BaseException | Ready] = SimpleQueue()
            for slot in slots:
                self._add(slot, ended)
            came = [ended.get() for _ in slots]
            ready = [one for one in came if isinstance(one, Ready)]
            errors = [one for one in came if not isinstance(one, Ready | WorkerLost)]
            if errors:
                raise errors[0]
            if not ready:
                raise RenderError(f"no worker could be started: {self._trouble}")
            self.batch_size = max(one.batch_size for one in ready)
            self.size = len(ready)
            hosts = Counter(one.host for one in ready)
            log.info("%d workers on %s", self.size, ", ".join(sorted(hosts)))

    def keep(self, value: object) -> "Box":
        """Put something into the cluster's store, once for all workers."""
        return Box([self._ray.put(value)])

    @contextmanager
    def hold(self, *, load: int = 1) -> Iterator[Member]:
        """Give the worker with the least to do.

        Raises:
            Stopped: the run is at its end.
            RenderError: no worker is left.
        """
        with self._change:
            while True:
                if self._stopped:
                    raise Stopped("the run was stopped")
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
                raise Stopped("the run was stopped") from None
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
        ours = [] if self._settings.address else _ray_processes()
        members, self._members = self._members, []
        with suppress(Exception):
            halts = [member.tell("halt") for member in members if member.is_ready]
            if halts:
                self._ray.wait(halts, num_returns=len(halts), timeout=2)
        for member in members:
            with suppress(Exception):
                self._ray.kill(member.actor)
        with suppress(Exception):
            self._ray.shutdown()
        for process in ours:  # an interrupt while they started, or one that they got too, may leave some
            with suppress(psutil.Error):
                process.kill()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)

    def _connect(self) -> None:
        if self._ray.is_initialized():
            return
        settings = self._settings
        handlers = {name: signal.getsignal(name) for name in (signal.SIGINT, signal.SIGTERM)}
        quiet: dict[str, Any] = {
            "configure_logging": False, "log_to_driver": False, "logging_level": logging.ERROR
        }  # fmt: skip
        if settings.address:
            try:
                self._ray.init(settings.address, **quiet)
            except Exception as error:
                raise OptionError(
                    f"--address {settings.address}: no Ray cluster can be reached there ({error}): check it "
                    "with `ray status`, or leave --address out for workers on this machine"
                ) from error
        else:
            # Ray's own logs go with the run, unless its sockets would get too long names there.
            if len(tempfile.gettempdir()) <= _LONGEST_SCRATCH:
                self._scratch = quiet["_temp_dir"] = tempfile.mkdtemp(prefix="deoldify-")
            with _findable():
                self._ray.init("local", num_cpus=cores(), include_dashboard=False, **quiet)
        # Ray would print its own words on a lost worker to stdout, among the results; no option keeps it.
        private = sys.modules.get("ray._private.worker")
        if hasattr(private, "print_to_stdstream"):
            setattr(private, "print_to_stdstream", _log_words)  # noqa: B010, as mypy knows its type
        if threading.current_thread() is threading.main_thread():
            for name, handler in handlers.items():
                signal.signal(name, handler)  # Ray has put its own in their place
        if settings.address:
            self._fit_rendering()

    def _fit_rendering(self) -> None:
        """Render by what the cluster has, which this machine may not have."""
        gpus = any(node["Alive"] and node["Resources"].get("GPU", 0) for node in self._ray.nodes())
        rendering = self._rendering
        if self._settings.device == "cuda" or (self._settings.device == "auto" and gpus):
            self._rendering = replace(rendering, device="cuda", backend="torch")
        elif rendering.device != "cpu":
            self._rendering = replace(rendering, device="cpu")

    def _add(self, slot: Slot, ended: "SimpleQueue[BaseException | Ready] | None" = None) -> None:
        """Start a worker; it counts once it is ready."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        order = Order(
            version=__version__,
            folder=Path.cwd(),
            rendering=self._rendering,
            batch_size=self._wanted_batch,
            cores=slot.cores,
            log_level=logging.getLogger("deoldify_lite").getEffectiveLevel(),
        )
        actor = (
            self._ray.remote(Worker)
            .options(
                num_cpus=slot.cores,
                num_gpus=slot.gpus,
                max_concurrency=_CALLS,
                max_restarts=0,
                scheduling_strategy=NodeAffinitySchedulingStrategy(slot.node, soft=False),
            )
            .remote(order)
        )
        member = Member(self._ray, actor, slot)
        with self._change:
            self._members.append(member)
        thread = threading.Thread(target=self._bring_up, args=(member, ended), daemon=True)
        thread.start()

    def _bring_up(self, member: Member, ended: "SimpleQueue[BaseException | Ready] | None") -> None:
        outcome: BaseException | Ready
        try:
            with member._watched():
                answer = member.tell("ready", self._weights)
                outcome = logged(self._ray.get(answer, timeout=START_S))
            assert isinstance(outcome, Ready)
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
                self._ray.kill(member.actor)
        if ended is not None:
            ended.put(outcome)

    def _replace(self, lost: Member, trouble: str) -> None:
        """Have another worker for one that was lost, where there is room."""
        with self._change:
            if lost not in self._members or self._stopped:
                return  # somebody else has seen it before
            self._members.remove(lost)
            self._replacing += 1
            self._trouble = trouble
            taken = Counter(member.slot for member in self._members)
        with suppress(Exception):
            self._ray.kill(lost.actor)
        try:
            there = find_slots(self._ray.nodes(), self._rendering.device, self._settings.cores_per_worker)
            free = list((Counter(there) - taken).elements())
            if free:
                self._add(lost.slot if lost.slot in free else free[0])
        except Exception as error:
            log.debug("no worker in place of the lost one", exc_info=error)
        with self._change:
            self._replacing -= 1
            self._change.notify_all()


def lost_for_good(what: object) -> RenderError:
    """What to say of a task that no worker outlived."""
    return RenderError(
        f"{what}: each of {TRIES} workers that worked on it was lost: it may take more memory than there is, "
        "or crash a library; try it alone without --engine ray"
    )


def _in_short(error: Exception) -> str:
    """One line of what Ray says: of an error in the worker that error, or else what comes first."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    raised = [line for line in lines if re.match(r"[\w.]+(Error|Exception|Interrupt): ", line)]
    return (raised or lines[:1])[-1]
