"""film.tone: against the standards' own numbers, and against zimg, ffmpeg's colour conversion."""

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from deoldify_lite.film.chroma import convert_chroma
from deoldify_lite.film.colors import Colors
from deoldify_lite.film.tone import fit_chroma, luma_table, needs_luma
from helpers.films import run

PQ = Colors("tv", "bt2020nc", "bt2020", "smpte2084", None)
HLG = Colors("tv", "bt2020nc", "bt2020", "arib-std-b67", None)
WIDE = Colors("tv", "bt2020nc", "bt2020", "bt2020-10", None)
PLAIN = Colors("tv", "bt709", "bt709", "bt709", None)


def test_other_films_are_seen_as_they_are() -> None:
    assert luma_table(PLAIN) is None and luma_table(WIDE) is None
    assert not needs_luma(PLAIN) and needs_luma(WIDE) and needs_luma(PQ)


@pytest.mark.parametrize(
    # Signals by ITU-R BT.2408, table 1: white paper, 203 cd/m², is at 58 % and at 75 %. An 18 % grey is at
    # 38 % in both, as 26 cd/m² and so 0.425 by BT.1886.
    ("colors", "white", "grey"),
    [(PQ, 0.58, 0.38), (HLG, 0.75, 0.38)],
)
def test_luma_is_seen_as_on_other_screens(colors: Colors, white: float, grey: float) -> None:
    table = luma_table(colors)
    assert table is not None and table.shape == (256,) and table.dtype == np.uint8
    # Paper leaves an eighth for lights, see _SHOULDER; what is darker is not touched.
    assert table[round(white * 255)] == pytest.approx(0.875 * 255, abs=2)
    assert table[round(grey * 255)] == pytest.approx(0.425 * 255, abs=3)
    assert np.all(np.diff(table.astype(int)) >= 0) and table[0] == 0 and table[255] > 240
    # A network would take this grey for far darker, or paper for grey.
    assert abs(table[round(white * 255)] - white * 255) > 30


def zimg(rgb: NDArray[np.float64], colors: Colors, tmp_path: Path) -> NDArray[np.float64]:
    """Cb and Cr of one colour of BT.709, as zimg brings it into a film of other light."""
    transfer = {"smpte2084": "smpte2084", "bt2020-10": "2020_10"}[str(colors.transfer)]
    red, green, blue = (np.full((16, 16), round(value * 65535), "<u2").tobytes() for value in rgb)
    (tmp_path / "rgb.raw").write_bytes(green + blue + red)
    into = f"primaries=2020:transfer={transfer}:matrix=2020_ncl:range=full"
    data = run(
        *("ffmpeg", "-v", "error", "-f", "rawvideo", "-pixel_format", "gbrp16le", "-video_size", "16x16"),
        *("-i", tmp_path / "rgb.raw", "-vf"),
        f"zscale=pin=709:tin=709:min=gbr:rin=full:npl=203:{into},format=yuv444p16le",
        *("-f", "rawvideo", "-"),
    )
    _, cb, cr = np.frombuffer(data, "<u2").reshape(3, 256)[:, 100] / 65535
    return np.array([cb, cr]) - 32768 / 65535


CB, CR = -0.06, 0.08


def shown(luma: int) -> NDArray[np.float64]:
    """The colour of BT.709 that CB and CR make of a luma."""
    red, blue = luma / 255 + 1.402 * CR, luma / 255 + 1.772 * CB
    return np.array([red, (luma / 255 - 0.299 * red - 0.114 * blue) / 0.587, blue])


def fitted_to(luma: int, colors: Colors) -> NDArray[np.float32]:
    chroma = np.stack([np.full((4, 4), CB), np.full((4, 4), CR)])
    fitted = fit_chroma(chroma, np.full((8, 8), luma, np.uint8), colors)
    assert fitted.shape == (2, 4, 4) and fitted.dtype == np.float32
    return fitted[:, 0, 0]


@pytest.mark.parametrize("colors", [PQ, WIDE], ids=["PQ", "BT.2020"])
@pytest.mark.parametrize("luma", [51, 102, 153])
def test_chroma_shows_the_same_color_in_other_light(tmp_path: Path, colors: Colors, luma: int) -> None:
    expected = zimg(shown(luma), colors, tmp_path)
    np.testing.assert_allclose(fitted_to(luma, colors), expected, atol=0.001)
    # What a film of BT.709 takes would be far stronger.
    plain = convert_chroma(np.array([CB, CR]).reshape(2, 1, 1), colors.matrix)
    assert np.abs(plain).sum() > 1.1 * np.abs(expected).sum()


@pytest.mark.parametrize("luma", [51, 102, 153])
def test_chroma_shows_the_same_color_in_hlg(luma: int) -> None:
    # zimg takes a gamma for each channel where BT.2100 has one for all, so HLG is shown here as BT.2100 says.
    light = 203 * shown(luma) ** 2.4
    from_bt709 = [[0.6274, 0.3293, 0.0433], [0.0691, 0.9195, 0.0114], [0.0164, 0.0880, 0.8956]]  # BT.2087
    light = from_bt709 @ light
    cb, cr = (float(value) for value in fitted_to(luma, HLG))
    # The luma that goes with it is that of the signal itself.
    red, green, blue = (hlg_signal(float(value), float(light @ [0.2627, 0.678, 0.0593])) for value in light)
    signal_luma = 0.2627 * red + 0.678 * green + 0.0593 * blue
    assert cb == pytest.approx((blue - signal_luma) / 1.8814, abs=0.001)
    assert cr == pytest.approx((red - signal_luma) / 1.4746, abs=0.001)


def hlg_signal(light: float, luminance: float) -> float:
    """The signal that a screen of 1000 cd/m² shows as light, found by trying."""

    def light_of(signal: float) -> float:
        scene = signal**2 / 3 if signal <= 0.5 else (math.exp((signal - 0.5599) / 0.1789) + 0.2847) / 12
        return 1000 * scene_luminance**0.2 * scene

    scene_luminance = (luminance / 1000) ** (1 / 1.2)
    return min((step / 20000 for step in range(20000)), key=lambda signal: abs(light_of(signal) - light))


@pytest.mark.parametrize("colors", [PQ, HLG, WIDE, PLAIN], ids=["PQ", "HLG", "BT.2020", "BT.709"])
def test_grey_stays_grey_and_all_is_finite(colors: Colors) -> None:
    luma = np.arange(256, dtype=np.uint8).reshape(16, 16)
    grey = fit_chroma(np.zeros((2, 16, 16)), luma, colors)
    np.testing.assert_allclose(grey, 0, atol=1e-3)
    strong = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 16, 16))
    assert np.isfinite(fit_chroma(strong, luma, colors)).all()


def test_chroma_of_other_films_is_converted_as_ever() -> None:
    chroma = np.random.default_rng(0).uniform(-0.3, 0.3, (2, 4, 4))
    luma = np.zeros((4, 4), np.uint8)
    np.testing.assert_array_equal(fit_chroma(chroma, luma, PLAIN), convert_chroma(chroma, "bt709"))
