"""Photoshop files: the flattened picture in them, which Pillow decodes, and the metadata beside it."""

import struct
from pathlib import Path
from typing import Any, BinaryIO

from PIL import Image

from deoldify_lite.errors import InputError
from deoldify_lite.photo.iptc import iptc_of_resources, other_resources
from deoldify_lite.photo.limits import check_size
from deoldify_lite.system.library_warnings import Warn

# Numbers of image resources.
_RESOLUTION, _VERSION, _EXIF, _XMP = 1005, 1057, 1058, 1060
# Colour modes in the header, and how many channels are colours.
_RGB, _MULTICHANNEL = 3, 7
_COLORS = {0: 1, 1: 1, 2: 1, _RGB: 3, 4: 4, 8: 1, 9: 3}
_MOST_CHANNELS = 56
_REMEDY = "open it in Photoshop or GIMP and save it as TIFF"


def check_psd(path: Path, file: BinaryIO, warn: Warn) -> None:
    """Refuse or warn of what Pillow cannot read of an open Photoshop file, by its header.

    Raises:
        InputError: it has more than 8 bits, is of the large kind, or too large.
        ValueError: its header is damaged.
    """
    file.seek(0)
    _, version, channels, height, width, bits, mode = struct.unpack(">4sH6xHIIHH", file.read(26))
    if not 1 <= channels <= _MOST_CHANNELS:
        raise ValueError(f"it claims to have {channels} channels")
    check_size(path, width, height)  # before Pillow reads a number for each row
    if version != 1:
        raise InputError(f"{path}: a large Photoshop file (PSB), which is not read: {_REMEDY}")
    if bits > 8:
        raise InputError(f"{path}: a Photoshop file of {bits} bits, of which only 8 are read: {_REMEDY}")
    if mode == _MULTICHANNEL:
        raise InputError(f"{path}: a Photoshop file of separate inks (multichannel): {_REMEDY}")
    is_rgba = mode == _RGB and channels == 4  # the only fourth channel that Pillow reads
    if channels > _COLORS.get(mode, channels) + is_rgba:
        warn("has more channels than its colours, such as saved selections; they are left out")


def psd_metadata(path: Path, file: BinaryIO, image: Any, warn: Warn) -> dict[str, Any]:
    """Return the metadata of an open Photoshop file that Pillow has opened, named as in `info`.

    Raises:
        InputError: it holds no flattened picture.
    """
    resources = {number: data for number, _, data in reversed(image.resources)}  # the first of each counts
    if resources.get(_VERSION, b"\0\0\0\1\1")[4:5] == b"\0":
        raise InputError(
            f"{path}: holds layers only, without the flattened picture: save it in Photoshop with Maximize "
            "Compatibility, or as TIFF"
        )
    if image._layers_position is not None:
        warn("its layers are left out; the result has the flattened picture")
    found = {"exif": resources.get(_EXIF), "xmp": resources.get(_XMP), "iptc": iptc_of_resources(resources)}
    resolution = resources.get(_RESOLUTION, b"")
    if len(resolution) >= 16:  # fixed point, always by the inch
        across, down = struct.unpack_from(">I4xI", resolution)
        found["dpi"] = (across / 65_536, down / 65_536)
    found["resources"] = other_resources(_resources(file), is_turned=False, warn=warn)
    return {name: value for name, value in found.items() if value}


def _resources(file: BinaryIO) -> bytes:
    """Read the image resources of an open Photoshop file as they are; a table of colours comes before."""
    file.seek(26)
    for _ in range(2):
        section = file.read(int.from_bytes(file.read(4), "big"))
    return section


def without_selection(image: Any, file: BinaryIO, warn: Warn) -> Image.Image:
    """Return the loaded picture without its fourth channel, if that is a selection and no transparency.

    It is transparency where the number of layers is negative.
    """
    if image.mode != "RGBA":
        return image
    if image._layers_position is not None:
        file.seek(image._layers_position)
        (count,) = struct.unpack(">h", file.read(2))
        if count < 0:
            return image
    warn("its saved selection (alpha channel) is left out")
    return image.convert("RGB")
