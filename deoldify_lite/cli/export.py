"""`deoldify-lite export`: a network as an ONNX file."""

import argparse
import logging
from pathlib import Path

from deoldify_lite.cli.options import add_verbosity
from deoldify_lite.render.modes import MODES, RENDER_FACTORS

log = logging.getLogger(__name__)


def fill_export_parser(parser: argparse.ArgumentParser) -> None:
    """Give a parser what `deoldify-lite export` takes."""
    parser.description = (
        "Write a lite network as an ONNX file, for programs of your own. It takes grey pictures of 8 bits "
        "and gives their chroma; the file's own description and metadata say the rest. It is compared with "
        "the network before it gets its name."
    )
    parser.add_argument("target", type=Path, metavar="FILE.onnx")
    parser.add_argument("--mode", choices=list(MODES), default="artistic", help="(default: artistic)")
    parser.add_argument(
        "--weights",
        default="lite",
        metavar="lite|PATH",
        help="lite: shipped with this program; or weights of such a network (default: lite)",
    )
    parser.add_argument(
        "--render-factor",
        type=int,
        metavar=f"{RENDER_FACTORS[0]}-{RENDER_FACTORS[-1]}",
        help="take squares of 16 times as many pixels a side alone (default: take any size)",
    )
    parser.add_argument("--saturation", type=float, help="factor on the colour (default: by the mode)")
    parser.add_argument("--overwrite", action="store_true", help="replace a file that is there already")
    add_verbosity(parser)
    parser.set_defaults(run=run_export)


def run_export(args: argparse.Namespace) -> int:
    """Write the file, and tell how near it comes to the network."""
    from deoldify_lite.render.onnx_export import export_onnx

    error = export_onnx(
        args.target,
        mode=args.mode,
        weights=args.weights,
        render_factor=args.render_factor,
        saturation=args.saturation,
        overwrite=args.overwrite,
    )
    log.info("onnxruntime gives the network's chroma within %.2g of 255 levels", error)
    print(args.target)
    return 0
