"""Options that several commands share, and the form of their helps."""

import argparse
import textwrap
from pathlib import Path
from typing import Any

from deoldify_lite.cli.events import progress_form
from deoldify_lite.errors import OptionError
from deoldify_lite.photo.kinds import EFFORTS, OUTPUT_FORMATS
from deoldify_lite.render.modes import BACKENDS, MODES, PRECISIONS, RENDER_FACTORS
from deoldify_lite.run.layers import LAYERS
from deoldify_lite.storage.url import local_path

RENDER_FACTOR_RANGE = f"{RENDER_FACTORS[0]}-{RENDER_FACTORS[-1]}"
DEVICES = ("auto", "cpu", "cuda", "mps")  # of torch


def describe(parser: argparse.ArgumentParser, description: str, *examples: str) -> None:
    """Give a parser its description, and examples at the end of its help, one command line each."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter  # or the examples would be one paragraph
    parser.description = textwrap.fill(description, 79)
    parser.epilog = "\n".join(["examples:", *(f"  {example}" for example in examples)])


def here(text: str) -> Path:
    """Parse the name of what must be on this machine.

    Raises:
        argparse.ArgumentTypeError: it is a URL.
    """
    try:
        return local_path(text)
    except OptionError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def add_verbosity(parser: argparse.ArgumentParser) -> None:
    """Add --quiet and --verbose."""
    volume = parser.add_mutually_exclusive_group()
    volume.add_argument("--quiet", action="store_true", help="log errors only, without a progress bar")
    volume.add_argument("--verbose", action="store_true", help="log details, with a traceback for each error")


def add_color_options(group: argparse._ArgumentGroup, *, mode: str) -> None:
    """Add what decides the colours to a group; `mode` is the default mode."""
    about = "; ".join(f"{name}: {m.about}" for name, m in MODES.items())
    group.add_argument("--mode", choices=list(MODES), default=mode, help=f"{about} (default: {mode})")
    group.add_argument(
        "--render-factor",
        type=int,
        metavar=RENDER_FACTOR_RANGE,
        help="size of the network's input in steps of 16 px: lower is faster and bolder, higher finer and "
        "calmer (default: set by the mode)",
    )
    add_weights_option(group)
    group.add_argument(
        "--saturation",
        type=float,
        metavar="X",
        help="multiply the strength of the colours by this, at most 4 (default: set by the mode)",
    )
    group.add_argument(
        "--temperature",
        type=float,
        default=0.0,
        metavar="N",
        help="warmer light (up to 100) or colder light (down to -100), in mired (default: 0)",
    )
    group.add_argument(
        "--tint",
        type=float,
        default=0.0,
        metavar="N",
        help="more magenta (up to 100) or more green (down to -100) (default: 0)",
    )
    group.add_argument(
        "--reference",
        type=here,
        metavar="PHOTO",
        help="a photo in colour to take colours from, region by region: sky from its sky, skin from its skin "
        "(default: none)",
    )


def add_weights_option(group: argparse._ArgumentGroup) -> None:
    """Add --weights to a group."""
    group.add_argument(
        "--weights",
        default="lite",
        metavar="lite|deoldify|FILE",
        help="the network: lite comes with this program; deoldify is the official one, after `deoldify-lite "
        "weights fetch`; or a weight file (default: lite)",
    )


def add_performance_options(group: argparse._ArgumentGroup) -> None:
    """Add what decides where and how fast the network runs to a group."""
    group.add_argument(
        "--device",
        choices=(*DEVICES, "intel"),
        default="auto",
        help="where the network runs: cuda is a GPU of Nvidia's, or of AMD's with PyTorch's build for ROCm; "
        "mps is Apple's; intel is Intel's, by OpenVINO; auto takes cuda or mps if it is there, else cpu "
        "(default: auto)",
    )
    group.add_argument(
        "--precision",
        choices=PRECISIONS,
        default="auto",
        help="number type for the network; auto picks the fastest here, with no visible difference "
        "(default: auto)",
    )
    group.add_argument(
        "--backend",
        choices=BACKENDS,
        default="auto",
        help="library that runs the network; auto takes OpenVINO on a CPU where it is installed and on "
        "Intel's GPUs, else PyTorch (default: auto)",
    )


def add_batch_size_option(group: argparse._ArgumentGroup) -> None:
    """Add --batch-size to a group."""
    group.add_argument(
        "--batch-size",
        type=int,
        metavar="N",
        help="pictures predicted at once (default: what suits the device, in half of its free memory)",
    )


def add_cluster_options(group: argparse._ArgumentGroup) -> None:
    """Add who does the work to a group."""
    group.add_argument(
        "--engine",
        choices=["process", "ray"],
        default="process",
        help="work in this process, or on Ray workers (one per GPU or group of cores), here or on a cluster; "
        "results are the same (default: process)",
    )
    group.add_argument(
        "--address",
        metavar="auto|HOST:PORT",
        help="a running Ray cluster; all its machines must see sources and results under the same paths "
        "(default: workers on this machine, for this run)",
    )
    group.add_argument(
        "--cores-per-worker",
        type=int,
        metavar="N",
        help="CPU cores of each Ray worker (default: all of a machine, at most 8)",
    )


def add_run_options(group: argparse._ArgumentGroup) -> None:
    """Add how a run reports, and what it does with results that are there, to the group of the output."""
    group.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="write a report of the run for programs; - is standard output (default: none)",
    )
    group.add_argument(
        "--progress",
        type=progress_form,
        default="bar",
        metavar="bar|json|json:N",
        help="a bar, or a line of JSON for each event, on standard error or on the file descriptor N "
        "(default: bar)",
    )
    add_notify_option(group, "when the run has ended")
    group.add_argument(
        "--overwrite",
        action="store_true",
        help="render finished results again, and replace files that this program did not write (default: "
        "skip the former, refuse the latter)",
    )
    group.add_argument(
        "--dry-run",
        action="store_true",
        help="write nothing: print what would be done, skipped or refused and why, the number of pixels or "
        "frames, and an estimate of time and disk space, from a sample of about a second in a temporary "
        "folder (default: do the work)",
    )


def add_notify_option(group: argparse._ArgumentGroup, when: str) -> None:
    """Add --notify to a group; `when` says when the program is run."""
    group.add_argument(
        "--notify",
        metavar="COMMAND",
        help=f"{when}, run this program, without a shell, with the summary as its last argument, such as: "
        "--notify 'notify-send Colorized' (default: none)",
    )


def add_selection_options(group: argparse._ArgumentGroup) -> None:
    """Add --include and --exclude to a group."""
    group.add_argument(
        "--include",
        action="append",
        default=[],
        metavar="GLOB",
        help="take only files whose name, or a folder they are in, matches this, such as '*.tif' or "
        "'scans/19*'; case does not count; may be given several times (default: all)",
    )
    group.add_argument(
        "--exclude",
        action="append",
        default=[],
        metavar="GLOB",
        help="leave out files and folders that match this (default: none, but for hidden files, and "
        "thumbnails and bins of the system)",
    )


def add_damaged_option(group: argparse._ArgumentGroup) -> None:
    """Add --damaged to a group."""
    group.add_argument(
        "--damaged",
        action="store_true",
        help="also colour what is left of damaged photos; missing parts stay blank, with a warning (default: "
        "damaged photos fail)",
    )


def add_photo_options(group: argparse._ArgumentGroup) -> None:
    """Add what files photos become to the group of the output."""
    group.add_argument(
        "--format",
        choices=OUTPUT_FORMATS,
        default="keep",
        help="file format of coloured photos; keep takes that of each photo (default: keep)",
    )
    group.add_argument(
        "--quality",
        type=int,
        metavar="1-100",
        help="quality of JPEG, WebP, AVIF and HEIC (default: high enough that no loss shows)",
    )
    group.add_argument(
        "--effort",
        choices=EFFORTS,
        default="fast",
        help="fast encoding, or small files, of HEIC, AVIF and WebP; small takes several times as long "
        "(default: fast)",
    )
    group.add_argument(
        "--compare",
        action="store_true",
        help="also write before and after of photos, side by side, as NAME-compare.jpg",
    )


def add_codec_options(group: argparse._ArgumentGroup) -> None:
    """Add how films are encoded to the group of the output."""
    group.add_argument(
        "--codec",
        metavar="NAME",
        help="video encoder of films, by its name in ffmpeg (default: set by the container)",
    )
    group.add_argument(
        "--crf",
        type=int,
        metavar="N",
        help="quality of that encoder, in its own steps: lower is better and larger (default: set by the "
        "codec)",
    )


def add_colors_from_option(group: argparse._ArgumentGroup, kinds: str) -> None:
    """Add --colours-from to a group; `kinds` says what it may name."""
    group.add_argument(
        "--colours-from",
        "--colors-from",
        dest="colors_from",
        type=here,
        metavar="PATH",
        help=f"take the colours from {kinds} (default: the network's colours)",
    )


def add_layer_option(group: argparse._ArgumentGroup, kind: str, *, after: str) -> None:
    """Add --layer to a group.

    Args:
        group: of the output.
        kind: of file, for the help.
        after: what the option may stand after without a value, for the message.
    """

    def choice(text: str) -> str:
        if text not in LAYERS:
            raise argparse.ArgumentTypeError(f"{text}: name `only`, or put --layer after {after}")
        return text

    group.add_argument(
        "--layer",
        nargs="?",
        const="beside",
        type=choice,
        metavar="only",
        help="also write the colour by itself, on middle grey, which editors lay over with their blend mode "
        f"Color: a {kind}; `only` writes nothing else (default: no)",
    )


def seconds(text: str) -> float:
    """Parse seconds, minutes:seconds or hours:minutes:seconds; return seconds.

    Raises:
        ValueError: `text` is none of these.
    """
    parts = [float(part) for part in text.split(":")]
    if len(parts) > 3 or any(part < 0 for part in parts):
        raise ValueError(text)
    return sum(part * 60**i for i, part in enumerate(reversed(parts)))


def network_of(args: argparse.Namespace) -> dict[str, Any]:
    """The arguments of `api.settle` that choose the network and what runs it."""
    return {name: getattr(args, name) for name in ("weights", "device", "precision", "backend")}
