"""The commands that colorize, `folder` and `video`: a thin skin over `api`.

`api` is imported only once the arguments are known to be right, since what comes with it takes seconds.
"""

import argparse
import json
import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from deoldify_lite.errors import OptionError
from deoldify_lite.files import atomic_path
from deoldify_lite.modes import MODES, RENDER_FACTORS
from deoldify_lite.network_cli import add_network_options
from deoldify_lite.report import Item, as_json, summary
from deoldify_lite.url import Url, path_or_url
from deoldify_lite.weights_cli import add_verbosity

if TYPE_CHECKING:
    from deoldify_lite.api import Rendering
    from deoldify_lite.farm.cluster import RaySettings

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
    _add_rendering(parser, mode="artistic")
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
    _add_run(parser)
    parser.set_defaults(run=run_folder)


def fill_video_parser(parser: argparse.ArgumentParser) -> None:
    """Give a parser what `colorize-video` takes."""
    parser.description = (
        "Colorize films; sound, subtitles, chapters and all else are kept. The films themselves are never "
        "changed. A result has its name only when it is complete."
    )
    parser.add_argument(
        "inputs", nargs="+", type=path_or_url, metavar="CLIP", help="film or folder of films, or its URL"
    )
    parser.add_argument(
        "-o",
        "--out",
        type=path_or_url,
        help="file, folder or URL for the results (default: CLIP-colorized)",
    )
    _add_rendering(parser, mode="video")
    parser.add_argument(
        "--steadiness",
        type=float,
        metavar="0-1",
        help="0: each frame is coloured alone; 1: colours hold for as long as motion can be followed "
        "(default: by the mode)",
    )
    parser.add_argument(
        "--recolor-all",
        action="store_true",
        help="also shots that are in colour already, which are else left as they are",
    )
    parser.add_argument(
        "--deinterlace",
        action="store_true",
        help="make a whole frame of every field of an interlaced film, which else stays interlaced",
    )
    parser.add_argument(
        "--hints",
        type=Path,
        metavar="PATH",
        help="colours that you know: a file of lines time,x,y,#rrggbb, or a folder with NAME.hints.csv for "
        "each film; each spreads through its shot",
    )
    parser.add_argument("--start", type=seconds, metavar="TIME", help="begin there: seconds, or [H:]M:S")
    parser.add_argument("--end", type=seconds, metavar="TIME", help="end there")
    parser.add_argument("--codec", help="ffmpeg's name of the video encoder (default: by the container)")
    parser.add_argument(
        "--crf", type=int, help="quality of the encoder, lower is better (default: by the codec)"
    )
    parser.add_argument("--pix-fmt", help="pixel format of the result (default: that of the film)")
    _add_run(parser)
    parser.set_defaults(run=run_video)


def _add_rendering(parser: argparse.ArgumentParser, *, mode: str) -> None:
    about = "; ".join(f"{name}: {m.about}" for name, m in MODES.items())
    parser.add_argument("--mode", choices=list(MODES), default=mode, help=f"{about} (default: {mode})")
    parser.add_argument(
        "--render-factor",
        type=int,
        metavar=f"{RENDER_FACTORS[0]}-{RENDER_FACTORS[-1]}",
        help="the network sees 16 times as many pixels a side: lower is faster and bolder, higher is finer "
        "and calmer (default: by the mode)",
    )
    add_network_options(parser)
    parser.add_argument("--saturation", type=float, help="factor on the colour (default: by the mode)")
    parser.add_argument(
        "--reference",
        type=Path,
        metavar="PHOTO",
        help="pull colours towards those of a photo in colour, region by region: sky to its sky, skin to its "
        "skin",
    )
    parser.add_argument(
        "--temperature",
        type=float,
        default=0.0,
        metavar="N",
        help="warmer (up to 100) or colder (down to -100) light, in mired (default: 0)",
    )
    parser.add_argument(
        "--tint",
        type=float,
        default=0.0,
        metavar="N",
        help="more magenta (up to 100) or more green (down to -100) (default: 0)",
    )
    parser.add_argument(
        "--batch-size", type=int, metavar="N", help="pictures rendered at once (default: by the device)"
    )
    parser.add_argument(
        "--engine",
        choices=["process", "ray"],
        default="process",
        help="who does the work: this process, or Ray workers, one for each GPU or for so many cores, here "
        "or on a cluster; the results are the same",
    )
    parser.add_argument(
        "--address",
        help="of a Ray cluster that is there, auto or HOST:PORT; sources and results must lie in folders "
        "that all its machines see under the same path (default: workers on this machine, for this run)",
    )
    parser.add_argument(
        "--cores-per-worker",
        type=int,
        metavar="N",
        help="for --engine ray on processors (default: all of a machine, but 8 at most)",
    )


def _add_run(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--overwrite", action="store_true", help="replace results that are there already")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write a report of the run")
    add_verbosity(parser)


def seconds(text: str) -> float:
    """Seconds, minutes:seconds or hours:minutes:seconds -> seconds.

    Raises:
        ValueError: it is none of these.
    """
    parts = [float(part) for part in text.split(":")]
    if len(parts) > 3 or any(part < 0 for part in parts):
        raise ValueError(text)
    return sum(part * 60**i for i, part in enumerate(reversed(parts)))


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
    from deoldify_lite.report_page import report_path

    return report_path(None if args.report == Path() else args.report, args.inputs, args.out)


