"""Photos that Pillow decodes (all but TIFF, HEIC, JPEG XL and RAW) or encodes (WebP, AVIF and BMP).

Of most kinds with more than 8 bits Pillow keeps only 8, so OpenCV decodes those.
"""

import io
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from PIL import Image, features

from deoldify_lite.errors import InputError
from deoldify_lite.photo.attached import parts_after_jpeg, warn_of_parts
from deoldify_lite.photo.boxes import parts_of_heif
from deoldify_lite.photo.exif import ORIENTATION, swells, upright_exif
from deoldify_lite.photo.iptc import iptc_of_resources, other_resources
from deoldify_lite.photo.jpeg import (
    EXIF,
    check_exif,
    comments_of,
    exif_of,
    more_xmp,
    photoshop_of,
    warn_of_unknown,
)
from deoldify_lite.photo.kinds import AVIF, BMP, JP2, JPEG, PSD, WEBP, Kind, pillow_names
from deoldify_lite.photo.lesser import READERS
from deoldify_lite.photo.limits import check_scans, check_size, open_image, without_pillows_limit
from deoldify_lite.photo.mending import ended, is_cut, mended
from deoldify_lite.photo.photo import Decoded, Photo
from deoldify_lite.photo.png import COLOR_CHUNKS, Chunk, read_chunks, take_iptc, without_animation
from deoldify_lite.photo.profiles import samples_and_profile
from deoldify_lite.photo.psd import check_psd, psd_metadata, without_selection
from deoldify_lite.photo.rare_jpeg import decode_rare_jpeg
from deoldify_lite.photo.salvage import damage_of, load_as_far_as_it_goes
from deoldify_lite.photo.samples import (
    Samples,
    decode_with_opencv,
    stretched,
    with_alpha,
    with_alpha_of_key,
)
from deoldify_lite.photo.webp import parts_of_webp
from deoldify_lite.system.library_warnings import Warn

# libaom counts from 0, the slowest, to 10; libwebp from 0, the quickest, to 6.
_AVIF_SPEEDS = {"fast": 9, "small": 6}
_OTHER_NAMES = {"MPO": JPEG.name, "DIB": BMP.name}  # a JPEG with further pictures, and a BMP's body
_WEBP_METHODS = {"fast": 4, "small": 6}


def open_with_pillow(path: Path, file: BinaryIO, kind: Kind | None) -> Image.Image:
    """Read the header of an open file.

    Args:
        path: of the file; only its name counts.
        file: the photo.
        kind: as `kind_of` gave it; None leaves the choice to Pillow.

    Raises:
        ValueError: this Pillow cannot read AVIF.
        Exception: of any kind, if the file is damaged or no picture.
    """
    if kind is AVIF and not features.check("avif"):
        raise ValueError("this Pillow was built without AVIF; run: pip install --upgrade pillow")
    if kind is None:
        check_exif(path, file)
        file.seek(0)
    return open_image(file, pillow_names(path, kind))


def decode_with_pillow(
    path: Path, file: BinaryIO, kind: Kind | None, warn: Warn, *, damaged: bool = False
) -> Decoded:
    """Decode an open file; arguments and errors as of `open_with_pillow` and `check_size`.

    If it is `damaged`, decode it as far as it goes.
    """
    if kind is PSD:
        check_psd(path, file, warn)
    image, file, more = _loaded(path, file, kind, warn, damaged)
    info, format = image.info | more, _OTHER_NAMES.get(str(image.format), str(image.format))
    if image.format not in ("MPO", "PSD") and getattr(image, "n_frames", 1) > 1:
        warn("holds several frames; only the first is used")
    exif = Image.Exif() if _is_harmful(info.get("exif")) else image.getexif()
    orientation = exif.get(ORIENTATION, 1)
    segments: list[tuple[str, bytes]] = getattr(image, "applist", [])  # of a JPEG
    blocks = exif_of(segments) or [info.get("exif") or (exif.tobytes() if len(exif) else b"")]
    first, *others = (upright_exif(block, warn) if block else None for block in blocks)
    icc = info.get("icc_profile")
    iptc: bytes | None = info.get("iptc")
    resources: bytes | None = info.get("resources")
    comments: tuple[bytes, ...] = comments_of(segments) or info.get("comments", ())
    chunks: tuple[Chunk, ...] = ()
    if kind is AVIF:
        warn_of_parts(parts_of_heif(file), warn)
    if format == "WEBP":
        warn_of_parts(parts_of_webp(file), warn)
    if format == "JPEG":
        warn_of_parts(parts_after_jpeg(file, _previews_of(image)), warn)
        warn_of_unknown(segments, warn)
        iptc = iptc_of_resources(info.get("photoshop", {}))
        resources = other_resources(photoshop_of(segments), is_turned=orientation != 1, warn=warn)
    if format == "PNG":
        chunks, iptc = take_iptc(read_chunks(file, warn))
        if icc:  # it counts in their place, and where it is applied they are no longer true
            chunks = tuple(chunk for chunk in chunks if chunk[0] not in COLOR_CHUNKS)
    if format == "PNG" and (channels := _deep_png_channels(file)):
        del image
        samples = _deep_png_samples(file, channels, info.get("transparency"))
    elif "samples" in more:
        samples = more["samples"]
    elif (deep := _deep_samples(file, image.mode, info.get("most", 255), warn)) is not None:
        del image
        samples = deep
    else:
        samples, icc = samples_and_profile(_without_false_alpha(image, file, warn), icc, warn)
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
        tags=info.get("tags", ()),
        progressive=format == "JPEG" and bool(info.get("progressive")),
    )


