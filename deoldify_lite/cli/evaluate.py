"""`deoldify-lite evaluate`: its arguments."""

import argparse
from pathlib import Path

from deoldify_lite.cli.options import DEVICES, add_verbosity, describe
from deoldify_lite.cli.outputs import check_output_file
from deoldify_lite.errors import OptionError

PHOTO_OPTIONS = ("feature_net", "classifier", "labels", "fetch", "device", "html")
FILM_OPTIONS = ("no_truth", "flow", "plot")


def fill_evaluate_parser(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `deoldify-lite evaluate`."""
    describe(
        parser,
        "Measure colorized photos or films against the truth. Photos are compared with the true photos, and "
        "so is the grey version of these; films are also measured for how steady their colours are. Pictures "
        "are paired by their paths below the folders, without suffixes.",
        "deoldify-lite evaluate out/ truth/",
        "deoldify-lite evaluate ours/ theirs/ truth/ --html page.html --json figures.json",
        "deoldify-lite evaluate colorized.mp4 film.mp4 --plot colours.png",
        "deoldify-lite evaluate colorized.mp4 black-and-white.mp4 --no-truth",
    )
    parser.add_argument(
        "results", nargs="+", type=Path, metavar="RESULTS", help="a folder of results, or a film"
    )
    parser.add_argument(
        "truth",
        type=Path,
        metavar="TRUTH",
        help="folder of the true photos or films in colour, or the true film",
    )
    parser.add_argument(
        "--json",
        type=Path,
        metavar="FILE",
        help="write all figures, also of each picture; - is standard output (default: none)",
    )
    photos = parser.add_argument_group("photos")
    photos.add_argument(
        "--feature-net",
        type=Path,
        metavar="FILE",
        help="safetensors of timm's mobilenetv1_100 or tf_efficientnet_lite0, or of torchvision's "
        "squeezenet1_1, for a Frechet distance of their features (default: leave it out)",
    )
    photos.add_argument(
        "--classifier",
        type=Path,
        metavar="FILE",
        help="safetensors of torchvision's squeezenet1_1 or timm's tf_efficientnet_lite0 with its head, to "
        "measure how much of what it recognises depends on colour (default: leave it out)",
    )
    photos.add_argument(
        "--labels",
        type=Path,
        metavar="FILE",
        help="true classes for --classifier: lines of path below TRUTH, tab, ImageNet class 0-999 (default: "
        "the classifier's answer on the true photo)",
    )
    photos.add_argument(
        "--fetch",
        action="store_true",
        help="download the weights of LPIPS (244 MB), FID and Inception score (96 MB) if torch's cache lacks "
        "them (default: download nothing, and leave these figures out)",
    )
    photos.add_argument(
        "--device",
        choices=DEVICES,
        default="auto",
        help="where the networks run; auto takes a GPU if there is one (default: auto)",
    )
    photos.add_argument(
        "--html",
        type=Path,
        metavar="FILE",
        help="write a page with the table and the worst and best pictures (default: none)",
    )
    films = parser.add_argument_group("films")
    films.add_argument(
        "--no-truth",
        action="store_true",
        help="TRUTH is only the black-and-white source: measure how steady the results are, and compare "
        "nothing (default: compare with TRUTH)",
    )
    films.add_argument(
        "--flow",
        choices=["dis", "farneback"],
        help="optical flow that follows the motion; farneback is coarser, for a second opinion (default: "
        "dis)",
    )
    films.add_argument(
        "--plot",
        type=Path,
        metavar="FILE",
        help="plot mean colour and colourfulness over time, with cuts: .png, .svg or .pdf; to a pipe as PNG "
        "(default: none)",
    )
    add_verbosity(parser)
    parser.set_defaults(run=run_evaluate)


def run_evaluate(args: argparse.Namespace) -> int:
    """Measure, print the table and write the reports; 1 if a picture was left out."""
    if args.labels and not args.classifier:
        raise OptionError("--labels: of no use without --classifier")
    for name, path in (("--json", args.json), ("--html", args.html)):
        check_output_file(name, path)
    check_output_file("--plot", args.plot, may_be_picture=True)
    from deoldify_lite.evaluation.films.pairs import are_films

    films = are_films(args.truth)
    for option in PHOTO_OPTIONS if films else FILM_OPTIONS:
        if getattr(args, option) not in (None, False, "auto"):
            kinds = ("photos", "films") if films else ("films", "photos")
            raise OptionError(
                f"--{option.replace('_', '-')}: is for {kinds[0]}, and {args.truth} is of {kinds[1]}"
            )
    from deoldify_lite.cli.evaluating import evaluate_films, evaluate_photos

    return evaluate_films(args) if films else evaluate_photos(args)
