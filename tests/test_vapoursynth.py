"""vapoursynth: clips in colour, with the real VapourSynth; luma to the bit, frames in any order."""

import threading
from typing import Any

import numpy as np
import pytest

from deoldify_lite import vapoursynth as ours
from deoldify_lite.errors import InputError, OptionError
from deoldify_lite.planes.film import colorize_planes
from deoldify_lite.planes.form import Form
from deoldify_lite.render.colorizer import Colorizer
from helpers.networks import Fixed

vs = pytest.importorskip(
    "vapoursynth", reason="VapourSynth is not installed; it has wheels for Python 3.12 and later"
)

WIDTH, HEIGHT = 64, 36


class Shade(Fixed):
    """Colours by the brightness of the frame."""

    def predict(self, lumas: np.ndarray) -> np.ndarray:
        return super().predict(lumas) + lumas.mean((1, 2), dtype=np.float32).reshape(-1, 1, 1, 1) / 2000


@pytest.fixture
def colorizer() -> Colorizer:
    return Colorizer(Shade(), render_factor=4)


@pytest.fixture
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short clips have several pieces."""
    monkeypatch.setattr(ours, "PIECE_FRAMES", 12)


def luma_of(number: int, depth: int) -> np.ndarray:
    """A picture that moves slowly, and gets darker."""
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    waves = 0.5 + 0.4 * np.sin((x + number) / 7) * np.cos(y / 5)
    return np.rint(waves * (1 - number / 400) * (2**depth - 1)).astype(np.uint8 if depth == 8 else np.uint16)


def clip_of(form: Any, *, length: int = 40, **props: int) -> Any:
    blank = vs.core.std.BlankClip(width=WIDTH, height=HEIGHT, format=form, length=length)
    depth = blank.format.bits_per_sample

    def draw(n: int, f: Any) -> Any:
        result = f.copy()
        np.asarray(result[0])[:] = luma_of(n, depth)
        for name in list(result.props):
            if name in ("_Range", "_ColorRange", "_Matrix"):
                del result.props[name]
        for name, value in props.items():
            result.props[name] = value
        return result

    return vs.core.std.ModifyFrame(blank, blank, draw)


def planes(clip: Any, number: int) -> list[np.ndarray]:
    frame = clip.get_frame(number)
    return [np.array(np.asarray(frame[plane])) for plane in range(clip.format.num_planes)]


# VapourSynth warns of names that it will drop.
pytestmark = pytest.mark.filterwarnings("error::DeprecationWarning:deoldify_lite")


@pytest.mark.parametrize(
    ("name", "result"),
    [
        *(("GRAY8", "YUV420P8"), ("GRAY10", "YUV420P10"), ("GRAY16", "YUV420P16")),
        *((name, name) for name in ("YUV420P8", "YUV422P10", "YUV444P12", "YUV444P16", "YUV410P8")),
    ],
)
def test_luma_is_kept_to_the_bit(colorizer: Colorizer, name: str, result: str) -> None:
    clip = clip_of(getattr(vs, name), length=5)
    colored = ours.colorize(clip, colorizer=colorizer)
    assert colored.format.name == result and colored.num_frames == 5
    for number in range(5):
        got = planes(colored, number)
        assert np.array_equal(got[0], luma_of(number, clip.format.bits_per_sample))
        neutral = 2 ** (clip.format.bits_per_sample - 1)
        assert got[1].mean() < neutral < got[2].mean()


def test_frames_are_the_same_in_any_order(colorizer: Colorizer, small_pieces: None) -> None:
    """And asked for from several threads."""
    clip = clip_of(vs.GRAY8)
    one, other = (ours.colorize(clip, colorizer=colorizer) for _ in range(2))
    forwards = [planes(one, number) for number in range(40)]
    backwards = [planes(other, number) for number in reversed(range(40))][::-1]
    third = ours.colorize(clip, colorizer=colorizer)
    at_once: dict[int, list[np.ndarray]] = {}
    threads = [
        threading.Thread(target=lambda number=number: at_once.update({number: planes(third, number)}))
        for number in (39, 3, 20, 12, 11)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(40):
        for plane in range(3):
            assert np.array_equal(forwards[number][plane], backwards[number][plane])
    for number, found in at_once.items():
        assert all(np.array_equal(a, b) for a, b in zip(found, forwards[number], strict=True))


def test_pieces_are_hardly_seen(colorizer: Colorizer, small_pieces: None) -> None:
    """Colours are those of the film in one go, to a level of 8 bits."""
    clip = clip_of(vs.YUV420P16, length=60)
    colored = ours.colorize(clip, colorizer=colorizer, steadiness=0.9)
    form = Form(WIDTH, HEIGHT, 16, 1, 1, is_grey=True)
    whole = colorize_planes(([luma_of(number, 16)] for number in range(60)), form, colorizer, steadiness=0.9)
    for number, frame in enumerate(whole):
        for got, wanted in zip(planes(colored, number)[1:], frame.planes[1:], strict=True):
            assert np.abs(got.astype(int) - wanted.astype(int)).max() < 256


def test_what_properties_say_is_heeded_and_said(colorizer: Colorizer) -> None:
    def chroma(**props: int) -> tuple[float, Any]:
        colored = ours.colorize(clip_of(vs.GRAY16, length=2, **props), colorizer=colorizer)
        return float(planes(colored, 0)[2].mean()), dict(colored.get_frame(0).props)

    plain, said = chroma()
    assert said["_Matrix"] == 1 and said["_Range"] == vs.RANGE_LIMITED
    full, said = chroma(_Range=1)
    assert full > plain and said["_Range"] == vs.RANGE_FULL
    with pytest.deprecated_call():
        assert chroma(_ColorRange=0)[0] == full
    other, said = chroma(_Matrix=6)
    assert other != plain and said["_Matrix"] == 6


def test_hdr_is_seen_as_other_films_are(colorizer: Colorizer) -> None:
    clip = clip_of(vs.YUV420P10, length=2, _Matrix=9, _Primaries=9, _Transfer=16)
    got = planes(ours.colorize(clip, colorizer=colorizer), 1)
    assert np.array_equal(got[0], luma_of(1, 10)) and got[2].mean() > 512


def test_what_cannot_be_coloured_is_refused(colorizer: Colorizer) -> None:
    blank = vs.core.std.BlankClip
    for clip in (blank(format=vs.RGB24), blank(format=vs.GRAYS), blank(format=vs.YUV444PS)):
        with pytest.raises(InputError, match="give YUV or GRAY"):
            ours.colorize(clip, colorizer=colorizer)
    varying = vs.core.std.Splice([blank(width=64), blank(width=32)], mismatch=True)
    with pytest.raises(InputError, match="varies"):
        ours.colorize(varying, colorizer=colorizer)
    with pytest.raises(InputError, match="is not a clip"):
        ours.colorize("clip", colorizer=colorizer)
    with pytest.raises(OptionError, match="steadiness"):
        ours.colorize(clip_of(vs.GRAY8), colorizer=colorizer, steadiness=2)
    unknown = ours.colorize(clip_of(vs.YUV444P8, length=1, _Matrix=8), colorizer=colorizer)
    with pytest.raises(vs.Error, match="_Matrix 8"):
        unknown.get_frame(0)


def test_odd_sizes_of_grey_become_444(colorizer: Colorizer) -> None:
    clip = vs.core.std.BlankClip(width=35, height=17, format=vs.GRAY8, length=1)
    assert ours.colorize(clip, colorizer=colorizer).format.name == "YUV444P8"
    assert len(planes(ours.colorize(clip, colorizer=colorizer), 0)) == 3
