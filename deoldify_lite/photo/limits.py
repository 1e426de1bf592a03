"""How large a picture may be; checked before any of it is decoded."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from PIL import Image
from PIL import PngImagePlugin as png

from deoldify_lite.errors import InputError
from deoldify_lite.system.limits import read_limit

# Side of the largest square scan that is read. Without a limit a small file could claim all memory there is.
MAX_SIDE_PX = int(read_limit("DEOLDIFY_LITE_MAX_SIDE", 20_000))
# A profile, or all texts of a PNG, unpacked. Pillow takes 1 MB, which profiles of printers and XMP exceed.
MAX_TEXT_BYTES = 1 << 26
# Of a progressive JPEG: encoders make about ten, and decoders go over a thousand million pixels a second.
_USUAL_SCANS, _MOST_SCANNED = 64, 20_000_000_000
_lock = threading.Lock()
_inside = 0
_users_limits: tuple[int | None, int, int]


def check_size(path: Path, width: int, height: int) -> None:
    """Refuse a picture without pixels or with too many.

    Raises:
        ValueError: it has none.
        InputError: it has more than MAX_SIDE_PX squared.
    """
    if width < 1 or height < 1:
        raise ValueError("it has no pixels")
    if width * height > MAX_SIDE_PX**2:
        raise InputError(
            f"{path}: {width} x {height} pixels; the limit is {MAX_SIDE_PX} x {MAX_SIDE_PX}. Make it "
            "smaller, or set DEOLDIFY_LITE_MAX_SIDE to a longer side"
        )


def check_scans(path: Path, file: BinaryIO, pixels: int) -> None:
    """Refuse an open progressive JPEG whose scans, each of which goes over all pixels, take minutes.

    Raises:
        InputError: it has so many.
    """
    file.seek(0)
    scans = file.read().count(b"\xff\xda")
    if scans > _USUAL_SCANS and scans * pixels > _MOST_SCANNED:
        raise InputError(
            f"{path}: a progressive JPEG of {scans} scans, which would take minutes to decode: open it in an "
            "image editor and save it again"
        )


@contextmanager
def without_pillows_limit() -> Iterator[None]:
    """Let Pillow read what `check_size` allows, and metadata of MAX_TEXT_BYTES.

    Pillow's own limits are global: they are off while any thread is inside, and then as the user set them.
    """
    global _inside, _users_limits
    with _lock:
        if not _inside:
            _users_limits = Image.MAX_IMAGE_PIXELS, png.MAX_TEXT_CHUNK, png.MAX_TEXT_MEMORY
            Image.MAX_IMAGE_PIXELS, png.MAX_TEXT_CHUNK, png.MAX_TEXT_MEMORY = (
                None,
                MAX_TEXT_BYTES,
                MAX_TEXT_BYTES,
            )
        _inside += 1
    try:
        yield
    finally:
        with _lock:
            _inside -= 1
            if not _inside:
                Image.MAX_IMAGE_PIXELS, png.MAX_TEXT_CHUNK, png.MAX_TEXT_MEMORY = _users_limits


def open_image(file: BinaryIO, formats: tuple[str, ...]) -> Image.Image:
    """Read a header with Pillow, of any size."""
    with without_pillows_limit():
        return Image.open(file, formats=formats)
