"""A worker as the driver sees it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Concatenate, ParamSpec, TypeVar

from deoldify_lite.cluster.message import Answer, Ready, Stored
from deoldify_lite.cluster.slots import Slot
from deoldify_lite.cluster.worker.station import Station

P = ParamSpec("P")
R = TypeVar("R")

# Loading takes seconds; a network that OpenVINO sees for the first time, a minute.
START_S = 300.0


class WorkerLost(Exception):
    """A worker ended before it answered; the work is to be done again."""


class Member:
    """A worker, as the driver sees it.

    Args:
        ray: the module.
        actor: Ray's handle of a `worker.actor.Worker`.
        slot: where it runs.
    """

    def __init__(self, ray: Any, actor: Any, slot: Slot) -> None:
        self.slot = slot
        self.actor = actor
        self.host = "a machine of the cluster"
        self.load = 0  # of what it does now
        self.is_ready = False
        self._ray = ray

    def get_ready(self, weights: Stored) -> Ready:
        """Have it load the network, and wait for that; errors as in `call` and `Worker.ready`."""
        with self._watched():
            answer: Answer = self._ray.get(self.actor.ready.remote(weights), timeout=START_S)
            ready: Ready = answer.unpack()
        return ready

    def call(self, work: Callable[Concatenate[Station, P], R], *arguments: P.args, **options: P.kwargs) -> R:
        """Have it do some work, and wait for the answer.

        Args:
            work: a function of `worker.photos` or `worker.films`.
            arguments, options: for `work`, after its station.

        Raises:
            WorkerLost: it ended before.
            Exception: as `work` raises.
        """
        with self._watched():
            answer: Answer = self._ray.get(self.actor.call.remote(work, *arguments, **options))
        value: R = answer.unpack()
        return value

    def stream(
        self, work: Callable[Concatenate[Station, P], Iterator[R]], *arguments: P.args, **options: P.kwargs
    ) -> Iterator[R]:
        """Have it do some work that has many answers; arguments and errors as in `call`."""
        with self._watched():
            streaming = self.actor.stream.options(num_returns="streaming")
            answers = streaming.remote(work, *arguments, **options)
        while True:
            with self._watched():
                try:
                    answer: Answer = self._ray.get(next(answers))
                except StopIteration:
                    return
            yield answer.unpack()

    def send(self, name: str, *arguments: object) -> Any:
        """Call a method of the actor without waiting; returns a reference to wait for."""
        return getattr(self.actor, name).remote(*arguments)

    @contextmanager
    def _watched(self) -> Iterator[None]:
        errors = self._ray.exceptions
        try:
            yield
        except errors.RayTaskError as error:
            raise error.cause from None  # what the work itself has raised
        except errors.RayError as error:
            raise WorkerLost(_in_short(error)) from error


def _in_short(error: Exception) -> str:
    """One line of what Ray says: of an error in the worker that error, or else what comes first."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    raised = [line for line in lines if re.match(r"[\w.]+(Error|Exception|Interrupt): ", line)]
    return (raised or lines[:1])[-1]
