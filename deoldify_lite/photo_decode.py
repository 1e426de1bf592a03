"""Photos decoded: upright RGB of 8 or 16 bits, with the profile and metadata that go with it.

Pillow reads all but pictures of 16 bits, which it cuts down to 8: those come from OpenCV (PNG) and tifffile
(TIFF).
"""

import io
import logging
import re
import threading
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
import tifffile
from PIL import Image, ImageCms

from deoldify_lite.errors import InputError
from deoldify_lite.photo import Photo, Samples
from deoldify_lite.photo_exif import ORIENTATION, exif_of_tiff, upright_exif, without_orientation

log = logging.getLogger(__name__)

# Side of the largest legitimate square scan; beyond it a small file can claim all memory there is.
MAX_SIDE_PX = 20_000
READABLE = ("JPEG", "PNG", "TIFF", "WEBP", "BMP", "GIF")
TIFF_MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
XMP_TAG, ICC_TAG = 700, 34675
QUARTER_TURNS = (5, 6, 7, 8)  # EXIF orientations that swap width and height
_open_lock = threading.Lock()


def decode_photo(path: Path, file: BinaryIO) -> Photo:
    """Decode an open file, recognised by content; `path` names it in messages and in the result.

    Raises:
        InputError: it is empty or too large, or a raw photo.
        Exception: of any kind, from decoders, where it is damaged or no picture.
    """
    magic = file.read(4)
    if not magic:
        raise InputError(f"{path}: the file is empty; copy it again from where it came")
    file.seek(0)
    return _decode_tiff(path, file) if magic in TIFF_MAGIC else _decode_plain(path, file)


def count_pixels(file: BinaryIO) -> int:
    """Pixels that the header of an open file promises; an exception of any kind where there is none."""
    with _open_image(file) as image:
        return image.width * image.height


def _decode_plain(path: Path, file: BinaryIO) -> Photo:
    image = _load_image(path, file)
    if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
        log.warning("%s: holds several frames; only the first is used", path)
    icc = image.info.get("icc_profile")
    samples, icc = _samples_of(path, image, icc)
    if image.format == "PNG":
        file.seek(0)
        header = file.read(26)
        # Bit depth and colour type; Pillow gives 8 bits of these, and has just found the file to be whole.
        if header[24] == 16 and header[25] in (2, 4, 6):
            samples = _deep_png_samples(image, file, header[25] == 4)
    exif = image.getexif()
    block = image.info.get("exif") or (exif.tobytes() if len(exif) else None)
    return _photo(
        path,
        "JPEG" if image.format == "MPO" else str(image.format),
        samples,
        icc,
        orientation=exif.get(ORIENTATION, 1),
        exif=upright_exif(path, block) if block else None,
        xmp=image.info.get("xmp"),
        dpi=image.info.get("dpi"),
    )


def _decode_tiff(path: Path, file: BinaryIO) -> Photo:
    with tifffile.TiffFile(file) as tiff:
        page: Any = tiff.pages.first
        _check_size(path, page.imagewidth, page.imagelength)
        if len(tiff.pages) > 1:
            log.warning("%s: holds several pages; only the first is used", path)
        if page.is_reduced:
            raise InputError(
                f"{path}: begins with a mere preview, as raw photos do; develop it to TIFF first"
            )
        if page.sampleformat == 3 or page.bitspersample not in (1, 2, 4, 8, 16):
            raise ValueError(f"{page.bitspersample}-bit samples; 8 or 16 bits are read")
        is_deep = page.bitspersample == 16 and page.photometric in (0, 1, 2)
        samples = _deep_tiff_samples(page, file) if is_deep else None
        few = {code: page.tags[code].value for code in (ORIENTATION, ICC_TAG, XMP_TAG) if code in page.tags}
        is_big = tiff.is_bigtiff
    tags = Image.Exif()
    if is_big:  # which Pillow's reader of tags does not know
        log.warning("%s: of a BigTIFF's metadata only profile, XMP and orientation are kept", path)
        tags.update(few)
    else:
        file.seek(0)
        tags.load_from_fp(file)
    icc = tags.get(ICC_TAG)
    orientation = tags.get(ORIENTATION, 1)
    exif = exif_of_tiff(path, tags)
    unit_per_inch = {2: 1, 3: 2.54}.get(tags.get(296, 2))
    dpi = (tags.get(282, 0) * unit_per_inch, tags.get(283, 0) * unit_per_inch) if unit_per_inch else None
    if samples is None:
        file.seek(0)
        image = _load_image(path, file)
        # Pillow turns TIFFs while it loads them, and then takes the tag away.
        orientation = image.getexif().get(ORIENTATION, 1)
        samples, icc = _samples_of(path, image, icc)
    return _photo(
        path, "TIFF", samples, icc, orientation=orientation, exif=exif, xmp=tags.get(XMP_TAG), dpi=dpi
    )


