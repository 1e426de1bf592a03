"""`deoldify-lite evaluate`: photos or films beside the truth, as a table, as JSON and as a page or a plot.

What measures is imported only once the arguments are known to be right, since torch comes with it.
"""

import argparse
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from deoldify_lite.cli.options import DEVICES, add_verbosity, describe
from deoldify_lite.errors import InputError, OptionError, VideoError, WeightsError
from deoldify_lite.system.files import atomic_path

if TYPE_CHECKING:
    from deoldify_lite.evaluation.pairs import Pair
    from deoldify_lite.evaluation.photos.measure import Judges

log = logging.getLogger(__name__)

PHOTO_OPTIONS = ("feature_net", "classifier", "labels", "fetch", "device", "html")
FILM_OPTIONS = ("no_truth", "flow", "plot")
PLOT_SUFFIXES = (".png", ".svg", ".pdf")
LEAST_CF = 2.0  # the chroma of a grey film is within its coding noise
NAMED = 10  # so many pictures that have no partner are named; the report names all


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
        "--json", type=Path, metavar="FILE", help="write all figures, also of each picture (default: none)"
    )
    photos = parser.add_argument_group("photos")
    photos.add_argument(
        "--feature-net",
        type=Path,
        metavar="FILE",
        help="safetensors of timm's mobilenetv1_100 or torchvision's squeezenet1_1, for a Frechet distance "
        "of their features (default: leave it out)",
    )
    photos.add_argument(
        "--classifier",
        type=Path,
        metavar="FILE",
        help="safetensors of torchvision's squeezenet1_1 with its head, to measure how much of what it "
        "recognises depends on colour (default: leave it out)",
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
        help="plot mean colour and colourfulness over time, with cuts: .png, .svg or .pdf (default: none)",
    )
    add_verbosity(parser)
    parser.set_defaults(run=run_evaluate)


def run_evaluate(args: argparse.Namespace) -> int:
    """Measure, print the table and write the reports; 1 if a picture was left out."""
    if args.labels and not args.classifier:
        raise OptionError("--labels: of no use without --classifier")
    for name, path in (("--json", args.json), ("--html", args.html), ("--plot", args.plot)):
        if path and (path.is_dir() or not path.parent.is_dir()):
            raise OptionError(f"{name} {path}: name a file in a folder that is there")

    from deoldify_lite.evaluation.films.pairs import are_films

    films = are_films(args.truth)
    for option in PHOTO_OPTIONS if films else FILM_OPTIONS:
        if getattr(args, option) not in (None, False, "auto"):
            kinds = ("photos", "films") if films else ("films", "photos")
            raise OptionError(
                f"--{option.replace('_', '-')}: is for {kinds[0]}, and {args.truth} is of {kinds[1]}"
            )
    return evaluate_films(args) if films else evaluate_photos(args)


def evaluate_photos(args: argparse.Namespace) -> int:
    """Folders of photos."""
    from deoldify_lite.evaluation.pairs import column_names
    from deoldify_lite.evaluation.photos.measure import measure, read_labels
    from deoldify_lite.evaluation.photos.page import as_page
    from deoldify_lite.evaluation.photos.pairs import find_pairs
    from deoldify_lite.evaluation.photos.table import as_json, as_text, rows

    names = column_names(args.results)
    pairing = find_pairs(args.results, args.truth)
    labels = read_labels(args.labels) if args.labels else None
    if labels is not None and not any(pair.name in labels for pair in pairing.pairs):
        raise InputError(f"{args.labels}: labels no picture of {args.truth}, such as {pairing.pairs[0].name}")
    judges = load_judges(args)
    with logging_redirect_tqdm():
        name_some(pairing.missing, "")
        name_some(pairing.extra, ": there is no true picture for it")
        with tqdm(total=len(pairing.pairs), unit="picture", disable=args.quiet) as bar:

            def on_picture(pair: "Pair", problem: str) -> None:
                bar.update()
                if problem:
                    log.error("%s", problem)

            measured = measure(pairing.pairs, names, judges=judges, labels=labels, on_picture=on_picture)
    feature_network = judges.feature_network.name if judges.feature_network else ""
    table = rows(measured, feature_network=feature_network, unavailable=judges.unavailable)
    print(as_text(table, measured))
    if args.json:
        settings = {
            "results": {name: str(path) for name, path in zip(names, args.results, strict=True)},
            "truth": str(args.truth),
            "feature_net": feature_network or None,
            "classifier": str(args.classifier) if args.classifier else None,
            "labels": str(args.labels) if args.labels else None,
            "missing": list(pairing.missing),
            "extra": list(pairing.extra),
        }
        text = json.dumps(as_json(table, measured, settings), indent=2)
        with atomic_path(args.json) as part:
            part.write_text(text + "\n", encoding="utf-8")
    if args.html:
        with atomic_path(args.html) as part:
            part.write_text(as_page(table, measured), encoding="utf-8")
    return 1 if measured.problems or pairing.missing else 0


