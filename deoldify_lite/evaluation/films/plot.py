"""Colour over time as a picture: what flicker looks like without watching the film."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from deoldify_lite.errors import OptionError
from deoldify_lite.evaluation.films.measure import FilmFigures
from deoldify_lite.evaluation.pairs import TRUTH

SUFFIXES = (".png", ".svg", ".pdf")
# Measure, label of its axis.
PANELS = (("a", "mean a\n(green to red)"), ("b", "mean b\n(blue to yellow)"), ("cf", "colourfulness"))
TRUTH_COLOR = "0.35"
# Okabe and Ito's, which colour-blind readers can tell apart.
RESULT_COLORS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")


def check_plotting() -> None:
    """Find out before a long run whether it can be drawn.

    Raises:
        OptionError: matplotlib is not installed.
    """
    if find_spec("matplotlib") is None:
        raise OptionError(
            "a plot needs matplotlib: run: pip install matplotlib, or install deoldify_lite[evaluate]"
        )


def draw_films(films: Sequence[FilmFigures], names: Sequence[str], path: Path) -> None:
    """Draw the mean Lab a and b and the colourfulness of every frame, shots parted by upright lines.

    One film gets three panels above each other; of several, each gets a row of three.

    Args:
        films: as measured, at least one.
        names: of the films, in the same order.
        path: of the picture; its suffix names the format, and without one of SUFFIXES it is PNG.

    Raises:
        OptionError: matplotlib is not installed.
    """
    check_plotting()
    from matplotlib.figure import Figure  # which draws without a screen

    alone = len(films) == 1
    figure = Figure(
        figsize=(11, 7.5) if alone else (18, 3.2 * len(films) + 0.6), dpi=110, layout="constrained"
    )
    axes = figure.subplots(
        *((3, 1) if alone else (len(films), 3)), squeeze=False, sharex="col" if alone else "row"
    )
    for number, (film, name) in enumerate(zip(films, names, strict=True)):
        panels = axes[:, 0] if alone else axes[number]
        times = np.arange(film.frames) / (film.rate or 1)
        between = film.starts[1:]
        for axis, (measure, label) in zip(panels, PANELS, strict=True):
            for column in film.columns:
                place = film.columns.index(column) % len(RESULT_COLORS)
                truth = column == TRUTH
                # A value of NaN breaks the line at each cut.
                axis.plot(
                    np.insert(times, between, np.nan),
                    np.insert(film.series[measure, column], between, np.nan),
                    color=TRUTH_COLOR if truth else RESULT_COLORS[place],
                    linewidth=2.0 if truth else 1.2,
                    zorder=2 if truth else 3,
                    label=column,
                )
            for start in between:
                axis.axvline(times[start], color="0.6", linewidth=0.8, linestyle=(0, (4, 3)), zorder=1)
            axis.set_ylabel(label)
            axis.grid(axis="y", color="0.9")
            axis.set_axisbelow(True)
            axis.margins(x=0.01)
            axis.spines[["top", "right"]].set_visible(False)
            if measure == "cf":
                axis.set_ylim(bottom=0)
            if not alone or axis is panels[-1]:
                axis.set_xlabel("seconds" if film.rate else "frame")
        cuts = len(film.starts) - 1
        note = f"{film.frames} frames, {cuts or 'no'} cut{'s' if cuts != 1 else ''}"
        panels[0].set_title(f"{name}   ({note})", loc="left", fontsize=11, fontweight="bold")
    handles, labels = axes[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper right", ncols=len(labels), frameon=False)
    suffix = path.suffix.lower()
    figure.savefig(path, format=(suffix if suffix in SUFFIXES else SUFFIXES[0]).removeprefix("."))
