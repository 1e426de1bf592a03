"""Camera RAW: developed by rawpy, which is loaded only where such a photo is met.

It is handed an open file, never a name, so that it can open no other.
"""

from pathlib import Path
from typing import BinaryIO

from PIL import Image

from deoldify_lite.photo.exif import ORIENTATION, exif_of_tiff
from deoldify_lite.photo.kinds import RAW, TIFF, load_package
from deoldify_lite.photo.limits import check_size
from deoldify_lite.photo.photo import Decoded
from deoldify_lite.system.library_warnings import Warn


def raw_size(path: Path, file: BinaryIO) -> tuple[int, int]:
    """Return width and height of an open camera RAW by its header.

    Raises:
        Exception: of any kind, if it is damaged or its package is missing.
    """
    with load_package(RAW, path).imread(file) as raw:
        return int(raw.sizes.width), int(raw.sizes.height)


def decode_raw(path: Path, file: BinaryIO, warn: Warn) -> Decoded:
    """Develop an open camera RAW: 16-bit sRGB, the camera's white balance, as bright as highlights allow."""
    rawpy = load_package(RAW, path)
    with rawpy.imread(file) as raw:
        check_size(path, raw.sizes.width, raw.sizes.height)
        samples = raw.postprocess(
            output_bps=16,
            output_color=rawpy.ColorSpace.sRGB,
            gamma=(2.4, 12.92),  # sRGB's curve
            use_camera_wb=True,
            auto_bright_thr=1e-4,  # share of pixels that may become white
        )
    file.seek(0)
    head = file.read(4)
    if head not in TIFF.magic[:2]:
        warn("of this kind of camera RAW no EXIF is read")
        return Decoded("RAW", samples)
    try:
        file.seek(0)
        tags = Image.Exif()
        tags.load_from_fp(file)
        tags.pop(ORIENTATION, None)  # the developer has turned it
        return Decoded("RAW", samples, exif=exif_of_tiff(tags, warn))
    except Exception as error:  # a RAW file's directories may be of any form
        warn(f"its EXIF cannot be read and is left out ({error})")
        return Decoded("RAW", samples)
