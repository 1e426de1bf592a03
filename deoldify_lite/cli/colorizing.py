"""What the commands that colorize have in common: options, reports, and what is told.

`api` is imported only once the arguments are known to be right, since what comes with it takes seconds.
"""

import argparse
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from deoldify_lite.cli.options import network_of
from deoldify_lite.cli.outputs import check_output_file, write_json
from deoldify_lite.errors import OptionError
from deoldify_lite.run.items import Item, as_json, summary

if TYPE_CHECKING:
    from deoldify_lite.api import Rendering
    from deoldify_lite.run.engine import Engine

log = logging.getLogger("deoldify_lite")


def rendering_of(args: argparse.Namespace) -> "Rendering":
    """The rendering that the arguments ask for; errors as in `engine_of` and `api.settle`."""
    from deoldify_lite import api

    engine_of(args)  # its errors come first
    network = network_of(args)
    if args.address:
        network["device"] = "cpu"  # the devices of the cluster count, which this machine may lack
    names = ("render_factor", "saturation", "temperature", "tint", "reference")
    return api.settle(args.mode, **network, **{name: getattr(args, name) for name in names})


def engine_of(args: argparse.Namespace) -> "Engine":
    """The engine that the arguments ask for.

    Raises:
        OptionError: an option is for Ray, and Ray is not asked for.
    """
    if args.engine == "ray":
        from deoldify_lite.cluster.engine import RayEngine

        return RayEngine(args.address, args.cores_per_worker, args.device)
    for name, value in (("--address", args.address), ("--cores-per-worker", args.cores_per_worker)):
        if value is not None:
            raise OptionError(f"{name} {value}: is for --engine ray; add that")
    from deoldify_lite.run.engine import THIS_PROCESS

    return THIS_PROCESS


def tell(item: Item) -> None:
    """Results to stdout, all else to the log."""
    for warning in item.warnings:
        log.warning("%s: %s", item.source, warning)
    if item.status == "failed":
        log.error("%s", item.reason if str(item.source) in item.reason else f"{item.source}: {item.reason}")
    elif item.status == "skipped":
        log.info("%s: %s", item.source, item.reason)
    else:
        tqdm.write(str(item.output), file=sys.stdout)


@contextmanager
def reported(args: argparse.Namespace, rendering: "Rendering") -> Iterator[list[Item]]:
    """Give a list to collect items in; at the end, however it comes, write the report of what is in it.

    Raises:
        OptionError: the report cannot be written where it should; before any work, as far as that shows.
    """
    check_output_file("--json", args.json)
    items: list[Item] = []
    try:
        yield items
    finally:
        if items:
            log.info("%s", summary(items))
        if args.json:
            write_json(args.json, as_json(items, settings_of(args, rendering)))


def settings_of(args: argparse.Namespace, rendering: "Rendering") -> dict[str, Any]:
    """What a run was asked for, as plain data."""
    left_out = ("run", "inputs", "command", "weights_command")
    settings: dict[str, Any] = {
        name: value if isinstance(value, int | float | None) else str(value)
        for name, value in vars(args).items()
        if name not in left_out
    }
    return settings | {"inputs": [str(path) for path in args.inputs], "weights_sha256": rendering.sha256}


def exit_code(items: list[Item]) -> int:
    """1 if anything failed, 0 otherwise."""
    return 1 if any(item.status == "failed" for item in items) else 0
