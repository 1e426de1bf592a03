"""A page whose colours are predicted becomes a result, with hints, mark, watermark and comparison."""

import time
from dataclasses import replace

import numpy as np

from deoldify_lite.color.arrays import Picture, shrink
from deoldify_lite.color.grey import is_black_and_white, is_grey
from deoldify_lite.color.hinting import hint_photo
from deoldify_lite.color.layer import color_layer
from deoldify_lite.photo.io import write_photo
from deoldify_lite.photo.kinds import holds_xmp, is_fallback
from deoldify_lite.photo.photo import Photo
from deoldify_lite.photo.samples import to_depth
from deoldify_lite.photo.watermark import add_watermark
from deoldify_lite.photo.xmp import layer_packet, with_mark
from deoldify_lite.render.colorizer import Colorizer, Prediction, finds_no_color
from deoldify_lite.render.given import Given, color_picture, with_given
from deoldify_lite.run.delivery import DeliveryOf
from deoldify_lite.run.failure import failed
from deoldify_lite.run.items import HARDLY_ANY, NO_COLOR_FOUND, NO_GREYS, NO_HINTS, Item, warnings_of
from deoldify_lite.run.pages import MOST_PIXELS, Page
from deoldify_lite.run.settings import PhotoSettings
from deoldify_lite.run.task import Task


def finish(
    page: Page,
    prediction: Prediction | None,
    colorizer: Colorizer,
    settings: PhotoSettings,
    delivery: DeliveryOf,
) -> Item:
    """Give a page its colours and write it; return its outcome.

    Args:
        page: with its photo, whose pixels are written over if they can be.
        prediction: the network's for it; None if it needs none.
        colorizer: the one that predicted.
        settings: of the run.
        delivery: of the result of a photo of one page.
    """
    began = time.perf_counter()
    task, photo, paged = page.task, page.photo, page.result
    assert photo is not None
    try:
        comparison = paged.comparison(page.number) if paged else task.comparison
        before = _for_comparison(photo.rgb) if comparison else None
        # Beside a huge picture there is no room for another one.
        in_place = photo.rgb.flags.writeable
        taken = page.taken
        given = taken.given if taken else None
        if prediction is not None and page.square is not None:
            prediction = with_given(prediction, page.square, given)
        if prediction is not None and task.hints is not None and page.index == 0:
            height, width = photo.rgb.shape[:2]
            prediction = hint_photo(prediction, photo.rgb, task.hints.on(width, height))
        layer = None
        if task.is_layer or task.layer is not None:
            layer = _layer_of(photo, prediction, given, colorizer, mark=settings.mark)
        if layer is not None and task.is_layer:
            result = layer
        else:
            rgb = color_picture(photo.rgb, prediction, given, colorizer, in_place=in_place)
            result = replace(photo, rgb=rgb)
        why_grey = _why_grey(result.rgb, prediction)
        if settings.watermark:
            add_watermark(result.rgb)
        warnings = photo.warnings + (taken.warnings if taken else ())
        if task.hints is not None and page.index == 0 and given is not None and given.layer is not None:
            warnings += (NO_HINTS,)
        warnings += warnings_of(why_grey, settings.render_factor, colorizer.render_factor)
        if settings.format == "keep" and not task.is_layer and is_fallback(task.source, task.output):
            warnings += (
                f"written as {task.output.suffix}, since {task.source.suffix} cannot be written well",
            )
        if settings.mark and not task.is_layer:
            result, unmarked = _marked(result, task)
            warnings += unmarked
        if comparison is not None and before is not None:  # first, so that the result stands for all of it
            pair = side_by_side(before, _for_comparison(result.rgb))
            xmp = with_mark(None) if settings.mark else None
            lost = write_photo(Photo(task.source, pair, icc=photo.icc, xmp=xmp), comparison)
            warnings += tuple(f"before and after: {warning}" for warning in lost)
        if layer is not None and task.layer is not None:  # likewise
            if page.layers:
                warnings += page.layers.add(layer, page.number)
            else:
                deliver = delivery(task.of_layer(), colorizer.render_factor, ())
                warnings += write_photo(layer, task.layer, deliver=deliver)
        if paged:
            warnings += paged.add(result, page.number)
        else:
            extras = [comparison] if comparison else []
            warnings += write_photo(
                result,
                task.output,
                quality=settings.quality,
                effort=settings.effort,
                deliver=delivery(task, colorizer.render_factor, extras),
            )
    except Exception as error:
        return failed(task, error)
    return Item(
        task.source,
        task.output,
        "done",
        warnings=warnings,
        render_factor=colorizer.render_factor,
        seconds=page.seconds + time.perf_counter() - began,
        layer=task.layer,
        colors_from=taken.version if taken else None,
        colors_share=taken.given.share if taken else None,
    )


def _layer_of(
    photo: Photo, prediction: Prediction | None, given: Given | None, colorizer: Colorizer, *, mark: bool
) -> Photo:
    """Return the colours that a photo gets as a layer, at 16 bits."""
    # What DeOldify's networks give an 8-bit photo is as it is: their colours are not those at 16 bits.
    is_theirs = prediction is not None and prediction.dtype == np.uint8
    deep = photo.rgb if is_theirs else to_depth(photo.rgb, np.uint16)
    colored = color_picture(deep, prediction, given, colorizer, in_place=deep is not photo.rgb)
    return Photo(photo.path, color_layer(colored), icc=photo.icc, dpi=photo.dpi, xmp=layer_packet(mark=mark))


def _why_grey(result: Picture, prediction: Prediction | None) -> str:
    """Return why a result shows no colour; empty if it does, as one asks the result and not the network."""
    if not is_grey(result):
        return ""
    if prediction is not None and finds_no_color(prediction):
        return NO_COLOR_FOUND
    return NO_GREYS if is_black_and_white(result) else HARDLY_ANY


def _marked(photo: Photo, task: Task) -> tuple[Photo, tuple[str, ...]]:
    """Return the photo with the mark of AI, and a warning if it cannot be marked."""
    if not holds_xmp(task.output):
        return photo, (f"{task.output.suffix} holds no XMP, so it is not marked as coloured by AI",)
    try:
        return replace(photo, xmp=with_mark(photo.xmp)), ()
    except ValueError as error:
        return photo, (f"its XMP is kept as it is, without the mark of AI: {error}",)


def side_by_side(before: Picture, after: Picture) -> Picture:
    """Join before on the left and after on the right: (H, W, 3) twice -> (H, 2W, 3) uint8."""
    return np.concatenate([to_depth(picture, np.uint8) for picture in (before, after)], axis=1)


def _for_comparison(picture: Picture) -> Picture:
    """Return a copy in 8 bits, shrunk if the picture is huge."""
    height, width = picture.shape[:2]
    share = (MOST_PIXELS / (height * width)) ** 0.5
    if share < 1:
        picture = shrink(picture, (max(1, int(share * height)), max(1, int(share * width))))
    return picture.copy() if picture.dtype == np.uint8 else to_depth(picture, np.uint8)
