"""film.pixels: films in unusual pixel formats, and with transparency, through the real ffmpeg."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from deoldify_lite.film.encoding import Encoding
from deoldify_lite.film.fit import fit_into
from deoldify_lite.film.pixels import describe_pixels
from deoldify_lite.film.probe import Film, probe_film
from helpers.films import LOSSLESS, give_color, luma_hashes, make, noise, pattern, run


@pytest.mark.parametrize(
    ("name", "bits", "depth", "sampling", "planar", "has_alpha"),
    [
        ("yuv420p", 8, 8, "420", True, False),
        ("yuva444p12be", 12, 12, "444", True, True),
        ("gray16be", 16, 16, "420", True, False),
        ("nv12", 8, 8, "420", False, False),
        ("yuyv422", 8, 8, "422", False, False),
        ("p210le", 10, 10, "422", False, False),
        ("ya8", 8, 8, "420", False, True),
        ("rgb48be", 16, 16, "420", False, False),
        ("rgb565le", 6, 8, "420", False, False),
        ("argb", 8, 8, "420", False, True),
        ("0rgb", 8, 8, "420", False, False),
        ("pal8", 8, 8, "420", False, False),
        ("grayf32le", 32, 16, "420", False, False),
    ],
)
def test_pixel_formats_are_described(
    name: str, bits: int, depth: int, sampling: str, planar: bool, has_alpha: bool
) -> None:
    found = describe_pixels(name)
    assert (found.bits, found.depth, found.sampling) == (bits, depth, sampling)
    assert (found.planar, found.has_alpha) == (planar, has_alpha)


# --- luma ---

FAST = ["bgr0", "rgba64le"]
OTHERS = ["rgb24", "argb", "bgr48be", "gbrp10le", "gbrp12le", "gbrp16le"]


@pytest.mark.parametrize("pix_fmt", [*FAST, *(pytest.param(each, marks=pytest.mark.slow) for each in OTHERS)])
def test_all_greys_of_rgb_films_stay(tmp_path: Path, pix_fmt: str) -> None:
    depth = describe_pixels(pix_fmt).depth
    wide = "gbrp" if depth == 8 else f"gbrp{depth}le"
    # All 256 greys of 8 bits, or as many of more.
    greys = [f"{color}='{(2**depth - 1) / 255}*mod(X+64*Y,256)'" for color in "rgb"]
    codec = ("-c:v", "ffv1" if pix_fmt.startswith("gbr") else "rawvideo")
    graph = f"nullsrc=s=64x64:r=25:d=0.12,format={wide},geq={':'.join(greys)}"
    source = make(tmp_path / "a.nut", "-f", "lavfi", "-i", graph, *codec, "-pix_fmt", pix_fmt)
    film = probe_film(source)
    assert film.is_rgb and film.pix_fmt == pix_fmt
    assert fit_into(film, ".mkv", LOSSLESS).losses == ()
    give_color(film, 3, tmp_path / "out.mkv")
    result = probe_film(tmp_path / "out.mkv")
    assert (result.colors.range, result.sampling, result.depth) == ("pc", "444", depth)
    green = samples(film, f"format={wide},extractplanes=g", depth)
    assert len(set(green.ravel())) == 256
    # Weights of three equal colours are rounded at 16 bits.
    error = np.abs(samples(result, "extractplanes=y", depth) - green).max()
    assert error <= (1 if depth == 16 else 0)


@pytest.mark.slow
@pytest.mark.parametrize("pix_fmt", ["pal8", "rgb8", "bgr8", "monob", "rgb555le", "bgr565be", "rgb444le"])
def test_films_of_few_colors_keep_their_luma(tmp_path: Path, pix_fmt: str) -> None:
    source = make(tmp_path / "a.nut", *pattern(0.12), "-c:v", "rawvideo", "-pix_fmt", pix_fmt)
    film = probe_film(source)
    give_color(film, 3, tmp_path / "out.mkv")
    colors = samples(film, "format=bgr24,format=gbrp", 8).reshape(3, 3, -1)
    wanted = np.einsum("fcp,c->fp", colors, (0.7152, 0.0722, 0.2126)).ravel()
    luma = samples(probe_film(tmp_path / "out.mkv"), "extractplanes=y", 8)
    assert np.abs(luma - wanted).max() <= 0.75


@pytest.mark.slow
@pytest.mark.parametrize("pix_fmt", ["yuv420p10be", "yuv444p16be", "gray16be", "yuva422p10be"])
def test_luma_of_the_other_byte_order_is_lossless(tmp_path: Path, pix_fmt: str) -> None:
    little = pix_fmt.replace("be", "le")
    source = make(
        tmp_path / "a.nut",
        *("-i", noise(tmp_path / "le.nut", little, 10), "-c:v", "rawvideo", "-pix_fmt", pix_fmt),
    )
    film = probe_film(source)
    assert film.pix_fmt == pix_fmt
    give_color(film, 3, tmp_path / "out.mkv")
    assert luma_hashes(tmp_path / "out.mkv") == luma_hashes(source, f"format={little}")


@pytest.mark.parametrize(("pix_fmt", "depth"), [("ya8", 8), ("ya16be", 16)])
def test_greys_with_transparency_keep_both(tmp_path: Path, pix_fmt: str, depth: int) -> None:
    source = transparent(tmp_path / "a.mkv", "-c:v", "png", "-pix_fmt", pix_fmt)
    film = probe_film(source)
    give_color(film, 3, tmp_path / "out.mkv")
    result = probe_film(tmp_path / "out.mkv")
    grey = f"format=gray{'' if depth == 8 else '16le'}"
    assert np.array_equal(samples(film, grey, depth), samples(result, f"extractplanes=y,{grey}", depth))
    assert np.array_equal(alpha(film), alpha(result))
    assert len(np.unique(alpha(film))) > 100


def test_opaque_stays_opaque_with_more_bits(tmp_path: Path) -> None:
    """Of this format FFV1 takes 16 bits, and the other byte order costs a conversion."""
    source = make(tmp_path / "a.nut", *pattern(0.12), "-c:v", "rawvideo", "-pix_fmt", "yuva444p12be")
    give_color(probe_film(source), 3, tmp_path / "out.mkv")
    result = probe_film(tmp_path / "out.mkv")
    assert result.depth == 16 and (samples(result, "extractplanes=a", 16) == 65535).all()


def test_transparency_takes_nothing_from_luma(tmp_path: Path) -> None:
    lumas = []
    source = transparent(tmp_path / "gbrap12le.nut", "-c:v", "rawvideo", "-pix_fmt", "gbrap12le")
    opaque = make(tmp_path / "gbrp12le.nut", "-i", source, "-c:v", "rawvideo", "-pix_fmt", "gbrp12le")
    for path in (source, opaque):
        give_color(probe_film(path), 3, tmp_path / f"{path.stem}.mkv")
        result = probe_film(tmp_path / f"{path.stem}.mkv")
        lumas.append(samples(result, "extractplanes=y", result.depth) / (2**result.depth - 1))
    assert np.abs(lumas[0] - lumas[1]).max() < 1 / 65535


def test_a_container_that_does_not_mark_full_range_is_told(tmp_path: Path) -> None:
    film = probe_film(make(tmp_path / "a.mkv", *pattern(0.12), "-c:v", "ffv1", "-pix_fmt", "bgr0"))
    (loss,) = fit_into(film, ".mov", LOSSLESS).losses
    assert "fewer levels" in loss and ".mkv" in loss
    give_color(film, 3, tmp_path / "out.mov")
    assert probe_film(tmp_path / "out.mov").colors.range == "tv"


# --- transparency ---

ROUNDED, LOSSY = 0.5, 8  # of 255; VP9 changes less here


@pytest.mark.parametrize(
    ("name", "arguments", "codec", "suffix", "error"),
    [
        ("a.mkv", ["ffv1", "-pix_fmt", "yuva422p10le"], "ffv1", ".mkv", 0),
        ("a.mov", ["prores_ks", "-pix_fmt", "yuva444p10le"], "prores_ks", ".mov", ROUNDED),
        ("a.mov", ["prores_ks", "-pix_fmt", "yuva444p10le"], "ffv1", ".mkv", ROUNDED),
        ("a.mov", ["qtrle", "-pix_fmt", "argb"], "ffv1", ".mkv", 0),
        ("a.mov", ["qtrle", "-pix_fmt", "argb"], "prores_ks", ".mov", ROUNDED),
        ("a.mkv", ["png", "-pix_fmt", "rgba64be"], "ffv1", ".mkv", 0),
        ("a.webm", ["libvpx-vp9", "-pix_fmt", "yuva420p"], None, ".webm", LOSSY),
        ("a.webm", ["libvpx", "-pix_fmt", "yuva420p", "-auto-alt-ref", "0"], None, ".webm", LOSSY),
        ("a.webm", ["libvpx-vp9", "-pix_fmt", "yuva420p"], "ffv1", ".mkv", 0),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else str(value),
)
@pytest.mark.slow
def test_transparency_is_kept(
    tmp_path: Path, name: str, arguments: list[str], codec: str | None, suffix: str, error: float
) -> None:
    film = probe_film(transparent(tmp_path / name, "-c:v", *arguments))
    assert film.has_alpha
    encoding = Encoding(codec=codec)
    assert not any("transparent" in loss for loss in fit_into(film, suffix, encoding).losses)
    give_color(film, 3, tmp_path / f"out{suffix}", encoding)
    result = probe_film(tmp_path / f"out{suffix}")
    assert result.has_alpha
    assert np.abs(alpha(result) - alpha(film)).max() <= error
    assert len(np.unique(alpha(film) // 8)) > 16
    if codec == "ffv1" and film.planar:
        # FFV1 has 12 bits only without transparency, and stores these in 16.
        luma, kept = (samples(each, "extractplanes=y", each.depth) for each in (film, result))
        assert np.array_equal(kept, luma << (result.depth - film.depth))


@pytest.mark.parametrize(
    ("suffix", "remedy"),
    [(".mkv", "--codec ffv1"), (".mov", "--codec prores_ks"), (".mp4", "name the result .mov")],
)
def test_transparency_that_gets_lost_is_told(tmp_path: Path, suffix: str, remedy: str) -> None:
    film = probe_film(transparent(tmp_path / "a.mkv", "-c:v", "ffv1", "-pix_fmt", "yuva420p"))
    (loss,) = fit_into(film, suffix, Encoding(codec="libx264")).losses
    assert "yuva420p can be transparent" in loss and remedy in loss


def test_an_opaque_film_is_not_said_to_lose_transparency(tmp_path: Path) -> None:
    film = probe_film(make(tmp_path / "a.nut", *pattern(0.12), "-c:v", "rawvideo", "-pix_fmt", "0rgb"))
    assert not film.has_alpha and fit_into(film, ".mkv", Encoding()).losses == ()


@pytest.mark.parametrize("is_opaque", [True, False])
def test_a_gif_is_looked_at_for_transparency(tmp_path: Path, is_opaque: bool) -> None:
    """Each is read as if it were transparent."""
    hole = "null" if is_opaque else "colorkey=blue:0.2"
    graph = f"format=rgba,{hole},split[a][b];[a]palettegen[p];[b][p]paletteuse"
    film = probe_film(make(tmp_path / "a.gif", *pattern(0.4), "-filter_complex", graph))
    losses = fit_into(film, ".mkv", Encoding(codec="libx264")).losses
    assert film.has_alpha and any("can be transparent" in loss for loss in losses) != is_opaque


def transparent(path: Path, *arguments: object) -> Path:
    """A film of three frames, each with all kinds of alpha."""
    picture = "testsrc=s=96x64:r=25:d=0.12,format=rgba64le,geq=r='r(X,Y)':g='g(X,Y)':b='b(X,Y)'"
    return make(path, "-f", "lavfi", "-i", f"{picture}:a='600*X+97*Y'", *arguments)


def alpha(film: Film) -> NDArray[np.float64]:
    """Alpha of a film's frames, from 0 to 255."""
    # ffmpeg's extractplanes gives alpha of greys a pixel late.
    first = {"ya8": "format=rgba,", "ya16be": "format=rgba64le,", "rgba64be": "format=rgba64le,"}
    graph = f"{first.get(film.pix_fmt, '')}extractplanes=a"
    return samples(film, graph, film.depth) * (255 / (2**film.depth - 1))


def samples(film: Film, graph: str, depth: int) -> NDArray[np.int64]:
    """All samples that a filter gives of a film's frames."""
    decoder = ("-c:v", film.decoder) if film.decoder else ()
    output = ("-vf", graph, "-f", "rawvideo", "-")
    data = run("ffmpeg", "-v", "error", *decoder, "-i", film.path, *output)
    return np.frombuffer(data, np.uint8 if depth == 8 else "<u2").astype(np.int64)
