"""What a small file may cost: as much as its pixels, and no more."""

import io
import struct
import time
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from deoldify_lite.errors import InputError
from deoldify_lite.photo.io import pages_of, read_photo
from deoldify_lite.photo.tiff_pages import MOST_PIXELS
from helpers.photos import RGB8, chunk, save, smooth

# In seconds of a processor, with room for slow machines; each of these files took minutes, or all memory.
LITTLE = 5


@pytest.fixture(autouse=True)
def little_time() -> None:
    began = time.process_time()
    yield
    assert time.process_time() - began < LITTLE


def tiff(*pages: dict[int, tuple[int, int, int]], data: bytes, loop: bool = False) -> bytes:
    """A TIFF whose pages have these tags: by code the type, count, and value or place."""
    result = bytearray(b"II*\0" + struct.pack("<I", 8 + len(data)) + data)
    for number, tags in enumerate(pages, 1):
        end = len(result) + 6 + 12 * len(tags)
        following = (8 + len(data)) * loop if number == len(pages) else end
        result += struct.pack("<H", len(tags))
        result += b"".join(struct.pack("<HHII", code, *tag) for code, tag in sorted(tags.items()))
        result += struct.pack("<I", following)
    return bytes(result)


def page(side: int, length: int, **codes: int) -> dict[int, tuple[int, int, int]]:
    tags = {256: side, 257: side, 258: 8, 259: 8, 262: 1, 273: 8, 277: 1, 278: side, 279: length} | codes
    return {code: (4, 1, value) for code, value in tags.items()}


def test_pages_are_found_without_a_walk_through_all_before(tmp_path: Path) -> None:
    """Both libraries walk from page to page: a thousand pages took a thousand times a thousand steps."""
    path = tmp_path / "a.tif"
    data = zlib.compress(bytes(4))
    path.write_bytes(tiff(*[page(2, len(data))] * 3000, data=data))
    assert len(pages_of(path)[0]) == 3000

    def cost(index: int) -> float:
        began = time.process_time()
        read_photo(path, page=index)
        return time.process_time() - began

    assert min(cost(2999) for _ in range(5)) < 10 * min(cost(1) for _ in range(5))


