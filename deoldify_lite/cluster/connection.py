"""Ray itself: imported, made quiet, and found again among the processes."""

import logging
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from deoldify_lite.errors import OptionError

log = logging.getLogger(__name__)


_LONGEST_SCRATCH = 30  # letters: a socket's name may have 107, and 70 come after it


@dataclass(frozen=True)
class Box:
    """Something in the cluster's store; within a list a reference stays one, and is not fetched unasked."""

    references: list[Any]

    def open(self) -> Any:
        """What is in it."""
        import ray

        return ray.get(self.references[0])


def _log_words(said: Any, ignore_prefix: bool) -> None:
    log.debug("Ray: %s", " ".join(map(str, said.get("lines", ()))))


def _ray_processes() -> list[psutil.Process]:
    """What Ray has started for this process, and what that has started."""
    found: list[psutil.Process] = []
    for child in psutil.Process().children():
        with suppress(psutil.Error):
            if any("ray" in Path(word).name or "/ray/" in word for word in child.cmdline()[:3]):
                found += [child, *child.children(recursive=True)]
    return found


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


def _import_ray(*, ours: bool) -> Any:
    """Ray, made quiet; and closed to others, if the cluster is to be one of this process alone."""
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
            "--engine ray: Ray is not installed; run: pip install 'deoldify_lite[ray]'"
        ) from None
    logging.getLogger("ray").setLevel(logging.ERROR)
    return ray
