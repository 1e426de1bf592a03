"""Good photos and films, what can be done to spoil them, and a look at what a run has made of them."""

import functools
import io
import json
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import tifffile
from PIL import Image, features

from deoldify_lite.run.manifest import NAME
from deoldify_lite.run.verify import verify
from helpers.films import make
from helpers.photos import chunk

Rng = np.random.Generator
EXTREMES = (0, 1, 2, 255, 32_767, 32_768, 65_535, 65_536, 1_000_000, 2**31 - 1, 2**31, 2**32 - 1)


def good_photos() -> dict[str, bytes]:
    """Small photos of all kinds that need no extra package, by suffix and kind."""
    y, x = np.mgrid[:45, :60]
    rgb = np.dstack([60 + 3 * x, 40 + 4 * y, 200 - 2 * x]).clip(0, 255).astype(np.uint8)
    deep = rgb.astype(np.uint16) * 257
    image = Image.fromarray(rgb)

    def saved(picture: Image.Image, format: str, **options: object) -> bytes:
        buffer = io.BytesIO()
        picture.save(buffer, format, **options)
        return buffer.getvalue()

    def tiff(*pages: np.ndarray, **options: object) -> bytes:
        buffer = io.BytesIO()
        with tifffile.TiffWriter(buffer) as writer:
            for page in pages:
                writer.write(page, photometric="rgb" if page.ndim == 3 else "minisblack", **options)
        return buffer.getvalue()

    exif = Image.Exif()
    exif[271] = "Agfa"
    found = {
        "plain.jpg": saved(image, "JPEG", exif=exif),
        "progressive.jpg": saved(image, "JPEG", progressive=True),
        "grey.jpg": saved(image.convert("L"), "JPEG", dpi=(300, 300)),
        "cmyk.jpg": saved(image.convert("CMYK"), "JPEG"),
        "plain.png": saved(image, "PNG"),
        "palette.png": saved(image.quantize(16), "PNG"),
        "alpha.png": saved(image.convert("RGBA"), "PNG"),
        "deep.png": cv2.imencode(".png", deep)[1].tobytes(),
        "deepgrey.png": cv2.imencode(".png", deep[..., 0])[1].tobytes(),
        "plain.tif": saved(image, "TIFF"),
        "lzw.tif": saved(image, "TIFF", compression="tiff_lzw"),
        "bits.tif": saved(image.convert("1"), "TIFF", compression="group4"),
        "deep.tif": tiff(deep, compression="zlib"),
        "deepgrey.tif": tiff(deep[..., 0]),
        "deeplzw.tif": cv2.imencode(".tif", deep)[1].tobytes(),
        "pages.tif": tiff(rgb, deep, rgb[..., 0]),
        "plain.webp": saved(image, "WEBP"),
        "lossless.webp": saved(image.convert("RGBA"), "WEBP", lossless=True),
        "plain.bmp": saved(image, "BMP"),
        "palette.bmp": saved(image.quantize(16), "BMP"),
        "plain.gif": saved(image, "GIF"),
        "moving.gif": saved(image, "GIF", save_all=True, append_images=[image.transpose(0)]),
    }
    if features.check("avif"):
        found["plain.avif"] = saved(image, "AVIF")
    return found


def good_films(folder: Path) -> dict[str, bytes]:
    """Tiny films with sound in four containers, by suffix and kind."""
    picture = ("-f", "lavfi", "-i", "testsrc=s=64x48:r=10:d=1.2,hue=s=0")
    sound = ("-f", "lavfi", "-i", "sine=d=1.2")
    ways = {
        "h264.mp4": ("-c:v", "libx264", "-pix_fmt", "yuv420p", "-c:a", "aac"),
        "ffv1.mkv": ("-c:v", "ffv1", "-pix_fmt", "yuv420p", "-c:a", "pcm_s16le"),
        "mpeg4.avi": ("-c:v", "mpeg4", "-c:a", "mp2"),
        "vp8.webm": ("-c:v", "libvpx", "-c:a", "libopus"),
    }
    return {name: make(folder / name, *picture, *sound, *way).read_bytes() for name, way in ways.items()}


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


def complaints(report: Path, source: Path, out: Path, good: list[str]) -> Iterator[str]:
    """What is not as it should be after a run: every file told of, the good ones done, nothing half there."""
    items = {Path(item["source"]).name: item for item in json.loads(report.read_text())["items"]}
    for path in source.iterdir():
        if path.name not in items:
            yield f"{path.name}: nothing was told of it"
    for name, item in items.items():
        if item["status"] not in ("done", "failed"):
            yield f"{name}: {item['status']}"
        if "nobody has foreseen" in item["reason"]:
            yield f"{name}: {item['reason']}"
        if item["status"] == "failed" and (
            name not in item["reason"] or len(item["reason"]) < len(name) + 10
        ):
            yield f"{name}: failed without a reason: {item['reason']!r}"
        if item["status"] == "done" and not Path(item["output"]).is_file():
            yield f"{name}: done, but there is no {item['output']}"
    for name in good:
        if items.get(name, {}).get("status") != "done":
            yield f"{name}: is good, but {items.get(name)}"
    if out.is_dir():
        yield from (f"{path}: was left over" for path in out.rglob(".*") if path.name != NAME)
    if any(item["status"] == "done" for item in items.values()):
        yield from (f"{found.output}: {found.reason}" for found in verify(out) if not found.sound)
