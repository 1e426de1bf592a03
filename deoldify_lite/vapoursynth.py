"""Colorize clips of VapourSynth.

    import vapoursynth as vs
    from deoldify_lite.vapoursynth import colorize

    colorize(clip).set_output()

VapourSynth asks for frames in any order, and each must come out the same whatever was asked before. So a
clip is cut into pieces of a fixed number of frames, and each is steadied together with some frames before and
after it.
"""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from deoldify_lite.color.arrays import Luma
from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.film.chroma import MATRICES
from deoldify_lite.film.colors import Colors
from deoldify_lite.pictures import kept_colorizer
from deoldify_lite.planes.form import Form, chroma_planes, network_luma
from deoldify_lite.render.colorizer import Colorizer
from deoldify_lite.render.modes import MODES
from deoldify_lite.run.steps import predict_steps
from deoldify_lite.temporal.key_frames import find_key_frames
from deoldify_lite.temporal.shots import Frame, mark_shots
from deoldify_lite.temporal.steady import LOOK_AHEAD, steady

# Frames of a piece, and those before and after it that have a say in its colours.
PIECE_FRAMES = 128
AROUND_FRAMES = 2 * LOOK_AHEAD
BATCH = 4
# Pieces whose chroma is kept, some megabytes each, should VapourSynth forget theirs.
_MOST_PIECES = 8

# ITU-T H.273, tables 2 to 4, by ffmpeg's names.
_MATRICES = {1: "bt709", 4: "fcc", 5: "bt470bg", 6: "smpte170m", 7: "smpte240m", 9: "bt2020nc"}
_PRIMARIES = {1: "bt709", 9: "bt2020", 12: "smpte432"}
_TRANSFERS = {16: "smpte2084", 18: "arib-std-b67"}
_UNSAID = (2, None)

_predicting = threading.Lock()


