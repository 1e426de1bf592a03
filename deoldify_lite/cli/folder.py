"""`colorize-folder`, or `deoldify-lite folder`: parses arguments for `api.colorize_folder`."""

import argparse
import logging
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from deoldify_lite.cli.colorizing import (
    engine_of,
    exit_code,
    rendering_of,
    reported,
    settings_of,
    show,
    show_planned,
)
from deoldify_lite.cli.events import Events
from deoldify_lite.cli.options import (
    add_batch_size_option,
    add_cluster_options,
    add_color_options,
    add_colors_from_option,
    add_damaged_option,
    add_layer_option,
    add_performance_options,
    add_photo_options,
    add_run_options,
    add_selection_options,
    add_verbosity,
    describe,
    here,
    network_of,
)
from deoldify_lite.cli.pipes.photo import is_piped, run_photo_pipe
from deoldify_lite.cli.settings import add_settings_options
from deoldify_lite.errors import OptionError
from deoldify_lite.run.items import Item
from deoldify_lite.storage.url import path_or_url
from deoldify_lite.system.destination import is_regular
from deoldify_lite.system.selection import LeftOut

if TYPE_CHECKING:
    from deoldify_lite.api import Rendering

log = logging.getLogger("deoldify_lite")


def fill_folder_parser(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `colorize-folder`."""
    describe(
        parser,
        "Colorize photos: a folder with everything in it, or single files. The photos themselves are never "
        "changed. After a stop, run the same command again: it skips what is done.",
        "colorize-folder photos/",
        "colorize-folder photos/ -o out/ --compare --report",
        "colorize-folder grandma.jpg --mode stable --format png",
        "colorize-folder house.jpg --reference house-today.jpg --temperature 20",
        "colorize-folder scans/ -o out/ --layer",
        "colorize-folder scans/ -o out/ --colours-from edited/",
        "colorize-folder s3://bucket/photos -o s3://bucket/out",
        "colorize-folder - < in.jpg > out.jpg",
        "colorize-folder photos/ --dry-run",
    )
    parser.add_argument(
        "inputs",
        nargs="+",
        type=path_or_url,
        metavar="PHOTOS",
        help="a folder, a photo, or the URL of either; - is one photo from standard input",
    )
    selection = parser.add_argument_group("selection")
    add_selection_options(selection)
    add_damaged_option(selection)
    color = parser.add_argument_group("colour")
    add_color_options(color, mode="artistic")
    color.add_argument(
        "--hints",
        type=here,
        metavar="PATH",
        help="colours that you know: a file with lines x,y,#rrggbb (in pixels or percent; `keep` in place of "
        "a colour leaves that point alone), or a folder with NAME.hints.csv for each photo (default: none)",
    )
    add_colors_from_option(
        color,
        "a coloured version of the photo, by another program or by hand, of any size and format, or a folder "
        "with one of the same name for each; a layer is taken back exactly",
    )
    output = parser.add_argument_group("output")
    output.add_argument(
        "-o",
        "--out",
        type=path_or_url,
        help="folder or URL for the results; - is standard output, for one photo (default: PHOTOS-colorized, "
        "and - for -)",
    )
    add_photo_options(output)
    add_layer_option(output, "16-bit PNG, or TIFF beside TIFFs, named NAME-layer", after="the photos")
    output.add_argument(
        "--no-mark",
        dest="mark",
        action="store_false",
        help="leave out the note in the metadata (XMP) that AI made the colours (default: add it)",
    )
    output.add_argument(
        "--watermark", action="store_true", help="draw a small palette in the lower left corner (default: no)"
    )
    output.add_argument(
        "--report",
        nargs="?",
        const=Path(),
        type=html_file,
        metavar="FILE.html",
        help="also write a page with before and after of each photo, and filters for failed and least "
        "certain ones; - is standard output (default: none; without a name: report.html beside the results)",
    )
    add_run_options(output)
    performance = parser.add_argument_group("performance")
    add_performance_options(performance)
    add_batch_size_option(performance)
    add_cluster_options(parser.add_argument_group("many machines"))
    add_settings_options(parser, "folder")
    add_verbosity(parser)
    parser.set_defaults(run=run_folder)


def html_file(text: str) -> Path:
    """Parse the name of a page, which a photo after --report is not.

    Raises:
        argparse.ArgumentTypeError: `text` does not end in .html or .htm, and is not a pipe or device.
    """
    path = Path(text)
    if path.suffix.lower() not in (".html", ".htm") and is_regular(path):
        raise argparse.ArgumentTypeError(
            f"{text}: name a file that ends in .html, or put --report after the photos"
        )
    return path


def run_folder(args: argparse.Namespace) -> int:
    """Colorize photos; return 0 if none failed."""
    if is_piped(args):
        if args.dry_run:
            raise OptionError("--dry-run: a photo that comes or goes through a pipe has no plan: name files")
        return run_photo_pipe(args, partial(_colorize, args))
    if args.dry_run and args.report is not None:
        raise OptionError("--report shows results, and a dry run makes none: leave out one of the two")
    rendering = rendering_of(args)
    page = _page_of(args)
    events = Events(args.progress)
    items: list[Item] = []
    left_out = LeftOut()

    def on_item(item: Item, total: int) -> None:
        items.append(item)
        bar.total = total
        bar.update()
        show(item, args.json, args.report, logs=not events.take_log)
        show_planned(item, args.json)
        events.item(item, total)

    try:
        with (
            reported(args, rendering, left_out, events) as items,
            tqdm(unit="photo", disable=args.quiet or events.are_wanted) as bar,
            logging_redirect_tqdm(),
        ):
            _colorize(args, rendering, args.inputs, args.out, on_item=on_item, on_left_out=left_out.update)
    except KeyboardInterrupt:
        if page is not None and items:
            log.info("stopped: writing the report of the finished photos; press Ctrl-C again to skip it")
            _write_page(page, items, left_out, args, rendering, stopped=True)
        raise
    if page is not None:
        _write_page(page, items, left_out, args, rendering)
    return exit_code(items)


def _colorize(
    args: argparse.Namespace,
    rendering: "Rendering",
    inputs: Any,
    out: Any,
    *,
    on_item: Any = None,
    on_left_out: Any = None,
) -> list[Item]:
    """Call the API with the arguments of the command; errors as of `api.colorize_folder`."""
    from deoldify_lite import api

    return api.colorize_folder(
        inputs,
        out,
        rendering=rendering,
        batch_size=args.batch_size,
        format=args.format,
        quality=args.quality,
        effort=args.effort,
        hints=args.hints,
        colors_from=args.colors_from,
        compare=args.compare,
        layer=args.layer,
        mark=args.mark,
        watermark=args.watermark,
        damaged=args.damaged,
        include=args.include,
        exclude=args.exclude,
        overwrite=args.overwrite,
        dry_run=args.dry_run,
        engine=engine_of(args),
        on_item=on_item,
        on_left_out=on_left_out,
    )


def _page_of(args: argparse.Namespace) -> Path | None:
    """Return the path of the report page, if one is asked for; errors as in `report_path`."""
    if args.report is None:
        return None
    from deoldify_lite.show.report import report_path

    return report_path(None if args.report == Path() else args.report, args.inputs, args.out)


def _write_page(
    page: Path,
    items: list[Item],
    left_out: LeftOut,
    args: argparse.Namespace,
    rendering: "Rendering",
    *,
    stopped: bool = False,
) -> None:
    """Write the report; after a stop without ratings, which would take long."""
    from deoldify_lite.api import settle
    from deoldify_lite.render.certainty import SECOND_OPINIONS
    from deoldify_lite.show.report import write_report_page

    first = second = None
    if not stopped:
        # Predictions are compared without the changes to colour that the user asked for.
        same = {"render_factor": rendering.render_factor, **network_of(args)}
        first = settle(args.mode, **same).load()
        second = settle(SECOND_OPINIONS[args.mode], **same).load() if args.weights == "lite" else None
    settings = settings_of(args, rendering)
    write_report_page(
        page,
        items,
        settings=settings,
        left_out=left_out,
        colorizer=first,
        second=second,
        stopped=stopped,
    )
    log.info("report: %s", page)
