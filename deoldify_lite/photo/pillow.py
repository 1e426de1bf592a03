"""Photos that Pillow decodes (JPEG, PNG, WebP, BMP, GIF and AVIF) or encodes (WebP, AVIF and BMP).

Of a PNG with more than one channel of 16 bits Pillow keeps only 8, so OpenCV decodes those.
"""

import io
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, features

from deoldify_lite.photo.exif import ORIENTATION, upright_exif
from deoldify_lite.photo.iptc import iptc_of_resources, other_resources
from deoldify_lite.photo.jpeg import comments_of, exif_of, more_xmp, photoshop_of
from deoldify_lite.photo.kinds import AVIF, BMP, PILLOW_KINDS, Kind
from deoldify_lite.photo.limits import check_size, open_image
from deoldify_lite.photo.photo import Decoded, Photo
from deoldify_lite.photo.png import COLOR_CHUNKS, Chunk, read_chunks, take_iptc
from deoldify_lite.photo.profiles import samples_and_profile
from deoldify_lite.photo.samples import Samples, decode_with_opencv, with_alpha, with_alpha_of_key
from deoldify_lite.system.library_warnings import Warn


def open_with_pillow(file: BinaryIO, kind: Kind | None) -> Image.Image:
    """Read the header of an open file.

    Args:
        file: the photo.
        kind: as `kind_of` gave it; None leaves the choice to Pillow.

    Raises:
        ValueError: this Pillow cannot read AVIF.
        Exception: of any kind, if the file is damaged or no picture.
    """
    if kind is AVIF and not features.check("avif"):
        raise ValueError("this Pillow was built without AVIF; run: pip install --upgrade pillow")
    return open_image(file, tuple(one.name for one in ([kind] if kind else PILLOW_KINDS)))


def decode_with_pillow(path: Path, file: BinaryIO, kind: Kind | None, warn: Warn) -> Decoded:
    """Decode an open file; arguments and errors as of `open_with_pillow` and `check_size`."""
    image = open_with_pillow(file, kind)
    check_size(path, *image.size)
    image.load()
    # An MPO is a JPEG with further pictures, such as a phone's depth map; they deserve no warning.
    info, format = image.info, "JPEG" if image.format == "MPO" else str(image.format)
    if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
        warn("holds several frames; only the first is used")
    exif = image.getexif()
    orientation = exif.get(ORIENTATION, 1)
    segments: list[tuple[str, bytes]] = getattr(image, "applist", [])  # of a JPEG
    blocks = exif_of(segments) or [info.get("exif") or (exif.tobytes() if len(exif) else b"")]
    first, *others = (upright_exif(block, warn) if block else None for block in blocks)
    icc = info.get("icc_profile")
    iptc: bytes | None = None
    resources: bytes | None = None
    comments = comments_of(segments)
    chunks: tuple[Chunk, ...] = ()
    if format == "JPEG":
        iptc = iptc_of_resources(info.get("photoshop", {}))
        resources = other_resources(photoshop_of(segments), is_turned=orientation != 1, warn=warn)
    if format == "GIF" and isinstance(info.get("comment"), bytes):
        comments = (info["comment"],)
    if format == "PNG":
        chunks, iptc = take_iptc(read_chunks(file))
        if icc:  # it counts in their place, and where it is applied they are no longer true
            chunks = tuple(chunk for chunk in chunks if chunk[0] not in COLOR_CHUNKS)
    if format == "PNG" and (channels := _deep_png_channels(file)):
        del image
        samples = _deep_png_samples(file, channels, info.get("transparency"))
    else:
        samples, icc = samples_and_profile(image, icc, warn)
        del image
    return Decoded(
        format,
        samples,
        icc,
        orientation=orientation,
        exif=first,
        xmp=info.get("xmp"),
        dpi=info.get("dpi"),
        iptc=iptc,
        comments=comments,
        segments=more_xmp(segments),
        more_exif=tuple(block for block in others if block),
        resources=resources,
        chunks=chunks,
        progressive=format == "JPEG" and bool(info.get("progressive")),
    )


def encode_with_pillow(photo: Photo, kind: Kind, quality: int) -> bytes:
    """Encode a photo of 8 bits with all metadata that the kind holds."""
    options: dict[str, Any] = {"format": kind.name, "quality": quality}
    if kind is AVIF:
        options |= {"subsampling": "4:4:4", "speed": 8}
    exif = photo.exif and b"Exif\0\0" + photo.exif
    named: dict[str, Any] = {"icc_profile": photo.icc, "exif": exif, "xmp": photo.xmp}
    if kind is BMP:
        named = {"dpi": photo.dpi}
    options |= {name: value for name, value in named.items() if value}
    buffer = io.BytesIO()
    pixels = np.ascontiguousarray(with_alpha(photo.rgb, photo.alpha))
    Image.fromarray(pixels).save(buffer, **options)
    return buffer.getvalue()


def _deep_png_channels(file: BinaryIO) -> int | None:
    """Return the channels of an open PNG if Pillow cuts it down to 8 bits: 16 bits with colour or alpha."""
    file.seek(0)
    header = file.read(26)
    return {2: 3, 4: 2, 6: 4}.get(header[25]) if header[24] == 16 else None


def _deep_png_samples(file: BinaryIO, channels: int, key: object) -> Samples:
    """Decode a 16-bit PNG; `key` is one colour that stands for fully transparent.

    OpenCV does not notice a truncated file, but Pillow has read it before.
    """
    file.seek(0)
    pixels = decode_with_opencv(file.read())
    if pixels is None or pixels.ndim != 3:
        raise ValueError("OpenCV cannot read this 16-bit PNG")
    if channels == 2:
        return pixels[..., 2:]
    return pixels if key is None else with_alpha_of_key(pixels[..., :3], key)
