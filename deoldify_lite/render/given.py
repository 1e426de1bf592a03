"""The colours that another version of a picture gives: a layer exactly, others as far as they show the same.

Pure but for the colorizer. A version is registered to the picture (`color.alignment`). Where it is not
trusted, the network's own colour stands, pulled towards what the version has of the kind (`color.reference`).
"""

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.alignment import Laid, lay_chroma
from deoldify_lite.color.arrays import (
    Chroma,
    Picture,
    Plane,
    Square,
    box_mean,
    fit_size,
    resize,
    shrink_planes,
)
from deoldify_lite.color.bt601 import LUMA_BLUE, LUMA_GREEN, LUMA_RED
from deoldify_lite.color.grey import is_grey
from deoldify_lite.color.guided import upsample_chroma
from deoldify_lite.color.layer import is_layer as looks_like_layer
from deoldify_lite.color.layer import lay_over
from deoldify_lite.color.merge import chroma_of_rgb
from deoldify_lite.color.reference import Reference
from deoldify_lite.errors import InputError
from deoldify_lite.render.colorizer import Colorizer, Prediction

# The longer side at which chroma of another version is taken: finer chroma is led by luma.
WORKING_PX = 1280
# A layer of another shape is of another picture; half a pixel of a small one is within this.
_MOST_STRETCH = 0.02
_STRIP_ROWS = 256
# Windows from which what is not trusted is filled, as shares of the longer side; a window counts in full from
# this share of trust on, 1 / _FILL_SURE. And the variance of luma below which is not an edge.
_FILL_WINDOWS, _FILL_SURE, _GRAIN = (1 / 8, 1 / 20, 1 / 50), 4, 4e-3


@dataclass(frozen=True, eq=False)
class Given:
    """What a version gives a picture: chroma that was laid on it, or a layer of its size; or nothing."""

    share: float  # of the colour that comes from the version, in [0, 1]
    laid: Laid | None = None
    layer: Picture | None = None
    alpha: NDArray[Any] | None = None  # of the layer, (H, W); None: it is everywhere

    @property
    def needs_network(self) -> bool:
        """Whether a part of the colour is the network's."""
        return self.layer is None or self.alpha is not None


def take_colors(
    picture: Picture, other: Picture, alpha: NDArray[Any] | None = None, *, is_layer: bool = False
) -> Given:
    """Take the colours of another version of a picture.

    Args:
        picture: (H, W, 3) RGB, uint8 or uint16.
        other: (H', W', 3) RGB, uint8 or uint16, of any size.
        alpha: (H', W') of its depth: the version counts only where it covers; None: everywhere.
        is_layer: it is known to be a layer; if it is not, it may still be one by its looks.

    Returns:
        What it gives; nothing if it is grey.

    Raises:
        InputError: it does not show the same, or is a layer of another shape; without names.
    """
    if alpha is not None and alpha.min() == np.iinfo(alpha.dtype).max:
        alpha = None
    if is_layer or looks_like_layer(other):
        return _take_layer(picture, other, alpha)
    if is_grey(other):
        return Given(0.0)
    small = resize(picture, fit_size(picture.shape, WORKING_PX))
    laid = lay_chroma(_luma_of(small), other, alpha, most_px=WORKING_PX)
    if laid is None:
        raise InputError("does not show the same picture")
    return Given(float(laid.trust.mean()), laid=laid)


def color_picture(
    picture: Picture,
    prediction: Prediction | None,
    given: Given | None,
    colorizer: Colorizer,
    *,
    in_place: bool = False,
) -> Picture:
    """Join a picture's own luma with its colours: as `Colorizer.finish`, but a layer is laid over it.

    Args:
        picture: (H, W, 3) RGB, uint8 or uint16.
        prediction: as `with_given` returned it; None where a layer needs none.
        given: of a version, if there is one.
        colorizer: the one that predicted.
        in_place: write over the picture.
    """
    if given is None or given.layer is None:
        assert prediction is not None
        return colorizer.finish(picture, prediction, in_place=in_place)
    if given.alpha is None:
        return lay_over(picture, given.layer, into=picture if in_place else None)
    assert prediction is not None
    top = np.float32(np.iinfo(given.alpha.dtype).max)
    result = colorizer.finish(picture, prediction)
    laid = lay_over(picture, given.layer)
    for start in range(0, len(picture), _STRIP_ROWS):
        strip = slice(start, start + _STRIP_ROWS)
        share = given.alpha[strip, :, None].astype(np.float32) / top
        result[strip] = np.rint(laid[strip] * share + result[strip] * (1 - share))
    return result


