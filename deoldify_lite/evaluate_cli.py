"""`deoldify-lite evaluate`: results beside the truth, as a table, as JSON and as a page.

What measures is imported only once the arguments are known to be right, since torch comes with it.
"""

import argparse
import json
import logging
from pathlib import Path
from typing import TYPE_CHECKING

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from deoldify_lite.errors import InputError, OptionError, WeightsError
from deoldify_lite.files import atomic_path
from deoldify_lite.weights_cli import add_verbosity

if TYPE_CHECKING:
    from deoldify_lite.evaluation.measure import Judges
    from deoldify_lite.evaluation.pairs import Pair

log = logging.getLogger(__name__)

NAMED = 10  # so many pictures that have no partner are named; the report names all


def fill_evaluate_parser(parser: argparse.ArgumentParser) -> None:
    """Give a parser what `deoldify-lite evaluate` takes."""
    parser.description = (
        "Measure folders of colorized pictures beside the true ones, and beside the truth turned grey. "
        "Pictures belong together by their paths below the folders, without the suffix."
    )
    parser.add_argument("results", nargs="+", type=Path, metavar="RESULTS", help="folder of results")
    parser.add_argument("truth", type=Path, metavar="TRUTH", help="folder of the true pictures, in colour")
    parser.add_argument(
        "--feature-net",
        type=Path,
        metavar="FILE",
        help="safetensors of timm's mobilenetv1_100 or torchvision's squeezenet1_1, for a Frechet distance "
        "of their features",
    )
    parser.add_argument(
        "--classifier",
        type=Path,
        metavar="FILE",
        help="safetensors of torchvision's squeezenet1_1 with its head: how far colour helps it to see",
    )
    parser.add_argument(
        "--labels",
        type=Path,
        metavar="FILE",
        help="true classes, for --classifier: lines of path below TRUTH, tab, ImageNet class 0-999",
    )
    parser.add_argument(
        "--fetch",
        action="store_true",
        help="download what torch's cache lacks of the weights of LPIPS (244 MB), FID and Inception score "
        "(96 MB); without it nothing is downloaded",
    )
    parser.add_argument("--device", choices=["auto", "cpu", "cuda", "mps"], default="auto")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures, of every picture too")
    parser.add_argument(
        "--html",
        type=Path,
        metavar="FILE",
        help="write a page with the table, the worst and the best pictures",
    )
    add_verbosity(parser)
    parser.set_defaults(run=run_evaluate)


def run_evaluate(args: argparse.Namespace) -> int:
    """Measure, print the table and write the reports; 1 if a picture was left out."""
    if args.labels and not args.classifier:
        raise OptionError("--labels: of no use without --classifier")
    for name, path in (("--json", args.json), ("--html", args.html)):
        if path and (path.is_dir() or not path.parent.is_dir()):
            raise OptionError(f"{name} {path}: name a file in a folder that is there")

    from deoldify_lite.evaluation.measure import measure, read_labels
    from deoldify_lite.evaluation.page import as_page
    from deoldify_lite.evaluation.pairs import column_names, find_pairs
    from deoldify_lite.evaluation.table import as_json, as_text, rows

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
    from deoldify_lite.colorizer import choose_device
    from deoldify_lite.evaluation import networks
    from deoldify_lite.evaluation.measure import Judges

    device = choose_device(args.device)
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