def _loaded(
    path: Path, file: BinaryIO, kind: Kind | None, warn: Warn, damaged: bool
) -> tuple[Image.Image, BinaryIO, dict[str, Any]]:
    """Decode an open file, mended if that helps: return the picture, the file it is of, and more metadata."""

    def attempt(
        file: BinaryIO, *, as_far_as_it_goes: bool = False
    ) -> tuple[Image.Image, BinaryIO, dict[str, Any]]:
        image = open_with_pillow(path, file, kind)
        check_size(path, *image.size)
        if image.format in ("JPEG", "MPO") and image.info.get("progressive"):
            check_scans(path, file, image.width * image.height)
        more = _more_metadata(path, file, image, kind, warn)
        if "samples" in more:
            return image, file, more
        if as_far_as_it_goes:
            load_as_far_as_it_goes(image, warn)
            return image, file, more
        with without_pillows_limit():  # texts of a PNG may follow its pixels
            image.load()
        if image.format == "JPEG" and is_cut(file):
            raise ValueError("its end is empty")
        return image, file, more

    try:
        return attempt(file)
    except (InputError, MemoryError):
        raise
    except Exception:
        if rare := decode_rare_jpeg(path, file):
            samples, header = rare
            return open_with_pillow(path, header, JPEG), file, {"samples": samples}
        for copy, fault in mended(file):
            with suppress(Exception):
                found = attempt(copy)
                warn(fault)
                return found
        if damaged:
            with suppress(Exception):
                copy, rows = ended(file)
                found = attempt(copy)
                warn(damage_of(rows, found[0].height))
                return found
            return attempt(file, as_far_as_it_goes=True)
        raise


def _more_metadata(
    path: Path, file: BinaryIO, image: Image.Image, kind: Kind | None, warn: Warn
) -> dict[str, Any]:
    """Return what Pillow leaves out of the `info` of lesser kinds.

    Raises:
        InputError: it is a Photoshop file without a flattened picture.
    """
    if kind is PSD:
        return psd_metadata(path, file, image, warn)
    reader = READERS.get(str(image.format))
    more = (
        {name: value for name, value in reader(file, image, warn).items() if value is not None}
        if reader
        else {}
    )
    if kind is JP2 and more.get("exif", b"").removeprefix(EXIF).startswith((b"II*\0", b"MM\0*")):
        image.info["exif"] = more["exif"]  # for Pillow to read how the picture lies
    return more


def _is_harmful(exif: bytes | None) -> bool:
    """Whether EXIF would take many times its bytes; `upright_exif` calls it damaged."""
    try:
        return exif is not None and swells(exif.removeprefix(EXIF))
    except (KeyError, struct.error):
        return False


def _previews_of(image: Image.Image) -> set[int]:
    """Return which further pictures of an MPO, from 0, are copies of the first one for small screens."""
    pictures = (getattr(image, "mpinfo", None) or {}).get(0xB002, [])[1:]
    pictures = sorted(pictures, key=lambda picture: picture["DataOffset"])
    kinds = [str(picture["Attribute"].get("MPType")) for picture in pictures]
    return {number for number, kind in enumerate(kinds) if "Thumbnail" in kind}


def encode_with_pillow(photo: Photo, kind: Kind, quality: int, effort: str) -> bytes:
    """Encode a photo of 8 bits with all metadata that the kind holds."""
    options: dict[str, Any] = {"format": kind.name, "quality": quality}
    if kind is AVIF:
        options |= {"subsampling": "4:4:4", "speed": _AVIF_SPEEDS[effort]}
    if kind is WEBP:
        options |= {"method": _WEBP_METHODS[effort]}
    exif = photo.exif and b"Exif\0\0" + photo.exif
    named: dict[str, Any] = {"icc_profile": photo.icc, "exif": exif, "xmp": photo.xmp}
    if kind is BMP:
        named = {"dpi": photo.dpi}
    options |= {name: value for name, value in named.items() if value}
    buffer = io.BytesIO()
    pixels = np.ascontiguousarray(with_alpha(photo.rgb, photo.alpha))
    Image.fromarray(pixels).save(buffer, **options)
    return buffer.getvalue()


def _deep_samples(file: BinaryIO, mode: str, most: int, warn: Warn) -> Samples | None:
    """Decode a picture of more than 8 bits with OpenCV, and stretch its samples from `most` to 65535.

    Returns:
        None if it has 8 bits, or if it cannot be done.
    """
    if most < 256:
        return None
    channels = {"I": 1, "I;16": 1, "L": 1, "RGB": 3, "RGBA": 4}.get(mode, 0)
    file.seek(0)
    # Numbers in plain text may end with the file, for which OpenCV waits in vain.
    pixels = decode_with_opencv(file.read() + b"\n") if channels else None
    if pixels is None or pixels.size != pixels.shape[0] * pixels.shape[1] * channels:
        warn(f"has {most.bit_length()} bits, of which 8 are read")
        return None
    samples = pixels.reshape(*pixels.shape[:2], channels)
    return samples if most == 65_535 else stretched(samples, most)


def _without_false_alpha(image: Image.Image, file: BinaryIO, warn: Warn) -> Image.Image:
    """Return a loaded image without a channel that is not transparency, though Pillow takes it for that."""
    if image.format == "PSD":
        return without_selection(image, file, warn)
    if image.format == "TGA" and image.mode == "RGBA":
        file.seek(17)
        if file.read(1)[0] & 15 == 0:  # bits of alpha
            return image.convert("RGB")
    return image


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
    pixels = decode_with_opencv(without_animation(file.read()))
    if pixels is None or pixels.ndim != 3:
        raise ValueError("OpenCV cannot read this 16-bit PNG")
    if channels == 2:
        return pixels[..., 2:]
    return pixels if key is None else with_alpha_of_key(pixels[..., :3], key)
