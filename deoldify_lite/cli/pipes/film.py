"""One film through standard input, standard output or both.

Y4M and raw frames go through in one pass. All else is read twice, so that it is kept in the temporary folder.
"""

import argparse
import io
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING

from tqdm import tqdm

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
from deoldify_lite.errors import DeoldifyError, InputError, OptionError
from deoldify_lite.run.items import NO_COLOR_FOUND, RECOLOR_ADVICE, Item
from deoldify_lite.system.destination import STDIN_NAME, STDOUT, STDOUT_NAME, is_stdout
from deoldify_lite.system.selection import LeftOut

if TYPE_CHECKING:
    from deoldify_lite.api import Rendering
    from deoldify_lite.planes.y4m import Header

log = logging.getLogger("deoldify_lite")

EXAMPLE = "ffmpeg -i FILM -f yuv4mpegpipe - | colorize-video - | ffmpeg -i - RESULT.mkv"
_Y4M = b"YUV4MPEG2 "  # as in planes.y4m, which is not loaded before the arguments are checked
_BUFFER = 1 << 20  # bytes

# Colorizes files as the other arguments say: rendering, film, where the result goes, events.
Colorize = Callable[["Rendering", Path, Path, Events], list[Item]]


def run_film_pipe(args: argparse.Namespace, colorize: Colorize) -> int:
    """Colorize one film.

    Args:
        args: of the command.
        colorize: called with the rendering, the film, where its result goes, and the events.

    Returns:
        The exit code; READER_LEFT if nobody reads the result to its end.

    Raises:
        OptionError: there is more than one film, an option does not go with a pipe, or a terminal is at
            either end.
    """
    to_stdout = args.out is None or is_dash(args.out)
    _check(args, to_stdout=to_stdout)
    rendering = rendering_of(args)
    events = Events(args.progress)
    try:
        with reported(args, rendering, LeftOut(), events) as items:
            if not to_stdout:
                items += _through_file(args, rendering, colorize, events, None, b"")
            else:
                with only_output() as output:
                    items += _to_stdout(args, rendering, colorize, events, output)
            for item in items:
                show(item, STDOUT if to_stdout else args.json, logs=not events.take_log)
                events.item(item, len(items))
    except BrokenPipeError:
        return READER_LEFT
    return exit_code(items)


def _check(args: argparse.Namespace, *, to_stdout: bool) -> None:
    check_source(args, "film", EXAMPLE)
    if args.raw and not (is_dash(args.inputs[0]) and to_stdout):
        raise OptionError(f"--raw {args.raw}: raw frames come from standard input and go to standard output")
    for name, given in (("--shots", args.shots), ("--dry-run", args.dry_run), ("--sequence", args.sequence)):
        if given:
            raise OptionError(f"{name}: does not work with -: name a film in a file")
    if not to_stdout:
        return
    if args.layer == "beside" or is_stdout(args.json):
        name = "--json -" if is_stdout(args.json) else "--layer"
        raise OptionError(
            f"{name}: standard output takes the result alone: leave it out, or name a file with -o"
        )
    check_stdout(EXAMPLE)


def _to_stdout(
    args: argparse.Namespace, rendering: "Rendering", colorize: Colorize, events: Events, output: Output
) -> list[Item]:
    if not is_dash(args.inputs[0]):
        return _through_file(args, rendering, colorize, events, output, b"")
    with open(os.dup(0), "rb", buffering=_BUFFER) as source:
        assert isinstance(source, io.BufferedReader)
        if args.raw:
            from deoldify_lite.planes.y4m import raw_header

            return [_streamed(args, rendering, events, source, raw_header(args.raw), output)]
        if source.peek(len(_Y4M)).startswith(_Y4M):
            from deoldify_lite.planes.y4m import read_header

            header = read_header(source, str(STDIN_NAME))
            return [_streamed(args, rendering, events, source, header, output)]
        head = source.peek()
        source.read(len(head))
        return _through_file(args, rendering, colorize, events, output, head)


