"""Y4M, the uncompressed films that programs pipe to each other, and frames without any header."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import IO, Any

import numpy as np

from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.planes.form import UNSAID, Form, Plane

MAGIC = b"YUV4MPEG2 "
_FRAME = b"FRAME"
_MOST_HEADER = 1024  # bytes of a line
# Widths and heights beyond are damage: a frame would have gigabytes.
_MOST_SIDE = 32_768
_SHRINKS = {"420": (1, 1), "422": (1, 0), "444": (0, 0)}
_SPACE = re.compile(r"(420|422|444|mono)(?:(jpeg|mpeg2|paldv)|p?(9|1[0246]))?")
_RAW = re.compile(r"(\d+)x(\d+),(?:yuv(j?)(420|422|444)p|gray)(?:(9|1[0246])le)?")


@dataclass(frozen=True)
class Header:
    """What a stream says of itself."""

    form: Form
    words: tuple[str, ...]  # of its first line; empty: it has none, nor have its frames

    @property
    def has_marks(self) -> bool:
        """Whether a line stands before each frame."""
        return bool(self.words)

    def of_result(self) -> bytes:
        """The first line of the result: that of the source, in colour."""
        if not self.words:
            return b""
        words = [*self.words]
        if self.form.is_grey:
            depth = self.form.depth
            space = "420jpeg" if depth == 8 else f"420p{depth}"
            said = [word for word in words if word.startswith("XCOLORRANGE=")]
            words = [word for word in words if word[0] != "C" and not word.startswith("XYSCSS=")]
            words += [f"C{space}", *([] if said else ["XCOLORRANGE=FULL"])]
        return MAGIC + " ".join(words).encode("latin-1") + b"\n"


def read_header(source: IO[bytes], name: str) -> Header:
    """Read the first line of a stream of Y4M.

    Raises:
        InputError: it is damaged, or of a kind that we do not colour; the error says what to do.
    """
    line = source.readline(_MOST_HEADER)
    if not line.startswith(MAGIC) or not line.endswith(b"\n"):
        raise InputError(f"{name}: its first line is damaged: it is not Y4M")
    words = line[len(MAGIC) : -1].decode("latin-1").split()
    said = {word[0]: word[1:] for word in words if word[0] != "X"}
    extra = dict(word[1:].partition("=")[::2] for word in words if word[0] == "X")
    try:
        width, height = int(said["W"]), int(said["H"])
    except (KeyError, ValueError) as error:
        raise InputError(f"{name}: its first line is damaged: it names no width and height") from error
    found = _SPACE.fullmatch(said.get("C", "420"))
    if not found:
        raise InputError(
            f"{name}: its samples are C{said['C']}, which is not read: send 4:2:0, 4:2:2, 4:4:4 or grey, "
            "such as with ffmpeg -i FILM -pix_fmt yuv444p -f yuv4mpegpipe -"
        )
    form = _form(width, height, found[1].replace("mono", ""), int(found[3] or 8), name)
    full = {"FULL": True, "LIMITED": False}.get(extra.get("COLORRANGE", ""), form.is_grey)
    return Header(replace(form, colors=replace(UNSAID, range="pc" if full else "tv")), tuple(words))


def raw_header(text: str) -> Header:
    """Return what a text such as 640x480,yuv420p says of frames that have no header.

    Raises:
        OptionError: it is not of this form.
    """
    found = _RAW.fullmatch(text)
    if not found:
        raise OptionError(
            f"--raw {text}: write WIDTHxHEIGHT,PIXFMT, where PIXFMT is yuv420p, yuv422p, yuv444p or gray, "
            "with 10le, 12le or 16le for more bits, such as 640x480,yuv420p10le"
        )
    width, height, is_full, sampling, depth = found.groups()
    form = _form(int(width), int(height), sampling or "", int(depth or 8), f"--raw {text}")
    is_full = is_full or form.is_grey
    return Header(replace(form, colors=replace(UNSAID, range="pc" if is_full else "tv")), ())


def _form(width: int, height: int, sampling: str, depth: int, name: str) -> Form:
    if not (0 < width <= _MOST_SIDE and 0 < height <= _MOST_SIDE):
        raise InputError(f"{name}: a film cannot be {width} x {height}")
    shrink_x, shrink_y = _SHRINKS[sampling or "420"]
    return Form(width, height, depth, shrink_x, shrink_y, is_grey=not sampling)


def read_frames(source: IO[bytes], header: Header, name: str) -> Iterator[list[Plane]]:
    """Yield the planes of each frame.

    Raises:
        InputError: the stream breaks off within a frame, or something else stands between two.
    """
    form, number = header.form, 0
    shapes = form.shapes(grey=form.is_grey)
    sample = np.dtype(form.sample).newbyteorder("<")
    length = sum(height * width for height, width in shapes) * sample.itemsize
    while True:
        if header.has_marks:
            line = source.readline(_MOST_HEADER)
            if not line:
                return
            if not line.startswith(_FRAME) or not line.endswith(b"\n"):
                raise InputError(f"{name}: is damaged after {number} frames: the next does not begin as one")
        data = source.read(length)
        if not data and not header.has_marks:
            return
        if len(data) < length:
            raise InputError(
                f"{name}: breaks off within frame {number}: does the program before the pipe work?"
            )
        number += 1
        samples = np.frombuffer(data, sample).astype(form.sample, copy=False)
        planes, at = [], 0
        for height, width in shapes:
            planes.append(samples[at : at + height * width].reshape(height, width))
            at += height * width
        yield planes


def frame_bytes(planes: Sequence[Plane], header: Header) -> Iterator[Any]:
    """Yield what is written of a frame, piece by piece."""
    if header.has_marks:
        yield _FRAME + b"\n"
    for plane in planes:
        yield np.ascontiguousarray(plane, np.dtype(header.form.sample).newbyteorder("<")).data
