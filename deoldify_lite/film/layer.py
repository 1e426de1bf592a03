"""A film's colour as a layer: its chroma, plane by plane, on middle grey.

Chroma is that of the result, so that it can be given back exactly. Luma is middle grey, and as much lighter
or darker where a strong colour would not fit on that once an editor makes RGB of it; the blend mode Color
ignores the luma of a layer.
"""

from typing import Any

from deoldify_lite.film.chroma import MATRICES
from deoldify_lite.film.encoders import encoder_pix_fmts
from deoldify_lite.film.encoding import YUV_FORMATS, Encoding, encoder_options, yuv_format
from deoldify_lite.film.ffmpeg import filter_together
from deoldify_lite.film.merge import grey_format, planes_of, tags_of
from deoldify_lite.film.probe import Film


def layer_picture(film: Film, picture: Any, pix_fmt: str) -> Any:
    """Replace the luma of a colorized picture by the grey of a layer.

    Args:
        film: as it is written; the layer has its size, matrix and range.
        picture: ffmpeg-python stream in `pix_fmt`.
        pix_fmt: planar YUV without transparency.

    Returns:
        ffmpeg-python stream in `pix_fmt`, with its tags and square pixels.
    """
    colors = film.colors
    sampling, depth, _ = YUV_FORMATS[pix_fmt]
    full = {"in_range": "pc", "out_range": "pc"}  # These planes are numbers: no range is to be stretched.
    cb, cr = (plane.filter("setsar", 1).split() for plane in planes_of(picture, "u+v"))
    small = [plane[0].filter("scale", **full).filter("format", "gray") for plane in (cb, cr)]
    luma = filter_together(small, "lut2", c0=_luma_code(colors.matrix, colors.range))
    luma = luma.filter("scale", film.width, film.height, flags="bilinear", **full)
    luma = luma.filter("format", grey_format(depth)).filter("setsar", 1)
    layer = filter_together([luma, cb[1], cr[1]], "mergeplanes", "0x001020", yuv_format(sampling, depth))
    field_mode = film.first_field if film.interlaced else "prog"
    return layer.filter("setparams", field_mode=field_mode, **tags_of(colors))


def layer_options(film: Film, suffix: str, encoding: Encoding, pix_fmt: str) -> dict[str, Any]:
    """ffmpeg's options for encoding a layer, with its colour tags.

    Args:
        film: as the result is written.
        suffix: of the layer.
        encoding: of the layer.
        pix_fmt: that of the result, which the layer gets if its encoder has that.

    Raises:
        OptionError, VideoError: as `encoder_options`.
    """
    sampling, depth, _ = YUV_FORMATS[pix_fmt]
    plain = yuv_format(sampling, depth)
    options = encoder_options(film, suffix, encoding)
    if plain in encoder_pix_fmts(options["c:v"]):
        options["pix_fmt"] = plain
    else:
        sampling, depth, _ = YUV_FORMATS[options["pix_fmt"]]
        options["pix_fmt"] = yuv_format(sampling, depth)
    return options | {"color_range": film.colors.range}


def _luma_code(matrix: str, color_range: str) -> str:
    """The code of the grey below a colour, as an expression of those of Cb and Cr, x and y; all of 8 bits."""
    red, blue = MATRICES[matrix]
    green = 1 - red - blue
    steps, black, greys = (224, 16, 219) if color_range == "tv" else (255, 0, 255)
    # 0 is red, 1 is blue and 2 is green, each less luma.
    return (
        f"st(0,{2 * (1 - red)}*(y-128)/{steps});st(1,{2 * (1 - blue)}*(x-128)/{steps});"
        f"st(2,-({red}*ld(0)+{blue}*ld(1))/{green});"
        "st(3,min(min(ld(0),ld(1)),ld(2)));st(4,max(max(ld(0),ld(1)),ld(2)));"
        f"round({black}+{greys}*clip(min(max(0.5,-ld(3)),1-ld(4)),0,1))"
    )
