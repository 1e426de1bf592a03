"""The figures of a run, summed up: rows of estimates, as a text and as plain data."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.evaluation.bootstrap import Bootstrap, Draws, Estimate, estimate, quotient
from deoldify_lite.evaluation.pairs import GREY, TRUTH
from deoldify_lite.evaluation.photos.measure import Measured
from deoldify_lite.evaluation.table import Row, aligned, as_cell, plain_cells, plain_value

# Key, name, decimals, what it is. Mean over pictures; each against the truth but CF.
MEANS = (
    ("psnr", "PSNR, dB", 2, "of RGB; higher is nearer to the truth"),
    ("ssim", "SSIM", 4, "structural similarity of RGB, 1 = equal"),
    ("lpips", "LPIPS", 4, "perceptual distance by AlexNet, 0 = equal"),
    ("lab_error", "Lab a,b error", 2, "mean distance of the colours, CIE Lab, D65"),
    ("cf", "CF", 2, "colourfulness, Hasler and Suesstrunk"),
    ("cf_abs", "CF-abs", 2, "the same with absolute differences, as other papers compute it"),
)


def rows(measured: Measured, *, feature_network: str, unavailable: Mapping[str, str]) -> list[Row]:
    """Sum up a run.

    Args:
        measured: its figures.
        feature_network: name of the network of the Frechet distance, if one was asked.
        unavailable: `LPIPS` or `FID` -> why it cannot be had.
    """
    boot = Bootstrap(dict(measured.scores) | _hits(measured))
    found: list[Row] = []

    def add(name: str, decimals: int, about: str, draws: Mapping[str, Draws]) -> None:
        first = measured.results[0]
        found.append(
            Row(
                name,
                about,
                decimals,
                {column: estimate(values) for column, values in draws.items()},
                {c: estimate(draws[c] - draws[first]) for c in measured.results[1:] if first in draws},
            )
        )

    def of(key: str) -> dict[str, Draws]:
        return {c: boot.mean((key, c)) for c in measured.columns if (key, c) in boot}

    for key, name, decimals, about in MEANS:
        draws = of(key)
        if not draws:
            found.append(Row(name, about, decimals, {}, {}, unavailable.get(name, "not asked for")))
            continue
        add(name, decimals, about, draws)
        if key == "psnr":
            gains = {c: draws[c] - draws[GREY] for c in measured.results}
            add("PSNR gain, dB", 2, "over the grey picture, paired", gains)
        if key in ("cf", "cf_abs"):
            true, shown = draws[TRUTH], [c for c in draws if c != TRUTH]
            if key == "cf":
                add(f"{name} difference", 2, "from the truth's mean", {c: draws[c] - true for c in shown})
            shares = {c: quotient(draws[c], true) for c in shown}
            add(f"{name} share", 3, "of the truth's mean", shares)
    labelled = 0 if measured.labels is None else int((measured.labels >= 0).sum())
    for key, name, which, about in (
        (
            "top1",
            "top-1",
            f" of {labelled} labelled",
            "share in which the classifier finds the labelled class",
        ),
        ("agreement", "agreement", "", "share in which the classifier finds what it finds in the truth"),
    ):
        if draws := of(key):
            add(f"{name}{which}, %", 1, about, {c: 100 * draws[c] for c in draws})
            gap = np.where(draws[TRUTH] > draws[GREY], draws[TRUTH] - draws[GREY], np.nan)
            regained = {c: 100 * (draws[c] - draws[GREY]) / gap for c in measured.results}
            add(f"{name} regained, %", 1, "of what turning grey lost", regained)
    for key, name, decimals, about in (
        (
            "frechet",
            f"Frechet distance, {feature_network}",
            3,
            "of pooled features; compare it only for one number of pictures",
        ),
        ("fid", "FID", 3, "Frechet distance by the Inception network"),
        ("inception_score", "Inception score", 3, "mean of ten parts"),
    ):
        values = {c: measured.population.get((key, c)) for c in measured.columns}
        cells = {c: Estimate(value) for c, value in values.items() if value is not None}
        if cells or key != "frechet":
            found.append(Row(name, about, decimals, cells, {}, "" if cells else unavailable.get("FID", "")))
    return found


def _hits(measured: Measured) -> dict[tuple[str, str], NDArray[np.float64]]:
    """Whether the classifier is right about each picture: 1, 0, or NaN where nobody knows."""
    hits = {}
    for column, classes in measured.classes.items():
        hits["agreement", column] = (classes == measured.classes[TRUTH]).astype(np.float64)
        if measured.labels is not None:
            known = measured.labels >= 0
            hits["top1", column] = np.where(known, (classes == measured.labels).astype(np.float64), np.nan)
    return hits


def as_text(table: Sequence[Row], measured: Measured) -> str:
    """The table for a terminal; n/a where a measure could not be had, - where it makes no sense."""
    lines = [[f"{len(measured.pairs)} pictures", *measured.columns]]
    for row in table:
        lines.append([row.name, *(as_cell(row, row.cells.get(c)) for c in measured.columns)])
    text = aligned(lines)
    text += "\nMeans, ± half of the 95 % bootstrap interval over pictures."
    if len(measured.results) > 1:
        others = measured.results[1:]
        lines = [[f"minus {measured.results[0]}", *others]]
        lines += [
            [row.name, *(as_cell(row, row.differences.get(c), "+") for c in others)]
            for row in table
            if row.differences
        ]
        text += "\n\n" + aligned(lines) + "\nPaired differences, picture by picture."
    return "\n".join([text, *unavailable_rows(table)])


def unavailable_rows(table: Sequence[Row]) -> list[str]:
    """A line for each reason why rows have no figures."""
    reasons: dict[str, list[str]] = {}
    for row in table:
        if row.unavailable:
            reasons.setdefault(row.unavailable, []).append(row.name)
    return [f"{', '.join(names)}: n/a: {reason}" for reason, names in reasons.items()]


def as_json(table: Sequence[Row], measured: Measured, settings: Mapping[str, Any]) -> dict[str, Any]:
    """The run as plain data: settings, rows, and the figures of every picture; null for what is unknown."""
    pictures = []
    for i, pair in enumerate(measured.pairs):
        scores: dict[str, dict[str, float | int | None]] = {column: {} for column in measured.columns}
        for (name, column), values in measured.scores.items():
            scores[column][name] = plain_value(values[i])
        for column, classes in measured.classes.items():
            scores[column]["class"] = int(classes[i])
        pictures.append({"name": pair.name, "scores": scores})
    return {
        "settings": dict(settings),
        "columns": list(measured.columns),
        "measures": [
            {
                "name": row.name,
                "about": row.about,
                "columns": plain_cells(row.cells),
                "differences_from_first": plain_cells(row.differences),
                "unavailable": row.unavailable or None,
            }
            for row in table
        ],
        "problems": list(measured.problems),
        "pictures": pictures,
    }
