"""Converts to sRGB what is not RGB, by its profile: CMYK, Lab, and grey whose tone curve is not sRGB's."""

import io
from typing import Any

import numpy as np
from PIL import Image, ImageCms

from deoldify_lite.photo.samples import Samples, samples_of_image, to_depth, with_alpha_of_key
from deoldify_lite.system.library_warnings import Warn

_MOST_APART = 4  # levels of 8 bits between colours that two versions of one profile give


def samples_and_profile(image: Image.Image, icc: bytes | None, warn: Warn) -> tuple[Samples, bytes | None]:
    """Return the samples of a loaded Pillow image of any mode, and the profile that they follow.

    CMYK and Lab become sRGB, which needs no profile.

    Raises:
        ValueError: it has samples of 32 bits.
    """
    if image.mode in ("CMYK", "LAB"):
        return samples_of_image(image_to_srgb(image, icc, warn), "RGB"), None
    if image.mode == "I;16":  # grey PNG
        samples = samples_of_image(image, "I;16")
        key = image.info.get("transparency")
        return (samples if key is None else with_alpha_of_key(samples, key)), icc
    if image.mode in ("I", "F"):
        raise ValueError("32-bit samples; 8 or 16 bits are read")
    grey = image.mode in ("1", "L", "LA", "La")
    mode = ("L" if grey else "RGB") + ("A" if image.has_transparency_data else "")
    # What stands for transparent must be known before strips are cut out, which do not know it.
    whole = image.convert(mode) if image.mode != mode and image.has_transparency_data else image
    return samples_of_image(whole, mode), icc


def image_to_srgb(image: Image.Image, icc: bytes | None, warn: Warn) -> Image.Image:
    """Convert CMYK, by its profile or else by Pillow's rule of thumb, or Lab to sRGB.

    Args:
        image: of mode CMYK or LAB.
        icc: the file's profile, of any colour space.
        warn: takes a warning if that is damaged.
    """
    if image.mode == "CMYK" and (icc is None or icc[16:20] != b"CMYK"):
        return image.convert("RGB")
    try:
        profile = ImageCms.createProfile("LAB") if image.mode == "LAB" else io.BytesIO(icc or b"")
        return _srgb_transform(profile, image.mode).apply(image)
    except (OSError, ImageCms.PyCMSError) as error:
        if image.mode == "LAB":
            raise
        warn(f"its colour profile is damaged and is left out ({error})")
        return image.convert("RGB")


def in_profile(samples: Samples, icc: bytes | None, other: bytes | None) -> Samples:
    """Convert (H, W, 3) RGB from one profile to another, at 8 bits; None is sRGB.

    The samples themselves are returned where a profile is damaged or of something else than RGB.
    """
    try:
        source, target = (
            ImageCms.createProfile("sRGB")
            if profile is None
            else ImageCms.ImageCmsProfile(io.BytesIO(profile))
            for profile in (icc, other)
        )
        image = Image.fromarray(to_depth(samples, np.uint8))
        turned = ImageCms.profileToProfile(
            image, source, target, renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC
        )
    except (OSError, ImageCms.PyCMSError):
        return samples
    return samples if turned is None else np.asarray(turned)


def tell_alike(icc: bytes | None, other: bytes | None) -> bool:
    """Return whether RGB numbers mean the same colours in two profiles, but for rounding.

    Args:
        icc: of a file that an editor may have saved; None: it does not say, so they do.
        other: None is sRGB, whose profile editors add unasked.
    """
    if icc is None or icc == other:
        return True
    steps = np.linspace(0, 255, 6).round().astype(np.uint8)
    cube = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(1, -1, 3)
    return int(np.abs(in_profile(cube, icc, other).astype(int) - cube).max()) <= _MOST_APART


def grey_to_srgb(samples: Samples, icc: bytes, warn: Warn) -> Samples:
    """Apply a grey profile to (H, W, 1 or 2) samples: a lookup of the grey, alpha stays."""
    try:
        # When it optimises, lcms is off by up to 2 steps in the shadows; the table is small enough without.
        transform = _srgb_transform(io.BytesIO(icc), "I;16", ImageCms.Flags.NOOPTIMIZE)
        every_grey = Image.fromarray(np.arange(65536, dtype=np.uint16)[None])
        steps = np.asarray(transform.apply(every_grey))[0, :, 1]
    except (OSError, ImageCms.PyCMSError) as error:
        warn(f"its colour profile is damaged and is left out ({error})")
        return samples
    if samples.dtype == np.uint8:
        table = steps[::257]
    else:
        # lcms gives 8 bits. Halfway between two steps the curve's value is known exactly; interpolate there.
        edges = np.flatnonzero(np.diff(steps.astype(int)) > 0)
        table = np.interp(
            np.arange(65536),
            [0, *(edges + 0.5), 65535],
            [float(steps[0]), *((steps[edges] + steps[edges + 1].astype(float)) / 2), float(steps[-1])],
        )
        table = np.round(table * 257).astype(np.uint16)
    grey = table[samples[..., :1]]
    return grey if samples.shape[2] == 1 else np.concatenate([grey, samples[..., 1:]], axis=2)


def _srgb_transform(
    profile: Any, mode: str, flags: ImageCms.Flags = ImageCms.Flags.NONE
) -> ImageCms.ImageCmsTransform:
    # Black to black and white to white, as image editors convert by default.
    source, target = ImageCms.ImageCmsProfile(profile), ImageCms.createProfile("sRGB")
    intent, flags = ImageCms.Intent.RELATIVE_COLORIMETRIC, flags | ImageCms.Flags.BLACKPOINTCOMPENSATION
    return ImageCms.buildTransform(source, target, mode, "RGB", intent, flags)
