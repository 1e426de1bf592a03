"""`colorize-video`, or `deoldify-lite video`: a thin skin over `api`."""

import argparse
from pathlib import Path

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from deoldify_lite.cli.colorizing import exit_code, ray_of, reported, settle, tell
from deoldify_lite.cli.options import add_rendering_options, add_run_options, seconds
from deoldify_lite.run.items import Item
from deoldify_lite.storage.url import Url, path_or_url


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
    add_rendering_options(parser, mode="video")
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
    add_run_options(parser)
    parser.set_defaults(run=run_video)


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
