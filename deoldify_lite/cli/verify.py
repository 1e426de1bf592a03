"""`deoldify-lite verify`: check finished results again."""

import argparse
import logging
from pathlib import Path

from deoldify_lite.cli.options import add_verbosity, describe
from deoldify_lite.cli.outputs import check_output_file, write_json
from deoldify_lite.run.verify import verify
from deoldify_lite.storage.url import path_or_url

log = logging.getLogger(__name__)


def fill_verify_parser(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `deoldify-lite verify`."""
    describe(
        parser,
        "Check that finished results are still, byte for byte, what was written. Nothing is changed. The "
        "exit code is 1 if a result is missing, changed or damaged.",
        "deoldify-lite verify photos-colorized/",
        "deoldify-lite verify s3://bucket/out --json verified.json",
    )
    parser.add_argument(
        "outs",
        nargs="+",
        type=path_or_url,
        metavar="OUT",
        help="a folder of results, a result, or the URL of either",
    )
    parser.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="write the verdict on each result; - is standard output (default: none)",
    )
    add_verbosity(parser)
    parser.set_defaults(run=run_verify)


def run_verify(args: argparse.Namespace) -> int:
    """Log each result that is not intact; return 0 if all are."""
    check_output_file("--json", args.json)
    verdicts = []
    for out in args.outs:
        for verdict in verify(out):
            verdicts.append(verdict)
            if not verdict.sound:
                log.error("%s: %s", verdict.output, verdict.reason)
            elif verdict.reason:
                log.info("%s: %s", verdict.output, verdict.reason)
    unsound = sum(not verdict.sound for verdict in verdicts)
    log.info("%d of %d results are intact", len(verdicts) - unsound, len(verdicts))
    if args.json:
        items = [{"output": str(v.output), "sound": v.sound, "reason": v.reason} for v in verdicts]
        write_json(args.json, items)
    return 1 if unsound else 0
