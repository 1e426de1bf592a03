"""The connection to Ray: imported, made quiet, and closed with all that it has started."""

import logging
import os
import secrets
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from deoldify_lite.cluster.message import Stored
from deoldify_lite.errors import OptionError, RenderError
from deoldify_lite.system.machine import cores
from deoldify_lite.system.signals import own_handlers

log = logging.getLogger(__name__)

_LONGEST_SCRATCH = 30  # letters: a socket's name may have 107, and 70 come after it
_ANSWER_S = 20.0  # that a cluster has to answer a connection


class Connection:
    """A Ray cluster: one that is there, or one that is made on this machine, for this run.

    Args:
        address: of a cluster, `auto` or HOST:PORT; None to make one.

    Raises:
        OptionError: Ray is not installed.
    """

    def __init__(self, address: str | None) -> None:
        self.ray = import_ray(ours=address is None)
        self._address = address
        self._scratch: str | None = None

    def open(self) -> None:
        """Connect, unless that is done.

        Raises:
            OptionError: there is no such cluster.
            RenderError: Ray cannot start on this machine.
        """
        if self.ray.is_initialized():
            return
        quiet: dict[str, Any] = {
            "configure_logging": False, "log_to_driver": False, "logging_level": logging.ERROR
        }  # fmt: skip
        with own_handlers():  # Ray puts its own in their place
            if self._address:
                try:
                    _knock(self._address)
                    self.ray.init(self._address, **quiet)
                except Exception as error:
                    raise OptionError(
                        f"--address {self._address}: no Ray cluster can be reached there ({error}): check it "
                        "with `ray status`, or leave --address out for workers on this machine"
                    ) from error
            else:
                # Ray's own logs go with the run, unless its sockets would get too long names there.
                if len(tempfile.gettempdir()) <= _LONGEST_SCRATCH:
                    self._scratch = quiet["_temp_dir"] = tempfile.mkdtemp(prefix="deoldify-")
                try:
                    with _findable():
                        self.ray.init("local", num_cpus=cores(), include_dashboard=False, **quiet)
                except Exception as error:
                    raise RenderError(
                        f"--engine ray: Ray did not start on this machine ({error}): try again while the "
                        "machine is less busy, or leave --engine ray out"
                    ) from error
        # Ray would print its own words on a lost worker to stdout, among the results; no option keeps it.
        private = sys.modules.get("ray._private.worker")
        if hasattr(private, "print_to_stdstream"):
            setattr(private, "print_to_stdstream", _log_words)  # noqa: B010, as mypy knows its type

    def nodes(self) -> list[dict[str, Any]]:
        """The machines of the cluster, as `ray.nodes` gives them."""
        nodes: list[dict[str, Any]] = self.ray.nodes()
        return nodes

    def store(self, value: object) -> Stored:
        """Put a value into the cluster's object store, once for all workers."""
        return Stored([self.ray.put(value)])

    def processes(self) -> list[psutil.Process]:
        """What Ray has started on this machine for this process, and what that has started."""
        found: list[psutil.Process] = []
        for child in [] if self._address else psutil.Process().children():
            with suppress(psutil.Error):
                if any("ray" in Path(word).name or "/ray/" in word for word in child.cmdline()[:3]):
                    found += [child, *child.children(recursive=True)]
        return found

    def close(self, processes: Sequence[psutil.Process]) -> None:
        """Disconnect, and end what is left.

        Args:
            processes: as `processes` gave them before workers were ended. An interrupt while they started,
                or one that they got too, may leave some.
        """
        with suppress(Exception):
            self.ray.shutdown()
        for process in processes:
            with suppress(psutil.Error):
                process.kill()
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)


def _knock(address: str) -> None:
    """Raise OSError if nothing listens at HOST:PORT, for which Ray itself would wait many minutes."""
    host, colon, port = address.rpartition(":")
    if colon and port.isdecimal() and "/" not in host:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWER_S).close()


def import_ray(*, ours: bool) -> Any:
    """Import Ray and make it quiet.

    Args:
        ours: the cluster is to be one of this process alone, and is closed to others.

    Raises:
        OptionError: it is not installed.
    """
    if ours and "ray" not in sys.modules and "RAY_AUTH_MODE" not in os.environ:
        # Its ports are open to the network, and who may speak to them may run anything. Read at its import.
        os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
    # It would report its use over the network, and warn of what is none of the user's concern.
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
        import ray.exceptions
    except ImportError:
        raise OptionError(
            '--engine ray: Ray is not installed; run: pip install "deoldify_lite[ray]"'
        ) from None
    logging.getLogger("ray").setLevel(logging.ERROR)
    return ray


def _log_words(said: Any, ignore_prefix: bool) -> None:
    log.debug("Ray: %s", " ".join(map(str, said.get("lines", ()))))


@contextmanager
def _findable() -> Iterator[None]:
    """Processes that are started meanwhile find deoldify_lite where this one has found it."""
    before = os.environ.get("PYTHONPATH")
    here = str(Path(__file__).resolve().parents[2])
    os.environ["PYTHONPATH"] = os.pathsep.join([here, before] if before else [here])
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYTHONPATH"]
        else:
            os.environ["PYTHONPATH"] = before
