"""Photos encoded, with their profile and metadata; what a format cannot hold is warned of."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from deoldify_lite.photo.claims import without_more_xmp
from deoldify_lite.photo.heif import encode_heif
from deoldify_lite.photo.jpeg import encode_jpeg
from deoldify_lite.photo.kinds import HEIF, JPEG, METADATA, PNG, Kind
from deoldify_lite.photo.photo import Photo
from deoldify_lite.photo.pillow import encode_with_pillow
from deoldify_lite.photo.png import encode_png
from deoldify_lite.photo.samples import on_white, to_depth
from deoldify_lite.system.library_warnings import Warn


def encode_photo(photo: Photo, kind: Kind, quality: int, effort: str, warn: Warn) -> Iterator[bytes]:
    """Encode a photo as any kind but TIFF, piece by piece.

    Args:
        photo: what the kind cannot hold is left out, with a warning.
        quality: 1 to 100; lossless kinds ignore it.
        effort: one of `kinds.EFFORTS`; HEIC, AVIF and WebP have a choice.
        warn: takes each warning, at the latest once all pieces are taken.
    """
    photo = fit_into(kind, photo, warn)
    if kind is PNG:
        return encode_png(photo)
    if kind is JPEG:
        return encode_jpeg(photo, quality, warn)
    if kind is HEIF:
        return iter([encode_heif(photo, quality, effort)])
    return iter([encode_with_pillow(photo, kind, quality, effort)])


def fit_into(kind: Kind, photo: Photo, warn: Warn) -> Photo:
    """Make the pixels of a photo such that a kind can hold them, and warn of all that it cannot hold.

    Metadata stays; encoders pass over what their kind does not hold.

    Args:
        kind: of the result.
        photo: laid on white if the kind holds no alpha, and rounded to 8 bits if it holds no more.
        warn: takes each warning.
    """
    for name, called in METADATA.items():
        if name not in kind.holds and getattr(photo, name):
            warn(f"{kind.name} holds no {called}")
    rgb, alpha = photo.rgb, photo.alpha
    if alpha is not None and not kind.holds_alpha:
        if alpha.min() < np.iinfo(alpha.dtype).max:
            warn(f"{kind.name} holds no transparency, which is now white; choose png to keep it")
            rgb = on_white(rgb, to_depth(alpha, rgb.dtype))
        alpha = None
    if kind.bits == 8:
        if rgb.dtype == np.uint16 and photo.format == kind.name:  # nobody chose a kind with fewer bits
            warn("is written with 8 bits a sample, of more that it has; choose png or tif to keep 16")
        rgb, alpha = to_depth(rgb, np.uint8), None if alpha is None else to_depth(alpha, np.uint8)
    extra = photo.extra
    if extra is not None and not kind.holds_extra:
        warn(f"{kind.name} holds no channels beyond alpha, such as infrared; choose tif to keep them")
        extra = None
    xmp = photo.xmp
    if xmp and photo.segments and "segments" not in kind.holds:
        xmp = without_more_xmp(xmp)
    return replace(photo, rgb=rgb, alpha=alpha, extra=extra, xmp=xmp)
