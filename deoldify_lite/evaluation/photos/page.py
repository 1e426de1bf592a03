"""The run as one page of HTML: the table, and the best and worst pictures beside the truth.

Everything is inside the file, so that it can be mailed and opened anywhere: thumbnails of THUMBNAIL_PX are
some 10 kB each, a page a few megabytes, however many pictures were measured.
"""

import html
import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import Picture, fit_size, resize
from deoldify_lite.errors import InputError
from deoldify_lite.evaluation.columns import as_figure
from deoldify_lite.evaluation.pairs import GREY, TRUTH
from deoldify_lite.evaluation.photos.measure import Measured, grey_picture, read_pairs, tensor_of
from deoldify_lite.evaluation.photos.table import Row
from deoldify_lite.photo.samples import to_depth
from deoldify_lite.photo.thumbnail import jpeg_uri

EXTREMES = 20  # pictures at each end
THUMBNAIL_PX = 256  # longest side
# JPEG with whole chroma, and not WebP, whose lossy pictures halve the chroma's size: colour is the point.
THUMBNAIL_QUALITY = 85


@dataclass(frozen=True)
class Ranking:
    """An order of the pictures, best first."""

    name: str
    column: str  # the folder of results that is judged
    order: NDArray[np.int64]  # numbers of pictures
    values: NDArray[np.float64]  # what is told of each picture, by its number

    def extremes(self) -> tuple[list[int], list[int]]:
        """The worst pictures, worst first, and the best, best first; none is in both."""
        count = min(EXTREMES, len(self.order) // 2) if len(self.order) > 1 else 1
        best = [int(number) for number in self.order[:count]]
        return [int(n) for n in self.order[::-1][:count] if int(n) not in best], best


def rankings(measured: Measured) -> list[Ranking]:
    """The orders that the page offers, PSNR gain first, for every folder of results."""
    scores = measured.scores
    found = []
    for column in measured.results:
        offered = [
            ("PSNR gain, dB", scores["psnr", column] - scores["psnr", GREY], 1),
            ("SSIM", scores["ssim", column], 1),
            ("Lab a,b error", scores["lab_error", column], -1),
            ("CF difference", scores["cf", column] - scores["cf", TRUTH], 0),
        ]
        if ("lpips", column) in scores:
            offered.append(("LPIPS", scores["lpips", column], -1))
        for name, values, better in offered:
            goodness = better * values if better else -np.abs(values)
            found.append(Ranking(name, column, np.argsort(-goodness, kind="stable"), values))
    return found


def thumbnail(picture: Picture) -> str:
    """A small JPEG of a picture as a data URI: (H, W, 3) uint8 or uint16."""
    small = to_depth(resize(picture, fit_size(picture.shape, THUMBNAIL_PX)), np.uint8)
    return jpeg_uri(small, quality=THUMBNAIL_QUALITY, whole_chroma=True)


def thumbnails(measured: Measured, numbers: Sequence[int]) -> dict[int, list[str]]:
    """Thumbnails of some pictures, read again: number -> grey, each result, truth."""
    found = {}
    reading = read_pairs([measured.pairs[number] for number in numbers])
    for number, (_, pictures) in zip(numbers, reading, strict=True):
        if isinstance(pictures, InputError):  # gone since it was measured
            found[number] = [""] * len(measured.columns)
            continue
        grey = grey_picture(tensor_of(pictures[-1]))
        found[number] = [thumbnail(picture) for picture in (grey, *pictures)]
    return found


def as_page(table: Sequence[Row], measured: Measured) -> str:
    """The page, self-contained; it reads the pictures that it shows once more."""
    orders = rankings(measured)
    extremes = [ranking.extremes() for ranking in orders]
    shown = sorted({number for worst, best in extremes for number in worst + best})
    small = thumbnails(measured, shown)
    data = {
        "columns": measured.columns,
        "pictures": {n: {"name": measured.pairs[n].name, "thumbnails": small[n]} for n in shown},
        "rankings": [
            {
                "name": f"{ranking.name}, {ranking.column}",
                "worst": [[n, f"{ranking.values[n]:.3g}"] for n in worst],
                "best": [[n, f"{ranking.values[n]:.3g}"] for n in best],
            }
            for ranking, (worst, best) in zip(orders, extremes, strict=True)
        ],
    }
    # "</" would end the script, whatever a file's name is.
    text = json.dumps(data, ensure_ascii=True).replace("</", "<\\/")
    notes = [f"{row.name}: n/a: {row.unavailable}" for row in table if row.unavailable]
    notes += measured.problems
    return (
        PAGE.replace("@TITLE@", html.escape(" and ".join(measured.results) + " beside the truth"))
        .replace("@COUNT@", str(len(measured.pairs)))
        .replace("@TABLE@", _table(table, measured))
        .replace("@NOTES@", "".join(f"<li>{html.escape(note)}</li>" for note in notes))
        .replace("@DATA@", text)
    )


def _table(table: Sequence[Row], measured: Measured) -> str:
    head = "".join(f"<th>{html.escape(column)}</th>" for column in ("", *measured.columns))
    lines = []
    for row in table:
        cells = []
        for column in measured.columns:
            figure = row.cells.get(column)
            text = "n/a" if row.unavailable else "-" if figure is None else as_figure(figure, row.decimals)
            if difference := row.differences.get(column):
                text += f"<br><small>{as_figure(difference, row.decimals, '+')}</small>"
            cells.append(f"<td>{text}</td>")
        name = f'<th title="{html.escape(row.about)}">{html.escape(row.name)}</th>'
        lines.append(f"<tr>{name}{''.join(cells)}</tr>")
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table>"


PAGE = """<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>@TITLE@</title>
<style>
  body { font: 15px/1.4 system-ui, sans-serif; margin: 2em; background: #fff; color: #222; }
  table { border-collapse: collapse; }
  th, td { padding: .3em .8em; border-bottom: 1px solid #ddd; text-align: right; }
  tbody th { text-align: left; font-weight: normal; }
  small { color: #666; }
  .row { display: flex; flex-wrap: wrap; gap: 6px; margin: 0 0 1em; align-items: flex-end; }
  figure { margin: 0; } figcaption { font-size: 12px; color: #666; }
  img { display: block; max-width: 256px; }
</style>
<h1>@TITLE@</h1>
<p>@COUNT@ pictures. Means, ± half of the 95 % bootstrap interval over pictures; small: difference from the
first folder of results, paired.</p>
@TABLE@
<ul>@NOTES@</ul>
<p><label>Order by <select id="order"></select></label></p>
<h2>Worst</h2><div id="worst"></div>
<h2>Best</h2><div id="best"></div>
<script type="application/json" id="data">@DATA@</script>
<script>
  const data = JSON.parse(document.getElementById("data").textContent);
  const order = document.getElementById("order");
  function element(name, text) {
    const made = document.createElement(name);
    if (text) made.textContent = text;
    return made;
  }
  function show() {
    const ranking = data.rankings[order.value];
    for (const end of ["worst", "best"]) {
      document.getElementById(end).replaceChildren(...ranking[end].map(([number, value]) => {
        const picture = data.pictures[number];
        const row = element("div");
        row.className = "row";
        picture.thumbnails.forEach((source, i) => {
          const figure = element("figure"), image = element("img");
          image.src = source;
          image.alt = data.columns[i];
          figure.append(image, element("figcaption", data.columns[i]));
          row.append(figure);
        });
        const whole = element("section");
        whole.append(element("div", picture.name + ": " + value), row);
        return whole;
      }));
    }
  }
  data.rankings.forEach((ranking, i) => {
    const option = element("option", ranking.name);
    option.value = i;
    order.append(option);
  });
  order.addEventListener("change", show);
  show();
</script>
</html>
"""
