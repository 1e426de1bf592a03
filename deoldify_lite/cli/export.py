"""`deoldify-lite export`: a network as an ONNX file."""

import argparse
import logging
from pathlib import Path

from deoldify_lite.cli.options import RENDER_FACTOR_RANGE, add_verbosity, describe
from deoldify_lite.cli.outputs import announce
from deoldify_lite.render.modes import MODES

log = logging.getLogger(__name__)


def fill_export_parser(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `deoldify-lite export`."""
    describe(
        parser,
        "Write a lite network as an ONNX file, for programs of your own. It takes 8-bit grey pictures and "
        "returns their chroma; the file's description and metadata give the details. Before the file gets "
        "its name, onnxruntime's output is compared with the network's.",
        "deoldify-lite export artistic.onnx",
        "deoldify-lite export stable.onnx --mode stable --render-factor 12",
    )
    parser.add_argument("target", type=Path, metavar="FILE.onnx", help="the file to write")
    color = parser.add_argument_group("colour")
    color.add_argument(
        "--mode", choices=list(MODES), default="artistic", help="whose network to write (default: artistic)"
    )
    color.add_argument(
        "--weights",
        default="lite",
        metavar="lite|FILE",
        help="lite comes with this program; or a weight file of such a network (default: lite)",
    )
    color.add_argument(
        "--render-factor",
        type=int,
        metavar=RENDER_FACTOR_RANGE,
        help="accept only squares of 16 times as many pixels a side (default: any size)",
    )
    color.add_argument(
        "--saturation",
        type=float,
        metavar="X",
        help="multiply the strength of the colours by this, at most 4 (default: set by the mode)",
    )
    output = parser.add_argument_group("output")
    output.add_argument("--overwrite", action="store_true", help="replace an existing file (default: refuse)")
    add_verbosity(parser)
    parser.set_defaults(run=run_export)


def run_export(args: argparse.Namespace) -> int:
    """Write the file, and log how near its output is to the network's."""
    from deoldify_lite.render.onnx_export import export_onnx

    error = export_onnx(
        args.target,
        mode=args.mode,
        weights=args.weights,
        render_factor=args.render_factor,
        saturation=args.saturation,
        overwrite=args.overwrite,
    )
    log.info("onnxruntime's chroma is within %.2g of 255 levels of the network's", error)
    announce(str(args.target), args.target)
    return 0
