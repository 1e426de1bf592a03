"""Small, good photos and films of all kinds."""

import io
from pathlib import Path

import cv2
import numpy as np
import tifffile
from PIL import Image, features

from helpers.films import make


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
