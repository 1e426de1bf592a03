"""One photo through standard input, standard output or both: `colorize-folder - < in.jpg > out.jpg`."""

import argparse
import logging
import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from deoldify_lite.cli.colorizing import exit_code, rendering_of, reported, show
from deoldify_lite.cli.events import Events
from deoldify_lite.cli.pipes.ends import (
    READER_LEFT,
    Output,
    check_source,
    check_stdout,
    is_dash,
    keep_stdin,
    only_output,
)
from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.run.items import Item
from deoldify_lite.storage.url import Place
from deoldify_lite.system.destination import STDIN_NAME, STDOUT, STDOUT_NAME, is_stdout
from deoldify_lite.system.selection import LeftOut

log = logging.getLogger("deoldify_lite")

EXAMPLE = "colorize-folder - < in.jpg > out.jpg"

# Colorizes photos as the other arguments say: photos, and where results go.
Colorize = Callable[[Path, Place], list[Item]]


def is_piped(args: argparse.Namespace) -> bool:
    """Whether a run reads standard input or writes to standard output."""
    return is_dash(args.out) or any(map(is_dash, args.inputs))


def run_photo_pipe(args: argparse.Namespace, colorize: Callable[..., list[Item]]) -> int:
    """Colorize one photo.

    Args:
        args: of the command.
        colorize: called with the rendering, the photo, and where its result goes.

    Returns:
        The exit code; READER_LEFT if nobody reads the result to its end.

    Raises:
        OptionError: there is more than one photo, an option writes more than one file, or a terminal is at
            either end.
    """
    to_stdout = args.out is None or is_dash(args.out)
    _check(args, to_stdout=to_stdout)
    rendering = rendering_of(args)
    events = Events(args.progress)
    try:
        with (
            reported(args, rendering, LeftOut(), events) as items,
            tempfile.TemporaryDirectory(prefix="deoldify-lite-") as folder,
        ):
            source = _source(args.inputs[0], Path(folder))

            def run(out: Place) -> list[Item]:
                return [_named(item, source, args) for item in colorize(rendering, source, out)]

            if not to_stdout:
                items += run(args.out)
            else:
                with only_output() as output:
                    items += _written(run, source, Path(folder, "results"), args.format, output)
            for item in items:
                show(item, STDOUT if to_stdout else args.json, logs=not events.take_log)
                events.item(item, len(items))
    except BrokenPipeError:
        return READER_LEFT
    return exit_code(items)


def _check(args: argparse.Namespace, *, to_stdout: bool) -> None:
    check_source(args, "photo", EXAMPLE)
    if not to_stdout:
        return
    more = [
        name
        for name, given in (
            ("--compare", args.compare),
            ("--layer", args.layer == "beside"),
            ("--report", args.report is not None),
            ("--json -", is_stdout(args.json)),
        )
        if given
    ]
    if more:
        raise OptionError(
            f"{more[0]}: standard output takes the result alone: leave it out, or name a file with -o"
        )
    check_stdout(EXAMPLE)


def _source(place: Path, folder: Path) -> Path:
    """Return the photo as a file."""
    if not is_dash(place):
        return place
    from deoldify_lite.photo.nameless import suffix_by_content

    path = folder / "stdin"
    keep_stdin(path)
    return path.rename(path.with_suffix(suffix_by_content(path)))


def _written(
    run: Callable[[Path], list[Item]], source: Path, folder: Path, format: str, output: Output
) -> list[Item]:
    """Colorize a photo, and write the result to standard output.

    Raises:
        InputError: the photo has more pages than one file of the result's kind holds.
    """
    from deoldify_lite.photo.io import pages_of
    from deoldify_lite.photo.kinds import holds_pages, output_suffix

    result = folder / f"stdin{output_suffix(source, format)}"
    pages = len(pages_of(source)[0]) if source.exists() else 1
    if pages > 1 and not holds_pages(result):
        raise InputError(
            f"{STDIN_NAME}: has {pages} pages, and {result.suffix} holds one: choose --format tif, or name a "
            "file"
        )
    items = run(folder)
    for item in items:
        if item.status == "done":
            [path] = (one for one in folder.iterdir() if not one.name.startswith("."))
            output.write_file(path)
    return items


def _named(item: Item, source: Path, args: argparse.Namespace) -> Item:
    """Return an item with the names that the user knows."""
    if is_dash(args.inputs[0]):
        reason = item.reason.replace(str(source), str(STDIN_NAME))
        item = replace(item, source=STDIN_NAME, reason=reason)
    if args.out is None or is_dash(args.out):
        item = replace(item, output=STDOUT_NAME)
    return item