def colorize(clip: Any, *, colorizer: Colorizer | None = None, steadiness: float | None = None) -> Any:
    """Colorize a clip.

    Its luma stays as it is, bit by bit, and so do the properties of its frames; GRAY becomes YUV of 4:2:0, or
    of 4:4:4 where a side is odd. Frames may be asked for in any order and from several threads: each has the
    same colour whatever was asked before. Colours are steadied as in films, but for what needs all that came
    before: a scene that comes back later may have colours of its own. Shots that are in colour already are
    coloured like all others.

    Args:
        clip: a VideoNode of YUV or GRAY, of integers of 8 to 16 bits, of constant format and size.
        colorizer: from `load_colorizer`; None for the default of video mode.
        steadiness: 0 colours each frame alone, 1 holds colours for as long as motion can be followed; None
            for the default of video mode.

    Returns:
        A VideoNode of as many frames. What its colours mean is in its frames' properties: the matrix and the
        range of each frame are heeded; where it says none, BT.709 and limited range are meant, and said.

    Raises:
        InputError: VapourSynth is missing, or the clip is of another kind.
        OptionError: `steadiness` is out of range.
        WeightsError: the weights are missing or wrong.
    """
    try:
        import vapoursynth as vs
    except ImportError as error:
        raise InputError('VapourSynth is not installed: pip install "deoldify_lite[vapoursynth]"') from error
    if steadiness is None:
        steadiness = MODES["video"].steadiness
    if not 0 <= steadiness <= 1:
        raise OptionError(f"steadiness {steadiness}: choose a value from 0 to 1")
    _check(clip, vs)
    colorizer = colorizer or kept_colorizer("video")
    form, core = _form_of(clip, vs), vs.core
    base = _with_chroma(clip, form, vs) if form.is_grey else clip
    side = colorizer.render_size
    luma = core.std.ShufflePlanes(clip, 0, vs.GRAY)
    blank = core.std.BlankClip(width=side, height=side, format=vs.GRAY8, length=clip.num_frames, keep=True)
    squares = core.std.ModifyFrame(blank, [blank, luma], _Squares(form, side))
    height, width = colorizer.chroma_size
    pieces = -(-clip.num_frames // PIECE_FRAMES)
    blank = core.std.BlankClip(
        width=width, height=2 * height * PIECE_FRAMES, format=vs.GRAYS, length=pieces, keep=True
    )
    window = PIECE_FRAMES + 2 * AROUND_FRAMES
    # Of each frame of the windows a clip, with one frame for each piece.
    padding = core.std.BlankClip(squares, length=AROUND_FRAMES + PIECE_FRAMES, keep=True)
    padded = padding[:AROUND_FRAMES] + squares + padding
    spread = [core.std.SelectEvery(padded[at:], PIECE_FRAMES, 0)[:pieces] for at in range(window)]
    chroma = core.std.ModifyFrame(
        blank, [blank, *spread], _Pieces(colorizer, clip.num_frames, steadiness, (height, width))
    )
    by_frame = core.std.Interleave([chroma] * PIECE_FRAMES)[: clip.num_frames]
    # Limited range by its name since R74, and by the one before, which has the numbers the other way round.
    limited = ("_Range", 0) if hasattr(vs, "Range") else ("_ColorRange", 1)
    return core.std.ModifyFrame(base, [base, squares, by_frame], _Result(form, (height, width), limited))


def _check(clip: Any, vs: Any) -> None:
    """Raise InputError for clips that cannot be coloured."""
    if not isinstance(clip, vs.VideoNode):
        raise InputError(f"a {type(clip).__name__} is not a clip: give a VideoNode of VapourSynth")
    form = clip.format
    if form is None or not clip.width or not clip.height:
        raise InputError("the clip's format or size varies: make it constant first, by core.resize.Bicubic")
    known = form.color_family in (vs.YUV, vs.GRAY) and form.sample_type == vs.INTEGER
    if not known or not 8 <= form.bits_per_sample <= 16:
        raise InputError(
            f"a clip of {form.name}: give YUV or GRAY of integers of 8 to 16 bits, such as "
            "core.resize.Bicubic(clip, format=vs.YUV444P16, matrix_s='709')"
        )


def _form_of(clip: Any, vs: Any) -> Form:
    form = clip.format
    is_grey = form.color_family == vs.GRAY
    even = clip.width % 2 == 0 and clip.height % 2 == 0
    across, down = (int(even), int(even)) if is_grey else (form.subsampling_w, form.subsampling_h)
    return Form(clip.width, clip.height, form.bits_per_sample, across, down, is_grey=is_grey)


def _with_chroma(clip: Any, form: Form, vs: Any) -> Any:
    """A grey clip as YUV: its own luma, and chroma to be filled in."""
    height, width = form.chroma_shape
    neutral = vs.core.std.BlankClip(clip, width, height, color=2 ** (form.depth - 1), keep=True)
    return vs.core.std.ShufflePlanes([clip, neutral, neutral], [0, 0, 0], vs.YUV)


def _colors_of(props: Any) -> Colors:
    """What the properties of a frame say of its colours.

    Raises:
        InputError: they name a matrix that we cannot write.
    """
    matrix = props.get("_Matrix")
    if matrix not in _UNSAID and _MATRICES.get(matrix) not in MATRICES:
        raise InputError(f"_Matrix {matrix} is not supported: convert the clip by core.resize.Bicubic first")
    # Full range is 1 by the new name, and 0 by the old one.
    is_full = props["_Range"] == 1 if "_Range" in props else props.get("_ColorRange") == 0
    return Colors(
        "pc" if is_full else "tv",
        _MATRICES.get(matrix, "bt709"),
        _PRIMARIES.get(props.get("_Primaries")),
        _TRANSFERS.get(props.get("_Transfer")),
        None,
    )


class _Squares:
    """Gives each frame as the network sees it."""

    def __init__(self, form: Form, side: int) -> None:
        self._form, self._side = form, side

    def __call__(self, n: int, f: Sequence[Any]) -> Any:
        result = f[0].copy()
        form = replace(self._form, colors=_colors_of(f[1].props))
        np.asarray(result[0])[:] = network_luma(np.asarray(f[1][0]), form, self._side)
        return result


class _Pieces:
    """Gives the chroma of a piece as one tall frame: Cb and Cr of each of its frames, one below the other."""

    def __init__(
        self, colorizer: Colorizer, length: int, steadiness: float, chroma_size: tuple[int, int]
    ) -> None:
        self._colorizer, self._length, self._steadiness = colorizer, length, steadiness
        self._shape = (PIECE_FRAMES, 2, *chroma_size)
        self._kept: OrderedDict[int, NDArray[np.float32]] = OrderedDict()

    def __call__(self, n: int, f: Sequence[Any]) -> Any:
        result = f[0].copy()
        if n not in self._kept:
            first = n * PIECE_FRAMES - AROUND_FRAMES  # of the window; before the clip's start it is blank
            numbers = range(first, first + len(f) - 1)
            lumas = [
                np.array(np.asarray(frame[0]))
                for number, frame in zip(numbers, f[1:], strict=True)
                if 0 <= number < self._length
            ]
            self._kept[n] = self._chroma(lumas, n * PIECE_FRAMES - max(first, 0))
            if len(self._kept) > _MOST_PIECES:
                self._kept.popitem(last=False)
        np.asarray(result[0])[:] = self._kept[n].reshape(-1, self._shape[-1])
        return result

    def _chroma(self, lumas: list[Luma], skipped: int) -> NDArray[np.float32]:
        """Colorize a window, and return the chroma of its piece, which begins after some frames."""
        with _predicting:
            steps = find_key_frames(
                mark_shots(map(Frame, lumas)), self._colorizer.chroma_size, moves=self._steadiness > 0
            )
            predicted = predict_steps(steps, self._colorizer, batch_size=BATCH)
            found = list(steady(predicted, steadiness=self._steadiness))[skipped : skipped + PIECE_FRAMES]
        piece = np.zeros(self._shape, np.float32)
        piece[: len(found)] = np.stack([one for one in found if one is not None])
        return piece


class _Result:
    """Gives each frame in colour."""

    def __init__(self, form: Form, chroma_size: tuple[int, int], limited: tuple[str, int]) -> None:
        self._form, self._rows = form, 2 * chroma_size[0]
        self._limited = limited  # the property that says limited range, and its value

    def __call__(self, n: int, f: Sequence[Any]) -> Any:
        result = f[0].copy()
        form = replace(self._form, colors=_colors_of(result.props))
        at = n % PIECE_FRAMES * self._rows
        chroma = np.asarray(f[2][0])[at : at + self._rows].reshape(2, self._rows // 2, -1)
        for number, plane in enumerate(chroma_planes(chroma, np.asarray(f[1][0]), form), 1):
            np.asarray(result[number])[:] = plane
        if result.props.get("_Matrix") in _UNSAID:
            result.props["_Matrix"] = 1
        if "_Range" not in result.props and "_ColorRange" not in result.props:
            name, value = self._limited
            result.props[name] = value
        return result
