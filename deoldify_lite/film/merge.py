"""The writer's picture as a graph of ffmpeg filters: the source's luma, and our chroma or the source's own.

Luma stays a plane of its own that no filter computes with, so it comes out bit for bit.
"""

from typing import Any

from deoldify_lite.film.colors import Colors, is_grey
from deoldify_lite.film.encoding import yuv_format
from deoldify_lite.film.ffmpeg import filter_together
from deoldify_lite.film.pixels import has_filter
from deoldify_lite.film.probe import Film

# Two decodes of a damaged film may differ by so many frames; more would shift the colours.
TOLERATED_FRAMES = 2
# Of RGB with more, the scale filter makes luma that is off by up to 4 of 65,535 (seen with 5.1).
_MOST_EXACT_BITS = 12
_ZSCALE_MATRIX = {
    **{"bt709": "709", "bt470bg": "470bg", "smpte170m": "170m", "bt2020nc": "2020_ncl"},
    **{"fcc": "fcc", "smpte240m": "240m"},
}
# Formats that hold transparency, by depth; of these, ffmpeg takes the one that a film has.
_RGBA_FORMATS = {8: "rgba|bgra|argb|abgr|gbrap", 10: "gbrap10le", 12: "gbrap12le"}
# ffmpeg's scale filter has its own names for some matrices.
_SCALE_MATRIX = {"bt470bg": "bt470", "bt2020nc": "bt2020"}