def evaluate_films(args: argparse.Namespace) -> int:
    """Films, or folders of films."""
    if args.plot and args.plot.suffix.lower() not in PLOT_SUFFIXES:
        raise OptionError(f"--plot {args.plot}: its suffix must be one of {', '.join(PLOT_SUFFIXES)}")

    from deoldify_lite.evaluation.films.flow import FLOWS
    from deoldify_lite.evaluation.films.measure import measure_film
    from deoldify_lite.evaluation.films.pairs import film_columns, find_film_pairs
    from deoldify_lite.evaluation.films.plot import check_plotting, draw_films
    from deoldify_lite.evaluation.films.table import film_rows, films_as_json, films_as_text
    from deoldify_lite.evaluation.pairs import TRUTH

    if args.plot:
        check_plotting()
    names = film_columns(args.results)
    pairing = find_film_pairs(args.results, args.truth)
    flow = args.flow or next(iter(FLOWS))
    measured, films, problems = [], [], []
    with logging_redirect_tqdm():
        name_some(pairing.missing, "")
        name_some(pairing.extra, ": there is no true film for it")
        with tqdm(unit="frame", disable=args.quiet) as bar:
            for pair in pairing.pairs:
                bar.set_description(pair.name)
                try:
                    found = measure_film(
                        names,
                        pair.results,
                        pair.truth,
                        has_truth=not args.no_truth,
                        flow=flow,
                        on_frame=bar.update,
                    )
                except (InputError, VideoError) as error:
                    log.error("%s", error)
                    problems.append(str(error))
                    continue
                films.append(found)
                measured.append(pair.name)
                if not args.no_truth and found.scores["cf", TRUTH] < LEAST_CF:
                    log.warning("%s: has no colour; if it is the source, add --no-truth", pair.truth)
    if not films:
        raise InputError("no film could be measured")
    table = film_rows(films)
    print(films_as_text(table, films))
    if args.json:
        settings = {
            "results": {name: str(path) for name, path in zip(names, args.results, strict=True)},
            "source" if args.no_truth else "truth": str(args.truth),
            "flow": flow,
            "missing": list(pairing.missing),
            "extra": list(pairing.extra),
        }
        text = json.dumps(films_as_json(table, films, measured, settings, problems))
        with atomic_path(args.json) as part:
            part.write_text(text + "\n", encoding="utf-8")
    if args.plot:
        with atomic_path(args.plot) as part:
            draw_films(films, measured, part)
    return 1 if problems or pairing.missing else 0


def name_some(lines: tuple[str, ...], why: str) -> None:
    """Warn of the first pictures of a list, and of how many more there are."""
    for line in lines[:NAMED]:
        log.warning("%s%s", line, why)
    if len(lines) > NAMED:
        log.warning("and %d more like it; --json names all", len(lines) - NAMED)


def load_judges(args: argparse.Namespace) -> "Judges":
    """The networks that were asked for, and those that happen to be there.

    Raises:
        WeightsError: a file that was named is missing, damaged, or of another network.
        RenderError: there is no such device.
    """
    import torch

    from deoldify_lite.evaluation.photos import networks
    from deoldify_lite.evaluation.photos.measure import Judges
    from deoldify_lite.system.device import choose_device

    device = torch.device(choose_device(args.device))
    feature_network = classifier = lpips = inception = None
    if args.feature_net:
        feature_network = networks.load_feature_network(args.feature_net, device=device)
    if args.classifier:
        classifier = networks.load_classifier(args.classifier, device=device)
    unavailable = {}
    try:
        lpips = networks.load_lpips(fetch=args.fetch, device=device)
    except WeightsError as error:
        unavailable["LPIPS"] = str(error)
    try:
        inception = networks.load_inception(fetch=args.fetch, device=device)
    except WeightsError as error:
        unavailable["FID"] = str(error)
    return Judges(lpips, inception, feature_network, classifier, device, unavailable)
