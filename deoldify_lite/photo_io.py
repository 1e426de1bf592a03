"""Photos in and out: depth, orientation, alpha, colour profile and metadata survive the trip."""

import math
import os
from pathlib import Path

from PIL import UnidentifiedImageError

from deoldify_lite.errors import DeoldifyError, InputError, OptionError
from deoldify_lite.files import atomic_path
from deoldify_lite.photo import Photo
from deoldify_lite.photo_decode import READABLE, count_pixels, decode_photo
from deoldify_lite.photo_encode import encode_photo

DEFAULT_QUALITY = 95
OUTPUT_FORMATS = ("keep", "jpg", "png", "tif", "webp")
FORMATS = {
    **dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif"), "JPEG"),
    **dict.fromkeys((".tif", ".tiff"), "TIFF"),
    **{".png": "PNG", ".webp": "WEBP", ".bmp": "BMP"},
}
FORMAT_MAX_SIDE_PX = {"JPEG": 65_500, "WEBP": 16_383}


def read_photo(path: Path) -> Photo:
    """Read a JPEG, PNG, TIFF, WebP, BMP or GIF, recognised by content; only its first page or frame.

    RGB with a profile keeps numbers and profile; grey and CMYK with a profile, and Lab, become sRGB. Depth
    stays, but for CMYK and Lab, which are read at 8 bits.

    Raises:
        InputError: it is missing, empty, truncated, damaged, too large, or no such picture.
    """
    try:
        with open(path, "rb") as file:
            return decode_photo(path, file)
    except (DeoldifyError, MemoryError):
        raise
    except UnidentifiedImageError as error:
        raise InputError(f"{path}: not a picture of a known kind ({', '.join(READABLE)})") from error
    except Exception as error:  # on damaged files, decoders raise nearly anything
        if isinstance(error, OSError) and error.strerror:
            raise InputError(f"{path}: cannot be opened: {error.strerror}") from error
        reason = str(error) or type(error).__name__
        remedy = "Open it in an image editor and save it again"
        raise InputError(f"{path}: truncated, damaged or unsupported ({reason}). {remedy}") from error


def pixels_of(path: Path) -> int:
    """Pixels of a photo by its header alone; 0 where it cannot be read, which `read_photo` will explain."""
    try:
        with open(path, "rb") as file:
            return count_pixels(file)
    except Exception:  # on damaged files, decoders raise nearly anything
        return 0


def output_suffix(path: Path, format: str) -> str:
    """Suffix of the result for the photo at `path`, known before it is read.

    Args:
        path: the source; only its name is looked at.
        format: one of OUTPUT_FORMATS. "keep" keeps the suffix as spelled, or gives ".png" where no colour
            photo can be written under it (GIF).
    """
    if format not in OUTPUT_FORMATS:
        raise OptionError(f"unknown photo format {format!r}; choose one of {', '.join(OUTPUT_FORMATS)}")
    if format != "keep":
        return f".{format}"
    return path.suffix if path.suffix.lower() in FORMATS else ".png"


def write_photo(photo: Photo, path: Path, *, quality: int | None = None) -> None:
    """Write a photo in the format of the suffix of `path`, whole or not at all.

    PNG and TIFF are lossless and keep 16 bits, the others round to 8. JPEG and BMP hold no transparency:
    it is laid on white, as print and browsers show it, with a warning.

    Args:
        quality: 1 to 100, of JPEG (always 4:4:4, since colour is what we made) and WebP; None means 95.

    Raises:
        OptionError: the suffix or the quality makes no sense, or `path` is the photo's own file.
        InputError: the photo does not fit the format, or the file cannot be written.
    """
    format = FORMATS.get(path.suffix.lower())
    if format is None:
        raise OptionError(f"{path}: no photo is written as {path.suffix!r}; choose from {', '.join(FORMATS)}")
    quality = DEFAULT_QUALITY if quality is None else quality
    if not 1 <= quality <= 100:
        raise OptionError(f"photo quality {quality} is not within 1 to 100")
    height, width = photo.rgb.shape[:2]
    if max(height, width) > FORMAT_MAX_SIDE_PX.get(format, math.inf):
        raise InputError(f"{path}: {format} cannot hold {width} x {height} pixels; choose png or tif")
    try:
        if path.exists() and photo.path.exists() and os.path.samefile(path, photo.path):
            raise OptionError(f"{path}: is the source photo itself; choose another folder or name")
        data = encode_photo(photo, format, quality, path)
        with atomic_path(path) as part:
            part.write_bytes(data)
    except OSError as error:
        raise InputError(f"{path}: cannot be written: {error.strerror or error}") from error
