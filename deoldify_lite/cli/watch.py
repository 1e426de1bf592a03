"""`deoldify-lite watch`: parses arguments, and watches a folder until a stop."""

import argparse
import logging
import time
from collections import Counter
from collections.abc import Callable, Collection
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deoldify_lite.cli.colorizing import settings_of, show
from deoldify_lite.cli.folder import html_file
from deoldify_lite.cli.notice import notify, words_of
from deoldify_lite.cli.options import (
    add_batch_size_option,
    add_codec_options,
    add_color_options,
    add_damaged_option,
    add_notify_option,
    add_performance_options,
    add_photo_options,
    add_selection_options,
    add_verbosity,
    describe,
    network_of,
)
from deoldify_lite.cli.settings import add_settings_options
from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.film.kinds import FILM_SUFFIXES
from deoldify_lite.photo.kinds import PHOTO_SUFFIXES
from deoldify_lite.render.modes import MODES
from deoldify_lite.run.items import Item
from deoldify_lite.run.outlook import in_time
from deoldify_lite.storage.url import is_url
from deoldify_lite.system.lock import sole_run
from deoldify_lite.system.selection import Selection
from deoldify_lite.watch.failures import FOLDER

if TYPE_CHECKING:
    from deoldify_lite.api import Rendering

log = logging.getLogger("deoldify_lite")

LOCK = ".deoldify_lite.watch.lock"
SETTLE_S = 3.0
# The page is written when nothing is left to do, and takes at most this share of the time.
PAGE_SHARE = 0.05