def _open_image(file: BinaryIO) -> Image.Image:
    """Read the header with Pillow, whose own limit of pixels is a global that we leave as the user set it."""
    with _open_lock:
        limit = Image.MAX_IMAGE_PIXELS
        Image.MAX_IMAGE_PIXELS = None
        try:
            return Image.open(file, formats=READABLE)
        finally:
            Image.MAX_IMAGE_PIXELS = limit


def _load_image(path: Path, file: BinaryIO) -> Image.Image:
    image = _open_image(file)
    _check_size(path, *image.size)
    image.load()
    return image


def _check_size(path: Path, width: int, height: int) -> None:
    if width * height < 1:
        raise ValueError("it has no pixels")
    if width * height > MAX_SIDE_PX**2:
        raise InputError(
            f"{path}: {width} x {height} pixels; the limit is {MAX_SIDE_PX} x {MAX_SIDE_PX}. Make it smaller"
        )


def _samples_of(path: Path, image: Image.Image, icc: bytes | None) -> tuple[Samples, bytes | None]:
    """Pixels of a loaded Pillow image of any mode, and the profile they follow."""
    if image.mode in ("CMYK", "LAB"):
        return np.asarray(_to_srgb(path, image, icc)), None
    if image.mode == "I;16":  # grey PNG
        samples = np.asarray(image)[..., None]
        key = image.info.get("transparency")
        return (samples if key is None else _add_alpha(samples, key)), icc
    if image.mode in ("I", "F"):
        raise ValueError("32-bit samples; 8 or 16 bits are read")
    grey = image.mode in ("1", "L", "LA", "La")
    mode = ("L" if grey else "RGB") + ("A" if image.has_transparency_data else "")
    samples = np.asarray(image if image.mode == mode else image.convert(mode))
    return samples.reshape(*samples.shape[:2], -1), icc


def _deep_png_samples(image: Image.Image, file: BinaryIO, grey: bool) -> Samples:
    """Pixels of a 16-bit PNG with colour or alpha, of which Pillow gives 8 bits in `image`."""
    file.seek(0)
    pixels = _decode_with_opencv(file.read())
    if pixels is None or pixels.ndim != 3:
        raise ValueError("OpenCV cannot read this 16-bit PNG")
    if grey:
        return pixels[..., 2:]
    key = image.info.get("transparency")
    # The key is one colour that stands for fully transparent.
    return pixels if key is None else _add_alpha(pixels[..., :3], key)


def _decode_with_opencv(data: bytes | bytearray) -> Samples | None:
    """The 16-bit pixels of an encoded picture in RGB order; None where OpenCV cannot give them."""
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or pixels.dtype != np.uint16:
        return None
    if pixels.ndim == 2 or pixels.shape[2] < 3:
        return pixels
    return cv2.cvtColor(pixels, cv2.COLOR_BGRA2RGBA if pixels.shape[2] == 4 else cv2.COLOR_BGR2RGB)


def _add_alpha(samples: Samples, transparent: object) -> Samples:
    """Add an alpha channel to uint16 samples: 0 where a pixel equals `transparent`."""
    opaque = (samples != np.asarray(transparent, samples.dtype)).any(axis=2, keepdims=True)
    return np.concatenate([samples, opaque * np.uint16(65535)], axis=2)


def _deep_tiff_samples(page: Any, file: BinaryIO) -> Samples:
    """Pixels of a 16-bit grey or RGB page of tifffile, with the alpha channel if it has one."""
    height, width, channels = page.imagelength, page.imagewidth, page.samplesperpixel
    planar = channels > 1 and page.planarconfig == 2
    if not all(page.databytecounts):
        raise ValueError("parts of the picture were never written")
    try:
        pixels = page.asarray()
    except ValueError as error:
        # tifffile needs one more large package for LZW, which OpenCV has, though not for separate planes.
        if "imagecodecs" not in str(error) or planar:
            raise
        file.seek(0)
        # OpenCV turns by the orientation tag in some of its versions: take it away.
        pixels = _decode_with_opencv(without_orientation(file.read()))
        if pixels is None or pixels.size != height * width * channels:
            raise ValueError(f"OpenCV cannot read 16-bit TIFF with {page.compression.name}") from error
    if planar:
        pixels = np.moveaxis(pixels.reshape(channels, height, width), 0, 2)
    pixels = pixels.reshape(height, width, channels)
    colors = 3 if page.photometric == 2 else 1
    # 1 = alpha, premultiplied; 2 = alpha, and so is a channel of which nothing is said; 0 = infrared or so
    extra = page.extrasamples[:1] or (2,) * (channels - colors)
    color = pixels[..., :colors]
    if page.photometric == 0:  # WhiteIsZero
        color = np.invert(color)
    if not extra or extra[0] not in (1, 2):
        return color
    alpha = pixels[..., colors : colors + 1]
    if extra[0] == 1:
        color = np.round(color * (65535.0 / np.maximum(alpha, 1))).clip(0, 65535).astype(np.uint16)
    return np.concatenate([color, alpha], axis=2)


