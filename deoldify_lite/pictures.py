"""Colorizes pictures in memory, in the usual forms: arrays and Pillow images."""

import functools
import logging
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar, overload

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from deoldify_lite.api import load_colorizer
from deoldify_lite.color.grey import is_grey
from deoldify_lite.errors import InputError
from deoldify_lite.photo.claims import true_xmp
from deoldify_lite.photo.exif import ORIENTATION, exif_of_tiff
from deoldify_lite.photo.profiles import grey_to_srgb, image_to_srgb
from deoldify_lite.photo.samples import Samples, rgb_of_grey, turn_upright
from deoldify_lite.photo.xmp import with_mark
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.render.given import color_picture, take_colors, with_given

log = logging.getLogger(__name__)

Sample = TypeVar("Sample", bound=np.generic)

# EXIF orientations that turn by a quarter; all others undo themselves.
_UNDONE_BY = {6: 8, 8: 6}
# Keys of an image's info that describe the old pixels.
_OF_OLD_PIXELS = ("transparency", "background", "palette")


@overload
def colorize(
    picture: Image.Image,
    *,
    mode: str = ...,
    colorizer: Colorizer | None = ...,
    colors_from: Image.Image | NDArray[Any] | None = ...,
    mark: bool = ...,
) -> Image.Image: ...


@overload
def colorize(
    picture: NDArray[Sample],
    *,
    mode: str = ...,
    colorizer: Colorizer | None = ...,
    colors_from: Image.Image | NDArray[Any] | None = ...,
    mark: bool = ...,
) -> NDArray[Sample]: ...


def colorize(
    picture: Image.Image | NDArray[Any],
    *,
    mode: str = "artistic",
    colorizer: Colorizer | None = None,
    colors_from: Image.Image | NDArray[Any] | None = None,
    mark: bool = True,
) -> Image.Image | NDArray[Any]:
    """Colorize one picture in memory; the picture itself is not changed.

        picture = colorize(picture)  # the network of a mode is loaded once and kept

    Its luma stays as it is, and so does an alpha channel.

    Args:
        picture: (H, W), (H, W, 1), (H, W, 3) RGB or (H, W, 4) RGBA array, uint8 or uint16; or a Pillow image
            of 8 bits.
        mode: artistic, stable or video, with our weights and the fastest device that is there.
        colorizer: what `load_colorizer` gave, for all other choices; `mode` is ignored then.
        colors_from: another version of the picture in colour, of either kind and any size. Its colours are
            taken as far as it shows the same, those of a layer exactly; the rest are the network's.
        mark: of a Pillow image, say in its XMP that the colours are made by AI. Pillow writes XMP and EXIF
            only if asked: `image.save(path, xmp=image.info["xmp"], exif=image.getexif())`.

    Returns:
        The picture in colour: an array of the same depth, (H, W, 3), or (H, W, 4) with alpha; or a Pillow
        image, RGB, or RGBA if it had any transparency, with its EXIF, profile and other info. An image that
        its EXIF turns is coloured as its viewer sees it, and returned turned as it was.

    Raises:
        InputError: it is neither, is empty, or has samples of another kind; or the other version does not
            show the same.
        OptionError: there is no such mode.
        WeightsError: the weights are missing, or not what they should be.
        RenderError: the network failed, for instance for want of memory.
    """
    if not isinstance(picture, Image.Image | np.ndarray):
        raise InputError(
            f"a {type(picture).__name__} is not a picture: give an array or a Pillow image; for files there "
            "are colorize_folder and colorize_video"
        )
    other = None if colors_from is None else _upright(colors_from)
    if isinstance(picture, np.ndarray):
        check_array(picture)
        return _colorize_samples(picture, colorizer or kept_colorizer(mode), other)
    samples = _colorize_image(picture, colorizer or kept_colorizer(mode), other)
    return _image_like(picture, samples, mark=mark)


def check_array(picture: NDArray[Any]) -> None:
    """Check that an array is a picture.

    Raises:
        InputError: it has not the shape or the samples of one; see `colorize`.
    """
    if picture.dtype.newbyteorder("=") not in (np.uint8, np.uint16):
        raise InputError(
            f"an array of {picture.dtype}: make it uint8 (0 to 255) or uint16 (0 to 65535); values from 0 to "
            "1 become these by (255 * picture).round().astype('uint8')"
        )
    if picture.ndim not in (2, 3) or (picture.ndim == 3 and picture.shape[2] not in (1, 3, 4)):
        raise InputError(f"an array of shape {picture.shape}: give (H, W), (H, W, 3) RGB or (H, W, 4) RGBA")
    if not picture.size:
        raise InputError(f"an array of shape {picture.shape} holds no pixels")


def rgb_of(picture: NDArray[Any]) -> Samples:
    """Return the (H, W, 3) RGB of an array that is a picture, in the processor's order of bytes."""
    picture = np.ascontiguousarray(picture, picture.dtype.newbyteorder("="))
    if picture.ndim == 2 or picture.shape[2] == 1:
        return rgb_of_grey(picture.reshape(*picture.shape[:2], 1))
    return np.ascontiguousarray(picture[..., :3])


