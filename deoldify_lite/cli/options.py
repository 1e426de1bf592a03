"""Options by which all commands that run a network choose it, and what runs it."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from deoldify_lite.render.modes import BACKENDS, MODES, PRECISIONS, RENDER_FACTORS

if TYPE_CHECKING:
    pass


def add_verbosity(parser: argparse.ArgumentParser) -> None:
    """Give a parser --quiet and --verbose."""
    volume = parser.add_mutually_exclusive_group()
    volume.add_argument("--quiet", action="store_true", help="tell only of errors; no progress bar")
    volume.add_argument("--verbose", action="store_true", help="tell everything, with traces of errors")


def add_rendering_options(parser: argparse.ArgumentParser, *, mode: str) -> None:
    """Let a command take how pictures are rendered, and by whom; `mode` is the usual one."""
    about = "; ".join(f"{name}: {m.about}" for name, m in MODES.items())
    parser.add_argument("--mode", choices=list(MODES), default=mode, help=f"{about} (default: {mode})")
    parser.add_argument(
        "--render-factor",
        type=int,
        metavar=f"{RENDER_FACTORS[0]}-{RENDER_FACTORS[-1]}",
        help="the network sees 16 times as many pixels a side: lower is faster and bolder, higher is finer "
        "and calmer (default: by the mode)",
    )
    add_network_options(parser)
    parser.add_argument("--saturation", type=float, help="factor on the colour (default: by the mode)")
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="PHOTO",
        help="pull colours towards those of a photo in colour, region by region: sky to its sky, skin to its "
        "skin",
    )
    parser.add_argument(
        "--temperature",
        type=float,
        default=0.0,
        metavar="N",
        help="warmer (up to 100) or colder (down to -100) light, in mired (default: 0)",
    )
    parser.add_argument(
        "--tint",
        type=float,
        default=0.0,
        metavar="N",
        help="more magenta (up to 100) or more green (down to -100) (default: 0)",
    )
    parser.add_argument(
        "--batch-size", type=int, metavar="N", help="pictures rendered at once (default: by the device)"
    )
    parser.add_argument(
        "--engine",
        choices=["process", "ray"],
        default="process",
        help="who does the work: this process, or Ray workers, one for each GPU or for so many cores, here "
        "or on a cluster; the results are the same",
    )
    parser.add_argument(
        "--address",
        help="of a Ray cluster that is there, auto or HOST:PORT; sources and results must lie in folders "
        "that all its machines see under the same path (default: workers on this machine, for this run)",
    )
    parser.add_argument(
        "--cores-per-worker",
        type=int,
        metavar="N",
        help="for --engine ray on processors (default: all of a machine, but 8 at most)",
    )


def add_run_options(parser: argparse.ArgumentParser) -> None:
    """Let a command take --overwrite, --json, --verbose and --quiet."""
    parser.add_argument("--overwrite", action="store_true", help="replace results that are there already")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write a report of the run")
    add_verbosity(parser)


def seconds(text: str) -> float:
    """Seconds, minutes:seconds or hours:minutes:seconds -> seconds.

    Raises:
        ValueError: it is none of these.
    """
    parts = [float(part) for part in text.split(":")]
    if len(parts) > 3 or any(part < 0 for part in parts):
        raise ValueError(text)
    return sum(part * 60**i for i, part in enumerate(reversed(parts)))


def add_network_options(parser: argparse.ArgumentParser) -> None:
    """Let a command take --weights, --device, --precision and --backend."""
    parser.add_argument(
        "--weights",
        default="lite",
        metavar="lite|deoldify|PATH",
        help="lite: shipped with this program; deoldify: the official ones, once fetched (default: lite)",
    )
    parser.add_argument("--device", choices=["auto", "cpu", "cuda", "mps"], default="auto")
    parser.add_argument(
        "--precision",
        choices=PRECISIONS,
        default="auto",
        help="what the network computes in; auto takes the fastest, and nobody sees a difference",
    )
    parser.add_argument(
        "--backend",
        choices=BACKENDS,
        default="auto",
        help="what runs the network; auto takes OpenVINO on the CPU if it is installed",
    )