def _streamed(
    args: argparse.Namespace,
    rendering: "Rendering",
    events: Events,
    source: IO[bytes],
    header: "Header",
    output: Output,
) -> Item:
    """Colorize frames as they come.

    Raises:
        OptionError: an option needs a film that can be read twice, or a file of the result.
    """
    from deoldify_lite.planes.film import colorize_planes
    from deoldify_lite.planes.y4m import frame_bytes, read_frames

    _check_stream(args)
    steadiness = rendering.steadiness if args.steadiness is None else args.steadiness
    if not 0 <= steadiness <= 1:
        raise OptionError(f"steadiness {steadiness}: choose a value from 0 to 1")
    began, number, kept, grey = time.perf_counter(), 0, 0, 0
    item = Item(STDIN_NAME, STDOUT_NAME, "done", render_factor=rendering.render_factor)
    try:
        frames = colorize_planes(
            read_frames(source, header, str(STDIN_NAME)),
            header.form,
            rendering.load(),
            steadiness=steadiness,
            recolor_all=args.recolor_all,
            batch_size=rendering.batch_size(args.batch_size),
        )
        with tqdm(unit="frame", disable=args.quiet or events.are_wanted) as bar:
            for number, frame in enumerate(frames, 1):
                if number == 1:
                    output.write(header.of_result())
                for data in frame_bytes(frame.planes, header):
                    output.write(data)
                kept += frame.is_kept
                grey += frame.is_grey
                bar.update()
                events.frames(STDIN_NAME, number, None)
        if not number:
            raise InputError(f"{STDIN_NAME}: holds no frame: does the program before the pipe work?")
    except DeoldifyError as error:
        return replace(item, status="failed", reason=str(error), frames=number)
    warnings = [f"{kept} of {number} frames are in colour already and stay as they are; {RECOLOR_ADVICE}"]
    warnings = [*(warnings if kept else []), *([NO_COLOR_FOUND] if grey == number - kept > 0 else [])]
    return replace(item, warnings=tuple(warnings), frames=number, seconds=time.perf_counter() - began)


def _check_stream(args: argparse.Namespace) -> None:
    """Refuse what is not for frames that come once, and go as they came."""
    needing = {
        "--hints": args.hints,
        "--keys": args.keys,
        "--colours-from": args.colors_from,
        "--layer": args.layer,
        "--start": args.start,
        "--end": args.end,
        "--deinterlace": args.deinterlace,
        "--for": args.purpose,
        "--codec": args.codec,
        "--crf": args.crf,
        "--pix-fmt": args.pix_fmt,
        "--fps": args.fps,
        "--sound": args.sound,
        "--engine ray": args.engine != "process",
    }
    for name, value in needing.items():
        if value not in (None, False):
            raise OptionError(
                f"{name}: does not work with Y4M and raw frames, which come once and stay as they are: send "
                "a container, such as Matroska, or let ffmpeg do it before or behind the pipe"
            )


def _through_file(
    args: argparse.Namespace,
    rendering: "Rendering",
    colorize: Colorize,
    events: Events,
    output: Output | None,
    head: bytes,
) -> list[Item]:
    """Colorize a film in a file, which is a copy of standard input if that is named.

    Args:
        output: where the result goes; None: as the arguments say.
        head: what has been read of standard input.
    """
    from deoldify_lite.film.purposes import PURPOSES

    with tempfile.TemporaryDirectory(prefix="deoldify-lite-") as name:
        folder, source = Path(name), args.inputs[0]
        if is_dash(source):
            free = shutil.disk_usage(folder).free / 1e9
            log.warning(
                "%s: this film has to be read twice, so it is kept in %s while it is colorized, with its "
                "result: %.1f GB are free there. Y4M goes through in one pass",
                STDIN_NAME,
                folder.parent,
                free,
            )
            source = folder / "stdin.mkv"
            keep_stdin(source, head)
        suffix = PURPOSES[args.purpose].suffix if args.purpose else ".mkv"
        result = args.out if output is None else folder / f"stdout{suffix}"
        items = []
        for item in colorize(rendering, source, result, events):
            if output is not None and item.status == "done":
                output.write_file(Path(str(item.output)))
            items.append(_named(item, source, args, to_stdout=output is not None))
        return items


def _named(item: Item, source: Path, args: argparse.Namespace, *, to_stdout: bool) -> Item:
    """Return an item with the names that the user knows."""
    if is_dash(args.inputs[0]):
        reason = item.reason.replace(str(source), str(STDIN_NAME))
        item = replace(item, source=STDIN_NAME, reason=reason)
    return replace(item, output=STDOUT_NAME) if to_stdout else item
