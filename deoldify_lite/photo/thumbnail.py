"""Small pictures of photos as a viewer sees them, in 8 bits and sRGB."""

import base64
import contextlib
import io
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from deoldify_lite.color.arrays import Picture, resize
from deoldify_lite.photo.exif import ORIENTATION
from deoldify_lite.photo.io import read_photo
from deoldify_lite.photo.limits import check_size, open_image
from deoldify_lite.photo.photo import Photo
from deoldify_lite.photo.samples import on_white, samples_of_image, to_depth, turn_upright
from deoldify_lite.system.library_warnings import DECODER, collected_warnings


def look_of(photo: Photo, rgb: Picture) -> NDArray[np.uint8]:
    """Convert a picture in a photo's colour space, (h, w, 3), to what a viewer sees, in 8-bit sRGB.

    Args:
        photo: its alpha lays `rgb` on white, and its profile is that of `rgb`.
        rgb: the photo's own pixels, or a smaller picture of them, such as a colorized one.
    """
    if photo.alpha is not None:
        rgb = on_white(rgb, resize(photo.alpha, rgb.shape[:2]))
    rgb = to_depth(rgb, np.uint8)
    if photo.icc is None:
        return rgb
    with contextlib.suppress(OSError, ImageCms.PyCMSError):  # damaged: then as if it were sRGB
        turned = ImageCms.profileToProfile(
            Image.fromarray(np.ascontiguousarray(rgb)),
            ImageCms.ImageCmsProfile(io.BytesIO(photo.icc)),
            ImageCms.createProfile("sRGB"),
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC,
            outputMode="RGB",
        )
        if turned is not None:
            return np.asarray(turned)
    return rgb


def read_small(path: Path, least_px: int, *, page: int = 0) -> Photo:
    """Read a photo for a small picture of it; a JPEG is decoded at a fraction of its size, much faster.

    Args:
        path: the photo.
        least_px: neither side of a reduced photo is less.
        page: as of `read_photo`.

    Returns:
        It as a viewer sees it, without metadata.

    Raises:
        InputError: as `read_photo`.
    """
    # Anything damaged or unusual is left to `read_photo`, which reads it or says what is wrong.
    with contextlib.suppress(Exception), open(path, "rb") as file, collected_warnings(DECODER) as warnings:
        image = open_image(file, ("JPEG",))
        icc = image.info.get("icc_profile")
        plain = image.mode in ("L", "RGB") and (icc is None or icc[16:20] == b"RGB ")
        if plain and min(image.size) >= 2 * least_px:
            check_size(path, *image.size)
            orientation = image.getexif().get(ORIENTATION, 1)
            image.draft(image.mode, (least_px, least_px))
            image.load()
            rgb = turn_upright(samples_of_image(image, "RGB"), orientation)
            return Photo(path, np.ascontiguousarray(rgb), icc=icc, warnings=tuple(warnings))
    return read_photo(path, page=page)


def jpeg_uri(picture: NDArray[np.uint8], *, quality: int, whole_chroma: bool = False) -> str:
    """Encode a picture, (H, W, 3) uint8, as a data URI of a JPEG.

    Args:
        picture: the picture.
        quality: 1 to 100.
        whole_chroma: keep colour at full size (4:4:4), for a third more bytes.
    """
    data = io.BytesIO()
    image = Image.fromarray(np.ascontiguousarray(picture))
    image.save(data, "JPEG", quality=quality, subsampling=0 if whole_chroma else 2)
    return "data:image/jpeg;base64," + base64.b64encode(data.getvalue()).decode()
