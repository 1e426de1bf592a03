"""`deoldify-lite shots`: the shots of a film in a list to edit, with a telling frame of each and a page."""

import argparse
import logging
import secrets
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from deoldify_lite.cli.options import (
    add_color_options,
    add_performance_options,
    add_verbosity,
    describe,
    here,
    network_of,
)
from deoldify_lite.cli.sequences import (
    add_frames_options,
    as_arguments,
    folder_name,
    frames_of,
    probe_source,
)
from deoldify_lite.cli.settings import add_settings_options
from deoldify_lite.errors import OptionError
from deoldify_lite.run.sequences.frames import Frames

if TYPE_CHECKING:  # it loads torch
    from deoldify_lite.render.rendering import Rendering

log = logging.getLogger(__name__)


def fill_shots_parser(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `deoldify-lite shots`."""
    describe(
        parser,
        "Find the shots of a film, without rendering it: write a list for a spreadsheet (shots.csv), a "
        "telling frame of each shot at full size, in the colours that would come out, and a page to look "
        "through, with the least certain shots first (shots.html). Change the list, and render by it with "
        "colorize-video --shots. The names of the written files are printed.",
        "deoldify-lite shots clip.mp4",
        "deoldify-lite shots clip.mp4 -o shots/ --every 100 --edl",
        "deoldify-lite shots clip.mp4 --shots clip-shots/shots.csv",
        "deoldify-lite shots clip.mp4 --edit",
        "deoldify-lite shots reel/%07d.dpx --fps 18",
        "colorize-video clip.mp4 --shots clip-shots/shots.csv",
    )
    parser.add_argument(
        "source",
        type=here,
        metavar="CLIP",
        help="a film; or numbered pictures, one a frame: their folder, or a pattern such as reel/%%07d.dpx",
    )
    add_color_options(parser.add_argument_group("colour"), mode="video")
    parser.add_argument(
        "--shots",
        type=here,
        metavar="LIST",
        help="show the shots of a list that you have changed, each with its own settings, and write pictures "
        "and page anew beside it; the list stays as it is (default: find the shots, and write a list)",
    )
    add_frames_options(parser.add_argument_group("picture sequences"))
    output = parser.add_argument_group("output")
    output.add_argument(
        "-o", "--out", type=Path, metavar="DIR", help="folder for the files (default: CLIP-shots)"
    )
    output.add_argument(
        "--every",
        type=int,
        metavar="N",
        help="also write each N-th frame of each shot (default: one telling frame a shot)",
    )
    output.add_argument(
        "--edl",
        action="store_true",
        help="also write shots.edl, an edit decision list (CMX 3600) for editing programs; needs "
        "opentimelineio and otio-cmx3600-adapter (default: none)",
    )
    output.add_argument(
        "--overwrite",
        action="store_true",
        help="replace files that were changed since they were written, such as an edited list (default: "
        "refuse)",
    )
    page = parser.add_argument_group("page")
    page.add_argument(
        "--edit",
        action="store_true",
        help="then give shots hints and key frames on a page in the browser; a list that is there is taken "
        "as it is. The page needs no internet, and only this computer reaches it. Ctrl-C ends the program "
        "(default: write files only)",
    )
    page.add_argument(
        "--port",
        type=int,
        default=0,
        metavar="N",
        help="port of the page; 0 takes any free one (default: 0)",
    )
    add_performance_options(parser.add_argument_group("performance"))
    add_settings_options(parser, "shots")
    add_verbosity(parser)
    parser.set_defaults(run=run_shots)


def run_shots(args: argparse.Namespace) -> int:
    """Write the files, and print their names; or serve the page on which they are edited."""
    frames = frames_of(args)
    if args.every is not None and args.every < 1:
        raise OptionError(f"--every {args.every}: choose 1 or more")
    name = folder_name(args.source, frames)
    folder = args.out or name.with_name(f"{name.name}-shots")
    if args.out is None and args.shots is not None:
        folder = args.shots if args.shots.is_dir() else args.shots.parent
    if folder.exists() and not folder.is_dir():
        raise OptionError(f"-o {folder}: is a file; name a folder")
    if args.edit:
        return _edit(args, frames, folder)
    _write(args, frames, folder)
    return 0


def _edit(args: argparse.Namespace, frames: Frames | None, folder: Path) -> int:
    """Write the files unless there is a list; then serve the page until Ctrl-C.

    Raises:
        OptionError: Gradio is not installed, or an option would do nothing.
    """
    if not 0 <= args.port < 65536:
        raise OptionError(f"--port {args.port}: choose 0 to 65535")
    if find_spec("gradio") is None:
        raise OptionError('the page needs Gradio; run: pip install "deoldify_lite[web]"')
    from deoldify_lite.run.shots.list import find_shot_list
    from deoldify_lite.web.session import private_folder

    path = find_shot_list(args.shots or folder)
    if args.shots is None and (args.overwrite or not path.exists()):
        _write(args, frames, folder)
    elif args.every is not None or args.edl or args.overwrite or (args.shots and args.out):
        raise OptionError(
            f"{path}: --edit takes this list as it is, and writes no other files: leave out --every, --edl, "
            "--overwrite and --out, or write them first without --edit"
        )
    from deoldify_lite.web.server import serve
    from deoldify_lite.web.shots.desk import ShotDesk
    from deoldify_lite.web.shots.site import shots_site

    with private_folder() as uploads:
        desk = ShotDesk(probe_source(args.source, frames)[0], path, _rendering(args), uploads)
        secret = secrets.token_urlsafe(16)
        try:
            serve(shots_site(desk, uploads, secret), host="127.0.0.1", port=args.port, path=f"/{secret}/")
        except KeyboardInterrupt:
            log.info("ended")
    return 0


def _rendering(args: argparse.Namespace) -> "Rendering":
    from deoldify_lite import api

    names = ("render_factor", "saturation", "temperature", "tint", "reference")
    return api.settle(args.mode, **network_of(args), **{name: getattr(args, name) for name in names})


def _write(args: argparse.Namespace, frames: Frames | None, folder: Path) -> None:
    """Write the files; print their names."""
    from deoldify_lite import api
    from deoldify_lite.film.cut import Cut
    from deoldify_lite.render.certainty import SECOND_OPINIONS
    from deoldify_lite.run.shots.list import read_shot_list
    from deoldify_lite.run.shots.networks import Networks
    from deoldify_lite.run.shots.pieces import placed
    from deoldify_lite.run.shots.settings import settle_shots
    from deoldify_lite.run.shots.survey import Colors, find_shots, follow_list, numbers_of
    from deoldify_lite.show.shots import Album, write_shots

    rendering = _rendering(args)
    settled = None
    if args.shots is not None:
        settled = settle_shots(read_shot_list(args.shots), rendering, None)
    film, notes = probe_source(args.source, frames)
    for note in notes:
        log.warning("%s: %s", args.source, note)
    places = None if settled is None else placed(settled, film, Cut(film))
    named = as_arguments(args, frames)
    album = Album(film, folder, frames=frames, named=named, overwrite=args.overwrite)
    if settled is None:
        album.check_known()
    colorizer = rendering.load()
    second = None
    if args.weights == "lite":
        same = {"render_factor": rendering.render_factor, **network_of(args)}
        second = api.settle(SECOND_OPINIONS[args.mode], **same).load()
    colors = Colors(colorizer, second)
    if places is not None:
        networks = Networks(rendering, lambda: colorizer)
        renderings = {
            number: place.settled.rendering for number, place in zip(numbers_of(places), places, strict=True)
        }
        colors = Colors(colorizer, second, lambda number: networks.colorizer(renderings[number]))
    with (
        tqdm(unit="frame", total=film.frame_count, desc=args.source.name, disable=args.quiet) as bar,
        logging_redirect_tqdm(),
    ):

        def progress(_: int) -> None:
            bar.update()

        if places is None:
            found = find_shots(film, colorizer.render_size, every=args.every, progress=progress)
        else:
            found = follow_list(film, colorizer.render_size, places, every=args.every, progress=progress)
        shots, paths = write_shots(album, found, colors, edl=args.edl, listed=places is not None)
    for path in paths:
        print(path)
    scenes = len({shot.scene for shot in shots})
    log.info("%s: shots: %d, scenes: %d", args.source, len(shots), scenes)
