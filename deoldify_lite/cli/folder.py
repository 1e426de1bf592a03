"""`colorize-folder`, or `deoldify-lite folder`: a thin skin over `api`."""

import argparse
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from deoldify_lite.cli.colorizing import exit_code, ray_of, reported, settings_of, settle, tell
from deoldify_lite.cli.options import add_rendering_options, add_run_options
from deoldify_lite.run.items import Item
from deoldify_lite.storage.url import path_or_url

if TYPE_CHECKING:
    from deoldify_lite.api import Rendering

log = logging.getLogger("deoldify_lite")


def fill_folder_parser(parser: argparse.ArgumentParser) -> None:
    """Give a parser what `colorize-folder` takes."""
    parser.description = (
        "Colorize a folder of photos, with all folders in it, or single photos. The photos themselves are "
        "never changed. Run the same command again to go on after a stop: what is done is skipped."
    )
    parser.add_argument(
        "inputs", nargs="+", type=path_or_url, metavar="PHOTOS", help="folder or photo, or its URL"
    )
    parser.add_argument(
        "-o", "--out", type=path_or_url, help="folder or URL for the results (default: PHOTOS-colorized)"
    )
    add_rendering_options(parser, mode="artistic")
    parser.add_argument(
        "--format",
        choices=["keep", "jpg", "png", "tif", "webp"],
        default="keep",
        help="file format of the results (default: that of each photo)",
    )
    parser.add_argument("--quality", type=int, metavar="1-100", help="of results whose format has one")
    parser.add_argument(
        "--compare",
        action="store_true",
        help="also write before and after, side by side, as NAME-compare.jpg",
    )
    parser.add_argument(
        "--no-mark",
        dest="mark",
        action="store_false",
        help="do not say in the metadata (XMP) that the colours are made by AI",
    )
    parser.add_argument(
        "--watermark", action="store_true", help="draw a small palette into the lower left corner"
    )
    parser.add_argument(
        "--hints",
        type=Path,
        metavar="PATH",
        help="colours that you know: a file of lines x,y,#rrggbb (pixels or percent; keep instead of a "
        "colour leaves the point as it is), or a folder with NAME.hints.csv for each photo",
    )
    parser.add_argument(
        "--report",
        nargs="?",
        const=Path(),
        type=html_file,
        metavar="FILE.html",
        help="also write a page to look through in a browser: before and after of every photo under a "
        "slider, with filters for failed and least certain ones (default: report.html with the results)",
    )
    add_run_options(parser)
    parser.set_defaults(run=run_folder)


def html_file(text: str) -> Path:
    """The name of a page; a photo that stands after --report is none.

    Raises:
        argparse.ArgumentTypeError: it is not the name of a page.
    """
    if not text.lower().endswith((".html", ".htm")):
        raise argparse.ArgumentTypeError(
            f"{text}: name a file that ends in .html, or give --report after the photos"
        )
    return Path(text)


def run_folder(args: argparse.Namespace) -> int:
    """Colorize photos; 0 if all went well."""
    from deoldify_lite import api

    rendering = settle(args)
    page = _page_of(args)
    with reported(args, rendering) as items, tqdm(unit="photo", disable=args.quiet) as bar:

        def on_item(item: Item, total: int) -> None:
            items.append(item)
            bar.total = total
            bar.update()
            tell(item)

        with logging_redirect_tqdm():
            api.colorize_folder(
                args.inputs,
                args.out,
                rendering=rendering,
                batch_size=args.batch_size,
                format=args.format,
                quality=args.quality,
                hints=args.hints,
                compare=args.compare,
                mark=args.mark,
                watermark=args.watermark,
                overwrite=args.overwrite,
                ray=ray_of(args),
                on_item=on_item,
            )
    if page is not None:
        _write_page(page, items, args, rendering)
    return exit_code(items)


def _page_of(args: argparse.Namespace) -> Path | None:
    """Where the page goes, if one is wanted; errors as of `report_path`."""
    if args.report is None:
        return None
    from deoldify_lite.show.report import report_path

    return report_path(None if args.report == Path() else args.report, args.inputs, args.out)


def _write_page(page: Path, items: list[Item], args: argparse.Namespace, rendering: "Rendering") -> None:
    from deoldify_lite.api import settle as settle_rendering
    from deoldify_lite.render.certainty import SECOND_OPINIONS
    from deoldify_lite.show.report import write_report_page

    # Doubts are those of the network, so both opinions are heard without what the user wants changed.
    same = {
        "render_factor": rendering.render_factor,
        "device": args.device,
        "precision": args.precision,
        "backend": args.backend,
    }
    first = settle_rendering(args.mode, weights=args.weights, **same).load()
    second = settle_rendering(SECOND_OPINIONS[args.mode], **same).load() if args.weights == "lite" else None
    write_report_page(page, items, settings=settings_of(args, rendering), colorizer=first, second=second)
    log.info("report: %s", page)
