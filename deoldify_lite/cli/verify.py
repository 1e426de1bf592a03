"""`deoldify-lite verify`: check finished results again."""

import argparse
import json
import logging
from pathlib import Path

from deoldify_lite.cli.options import add_verbosity
from deoldify_lite.errors import OptionError
from deoldify_lite.run.verify import verify
from deoldify_lite.storage.url import path_or_url
from deoldify_lite.system.files import atomic_path

log = logging.getLogger(__name__)


def fill_verify_parser(parser: argparse.ArgumentParser) -> None:
    """Give a parser what `deoldify-lite verify` takes."""
    parser.description = (
        "Check that finished results are, byte by byte, what was written. Nothing is changed. The exit code "
        "is 1 if a result is missing, changed or damaged."
    )
    parser.add_argument(
        "outs", nargs="+", type=path_or_url, metavar="OUT", help="folder of results, or a result, or its URL"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was found of each")
    add_verbosity(parser)
    parser.set_defaults(run=run_verify)


def run_verify(args: argparse.Namespace) -> int:
    """Tell of each result that is not sound; 0 if all are."""
    if args.json and (args.json.is_dir() or not args.json.parent.is_dir()):
        raise OptionError(f"--json {args.json}: name a file in a folder that is there")
    verdicts = []
    for out in args.outs:
        for verdict in verify(out):
            verdicts.append(verdict)
            if not verdict.sound:
                log.error("%s: %s", verdict.output, verdict.reason)
            elif verdict.reason:
                log.info("%s: %s", verdict.output, verdict.reason)
    unsound = sum(not verdict.sound for verdict in verdicts)
    log.info("%d sound, %d not", len(verdicts) - unsound, unsound)
    if args.json:
        items = [{"output": str(v.output), "sound": v.sound, "reason": v.reason} for v in verdicts]
        with atomic_path(args.json) as part:
            part.write_text(json.dumps(items, indent=2) + "\n", encoding="utf-8")
    return 1 if unsound else 0
