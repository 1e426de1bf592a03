"""Figures as text, in columns for a terminal."""

from collections.abc import Sequence

from deoldify_lite.evaluation.bootstrap import Estimate


def as_figure(figure: Estimate, decimals: int, sign: str = "") -> str:
    """Such as `23.57 ± 0.33`; `sign` "+" also marks what is above zero."""
    value = f"{figure.value:{sign}.{decimals}f}"
    return value if figure.margin is None else f"{value} ± {figure.margin:.{decimals}f}"


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Lines of equally many cells as columns, the first to the left and the others to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            [line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:], strict=True))]
        )
        for line in lines
    )
