#!/usr/bin/env python3
"""Draw the curve of a training run, curve.jsonl, as an SVG: a panel for each quantity, over minutes."""

import argparse
import json
from pathlib import Path

WIDTH, PANEL, MARGIN, GAP = 760, 120, 56, 36
PANELS = (  # title, and how it is read off a line
    ("pixel loss", lambda row: row.get("pixel")),
    ("feature loss", lambda row: row.get("feature")),
    (
        "validation: PSNR over grey, dB",
        lambda row: row["psnr"] - row["psnr_grey"] if "psnr_grey" in row else None,
    ),
    (
        "validation: colourfulness, share of the truth's",
        lambda row: row["colorfulness"] / row["colorfulness_truth"] if "psnr_grey" in row else None,
    ),
)


def panel(title: str, points: list[tuple[float, float]], top: float, end: float) -> list[str]:
    """One line chart with its own scale, as SVG elements."""
    values = [value for _, value in points]
    low, high = min(values), max(values)
    span = (high - low) or 1.0

    def place(minutes: float, value: float) -> str:
        x = MARGIN + (WIDTH - 2 * MARGIN) * minutes / end
        return f"{x:.1f},{top + PANEL - PANEL * (value - low) / span:.1f}"

    line = " ".join(place(*point) for point in points)
    return [
        f'<text x="{MARGIN}" y="{top - 8}">{title}</text>',
        f'<rect x="{MARGIN}" y="{top}" width="{WIDTH - 2 * MARGIN}" height="{PANEL}" class="frame"/>',
        f'<text x="{MARGIN - 6}" y="{top + 10}" text-anchor="end">{high:.3g}</text>',
        f'<text x="{MARGIN - 6}" y="{top + PANEL}" text-anchor="end">{low:.3g}</text>',
        f'<polyline points="{line}"/>',
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("curve", type=Path)
    parser.add_argument("svg", type=Path)
    args = parser.parse_args()
    rows = [json.loads(line) for line in args.curve.read_text().splitlines()]
    end = max(row["minutes"] for row in rows)
    height = len(PANELS) * (PANEL + GAP) + GAP
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif" '
        'font-size="12">',
        "<style>.frame{fill:#fff;stroke:#999} polyline{fill:none;stroke:#06c;stroke-width:1.5}</style>",
    ]
    for i, (title, read) in enumerate(PANELS):
        points = [(row["minutes"], value) for row in rows if (value := read(row)) is not None]
        if points:
            parts += panel(title, points, GAP + i * (PANEL + GAP), end)
    parts.append(
        f'<text x="{WIDTH - MARGIN}" y="{height - 16}" text-anchor="end">{end:.0f} minutes, '
        f"{rows[-1]['step']} steps</text></svg>"
    )
    args.svg.write_text("\n".join(parts) + "\n")


if __name__ == "__main__":
    main()
