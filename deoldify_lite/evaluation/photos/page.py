"""The evaluation as an HTML page: the table, and the best and worst pictures with the truth.

The page is one file that can be mailed and opened anywhere. A thumbnail takes some 10 kB, and a page a few
megabytes, however many pictures were measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import Picture, fit_size, resize
from deoldify_lite.errors import InputError
from deoldify_lite.evaluation.pairs import GREY, TRUTH
from deoldify_lite.evaluation.photos.measure import Measured, grey_picture, read_pairs, tensor_of
from deoldify_lite.evaluation.photos.table import unavailable_rows
from deoldify_lite.evaluation.table import Row, as_cell, as_figure
from deoldify_lite.photo.samples import to_depth
from deoldify_lite.photo.thumbnail import jpeg_uri
from deoldify_lite.templates.environment import render

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
    values: NDArray[np.float64]  # shown with each picture, by its number

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


def thumbnails(measured: Measured, numbers: Sequence[int]) -> dict[int, list[tuple[str, str]]]:
    """Read some pictures again for thumbnails: number -> columns and pictures; none if a file has gone."""
    found: dict[int, list[tuple[str, str]]] = {}
    reading = read_pairs([measured.pairs[number] for number in numbers])
    for number, (_, pictures) in zip(numbers, reading, strict=True):
        if isinstance(pictures, InputError):
            found[number] = []
            continue
        columns = (grey_picture(tensor_of(pictures[-1])), *pictures)
        found[number] = list(zip(measured.columns, map(thumbnail, columns), strict=True))
    return found


def as_page(table: Sequence[Row], measured: Measured) -> str:
    """The page, self-contained; it reads the pictures that it shows once more."""
    orders = rankings(measured)
    extremes = [ranking.extremes() for ranking in orders]
    shown = sorted({number for worst, best in extremes for number in worst + best})
    return render(
        "evaluation.html.j2",
        generator="deoldify_lite evaluation",
        title=" and ".join(measured.results) + " compared with the truth",
        count=len(measured.pairs),
        columns=measured.columns,
        results=measured.results,
        rows=[(row, [_cell(row, column) for column in measured.columns]) for row in table],
        notes=[*unavailable_rows(table), *measured.problems],
        looks=[
            {"number": number, "name": measured.pairs[number].name, "thumbnails": pictures}
            for number, pictures in thumbnails(measured, shown).items()
        ],
        rankings=[
            {
                "name": f"{ranking.name}, {ranking.column}",
                "worst": [[number, f"{ranking.values[number]:.3g}"] for number in worst],
                "best": [[number, f"{ranking.values[number]:.3g}"] for number in best],
            }
            for ranking, (worst, best) in zip(orders, extremes, strict=True)
        ],
    )


def _cell(row: Row, column: str) -> tuple[str, str]:
    """A figure of the table, and its difference from the first folder of results, if it has one."""
    difference = row.differences.get(column)
    return (
        as_cell(row, row.cells.get(column)),
        as_figure(difference, row.decimals, "+") if difference else "",
    )
