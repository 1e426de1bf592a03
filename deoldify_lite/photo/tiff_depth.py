"""TIFFs of rare depths and codecs: brought to 16 bits a sample, or refused by their name."""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from PIL import UnidentifiedImageError

from deoldify_lite.errors import InputError
from deoldify_lite.photo.samples import Samples, stretched, strips_of
from deoldify_lite.system.library_warnings import Warn

_UNSIGNED, _SIGNED, _FLOAT, _UNDEFINED = 1, 2, 3, 4  # sample formats
_OF_PILLOW = (1, 2, 4, 8, 16)  # bits a sample
_REMEDY = "Open it in an image editor and save it as a TIFF of 8 or 16 bits, with LZW or no compression"
# How tifffile says that it needs imagecodecs: by that name, or by that of a module of newer Pythons.
_MISSING = ("imagecodecs", "compression")


def check_depth(path: Path, page: Any, *, is_plain: bool) -> None:
    """Refuse samples that are not brightness, or that no decoder here reads.

    Args:
        path: of the file, for the error message.
        page: of tifffile.
        is_plain: whether it is grey or RGB.

    Raises:
        InputError: it has such samples.
    """
    bits, format = page.bitspersample, page.sampleformat
    if format in (_UNSIGNED, _UNDEFINED):
        if bits in _OF_PILLOW or (is_plain and 8 < bits <= 32):
            return
    elif format == _FLOAT and is_plain:
        return
    raise InputError(f"{path}: a {_kind_of(page)}, which is not read. {_REMEDY}")


def at_known_depth(pixels: Samples, page: Any, warn: Warn) -> Samples:
    """Bring the samples (H, W, C) of a page to the full range of 16 bits, unless they have 8 or 16.

    Raises:
        ValueError: they are numbers outside of 0 to 1.
    """
    bits = page.bitspersample
    if page.sampleformat != _FLOAT and bits in _OF_PILLOW:
        return pixels
    if page.sampleformat != _FLOAT and bits < 16:
        return stretched(pixels, (1 << bits) - 1)
    is_float = page.sampleformat == _FLOAT
    result = np.empty(pixels.shape, np.uint16)
    for strip in strips_of(*pixels.shape[:2]):
        part = pixels[strip].astype(np.float64)
        if is_float and not (part.min() >= 0 and part.max() <= 1):
            raise ValueError(f"its {bits}-bit floating-point samples are not all within 0 to 1")
        result[strip] = np.round(part * (65_535 if is_float else 65_535 / ((1 << bits) - 1)))
    warn(f"has {bits} bits a sample, which are rounded to 16")
    return result


def refusal_of(path: Path, page: Any, error: Exception) -> Exception:
    """Return the error that says why a page cannot be read: another one if its kind is the reason."""
    if isinstance(error, ImportError) or any(word in str(error) for word in _MISSING):
        if find_spec("imagecodecs") is None:
            return InputError(
                f"{path}: to read a {_kind_of(page)} run: pip install imagecodecs   (or all of them: "
                'pip install "deoldify_lite[formats]")'
            )
    elif not isinstance(error, UnidentifiedImageError):
        return error
    return InputError(f"{path}: a {_kind_of(page)}, which is not read. {_REMEDY}")


def _kind_of(page: Any) -> str:
    sort = {_SIGNED: " signed", _FLOAT: " floating-point", 5: " complex", 6: " complex"}
    names = {"MINISBLACK": "grey", "MINISWHITE": "grey", "SEPARATED": "CMYK", "YCBCR": "YCbCr"}
    color = str(getattr(page.photometric, "name", page.photometric))
    codec = str(getattr(page.compression, "name", page.compression))
    packed = "no compression" if codec == "NONE" else f"compression {codec}"
    return (
        f"TIFF of {page.bitspersample}{sort.get(page.sampleformat, '')} bits a sample, "
        f"{names.get(color, color)}, with {packed}"
    )
