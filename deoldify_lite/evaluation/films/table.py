"""The figures of films, summed up: rows of estimates, as a text and as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from deoldify_lite.evaluation.bootstrap import Bootstrap, Draws, Estimate, estimate
from deoldify_lite.evaluation.columns import aligned, as_figure
from deoldify_lite.evaluation.films.measure import FilmFigures
from deoldify_lite.evaluation.pairs import TRUTH

Cells = Mapping[str, Estimate | None]


@dataclass(frozen=True)
class FilmRow:
    """One measure in all columns."""

    name: str
    about: str  # one line for readers who do not know the measure
    decimals: int
    cells: Cells  # column -> figure; None or missing where there can be none
    times_first: Cells  # later results -> quotient by the first, paired film by film; empty for decibels
    minus_first: Cells  # later results -> difference from the first, likewise; empty for all but decibels


# Key, name, decimals, what it is, whether its share of the truth's tells something.
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


def film_rows(films: Sequence[FilmFigures]) -> list[FilmRow]:
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
            FilmRow(
                name,
                about,
                decimals,
                {c: estimate(values) for c, values in draws.items()},
                {} if decibels else {c: estimate(_quotient(x, first)) for c, x in others.items()},
                {c: estimate(x - first) for c, x in others.items()} if decibels else {},
            )
        )
        if shared and TRUTH in draws:
            shares = {c: estimate(_quotient(draws[c], draws[TRUTH])) for c in results}
            rows.append(FilmRow(f"{name}, share", "of the truth's", 3, shares, {}, {}))
    return rows


def _quotient(above: Draws, below: Draws) -> Draws:
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(below != 0, above / below, np.nan)


def films_as_text(rows: Sequence[FilmRow], films: Sequence[FilmFigures]) -> str:
    """The table for a terminal; - where a figure makes no sense or cannot be had."""
    columns = films[0].columns
    results = [column for column in columns if column != TRUTH]
    many = len(films) > 1
    frames, shots = sum(film.frames for film in films), sum(len(film.starts) for film in films)
    head = f"{f'{len(films)} films, ' if many else ''}{frames} frames, {shots} shot{'s'[: shots != 1]}"
    lines = [[head, *columns]]
    for row in rows:
        found = [row.cells.get(column) for column in columns]
        lines.append([row.name, *("-" if f is None else as_figure(f, row.decimals) for f in found)])
    text = aligned(lines)
    if many:
        text += "\nMeans over films, ± half of the 95 % bootstrap interval."
    if results[1:]:
        lines = [[f"beside {results[0]}", *results[1:]]]
        for row in rows:
            if row.minus_first:
                found = [row.minus_first[column] for column in results[1:]]
                lines.append(
                    [row.name, *("-" if f is None else as_figure(f, row.decimals, "+") for f in found)]
                )
            elif row.times_first:
                found = [row.times_first[column] for column in results[1:]]
                lines.append([row.name, *("-" if f is None else "x " + as_figure(f, 3) for f in found)])
        text += "\n\n" + aligned(lines)
    return text


def films_as_json(
    rows: Sequence[FilmRow],
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

    def plain(cells: Cells) -> dict[str, Any]:
        return {column: None if cell is None else asdict(cell) for column, cell in cells.items()}

    def known(value: float) -> float | None:
        return float(value) if np.isfinite(value) else None

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
                "columns": plain(row.cells),
                "times_first": plain(row.times_first),
                "minus_first": plain(row.minus_first),
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
                "scores": by_column(film, {key: known(value) for key, value in film.scores.items()}),
                "series": by_column(
                    film,
                    {
                        key: [
                            None if value is None else float(f"{value:.6g}") for value in map(known, series)
                        ]
                        for key, series in film.series.items()
                    },
                ),
            }
            for name, film in zip(names, films, strict=True)
        ],
    }