def with_given(prediction: Prediction, square: Square, given: Given | None) -> Prediction:
    """Join a prediction with the chroma that a version gives, by its trust.

    Args:
        prediction: as `Colorizer.predict` gives it.
        square: (S, S) luma that the network saw.
        given: of a version, if there is one.

    Returns:
        Chroma in the shape of the picture where chroma was laid on it; else the prediction itself.
    """
    if given is None or given.laid is None:
        return prediction
    laid = given.laid
    if prediction.dtype == np.uint8:
        prediction = chroma_of_rgb(prediction * np.float32(1 / 255))
    own = _pulled(prediction.astype(np.float32, copy=False), square, laid)
    size = laid.trust.shape
    start = (min(own.shape[1], size[0]), min(own.shape[2], size[1]))
    luma = resize(square.astype(np.float32), size) / np.float32(255)
    own = upsample_chroma(shrink_planes(own, start), luma)
    return own + _filled(laid.chroma - own, laid.trust, luma)


def _pulled(chroma: Chroma, square: Square, laid: Laid) -> Chroma:
    """The network's chroma, pulled towards what the version has where it is trusted."""
    reference = Reference.from_chroma(chroma, square, laid.chroma, laid.trust)
    return chroma if reference is None else reference.pull(chroma, square)


def _filled(change: Chroma, trust: Plane, luma: Plane) -> Chroma:
    """Fill what is not trusted of a change, (2, h, w), from around: the wider the window, the less it counts.

    In every window the change is taken as a line over luma, as in `color.guided`.
    """
    weight = np.square(trust) + np.float32(1e-4)
    filled = np.zeros_like(change)
    for share in _FILL_WINDOWS:
        radius = max(1, round(share * max(luma.shape)))
        mean_weight = box_mean(weight, radius)
        mean_luma = box_mean(weight * luma, radius) / mean_weight
        variance = np.maximum(box_mean(weight * luma * luma, radius) / mean_weight - mean_luma * mean_luma, 0)
        sure = np.minimum(1, np.float32(_FILL_SURE) * mean_weight)
        for plane, result in zip(change, filled, strict=True):
            mean = box_mean(weight * plane, radius) / mean_weight
            slope = box_mean(weight * luma * plane, radius) / mean_weight - mean_luma * mean
            line = mean + slope / (variance + np.float32(_GRAIN)) * (luma - mean_luma)
            result += sure * (np.clip(line, plane.min(), plane.max()) - result)
    return filled + trust * (change - filled)


def _take_layer(picture: Picture, layer: Picture, alpha: NDArray[Any] | None) -> Given:
    height, width = picture.shape[:2]
    stretch = (layer.shape[1] / layer.shape[0]) / (width / height)
    if abs(stretch - 1) > _MOST_STRETCH:
        raise InputError(
            f"is a layer of {layer.shape[1]} x {layer.shape[0]} px, and the picture has {width} x {height}"
        )
    layer = resize(layer, (height, width))
    if alpha is None:
        return Given(1.0, layer=layer)
    alpha = resize(alpha, (height, width))
    return Given(float(alpha.mean() / np.iinfo(alpha.dtype).max), layer=layer, alpha=alpha)


def _luma_of(picture: Picture) -> Plane:
    weights = np.array([[LUMA_RED, LUMA_GREEN, LUMA_BLUE]], np.float32) / np.iinfo(picture.dtype).max
    return np.asarray(cv2.transform(picture.astype(np.float32), weights), np.float32).reshape(
        picture.shape[:2]
    )