def _photo(
    path: Path,
    format: str,
    samples: Samples,
    icc: bytes | None,
    *,
    orientation: int,
    exif: bytes | None,
    xmp: bytes | None,
    dpi: tuple[float, float] | None,
) -> Photo:
    """Put together what was read: profile applied or kept, pixels turned upright, metadata to match."""
    channels = samples.shape[2]
    space = icc[16:20] if icc else None
    if icc and space == b"GRAY" and channels < 3:
        samples, icc = _grey_to_srgb(path, samples, icc), None
    elif icc and space != b"RGB ":
        log.warning("%s: its colour profile does not fit its pixels and is left out", path)
        icc = None
    samples = _turn_upright(samples, orientation)
    rgb = np.repeat(samples[..., :1], 3, axis=2) if channels < 3 else samples[..., :3]
    if dpi is not None:
        across, down = (float(d) for d in dpi[:2])
        if orientation in QUARTER_TURNS:
            across, down = down, across
        dpi = (across, down) if 0 < min(across, down) < 65_536 else None
    if xmp:
        xmp = re.sub(rb'(tiff:Orientation(?:>|\s*=\s*["\']))\s*[2-8]', rb"\g<1>1", xmp)
    return Photo(
        path=path,
        format=format,
        rgb=np.ascontiguousarray(rgb),
        alpha=np.ascontiguousarray(samples[..., -1]) if channels in (2, 4) else None,
        icc=icc,
        exif=exif,
        xmp=xmp or None,
        dpi=dpi,
    )


def _turn_upright(samples: Samples, orientation: int) -> Samples:
    """Undo an EXIF orientation: 2-4 mirror or turn by 180 degrees, 5-8 also swap width and height."""
    if orientation in QUARTER_TURNS:
        height, width, channels = samples.shape
        # several times as fast as copying NumPy's transposed view
        samples = cv2.transpose(np.ascontiguousarray(samples)).reshape(width, height, channels)
    if orientation in (2, 3, 6, 7):
        samples = samples[:, ::-1]
    if orientation in (3, 4, 7, 8):
        samples = samples[::-1]
    return samples


# --- colour ----------------------------------------------------------------------------------------------


def _to_srgb(path: Path, image: Image.Image, icc: bytes | None) -> Image.Image:
    """CMYK by its profile or else by Pillow's rule of thumb, and Lab, to sRGB."""
    if image.mode == "CMYK" and (icc is None or icc[16:20] != b"CMYK"):
        return image.convert("RGB")
    try:
        profile = ImageCms.createProfile("LAB") if image.mode == "LAB" else io.BytesIO(icc or b"")
        return _srgb_transform(profile, image.mode).apply(image)
    except (OSError, ImageCms.PyCMSError) as error:
        if image.mode == "LAB":
            raise
        log.warning("%s: its colour profile is damaged and is left out (%s)", path, error)
        return image.convert("RGB")


def _grey_to_srgb(path: Path, samples: Samples, icc: bytes) -> Samples:
    """Apply a grey profile to (H, W, 1 or 2) samples: a lookup of the grey, alpha stays."""
    try:
        # Optimised, lcms is off by up to 2 steps in the shadows; a table is made quickly enough without.
        transform = _srgb_transform(io.BytesIO(icc), "I;16", ImageCms.Flags.NOOPTIMIZE)
        every_grey = Image.fromarray(np.arange(65536, dtype=np.uint16)[None])
        steps = np.asarray(transform.apply(every_grey))[0, :, 1]
    except (OSError, ImageCms.PyCMSError) as error:
        log.warning("%s: its colour profile is damaged and is left out (%s)", path, error)
        return samples
    if samples.dtype == np.uint8:
        table = steps[::257]
    else:
        # lcms gives 8 bits, but where one step gives way to the next, the curve's value is exact.
        edges = np.flatnonzero(np.diff(steps.astype(int)) > 0)
        table = np.interp(
            np.arange(65536),
            [0, *(edges + 0.5), 65535],
            [float(steps[0]), *((steps[edges] + steps[edges + 1].astype(float)) / 2), float(steps[-1])],
        )
        table = np.round(table * 257).astype(np.uint16)
    return np.concatenate([table[samples[..., :1]], samples[..., 1:]], axis=2)


def _srgb_transform(
    profile: Any, mode: str, flags: ImageCms.Flags = ImageCms.Flags.NONE
) -> ImageCms.ImageCmsTransform:
    # Black to black and white to white, as image editors convert by default.
    source, target = ImageCms.ImageCmsProfile(profile), ImageCms.createProfile("sRGB")
    intent, flags = ImageCms.Intent.RELATIVE_COLORIMETRIC, flags | ImageCms.Flags.BLACKPOINTCOMPENSATION
    return ImageCms.buildTransform(source, target, mode, "RGB", intent, flags)
