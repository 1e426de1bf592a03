"""The figures of films, summed up: rows of estimates, as a text and as plain data."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from deoldify_lite.evaluation.bootstrap import Bootstrap, estimate, quotient
from deoldify_lite.evaluation.films.measure import FilmFigures
from deoldify_lite.evaluation.pairs import TRUTH
from deoldify_lite.evaluation.table import Row, aligned, as_cell, as_figure, plain_cells, plain_value

# Key, name, decimals, what it is, whether its share of the truth's value means something.
MEANS = (
    ("psnr", "PSNR, dB", 2, "of RGB; higher is nearer to the truth", False),
    ("psnr_gain", "PSNR gain, dB", 2, "over the grey film", False),
    ("cf", "CF", 2, "colourfulness, Hasler and Suesstrunk", True),
    ("cdc", "CDC", 5, "Color Distribution Consistency of TCVC; lower is steadier", True),
    ("warp", "warp error", 3, "change of Lab a,b along the motion; lower is steadier", False),
    ("warp_cf", "warp error / CF", 4, "the same, of films of different colourfulness", True),
    ("flicker", "flicker", 4, "of the mean Lab a,b; lower is steadier", False),
    ("flicker_cf", "flicker / CF", 5, "the same, of films of different colourfulness", True),
)
IN_DECIBELS = ("psnr", "psnr_gain")


def film_rows(films: Sequence[FilmFigures]) -> list[Row]:
    """Sum up films that were measured with the same columns: means over films.

    Raises:
        ValueError: there is no film, or their columns differ.
    """
    if len({film.columns for film in films}) != 1:
        raise ValueError("films of the same columns are needed, at least one")
    columns = films[0].columns
    results = [column for column in columns if column != TRUTH]
    keys = dict.fromkeys(key for film in films for key in film.scores)
    boot = Bootstrap({key: np.array([film.scores[key] for film in films]) for key in keys})
    rows = []
    for key, name, decimals, about, shared in MEANS:
        draws = {c: boot.mean((key, c)) for c in columns if (key, c) in boot}
        if not draws:
            continue
        first, decibels = draws[results[0]], key in IN_DECIBELS
        others = {c: draws[c] for c in results[1:]}
        rows.append(
            Row(
                name,
                about,
                decimals,
                {c: estimate(values) for c, values in draws.items()},
                differences={c: estimate(x - first) for c, x in others.items()} if decibels else {},
                quotients={} if decibels else {c: estimate(quotient(x, first)) for c, x in others.items()},
            )
        )
        if shared and TRUTH in draws:
            shares = {c: estimate(quotient(draws[c], draws[TRUTH])) for c in results}
            rows.append(Row(f"{name}, share", "of the truth's", 3, shares))
    return rows


def films_as_text(rows: Sequence[Row], films: Sequence[FilmFigures]) -> str:
    """The table for a terminal; - where a figure makes no sense or cannot be had."""
    columns = films[0].columns
    results = [column for column in columns if column != TRUTH]
    many = len(films) > 1
    frames, shots = sum(film.frames for film in films), sum(len(film.starts) for film in films)
    head = f"{f'{len(films)} films, ' if many else ''}{frames} frames, {shots} shot{'s'[: shots != 1]}"
    lines = [[head, *columns]]
    for row in rows:
        lines.append([row.name, *(as_cell(row, row.cells.get(c)) for c in columns)])
    text = aligned(lines)
    if many:
        text += "\nMeans over films, ± half of the 95 % bootstrap interval."
    if results[1:]:
        lines = [[f"beside {results[0]}", *results[1:]]]
        for row in rows:
            if row.differences:
                lines.append([row.name, *(as_cell(row, row.differences[c], "+") for c in results[1:])])
            elif row.quotients:
                found = [row.quotients[c] for c in results[1:]]
                lines.append([row.name, *("-" if f is None else "x " + as_figure(f, 3) for f in found)])
        text += "\n\n" + aligned(lines)
    return text


def films_as_json(
    rows: Sequence[Row],
    films: Sequence[FilmFigures],
    names: Sequence[str],
    settings: Mapping[str, Any],
    problems: Sequence[str] = (),
) -> dict[str, Any]:
    """The run as plain data: settings, rows, and of every film its figures and those of every frame.

    Null stands for what is unknown. Values of frames have six digits.

    Args:
        rows: by `film_rows`.
        films: as measured.
        names: of the films, in the same order.
        settings: of the run.
        problems: what was left out, and why.
    """

    def six_digits(value: float) -> float | None:
        return float(f"{value:.6g}") if np.isfinite(value) else None

    def by_column(film: FilmFigures, figures: Mapping[tuple[str, str], Any]) -> dict[str, dict[str, Any]]:
        return {
            c: {key: value for (key, column), value in figures.items() if column == c} for c in film.columns
        }

    return {
        "settings": dict(settings),
        "columns": list(films[0].columns),
        "measures": [
            {
                "name": row.name,
                "about": row.about,
                "columns": plain_cells(row.cells),
                "times_first": plain_cells(row.quotients),
                "minus_first": plain_cells(row.differences),
            }
            for row in rows
        ],
        "problems": list(problems),
        "films": [
            {
                "name": name,
                "frames": film.frames,
                "rate": film.rate,
                "shot_starts": list(film.starts),
                "scores": by_column(film, {key: plain_value(value) for key, value in film.scores.items()}),
                "series": by_column(
                    film,
                    {key: [six_digits(value) for value in series] for key, series in film.series.items()},
                ),
            }
            for name, film in zip(names, films, strict=True)
        ],
    }
