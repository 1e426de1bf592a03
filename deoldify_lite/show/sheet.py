"""The preview sheet: one picture rendered in several ways to choose from.

It has a row for each mode and a column for each render factor; the first column shows the picture before.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from deoldify_lite.color.arrays import Picture, fit_size, resize
from deoldify_lite.photo.io import write_photo
from deoldify_lite.photo.photo import Photo
from deoldify_lite.photo.thumbnail import look_of
from deoldify_lite.photo.xmp import with_mark
from deoldify_lite.render.colorizer import Colorizer, OutOfMemoryError
from deoldify_lite.system.files import Deliver

Look = NDArray[np.uint8]  # (h, w, 3) RGB, sRGB

CELL_PX = 480  # longest side of a picture on the sheet
LEAST_CELL_PX = 160  # small photos are enlarged to it
GAP_PX, LABEL_PX, FONT_PX = 10, 30, 18
PAPER, INK, SOFT = (244, 243, 239), (28, 28, 26), (120, 118, 112)


@dataclass(frozen=True, eq=False)
class Subject:
    """A picture to render in several ways."""

    full: Picture  # (H, W, 3), from which the network's square is made
    small: Picture  # (h, w, 3), the same at its size on the sheet
    before: Look  # the picture itself, as a viewer sees it
    look: Callable[[Picture], Look]  # a colorized `small` as a viewer sees it


@dataclass(frozen=True)
class Row:
    """One mode on the sheet."""

    name: str
    colorizer: Colorizer  # at its default render factor, which the sheet marks


def subject_of(photo: Photo) -> Subject:
    """Make a subject of a photo of any size and depth."""
    small = resize(photo.rgb, fit_size(photo.rgb.shape, CELL_PX, least_px=LEAST_CELL_PX))
    return Subject(photo.rgb, small, look_of(photo, small), lambda picture: look_of(photo, picture))


def draw_sheet(subject: Subject, rows: Iterable[Row], render_factors: Sequence[int], footer: str) -> Look:
    """Render a picture in all ways, and lay them out.

    Args:
        subject: the picture.
        rows: taken one by one, so that only one network is in memory at a time.
        render_factors: of the columns.
        footer: a line below.

    Returns:
        (H, W, 3) uint8 sRGB. A cell that takes too much memory stays empty, and its label says so.
    """
    height, width = subject.small.shape[:2]
    column = max(width, LEAST_CELL_PX) + GAP_PX
    band = height + LABEL_PX + GAP_PX
    bands = []
    for row in rows:
        canvas = Image.new("RGB", (GAP_PX + column * (1 + len(render_factors)), band), PAPER)
        _place(canvas, GAP_PX, subject.before, "before")
        for number, factor in enumerate(render_factors, 1):
            default = factor == row.colorizer.render_factor
            label = f"{row.name} · {factor}" + (" · default" if default else "")
            try:
                look: Look | None = _render(subject, row.colorizer.with_render_factor(factor))
            except OutOfMemoryError:
                look, label = None, f"{row.name} · {factor}: out of memory"
            _place(canvas, GAP_PX + column * number, look, label, bold=default)
        bands.append(np.asarray(canvas))
    end = Image.new("RGB", (bands[0].shape[1], LABEL_PX), PAPER)
    ImageDraw.Draw(end).text((GAP_PX, 3), footer, SOFT, ImageFont.load_default(FONT_PX))
    return np.concatenate([*bands, np.asarray(end)])


def _render(subject: Subject, colorizer: Colorizer) -> Look:
    prediction = colorizer.predict([colorizer.prepare(subject.full)])[0]
    return subject.look(colorizer.finish(subject.small, prediction))


def _place(canvas: Image.Image, left: int, look: Look | None, label: str, *, bold: bool = False) -> None:
    draw = ImageDraw.Draw(canvas)
    draw.text(
        (left, 4), label, INK if bold else SOFT, ImageFont.load_default(FONT_PX), stroke_width=0.4 * bold
    )
    if look is not None:
        canvas.paste(Image.fromarray(np.ascontiguousarray(look)), (left, LABEL_PX))


def write_sheet(sheet: Look, path: Path, source: Path, *, deliver: Deliver) -> None:
    """Write a sheet as PNG or JPEG, by its suffix, with the mark of AI in its metadata.

    Args:
        sheet: the picture.
        path: of the file.
        source: the photo or film.
        deliver: gives the finished file its name.

    Raises:
        OptionError, InputError: it cannot be written there.
    """
    write_photo(Photo(source, sheet, xmp=with_mark(None)), path, quality=92, deliver=deliver)
