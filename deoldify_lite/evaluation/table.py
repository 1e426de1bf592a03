"""What the tables of photos and of films share: their rows, and figures as text and as plain data."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from math import isfinite

from deoldify_lite.evaluation.bootstrap import Estimate

Cells = Mapping[str, Estimate | None]


@dataclass(frozen=True)
class Row:
    """One measure in all columns."""

    name: str
    about: str  # one line for readers who do not know the measure
    decimals: int
    cells: Cells  # column -> figure; None or missing where there can be none
    differences: Cells = field(default_factory=dict)  # later results -> figure minus the first's, paired
    unavailable: str = ""  # why the whole row has no figures
    quotients: Cells = field(default_factory=dict)  # later results -> figure divided by the first's, paired


def as_figure(figure: Estimate, decimals: int, sign: str = "") -> str:
    """Such as `23.57 ± 0.33`; `sign` "+" also marks what is above zero."""
    value = f"{figure.value:{sign}.{decimals}f}"
    return value if figure.margin is None else f"{value} ± {figure.margin:.{decimals}f}"


def as_cell(row: Row, figure: Estimate | None, sign: str = "") -> str:
    """A figure of a row; n/a where the measure could not be had, - where it makes no sense."""
    if row.unavailable:
        return "n/a"
    return "-" if figure is None else as_figure(figure, row.decimals, sign)


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Lines of equally many cells as columns, the first to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            [line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))]
        )
        for line in lines
    )


def plain_cells(cells: Cells) -> dict[str, dict[str, float | None] | None]:
    """Figures with their intervals as plain data, by column; None for what is unknown."""
    return {column: None if cell is None else asdict(cell) for column, cell in cells.items()}


def plain_value(value: float) -> float | None:
    """A number as JSON can hold it: None in place of NaN."""
    return float(value) if isfinite(value) else None
