"""What the commands that colorize share: their options, logs and reports.

`api` is imported only once the arguments are checked, since its own imports take seconds.
"""

import argparse
import logging
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from deoldify_lite.cli.events import Events, exit_code_of
from deoldify_lite.cli.notice import notify, words_of
from deoldify_lite.cli.options import network_of
from deoldify_lite.cli.outputs import announce, check_output_file, write_json
from deoldify_lite.errors import OptionError
from deoldify_lite.run.items import Item, as_json, closing_lines, summary
from deoldify_lite.run.outlook import Outlook, in_bytes
from deoldify_lite.system.destination import is_stdout
from deoldify_lite.system.selection import LeftOut

if TYPE_CHECKING:
    from deoldify_lite.api import Rendering
    from deoldify_lite.run.engine import Engine

log = logging.getLogger("deoldify_lite")


def rendering_of(args: argparse.Namespace) -> "Rendering":
    """Return the rendering that the arguments ask for; errors as in `engine_of` and `api.settle`."""
    from deoldify_lite import api

    engine_of(args)  # its errors come first
    network = network_of(args)
    if args.address:
        network["device"] = "cpu"  # the cluster has its own devices, which this machine may lack
    names = ("render_factor", "saturation", "temperature", "tint", "reference")
    return api.settle(args.mode, **network, **{name: getattr(args, name) for name in names})


def engine_of(args: argparse.Namespace) -> "Engine":
    """Return the engine that the arguments ask for.

    Raises:
        OptionError: an option needs Ray, and Ray is not asked for.
    """
    if args.engine == "ray":
        from deoldify_lite.cluster.engine import RayEngine

        return RayEngine(args.address, args.cores_per_worker, args.device)
    for name, value in (("--address", args.address), ("--cores-per-worker", args.cores_per_worker)):
        if value is not None:
            raise OptionError(f"{name} {value} needs --engine ray")
    from deoldify_lite.run.engine import THIS_PROCESS

    return THIS_PROCESS


def show(item: Item, *files: Path | None, logs: bool = True) -> None:
    """Print the path of a result to stdout, unless one of these files goes there; log everything else.

    Args:
        item: the outcome.
        files: that the run writes.
        logs: False: say nothing of warnings and failures, of which `Events.item` tells.
    """
    for warning in item.warnings if logs else ():
        log.warning("%s: %s", item.source, warning)
    if item.status == "failed" and logs:
        log.error("%s", item.reason if str(item.source) in item.reason else f"{item.source}: {item.reason}")
    elif item.status == "skipped" and logs:
        log.info("%s: %s", item.source, item.reason)
    elif item.status == "done":
        for output in (item.output, item.layer):
            if output is None:
                continue
            if any(map(is_stdout, files)):
                log.info("%s", output)
            else:
                tqdm.write(str(output), file=sys.stdout)


def show_planned(item: Item, *files: Path | None) -> None:
    """Print what a dry run has found of a photo or film; log it if one of these files is stdout."""
    if item.status != "planned":
        return
    for work in item.shots or ():
        if work.why:
            end = work.first_frame + work.frames - 1
            frames = f"frames {work.first_frame} to {end} ({work.frames})"
            announce(f"shot {work.shot} (line {work.line}), {frames}: {work.why}", *files)
    if item.shots is not None:
        announce(item.reason, *files)
        return
    outlook = item.outlook or Outlook()
    pixels = f"{outlook.pixels / 1e6:.1f} megapixels" if outlook.pixels is not None else ""
    frames = f"{outlook.frames} frames" if outlook.frames is not None else ""
    fetched = f"{in_bytes(outlook.fetched_bytes)} to fetch" if outlook.fetched_bytes else ""
    what = "; ".join(filter(None, [frames or pixels, fetched, item.reason]))
    announce(f"{item.source} -> {item.output}: {what}", *files)


@contextmanager
def reported(
    args: argparse.Namespace, rendering: "Rendering", left_out: LeftOut, events: Events
) -> Iterator[list[Item]]:
    """Yield a list to collect items in; at the end, also after an error or Ctrl-C, log and write the report.

    Args:
        args: of the command.
        rendering: of the run.
        left_out: what the run found beside the items.
        events: are told of its beginning and its end.

    Raises:
        OptionError: the report cannot be written there, or there is no program to notify by; raised before
            the work where that is known.
    """
    check_output_file("--json", args.json)
    notice = words_of(args.notify) if args.notify else []
    items: list[Item] = []
    began = time.monotonic()
    code, problem = None, ""
    events.take_over_log()
    events.started(args.inputs, args.out)
    try:
        yield items
    except BaseException as error:
        code, problem = exit_code_of(error), str(error) or type(error).__name__
        raise
    finally:
        for line in closing_lines(items, left_out, time.monotonic() - began):
            log.info("%s", line)
        if args.json:
            write_json(args.json, as_json(items, settings_of(args, rendering), left_out))
        if notice:
            notify(notice, summary(items, left_out))
        events.done(items, left_out, exit_code(items) if code is None else code, problem)


def settings_of(args: argparse.Namespace, rendering: "Rendering") -> dict[str, Any]:
    """Return the arguments of a run as plain data."""
    left_out = ("run", "inputs", "command", "takes_settings", "show_settings", "notify")
    settings: dict[str, Any] = {
        name: value if isinstance(value, int | float | list | None) else str(value)
        for name, value in vars(args).items()
        if name not in left_out
    }
    return settings | {"inputs": [str(path) for path in args.inputs], "weights_sha256": rendering.sha256}


def exit_code(items: list[Item]) -> int:
    """Return 1 if anything failed, else 0."""
    return 1 if any(item.status == "failed" for item in items) else 0