@pytest.mark.parametrize("bigtiff", [False, True])
@pytest.mark.parametrize("compression", [None, "zlib", "lzw"])
@pytest.mark.parametrize("known", [True, False])
def test_each_page_is_its_own(tmp_path: Path, bigtiff: bool, compression: str | None, known: bool) -> None:
    pages = [Image.fromarray(smooth() // (1 + number)) for number in range(4)]
    path = tmp_path / "a.tif"
    if compression == "lzw":
        pages[0].save(path, save_all=True, append_images=pages[1:], compression="tiff_lzw", big_tiff=bigtiff)
    else:
        with tifffile.TiffWriter(path, bigtiff=bigtiff) as writer:
            for one in pages:
                writer.write(np.asarray(one), photometric="rgb", compression=compression)
    if known:
        assert [index for index, _ in pages_of(path)[0]] == [0, 1, 2, 3]
    for number, one in enumerate(pages):
        assert np.array_equal(read_photo(path, page=number).rgb, np.asarray(one))


def test_pages_that_go_in_circles(tmp_path: Path) -> None:
    data = zlib.compress(bytes(4))
    (tmp_path / "a.tif").write_bytes(tiff(*[page(2, len(data))] * 3, data=data, loop=True))
    pages, notes = pages_of(tmp_path / "a.tif")
    assert pages == [(0, 4), (1, 4), (2, 4)] and "after page 3 its pages begin again" in notes[0]


def test_pages_that_share_their_bytes(tmp_path: Path) -> None:
    side = 16_000
    data = zlib.compress(bytes(8))  # nothing of it is decoded
    (tmp_path / "a.tif").write_bytes(tiff(*[page(side, len(data))] * 300, data=data))
    pages, notes = pages_of(tmp_path / "a.tif")
    assert sum(pixels for _, pixels in pages) <= 1.1 * MOST_PIXELS
    (note,) = notes
    assert f"its pages up to {len(pages)} have" in note and "in files of their own" in note


def swollen(count: int = 4000, length: int = 60_000) -> bytes:
    """EXIF whose values are all the same bytes."""
    tags = b"".join(struct.pack("<HHII", 1000 + number, 7, length, 100) for number in range(count))
    block = b"II*\0" + struct.pack("<IH", 8, count) + tags + bytes(4)
    return block.ljust(length + 200, b"x")


def jpeg_with_exif(block: bytes) -> bytes:
    data = save_bytes("JPEG")
    parts = (b"Exif\0\0" + block[at : at + 60_000] for at in range(0, len(block), 60_000))
    segments = b"".join(b"\xff\xe1" + struct.pack(">H", 2 + len(part)) + part for part in parts)
    return data[:2] + segments + data[20:]  # without JFIF, which has the resolution otherwise


def save_bytes(format: str) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(RGB8).save(buffer, format)
    return buffer.getvalue()


def test_exif_whose_values_share_their_bytes(tmp_path: Path) -> None:
    png = save_bytes("PNG")
    files = {"a.png": png[:33] + chunk(b"eXIf", swollen()) + png[33:], "a.jpg": jpeg_with_exif(swollen())}
    for name, data in files.items():
        (tmp_path / name).write_bytes(data)
    photo = read_photo(tmp_path / "a.png")
    assert photo.exif is None and "EXIF is damaged" in photo.warnings[0]
    with pytest.raises(InputError, match=r"a\.jpg: its EXIF would take many times"):
        read_photo(tmp_path / "a.jpg")
    (tmp_path / "b.jpg").write_bytes(jpeg_with_exif(swollen(10, 100_000)))
    assert read_photo(tmp_path / "b.jpg").exif


def test_tags_of_a_tiff_that_share_their_bytes(tmp_path: Path) -> None:
    data = zlib.compress(bytes(4)).ljust(300_000, b"x")
    tags = page(2, len(data)) | {1000 + number: (7, len(data), 8) for number in range(4000)}
    (tmp_path / "a.tif").write_bytes(tiff(tags, data=data))
    with pytest.raises(InputError, match="many times the bytes of the file"):
        read_photo(tmp_path / "a.tif")


def test_a_description_of_many_comments(tmp_path: Path) -> None:
    text = "<!---->" * 1000 + "x"
    tifffile.imwrite(tmp_path / "a.tif", RGB8, photometric="rgb", description=text, metadata=None)
    assert np.array_equal(read_photo(tmp_path / "a.tif").rgb, RGB8)


@pytest.mark.parametrize("kind", [b"P5", b"P6"])
def test_a_netpbm_of_few_levels(tmp_path: Path, kind: bytes) -> None:
    channels = 1 if kind == b"P5" else 3
    pixels = np.arange(12_000_000, dtype=np.uint32) % 101
    pixels = pixels.astype(np.uint8).reshape(4000, -1, channels)
    height, width = pixels.shape[:2]
    head = b"%s\n# Oma\n%d %d\n100\n" % (kind, width, height)
    (tmp_path / "a.pnm").write_bytes(head + pixels.tobytes())
    photo = read_photo(tmp_path / "a.pnm")
    wanted = np.round(pixels * 2.55)
    assert np.array_equal(photo.rgb, np.broadcast_to(wanted, photo.rgb.shape))
    assert photo.comments == (b"Oma",) and not photo.warnings
    (tmp_path / "a.pnm").write_bytes(head + pixels[:10].tobytes())
    with pytest.raises(InputError, match="truncated"):
        read_photo(tmp_path / "a.pnm")


def test_many_small_pictures_behind_a_jpeg(tmp_path: Path) -> None:
    tiny = b"\xff\xd8\xff\xda\0\2\xff\xd9"
    (tmp_path / "a.jpg").write_bytes(save_bytes("JPEG") + 100_000 * tiny)
    (warning,) = read_photo(tmp_path / "a.jpg").warnings
    assert "a further picture (1000 times)" in warning


def progressive(side: int, scans: int) -> bytes:
    """A grey JPEG whose scans after the first few go over all blocks and change nothing."""

    def segment(marker: int, body: bytes) -> bytes:
        return b"\xff" + bytes([marker]) + struct.pack(">H", 2 + len(body)) + body

    blocks = (side // 8) ** 2
    # The tables know one symbol: a difference of zero, and an end of band of 2**14 to 2**15 - 1 blocks.
    tables = b"".join(
        segment(0xC4, bytes([kind, 1, *bytes(15), symbol])) for kind, symbol in ((0, 0), (0x10, 0xE0))
    )
    bands = "0" + "1" * 14
    bits = bands * -(-blocks // 32_767)
    bits += "1" * (-len(bits) % 8)
    band = int(bits, 2).to_bytes(len(bits) // 8, "big").replace(b"\xff", b"\xff\0")

    def scan(first: int, last: int, approximation: int, data: bytes) -> bytes:
        return segment(0xDA, bytes([1, 1, 0, first, last, approximation])) + data

    frame = segment(0xC2, struct.pack(">BHHB", 8, side, side, 1) + b"\1\x11\0")
    start = b"\xff\xd8" + segment(0xDB, b"\0" + b"\1" * 64) + frame + tables
    start += scan(0, 0, 0, bytes(-(-blocks // 8))) + scan(1, 63, 1, band)
    return start + scan(1, 63, 0x10, band) * scans + b"\xff\xd9"


def test_a_jpeg_of_thousands_of_scans(tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(progressive(4000, 2000))
    with pytest.raises(InputError, match=r"of 2002 scans.*save it again"):
        read_photo(tmp_path / "a.jpg")
    (tmp_path / "b.jpg").write_bytes(progressive(64, 2000))
    assert read_photo(tmp_path / "b.jpg").rgb.shape == (64, 64, 3)


@pytest.mark.parametrize("make", [lambda: save_bytes("JPEG"), lambda: save_bytes("PNG")])
def test_ordinary_files_are_none_of_these(tmp_path: Path, make: Callable[[], bytes]) -> None:
    (tmp_path / "a").write_bytes(make())
    assert read_photo(tmp_path / "a").warnings == ()
    assert read_photo(save(tmp_path / "b.jpg", smooth(), progressive=True)).progressive
