"""`colorize-video`, or `deoldify-lite video`: parses arguments for `api.colorize_video`."""

import argparse
from collections.abc import Mapping
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
    show,
    show_planned,
)
from deoldify_lite.cli.events import Events
from deoldify_lite.cli.options import (
    add_batch_size_option,
    add_cluster_options,
    add_codec_options,
    add_color_options,
    add_colors_from_option,
    add_layer_option,
    add_performance_options,
    add_run_options,
    add_selection_options,
    add_verbosity,
    describe,
    here,
    seconds,
)
from deoldify_lite.cli.overall import OverallBar
from deoldify_lite.cli.pipes.ends import is_dash
from deoldify_lite.cli.pipes.film import run_film_pipe
from deoldify_lite.cli.pipes.photo import is_piped
from deoldify_lite.cli.sequences import add_frames_options
from deoldify_lite.cli.settings import add_settings_options
from deoldify_lite.film.purposes import PURPOSES
from deoldify_lite.run.items import Item
from deoldify_lite.storage.url import Url, path_or_url
from deoldify_lite.system.destination import STDIN_NAME
from deoldify_lite.system.selection import LeftOut

if TYPE_CHECKING:
    from deoldify_lite.api import Rendering


def fill_video_parser(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `colorize-video`."""
    describe(
        parser,
        "Colorize films. Sound, subtitles, chapters and metadata are kept, and the films themselves are "
        "never changed. After a stop, run the same command again: it goes on where it was.",
        "colorize-video clip.mp4",
        "colorize-video reels/ -o out/",
        "colorize-video clip.mkv --start 1:30 --end 2:00 --codec ffv1",
        "colorize-video reel.mov --for archive",
        "colorize-video wedding.mp4 --hints wedding.hints.csv",
        "colorize-video wedding.mp4 --keys wedding-keys/",
        "colorize-video wedding.mp4 --layer only --codec prores_ks",
        "colorize-video wedding.mp4 --colours-from wedding-colorized-layer.mkv",
        "colorize-video reels/ -o out/ --dry-run",
        "colorize-video clip.mp4 --shots clip-shots/shots.csv --dry-run",
        "colorize-video reel/%07d.dpx -o out/",
        "colorize-video reel/ -o master.mkv --for archive --fps 18",
        "colorize-video clip.mov -o frames/%07d.dpx",
        "ffmpeg -i clip.mp4 -f yuv4mpegpipe - | colorize-video - | ffmpeg -i - coloured.mkv",
    )
    parser.add_argument(
        "inputs",
        nargs="+",
        type=path_or_url,
        metavar="CLIP",
        help="a film, a folder, or the URL of either; or numbered pictures, one a frame: their folder, or a "
        "pattern such as reel/%%07d.dpx; - is one film from standard input: Y4M, or any container that can "
        "be read from its start",
    )
    add_selection_options(parser.add_argument_group("selection"))
    color = parser.add_argument_group("colour")
    add_color_options(color, mode="video")
    color.add_argument(
        "--hints",
        type=here,
        metavar="PATH",
        help="colours that you know: a file with lines time,x,y,#rrggbb, or a folder with NAME.hints.csv for "
        "each film; each colour spreads through its shot (default: none)",
    )
    add_colors_from_option(
        color,
        "a layer that --layer wrote, or any film in colour with the same frames, frame by frame; or from a "
        "folder with one of the same name for each film; or, for a picture sequence, from the same one in "
        "colour, as a folder or a pattern; other choices about colour have no effect then",
    )
    color.add_argument(
        "--keys",
        type=here,
        metavar="DIR",
        help="frames in colour, from any other program: a folder of pictures named by frame (from 0), as "
        "frame-000123.png, or by time, as 00-01-02-03.png; for several films a folder of such folders, named "
        "as the films. Their colours go through their shots, and luma stays the film's (default: none)",
    )
    color.add_argument(
        "--steadiness",
        type=float,
        metavar="0-1",
        help="0 colours each frame alone; 1 holds colours for as long as motion can be followed (default: "
        "set by the mode)",
    )
    color.add_argument(
        "--recolor-all",
        action="store_true",
        help="also recolour shots already in colour (default: leave them unchanged)",
    )
    add_sequence_options(parser.add_argument_group("picture sequences"))
    shots = parser.add_argument_group("shot by shot")
    shots.add_argument(
        "--shots",
        type=here,
        metavar="LIST",
        help="render by a list of the film's shots: shots.csv of `deoldify-lite shots`, or PySceneDetect's "
        "list of scenes; cuts and settings of each shot are those of the list, and only shots that have "
        "changed are rendered again (encoded shots are kept in .segments beside the list, which you may "
        "remove; default: find the shots, one setting for all)",
    )
    part = parser.add_argument_group("part of the film")
    part.add_argument(
        "--start", type=seconds, metavar="TIME", help="first moment: seconds, M:S or H:M:S (default: 0)"
    )
    part.add_argument(
        "--end", type=seconds, metavar="TIME", help="last moment, in the same form (default: the film's end)"
    )
    output = parser.add_argument_group("output")
    output.add_argument(
        "-o",
        "--out",
        type=path_or_url,
        help="file, folder or URL for the results; numbered names such as frames/%%07d.dpx for the frames "
        "of a film; - is standard output, for one film: Y4M for Y4M, else Matroska (default: "
        "CLIP-colorized, and - for -)",
    )
    output.add_argument(
        "--raw",
        metavar="WIDTHxHEIGHT,PIXFMT",
        help="frames without a header go in and out, such as 640x480,yuv420p or 640x480,gray10le; grey ones "
        "come out as yuv420p of the same depth (default: as the header of the stream says)",
    )
    about = "; ".join(f"{name}: {purpose.about}" for name, purpose in PURPOSES.items())
    output.add_argument(
        "--for",
        dest="purpose",
        choices=list(PURPOSES),
        help=f"{about}; other options that you give win over it (default: container, codec and depth by the "
        "film)",
    )
    add_codec_options(output)
    output.add_argument(
        "--pix-fmt", metavar="NAME", help="pixel format, by its name in ffmpeg (default: that of the film)"
    )
    output.add_argument(
        "--deinterlace",
        action="store_true",
        help="turn each field of an interlaced film into a frame (default: stay interlaced)",
    )
    add_layer_option(output, "lossless FFV1 file, or ProRes with --codec prores_ks", after="the films")
    add_run_options(output)
    performance = parser.add_argument_group("performance")
    add_performance_options(performance)
    add_batch_size_option(performance)
    add_cluster_options(parser.add_argument_group("many machines"))
    add_settings_options(parser, "video")
    add_verbosity(parser)
    parser.set_defaults(run=run_video)


def add_sequence_options(group: argparse._ArgumentGroup) -> None:
    """Add what is said of picture sequences to a group."""
    group.add_argument(
        "--sequence",
        action="store_true",
        help="treat the numbered pictures of a folder as frames of a film, even a short sequence of PNGs, "
        "which looks like photos (default: if they look like frames)",
    )
    add_frames_options(group)
    group.add_argument(
        "--sound",
        type=here,
        metavar="FILE",
        help="sound of the film that -o master.mkv makes of a sequence (default: a WAV of its name)",
    )


def run_video(args: argparse.Namespace) -> int:
    """Colorize films; return 0 if none failed."""
    if is_piped(args) or args.raw:
        return run_film_pipe(args, partial(_colorize_piped, args))
    rendering = rendering_of(args)
    left_out = LeftOut()
    events = Events(args.progress)
    with reported(args, rendering, left_out, events) as items:

        def on_item(item: Item, total: int) -> None:
            items.append(item)
            show(item, args.json, logs=not events.take_log)
            show_planned(item, args.json)
            events.item(item, total)

        _colorize(
            args, rendering, args.inputs, args.out, events, on_item=on_item, on_left_out=left_out.update
        )
    return exit_code(items)


def _colorize_piped(
    args: argparse.Namespace, rendering: "Rendering", film: Path, out: Path, events: Events
) -> list[Item]:
    """Colorize one film into a file."""
    named: dict[Path | Url, Path] = {film: STDIN_NAME} if is_dash(args.inputs[0]) else {}
    return _colorize(args, rendering, [film], out, events, names=named)


def _colorize(
    args: argparse.Namespace,
    rendering: "Rendering",
    inputs: Any,
    out: Any,
    events: Events,
    *,
    on_item: Any = None,
    on_left_out: Any = None,
    names: Mapping[Path | Url, Path] | None = None,
) -> list[Item]:
    """Call the API with the arguments of the command, and show progress.

    Args:
        names: what events call films, if not by their paths.

    Raises:
        DeoldifyError: as `api.colorize_video`.
    """
    from deoldify_lite import api

    shown: tuple[Path | Url | None, int] = (None, 0)

    def on_frames(film: Path | Url, done: int, expected: int) -> None:
        nonlocal shown
        film = (names or {}).get(film, film)
        events.frames(film, done, expected)
        if film != shown[0] or done < shown[1]:  # another film, or this one from the start
            bar.reset()
            bar.set_description(film.name)
            shown = (film, 0)
        bar.total = expected
        bar.update(done - shown[1])
        shown = (film, done)
        all_films.frames(film, done, expected)

    def on_each(item: Item, total: int) -> None:
        if on_item is not None:
            on_item(item, total)
        all_films.end(item)

    without_bars = args.quiet or events.are_wanted
    with (
        tqdm(unit="frame", disable=without_bars) as bar,
        OverallBar(disable=without_bars) as all_films,
        logging_redirect_tqdm(),
    ):
        return api.colorize_video(
            inputs,
            out,
            rendering=rendering,
            steadiness=args.steadiness,
            recolor_all=args.recolor_all,
            deinterlace=args.deinterlace,
            layer=args.layer,
            hints=args.hints,
            keys=args.keys,
            colors_from=args.colors_from,
            shots=args.shots,
            dry_run=args.dry_run,
            batch_size=args.batch_size,
            start_s=args.start,
            end_s=args.end,
            encoding=api.Encoding(codec=args.codec, crf=args.crf, pix_fmt=args.pix_fmt, purpose=args.purpose),
            sequence=args.sequence,
            missing=args.missing,
            fps=args.fps,
            sound=args.sound,
            include=args.include,
            exclude=args.exclude,
            overwrite=args.overwrite,
            engine=engine_of(args),
            on_item=on_each,
            on_left_out=on_left_out,
            on_planned=all_films.begin,
            on_frames=on_frames,
        )