@functools.cache
def kept_colorizer(mode: str) -> Colorizer:
    """Return the colorizer of a mode with its defaults; it is loaded only once."""
    return load_colorizer(mode)


def _upright(picture: Image.Image | NDArray[Any]) -> Samples:
    """Return a picture as its viewer sees it; errors as of `colorize`."""
    if isinstance(picture, np.ndarray):
        check_array(picture)
        return picture
    samples = _samples_of(picture)
    return turn_upright(samples, picture.getexif().get(ORIENTATION, 1))


def _colorize_samples(picture: NDArray[Any], colorizer: Colorizer, other: Samples | None) -> Samples:
    rgb = rgb_of(picture)
    result = colorizer.colorize(rgb) if other is None else _with_colors_of(rgb, other, colorizer)
    if is_grey(result):
        log.warning("a picture of %d x %d pixels came out grey", picture.shape[1], picture.shape[0])
    if picture.ndim == 3 and picture.shape[2] == 4:
        result = np.dstack([result, picture[..., 3].astype(result.dtype, copy=False)])
    return result.astype(picture.dtype, copy=False)


def _with_colors_of(rgb: Samples, other: Samples, colorizer: Colorizer) -> Samples:
    alpha = np.ascontiguousarray(other[..., 3]) if other.ndim == 3 and other.shape[2] == 4 else None
    try:
        given = take_colors(rgb, rgb_of(other), alpha)
    except InputError as error:
        raise InputError(f"colors_from: {error}: give another version of the same picture") from error
    if given.share == 0:
        log.warning("colors_from has no colour to give, so all colours are the network's")
    prediction = None
    if given.needs_network:
        square = colorizer.prepare(rgb)
        prediction = with_given(colorizer.predict([square])[0], square, given)
    return color_picture(rgb, prediction, given, colorizer)


def _colorize_image(image: Image.Image, colorizer: Colorizer, other: Samples | None) -> Samples:
    """Colorize an image upright, as networks know faces and skies, and turn the result back."""
    samples = _samples_of(image)  # first: Pillow turns a TIFF while it loads it
    orientation: int = image.getexif().get(ORIENTATION, 1)
    upright = _colorize_samples(turn_upright(samples, orientation), colorizer, other)
    return np.ascontiguousarray(turn_upright(upright, _UNDONE_BY.get(orientation, orientation)))


def _samples_of(image: Image.Image) -> Samples:
    """Return a Pillow image as (H, W, 1, 3 or 4) uint8; CMYK, Lab and grey are converted by their profiles.

    Raises:
        InputError: it has no pixels, or more than 8 bits.
    """
    if not image.width or not image.height:
        raise InputError(f"a Pillow image of {image.width} x {image.height} holds no pixels")
    if image.mode in ("I", "F") or image.mode.startswith("I;16"):
        raise InputError(
            f"a Pillow image of mode {image.mode}: Pillow holds no colour of more than 8 bits; give an array "
            "of uint16 instead, such as np.asarray(image) of mode I;16"
        )
    icc = image.info.get("icc_profile")
    if image.mode in ("CMYK", "LAB"):
        image = image_to_srgb(image, icc, partial(_warn, image))
    if image.mode == "La":  # Pillow converts it to nothing else
        image = image.convert("LA")
    if image.has_transparency_data:
        return np.array(image.convert("RGBA"))
    if image.mode not in ("1", "L"):
        return np.array(image.convert("RGB"))
    grey = np.array(image.convert("L"))[..., None]
    return grey_to_srgb(grey, icc, partial(_warn, image)) if icc and icc[16:20] == b"GRAY" else grey


def _warn(image: Image.Image, text: str) -> None:
    """Log a warning about an image, which has no item to keep it."""
    log.warning("%s: %s", getattr(image, "filename", "") or "image", text)


def _image_like(image: Image.Image, samples: Samples, *, mark: bool) -> Image.Image:
    """Make an image of samples, with everything of another one's info that is still true."""
    result = Image.fromarray(samples)
    result.info = {key: value for key, value in image.info.items() if key not in _OF_OLD_PIXELS}
    icc = image.info.get("icc_profile")
    if icc and icc[16:20] != b"RGB ":  # it has been applied
        del result.info["icc_profile"]
    # Pillow keeps the EXIF of a TIFF elsewhere, together with tags that describe the old pixels.
    if "exif" not in image.info and (exif := exif_of_tiff(image.getexif(), partial(_warn, image))):
        result.info["exif"] = exif
    if isinstance(xmp := image.info.get("xmp"), bytes):
        has_profile = "icc_profile" in result.info
        result.info["xmp"] = true_xmp(xmp, has_profile=has_profile, warn=partial(_warn, image))
    if mark:
        with suppress(ValueError):  # XMP that is damaged is left as it is
            result.info["xmp"] = with_mark(result.info.get("xmp"))
    return result
