"""Ways to spoil photos and films."""

import functools
import io
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tifffile

from helpers.originals import good_photos
from helpers.photos import chunk

Rng = np.random.Generator
EXTREMES = (0, 1, 2, 255, 32_767, 32_768, 65_535, 65_536, 1_000_000, 2**31 - 1, 2**31, 2**32 - 1)


def cut_off(data: bytearray, rng: Rng) -> bytearray:
    return data[: rng.integers(1, len(data))]


def flip_bits(data: bytearray, rng: Rng) -> bytearray:
    for _ in range(int(2 ** rng.uniform(0, 7))):
        data[rng.integers(len(data))] ^= 1 << rng.integers(8)
    return data


def flip_bits_in_header(data: bytearray, rng: Rng) -> bytearray:
    for _ in range(rng.integers(1, 6)):
        data[rng.integers(min(len(data), 400))] ^= 1 << rng.integers(8)
    return data


def overwrite(data: bytearray, rng: Rng) -> bytearray:
    start, length = rng.integers(len(data)), int(2 ** rng.uniform(0, 9))
    value = (b"\0", b"\xff", rng.bytes(1), b"")[rng.integers(4)]
    run = value * length if value else rng.bytes(length)
    return data[:start] + run + data[start + length :]


def leave_out(data: bytearray, rng: Rng) -> bytearray:
    start, length = rng.integers(len(data)), int(2 ** rng.uniform(0, 9))
    return data[:start] + data[start + length :] or bytearray(b"x")


def repeat(data: bytearray, rng: Rng) -> bytearray:
    start, length = rng.integers(len(data)), int(2 ** rng.uniform(0, 9))
    return (
        data[: start + length] + data[start : start + length] * rng.integers(1, 20) + data[start + length :]
    )


def lie(data: bytearray, rng: Rng) -> bytearray:
    """Put an extreme number where the header may have a size, a count or a time."""
    near_end = rng.random() < 0.3  # where mp4 and TIFF have theirs
    start = max(0, len(data) - 1500) if near_end else 0
    place = start + rng.integers(min(len(data) - start, 600))
    return _put(data, place, rng)


def _put(data: bytearray, place: int, rng: Rng) -> bytearray:
    number = EXTREMES[rng.integers(len(EXTREMES))]
    order, size = "<>"[rng.integers(2)], "HI"[rng.integers(2)]
    field = struct.pack(order + size, number & (0xFFFF if size == "H" else 0xFFFFFFFF))
    return data[:place] + field + data[place + len(field) :]


def lie_about_the_size(data: bytearray, rng: Rng) -> bytearray:
    """Another width and height, checksums made right; of a film, another number in a well-known header."""
    width, height = (int(EXTREMES[i]) for i in rng.integers(len(EXTREMES), size=2))
    if data.startswith(b"\x89PNG"):
        header = struct.pack(">II", width & 0x7FFFFFFF, height & 0x7FFFFFFF) + data[24:29]
        return data[:8] + chunk(b"IHDR", bytes(header)) + data[33:]
    short = struct.pack(">HH", height & 0xFFFF, width & 0xFFFF)
    if data.startswith(b"\xff\xd8"):
        for mark in (b"\xff\xc0", b"\xff\xc2"):
            if (at := data.find(mark)) >= 0:
                return data[: at + 5] + short + data[at + 9 :]
    if data.startswith(b"GIF8"):
        return data[:6] + short + data[10:]
    if data.startswith(b"BM"):
        return data[:18] + struct.pack("<II", width, height) + data[26:]
    places = [
        data.find(name) for name in (b"tkhd", b"mvhd", b"mdhd", b"stts", b"stsz", b"avih", b"strh", b"VP8")
    ]
    places = [at for at in places if at >= 0]
    if not places:
        return lie(data, rng)
    return _put(data, places[rng.integers(len(places))] + 4 * rng.integers(1, 20), rng)


MUTATIONS: tuple[Callable[[bytearray, Rng], bytearray], ...] = (
    cut_off,
    flip_bits,
    flip_bits_in_header,
    overwrite,
    leave_out,
    repeat,
    lie,
    lie_about_the_size,
)


@functools.cache
def bombs() -> dict[str, bytes]:
    """Small files that claim, or unfold to, far more than there is room for."""
    wide = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 0, 0, 0, 0)
    endless = zlib.compress(bytes(60_001)) + bytes(1000)
    start = b"\x89PNG\r\n\x1a\n"
    small = struct.pack(">IIBBBBB", 4, 4, 8, 0, 0, 0, 0)
    unfolding = zlib.compress(bytes(100_000_000))
    jpeg = bytearray(good_photos()["plain.jpg"])
    at = jpeg.find(b"\xff\xc0")
    jpeg[at + 5 : at + 9] = b"\xff\xdc\xff\xdc"
    tiff = io.BytesIO()
    with tifffile.TiffWriter(tiff) as writer:
        writer.write(
            np.zeros((64, 64), np.uint16), photometric="minisblack", compression="zlib", metadata=None
        )
    huge_tiff = tiff.getvalue()
    for tag in (256, 257):  # width and height
        place = huge_tiff.find(struct.pack("<HH", tag, 3))
        place = place if place >= 0 else huge_tiff.find(struct.pack("<HH", tag, 4))
        huge_tiff = huge_tiff[: place + 2] + struct.pack("<HII", 4, 1, 60_000) + huge_tiff[place + 12 :]
    gif = bytearray(good_photos()["plain.gif"])
    gif[6:10] = b"\xff\xff\xff\xff"
    return {
        "wide.png": start + chunk(b"IHDR", wide) + chunk(b"IDAT", endless) + chunk(b"IEND", b""),
        "text.png": start
        + chunk(b"IHDR", small)
        + chunk(b"zTXt", b"Comment\0\0" + unfolding)
        + chunk(b"IDAT", zlib.compress(bytes(20)))
        + chunk(b"IEND", b""),
        "profile.png": start
        + chunk(b"IHDR", small)
        + chunk(b"iCCP", b"icc\0\0" + unfolding)
        + chunk(b"IDAT", zlib.compress(bytes(20)))
        + chunk(b"IEND", b""),
        "pixels.png": start + chunk(b"IHDR", small) + chunk(b"IDAT", unfolding) + chunk(b"IEND", b""),
        "huge.jpg": bytes(jpeg),
        "huge.tif": huge_tiff,
        "huge.gif": bytes(gif),
    }


def spoil(folder: Path, originals: dict[str, bytes], count: int, rng: Rng) -> list[str]:
    """Write mutants of some files into a folder, each a different way, and the originals among them.

    Returns:
        The names of the originals, which are prefixed `good`.
    """
    folder.mkdir(parents=True)
    for number in range(count):
        name = sorted(originals)[number % len(originals)]
        data = bytearray(originals[name])
        for _ in range(rng.integers(1, 3)):
            data = MUTATIONS[rng.integers(len(MUTATIONS))](data, rng)
        (folder / f"{number:04}-{name}").write_bytes(data)
    good = []
    for name, content in originals.items():
        good.append(f"good-{name}")
        (folder / good[-1]).write_bytes(content)
    return good
