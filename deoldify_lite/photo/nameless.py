"""Photos without a name, from a pipe: the suffix that their content asks for."""

from pathlib import Path

from PIL import Image
from tifffile import TiffFile

from deoldify_lite.photo.kinds import KINDS, RAW, TIFF, kind_of

_DNG_VERSION, _SUB_IFDS, _IS_SMALL = 50706, 330, 1


def suffix_by_content(path: Path) -> str:
    """Return the usual suffix of a photo's kind, with the dot; '' for what is not recognised.

    Camera RAW files that are TIFFs are told from others by what only they have: the version of DNG, or a
    small first picture with the others below it.

    Raises:
        InputError: the file is empty.
        OSError: it cannot be opened.
    """
    with open(path, "rb") as file:
        kind = kind_of(path, file)
        if kind is TIFF:
            return (RAW if _is_raw(path) else TIFF).suffixes[0]
        if kind is None:
            try:
                with Image.open(file) as image:
                    name = image.format
            except Exception:  # of any kind: `read_photo` says what is wrong
                return ""
            kind = next((one for one in KINDS if one.name == name), None)
    return kind.suffixes[0] if kind else ""


def _is_raw(path: Path) -> bool:
    try:
        with TiffFile(path) as file:
            first = file.pages.first
            below_a_small_one = _SUB_IFDS in first.tags and first.subfiletype & _IS_SMALL
            return _DNG_VERSION in first.tags or bool(below_a_small_one)
    except Exception:
        return False
