"""Options by which all commands that run a network choose it, and what runs it."""

import argparse

from deoldify_lite.modes import BACKENDS, PRECISIONS


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
