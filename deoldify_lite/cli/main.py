"""The commands, and what they share: logging, signals, errors and exit codes."""

import argparse
import logging
import sys
import warnings
from collections.abc import Callable, Sequence

from deoldify_lite.cli.completion import fill_completion_parser
from deoldify_lite.cli.doctor import fill_doctor_parser
from deoldify_lite.cli.evaluate import fill_evaluate_parser
from deoldify_lite.cli.events import log_form_kept
from deoldify_lite.cli.export import fill_export_parser
from deoldify_lite.cli.folder import fill_folder_parser
from deoldify_lite.cli.options import describe
from deoldify_lite.cli.preview import fill_preview_parser
from deoldify_lite.cli.settings import parse
from deoldify_lite.cli.shots import fill_shots_parser
from deoldify_lite.cli.streams import prepare_streams, problem_of_stdout
from deoldify_lite.cli.train import fill_train_parser
from deoldify_lite.cli.verify import fill_verify_parser
from deoldify_lite.cli.video import fill_video_parser
from deoldify_lite.cli.watch import fill_watch_parser
from deoldify_lite.cli.web import fill_web_parser
from deoldify_lite.cli.weights import fill_weights_parser
from deoldify_lite.errors import DeoldifyError, OptionError
from deoldify_lite.system.machine import keep_heap
from deoldify_lite.system.signals import end_as_on_interrupt
from deoldify_lite.version import __version__

log = logging.getLogger("deoldify_lite")

PROGRAM = "deoldify-lite"
# Commands that take settings from files.
WITH_SETTINGS = {
    "folder": fill_folder_parser,
    "video": fill_video_parser,
    "preview": fill_preview_parser,
    "shots": fill_shots_parser,
    "watch": fill_watch_parser,
}


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of `deoldify-lite` and its sub-commands."""
    parser = argparse.ArgumentParser(prog=PROGRAM)
    describe(
        parser,
        "Bring colour to old photos and films. Each command has a --help of its own.",
        "colorize-folder photos/        # the same as: deoldify-lite folder photos/",
        "colorize-video clip.mp4        # the same as: deoldify-lite video clip.mp4",
        "deoldify-lite preview grandma.jpg",
    )
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    fill_folder_parser(commands.add_parser("folder", help="colorize a folder of photos, or single photos"))
    fill_video_parser(commands.add_parser("video", help="colorize films"))
    fill_preview_parser(
        commands.add_parser("preview", help="render a photo or frame in all modes, to choose from")
    )
    fill_shots_parser(commands.add_parser("shots", help="list the shots of a film, to render by the list"))
    fill_watch_parser(commands.add_parser("watch", help="colorize what is dropped into a folder"))
    fill_web_parser(commands.add_parser("web", help="colorize on a page in the browser"))
    fill_verify_parser(commands.add_parser("verify", help="check that finished results are undamaged"))
    fill_evaluate_parser(commands.add_parser("evaluate", help="measure results against the true pictures"))
    fill_weights_parser(commands.add_parser("weights", help="list, verify, fetch and convert weights"))
    fill_doctor_parser(commands.add_parser("doctor", help="examine this machine and this installation"))
    fill_train_parser(commands.add_parser("train", help="train a network"))
    fill_export_parser(commands.add_parser("export", help="write a network as an ONNX file"))
    fill_completion_parser(
        commands.add_parser("completion", help="print a script that lets the Tab key complete"), build_parsers
    )
    return parser


def build_folder_parser() -> argparse.ArgumentParser:
    """Build the parser of `colorize-folder`."""
    parser = argparse.ArgumentParser(prog="colorize-folder")
    fill_folder_parser(parser)
    return parser


def build_video_parser() -> argparse.ArgumentParser:
    """Build the parser of `colorize-video`."""
    parser = argparse.ArgumentParser(prog="colorize-video")
    fill_video_parser(parser)
    return parser


def build_parsers() -> list[argparse.ArgumentParser]:
    """Build the parsers of all three programs."""
    return [build_parser(), build_folder_parser(), build_video_parser()]


def main(argv: Sequence[str] | None = None) -> int:
    """`deoldify-lite`: parse, run, and turn known errors into a message and an exit code."""
    return run(build_parser, argv)


def main_folder(argv: Sequence[str] | None = None) -> int:
    """`colorize-folder`, the same as `deoldify-lite folder`."""
    return run(build_folder_parser, argv)


def main_video(argv: Sequence[str] | None = None) -> int:
    """`colorize-video`, the same as `deoldify-lite video`."""
    return run(build_video_parser, argv)


def run(build: Callable[[], argparse.ArgumentParser], argv: Sequence[str] | None) -> int:
    """Parse a command and run it.

    Returns:
        0 (all done), 1 (something failed), 2 (wrong usage) or 130 (Ctrl-C).
    """
    prepare_streams()
    parser = build()
    try:
        args = parse(parser, sys.argv[1:] if argv is None else argv, WITH_SETTINGS)
    except OptionError as error:
        parser.error(str(error))
    code = _run(args)
    if problem := problem_of_stdout():
        log.error("standard output: not all of it could be written (%s)", problem)
        return code or 1
    return code


def _run(args: argparse.Namespace) -> int:
    level = logging.DEBUG if args.verbose else logging.ERROR if args.quiet else logging.INFO
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(message)s", stream=sys.stderr)
    log.setLevel(level)
    warnings.showwarning = lambda message, *_: log.warning("%s", " ".join(str(message).split()))
    end_as_on_interrupt()
    with log_form_kept():
        return _outcome(args)


def _outcome(args: argparse.Namespace) -> int:
    try:
        keep_heap()
        code: int = args.run(args)
        return code
    except OptionError as error:
        log.error("%s", error, exc_info=args.verbose)
        return 2
    except DeoldifyError as error:
        log.error("%s", error, exc_info=args.verbose)
        return 1
    except OSError as error:
        log.error("%s: check that it exists and that you may read and write it", error, exc_info=args.verbose)
        return 1
    except KeyboardInterrupt:
        log.error("stopped. Finished results are kept; run the same command again to continue.")
        return 130
