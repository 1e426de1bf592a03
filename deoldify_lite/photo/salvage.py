"""What is left of damaged photos: decoded as far as it goes. What is missing stays blank, and is told of."""

from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np

from deoldify_lite.photo.limits import check_size, without_pillows_limit
from deoldify_lite.photo.photo import Decoded
from deoldify_lite.photo.samples import Samples
from deoldify_lite.system.library_warnings import Warn

_NOTHING = "nothing of its picture can be read"


def load_as_far_as_it_goes(image: Any, warn: Warn) -> None:
    """Decode an image that Pillow has opened, up to its damage; the rows below stay black.

    Raises:
        ValueError: nothing of it can be read.
    """
    with without_pillows_limit(), suppress(Exception):
        image.load()
    if image._im is None:
        raise ValueError(_NOTHING)
    image.tile = []  # or each look at the image would decode it again
    box = image.getbbox(alpha_only=False)
    if box is None:
        raise ValueError(_NOTHING)
    warn(damage_of(box[3], image.height))


def damage_of(rows: int, height: int) -> str:
    """Return a warning for a picture of which the upper rows could be read."""
    if 0 < rows < height:
        return f"is damaged: only the upper {rows} of its {height} rows could be read"
    return "is damaged: parts of its picture may be missing, or coarse"


def segments_as_far_as_they_go(page: Any, file: BinaryIO, warn: Warn) -> Samples:
    """Decode the strips or tiles of a page of tifffile that can be decoded; the others stay black.

    Returns:
        Samples in the shape of `page.asarray()`.

    Raises:
        ValueError: nothing of it can be read.
    """
    result = np.zeros(page.shaped, page.dtype)
    good = 0
    for index, (offset, size) in enumerate(zip(page.dataoffsets, page.databytecounts, strict=False)):
        file.seek(offset)
        data = file.read(size)
        if page.compression == 1:
            data = data.ljust(size, b"\0") if data else data
        with suppress(Exception):
            segment, (s, d, h, w, _), shape = page.decode(data, index, jpegtables=page.jpegtables)
            if data and segment is not None:
                depth, height, width = shape[0], shape[1], shape[2]
                part = result[s, d : d + depth, h : h + height, w : w + width]
                part[...] = segment[: part.shape[0], : part.shape[1], : part.shape[2]]
                good += 1
    if not good or not result.any():
        raise ValueError(_NOTHING)
    warn(f"is damaged: {len(page.dataoffsets) - good} of its {len(page.dataoffsets)} parts could not be read")
    return result.reshape(page.shape)


def pixels_alone(path: Path, file: BinaryIO, format: str, warn: Warn) -> Decoded:
    """Decode the pixels of an open file with OpenCV, which reads on where others stop, without metadata.

    Raises:
        InputError: it is too large.
        ValueError: nothing of it can be read.
    """
    file.seek(0)
    flags = cv2.IMREAD_UNCHANGED | cv2.IMREAD_IGNORE_ORIENTATION
    pixels = cv2.imdecode(np.frombuffer(file.read(), np.uint8), flags)
    if pixels is None or pixels.dtype not in (np.uint8, np.uint16) or pixels.min() == pixels.max():
        raise ValueError(_NOTHING)
    check_size(path, pixels.shape[1], pixels.shape[0])
    samples = pixels.reshape(*pixels.shape[:2], -1)
    if samples.shape[2] >= 3:
        samples = np.dstack([samples[..., 2::-1], samples[..., 3:]])
    warn("is damaged: only its pixels could be read, and maybe not all of them; its metadata are lost")
    return Decoded(format, samples)
