"""`deoldify-lite weights`: list, verify, fetch and convert weights."""

import argparse
import logging
from pathlib import Path

from tqdm import tqdm

from deoldify_lite.cli.options import add_verbosity, describe
from deoldify_lite.cli.outputs import announce
from deoldify_lite.errors import WeightsError
from deoldify_lite.models import weights
from deoldify_lite.models.zoo import MODELS, get_spec

log = logging.getLogger(__name__)


def fill_weights_parser(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `deoldify-lite weights`."""
    describe(
        parser,
        "List, verify, fetch and convert the weights of the networks. Only `fetch` uses the internet.",
        "deoldify-lite weights list",
        "deoldify-lite weights fetch artistic",
        "deoldify-lite weights convert my.pth my.safetensors --half",
    )
    commands = parser.add_subparsers(dest="weights_command", required=True, metavar="COMMAND")
    commands.add_parser("list", help="list the networks, and where their weight files are")
    verify = commands.add_parser("verify", help="check weight files against their sha256")
    verify.add_argument(
        "names", nargs="*", metavar="NAME", help="names that `list` prints (default: all files that are here)"
    )
    fetch = commands.add_parser(
        "fetch", help="download official DeOldify weights, go on after a stop, and check them"
    )
    fetch.add_argument("names", nargs="+", metavar="NAME", help="artistic, stable or video")
    fetch.add_argument(
        "--to", type=Path, metavar="FOLDER", help="where to put them (default: the user's cache)"
    )
    convert = commands.add_parser("convert", help="convert a .pth checkpoint to safetensors")
    convert.add_argument("source", type=Path, metavar="SOURCE", help="a .pth or .safetensors file")
    convert.add_argument("target", type=Path, metavar="TARGET.safetensors", help="the file to write")
    convert.add_argument(
        "--half", action="store_true", help="store 16-bit floats, at half the size (default: as in SOURCE)"
    )
    convert.add_argument(
        "--base",
        type=Path,
        metavar="FILE",
        help="store only what differs from this weight file (default: store everything)",
    )
    for command in commands.choices.values():
        add_verbosity(command)
    parser.set_defaults(run=run_weights)


def run_weights(args: argparse.Namespace) -> int:
    """List, verify, fetch or convert weights."""
    return {
        "list": list_weights,
        "verify": verify_weights,
        "fetch": fetch_weights,
        "convert": convert_weights,
    }[args.weights_command](args)


def list_weights(args: argparse.Namespace) -> int:
    """Print a line for each network: name, encoder, size, licence and file."""
    name_width = max(len(spec.name) for spec in MODELS.values())
    encoder_width = max(len(spec.encoder) for spec in MODELS.values())
    for spec in MODELS.values():
        try:
            where = str(weights.find_weights(spec))
        except WeightsError:
            where = "-"
        size = f"{spec.bytes / 1e6:.0f} MB"
        print(f"{spec.name:{name_width}} {spec.encoder:{encoder_width}} {size:>7}  {spec.licence:5} {where}")
    return 0


def verify_weights(args: argparse.Namespace) -> int:
    """Check the weight files that were named, or else all that are here; return 0 if all are right."""
    wrong = 0
    for spec in [get_spec(name) for name in args.names] or MODELS.values():
        try:
            path = weights.find_weights(spec)
        except WeightsError as error:
            if args.names:
                log.error("%s", error)
                wrong += 1
            continue
        try:
            weights.verify_weights(spec, path)
        except WeightsError as error:
            log.error("%s", error)
            wrong += 1
        else:
            print(f"{spec.name}: {path} is right")
    return 1 if wrong else 0


def fetch_weights(args: argparse.Namespace) -> int:
    """Download official weights."""
    for spec in [get_spec(name) for name in args.names]:
        with tqdm(total=spec.bytes, unit="B", unit_scale=True, desc=spec.name, disable=args.quiet) as bar:

            def progress(done: int, total: int, bar: tqdm = bar) -> None:
                bar.total = total
                bar.update(done - bar.n)

            path = weights.fetch_weights(spec, args.to or weights.user_cache(), progress=progress)
        print(path)
    return 0


def convert_weights(args: argparse.Namespace) -> int:
    """Convert a checkpoint to safetensors."""
    from deoldify_lite.models import build

    build.convert_weights(args.source, args.target, half=args.half, base=args.base)
    announce(str(args.target), args.target)
    return 0
