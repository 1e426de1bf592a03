"""nameless: the kind of a photo that came without a name."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from deoldify_lite.photo.nameless import suffix_by_content
from helpers.pictures import grey_picture


@pytest.mark.parametrize(
    ("format", "suffix"),
    [
        *(("JPEG", ".jpg"), ("PNG", ".png"), ("TIFF", ".tif"), ("WEBP", ".webp"), ("BMP", ".bmp")),
        *(("GIF", ".gif"), ("AVIF", ".avif"), ("JPEG2000", ".jp2"), ("PPM", ".pnm")),
    ],
)
def test_kinds_by_content(tmp_path: Path, format: str, suffix: str) -> None:
    data = io.BytesIO()
    Image.fromarray(grey_picture(20, 30)).save(data, format)
    path = tmp_path / "stdin"
    path.write_bytes(data.getvalue())
    assert suffix_by_content(path) == suffix


@pytest.mark.parametrize("content", [b"hello", b"\xff\xd8\xff", b"II*\0\1\2\3"])
def test_what_is_not_known_has_no_suffix_that_hides_it(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "stdin"
    path.write_bytes(content)
    assert suffix_by_content(path) in ("", ".tif", ".jpg")


def test_raw_files_are_told_from_other_tiffs(tmp_path: Path) -> None:
    """A DNG by its version, others by a preview with the picture below it; a pyramid is an ordinary TIFF."""
    path = tmp_path / "stdin"
    picture = np.zeros((32, 32), np.uint8)
    tifffile.imwrite(path, picture, extratags=[(50706, "B", 4, struct.pack("4B", 1, 4, 0, 0), True)])
    assert suffix_by_content(path) == ".dng"
    for small, suffix in ((1, ".dng"), (0, ".tif")):
        with tifffile.TiffWriter(path) as writer:
            writer.write(picture, subifds=1, subfiletype=small)
            writer.write(picture)
        assert suffix_by_content(path) == suffix