def merge_chroma(film: Film, picture: Any, chroma: Any, *, sampling: str, may_keep: bool = False) -> Any:
    """Give a film's picture another chroma. Everything else in its frames, such as captions, stays.

    Args:
        film: the result has its size, depth and colours.
        picture: ffmpeg-python stream of the film's frames.
        chroma: ffmpeg-python stream of as many frames in yuv444p16le, of any size, in the film's matrix and
            range. Luma is the mask: 0 for our chroma, 65535 for the source's own, with our chroma neutral.
        sampling: chroma subsampling of the result: 420, 422 or 444.
        may_keep: whether the mask is used; False costs less. True only for films with chroma.

    Returns:
        ffmpeg-python stream in yuv{sampling}p of the film's depth, with its tags and square pixels. Where the
        mask says so, its chroma is that of the film, bit by bit if the film is planar and of this sampling,
        or else converted.
    """
    colors = film.colors
    merged = yuv_format(sampling, film.depth)
    ranges = {"in_range": colors.range, "out_range": colors.range}
    tags = tags_of(colors)
    source = _as_planes(film, picture).filter("setparams", **tags).filter("setsar", 1)
    # As chroma of 4:4:4, since only for chroma does ffmpeg go to fewer bits by plain shifting: a grey
    # picture would be scaled by 255/65535, and neutral chroma would miss 128. No dither, as it would
    # make noise of neutral chroma.
    ours = chroma.filter(
        "scale",
        -(-film.width // (1 if sampling == "444" else 2)),
        -(-film.height // (2 if sampling == "420" else 1)),
        flags="bilinear+accurate_rnd",
        sws_dither="none",
        **ranges,
    )
    # To fewer bits only afterwards: while it scales, ffmpeg dithers whatever its options say, and that noise,
    # fixed to the screen, would flicker on all that moves.
    ours = ours.filter("format", yuv_format("444", 16)).filter("scale", sws_dither="none", **ranges)
    ours = (
        ours.filter("format", yuv_format("444", film.depth)).filter("setparams", **tags).filter("setsar", 1)
    )
    source, own = split(source)
    own = own.filter("scale", interl=-1, **ranges).filter("format", merged)
    if may_keep:
        own, own_chroma = split(own)
        own_cb, own_cr = planes_of(own_chroma, "u+v")
        mask, cb, cr = planes_of(ours, "y+u+v")
        cb_mask, cr_mask = split(mask)
        cb, cr = _pick(cb_mask, cb, own_cb), _pick(cr_mask, cr, own_cr)
    else:
        cb, cr = planes_of(ours, "u+v")
    return _joined(source, own, cb, cr, merged).filter("setparams", **tags)


def merge_film(film: Film, picture: Any, other: Film, given: Any, *, sampling: str) -> Any:
    """Give a film's picture the chroma of another film, frame by frame; the rest as `merge_chroma`.

    Args:
        film: the result has its size, depth and colours.
        picture: ffmpeg-python stream of the film's frames.
        other: the film in colour.
        given: ffmpeg-python stream of its frames, at the same rate.
        sampling: chroma subsampling of the result.

    Returns:
        As `merge_chroma`. Chroma is the other's, bit by bit if that has this size, sampling, depth, matrix
        and range, or else converted.
    """
    merged = yuv_format(sampling, film.depth)
    mine, its = film.colors, other.colors
    tags = tags_of(mine)
    source, own = split(_as_planes(film, picture).filter("setparams", **tags).filter("setsar", 1))
    own = own.filter("scale", interl=-1, in_range=mine.range, out_range=mine.range).filter("format", merged)
    scaling: dict[str, Any] = {"interl": -1, "out_range": mine.range, "sws_dither": "none"}
    if not other.is_rgb:
        scaling["in_range"] = its.range
    if other.is_rgb or its.matrix != mine.matrix:
        scaling["out_color_matrix"] = matrix_name(mine.matrix)
    if not other.is_rgb and its.matrix != mine.matrix:
        scaling["in_color_matrix"] = matrix_name(its.matrix)
    flags = "bilinear+accurate_rnd+full_chroma_inp+full_chroma_int"
    given = given.filter("scale", film.width, film.height, flags=flags, **scaling).filter("format", merged)
    cb, cr = planes_of(given.filter("setparams", **tags).filter("setsar", 1), "u+v")
    return _joined(source, own, cb, cr, merged).filter("setparams", **tags)


def as_yuv(film: Film, picture: Any, *, sampling: str) -> Any:
    """Turn a picture in RGB into YUV, with its own colours; the luma as `merge_chroma` gives it.

    Args:
        film: the result has its size, depth and colours.
        picture: ffmpeg-python stream of frames.
        sampling: chroma subsampling of the result.
    """
    colors, merged = film.colors, yuv_format(sampling, film.depth)
    source, own = split(_as_planes(film, picture).filter("setparams", **tags_of(colors)).filter("setsar", 1))
    own = own.filter("scale", in_range=colors.range, out_range=colors.range).filter("format", merged)
    own, own_chroma = split(own)
    cb, cr = planes_of(own_chroma, "u+v")
    return _joined(source, own, cb, cr, merged).filter("setparams", **tags_of(colors))


def luma_and_chroma(film: Film, picture: Any, *, with_chroma: bool) -> Any:
    """Return a picture's luma as `merge_chroma` gives it, and, if asked for, its chroma beside that.

    Args:
        film: no RGB.
        picture: ffmpeg-python stream of its frames.
        with_chroma: whether the film has some that is wanted.

    Returns:
        ffmpeg-python stream in a grey format of the film's depth, or in yuv444p.
    """
    source = _as_planes(film, picture).filter("setsar", 1)
    if not with_chroma:
        return planes_of(source, "y")[0]
    merged, ranges = yuv_format("444", film.depth), {"in_range": film.colors.range}
    source, own = split(source)
    flags = "bilinear+accurate_rnd+full_chroma_inp+full_chroma_int"
    own = own.filter("scale", interl=-1, flags=flags, out_range=film.colors.range, **ranges)
    (luma,), chroma = planes_of(source, "y"), planes_of(own.filter("format", merged), "u+v")
    return filter_together([luma, *chroma], "mergeplanes", "0x001020", merged)


def tags_of(colors: Colors) -> dict[str, str]:
    """Colour tags as the filter setparams takes them."""
    return {
        "range": colors.range,
        "colorspace": colors.matrix,
        "color_primaries": colors.primaries or "unknown",
        "color_trc": colors.transfer or "unknown",
    }


def _joined(source: Any, own: Any, cb: Any, cr: Any, merged: str) -> Any:
    """Join the luma of `source` with two planes of chroma; all that belongs to frames is that of `own`."""
    # All three grey: ffmpeg brings what it merges to one format, and would take grey for limited range.
    (luma,) = planes_of(source, "y")
    picture = filter_together([luma, cb, cr], "mergeplanes", "0x001020", merged)
    # Which field comes first and closed captions belong to frames, and new frames have none. This takes
    # them from its first input, and all planes, as they are, from its second.
    return filter_together([own, picture], "blend", all_opacity=0, shortest=1)


def merge_alpha(film: Film, picture: Any, source: Any, pix_fmt: str, *, depth: int) -> Any:
    """Give a picture the transparency of its film.

    Args:
        film: it has alpha.
        picture: in YUV.
        source: ffmpeg-python stream of the film's frames.
        pix_fmt: the planar format of `picture`, with alpha.
        depth: of both.

    Returns:
        ffmpeg-python stream in `pix_fmt`; all else in its frames is that of `picture`.
    """
    if film.planar:
        known = film.pixels.little_endian
    elif film.is_rgb or is_grey(film.pix_fmt):  # Of ya16le, ffmpeg gives alpha a pixel late (seen with 5.1).
        known = _RGBA_FORMATS.get(film.depth, "gbrap16le|rgba64le")
    else:
        known = "yuva444p16le"
    (alpha,) = planes_of(source.filter("format", known), "a")
    # More bits scale all of it: a film in the other byte order would get limited range, and never be opaque.
    alpha = alpha.filter("setparams", range="pc").filter("format", grey_format(depth)).filter("setsar", 1)
    picture, opaque = split(picture)
    merged = filter_together([*planes_of(opaque, "y+u+v"), alpha], "mergeplanes", "0x00102030", pix_fmt)
    return filter_together([picture.filter("format", pix_fmt), merged], "blend", all_opacity=0, shortest=1)


def matrix_name(matrix: str) -> str:
    """The name that ffmpeg's scale filter has for a matrix."""
    return _SCALE_MATRIX.get(matrix, matrix)


def _as_planes(film: Film, picture: Any) -> Any:
    """The picture in a format whose luma is a plane of its own."""
    if film.planar:
        # No change but in byte order, as long as the film has one size.
        picture = picture.filter("scale", film.width, film.height)
        return picture.filter("format", film.pixels.little_endian)
    if is_grey(film.pix_fmt):
        if film.has_alpha:
            picture = picture.filter("format", "ya8" if film.depth == 8 else "ya16le")
            (picture,) = planes_of(picture, "y")
        return picture.filter("scale", film.width, film.height).filter("format", grey_format(film.depth))
    colors = film.colors
    if film.is_rgb and film.depth > _MOST_EXACT_BITS and has_filter("zscale"):
        picture = picture.filter("format", "gbrp14le" if film.depth == 14 else "gbrp16le")
        matrix = _ZSCALE_MATRIX.get(colors.matrix, colors.matrix)
        picture = picture.filter(
            "zscale",
            film.width,
            film.height,
            matrix=matrix,
            range="full" if colors.range == "pc" else "limited",
        )
        return picture.filter("format", yuv_format("444", film.depth))
    scaling = {
        "interl": -1,
        "out_range": colors.range,
        "flags": "accurate_rnd+full_chroma_inp+full_chroma_int",
    }
    if film.is_rgb:
        if film.has_alpha and film.depth == 12:  # With it, luma would be off by up to 1.3 (seen with 5.1).
            picture = picture.filter("format", "gbrp12le")
        scaling["out_color_matrix"] = matrix_name(colors.matrix)
    picture = picture.filter("scale", film.width, film.height, **scaling)
    # ffmpeg chooses the one that loses least.
    formats = "|".join(yuv_format(sampling, film.depth) for sampling in ("420", "422", "444"))
    return picture.filter("format", formats)


def grey_format(depth: int) -> str:
    """ffmpeg's name for a grey format."""
    return "gray" if depth == 8 else f"gray{depth}le"


def _pick(mask: Any, ours: Any, own: Any) -> Any:
    """Our plane, or the source's own where the mask says so.

    `threshold` computes nothing: where its first picture is less than its second, it takes the third, or
    else the fourth. An empty mask is less than any chroma of ours, since that is never 0, and a full one is
    more than the neutral that then stands for ours. (`maskedmerge` does with two pictures and a mask, but
    computes, and is off by one at an end of the range.)
    """
    bar, ours = split(ours)
    return filter_together([mask, bar, ours, own], "threshold")


def planes_of(picture: Any, names: str) -> list[Any]:
    """Planes of a picture, such as u+v, as grey pictures."""
    planes = picture.filter_multi_output("extractplanes", names)
    return [planes[i] for i, _ in enumerate(names.split("+"))]


def split(stream: Any) -> tuple[Any, Any]:
    """A stream twice, as each can be used only once."""
    both = stream.split()
    return both[0], both[1]
