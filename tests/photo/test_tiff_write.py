"""TIFF written: pages in their order, with all their tags, and beyond 4 GB."""

import io
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from deoldify_lite.photo.io import pages_of, read_photo, tiff_writer
from deoldify_lite.photo.photo import Photo
from deoldify_lite.photo.tiff_write import TiffWriter
from helpers.photos import NO_WARNINGS, RGB8, RGB16, RGBA16, XMP, check, exif_block, smooth
from helpers.profiles import SRGB_ICC

pytestmark = NO_WARNINGS
EXIF = exif_block(1).tobytes()[6:]


def page(rgb: np.ndarray, dpi: float, **more: object) -> Photo:
    return Photo(Path("nowhere"), rgb, dpi=(dpi, 2 * dpi), exif=EXIF, icc=SRGB_ICC, **more)


def three_pages() -> list[Photo]:
    return [
        page(RGB8, 100, xmp=XMP.replace(b'"6"', b'"1"'), iptc=b"\x1c\x02\x78\0\x09Oma, 1936"),
        page(RGB16, 200),
        page(smooth(), 300, alpha=np.full((40, 56), 9, np.uint8)),
    ]


@pytest.mark.parametrize("big", [False, True])
def test_pages_come_out_in_order_with_all_that_is_theirs(tmp_path: Path, big: bool) -> None:
    path = tmp_path / "a.tif"
    with open(path, "wb") as file:
        writer = TiffWriter(file, classic_bytes=1000 if big else 1 << 32)
        for number in (2, 0, 1):  # as threads may happen to be
            writer.add(three_pages()[number], number)
        writer.close()
    with tifffile.TiffFile(path) as tiff:
        assert tiff.is_bigtiff == big and len(tiff.pages) == 3
        assert np.array_equal(tiff.pages[1].asarray(), RGB16)
    assert [index for index, _ in pages_of(path)[0]] == [0, 1, 2]
    for number, photo in enumerate(three_pages()):
        again = read_photo(path, page=number)
        check(again, photo.rgb, photo.alpha)
        assert (again.dpi, again.icc, again.iptc) == (photo.dpi, photo.icc, photo.iptc)
        assert (again.xmp is None) == (photo.xmp is None)
        exif = Image.Exif()
        exif.load(b"Exif\0\0" + again.exif)
        assert exif[271] == "Agfa" and exif.get_ifd(0x8769)[37500] == b"maker note \x00\x01\x02"
        assert exif.get_ifd(0x8825)[1] == "N"
    image = Image.open(path, formats=("TIFF",))
    image.seek(2)
    assert np.array_equal(np.asarray(image)[..., :3], smooth())


def test_a_file_just_below_the_limit_stays_classic() -> None:
    def size_and_kind(limit: int) -> tuple[int, bytes]:
        buffer = io.BytesIO()
        writer = TiffWriter(buffer, classic_bytes=limit)
        writer.add(Photo(Path("s"), RGBA16[..., :3]))
        writer.close()
        return len(buffer.getvalue()), buffer.getvalue()[:4]

    length, kind = size_and_kind(1 << 32)
    assert kind == b"II*\0"
    assert size_and_kind(length)[1] == b"II+\0" and size_and_kind(length + 10_000)[1] == b"II*\0"


def test_nothing_is_left_of_a_writer_that_fails(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), tiff_writer(tmp_path / "s", tmp_path / "a.tif") as writer:
        writer.add(Photo(tmp_path / "s", RGB8))
        raise ZeroDivisionError
    assert not list(tmp_path.iterdir())