def _write_page(page: Path, items: list[Item], args: argparse.Namespace, rendering: "Rendering") -> None:
    from deoldify_lite.api import settle as settle_rendering
    from deoldify_lite.certainty import SECOND_OPINIONS
    from deoldify_lite.report_page import write_report_page

    # Doubts are those of the network, so both opinions are heard without what the user wants changed.
    same = {
        "render_factor": rendering.render_factor,
        "device": args.device,
        "precision": args.precision,
        "backend": args.backend,
    }
    first = settle_rendering(args.mode, weights=args.weights, **same).load()
    second = settle_rendering(SECOND_OPINIONS[args.mode], **same).load() if args.weights == "lite" else None
    write_report_page(page, items, settings=_settings_of(args, rendering), colorizer=first, second=second)
    log.info("report: %s", page)


def run_video(args: argparse.Namespace) -> int:
    """Colorize films; 0 if all went well."""
    from deoldify_lite import api

    rendering = settle(args)
    with reported(args, rendering) as items, tqdm(unit="frame", disable=args.quiet) as bar:
        shown: tuple[Path | Url | None, int] = (None, 0)

        def on_item(item: Item, total: int) -> None:
            items.append(item)
            tell(item)

        def on_frames(film: Path | Url, done: int, expected: int) -> None:
            nonlocal shown
            if film != shown[0] or done < shown[1]:  # another film, or this one from the start
                bar.reset()
                bar.set_description(film.name)
                shown = (film, 0)
            bar.total = expected
            bar.update(done - shown[1])
            shown = (film, done)

        with logging_redirect_tqdm():
            api.colorize_video(
                args.inputs,
                args.out,
                rendering=rendering,
                steadiness=args.steadiness,
                recolor_all=args.recolor_all,
                deinterlace=args.deinterlace,
                hints=args.hints,
                batch_size=args.batch_size,
                start_s=args.start,
                end_s=args.end,
                encoding=api.Encoding(codec=args.codec, crf=args.crf, pix_fmt=args.pix_fmt),
                overwrite=args.overwrite,
                ray=ray_of(args),
                on_item=on_item,
                on_frames=on_frames,
            )
    return exit_code(items)


def settle(args: argparse.Namespace) -> "Rendering":
    """The rendering that the arguments ask for."""
    from deoldify_lite import api

    ray_of(args)  # what is wrong with it is told first
    return api.settle(
        args.mode,
        weights=args.weights,
        render_factor=args.render_factor,
        saturation=args.saturation,
        temperature=args.temperature,
        tint=args.tint,
        reference=args.reference,
        device="cpu" if args.address else args.device,  # on a cluster, those of its machines count
        precision=args.precision,
        backend=args.backend,
    )


def ray_of(args: argparse.Namespace) -> "RaySettings | None":
    """Where Ray workers are wanted.

    Raises:
        OptionError: an option is for them, and they are not.
    """
    if args.engine == "ray":
        from deoldify_lite.farm.cluster import RaySettings

        return RaySettings(args.address, args.cores_per_worker, args.device)
    for name, value in (("--address", args.address), ("--cores-per-worker", args.cores_per_worker)):
        if value is not None:
            raise OptionError(f"{name} {value}: is for --engine ray; add that")
    return None


def tell(item: Item) -> None:
    """Results to stdout, all else to the log."""
    for warning in item.warnings:
        log.warning("%s: %s", item.source, warning)
    if item.status == "failed":
        log.error("%s", item.reason if str(item.source) in item.reason else f"{item.source}: {item.reason}")
    elif item.status == "skipped":
        log.info("%s: %s", item.source, item.reason)
    else:
        tqdm.write(str(item.output), file=sys.stdout)


@contextmanager
def reported(args: argparse.Namespace, rendering: "Rendering") -> Iterator[list[Item]]:
    """Give a list to collect items in; at the end, however it comes, write the report of what is in it.

    Raises:
        OptionError: the report cannot be written where it should; before any work, as far as that shows.
    """
    if args.json and (args.json.is_dir() or not args.json.parent.is_dir()):
        raise OptionError(f"--json {args.json}: name a file in a folder that is there")
    items: list[Item] = []
    try:
        yield items
    finally:
        if items:
            log.info("%s", summary(items))
        if args.json:
            text = json.dumps(as_json(items, _settings_of(args, rendering)), indent=2)
            with atomic_path(args.json) as part:
                part.write_text(text + "\n", encoding="utf-8")


def _settings_of(args: argparse.Namespace, rendering: "Rendering") -> dict[str, Any]:
    """What a run was asked for, as plain data."""
    left_out = ("run", "inputs", "command", "weights_command")
    settings: dict[str, Any] = {
        name: value if isinstance(value, int | float | None) else str(value)
        for name, value in vars(args).items()
        if name not in left_out
    }
    return settings | {"inputs": [str(path) for path in args.inputs], "weights_sha256": rendering.sha256}


def exit_code(items: list[Item]) -> int:
    """1 if anything failed, 0 otherwise."""
    return 1 if any(item.status == "failed" for item in items) else 0