def fill_watch_parser(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `deoldify-lite watch`."""
    describe(
        parser,
        "Watch a folder, and colorize the photos and films that are dropped there, once they have stopped "
        "growing. The files stay where they are. If one fails, a text in OUT/failed says why. Ctrl-C stops; "
        "nothing is lost or done twice.",
        "deoldify-lite watch drop/ -o coloured/",
        "deoldify-lite watch /nas/drop -o /nas/coloured --poll 30 --report",
        "deoldify-lite watch drop/ -o coloured/ --include '*.jpg' --mode stable",
    )
    parser.add_argument("folder", type=folder_here, metavar="IN", help="the folder to watch")
    watching = parser.add_argument_group("watching")
    watching.add_argument(
        "--poll",
        type=positive_seconds,
        metavar="SECONDS",
        help="look for changes this often, for network drives, which do not report them (default: the "
        "system reports changes)",
    )
    watching.add_argument(
        "--settle",
        type=positive_seconds,
        default=SETTLE_S,
        metavar="SECONDS",
        help=f"colorize a file once it has not changed for this long (default: {SETTLE_S:g})",
    )
    selection = parser.add_argument_group("selection")
    add_selection_options(selection)
    add_damaged_option(selection)
    color = parser.add_argument_group("colour")
    add_color_options(color, mode="artistic")
    color.add_argument(
        "--film-mode", choices=list(MODES), default="video", help="the mode of films (default: video)"
    )
    output = parser.add_argument_group("output")
    output.add_argument(
        "-o",
        "--out",
        type=folder_here,
        required=True,
        help="folder for the results, with the subfolders of IN; there is no default",
    )
    add_photo_options(output)
    add_codec_options(output)
    output.add_argument(
        "--report",
        nargs="?",
        const=Path(),
        type=html_file,
        metavar="FILE.html",
        help="also keep a page with before and after of all photos, written anew when nothing is left to do "
        "(default: none; without a name: report.html beside the results)",
    )
    add_notify_option(output, "each time all files are done")
    performance = parser.add_argument_group("performance")
    add_performance_options(performance)
    add_batch_size_option(performance)
    add_settings_options(parser, "watch")
    add_verbosity(parser)
    parser.set_defaults(run=run_watch)


def folder_here(text: str) -> Path:
    """Parse a folder on this machine.

    Raises:
        argparse.ArgumentTypeError: `text` is a URL.
    """
    if is_url(text):
        raise argparse.ArgumentTypeError(f"{text}: is not a folder on this machine: mount it, and use --poll")
    return Path(text)


def positive_seconds(text: str) -> float:
    """Parse a number of seconds above 0; ValueError if it is none."""
    seconds = float(text)
    if not 0 < seconds < 1e6:
        raise argparse.ArgumentTypeError(f"{text}: give a number of seconds above 0")
    return seconds


def run_watch(args: argparse.Namespace) -> int:
    """Watch until Ctrl-C or SIGTERM, which is a success."""
    from deoldify_lite import api
    from deoldify_lite.watch.bell import bell
    from deoldify_lite.watch.drop import Drop
    from deoldify_lite.watch.failures import Failures
    from deoldify_lite.watch.loop import Watch

    notice = words_of(args.notify) if args.notify else []
    _check_folders(args.folder, args.out)
    names = ("render_factor", "saturation", "temperature", "tint", "reference")
    asked = {**network_of(args), **{name: getattr(args, name) for name in names}}
    photos, films = api.settle(args.mode, **asked), api.settle(args.film_mode, **asked)
    page = _Page(args, photos) if args.report is not None else None
    counts: Counter[str] = Counter()
    fresh: Counter[str] = Counter()  # since the last notice

    def on_item(item: Item) -> None:
        counts[item.status] += 1
        fresh[item.status] += 1
        show(item)

    def on_idle() -> None:
        if fresh and notice:
            notify(notice, _told(fresh))
        fresh.clear()
        if page is not None:
            page.update(sum(counts.values()))

    chosen = {"include": args.include, "exclude": args.exclude, "batch_size": args.batch_size}
    watch = Watch(
        Drop(
            args.folder,
            PHOTO_SUFFIXES | FILM_SUFFIXES,
            skip=args.out,
            settle_s=args.settle,
            selection=Selection(tuple(args.include), tuple(args.exclude)),
        ),
        Failures(args.folder, args.out),
        _colorize(
            api.colorize_folder,
            args,
            rendering=photos,
            format=args.format,
            quality=args.quality,
            effort=args.effort,
            compare=args.compare,
            damaged=args.damaged,
            **chosen,
        ),
        _colorize(
            api.colorize_video,
            args,
            rendering=films,
            encoding=api.Encoding(codec=args.codec, crf=args.crf),
            **chosen,
        ),
        on_item,
        on_idle,
    )
    began = time.monotonic()
    args.out.mkdir(parents=True, exist_ok=True)
    with sole_run(args.out / LOCK, args.out):
        try:
            with bell(args.folder, args.poll) as rings:
                log.info("watching %s; results go to %s, and Ctrl-C stops", args.folder, args.out)
                watch.run(rings)
        except KeyboardInterrupt:
            log.info("stopped after %s: %s", in_time(time.monotonic() - began), _told(counts))
            if counts["failed"]:
                log.info("why files failed is in %s", args.out / FOLDER)
    return 0


def _check_folders(folder: Path, out: Path) -> None:
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder: make it, or name another one to watch")
    if out.exists() and not out.is_dir():
        raise OptionError(f"{out}: is not a folder: name another one with -o")
    if out.resolve() == folder.resolve():
        raise OptionError(f"{out}: is the folder that is watched: name another one with -o")


def _colorize(
    command: Callable[..., list[Item]], args: argparse.Namespace, **options: Any
) -> Callable[[Collection[Path]], list[Item]]:
    """Return what colorizes some files of the folder, with the network loaded once."""
    from deoldify_lite.run.engine import KeptProcess

    engine = KeptProcess()

    def colorize(paths: Collection[Path]) -> list[Item]:
        return command(args.folder, args.out, engine=engine, accept=set(paths).__contains__, **options)

    return colorize


def _told(counts: Counter[str]) -> str:
    known = [f"{counts[status]} {status}" for status in ("done", "failed") if counts[status]]
    return ", ".join(known) or "nothing to do"


class _Page:
    """The page of all photos, kept up to date."""

    def __init__(self, args: argparse.Namespace, rendering: "Rendering") -> None:
        from deoldify_lite.show.report import report_path

        wanted = None if args.report == Path() else args.report
        self._path = report_path(wanted, [args.folder], args.out)
        self._out: Path = args.out
        self._settings = settings_of(argparse.Namespace(**vars(args), inputs=[args.folder]), rendering)
        self._shown = -1
        self._next_at = 0.0

    def update(self, count: int) -> None:
        """Write the page, if there is something new and it does not take too much of the time.

        Args:
            count: files that have been worked on.
        """
        from deoldify_lite.run.manifest import Manifest
        from deoldify_lite.show.report import items_of, write_report_page

        began = time.monotonic()
        if count == self._shown or began < self._next_at:
            return
        items = items_of(Manifest(self._out))
        if items:
            write_report_page(self._path, items, settings=self._settings)
        self._shown = count
        now = time.monotonic()
        self._next_at = now + (now - began) / PAGE_SHARE
