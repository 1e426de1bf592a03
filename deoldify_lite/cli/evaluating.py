"""Measure photos or films against the truth, print the table, and write JSON, the page and the plot.

Each function imports what it needs: torch comes with the networks for photos, matplotlib with the plot.
"""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from deoldify_lite.cli.outputs import announce, write_json, write_text
from deoldify_lite.errors import InputError, OptionError, VideoError
from deoldify_lite.evaluation.pairs import Pairing
from deoldify_lite.system.destination import is_regular, writing_to

if TYPE_CHECKING:
    from deoldify_lite.evaluation.pairs import Pair

log = logging.getLogger(__name__)

LEAST_CF = 2.0  # the chroma of a grey film is within its coding noise
NAMED = 10  # pictures without a partner that are logged; the JSON file names all


def evaluate_photos(args: argparse.Namespace) -> int:
    """Evaluate folders of photos; 1 if a picture was left out."""
    from deoldify_lite.evaluation.pairs import column_names
    from deoldify_lite.evaluation.photos.judges import load_judges
    from deoldify_lite.evaluation.photos.measure import measure, read_labels
    from deoldify_lite.evaluation.photos.page import as_page
    from deoldify_lite.evaluation.photos.pairs import find_pairs
    from deoldify_lite.evaluation.photos.table import as_json, as_text, rows

    names = column_names(args.results)
    pairing = find_pairs(args.results, args.truth)
    labels = read_labels(args.labels) if args.labels else None
    if labels is not None and not any(pair.name in labels for pair in pairing.pairs):
        raise InputError(f"{args.labels}: labels no picture of {args.truth}, such as {pairing.pairs[0].name}")
    judges = load_judges(
        feature_net=args.feature_net, classifier=args.classifier, fetch=args.fetch, device=args.device
    )
    with logging_redirect_tqdm():
        warn_of_unpaired(pairing, "picture")
        with tqdm(total=len(pairing.pairs), unit="picture", disable=args.quiet) as bar:

            def on_picture(pair: "Pair", problem: str) -> None:
                bar.update()
                if problem:
                    log.error("%s", problem)

            measured = measure(pairing.pairs, names, judges=judges, labels=labels, on_picture=on_picture)
    feature_network = judges.feature_network.name if judges.feature_network else ""
    table = rows(measured, feature_network=feature_network, unavailable=judges.unavailable)
    announce(as_text(table, measured), args.json, args.html)
    if args.json:
        own = {
            "truth": str(args.truth),
            "feature_net": feature_network or None,
            "classifier": str(args.classifier) if args.classifier else None,
            "labels": str(args.labels) if args.labels else None,
        }
        settings = settings_of(names, args.results, pairing, own)
        write_json(args.json, as_json(table, measured, settings))
    if args.html:
        write_text(args.html, as_page(table, measured))
    return 1 if measured.problems or pairing.missing else 0


def evaluate_films(args: argparse.Namespace) -> int:
    """Evaluate films, or folders of films; 1 if a film was left out."""
    from deoldify_lite.evaluation.films.flow import FLOWS
    from deoldify_lite.evaluation.films.measure import measure_film
    from deoldify_lite.evaluation.films.pairs import film_columns, find_film_pairs
    from deoldify_lite.evaluation.films.plot import SUFFIXES, check_plotting, draw_films
    from deoldify_lite.evaluation.films.table import film_rows, films_as_json, films_as_text
    from deoldify_lite.evaluation.pairs import TRUTH

    if args.plot:
        if is_regular(args.plot) and args.plot.suffix.lower() not in SUFFIXES:
            raise OptionError(f"--plot {args.plot}: its suffix must be one of {', '.join(SUFFIXES)}")
        check_plotting()
    names = film_columns(args.results)
    pairing = find_film_pairs(args.results, args.truth)
    flow = args.flow or next(iter(FLOWS))
    measured, films, problems = [], [], []
    with logging_redirect_tqdm():
        warn_of_unpaired(pairing, "film")
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
    announce(films_as_text(table, films), args.json, args.plot)
    if args.json:
        own = {"source" if args.no_truth else "truth": str(args.truth), "flow": flow}
        settings = settings_of(names, args.results, pairing, own)
        write_json(args.json, films_as_json(table, films, measured, settings, problems), indent=None)
    if args.plot:
        with writing_to(args.plot) as part:
            draw_films(films, measured, part)
    return 1 if problems or pairing.missing else 0


def warn_of_unpaired(pairing: Pairing, kind: str) -> None:
    """Warn of the first pictures or films without a partner, and of how many more there are."""
    extra = tuple(f"{path}: there is no true {kind} for it" for path in pairing.extra)
    for lines in (pairing.missing, extra):
        for line in lines[:NAMED]:
            log.warning("%s", line)
        if len(lines) > NAMED:
            log.warning("and %d more like it; --json names all", len(lines) - NAMED)


def settings_of(
    names: Sequence[str], results: Sequence[Path], pairing: Pairing, own: dict[str, Any]
) -> dict[str, Any]:
    """What a run was asked for, and what has no partner, as plain data."""
    return {
        "results": {name: str(path) for name, path in zip(names, results, strict=True)},
        **own,
        "missing": list(pairing.missing),
        "extra": list(pairing.extra),
    }
