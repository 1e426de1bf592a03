"""`deoldify-lite doctor`: examine this machine and this installation."""

import argparse
from itertools import groupby
from pathlib import Path

from deoldify_lite.cli.options import add_verbosity, describe
from deoldify_lite.cli.outputs import announce, check_output_file, write_json
from deoldify_lite.version import __version__


def fill_doctor_parser(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `deoldify-lite doctor`."""
    describe(
        parser,
        "Examine this machine and this installation: packages, ffmpeg and what it can encode, devices and "
        "precisions, memory, disk, weights, environment variables. Say what is wrong and how to mend it. The "
        "exit code is 1 if something is wrong. Nothing is changed. Put the output into bug reports.",
        "deoldify-lite doctor",
        "deoldify-lite doctor --json doctor.json",
    )
    parser.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="also write what was found; - is standard output (default: none)",
    )
    add_verbosity(parser)
    parser.set_defaults(run=run_doctor)


def run_doctor(args: argparse.Namespace) -> int:
    """Print what is found; return 0 if nothing is wrong."""
    from deoldify_lite.doctor.examination import examine

    check_output_file("--json", args.json)
    findings = []
    for topic, group in groupby(examine(), key=lambda finding: finding.topic):
        announce(topic, args.json)
        for finding in group:
            findings.append(finding)
            announce(f"  {finding.name}: {finding.found}", args.json)
            if finding.problem:
                announce(f"    WRONG: {finding.problem}", args.json)
                announce(f"    remedy: {finding.remedy}", args.json)
    wrong = [finding for finding in findings if finding.problem]
    names = ", ".join(finding.name for finding in wrong)
    announce(f"{len(wrong)} wrong: {names}" if wrong else "nothing is wrong", args.json)
    if args.json:
        found = [finding._asdict() for finding in findings]
        write_json(args.json, {"version": __version__, "healthy": not wrong, "findings": found})
    return 1 if wrong else 0
